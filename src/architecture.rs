//! The three architectures.

use serde::Serialize;

use crate::questions::{ArchitectureChoice, Workload};

/// What is emitted. The order is from least to most business: the order of the monotonicity laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// A FastAPI AI service.
    ApiFirst,
    /// Django for the business, FastAPI for the AI.
    Hybrid,
    /// A Django business platform, the AI capability in-process.
    Monolith,
}

impl Architecture {
    pub const ALL: [Self; 3] = [Self::ApiFirst, Self::Hybrid, Self::Monolith];

    pub fn key(self) -> &'static str {
        match self {
            Self::ApiFirst => "api-first",
            Self::Hybrid => "hybrid",
            Self::Monolith => "monolith",
        }
    }

    /// What it is, in one line.
    pub fn means(self) -> &'static str {
        match self {
            Self::ApiFirst => "a FastAPI AI service",
            Self::Hybrid => "a Django platform for the business and a FastAPI service for the AI",
            Self::Monolith => "a Django platform with the AI in-process",
        }
    }

    /// Whether this architecture carries a workload (the table in decision-model.md).
    pub fn carries(self, workload: Workload) -> bool {
        match self {
            Self::ApiFirst => workload.is_ai() || workload == Workload::Dashboard,
            Self::Monolith | Self::Hybrid => true,
        }
    }

    /// The architecture set by hand, if one is.
    pub fn chosen(choice: ArchitectureChoice) -> Option<Self> {
        match choice {
            ArchitectureChoice::Auto => None,
            ArchitectureChoice::Monolith => Some(Self::Monolith),
            ArchitectureChoice::ApiFirst => Some(Self::ApiFirst),
            ArchitectureChoice::Hybrid => Some(Self::Hybrid),
        }
    }
}

impl std::fmt::Display for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key())
    }
}
