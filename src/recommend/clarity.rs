//! How clear the result is. It is not a probability: it says how far the sums are from a line that would change the
//! result, how much was answered rather than assumed, and how many answers contradict one another.

use serde::Serialize;

use super::axes::Axes;
use super::contradictions::{Raised, Severity};
use super::decision::{THRESHOLD, Verdict, balance, cut};
use crate::questions::{Answers, QUESTIONS, Role};

/// A score from 0 to 1, rounded to two places, and what to call it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clarity {
    pub score: f64,
    pub label: Label,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    High,
    Medium,
    Low,
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        })
    }
}

pub(super) fn clarity(answers: &Answers, axes: Axes, verdict: &Verdict, contradictions: &[Raised]) -> Clarity {
    let count = |severity| {
        let raised = contradictions.iter().filter(|raised| raised.severity == severity);
        f64::from(u32::try_from(raised.count()).unwrap_or(u32::MAX))
    };
    let score = base(answers, axes, verdict) * (0.6 + 0.4 * answered(answers))
        - 0.15 * count(Severity::Ask)
        - 0.05 * count(Severity::Warn);
    let score = (score.clamp(0.0, 1.0) * 100.0).round() / 100.0;
    let label = match score {
        s if s >= 0.70 => Label::High,
        s if s >= 0.45 => Label::Medium,
        _ => Label::Low,
    };
    Clarity { score, label }
}

fn base(answers: &Answers, axes: Axes, verdict: &Verdict) -> f64 {
    if verdict.phased {
        return 0.55;
    }
    if verdict.set_by_rule() {
        return 1.0;
    }
    let mut margin = (axes.business - THRESHOLD).abs().min((axes.ai - THRESHOLD).abs());
    if axes.business < THRESHOLD && axes.ai < THRESHOLD {
        margin = margin.min((balance(answers, axes) - cut(answers)).abs());
    }
    0.25 + 0.75 * (f64::from(margin) / 15.0).min(1.0)
}

/// The share of the scored questions asked that somebody answered, from 0 to 1.
fn answered(answers: &Answers) -> f64 {
    let known = answers.known();
    let scored = || QUESTIONS.iter().filter(|question| question.role == Role::Scored && (question.applies)(&known));
    let of = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let given = scored().filter(|question| !answers.assumed.contains(question.key));
    of(given.count()) / of(scored().count())
}
