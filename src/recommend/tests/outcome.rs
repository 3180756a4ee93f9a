use super::{answers, recommended};
use crate::architecture::Architecture::{self, ApiFirst, Hybrid, Monolith};
use crate::recommend::decision::runner_up;
use crate::recommend::{Axes, ContradictionId, Recommendation, decide};

fn second(pairs: &str, (business, ai): (i32, i32)) -> Architecture {
    let (answers, axes) = (answers(pairs), Axes { business, ai });
    runner_up(&answers, axes, &decide(&answers, axes))
}

fn raises(recommendation: &Recommendation, id: ContradictionId) -> bool {
    recommendation.contradictions.iter().any(|raised| raised.id == id)
}

#[test]
fn the_runner_up_is_where_the_last_rule_came_from() {
    assert_eq!(second("admin=heavy", (10, 60)), ApiFirst);
    assert_eq!(second("peak_rps=100-1000", (60, 10)), Monolith);
    assert_eq!(second("lifetime=prototype", (60, 50)), Hybrid);
    assert_eq!(second("existing=other-system", (60, 10)), Monolith);
}

#[test]
fn else_it_is_the_one_that_the_fewest_points_would_give() {
    assert_eq!(second("", (50, 30)), ApiFirst, "eight less business, a smaller balance");
    assert_eq!(second("", (90, 40)), Hybrid, "two more AI");
    assert_eq!(second("", (10, 70)), Hybrid, "32 more business");
    assert_eq!(second("", (44, 60)), ApiFirst, "three less business");
    assert_eq!(second("", (60, 44)), Monolith, "three less AI");
}

#[test]
fn it_carries_every_workload() {
    assert_eq!(second("workloads=inference-api,crm", (44, 60)), Monolith, "not the nearer API-first");
    assert_eq!(second("workloads=inference-api,crm", (10, 60)), Monolith, "not where R0 came from");
}

#[test]
fn what_the_answers_recommend_is_emitted() {
    let plain = recommended(&answers(""));
    assert_eq!((plain.architecture, plain.recommended, plain.target), (ApiFirst, ApiFirst, ApiFirst));
    assert!(!plain.phased && !plain.overridden() && !raises(&plain, ContradictionId::C18));
}

#[test]
fn an_override_is_emitted_and_what_was_recommended_is_kept() {
    let by_hand = recommended(&answers("architecture=monolith"));
    assert_eq!((by_hand.architecture, by_hand.recommended, by_hand.target), (Monolith, ApiFirst, Monolith));
    assert_eq!(by_hand.runner_up, ApiFirst);
    assert!(by_hand.overridden() && raises(&by_hand, ContradictionId::C18));
    let plain = recommended(&answers(""));
    assert_eq!((by_hand.axes, by_hand.flips, by_hand.rules), (plain.axes, plain.flips, plain.rules));
}

#[test]
fn setting_by_hand_what_is_recommended_is_no_override() {
    let same = recommended(&answers("architecture=api-first"));
    assert!(!same.overridden() && !raises(&same, ContradictionId::C18));
}

/// A hybrid that a small team on one web process starts with one half.
const PHASED: &str = "organisation=scale-up workloads=chatbot,crm response=streaming separate_scaling=yes team=1-3 \
                      operations=paas";

#[test]
fn a_phased_start_keeps_the_hybrid_as_its_target() {
    let phased = recommended(&answers(PHASED));
    assert!(phased.phased);
    assert_eq!((phased.architecture, phased.target, phased.runner_up), (Monolith, Hybrid, Hybrid));
    assert!(!phased.overridden());
}

#[test]
fn a_phased_start_is_over_when_the_hybrid_is_set_by_hand() {
    let whole = recommended(&answers(&format!("{PHASED} architecture=hybrid")));
    assert!(!whole.phased && whole.overridden());
    assert_eq!((whole.architecture, whole.recommended, whole.target), (Hybrid, Monolith, Hybrid));
    let half = recommended(&answers(&format!("{PHASED} architecture=monolith")));
    assert!(half.phased && !half.overridden());
    assert_eq!(half.target, Hybrid);
}
