//! How answers are delivered. Scored, never emitted: streams follow from the workloads.

use super::choice::{answered_by_one, choice};

choice! {
    /// How answers reach the caller.
    ResponseStyle ("response", Scored) when with_ai,
    asks "How are answers delivered?",
    helps "How answers are delivered",
    Batch = "batch": "later, when they are ready",
    Interactive = "interactive": "at once, in one piece",
    Streaming = "streaming": "at once, piece by piece",
}

answered_by_one!(ResponseStyle, |_known| Self::Interactive);
