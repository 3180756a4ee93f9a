//! The questions, in the order in which they are asked.
//!
//! Each question is one type in one file: its options, wording, help and default. From that one definition come the
//! flag, the key of the answers file, the wizard's prompt, the line of `--help` and the entry of `groundplan.toml`.
//! The module says nothing about what an answer leads to: points and rules live in `recommend`, files in `blueprint`.

mod choice;
mod text;

use std::collections::BTreeSet;

pub use choice::{Choice, Several};

/// What part an answer plays: what it may move, and so where it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Has points on one of the two axes.
    Scored,
    /// Has no points, but a rule, the nudge or a contradiction reads it.
    Weighed,
    /// Decides what is built, never what is recommended.
    Construction,
}

/// One option of a question: its key, and what it means in the user's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opt {
    pub key: &'static str,
    pub means: &'static str,
}

/// Everything about a question but the type of its answer.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Key in files and JSON; with hyphens, the flag.
    pub key: &'static str,
    /// What the wizard asks.
    pub prompt: &'static str,
    /// The line of `--help`.
    pub help: &'static str,
    /// Empty where the answer is free text.
    pub options: &'static [Opt],
    /// How many options may be chosen at once; `None` where exactly one is.
    pub at_most: Option<usize>,
    pub role: Role,
    /// Asked by the wizard in any case, and required where there is no terminal (RULINGS 1.11).
    pub required: bool,
    /// Whether the question makes sense after what is known so far.
    pub applies: fn(&Known) -> bool,
}

impl Question {
    /// The flag without its leading hyphens: `peak-rps`.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }
}

/// The type of a question's answer. Its text form is the same for flags, files, JSON and prompts.
pub trait Answer: Clone + PartialEq + std::fmt::Debug + Sized {
    const QUESTION: Question;

    /// Reads the text form; several options are separated by commas.
    fn parse(text: &str) -> Result<Self, Invalid>;

    /// The text form, which `parse` reads back.
    fn show(&self) -> String;

    /// What stands when nobody answers: the column of the chosen organisation in decision-model.md.
    fn default_for(known: &Known) -> Self;
}

/// A value that a question does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a value of `{key}`: {why}")]
pub struct Invalid {
    pub key: &'static str,
    pub value: String,
    pub why: String,
}

/// A key that no question has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no question `{key}`")]
pub struct UnknownKey {
    pub key: String,
    /// The nearest key, where one is near.
    pub nearest: Option<&'static str>,
}

