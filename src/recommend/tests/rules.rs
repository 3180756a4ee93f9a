use super::answers;
use crate::architecture::Architecture::{self, ApiFirst, Hybrid, Monolith};
use crate::recommend::{Axes, RULES, RuleId, Verdict, after_balance, decide};

fn verdict(pairs: &str, (business, ai): (i32, i32)) -> Verdict {
    decide(&answers(pairs), Axes { business, ai })
}

/// The rule turns what came before it into `to`.
fn fires(id: RuleId, pairs: &str, axes: (i32, i32), to: Architecture) {
    let verdict = verdict(pairs, axes);
    let fired = verdict.rules.iter().find(|fired| fired.id == id);
    assert_eq!(fired.map(|fired| fired.to), Some(to), "{pairs} at {axes:?}: {:?}", verdict.rules);
    assert_ne!(fired.map(|fired| fired.from), Some(to), "{pairs} at {axes:?}");
}

fn silent(id: RuleId, pairs: &str, axes: (i32, i32)) {
    let verdict = verdict(pairs, axes);
    assert!(verdict.rules.iter().all(|fired| fired.id != id), "{pairs} at {axes:?}: {:?}", verdict.rules);
}

#[test]
fn r0_api_first_carries_ai_and_a_dashboard_alone() {
    for workload in ["data-management", "review-desk", "crm", "business-platform"] {
        let pairs = format!("workloads=inference-api,{workload}");
        fires(RuleId::R0, &pairs, (41, 42), Hybrid);
        fires(RuleId::R0, &pairs, (10, 41), Monolith);
        silent(RuleId::R0, &pairs, (42, 41));
        silent(RuleId::R0, &pairs, (42, 42));
    }
    fires(RuleId::R0, "workloads=dashboard", (8, 0), Monolith);
    fires(RuleId::R0, "workloads=crm existing=other-system", (8, 0), Monolith);
    silent(RuleId::R0, "workloads=dashboard", (9, 0));
    silent(RuleId::R0, "workloads=inference-api,dashboard", (10, 41));
    silent(RuleId::R0, "workloads=inference-api", (10, 42));
}

#[test]
fn r1_a_heavy_admin_wants_django() {
    fires(RuleId::R1, "admin=heavy", (41, 42), Hybrid);
    fires(RuleId::R1, "admin=heavy", (10, 41), Monolith);
    fires(RuleId::R1, "admin=heavy organisation=enterprise", (10, 41), Monolith);
    silent(RuleId::R1, "admin=basic", (41, 42));
    silent(RuleId::R1, "admin=heavy existing=other-system", (41, 42));
    silent(RuleId::R1, "admin=heavy", (42, 41));
    silent(RuleId::R1, "admin=heavy", (42, 42));
    fires(RuleId::R1, "admin=heavy existing=django", (10, 41), Monolith);
}

#[test]
fn r2_an_institution_keeps_its_business_in_django() {
    for organisation in ["enterprise", "public-sector"] {
        let base = format!("organisation={organisation} admin=basic");
        let with = |pairs: &str| format!("{base} {pairs}");
        fires(RuleId::R2, &with("users=organisations workflows=light"), (10, 42), Hybrid);
        fires(RuleId::R2, &with("users=simple workflows=complex"), (10, 42), Hybrid);
        fires(RuleId::R2, &with("users=organisations workflows=light"), (10, 41), Hybrid);
        silent(RuleId::R2, &with("users=simple workflows=moderate"), (10, 42));
        silent(RuleId::R2, &with("users=organisations existing=other-system"), (10, 42));
        silent(RuleId::R2, &with("users=organisations"), (42, 41));
    }
    for organisation in ["startup", "scale-up"] {
        silent(RuleId::R2, &format!("organisation={organisation} users=organisations workflows=complex"), (10, 42));
    }
}

#[test]
fn r3_a_large_ai_leaves_the_monolith() {
    fires(RuleId::R3, "peak_rps=100-1000", (60, 20), Hybrid);
    fires(RuleId::R3, "model_serving=own-gpu ai_role=core", (60, 20), Hybrid);
    fires(RuleId::R3, "teams=several ai_role=core response=batch", (60, 20), Hybrid);
    silent(RuleId::R3, "peak_rps=10-100", (60, 20));
    silent(RuleId::R3, "peak_rps=100-1000 response=batch", (60, 20));
    silent(RuleId::R3, "peak_rps=100-1000", (10, 60));
    silent(RuleId::R3, "peak_rps=100-1000", (60, 60));
}

#[test]
fn r3_reads_what_r0_made_of_it() {
    let verdict = verdict("workloads=inference-api,crm peak_rps=over-1000", (10, 41));
    let steps: Vec<_> = verdict.rules.iter().map(|fired| (fired.id, fired.from, fired.to)).collect();
    assert_eq!(steps, [(RuleId::R0, ApiFirst, Monolith), (RuleId::R3, Monolith, Hybrid)]);
    assert_eq!((verdict.by_axes, verdict.architecture), (ApiFirst, Hybrid));
}

