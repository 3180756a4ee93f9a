//! How much of the product is AI.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// How much of the product is AI.
    AiRole ("ai_role", Scored, required) when with_ai,
    asks "How much of the product is AI?",
    helps "How much of the product is AI",
    Feature = "feature": "one feature among others",
    Core = "core": "the product leans on it",
    Whole = "whole": "the product is the model",
}

answered_by_one!(AiRole, |known| match known.organisation() {
    Organisation::Startup | Organisation::ScaleUp => Self::Core,
    Organisation::Enterprise | Organisation::PublicSector => Self::Feature,
});
