use super::{answers, given, recommended};
use crate::questions::Answers;
use crate::recommend::clarity::clarity;
use crate::recommend::{Axes, Clarity, Label, decide};

/// The clarity of answers at given axes, no contradiction among them.
fn at(answers: &Answers, (business, ai): (i32, i32)) -> (f64, Label) {
    let axes = Axes { business, ai };
    let Clarity { score, label } = clarity(answers, axes, &decide(answers, axes), &[]);
    (score, label)
}

#[test]
fn the_margin_to_the_threshold_makes_it_clear() {
    let startup = given("");
    for (axes, expected) in [
        ((57, 0), (1.0, Label::High)),
        ((100, 0), (1.0, Label::High)),
        ((56, 0), (0.95, Label::High)),
        ((51, 0), (0.70, Label::High)),
        ((50, 0), (0.65, Label::Medium)),
        ((46, 0), (0.45, Label::Medium)),
        ((45, 0), (0.40, Label::Low)),
        ((42, 0), (0.25, Label::Low)),
        // The nearer axis counts, and from below as from above.
        ((60, 41), (0.30, Label::Low)),
        ((60, 45), (0.40, Label::Low)),
    ] {
        assert_eq!(at(&startup, axes), expected, "{axes:?}");
    }
}

#[test]
fn below_the_threshold_the_distance_to_the_cut_counts_too() {
    assert_eq!(at(&given(""), (20, 10)), (0.35, Label::Low));
    assert_eq!(at(&given(""), (20, 2)), (0.75, Label::High));
    assert_eq!(at(&given("skills=fastapi"), (20, 2)), (0.60, Label::Medium));
    assert_eq!(at(&given("organisation=enterprise"), (20, 18)), (0.75, Label::High));
    assert_eq!(at(&given("organisation=enterprise"), (20, 28)), (0.25, Label::Low));
    // At or above it, it does not.
    assert_eq!(at(&given(""), (57, 27)), (1.0, Label::High));
}

#[test]
fn a_rule_makes_it_clear_and_phasing_does_not() {
    for (pairs, axes) in [
        ("workloads=inference-api,crm", (10, 41)),
        ("admin=heavy", (10, 41)),
        ("organisation=enterprise admin=basic", (10, 42)),
        ("peak_rps=100-1000", (42, 0)),
        ("existing=django", (10, 42)),
        ("existing=other-system", (42, 42)),
    ] {
        assert_eq!(at(&given(pairs), axes), (1.0, Label::High), "{pairs}");
    }
    assert_eq!(at(&given("lifetime=prototype"), (90, 90)), (0.55, Label::Medium));
    assert_eq!(at(&given("lifetime=prototype admin=heavy"), (10, 90)), (0.55, Label::Medium));
}

#[test]
fn what_nobody_answered_lowers_it() {
    let startup = answers("");
    assert_eq!(at(&startup, (60, 0)), (0.6, Label::Medium), "none of the fourteen");
    let half = "organisation=startup workloads=inference-api ai_role=core model_serving=hosted-llm response=streaming \
                peak_rps=10-100 separate_scaling=no";
    assert_eq!(at(&answers(half), (60, 0)), (0.8, Label::High), "seven of the fourteen");
    // Unscored answers are no part of it.
    assert_eq!(at(&answers("team=4-10 existing=none skills=both database=sqlite"), (60, 0)), (0.6, Label::Medium));
    // Without an AI workload five questions are not asked.
    assert_eq!(
        at(&answers("workloads=crm organisation=startup admin=none"), (60, 0)),
        (0.73, Label::High),
        "three of the nine"
    );
}

#[test]
fn asks_and_warnings_are_subtracted() {
    let check = |pairs: &str, score, label| {
        assert_eq!(recommended(&given(pairs)).clarity, Clarity { score, label }, "{pairs}");
    };
    // A monolith by R0: base 1.
    let clear = "workloads=crm,inference-api admin=none users=none peak_rps=10-100 ai_role=feature response=batch \
                 model_serving=minor priorities=speed lifetime=prototype";
    check(clear, 1.0, Label::High);
    check(&format!("{clear} peak_rps=unknown"), 0.85, Label::High);
    check(&format!("{clear} peak_rps=unknown teams=several"), 0.70, Label::High);
    check(&format!("{clear} consumers=partners"), 0.95, Label::High);
    check(&format!("{clear} consumers=partners compliance=strict"), 0.90, Label::High);
    check(&format!("{clear} consumers=partners peak_rps=unknown"), 0.80, Label::High);
    // Confirmed or not, and a refusal says nothing about how clear it is.
    check(&format!("{clear} data_residency=internal-only model_serving=hosted-llm"), 1.0, Label::High);
}

#[test]
fn it_ends_at_nothing() {
    let contradicted = "organisation=startup compliance=strict priorities=cost teams=several team=1-3 admin=heavy \
                        users=none peak_rps=unknown existing=other-system architecture=monolith";
    let clarity = recommended(&answers(contradicted)).clarity;
    assert_eq!((clarity.score, clarity.label), (0.0, Label::Low));
}
