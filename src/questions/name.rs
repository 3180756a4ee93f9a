//! The project's name, which is also the first part of every distribution's name.
//!
//! A name that equals a Python keyword, a module of the standard library or a distribution that the project depends
//! on breaks uv or shadows an import (RULINGS 1.21), so it is refused here, before anything is planned.

use super::{Answer, Invalid, Known, Question, Role, always};

/// A project or service name: `^[a-z][a-z0-9-]{1,38}$`, hyphens only between letters or digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// The prefix of every distribution's name in the emitted project.
impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Answer for Name {
    const QUESTION: Question = Question {
        key: "name",
        prompt: "What is the project called?",
        help: "Name of the project: lower-case letters, digits and hyphens",
        options: &[],
        at_most: None,
        role: Role::Construction,
        required: true,
        applies: always,
    };

    fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |why: String| {
            Err(Invalid {
                key: "name",
                value: text.to_owned(),
                why,
            })
        };
        let well_formed = text.starts_with(|c: char| c.is_ascii_lowercase())
            && (2..=39).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !text.ends_with('-')
            && !text.contains("--");
        if !well_formed {
            return invalid(
                "2 to 39 lower-case letters, digits and single hyphens, a letter first".to_owned(),
            );
        }
        match reserved(text) {
            Some(what) => invalid(format!("it is the name of {what}; add a word, as in `{text}-app`")),
            None => Ok(Self(text.to_owned())),
        }
    }

    fn show(&self) -> String {
        self.0.clone()
    }

    fn default_for(_known: &Known) -> Self {
        Self("demo".to_owned())
    }
}

/// What already has this name, if anything has. Hyphens and underscores are the same to Python packaging (PEP 503).
fn reserved(name: &str) -> Option<&'static str> {
    let module = name.replace('-', "_");
    let lists = [
        ("a Python keyword", include_str!("name_keywords.txt")),
        ("a module of Python's standard library", include_str!("name_stdlib.txt")),
        ("a package that the project depends on", include_str!("name_distributions.txt")),
    ];
    lists.into_iter().find_map(|(what, list)| {
        list.lines()
            .any(|line| line.replace(['-', '.'], "_").eq_ignore_ascii_case(&module))
            .then_some(what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, accepted: bool) {
        assert_eq!(Name::parse(text).is_ok(), accepted, "{text}");
    }

    #[test]
    fn a_name_is_a_distribution_prefix() {
        for good in ["demo", "a1", "support-desk", "x-2"] {
            check(good, true);
        }
        for bad in ["", "a", "Demo", "1up", "a_b", "a-", "a--b", "ä-b", "../x", &"a".repeat(40)] {
            check(bad, false);
        }
    }

    #[test]
    fn a_name_that_breaks_the_workspace_is_refused() {
        for taken in ["django", "fastapi", "async", "platform", "intelligence", "pydantic-settings"] {
            check(taken, false);
        }
    }
}
