//! Laws: what holds for all layers, all answers and all personas, checked over the whole of each.

#![allow(clippy::unwrap_used, reason = "a law that cannot be looked at has failed")]
#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "the paths are our own")]
#![expect(clippy::disallowed_methods, reason = "distinct files and trees are left in target for the Python tests")]

mod decision_page;
mod layers;
mod pairs;
mod personas;
mod properties;
mod situations;
mod support;
mod trees;
