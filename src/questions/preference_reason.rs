//! Why a framework is preferred.

use super::choice::{answered_by_one, choice};

choice! {
    /// Why it is preferred.
    PreferenceReason ("preference_reason", Weighed) when on_override,
    asks "Why is it preferred?",
    helps "Why the framework is preferred; popularity is ignored (M1)",
    Requirements = "requirements": "the requirements ask for it",
    TeamKnows = "team-knows": "the team knows it",
    Popularity = "popularity": "many others use it",
}

answered_by_one!(PreferenceReason, |_known| Self::Requirements);
