//! Who is building it. The answer also picks the column of defaults for every other question.

use super::Known;
use super::choice::{answered_by_one, choice};

choice! {
    /// Who is building.
    Organisation ("organisation", Scored, required) when always,
    asks "Who is building it?",
    helps "Who is building it",
    Startup = "startup": "speed, scalability and cost come first (S1)",
    ScaleUp = "scale-up": "a grown start-up with customers to keep",
    Enterprise = "enterprise": "security, workflows and long maintenance (E1)",
    PublicSector = "public-sector": "an authority, or one that works for authorities",
}

answered_by_one!(Organisation, |_known| Self::Startup);

impl Known {
    /// The organisation whose defaults hold: the one named, else a startup.
    pub fn organisation(&self) -> Organisation {
        self.organisation.unwrap_or(Organisation::Startup)
    }
}
