//! How much back office staff needs.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// How much staff back office.
    Admin ("admin", Scored, required) when always,
    asks "How much back office does staff need?",
    helps "How much back office staff needs",
    None = "none": "none",
    Basic = "basic": "look things up, mend a record",
    Heavy = "heavy": "staff works in it all day (S2)",
}

answered_by_one!(Admin, |known| match known.organisation() {
    Organisation::Startup | Organisation::ScaleUp => Self::Basic,
    Organisation::Enterprise | Organisation::PublicSector => Self::Heavy,
});
