//! From answers to an architecture, with every number and clause that led there.
//!
//! `recommend` is pure: the same answers give the same value. The weights are judgement, tested by personas, not
//! measured truth (decision-model.md). What is shown of the result, and how, is left to the command line.

mod axes;
mod clarity;
mod contradictions;
mod decision;
mod flips;
mod points;
mod rules;
#[cfg(test)]
mod tests;

pub use axes::{Axes, Axis, Reason, axes, reasons};
pub use clarity::{Clarity, Label};
pub use contradictions::{CONTRADICTIONS, Contradiction, ContradictionId, Raised, Severity};
pub use decision::{LARGE_AI, THRESHOLD, Verdict, decide, large_ai};
pub use flips::Flip;
pub use points::{Row, points};
pub use rules::{Fired, RULES, Rule, RuleId, after_balance};

use std::collections::BTreeSet;

use crate::architecture::Architecture;
use crate::questions::Answers;

/// The architecture and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// What is emitted now: the one set by hand, else the recommended one.
    pub architecture: Architecture,
    /// What the answers recommend to emit now.
    pub recommended: Architecture,
    /// Where it leads: the hybrid where `phased`, else `architecture`.
    pub target: Architecture,
    /// The hybrid is the aim, and one half of it the start (R6).
    pub phased: bool,
    pub runner_up: Architecture,
    pub axes: Axes,
    pub large_ai: bool,
    pub clarity: Clarity,
    /// Every answer that has points, the most points first.
    pub reasons: Vec<Reason>,
    /// The rules that changed the result, in their order.
    pub rules: Vec<Fired>,
    pub contradictions: Vec<Raised>,
    /// Every single change that would change the recommended architecture; assumed answers first.
    pub flips: Vec<Flip>,
}

impl Recommendation {
    /// The architecture was set by hand to another than the recommended.
    pub fn overridden(&self) -> bool {
        self.architecture != self.recommended
    }
}

/// Decides, and keeps every step of the way.
///
/// `confirmed` holds the contradictions that the user has confirmed; it changes nothing but how they are reported.
pub fn recommend(answers: &Answers, confirmed: &BTreeSet<ContradictionId>) -> Recommendation {
    let axes = axes(answers);
    let verdict = decide(answers, axes);
    let architecture = Architecture::chosen(answers.architecture).unwrap_or(verdict.architecture);
    let overridden = architecture != verdict.architecture;
    let phased = verdict.phased && !overridden;
    let contradictions = contradictions::raised(answers, &verdict, architecture, confirmed);
    Recommendation {
        architecture,
        recommended: verdict.architecture,
        target: if phased { Architecture::Hybrid } else { architecture },
        phased,
        runner_up: if overridden { verdict.architecture } else { decision::runner_up(answers, axes, &verdict) },
        axes,
        large_ai: large_ai(answers),
        clarity: clarity::clarity(answers, axes, &verdict, &contradictions),
        reasons: reasons(answers),
        rules: verdict.rules,
        contradictions,
        flips: flips::flips(answers),
    }
}
