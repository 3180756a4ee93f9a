//! What matters most: up to three things.

use super::choice::{DefaultSet, choice};
use super::{Known, Organisation, Several};

choice! {
    /// One thing that matters.
    Priority ("priorities", Scored; at_most 3) when always,
    asks "What matters most? (up to three)",
    helps "What matters most, up to three (comma-separated or repeated)",
    Speed = "speed": "first release soon",
    Scalability = "scalability": "growth without rebuilding",
    Cost = "cost": "low running cost",
    Security = "security": "protection of data and access",
    Workflows = "workflows": "business rules done right",
    UserManagement = "user-management": "accounts, roles, permissions",
    Maintainability = "maintainability": "cheap to change in years",
}

pub type Priorities = Several<Priority>;

impl DefaultSet for Priority {
    fn default_set(known: &Known) -> Priorities {
        match known.organisation() {
            Organisation::Startup => [Self::Speed, Self::Scalability, Self::Cost]
                .into_iter()
                .collect(),
            Organisation::ScaleUp => [Self::Scalability, Self::Maintainability]
                .into_iter()
                .collect(),
            Organisation::Enterprise | Organisation::PublicSector => {
                [Self::Security, Self::Workflows, Self::Maintainability]
                    .into_iter()
                    .collect()
            }
        }
    }
}
