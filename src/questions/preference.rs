//! A framework that is preferred. It is recorded and never moves a score (M1).

use super::choice::{answered_by_one, choice};

choice! {
    /// A framework preferred.
    Preference ("preference", Weighed) when on_override,
    asks "Is there a framework you prefer?",
    helps "A framework preferred; never moves a score",
    None = "none": "none",
    Django = "django": "Django",
    FastApi = "fastapi": "FastAPI",
}

answered_by_one!(Preference, |_known| Self::None);
