//! The two axes: business need (what Django brings) and AI need (what FastAPI brings), each a plain sum of points.

use serde::Serialize;

use super::points::{AI_WORKLOADS, BUSINESS_WORKLOADS, Row, points};
use crate::questions::{Answers, Choice, Workload};

/// Which need an answer speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    Business,
    Ai,
}

/// Both sums, each from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Axes {
    pub business: i32,
    pub ai: i32,
}

/// One answer that has points, on one axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub question: &'static str,
    pub answer: String,
    pub axis: Axis,
    pub points: i32,
    pub clauses: &'static [&'static str],
    /// Nobody gave this answer; it is the organisation's default.
    pub assumed: bool,
}

/// Sums the points of the answers, at most 100 an axis.
pub fn axes(answers: &Answers) -> Axes {
    let sum = |axis| {
        let total: i32 = reasons(answers).iter().filter(|reason| reason.axis == axis).map(|reason| reason.points).sum();
        total.min(100)
    };
    Axes { business: sum(Axis::Business), ai: sum(Axis::Ai) }
}

/// Every answer that has points, the most points first, in the order of the questions where points are equal.
///
/// Without an AI workload the questions that only describe AI do not count, and neither do AI points of others.
pub fn reasons(answers: &Answers) -> Vec<Reason> {
    let has_ai = answers.workloads.has_ai();
    let mut reasons = Vec::new();
    let mut add = |question: &'static str, answer: String, row: Row| {
        for (axis, points) in [(Axis::Business, row.business), (Axis::Ai, row.ai)] {
            if points > 0 && (axis == Axis::Business || has_ai) {
                reasons.push(Reason {
                    question,
                    answer: answer.clone(),
                    axis,
                    points,
                    clauses: row.clauses,
                    assumed: answers.assumed.contains(question),
                });
            }
        }
    };
    macro_rules! add {
        ($($field:ident),+) => {
            $(add(stringify!($field), answers.$field.key().to_owned(), points(answers.$field));)+
        };
    }
    add!(organisation);
    for side in workloads(answers) {
        add("workloads", side.0, side.1);
    }
    add!(ai_role, model_serving, response, peak_rps, separate_scaling, consumers, admin, users);
    add!(workflows, compliance, lifetime);
    for priority in answers.priorities.iter() {
        add("priorities", priority.key().to_owned(), points(priority));
    }
    reasons.sort_by_key(|reason| -reason.points);
    reasons
}

/// The points of the AI workloads together, and of the business workloads together.
fn workloads(answers: &Answers) -> Vec<(String, Row)> {
    let (ai, business): (Vec<_>, Vec<_>) = answers.workloads.iter().partition(|w| w.is_ai());
    let keys = |workloads: &[Workload]| -> String {
        let keys: Vec<_> = workloads.iter().map(|workload| workload.key()).collect();
        keys.join(" ")
    };
    let further = |workloads: &[Workload]| i32::try_from(workloads.len()).unwrap_or(i32::MAX) - 1;
    let mut sides = Vec::new();
    if let Some(first) = ai.first() {
        let (one, each, most) = AI_WORKLOADS;
        let row = Row { ai: (one + each * further(&ai)).min(most), ..points(*first) };
        sides.push((keys(&ai), row));
    }
    if let Some(highest) = business.iter().map(|w| points(*w)).max_by_key(|row| row.business) {
        let (each, most) = BUSINESS_WORKLOADS;
        let row = Row { business: (highest.business + each * further(&business)).min(most), ..highest };
        sides.push((keys(&business), row));
    }
    sides
}
