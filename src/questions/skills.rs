//! Which framework the team knows: a nudge where neither axis decides, no more.

use super::choice::{answered_by_one, choice};

choice! {
    /// What the team knows.
    Skills ("skills", Weighed) when always,
    asks "Which framework does the team know?",
    helps "Which framework the team knows",
    Django = "django": "Django",
    FastApi = "fastapi": "FastAPI",
    Both = "both": "both",
    Neither = "neither": "neither",
}

answered_by_one!(Skills, |_known| Self::Both);
