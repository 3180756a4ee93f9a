//! Who calls the API.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// Who calls the API.
    Consumers ("consumers", Scored) when always,
    asks "Who calls the API?",
    helps "Who calls the API",
    OwnWeb = "own-web": "pages served from the same place",
    SpaMobile = "spa-mobile": "a single-page or mobile application",
    Partners = "partners": "other companies' programs",
}

answered_by_one!(Consumers, |known| match known.organisation() {
    Organisation::Startup | Organisation::ScaleUp => Self::SpaMobile,
    Organisation::Enterprise | Organisation::PublicSector => Self::OwnWeb,
});
