//! From the two axes to an architecture: the threshold, the balance below it, and the rules after both.

use super::axes::Axes;
use super::rules::{Fired, RULES, RuleId};
use crate::architecture::Architecture;
use crate::questions::{AiRole, Answers, ModelServing, Organisation, PeakRps, ResponseStyle, Skills, Teams};

/// An axis reaches at this many points or more.
pub const THRESHOLD: i32 = 42;

/// What *large AI* means, in words (M3).
pub const LARGE_AI: &str = "the model runs in the request path and the peak is 100 calls a second or more, or it \
     runs there on own GPUs and is not only a feature, or several teams share a product whose AI is core or whole";

/// The points that a team's skills move the balance by, where neither axis reaches.
const SKILLS_NUDGE: i32 = 3;

/// The architecture, and the steps to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub architecture: Architecture,
    pub phased: bool,
    /// What the axes alone gave.
    pub by_axes: Architecture,
    /// The rules that changed the result, in their order.
    pub rules: Vec<Fired>,
}

impl Verdict {
    /// Whether one of R0 to R5 changed the result.
    pub fn set_by_rule(&self) -> bool {
        self.rules.iter().any(|fired| fired.id != RuleId::R6)
    }
}

/// Applies the threshold, the balance and the rules to given axes.
pub fn decide(answers: &Answers, axes: Axes) -> Verdict {
    let by_axes = by_axes(answers, axes);
    let mut architecture = by_axes;
    let mut rules = Vec::new();
    for rule in RULES {
        let Some(to) = (rule.apply)(answers, axes, architecture) else {
            continue;
        };
        rules.push(Fired { id: rule.id, from: architecture, to, clauses: rule.clauses });
        architecture = to;
    }
    Verdict { architecture, phased: rules.iter().any(|fired| fired.id == RuleId::R6), by_axes, rules }
}

/// What the axes alone say (steps 1 to 4).
fn by_axes(answers: &Answers, axes: Axes) -> Architecture {
    match (axes.business >= THRESHOLD, axes.ai >= THRESHOLD) {
        (true, true) => Architecture::Hybrid,
        (true, false) => Architecture::Monolith,
        (false, true) => Architecture::ApiFirst,
        (false, false) => {
            let balance = balance(answers, axes);
            let django = if institutional(answers) { balance >= cut(answers) } else { balance > cut(answers) };
            if django { Architecture::Monolith } else { Architecture::ApiFirst }
        }
    }
}

/// Business less AI, nudged by the team's skills alone.
pub(super) fn balance(answers: &Answers, axes: Axes) -> i32 {
    let nudge = match answers.skills {
        Skills::Django => SKILLS_NUDGE,
        Skills::FastApi => -SKILLS_NUDGE,
        Skills::Both | Skills::Neither => 0,
    };
    axes.business - axes.ai + nudge
}

/// The balance at which the result turns where neither axis reaches: institutions take Django at it and above (E1),
/// others above it (S1).
pub(super) fn cut(answers: &Answers) -> i32 {
    if institutional(answers) { -8 } else { 8 }
}

/// Enterprise or public sector.
pub(super) fn institutional(answers: &Answers) -> bool {
    matches!(answers.organisation, Organisation::Enterprise | Organisation::PublicSector)
}

/// Whether the AI is large in the sense of `LARGE_AI`.
pub fn large_ai(answers: &Answers) -> bool {
    let in_request_path = answers.response != ResponseStyle::Batch && answers.model_serving != ModelServing::Batch;
    let by_peak = matches!(answers.peak_rps, PeakRps::To1000 | PeakRps::Over1000);
    let beyond_a_feature = answers.ai_role != AiRole::Feature;
    let by_gpu = answers.model_serving == ModelServing::OwnGpu && beyond_a_feature;
    // Ownership splits what load does not, so it counts for batch work too.
    let by_ownership = answers.teams == Teams::Several && beyond_a_feature;
    answers.workloads.has_ai() && (in_request_path && (by_peak || by_gpu) || by_ownership)
}

/// The next best: where the last rule came from, else the architecture that the fewest points on the axes would give.
/// One that does not carry a workload asked for is never it.
pub(super) fn runner_up(answers: &Answers, axes: Axes, verdict: &Verdict) -> Architecture {
    if let Some(last) = verdict.rules.last()
        && carries_all(answers, last.from)
    {
        return last.from;
    }
    let points_away = |other: Architecture| {
        let grid = (0..=100).flat_map(|business| (0..=100).map(move |ai| Axes { business, ai }));
        grid.filter(|at| by_axes(answers, *at) == other)
            .map(|at| (at.business - axes.business).abs() + (at.ai - axes.ai).abs())
            .min()
    };
    Architecture::ALL
        .into_iter()
        .filter(|other| *other != verdict.architecture && carries_all(answers, *other))
        .min_by_key(|other| points_away(*other))
        .expect("the hybrid and the monolith carry every workload")
}

/// Whether the architecture carries every workload asked for.
pub(super) fn carries_all(answers: &Answers, architecture: Architecture) -> bool {
    answers.workloads.iter().all(|workload| architecture.carries(workload))
}