/// Why a key could not be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    #[error(transparent)]
    Key(#[from] UnknownKey),
    #[error(transparent)]
    Value(#[from] Invalid),
}

/// Declares the ordered list of questions: module, field and type. Yields `Known` (each answer optional), `Answers`
/// (each answer set), `QUESTIONS`, and access by key.
macro_rules! questions {
    ($($field:ident: $type:ident,)+) => {
        $(mod $field; pub use $field::*;)+

        /// Every question, in the order of the wizard.
        pub static QUESTIONS: &[Question] = &[$(<$type as Answer>::QUESTION),+];

        /// The answers as far as they are known.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Known {
            $(pub $field: Option<$type>,)+
        }

        impl Known {
            /// Sets one answer from its text form.
            pub fn set(&mut self, key: &str, text: &str) -> Result<(), SetError> {
                $(if key == <$type as Answer>::QUESTION.key {
                    self.$field = Some(<$type as Answer>::parse(text)?);
                    return Ok(());
                })+
                Err(unknown(key).into())
            }

            /// Forgets one answer.
            pub fn unset(&mut self, key: &str) {
                $(if key == <$type as Answer>::QUESTION.key { self.$field = None; })+
            }

            /// The text form of one answer, where it is known.
            pub fn get(&self, key: &str) -> Option<String> {
                $(if key == <$type as Answer>::QUESTION.key {
                    return self.$field.as_ref().map(Answer::show);
                })+
                None
            }

            /// These answers, and `lower`'s where these are silent.
            #[must_use]
            pub fn over(self, lower: Self) -> Self {
                Self { $($field: self.$field.or(lower.$field),)+ }
            }

            /// The text form of the default of one question, given what is known.
            pub fn default_of(&self, key: &str) -> Option<String> {
                $(if key == <$type as Answer>::QUESTION.key {
                    return Some(<$type as Answer>::default_for(self).show());
                })+
                None
            }

            /// Fills what is not known with the defaults of the organisation, each recorded as assumed.
            pub fn complete(mut self) -> Answers {
                let mut assumed = BTreeSet::new();
                $(let $field = match self.$field.clone() {
                    Some(value) => value,
                    None => {
                        let question = <$type as Answer>::QUESTION;
                        let value = <$type as Answer>::default_for(&self);
                        if (question.applies)(&self) { assumed.insert(question.key); }
                        self.$field = Some(value.clone());
                        value
                    }
                };)+
                Answers { $($field,)+ assumed }
            }
        }

        /// The answers, complete.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Answers {
            $(pub $field: $type,)+
            /// Keys of the answers that nobody gave.
            pub assumed: BTreeSet<&'static str>,
        }

        impl Answers {
            /// The text form of one answer.
            ///
            /// # Panics
            /// On a key that no question has.
            pub fn get(&self, key: &str) -> String {
                $(if key == <$type as Answer>::QUESTION.key { return self.$field.show(); })+
                panic!("no question `{key}`");
            }

            /// The same answers as if each had been given.
            pub fn known(&self) -> Known {
                Known { $($field: Some(self.$field.clone()),)+ }
            }

            /// The same answers with one changed; what was assumed stays assumed.
            pub fn with(&self, key: &str, text: &str) -> Result<Self, SetError> {
                let mut known = self.known();
                known.set(key, text)?;
                let mut changed = known.complete();
                changed.assumed = self.assumed.clone();
                Ok(changed)
            }
        }
    };
}

questions! {
    name: Name,
    description: Description,
    organisation: Organisation,
    workloads: Workloads,
    ai_role: AiRole,
    model_serving: ModelServing,
    response: ResponseStyle,
    peak_rps: PeakRps,
    separate_scaling: SeparateScaling,
    consumers: Consumers,
    admin: Admin,
    users: Users,
    workflows: Workflows,
    compliance: Compliance,
    lifetime: Lifetime,
    priorities: Priorities,
    team: Team,
    teams: Teams,
    skills: Skills,
    existing: Existing,
    data_residency: DataResidency,
    operations: Operations,
    database: Database,
    ci: Ci,
    license: License,
    architecture: ArchitectureChoice,
    architecture_reason: ArchitectureReason,
    preference: Preference,
    preference_reason: PreferenceReason,
}

/// The question of a key.
pub fn question(key: &str) -> Result<&'static Question, UnknownKey> {
    QUESTIONS.iter().find(|question| question.key == key).ok_or_else(|| unknown(key))
}

/// The required questions that apply and are not answered.
pub fn missing(known: &Known) -> Vec<&'static Question> {
    QUESTIONS
        .iter()
        .filter(|question| question.required && (question.applies)(known) && known.get(question.key).is_none())
        .collect()
}

fn unknown(key: &str) -> UnknownKey {
    UnknownKey { key: key.to_owned(), nearest: nearest(key, QUESTIONS.iter().map(|question| question.key)) }
}

/// The candidate most like `word`, if any is like it at all (Jaro-Winkler similarity above 0.75).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

fn always(_: &Known) -> bool {
    true
}

/// The questions that describe AI are asked where there is an AI workload, or may yet be one.
fn with_ai(known: &Known) -> bool {
    known.workloads.as_ref().is_none_or(Workloads::has_ai)
}

/// Preferences and reasons are asked only where the architecture is set by hand.
fn on_override(known: &Known) -> bool {
    known.architecture.is_some_and(|architecture| architecture != ArchitectureChoice::Auto)
}

#[cfg(test)]
mod tests;
