//! The distinct projects that this version can emit, left in `target/trees.json` for the tests that install and run
//! them: each by a fingerprint of its files, with answers that give it.
//!
//! Answers that change prose or planned figures alone (README, docs, the record of the answers, budgets of the load
//! test, replicas, the values in .env.example) give one project. Which questions change more is found by planning, so a
//! new layer needs no line here.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use groundplan::availability::built;
use groundplan::layer::Library;
use groundplan::plan::plan;
use groundplan::questions::{Answers, QUESTIONS};
use groundplan::recommend::Severity;
use serde_json::{Value, json};

use crate::support::{blueprint_of, decided, library, with};

/// Asked for by name, so that other answers cannot lead to another one; each with the sets of workloads that it carries.
const ARCHITECTURES: [(&str, &[&str]); 3] = [
    ("api-first", &["inference-api", "inference-api,dashboard", "chatbot", "inference-api,chatbot,dashboard"]),
    ("monolith", &["inference-api", "inference-api,dashboard", "chatbot", "inference-api,chatbot,dashboard"]),
    ("hybrid", &["inference-api", "inference-api,dashboard"]),
];
const REASON: &str = "the tests ask for it";
const PROSE: [&str; 6] =
    [".env.example", "README.md", "LICENSE", "docs/", "ops/load/budgets.toml", "deploy/kubernetes/overlays/"];

/// Some answers, by question.
type Change = BTreeMap<&'static str, &'static str>;

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
    fn trees(&mut self, architecture: &'static str, workloads: &[&'static str]) -> Vec<(String, Change)> {
        let base = with(&[("architecture", architecture), ("architecture_reason", REASON)]);
        let default = self.fingerprint(&base, &Change::new()).expect("the defaults do not contradict each other");
        // Of the options that give one tree the first stands for all; the default's leads.
        let mut leading: Vec<(&str, Vec<&str>)> = Vec::new();
        for question in QUESTIONS.iter().filter(|question| question.options.len() > 1) {
            let options: Vec<_> = match question.key {
                "architecture" => continue,
                // The same layers in every architecture.
                "ci" | "license" if architecture != "api-first" => continue,
                "workloads" => workloads.to_vec(),
                key => question.options.iter().map(|option| option.key).filter(|option| built(key, option)).collect(),
            };
            let mut telling: Vec<(String, &str)> = Vec::new();
            for option in options {
                let Some(tree) = self.fingerprint(&base, &Change::from([(question.key, option)])) else { continue };
                if telling.iter().all(|(other, _)| *other != tree) {
                    telling.push((tree, option));
                }
            }
            telling.sort_by_key(|(tree, _)| *tree != default);
            if telling.len() > 1 {
                leading.push((question.key, telling.into_iter().map(|(_, option)| option).collect()));
            }
        }
        let mut combinations = vec![Change::new()];
        for (key, options) in leading {
            let longer = |change: &Change| {
                let change = change.clone();
                options.clone().into_iter().map(move |option| {
                    let mut change = change.clone();
                    change.insert(key, option);
                    change
                })
            };
            combinations = combinations.iter().flat_map(longer).collect();
        }
        let mut trees: Vec<(String, Change)> = Vec::new();
        for change in combinations {
            if let Some(tree) = self.fingerprint(&base, &change)
                && trees.iter().all(|(other, _)| *other != tree)
            {
                trees.push((tree, change));
            }
        }
        assert_eq!(trees[0].0, default);
        trees
    }
}

#[test]
fn the_distinct_trees_are_left_for_the_tests_that_run_them() {
    let found: Vec<Value> = std::thread::scope(|scope| {
        let running = ARCHITECTURES.map(|(architecture, workloads)| {
            scope.spawn(move || {
                let mut planner = Planner { library: library(), planned: HashMap::new() };
                let trees = planner.trees(architecture, workloads);
                assert!(trees.len() > 50, "only {} trees of {architecture}", trees.len());
                trees.into_iter().map(move |(tree, change)| {
                    let mut answers = change;
                    answers.insert("architecture", architecture);
                    answers.insert("architecture_reason", REASON);
                    json!({"tree": tree, "answers": answers})
                })
            })
        });
        running.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/trees.json");
    std::fs::write(to, serde_json::to_string_pretty(&found).unwrap()).unwrap();
}
