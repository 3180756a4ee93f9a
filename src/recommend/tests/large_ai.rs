use super::answers;
use crate::recommend::large_ai;

fn check(pairs: &str, large: bool) {
    assert_eq!(large_ai(&answers(pairs)), large, "{pairs}");
}

#[test]
fn a_high_peak_in_the_request_path_is_large() {
    for (peak, large) in
        [("under-10", false), ("10-100", false), ("unknown", false), ("100-1000", true), ("over-1000", true)]
    {
        check(&format!("ai_role=feature peak_rps={peak}"), large);
        check(&format!("ai_role=feature peak_rps={peak} response=batch"), false);
        check(&format!("ai_role=feature peak_rps={peak} model_serving=batch"), false);
    }
}

#[test]
fn own_gpus_in_the_request_path_are_large_where_the_ai_is_more_than_a_feature() {
    check("model_serving=own-gpu ai_role=feature", false);
    check("model_serving=own-gpu ai_role=core", true);
    check("model_serving=own-gpu ai_role=whole", true);
    check("model_serving=own-gpu ai_role=core response=batch", false);
    check("model_serving=own-cpu ai_role=whole", false);
}

#[test]
fn several_teams_are_large_where_the_ai_is_more_than_a_feature_in_the_request_path_or_not() {
    check("teams=several ai_role=feature", false);
    check("teams=several ai_role=core", true);
    check("teams=several ai_role=whole", true);
    check("teams=one ai_role=whole", false);
    check("teams=several ai_role=core response=batch", true);
    check("teams=several ai_role=core model_serving=batch", true);
}

#[test]
fn nothing_is_large_without_an_ai_workload() {
    check("workloads=crm ai_role=whole model_serving=own-gpu peak_rps=over-1000 teams=several", false);
    check("workloads=crm,chatbot ai_role=whole model_serving=own-gpu peak_rps=over-1000 teams=several", true);
}
