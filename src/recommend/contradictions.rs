//! Answers that do not go together: refused, asked about, or warned of. Ids are stable; gaps are intended.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::decision::{Verdict, institutional, large_ai};
use crate::architecture::Architecture;
use crate::questions::{
    Admin, AiRole, Answers, Compliance, Consumers, DataResidency, Database, Existing, Lifetime, ModelServing,
    Operations, Organisation, PeakRps, Preference, PreferenceReason, Priority, ResponseStyle, Team, Teams, Users,
    Workload,
};

/// What a contradiction does to `new`. `recommend` reports them all and stops at none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is written.
    Refuse,
    /// Goes on once confirmed.
    Ask,
    /// Goes on; recorded.
    Warn,
}

macro_rules! ids {
    ($($id:ident),+) => {
        /// Stable name of a contradiction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ContradictionId { $($id),+ }

        impl ContradictionId {
            pub const ALL: &'static [Self] = &[$(Self::$id),+];

            pub fn key(self) -> &'static str {
                match self { $(Self::$id => stringify!($id)),+ }
            }
        }
    };
}
ids!(C1, C2, C4, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20);

impl std::fmt::Display for ContradictionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}

/// One row of the table.
pub struct Contradiction {
    pub id: ContradictionId,
    pub severity: Severity,
    /// Both sides, and what follows.
    pub message: &'static str,
    /// The cheapest way out.
    pub remedy: &'static str,
    when: fn(&Case) -> bool,
}

/// A contradiction that the answers raise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Raised {
    pub id: ContradictionId,
    pub severity: Severity,
    pub message: &'static str,
    #[serde(skip)]
    pub remedy: &'static str,
    pub confirmed: bool,
}

/// What a contradiction looks at.
struct Case<'a> {
    answers: &'a Answers,
    recommended: Architecture,
    /// What would be emitted.
    architecture: Architecture,
}

impl Case<'_> {
    /// Whether an answer that describes AI counts: there is an AI workload.
    fn ai(&self, holds: bool) -> bool {
        self.answers.workloads.has_ai() && holds
    }

    fn high_peak(&self) -> bool {
        self.ai(matches!(self.answers.peak_rps, PeakRps::To1000 | PeakRps::Over1000))
    }
}

