//! The README shows real sessions: each `console` block is run, and what it prints is what stands there.
//!
//! `UPDATE_README=1 cargo test --test integration readme` writes what is printed now; read the diff.

use std::fs;
use std::path::Path;

use groundplan::availability::built_workloads;

use crate::support::TestEnv;

const FENCE: &str = "```console\n";

/// What a block's commands print, each under its `$` line.
fn played(block: &str) -> String {
    let env = TestEnv::new().with_identity().with_uv("exit 0");
    let mut text = String::new();
    for line in block.lines() {
        let Some(command) = line.strip_prefix("$ groundplan ") else {
            assert!(!line.starts_with("$ "), "`{line}` is no command of ours");
            continue;
        };
        let outcome = env.groundplan(command).exits(0);
        text.push_str(&format!("{line}\n{}{}", outcome.stderr, outcome.stdout));
    }
    text
}

#[test]
fn the_sessions_of_the_readme_are_real() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (first, blocks) = readme.split_once(FENCE).expect("the README shows a session");
    let mut real = first.to_owned();
    for block in blocks.split(FENCE) {
        let (block, rest) = block.split_once("```").expect("a block ends");
        real.push_str(&format!("{FENCE}{}```{rest}", played(block)));
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &real).unwrap();
    }
    assert!(readme == real, "the README's sessions are out of date: UPDATE_README=1 writes them anew");
}

#[test]
fn the_readme_names_the_workloads_that_are_built() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("\nThis version builds the workloads {}.", built_workloads())));
}
