use super::{answers, given, recommended};
use crate::questions::Answers;

/// Each flip as `question change -> architecture`, an assumed one with a question mark.
fn flips(answers: &Answers) -> Vec<String> {
    let flips = recommended(answers).flips;
    let mark = |assumed| if assumed { "?" } else { "" };
    flips.iter().map(|f| format!("{} {}{} -> {}", f.question, f.change, mark(f.assumed), f.architecture)).collect()
}

/// A monolith that a large AI would make a hybrid.
const MONOLITH: &str = "organisation=enterprise workloads=crm,inference-api ai_role=core model_serving=own-cpu \
                        admin=heavy users=organisations operations=containers";

#[test]
fn options_are_named_and_lists_change_by_one() {
    let flips = flips(&given("admin=none"));
    for expected in [
        "workloads +crm -> hybrid",
        "workloads +business-platform -> hybrid",
        "admin heavy -> hybrid",
        "existing django -> hybrid",
    ] {
        assert!(flips.iter().any(|flip| flip == expected), "{expected}: {flips:?}");
    }
    for never in ["workloads +dashboard", "workloads -inference-api", "admin none", "admin basic", "teams "] {
        assert!(!flips.iter().any(|flip| flip.starts_with(never)), "{never}: {flips:?}");
    }
}

#[test]
fn a_removal_is_written_with_a_minus() {
    let flips = flips(&given("workloads=inference-api,crm"));
    assert!(flips.iter().any(|flip| flip == "workloads -crm -> api-first"), "{flips:?}");
}

#[test]
fn unscored_answers_are_tried_where_a_rule_reads_them() {
    let flips = flips(&given(MONOLITH));
    for expected in ["teams several -> hybrid", "existing fastapi -> hybrid", "peak_rps 100-1000 -> hybrid"] {
        assert!(flips.iter().any(|flip| flip == expected), "{expected}: {flips:?}");
    }
    for key in ["database", "ci", "license", "architecture", "data_residency", "preference"] {
        assert!(!flips.iter().any(|flip| flip.starts_with(&format!("{key} "))), "{key}: {flips:?}");
    }
}

#[test]
fn skills_and_small_teams_flip_where_they_decide() {
    // A balance of twelve against a cut of eight, then of ten.
    let near = given(
        "workloads=inference-api,dashboard ai_role=feature model_serving=minor response=batch peak_rps=under-10 \
         consumers=own-web admin=basic users=simple lifetime=1-3-years priorities=speed,maintainability \
         team=4-10 compliance=none",
    );
    let recommendation = recommended(&near);
    assert_eq!((recommendation.axes.business, recommendation.axes.ai), (28, 16));
    assert!(!flips(&near).iter().any(|flip| flip.starts_with("skills")), "{:?}", flips(&near));
    let nearer = near.with("consumers", "spa-mobile").unwrap();
    assert!(flips(&nearer).contains(&"skills fastapi -> api-first".to_owned()), "{:?}", flips(&nearer));

    let hybrid = given(
        "organisation=scale-up workloads=chatbot,crm response=streaming separate_scaling=yes admin=basic team=1-3 \
         operations=containers",
    );
    assert!(flips(&hybrid).iter().any(|flip| flip.starts_with("operations paas ->")), "{:?}", flips(&hybrid));
}

#[test]
fn assumed_answers_come_first() {
    let mixed = answers("organisation=startup admin=none workloads=inference-api");
    let flips = recommended(&mixed).flips;
    assert!(flips.iter().any(|flip| flip.assumed) && flips.iter().any(|flip| !flip.assumed), "{flips:?}");
    assert!(flips.is_sorted_by_key(|flip| !flip.assumed));
    assert!(flips.iter().all(|flip| flip.assumed == mixed.assumed.contains(flip.question)));
    assert!(recommended(&given("")).flips.iter().all(|flip| !flip.assumed));
}

#[test]
fn a_change_that_is_refused_is_left_out() {
    let gpu = "model_serving own-gpu -> hybrid".to_owned();
    assert!(flips(&given(MONOLITH)).contains(&gpu));
    assert!(!flips(&given(&format!("{MONOLITH} operations=paas"))).contains(&gpu), "C2");
    let peak = "peak_rps 100-1000 -> hybrid".to_owned();
    assert!(!flips(&given(&format!("{MONOLITH} database=sqlite"))).contains(&peak), "C4");
    assert_eq!(flips(&given(&format!("{MONOLITH} database=mysql"))), Vec::<String>::new(), "C20");
}

#[test]
fn what_is_refused_already_forbids_nothing_more() {
    let refused = format!("{MONOLITH} data_residency=internal-only model_serving=hosted-llm");
    assert!(flips(&given(&refused)).contains(&"peak_rps 100-1000 -> hybrid".to_owned()));
}

#[test]
fn questions_that_are_not_asked_are_not_tried() {
    let flips = flips(&given("workloads=crm"));
    for key in ["ai_role", "model_serving", "response", "peak_rps", "separate_scaling"] {
        assert!(!flips.iter().any(|flip| flip.starts_with(key)), "{flips:?}");
    }
}
