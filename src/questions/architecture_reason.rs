//! Why the architecture was set by hand. The decision record keeps it.

use super::text::plain_line;
use super::{Answer, Invalid, Known, Question, Role, on_override};

/// One line of plain text, 200 characters at the most; empty where no reason was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchitectureReason(String);

impl Answer for ArchitectureReason {
    const QUESTION: Question = Question {
        key: "architecture_reason",
        prompt: "Why is the architecture set by hand?",
        help: "Why the architecture is set by hand; kept in the decision record",
        options: &[],
        at_most: None,
        role: Role::Construction,
        required: false,
        applies: on_override,
    };

    fn parse(text: &str) -> Result<Self, Invalid> {
        plain_line("architecture_reason", text, 200).map(Self)
    }

    fn show(&self) -> String {
        self.0.clone()
    }

    fn default_for(_known: &Known) -> Self {
        Self(String::new())
    }
}
