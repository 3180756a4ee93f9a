//! Where data may go.

use super::choice::{answered_by_one, choice};

choice! {
    /// Where data may go.
    DataResidency ("data_residency", Weighed) when always,
    asks "Where may data go?",
    helps "Where data may go",
    Any = "any": "anywhere the law allows",
    InternalOnly = "internal-only": "nowhere outside the house",
}

answered_by_one!(DataResidency, |_known| Self::Any);