/// Every contradiction.
pub static CONTRADICTIONS: &[Contradiction] = &[
    Contradiction {
        id: ContradictionId::C1,
        severity: Severity::Refuse,
        message: "`data_residency = internal-only` and `model_serving = hosted-llm`: a hosted model receives the data \
                  that may not leave",
        remedy: "take `model_serving = own-cpu`, or `data_residency = any`",
        when: |c| {
            c.answers.data_residency == DataResidency::InternalOnly
                && c.ai(c.answers.model_serving == ModelServing::HostedLlm)
        },
    },
    Contradiction {
        id: ContradictionId::C2,
        severity: Severity::Refuse,
        message: "`model_serving = own-gpu` and `operations = paas`: a platform of one web process gives no GPU",
        remedy: "take `operations = containers`, or `model_serving = hosted-llm`",
        when: |c| c.answers.operations == Operations::Paas && c.ai(c.answers.model_serving == ModelServing::OwnGpu),
    },
    Contradiction {
        id: ContradictionId::C4,
        severity: Severity::Refuse,
        message: "`database = sqlite` and a peak of 100 calls a second or more, or `operations = kubernetes`: SQLite \
                  serves one machine and one writer",
        remedy: "take `database = postgresql`",
        when: |c| {
            c.answers.database == Database::Sqlite && (c.high_peak() || c.answers.operations == Operations::Kubernetes)
        },
    },
    Contradiction {
        id: ContradictionId::C6,
        severity: Severity::Ask,
        message: "`model_serving = minor` and `ai_role = whole`: the product is the model, and the model does little",
        remedy: "take another `model_serving`, or `ai_role = feature`",
        when: |c| c.ai(c.answers.model_serving == ModelServing::Minor && c.answers.ai_role == AiRole::Whole),
    },
    Contradiction {
        id: ContradictionId::C7,
        severity: Severity::Ask,
        message: "`admin = heavy` and `users = none`: a back office for nobody's records",
        remedy: "take `users = simple`, or `admin = basic`",
        when: |c| c.answers.admin == Admin::Heavy && c.answers.users == Users::None,
    },
    Contradiction {
        id: ContradictionId::C8,
        severity: Severity::Ask,
        message: "`workloads` with realtime-analytics and `response = batch`: figures as they come, delivered later",
        remedy: "take `response = streaming`",
        when: |c| {
            c.answers.workloads.contains(Workload::RealtimeAnalytics) && c.answers.response == ResponseStyle::Batch
        },
    },
    Contradiction {
        id: ContradictionId::C9,
        severity: Severity::Ask,
        message: "`lifetime = prototype` and a peak of 100 calls a second or more: what is thrown away need not scale",
        remedy: "take `lifetime = 1-3-years`, or a lower `peak_rps`",
        when: |c| c.answers.lifetime == Lifetime::Prototype && c.high_peak(),
    },
    Contradiction {
        id: ContradictionId::C10,
        severity: Severity::Ask,
        message: "`team = 1-3` and `teams = several`: several teams of one person",
        remedy: "take `teams = one`",
        when: |c| c.answers.team == Team::To3 && c.answers.teams == Teams::Several,
    },
    Contradiction {
        id: ContradictionId::C11,
        severity: Severity::Ask,
        message: "`organisation = startup`, `compliance = strict` and cost a priority: strict duties are not cheap",
        remedy: "drop `cost` from `priorities`, or take `compliance = standard`",
        when: |c| {
            c.answers.organisation == Organisation::Startup
                && c.answers.compliance == Compliance::Strict
                && c.answers.priorities.contains(Priority::Cost)
        },
    },
    Contradiction {
        id: ContradictionId::C12,
        severity: Severity::Ask,
        message: "an enterprise or the public sector with `compliance = none`: such a house has duties",
        remedy: "take `compliance = standard`",
        when: |c| institutional(c.answers) && c.answers.compliance == Compliance::None,
    },
    Contradiction {
        id: ContradictionId::C13,
        severity: Severity::Warn,
        message: "a framework is preferred because it is popular: a trend is no requirement (M1), so the preference is \
                  ignored",
        remedy: "leave `preference` out",
        when: |c| {
            c.answers.preference != Preference::None && c.answers.preference_reason == PreferenceReason::Popularity
        },
    },
    Contradiction {
        id: ContradictionId::C14,
        severity: Severity::Ask,
        message: "`peak_rps = unknown`: scale is planned early or paid for later (M2); 10-100 is assumed and the risk \
                  recorded",
        remedy: "estimate `peak_rps`: users × calls a user in the busiest hour ÷ 3600",
        when: |c| c.ai(c.answers.peak_rps == PeakRps::Unknown),
    },
    Contradiction {
        id: ContradictionId::C15,
        severity: Severity::Warn,
        message: "`consumers = partners` and `users = none`: partners are known by API keys, with quotas",
        remedy: "nothing to do",
        when: |c| c.answers.consumers == Consumers::Partners && c.answers.users == Users::None,
    },
    Contradiction {
        id: ContradictionId::C16,
        severity: Severity::Ask,
        message: "large AI with `team = 1-3` and `operations = paas`: one web process and few hands for a large system",
        remedy: "take `operations = containers`",
        when: |c| large_ai(c.answers) && c.answers.team == Team::To3 && c.answers.operations == Operations::Paas,
    },
    Contradiction {
        id: ContradictionId::C17,
        severity: Severity::Warn,
        message: "`compliance = strict` and `lifetime = prototype`: synthetic data only, until the duties are met",
        remedy: "keep real data out",
        when: |c| c.answers.compliance == Compliance::Strict && c.answers.lifetime == Lifetime::Prototype,
    },
    Contradiction {
        id: ContradictionId::C18,
        severity: Severity::Ask,
        message: "`architecture` is set by hand against the result: the record keeps both, and the reason",
        remedy: "take `architecture = auto`",
        when: |c| c.architecture != c.recommended,
    },
    Contradiction {
        id: ContradictionId::C19,
        severity: Severity::Ask,
        message: "`existing = other-system` with a heavy back office or a business workload: do these describe what is \
                  to be built, or the system that stays?",
        remedy: "leave out what the other system does",
        when: |c| {
            c.answers.existing == Existing::OtherSystem
                && (c.answers.admin == Admin::Heavy || c.answers.workloads.iter().any(|workload| !workload.is_ai()))
        },
    },
    Contradiction {
        id: ContradictionId::C20,
        severity: Severity::Refuse,
        message: "`database = mysql` and an architecture with a FastAPI service: only the monolith has the MySQL extra",
        remedy: "take `database = postgresql`",
        when: |c| c.answers.database == Database::Mysql && c.architecture != Architecture::Monolith,
    },
];

/// Every contradiction that the answers raise, in the order of the table.
pub(super) fn raised(
    answers: &Answers,
    verdict: &Verdict,
    architecture: Architecture,
    confirmed: &BTreeSet<ContradictionId>,
) -> Vec<Raised> {
    let case = Case { answers, recommended: verdict.architecture, architecture };
    CONTRADICTIONS
        .iter()
        .filter(|row| (row.when)(&case))
        .map(|row| Raised {
            id: row.id,
            severity: row.severity,
            message: row.message,
            remedy: row.remedy,
            confirmed: confirmed.contains(&row.id),
        })
        .collect()
}

/// The ids of what the answers make impossible, were `architecture` the result.
pub(super) fn refused(answers: &Answers, architecture: Architecture) -> Vec<ContradictionId> {
    let case = Case { answers, recommended: architecture, architecture };
    CONTRADICTIONS
        .iter()
        .filter(|row| row.severity == Severity::Refuse && (row.when)(&case))
        .map(|row| row.id)
        .collect()
}
