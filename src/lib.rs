//! groundplan decides between three architectures for an AI web application in Python, shows why, and emits a project.
//!
//! The modules, in the order in which data flows through them: `questions` and `answers` become a `recommend`ation,
//! that becomes a `blueprint`, that and the `layer`s become a `plan`, which `apply` writes and `post` finishes.
//! Everything up to the plan is values in, values out.

pub mod architecture;
pub mod questions;
pub mod answers;
pub mod recommend;
pub mod clauses;
pub mod interview;
pub mod words;
pub mod availability;
pub mod capacity;
pub mod blueprint;
pub mod layer;
pub mod render;
pub mod plan;
pub mod lock;
pub mod examples;
pub mod export;
pub mod apply;
pub mod post;
pub mod cli;
