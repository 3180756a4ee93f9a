//! The rules R0 to R6: what the sums alone get wrong. Each leaves its clause in the record.

use serde::Serialize;

use super::axes::Axes;
use super::decision::{THRESHOLD, carries_all, institutional, large_ai};
use crate::architecture::Architecture;
use crate::questions::{Admin, Answers, Existing, Lifetime, Operations, Team, Users, Workflows, Workload};

/// Stable name of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum RuleId {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
}

/// A rule: given the answers, the axes and the result so far, the result instead, where the rule has one.
pub struct Rule {
    pub id: RuleId,
    /// What it says, in words.
    pub says: &'static str,
    pub clauses: &'static [&'static str],
    pub(super) apply: fn(&Answers, Axes, Architecture) -> Option<Architecture>,
}

/// A rule that changed the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fired {
    pub id: RuleId,
    pub from: Architecture,
    pub to: Architecture,
    pub clauses: &'static [&'static str],
}

impl Fired {
    /// What the rule says, in words.
    pub fn says(&self) -> &'static str {
        RULES.iter().find(|rule| rule.id == self.id).map_or("", |rule| rule.says)
    }
}

/// Every rule, in the order in which they apply.
pub static RULES: &[Rule] = &[
    Rule {
        id: RuleId::R0,
        says: "an API-first service carries AI workloads and a dashboard, and needs an AI workload to serve",
        clauses: &["P2", "P3"],
        apply: |answers, axes, so_far| {
            let fits = answers.workloads.has_ai() && carries_all(answers, Architecture::ApiFirst);
            (so_far == Architecture::ApiFirst && !fits).then(|| with_django(axes))
        },
    },
    Rule {
        id: RuleId::R1,
        says: "a heavy back office wants Django's admin, even in a startup",
        clauses: &["S2"],
        apply: |answers, axes, so_far| {
            let heavy = answers.admin == Admin::Heavy && answers.existing != Existing::OtherSystem;
            (so_far == Architecture::ApiFirst && heavy).then(|| with_django(axes))
        },
    },
    Rule {
        id: RuleId::R2,
        says: "an institution with organisations or complex workflows keeps its business in Django",
        clauses: &["E1", "E2"],
        apply: |answers, _, so_far| {
            let business = answers.users == Users::Organisations || answers.workflows == Workflows::Complex;
            let applies = institutional(answers) && business && answers.existing != Existing::OtherSystem;
            (so_far == Architecture::ApiFirst && applies).then_some(Architecture::Hybrid)
        },
    },
    Rule {
        id: RuleId::R3,
        says: "a large AI system does not belong in a monolith",
        clauses: &["M3"],
        apply: |answers, _, so_far| {
            (so_far == Architecture::Monolith && large_ai(answers)).then_some(Architecture::Hybrid)
        },
    },
    Rule {
        id: RuleId::R4,
        says: "what exists stays, and the other half is added beside it",
        clauses: &["E2"],
        apply: |answers, axes, so_far| {
            let beside = match answers.existing {
                Existing::Django => so_far == Architecture::ApiFirst,
                Existing::FastApi => so_far == Architecture::Monolith && axes.business >= THRESHOLD,
                Existing::None | Existing::OtherSystem => false,
            };
            beside.then_some(Architecture::Hybrid)
        },
    },
    Rule {
        id: RuleId::R5,
        says: "users and back office live in a system that stays, so only the AI API is built",
        clauses: &["P1"],
        apply: |answers, _, so_far| {
            let only_ai = answers.existing == Existing::OtherSystem
                && answers.workloads.iter().all(Workload::is_ai)
                && answers.admin != Admin::Heavy
                && answers.workflows != Workflows::Complex;
            (so_far != Architecture::ApiFirst && only_ai).then_some(Architecture::ApiFirst)
        },
    },
    Rule {
        id: RuleId::R6,
        says: "a prototype, or a small team on one web process, starts with one half and keeps the seam",
        clauses: &["M2", "W3"],
        apply: |answers, axes, so_far| {
            let small = answers.lifetime == Lifetime::Prototype
                || (answers.team == Team::To3 && answers.operations == Operations::Paas);
            let phased =
                so_far == Architecture::Hybrid && small && !large_ai(answers) && answers.existing == Existing::None;
            phased.then(|| first_half(answers, axes))
        },
    },
];

/// The architecture with Django in it: the hybrid where the AI axis reaches, else the monolith.
fn with_django(axes: Axes) -> Architecture {
    if axes.ai >= THRESHOLD { Architecture::Hybrid } else { Architecture::Monolith }
}

/// The half of a hybrid to start with: the higher axis, Django on a tie, with a heavy back office, and where FastAPI
/// alone would not carry a workload.
fn first_half(answers: &Answers, axes: Axes) -> Architecture {
    let django =
        axes.business >= axes.ai || answers.admin == Admin::Heavy || !carries_all(answers, Architecture::ApiFirst);
    if django { Architecture::Monolith } else { Architecture::ApiFirst }
}

/// The result after R0 to R3, on which the monotonicity laws hold: R4 to R6 are about what exists and what to build
/// first.
pub fn after_balance(verdict: &super::Verdict) -> Architecture {
    verdict.rules.iter().rfind(|fired| fired.id <= RuleId::R3).map_or(verdict.by_axes, |fired| fired.to)
}
