//! Asking: which question comes next, going back, and the review of everything else.
//!
//! The flow knows no terminal. An `Asker` puts the questions; the wizard is one, plain numbered prompts another, and
//! the tests script a third.

use std::collections::BTreeSet;

use crate::questions::{Answers, Known, QUESTIONS, Question, missing, question};
use crate::recommend::{ContradictionId, Raised, Recommendation, Severity, recommend};

/// What a person does at a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The answer's text form.
    Answer(String),
    Back,
}

/// What a person does at the review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Review {
    Accept,
    /// Change the answer of this key.
    Change(&'static str),
    Back,
}

/// Why asking ended without answers.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("interrupted")]
    Interrupted,
    #[error("cannot ask on this terminal")]
    Terminal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One line of the review.
#[derive(Clone, Debug)]
pub struct Line {
    pub question: &'static Question,
    /// The text form of the answer that would be taken.
    pub answer: String,
    /// Nobody has said so yet: it is the default.
    pub assumed: bool,
}

/// Puts questions to somebody.
pub trait Asker {
    /// Asks one question. `current` is the answer to start from.
    fn ask(&mut self, question: &Question, current: &str) -> Result<Reply, AskError>;

    /// Shows every answer, and asks whether they stand.
    fn review(&mut self, lines: &[Line]) -> Result<Review, AskError>;

    /// Shows the recommendation.
    fn show(&mut self, answers: &Answers, recommendation: &Recommendation);

    /// Says something.
    fn say(&mut self, text: &str);

    /// Asks whether something is so. `None` is going back.
    fn confirm(&mut self, text: &str) -> Result<Option<bool>, AskError>;
}

/// What answers that contradict one another do to an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradicted {
    /// Each has to be changed or confirmed: something is about to be built from them.
    Settle,
    /// They are reported with the rest.
    Report,
}

/// What an interview ends with.
#[derive(Clone, Debug, PartialEq)]
pub struct Interview {
    pub answers: Answers,
    pub confirmed: BTreeSet<ContradictionId>,
    pub recommendation: Recommendation,
}

/// Asks for what is missing, then shows everything for review, then recommends.
///
/// `finish` is asked at the end with the result; where it goes back, the review comes again.
pub fn interview(
    given: &Known,
    confirmed: &BTreeSet<ContradictionId>,
    contradicted: Contradicted,
    asker: &mut dyn Asker,
    finish: &mut dyn FnMut(&mut dyn Asker, &Interview) -> Result<Finish, AskError>,
) -> Result<Option<Interview>, AskError> {
    let mut session =
        Session { given, known: given.clone(), taken_back: Known::default(), asked: Vec::new(), pending: None, asker };
    session.short_path()?;
    loop {
        session.review()?;
        let answers = session.known.clone().complete();
        let mut confirmed = confirmed.clone();
        let mut recommendation = recommend(&answers, &confirmed);
        session.asker.show(&answers, &recommendation);
        if contradicted == Contradicted::Settle && !session.settle(&recommendation.contradictions, &mut confirmed)? {
            continue;
        }
        recommendation = recommend(&answers, &confirmed);
        let result = Interview { answers, confirmed, recommendation };
        match finish(session.asker, &result)? {
            Finish::Yes => return Ok(Some(result)),
            Finish::No => return Ok(None),
            Finish::Back => {}
        }
    }
}

/// How the last question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Yes,
    No,
    Back,
}

struct Session<'a> {
    /// What flags and files said: not asked again on the short path, but changeable in the review.
    given: &'a Known,
    known: Known,
    /// The answers that going back took away: where their questions start from when they come again.
    taken_back: Known,
    /// Keys asked, in order; the way back.
    asked: Vec<&'static str>,
    /// The question to put next, because somebody went back to it.
    pending: Option<&'static Question>,
    asker: &'a mut dyn Asker,
}

