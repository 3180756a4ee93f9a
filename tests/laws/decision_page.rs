//! docs/decision.md says what the engine does: its tables are the engine's.

use groundplan::questions::{QUESTIONS, Role};
use groundplan::recommend::{Axis, CONTRADICTIONS, RULES, Severity, THRESHOLD, reasons};

use crate::support::with;

const PAGE: &str = include_str!("../../docs/decision.md");

/// The cells of the table row that begins with `first`.
fn row(first: &str) -> Vec<&'static str> {
    let start = format!("| {first} |");
    let line = PAGE.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {first}"));
    line.trim_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn the_points_on_the_page_are_those_that_count() {
    for question in QUESTIONS.iter().filter(|question| question.role == Role::Scored) {
        let cells: Vec<_> = question
            .options
            .iter()
            .map(|option| {
                let reasons = reasons(&with(&[(question.key, option.key)]));
                let on = |axis| -> i32 {
                    let of_it = reasons.iter().filter(|r| r.question == question.key && r.axis == axis);
                    of_it.map(|reason| reason.points).sum()
                };
                format!("{} {},{}", option.key, on(Axis::Business), on(Axis::Ai))
            })
            .collect();
        assert_eq!(row(&format!("`{}`", question.key))[1], cells.join(" · "));
    }
}

#[test]
fn the_page_has_every_rule_and_every_contradiction() {
    for rule in RULES {
        let row = row(&format!("{:?}", rule.id));
        // R1 does what R0 does; its own clause stands all the same.
        assert!(row[2].contains(&format!("({})", rule.clauses.join(", "))), "{row:?}");
    }
    for contradiction in CONTRADICTIONS {
        let reply = match contradiction.severity {
            Severity::Refuse => "refuse",
            Severity::Ask => "ask",
            Severity::Warn => "warn",
        };
        assert_eq!(row(contradiction.id.key())[1], reply, "{}", contradiction.id);
    }
    assert!(PAGE.contains(&format!("A need *reaches* at {THRESHOLD} points or more.")));
}
