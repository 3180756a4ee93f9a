//! How many teams share the product.

use super::choice::{answered_by_one, choice};

choice! {
    /// How many teams share it.
    Teams ("teams", Weighed) when always,
    asks "How many teams share it?",
    helps "How many teams share it",
    One = "one": "one",
    Several = "several": "several, each with its own releases",
}

answered_by_one!(Teams, |_known| Self::One);
