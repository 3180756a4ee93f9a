//! The engine against decision-model.md, table by table.

mod balance;
mod clarity;
mod contradictions;
mod flips;
mod large_ai;
mod outcome;
mod points;
mod rules;

use std::collections::BTreeSet;

use super::{Recommendation, recommend};
use crate::questions::{Answers, Known};

/// Answers from `key=value` pairs; the rest are the organisation's, a startup's where none is named.
fn answers(pairs: &str) -> Answers {
    known(pairs).complete()
}

/// The same, nothing assumed.
fn given(pairs: &str) -> Answers {
    answers(pairs).known().complete()
}

fn known(pairs: &str) -> Known {
    let mut known = Known::default();
    for pair in pairs.split_whitespace() {
        let (key, value) = pair.split_once('=').unwrap();
        known.set(key, value).unwrap();
    }
    known
}

fn recommended(answers: &Answers) -> Recommendation {
    recommend(answers, &BTreeSet::new())
}
