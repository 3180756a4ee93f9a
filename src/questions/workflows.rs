//! How complex the business rules are.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// How complex the business rules are.
    Workflows ("workflows", Scored) when always,
    asks "How complex are the business rules?",
    helps "How complex the business rules are",
    Light = "light": "few rules",
    Moderate = "moderate": "some states and approvals",
    Complex = "complex": "many states, roles and exceptions",
}

answered_by_one!(Workflows, |known| match known.organisation() {
    Organisation::Startup => Self::Light,
    Organisation::ScaleUp => Self::Moderate,
    Organisation::Enterprise | Organisation::PublicSector => Self::Complex,
});
