//! Laws: what holds for all layers, all answers and all personas, checked over the whole of each.

#![allow(clippy::unwrap_used, reason = "a law that cannot be looked at has failed")]

mod layers;
mod pairs;
mod support;
