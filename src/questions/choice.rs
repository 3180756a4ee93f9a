//! Answers that are chosen from a list: one of it, or several.

use std::collections::BTreeSet;

use super::{Answer, Invalid, Known, Question, nearest};

/// One of a fixed list of options.
pub trait Choice: Copy + Ord + std::fmt::Debug + 'static {
    const QUESTION: Question;
    /// Every option, in the order of the question.
    const ALL: &'static [Self];

    /// The option's key: its text in flags, files and JSON.
    fn key(self) -> &'static str;
}

/// A set of options; the order in which they were given is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Several<T: Choice>(BTreeSet<T>);

impl<T: Choice> Several<T> {
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.0.iter().copied()
    }

    pub fn contains(&self, option: T) -> bool {
        self.0.contains(&option)
    }
}

impl<T: Choice> FromIterator<T> for Several<T> {
    fn from_iter<I: IntoIterator<Item = T>>(options: I) -> Self {
        Self(options.into_iter().collect())
    }
}

/// Reads one option by its key.
pub(super) fn one<T: Choice>(text: &str) -> Result<T, Invalid> {
    let text = text.trim();
    T::ALL.iter().copied().find(|option| option.key() == text).ok_or_else(|| {
        let keys: Vec<_> = T::ALL.iter().map(|option| option.key()).collect();
        let hint =
            nearest(text, keys.iter().copied()).map(|key| format!(" (did you mean `{key}`?)")).unwrap_or_default();
        Invalid { key: T::QUESTION.key, value: text.to_owned(), why: format!("choose from {}{hint}", keys.join(", ")) }
    })
}

/// A set of options that knows its default, so that it can answer a question.
pub trait DefaultSet: Choice {
    fn default_set(known: &Known) -> Several<Self>;
}

impl<T: DefaultSet> Answer for Several<T> {
    const QUESTION: Question = T::QUESTION;

    fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |why: String| Invalid { key: T::QUESTION.key, value: text.to_owned(), why };
        let options: Self =
            text.split(',').filter(|part| !part.trim().is_empty()).map(one).collect::<Result<_, _>>()?;
        if options.0.is_empty() {
            return Err(invalid("name at least one".to_owned()));
        }
        match T::QUESTION.at_most {
            Some(most) if options.0.len() > most => Err(invalid(format!("choose {most} at the most"))),
            _ => Ok(options),
        }
    }

    fn show(&self) -> String {
        let keys: Vec<_> = self.iter().map(Choice::key).collect();
        keys.join(",")
    }

    fn default_for(known: &Known) -> Self {
        T::default_set(known)
    }
}

/// Declares an enum of options and everything that follows from it but the default.
macro_rules! choice {
    (
        $(#[$doc:meta])*
        $type:ident ($key:literal, $role:ident $(; at_most $most:literal)? $(, $required:ident)?) when $applies:ident,
        asks $prompt:literal, helps $help:literal,
        $($variant:ident = $option:literal: $means:literal,)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($variant,)+ }

        impl $crate::questions::Choice for $type {
            const QUESTION: $crate::questions::Question = $crate::questions::Question {
                key: $key,
                prompt: $prompt,
                help: $help,
                options: &[$($crate::questions::Opt { key: $option, means: $means },)+],
                at_most: choice!(@most $($most)?),
                role: $crate::questions::Role::$role,
                required: choice!(@required $($required)?),
                applies: $crate::questions::$applies,
            };
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn key(self) -> &'static str {
                match self { $(Self::$variant => $option,)+ }
            }
        }
    };
    (@most) => { None };
    (@most $most:literal) => { Some($most) };
    (@required) => { false };
    (@required required) => { true };
}

/// Makes a choice the answer of a question of which exactly one option is taken.
macro_rules! answered_by_one {
    ($type:ident, |$known:ident| $default:expr) => {
        impl $crate::questions::Answer for $type {
            const QUESTION: $crate::questions::Question = <$type as $crate::questions::Choice>::QUESTION;

            fn parse(text: &str) -> Result<Self, $crate::questions::Invalid> {
                $crate::questions::choice::one(text)
            }

            fn show(&self) -> String {
                $crate::questions::Choice::key(*self).to_owned()
            }

            fn default_for($known: &$crate::questions::Known) -> Self {
                $default
            }
        }
    };
}

pub(super) use {answered_by_one, choice};
