//! One sentence about the project, for its README and its packages.

use super::text::plain_line;
use super::{Answer, Invalid, Known, Question, Role, always};

/// One line of plain text, 120 characters at the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(String);

impl Answer for Description {
    const QUESTION: Question = Question {
        key: "description",
        prompt: "What is it, in one sentence?",
        help: "One sentence about the project",
        options: &[],
        at_most: None,
        role: Role::Construction,
        required: false,
        applies: always,
    };

    fn parse(text: &str) -> Result<Self, Invalid> {
        plain_line("description", text, 120).map(Self)
    }

    fn show(&self) -> String {
        self.0.clone()
    }

    fn default_for(_known: &Known) -> Self {
        Self("An AI application.".to_owned())
    }
}
