//! The architecture where it is set by hand. `auto` takes the recommended one.

use super::choice::{answered_by_one, choice};

choice! {
    /// The architecture, or leave to decide it.
    ArchitectureChoice ("architecture", Construction) when always,
    asks "Which architecture?",
    helps "Set the architecture by hand, against or with the recommendation",
    Auto = "auto": "the one that the answers recommend",
    Monolith = "monolith": "Django, the AI capability in-process",
    ApiFirst = "api-first": "a FastAPI AI service",
    Hybrid = "hybrid": "Django for the business, FastAPI for the AI",
}

answered_by_one!(ArchitectureChoice, |_known| Self::Auto);
