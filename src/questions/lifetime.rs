//! How long it will live.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// How long it will live.
    Lifetime ("lifetime", Scored) when always,
    asks "How long will it live?",
    helps "How long it will live",
    Prototype = "prototype": "to learn from, then thrown away",
    To3Years = "1-3-years": "one to three years",
    Over3Years = "over-3-years": "longer than three years",
}

answered_by_one!(Lifetime, |known| match known.organisation() {
    Organisation::Startup => Self::To3Years,
    Organisation::ScaleUp | Organisation::Enterprise | Organisation::PublicSector => Self::Over3Years,
});
