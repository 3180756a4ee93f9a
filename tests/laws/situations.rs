//! Ten further situations, each with what a senior engineer would build; docs/decision.md reports how many the model
//! agrees with, and has to be right.

use std::path::Path;

use groundplan::recommend::Recommendation;

use crate::support::decided;

/// One situation: what the engineer would pick, and what the answers recommend.
struct Situation {
    name: String,
    pick: String,
    recommendation: Recommendation,
}

fn situations() -> Vec<Situation> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/situations");
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let pick = text.lines().nth(1).and_then(|line| line.strip_prefix("# ")?.split_once(": ")).unwrap().0;
        let answers = groundplan::answers::parse(path, &text).unwrap().complete();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert_eq!(answers.name.as_str(), name);
        Situation { name: name.to_owned(), pick: pick.to_owned(), recommendation: decided(&answers) }
    };
    paths.iter().map(|path| read(path)).collect()
}

#[test]
fn the_reported_agreement_is_the_computed_one() {
    let situations = situations();
    let agrees = |situation: &&Situation| situation.recommendation.architecture.key() == situation.pick;
    let report = include_str!("../../docs/decision.md");
    let sentence =
        format!("The model agrees in **{} of {}**", situations.iter().filter(agrees).count(), situations.len());
    assert!(report.contains(&sentence), "docs/decision.md does not say: {sentence}");
    for Situation { name, pick, recommendation } in &situations {
        let Recommendation { architecture, runner_up, axes, clarity, .. } = recommendation;
        let row = format!(
            "| {name} | {pick} | {architecture} | {runner_up} | {} | {} | {:.2} {} |",
            axes.business, axes.ai, clarity.score, clarity.label
        );
        assert!(report.lines().any(|line| line == row), "docs/decision.md has no row: {row}");
    }
}

#[test]
fn there_are_ten_and_each_pick_is_an_architecture() {
    let situations = situations();
    assert_eq!(situations.len(), 10);
    for Situation { name, pick, .. } in &situations {
        assert!(["api-first", "hybrid", "monolith"].contains(&pick.as_str()), "{name}: {pick}");
    }
}
