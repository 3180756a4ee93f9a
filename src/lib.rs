//! groundplan decides between three architectures for an AI web application in Python, shows why, and emits a project.
//!
//! The modules, in the order in which data flows through them: `questions` and `answers` become a `recommend`ation,
//! that becomes a `blueprint`, that and the `layer`s become a `plan`, which `apply` writes and `post` finishes.
//! `check` holds the project to its decision later on. Everything up to the plan, and every check, is values in, values
//! out.

pub mod answers;
pub mod apply;
pub mod architecture;
pub mod availability;
pub mod blueprint;
pub mod capacity;
pub mod check;
pub mod clauses;
pub mod cli;
pub mod examples;
pub mod export;
pub mod interview;
pub mod layer;
pub mod lock;
pub mod plan;
pub mod post;
pub mod questions;
pub mod recommend;
pub mod render;
pub mod words;
