//! The distinct projects that this version can emit, left in `target/trees.json` for the tests that install and run
//! them: each by a fingerprint of its files, with answers that give it.
//!
//! Answers that change prose or planned figures alone (README, docs, the record of the answers, budgets of the load
//! test, replicas, the values in .env.example) give one project. Which questions change more is found by planning, so a
//! new layer needs no line here. Of all that can be combined, which grows with the product of the options, these are the
//! trees of any two answers beside the defaults, and of any workloads with any users.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use groundplan::availability::built;
use groundplan::layer::Library;
use groundplan::plan::plan;
use groundplan::questions::{Answers, QUESTIONS};
use groundplan::recommend::Severity;
use serde_json::{Value, json};

use crate::support::{blueprint_of, decided, library, with};

/// Asked for by name, so that other answers cannot lead to another one.
const ARCHITECTURES: [&str; 3] = ["api-first", "monolith", "hybrid"];
const AI_WORKLOADS: [&str; 4] = ["inference-api", "chatbot", "recommendations", "realtime-analytics"];
const REASON: &str = "the tests ask for it";
const PROSE: [&str; 6] =
    [".env.example", "README.md", "LICENSE", "docs/", "ops/load/budgets.toml", "deploy/kubernetes/overlays/"];

/// An answer, by its question.
type Chosen = (&'static str, String);

/// Some answers, by question.
type Change = BTreeMap<&'static str, String>;

/// Plans projects, what follows from the same layers and values once.
struct Planner {
    library: Library,
    planned: HashMap<String, String>,
}

impl Planner {
    /// A hash over the files, less prose; `None` where these answers contradict each other or are not built.
    fn fingerprint(&mut self, base: &Answers, change: &Change) -> Option<String> {
        let answers = change.iter().fold(base.clone(), |answers, (key, option)| answers.with(key, option).unwrap());
        if decided(&answers).contradictions.iter().any(|raised| raised.severity == Severity::Refuse) {
            return None;
        }
        let blueprint = blueprint_of(&answers).ok()?;
        let library = &self.library;
        let key = format!("{:?}{}", blueprint.layers, blueprint.values);
        let tree = self.planned.entry(key).or_insert_with(|| {
            let mut hash = DefaultHasher::new();
            for (path, file) in plan(library, &blueprint).unwrap().files {
                if !PROSE.iter().any(|prose| path.as_str().starts_with(prose)) {
                    (path.as_str(), file.contents, file.executable).hash(&mut hash);
                }
            }
            format!("{:016x}", hash.finish())
        });
        Some(tree.clone())
    }

    /// The distinct trees of an architecture, that of the defaults first.
    fn trees(&mut self, architecture: &'static str) -> Vec<(String, Change)> {
        let base = with(&[("architecture", architecture), ("architecture_reason", REASON)]);
        let default = self.fingerprint(&base, &Change::new()).expect("the defaults do not contradict each other");
        // Of the options that give one tree the first stands for all; the default's leads.
        let mut leading: Vec<Vec<Chosen>> = Vec::new();
        for question in QUESTIONS.iter().filter(|question| question.options.len() > 1) {
            let options: Vec<String> = match question.key {
                "architecture" => continue,
                // The same layers in every architecture.
                "ci" | "license" if architecture != "api-first" => continue,
                "workloads" => workloads(),
                key => {
                    let offered = question.options.iter().map(|option| option.key);
                    offered.filter(|option| built(key, option)).map(str::to_owned).collect()
                }
            };
            let mut telling: Vec<(String, String)> = Vec::new();
            for option in options {
                let change = Change::from([(question.key, option.clone())]);
                let Some(tree) = self.fingerprint(&base, &change) else { continue };
                if telling.iter().all(|(other, _)| *other != tree) {
                    telling.push((tree, option));
                }
            }
            telling.sort_by_key(|(tree, _)| *tree != default);
            if telling.len() > 1 {
                leading.push(telling.into_iter().map(|(_, option)| (question.key, option)).collect());
            }
        }
        let defaults: Change = leading.iter().map(|options| options[0].clone()).collect();
        let mut trees: Vec<(String, Change)> = Vec::new();
        let mut known = BTreeSet::new();
        for (first, other) in pairs(&leading) {
            let mut change = defaults.clone();
            change.extend([first, other]);
            if let Some(tree) = self.fingerprint(&base, &change)
                && known.insert(tree.clone())
            {
                trees.push((tree, change));
            }
        }
        assert_eq!(trees[0].0, default);
        trees
    }
}

/// The sets that are asked for: each AI workload, any two of them, all four, and some with a dashboard.
fn workloads() -> Vec<String> {
    let alone = AI_WORKLOADS.map(str::to_owned);
    let two = (0..AI_WORKLOADS.len()).flat_map(|first| {
        AI_WORKLOADS[first + 1..].iter().map(move |other| format!("{},{other}", AI_WORKLOADS[first]))
    });
    let all = AI_WORKLOADS.join(",");
    let charted = [AI_WORKLOADS[0].to_owned(), all.clone()].map(|some| format!("{some},dashboard"));
    alone.into_iter().chain(two).chain([all]).chain(charted).collect()
}

/// Any two answers of different questions; that of two defaults comes first.
fn pairs(leading: &[Vec<Chosen>]) -> impl Iterator<Item = (Chosen, Chosen)> {
    leading.iter().enumerate().flat_map(move |(at, options)| {
        let others = leading[at + 1..].iter().flatten();
        others.flat_map(move |other| options.iter().map(move |first| (first.clone(), other.clone())))
    })
}

#[test]
fn the_distinct_trees_are_left_for_the_tests_that_run_them() {
    let found: Vec<Value> = std::thread::scope(|scope| {
        let running = ARCHITECTURES.map(|architecture| {
            scope.spawn(move || {
                let mut planner = Planner { library: library(), planned: HashMap::new() };
                let trees = planner.trees(architecture);
                assert!(trees.len() > 30, "only {} trees of {architecture}", trees.len());
                trees.into_iter().map(move |(tree, change)| {
                    let mut answers = change;
                    answers.insert("architecture", architecture.to_owned());
                    answers.insert("architecture_reason", REASON.to_owned());
                    json!({"tree": tree, "answers": answers})
                })
            })
        });
        running.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/trees.json");
    std::fs::write(to, serde_json::to_string_pretty(&found).unwrap()).unwrap();
}
