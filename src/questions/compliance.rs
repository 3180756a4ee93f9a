//! Which compliance duties there are.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// Which duties.
    Compliance ("compliance", Scored) when always,
    asks "Which compliance duties are there?",
    helps "Which compliance duties there are",
    None = "none": "none beyond the law",
    Standard = "standard": "audit log and retention",
    Strict = "strict": "also export and deletion on demand",
}

answered_by_one!(Compliance, |known| match known.organisation() {
    Organisation::Startup => Self::None,
    Organisation::ScaleUp | Organisation::Enterprise => Self::Standard,
    Organisation::PublicSector => Self::Strict,
});
