//! How many engineers build it.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// How many engineers.
    Team ("team", Weighed) when always,
    asks "How many engineers build it?",
    helps "How many engineers build it",
    To3 = "1-3": "one to three",
    To10 = "4-10": "four to ten",
    Over10 = "over-10": "more than ten",
}

answered_by_one!(Team, |known| match known.organisation() {
    Organisation::Startup => Self::To3,
    Organisation::ScaleUp | Organisation::PublicSector => Self::To10,
    Organisation::Enterprise => Self::Over10,
});
