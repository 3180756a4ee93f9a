//! The engine against decision-model.md, table by table.

mod large_ai;
mod points;

use crate::questions::{Answers, Known};

/// Answers from `key=value` pairs; the rest are the organisation's, a startup's where none is named.
fn answers(pairs: &str) -> Answers {
    let mut known = Known::default();
    for pair in pairs.split_whitespace() {
        let (key, value) = pair.split_once('=').unwrap();
        known.set(key, value).unwrap();
    }
    known.complete()
}
