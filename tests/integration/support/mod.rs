//! What the tests run in and look at: a home, a `PATH` and a git configuration of their own, folders as values, a
//! terminal.

mod env;
mod run;
mod terminal;
mod tree;

pub(crate) use env::TestEnv;
pub(crate) use run::Run;
pub(crate) use terminal::{Terminal, key};
pub(crate) use tree::{Entry, Tree, assert_same, differing, tree};

/// Flags that answer every required question with what can be built.
pub(crate) const BUILDABLE: &str = "--organisation startup --workloads inference-api --ai-role whole --peak-rps 10-100 \
                                    --admin none --users none --operations containers";

/// The same, without the steps that take time.
pub(crate) const QUICK: &str = "--defaults --no-git --no-uv-lock";
