use std::collections::BTreeSet;

use super::{answers, recommended};
use crate::recommend::Severity::{self, Ask, Refuse, Warn};
use crate::recommend::{CONTRADICTIONS, ContradictionId, recommend};

/// One row: id, severity, answers that raise it, and single changes after which it is not raised.
type Case = (&'static str, Severity, &'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "C1",
        Refuse,
        "data_residency=internal-only model_serving=hosted-llm",
        &["data_residency=any", "model_serving=own-cpu", "model_serving=own-gpu", "workloads=crm"],
    ),
    (
        "C2",
        Refuse,
        "model_serving=own-gpu operations=paas",
        &["operations=containers", "operations=kubernetes", "model_serving=own-cpu", "workloads=crm"],
    ),
    ("C4", Refuse, "database=sqlite peak_rps=100-1000", &["database=postgresql", "peak_rps=10-100", "workloads=crm"]),
    ("C4", Refuse, "database=sqlite peak_rps=over-1000", &["database=mysql", "peak_rps=unknown", "workloads=crm"]),
    ("C4", Refuse, "database=sqlite operations=kubernetes", &["database=postgresql", "operations=containers"]),
    ("C4", Refuse, "database=sqlite operations=kubernetes workloads=crm", &["operations=paas"]),
    (
        "C6",
        Ask,
        "model_serving=minor ai_role=whole",
        &["model_serving=hosted-llm", "ai_role=core", "ai_role=feature", "workloads=crm"],
    ),
    ("C7", Ask, "admin=heavy users=none", &["admin=basic", "users=simple", "users=organisations"]),
    (
        "C8",
        Ask,
        "workloads=realtime-analytics response=batch",
        &["workloads=chatbot", "workloads=crm", "response=interactive", "response=streaming"],
    ),
    ("C9", Ask, "lifetime=prototype peak_rps=100-1000", &["lifetime=1-3-years", "peak_rps=10-100", "workloads=crm"]),
    ("C9", Ask, "lifetime=prototype peak_rps=over-1000", &["lifetime=over-3-years", "peak_rps=unknown"]),
    ("C10", Ask, "team=1-3 teams=several", &["team=4-10", "team=over-10", "teams=one"]),
    (
        "C11",
        Ask,
        "organisation=startup compliance=strict priorities=cost,security",
        &["organisation=scale-up", "compliance=standard", "priorities=security"],
    ),
    ("C12", Ask, "organisation=enterprise compliance=none", &["organisation=scale-up", "compliance=standard"]),
    ("C12", Ask, "organisation=public-sector compliance=none", &["organisation=startup", "compliance=strict"]),
    (
        "C13",
        Warn,
        "preference=django preference_reason=popularity",
        &["preference=none", "preference_reason=team-knows", "preference_reason=requirements"],
    ),
    ("C13", Warn, "preference=fastapi preference_reason=popularity architecture=hybrid", &["preference=none"]),
    ("C14", Ask, "peak_rps=unknown", &["peak_rps=10-100", "workloads=crm"]),
    ("C15", Warn, "consumers=partners users=none", &["consumers=spa-mobile", "users=simple", "users=organisations"]),
    (
        "C16",
        Ask,
        "peak_rps=100-1000 team=1-3 operations=paas",
        &["peak_rps=10-100", "team=4-10", "operations=containers", "response=batch", "workloads=crm"],
    ),
    ("C17", Warn, "compliance=strict lifetime=prototype", &["compliance=standard", "lifetime=1-3-years"]),
    (
        "C18",
        Ask,
        "architecture=monolith",
        &["architecture=auto", "architecture=api-first", "admin=heavy workloads=crm"],
    ),
    ("C19", Ask, "existing=other-system admin=heavy", &["existing=none", "existing=django", "admin=basic"]),
    ("C19", Ask, "existing=other-system workloads=inference-api,dashboard", &["workloads=inference-api"]),
    ("C20", Refuse, "database=mysql", &["database=postgresql", "architecture=monolith", "workloads=crm"]),
    ("C20", Refuse, "database=mysql architecture=hybrid", &["database=sqlite", "architecture=monolith"]),
];

fn raised(pairs: &str) -> Vec<(&'static str, Severity)> {
    recommended(&answers(pairs)).contradictions.iter().map(|raised| (raised.id.key(), raised.severity)).collect()
}

#[test]
fn each_is_raised_by_its_answers_and_not_when_one_side_changes() {
    for (id, severity, pairs, changes) in CASES {
        assert!(raised(pairs).contains(&(id, *severity)), "{pairs}: {:?}", raised(pairs));
        for change in *changes {
            let changed = format!("{pairs} {change}");
            assert!(raised(&changed).iter().all(|(other, _)| other != id), "{changed} raises {id}");
        }
    }
}

#[test]
fn every_contradiction_has_a_case_and_the_severity_of_the_table() {
    let with_case: BTreeSet<_> = CASES.iter().map(|(id, severity, ..)| (*id, *severity)).collect();
    let rows: Vec<_> = CONTRADICTIONS.iter().map(|row| row.id).collect();
    assert_eq!(rows, ContradictionId::ALL, "each id once, in order");
    assert_eq!(CONTRADICTIONS.iter().map(|row| (row.id.key(), row.severity)).collect::<BTreeSet<_>>(), with_case);
}

#[test]
fn plain_answers_contradict_nothing() {
    for organisation in ["startup", "scale-up", "enterprise", "public-sector"] {
        assert_eq!(raised(&format!("organisation={organisation}")), []);
    }
}

#[test]
fn what_only_describes_ai_contradicts_nothing_without_an_ai_workload() {
    let pairs = "workloads=crm ai_role=whole response=batch lifetime=prototype team=1-3 operations=paas";
    for model in ["minor", "hosted-llm", "own-cpu", "batch", "own-gpu"] {
        for peak in ["under-10", "over-1000", "unknown"] {
            let pairs = format!("{pairs} model_serving={model} peak_rps={peak} data_residency=internal-only");
            assert_eq!(raised(&format!("{pairs} database=sqlite")), [], "{pairs}");
        }
    }
}

#[test]
fn a_confirmation_changes_only_how_it_is_reported() {
    let answers = answers("lifetime=prototype peak_rps=100-1000");
    let plain = recommended(&answers);
    let confirmed = recommend(&answers, &BTreeSet::from([ContradictionId::C9, ContradictionId::C1]));
    let flags = |recommendation: &crate::recommend::Recommendation| -> Vec<_> {
        recommendation.contradictions.iter().map(|raised| (raised.id.key(), raised.confirmed)).collect()
    };
    assert_eq!((flags(&plain), flags(&confirmed)), (vec![("C9", false)], vec![("C9", true)]));
    assert_eq!((plain.clarity, plain.flips), (confirmed.clarity, confirmed.flips));
}

#[test]
fn a_refusal_names_both_answers_and_the_cheapest_change() {
    for (row, both, change) in [
        ("C1", ["`data_residency = internal-only`", "`model_serving = hosted-llm`"], "`model_serving = own-cpu`"),
        ("C2", ["`model_serving = own-gpu`", "`operations = paas`"], "`operations = containers`"),
        ("C4", ["`database = sqlite`", "`operations = kubernetes`"], "`database = postgresql`"),
        ("C20", ["`database = mysql`", "FastAPI"], "`database = postgresql`"),
    ] {
        let row = CONTRADICTIONS.iter().find(|other| other.id.key() == row).unwrap();
        assert!(both.iter().all(|answer| row.message.contains(answer)), "{}", row.message);
        assert!(row.remedy.contains(change), "{}", row.remedy);
    }
}
