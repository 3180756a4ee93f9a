//! Under which licence the project stands.

use super::choice::{answered_by_one, choice};

choice! {
    /// Under which terms.
    License ("license", Construction) when always,
    asks "Under which licence?",
    helps "Licence of the project",
    Mit = "mit": "MIT",
    Apache2 = "apache-2.0": "Apache 2.0",
    Proprietary = "proprietary": "all rights reserved",
}

answered_by_one!(License, |_known| Self::Proprietary);
