//! What would change the result: every single change of an answer, found by trying them all.

use serde::Serialize;

use super::axes::axes;
use super::contradictions::{ContradictionId, refused};
use super::decision::decide;
use crate::architecture::Architecture;
use crate::questions::{Answers, QUESTIONS, Question, Role};

/// One change that would change the architecture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flip {
    pub question: &'static str,
    /// The option to take instead; for a list, one addition (`+chatbot`) or one removal (`-crm`).
    pub change: String,
    pub architecture: Architecture,
    /// The answer to be changed is assumed: nobody gave it.
    #[serde(skip)]
    pub assumed: bool,
}

/// The questions without points that are tried too.
const ALSO: [&str; 5] = ["existing", "team", "teams", "operations", "skills"];

/// Every flip, those of assumed answers first, in the order of the questions.
///
/// A change that a *refuse* forbids is left out, and so is one to an answer that the change's own questions would
/// not be asked for.
pub(super) fn flips(answers: &Answers) -> Vec<Flip> {
    let now = decide(answers, axes(answers)).architecture;
    let refused_now = refused(answers, now);
    let known = answers.known();
    let mut flips: Vec<_> = QUESTIONS
        .iter()
        .filter(|question| question.role == Role::Scored || ALSO.contains(&question.key))
        .filter(|question| (question.applies)(&known))
        .flat_map(|question| changes(question, answers))
        .filter_map(|(question, change, text)| {
            let changed = answers.with(question.key, &text).ok()?;
            let architecture = decide(&changed, axes(&changed)).architecture;
            let newly_refused = |ids: Vec<ContradictionId>| ids.iter().any(|id| !refused_now.contains(id));
            (architecture != now && !newly_refused(refused(&changed, architecture))).then(|| Flip {
                question: question.key,
                change,
                architecture,
                assumed: answers.assumed.contains(question.key),
            })
        })
        .collect();
    flips.sort_by_key(|flip| !flip.assumed);
    flips
}

/// The changes of one question: how each is written, and the text form of the answer after it.
fn changes(question: &'static Question, answers: &Answers) -> Vec<(&'static Question, String, String)> {
    let now = answers.get(question.key);
    let Some(most) = question.at_most else {
        return question
            .options
            .iter()
            .filter(|option| option.key != now)
            .map(|option| (question, option.key.to_owned(), option.key.to_owned()))
            .collect();
    };
    let chosen: Vec<_> = now.split(',').collect();
    question
        .options
        .iter()
        .filter_map(|option| {
            if chosen.contains(&option.key) {
                let rest: Vec<_> = chosen.iter().copied().filter(|key| *key != option.key).collect();
                (!rest.is_empty()).then(|| (question, format!("-{}", option.key), rest.join(",")))
            } else {
                (chosen.len() < most).then(|| (question, format!("+{}", option.key), format!("{now},{}", option.key)))
            }
        })
        .collect()
}
