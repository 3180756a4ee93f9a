//! Which continuous integration the project gets workflows for.

use super::choice::{answered_by_one, choice};

choice! {
    /// Which continuous integration.
    Ci ("ci", Construction) when always,
    asks "Which continuous integration?",
    helps "Continuous integration to write workflows for",
    Github = "github": "GitHub Actions",
    Gitlab = "gitlab": "GitLab CI",
    None = "none": "none",
}

answered_by_one!(Ci, |_known| Self::Github);
