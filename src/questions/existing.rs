//! What exists already. The other answers describe what is to be built.

use super::choice::{answered_by_one, choice};

choice! {
    /// What exists already.
    Existing ("existing", Weighed) when always,
    asks "What exists already?",
    helps "What exists already",
    None = "none": "nothing",
    Django = "django": "a Django product",
    FastApi = "fastapi": "a FastAPI service",
    OtherSystem = "other-system": "users and back office live in a system that stays",
}

answered_by_one!(Existing, |_known| Self::None);
