//! What user management it needs.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// What user management.
    Users ("users", Scored, required) when always,
    asks "What user management does it need?",
    helps "What user management it needs",
    None = "none": "no accounts but staff's",
    Simple = "simple": "sign-up, login, password reset",
    Organisations = "organisations": "organisations, roles, single sign-on",
}

answered_by_one!(Users, |known| match known.organisation() {
    Organisation::Startup => Self::Simple,
    Organisation::ScaleUp | Organisation::Enterprise | Organisation::PublicSector => Self::Organisations,
});
