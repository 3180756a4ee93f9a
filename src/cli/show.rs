//! A recommendation as text for people and as JSON for programs. Pure: values in, text out.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ui::{BAD, CARE, FAINT, GOOD, NOTE, STRONG};
use crate::plan::Plan;
use crate::questions::Answers;
use crate::recommend::{Axis, Recommendation, Severity, THRESHOLD};
use crate::words;

/// Version of the JSON that `recommend` and `new` print.
pub(super) const SCHEMA_VERSION: u32 = 1;
/// Reasons shown on each side.
const TOP: usize = 5;
/// Columns of a bar that stands for 100 points.
const BAR: i32 = 50;

/// The recommendation in words a person can argue with.
pub(super) fn recommendation(answers: &Answers, recommendation: &Recommendation) -> String {
    let mut text = String::new();
    let architecture = recommendation.architecture;
    let _ = writeln!(text, "{STRONG}{architecture}{STRONG:#}: {}", architecture.means());
    let _ = writeln!(text, "{}\n", words::sentence(recommendation));
    bars(&mut text, recommendation);
    for (axis, title) in [(Axis::Business, "For the business need"), (Axis::Ai, "For the AI need")] {
        reasons(&mut text, recommendation, axis, title);
    }
    rules(&mut text, recommendation);
    let _ = writeln!(
        text,
        "{STRONG}Runner-up{STRONG:#}: {}, {}\n",
        recommendation.runner_up,
        recommendation.runner_up.means()
    );
    flips(&mut text, recommendation);
    assumed(&mut text, answers);
    contradictions(&mut text, recommendation);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn bars(text: &mut String, recommendation: &Recommendation) {
    let axes = recommendation.axes;
    for (name, points) in [("business need", axes.business), ("AI need", axes.ai)] {
        let bar: String = (1..=BAR)
            .map(|column| {
                let at = column * 100 / BAR;
                if at <= points {
                    '█'
                } else if (THRESHOLD..THRESHOLD + 100 / BAR).contains(&at) {
                    '│'
                } else {
                    '·'
                }
            })
            .collect();
        let colour = if points >= THRESHOLD { GOOD } else { FAINT };
        let _ = writeln!(text, "  {name:<14} {colour}{bar}{colour:#} {points:>3}, reaches at {THRESHOLD}");
    }
    let clarity = recommendation.clarity;
    let _ = writeln!(
        text,
        "  {:<14} {} ({:.2}): how far the sums are from a line and how much was answered; not a probability\n",
        "clarity", clarity.label, clarity.score
    );
}

fn reasons(text: &mut String, recommendation: &Recommendation, axis: Axis, title: &str) {
    let reasons: Vec<_> = recommendation.reasons.iter().filter(|reason| reason.axis == axis).collect();
    if reasons.is_empty() {
        let _ = writeln!(text, "{STRONG}{title}{STRONG:#}: nothing speaks\n");
        return;
    }
    let _ = writeln!(text, "{STRONG}{title}{STRONG:#}");
    for reason in reasons.iter().take(TOP) {
        let assumed = if reason.assumed { " (assumed)" } else { "" };
        let _ = writeln!(
            text,
            "  +{:<3} {} = {}{assumed}  {FAINT}{}{FAINT:#}",
            reason.points,
            reason.question,
            reason.answer,
            reason.clauses.join(", ")
        );
    }
    if reasons.len() > TOP {
        let rest: i32 = reasons.iter().skip(TOP).map(|reason| reason.points).sum();
        let _ = writeln!(text, "  +{rest:<3} from {} more", reasons.len() - TOP);
    }
    text.push('\n');
}

fn rules(text: &mut String, recommendation: &Recommendation) {
    if recommendation.rules.is_empty() {
        let _ = writeln!(text, "{STRONG}Rules{STRONG:#}: none changed the result\n");
        return;
    }
    let _ = writeln!(text, "{STRONG}Rules{STRONG:#}");
    for fired in &recommendation.rules {
        let _ = writeln!(
            text,
            "  {:?} {} → {}: {}  {FAINT}{}{FAINT:#}",
            fired.id,
            fired.from,
            fired.to,
            fired.says(),
            fired.clauses.join(", ")
        );
    }
    text.push('\n');
}

fn flips(text: &mut String, recommendation: &Recommendation) {
    if recommendation.flips.is_empty() {
        let _ = writeln!(text, "{STRONG}What would change it{STRONG:#}: no single answer would\n");
        return;
    }
    let _ = writeln!(text, "{STRONG}What would change it{STRONG:#}");
    for flip in &recommendation.flips {
        let assumed = if flip.assumed { " (assumed now)" } else { "" };
        let _ = writeln!(text, "  {} {}{assumed} → {}", flip.question, flip.change, flip.architecture);
    }
    text.push('\n');
}

fn assumed(text: &mut String, answers: &Answers) {
    if answers.assumed.is_empty() {
        return;
    }
    let keys: Vec<_> = answers.assumed.iter().copied().collect();
    let _ = writeln!(text, "{STRONG}Assumed{STRONG:#}, because nobody said: {}\n", keys.join(", "));
}

fn contradictions(text: &mut String, recommendation: &Recommendation) {
    for (raised, line) in recommendation.contradictions.iter().zip(words::contradictions(recommendation)) {
        let colour = match raised.severity {
            Severity::Refuse => BAD,
            Severity::Ask => CARE,
            Severity::Warn => NOTE,
        };
        let _ = writeln!(text, "{colour}{line}{colour:#}");
    }
}

/// The fields of `recommend --json` (RULINGS.md).
pub(super) fn recommendation_json(recommendation: &Recommendation) -> Value {
    json!({
        "schema_version": SCHEMA_VERSION,
        "architecture": recommendation.architecture,
        "recommended": recommendation.recommended,
        "target": recommendation.target,
        "phased": recommendation.phased,
        "runner_up": recommendation.runner_up,
        "axes": recommendation.axes,
        "clarity": recommendation.clarity,
        "reasons": recommendation.reasons,
        "rules": recommendation.rules,
        "contradictions": recommendation.contradictions,
        "flips": recommendation.flips,
    })
}

/// The fields of `new --json`.
pub(super) fn plan_json(recommendation: &Recommendation, target: &str, plan: &Plan) -> Value {
    let files: Vec<_> = plan
        .files
        .iter()
        .map(|(path, file)| {
            json!({
                "path": path.as_str(),
                "layer": file.layer,
                "executable": file.executable,
                "bytes": file.contents.len(),
            })
        })
        .collect();
    let steps: Vec<_> = plan.steps.iter().map(|step| step.key()).collect();
    json!({
        "schema_version": SCHEMA_VERSION,
        "recommendation": recommendation_json(recommendation),
        "target": target,
        "files": files,
        "steps": steps,
    })
}

/// The files of a plan as a tree, folders with many files folded.
pub(super) fn tree(plan: &Plan, target: &str) -> String {
    let mut text = format!("{target}/\n");
    let paths: Vec<Vec<&str>> = plan.files.keys().map(|path| path.as_str().split('/').collect()).collect();
    branch(&mut text, &paths, 0);
    text
}

/// Levels shown; below them files are counted.
const DEPTH: usize = 3;

fn branch(text: &mut String, paths: &[Vec<&str>], depth: usize) {
    let indent = "  ".repeat(depth + 1);
    for group in paths.chunk_by(|a, b| a[depth] == b[depth]) {
        let name = group[0][depth];
        if group.len() == 1 && group[0].len() == depth + 1 {
            let _ = writeln!(text, "{indent}{name}");
        } else if depth + 1 >= DEPTH {
            let _ = writeln!(text, "{indent}{name}/  {FAINT}{} files{FAINT:#}", group.len());
        } else {
            let _ = writeln!(text, "{indent}{name}/");
            branch(text, group, depth + 1);
        }
    }
}
