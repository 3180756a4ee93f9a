//! Whether the AI part must scale or be released on its own.

use super::choice::{answered_by_one, choice};

choice! {
    /// Whether the AI part scales or is released alone.
    SeparateScaling ("separate_scaling", Scored) when with_ai,
    asks "Must the AI part scale or be released on its own?",
    helps "Whether the AI part must scale or be released on its own",
    No = "no": "one release, one size",
    Probably = "probably": "likely within the year",
    Yes = "yes": "from the start",
}

answered_by_one!(SeparateScaling, |_known| Self::No);