#[test]
fn r4_what_exists_stays() {
    fires(RuleId::R4, "existing=django", (10, 42), Hybrid);
    fires(RuleId::R4, "existing=django", (10, 41), Hybrid);
    silent(RuleId::R4, "existing=django", (42, 41));
    fires(RuleId::R4, "existing=fastapi", (42, 41), Hybrid);
    // A monolith by the balance alone: the business does not reach.
    silent(RuleId::R4, "existing=fastapi", (41, 10));
    silent(RuleId::R4, "existing=fastapi", (10, 42));
    for existing in ["none", "other-system"] {
        silent(RuleId::R4, &format!("existing={existing} workloads=inference-api,dashboard"), (10, 42));
        silent(RuleId::R4, &format!("existing={existing} workloads=inference-api,dashboard"), (42, 41));
    }
}

#[test]
fn r5_beside_a_system_that_stays_only_the_ai_is_built() {
    for admin in ["none", "basic"] {
        for workflows in ["light", "moderate"] {
            let pairs = format!("existing=other-system admin={admin} workflows={workflows}");
            fires(RuleId::R5, &pairs, (42, 41), ApiFirst);
            fires(RuleId::R5, &pairs, (42, 42), ApiFirst);
        }
    }
    silent(RuleId::R5, "existing=other-system workloads=inference-api,dashboard", (42, 41));
    silent(RuleId::R5, "existing=other-system admin=heavy", (42, 41));
    silent(RuleId::R5, "existing=other-system workflows=complex", (42, 41));
    silent(RuleId::R5, "existing=none", (42, 41));
    // Already so: nothing to change, nothing to record.
    silent(RuleId::R5, "existing=other-system", (10, 42));
}

#[test]
fn r6_a_prototype_or_a_small_team_on_one_process_starts_with_one_half() {
    for small in ["lifetime=prototype team=4-10", "team=1-3 operations=paas"] {
        let with = |pairs: &str| format!("{small} {pairs}");
        fires(RuleId::R6, &with("admin=basic"), (50, 51), ApiFirst);
        fires(RuleId::R6, &with("admin=basic"), (51, 50), Monolith);
        silent(RuleId::R6, &with("peak_rps=100-1000"), (50, 50));
        silent(RuleId::R6, &with("existing=django"), (50, 50));
        silent(RuleId::R6, &with("existing=fastapi"), (50, 50));
        silent(RuleId::R6, &with("existing=other-system workflows=complex"), (50, 50));
        silent(RuleId::R6, small, (50, 41));
        silent(RuleId::R6, small, (41, 50));
    }
    silent(RuleId::R6, "team=1-3 operations=containers", (50, 50));
    silent(RuleId::R6, "team=4-10 operations=paas", (50, 50));
    silent(RuleId::R6, "team=1-3 operations=kubernetes lifetime=1-3-years", (50, 50));
}

#[test]
fn r6_starts_with_django_on_a_tie_with_a_heavy_admin_and_where_fastapi_would_not_carry_a_workload() {
    fires(RuleId::R6, "lifetime=prototype", (50, 50), Monolith);
    fires(RuleId::R6, "lifetime=prototype admin=heavy", (50, 80), Monolith);
    fires(RuleId::R6, "lifetime=prototype workloads=inference-api,crm", (50, 80), Monolith);
    fires(RuleId::R6, "lifetime=prototype workloads=inference-api,dashboard", (50, 80), ApiFirst);
}

#[test]
fn only_r6_phases_and_only_the_others_set_the_result() {
    let phased = verdict("lifetime=prototype", (50, 50));
    assert!(phased.phased && !phased.set_by_rule());
    let set = verdict("admin=heavy", (10, 41));
    assert!(!set.phased && set.set_by_rule());
    let both = verdict("admin=heavy lifetime=prototype", (10, 60));
    let ids: Vec<_> = both.rules.iter().map(|fired| fired.id).collect();
    assert_eq!((ids, both.architecture), (vec![RuleId::R1, RuleId::R6], Monolith));
    let neither = verdict("", (60, 60));
    assert!(neither.rules.is_empty() && !neither.phased && !neither.set_by_rule());
}

#[test]
fn the_result_after_the_balance_leaves_out_what_exists_and_what_comes_first() {
    assert_eq!(after_balance(&verdict("existing=django", (10, 42))), ApiFirst);
    assert_eq!(after_balance(&verdict("existing=other-system", (42, 41))), Monolith);
    assert_eq!(after_balance(&verdict("lifetime=prototype", (50, 50))), Hybrid);
    assert_eq!(after_balance(&verdict("admin=heavy lifetime=prototype", (10, 60))), Hybrid);
    assert_eq!(after_balance(&verdict("peak_rps=over-1000 existing=other-system", (60, 20))), Hybrid);
}

#[test]
fn rules_stand_in_their_order_and_each_cites_its_clauses() {
    let rows: Vec<_> = RULES.iter().map(|rule| (rule.id, rule.clauses.join(" "))).collect();
    let expected = [
        (RuleId::R0, "P2 P3"),
        (RuleId::R1, "S2"),
        (RuleId::R2, "E1 E2"),
        (RuleId::R3, "M3"),
        (RuleId::R4, "E2"),
        (RuleId::R5, "P1"),
        (RuleId::R6, "M2 W3"),
    ];
    assert_eq!(rows, expected.map(|(id, clauses)| (id, clauses.to_owned())));
    let fired = verdict("admin=heavy", (10, 41)).rules;
    assert_eq!(
        fired.iter().map(|fired| (fired.says(), fired.clauses)).collect::<Vec<_>>(),
        [(RULES[1].says, &["S2"][..])]
    );
}
