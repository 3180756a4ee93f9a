use super::answers;
use crate::architecture::Architecture::{self, ApiFirst, Hybrid, Monolith};
use crate::recommend::{Axes, decide};

fn check(pairs: &str, business: i32, ai: i32, expected: Architecture) {
    let verdict = decide(&answers(pairs), Axes { business, ai });
    assert_eq!(verdict.by_axes, expected, "{pairs}: {business} against {ai}");
}

#[test]
fn an_axis_reaches_at_forty_two() {
    for organisation in ["startup", "scale-up", "enterprise", "public-sector"] {
        let organisation = format!("organisation={organisation}");
        check(&organisation, 42, 42, Hybrid);
        check(&organisation, 100, 100, Hybrid);
        check(&organisation, 42, 41, Monolith);
        check(&organisation, 100, 0, Monolith);
        check(&organisation, 41, 42, ApiFirst);
        check(&organisation, 0, 100, ApiFirst);
    }
    check("organisation=startup", 41, 41, ApiFirst);
    check("organisation=enterprise", 41, 41, Monolith);
}

#[test]
fn below_the_threshold_startups_take_django_only_well_above_the_balance() {
    for organisation in ["startup", "scale-up"] {
        check(&format!("organisation={organisation}"), 29, 20, Monolith);
        check(&format!("organisation={organisation}"), 28, 20, ApiFirst);
        check(&format!("organisation={organisation}"), 20, 20, ApiFirst);
    }
}

#[test]
fn below_the_threshold_institutions_take_fastapi_only_well_below_the_balance() {
    for organisation in ["enterprise", "public-sector"] {
        check(&format!("organisation={organisation}"), 12, 20, Monolith);
        check(&format!("organisation={organisation}"), 11, 20, ApiFirst);
    }
}

#[test]
fn skills_move_the_balance_by_three() {
    for (skills, least) in [("django", 26), ("both", 29), ("neither", 29), ("fastapi", 32)] {
        let pairs = format!("skills={skills}");
        check(&pairs, least, 20, Monolith);
        check(&pairs, least - 1, 20, ApiFirst);
    }
    for (skills, least) in [("django", 9), ("both", 12), ("neither", 12), ("fastapi", 15)] {
        let pairs = format!("organisation=enterprise skills={skills}");
        check(&pairs, least, 20, Monolith);
        check(&pairs, least - 1, 20, ApiFirst);
    }
}

#[test]
fn skills_move_nothing_where_an_axis_reaches() {
    for skills in ["django", "fastapi"] {
        check(&format!("skills={skills}"), 42, 41, Monolith);
        check(&format!("skills={skills}"), 41, 42, ApiFirst);
        check(&format!("skills={skills}"), 42, 42, Hybrid);
    }
}