impl Session<'_> {
    /// Asks the required questions that are open, then those whose assumed answer would change the result.
    fn short_path(&mut self) -> Result<(), AskError> {
        loop {
            if let Some(next) = self.pending.take().or_else(|| self.next_required()) {
                self.ask(next)?;
            } else if let Some(next) = self.next_deciding() {
                self.asker.say("The answer to one more question could change the result.");
                self.ask(next)?;
            } else {
                return Ok(());
            }
        }
    }

    fn next_required(&self) -> Option<&'static Question> {
        missing(&self.known).into_iter().next()
    }

    /// A question whose answer is assumed, and one of whose other answers would change the result.
    fn next_deciding(&self) -> Option<&'static Question> {
        let answers = self.known.clone().complete();
        let recommendation = recommend(&answers, &BTreeSet::new());
        let deciding = recommendation.flips.iter().find(|flip| flip.assumed)?;
        question(deciding.question).ok()
    }

    /// Asks one question; on Back, the one before it comes next.
    fn ask(&mut self, question: &'static Question) -> Result<(), AskError> {
        let current = self
            .known
            .get(question.key)
            .or_else(|| self.taken_back.get(question.key))
            .or_else(|| self.known.default_of(question.key))
            .unwrap_or_default();
        if self.put(question, &current)? {
            self.remember(question.key);
        } else {
            self.pending = self.step_back().or(Some(question));
        }
        Ok(())
    }

    /// Puts one question until its answer can be taken. False where the person goes back instead.
    fn put(&mut self, question: &Question, current: &str) -> Result<bool, AskError> {
        loop {
            let Reply::Answer(text) = self.asker.ask(question, current)? else {
                return Ok(false);
            };
            match self.known.set(question.key, &text) {
                Ok(()) => return Ok(true),
                Err(error) => self.asker.say(&error.to_string()),
            }
        }
    }

    fn remember(&mut self, key: &'static str) {
        self.asked.retain(|asked| *asked != key);
        self.asked.push(key);
    }

    /// Takes back the last answer whose question still makes sense. `None` where there is none.
    fn step_back(&mut self) -> Option<&'static Question> {
        while let Some(key) = self.asked.pop() {
            let question = question(key).ok()?;
            if let Some(text) = self.known.get(key) {
                let taken = self.taken_back.set(key, &text);
                debug_assert!(taken.is_ok(), "an answer is read as it is shown");
                self.known.unset(key);
            }
            if (question.applies)(&self.known) {
                return Some(question);
            }
        }
        None
    }

    /// Shows every answer until they stand. What was seen and accepted counts as answered.
    fn review(&mut self) -> Result<(), AskError> {
        loop {
            let answers = self.known.clone().complete();
            let lines: Vec<_> = QUESTIONS
                .iter()
                .filter(|question| (question.applies)(&self.known))
                .map(|question| Line {
                    question,
                    answer: answers.get(question.key),
                    assumed: answers.assumed.contains(question.key),
                })
                .collect();
            match self.asker.review(&lines)? {
                Review::Accept => {
                    self.known = answers.known();
                    self.forget_what_does_not_apply();
                    return Ok(());
                }
                Review::Change(key) => self.change(key)?,
                Review::Back => {
                    self.pending = self.step_back();
                    if self.pending.is_some() {
                        self.short_path()?;
                    }
                }
            }
        }
    }

    /// Asks one question again, from the review. Back leaves it as it was.
    fn change(&mut self, key: &'static str) -> Result<(), AskError> {
        let Ok(question) = question(key) else {
            return Ok(());
        };
        let current = self.known.clone().complete().get(key);
        if !self.put(question, &current)? || self.next_required().is_none() {
            return Ok(());
        }
        // The change has opened questions of the short path: the first AI workload asks for the AI role. The way back
        // from there leads here.
        self.remember(question.key);
        self.short_path()
    }

    fn forget_what_does_not_apply(&mut self) {
        let known = self.known.clone();
        for question in QUESTIONS.iter().filter(|question| !(question.applies)(&known)) {
            if self.given.get(question.key).is_none() {
                self.known.unset(question.key);
            }
        }
    }

    /// Has each *ask* confirmed. False where the answers have to change first.
    fn settle(
        &mut self,
        contradictions: &[Raised],
        confirmed: &mut BTreeSet<ContradictionId>,
    ) -> Result<bool, AskError> {
        for raised in contradictions {
            match raised.severity {
                Severity::Refuse => {
                    self.asker.say(&format!(
                        "{} cannot be built: {}. {}.",
                        raised.id,
                        raised.message,
                        capitalised(raised.remedy)
                    ));
                    return Ok(false);
                }
                Severity::Ask if !raised.confirmed => {
                    self.asker.say(&format!("{}: {}.", raised.id, raised.message));
                    if self.asker.confirm(&format!("{}: is that meant?", raised.id))? != Some(true) {
                        self.asker.say(&format!("{}.", capitalised(raised.remedy)));
                        return Ok(false);
                    }
                    confirmed.insert(raised.id);
                }
                Severity::Ask | Severity::Warn => {}
            }
        }
        Ok(true)
    }
}

/// The text with its first letter in upper case.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
