use super::answers;
use crate::questions::{Answers, QUESTIONS, Role};
use crate::recommend::{Axes, Axis, Reason, axes, reasons};

/// The table of points: question, `option business,ai`, as it stands in decision-model.md.
const TABLE: &[(&str, &str)] = &[
    ("organisation", "startup 0,4 · scale-up 3,2 · enterprise 10,0 · public-sector 10,0"),
    (
        "workloads",
        "inference-api 0,9 · chatbot 0,9 · recommendations 0,9 · realtime-analytics 0,9 · dashboard 11,0 · \
         data-management 11,0 · review-desk 12,0 · crm 14,0 · business-platform 14,0",
    ),
    ("ai_role", "feature 0,0 · core 0,9 · whole 0,13"),
    ("model_serving", "minor 0,0 · hosted-llm 0,6 · own-cpu 0,8 · batch 0,6 · own-gpu 0,16"),
    ("response", "batch 0,0 · interactive 0,4 · streaming 0,13"),
    ("peak_rps", "under-10 0,0 · 10-100 0,5 · 100-1000 0,12 · over-1000 0,18 · unknown 0,5"),
    ("separate_scaling", "no 0,0 · probably 0,5 · yes 0,11"),
    ("consumers", "own-web 0,0 · spa-mobile 0,2 · partners 0,5"),
    ("admin", "none 0,0 · basic 7,0 · heavy 26,0"),
    ("users", "none 0,0 · simple 4,0 · organisations 15,0"),
    ("workflows", "light 0,0 · moderate 6,0 · complex 16,0"),
    ("compliance", "none 0,0 · standard 3,0 · strict 8,0"),
    ("lifetime", "prototype 0,0 · 1-3-years 2,0 · over-3-years 4,0"),
    (
        "priorities",
        "speed 0,3 · scalability 0,4 · cost 0,3 · security 4,0 · workflows 4,0 · user-management 4,0 · \
         maintainability 4,0",
    ),
];

/// The clauses shown with a reason: question, option (every one where empty), clauses.
const CLAUSES: &[(&str, &str, &str)] = &[
    ("organisation", "startup", "S1"),
    ("organisation", "scale-up enterprise public-sector", "E1"),
    ("workloads", "inference-api chatbot recommendations realtime-analytics", "F3 P1"),
    ("workloads", "dashboard data-management review-desk crm business-platform", "D4 P2"),
    ("ai_role", "", "P1"),
    ("model_serving", "", "F2"),
    ("response", "", "F3 Q9"),
    ("peak_rps", "", "M2 F3"),
    ("separate_scaling", "", "M3"),
    ("consumers", "", "F2"),
    ("admin", "", "D1 S2"),
    ("users", "", "E1 D1"),
    ("workflows", "", "E1"),
    ("compliance", "", "D2"),
    ("lifetime", "", "E1"),
    ("priorities", "speed scalability cost", "S1"),
    ("priorities", "security workflows user-management maintainability", "E1"),
];

/// The reasons of one question, with one option of it taken.
fn reasons_of(question: &str, option: &str) -> Vec<Reason> {
    let answers = answers(&format!("{question}={option}"));
    reasons(&answers).into_iter().filter(|reason| reason.question == question).collect()
}

fn on(axis: Axis, reasons: &[Reason]) -> i32 {
    reasons.iter().filter(|reason| reason.axis == axis).map(|reason| reason.points).sum()
}

#[test]
fn every_option_has_the_points_of_the_table() {
    for (question, row) in TABLE {
        for cell in row.split(" · ") {
            let (option, points) = cell.split_once(' ').unwrap();
            let (business, ai) = points.split_once(',').unwrap();
            let reasons = reasons_of(question, option);
            assert_eq!(on(Axis::Business, &reasons).to_string(), business, "{question} = {option}");
            assert_eq!(on(Axis::Ai, &reasons).to_string(), ai, "{question} = {option}");
        }
    }
}

#[test]
fn the_table_holds_every_scored_question_and_every_option_of_it() {
    let scored: Vec<_> = QUESTIONS.iter().filter(|question| question.role == Role::Scored).collect();
    let named: Vec<_> = TABLE.iter().map(|(question, _)| *question).collect();
    assert_eq!(scored.iter().map(|question| question.key).collect::<Vec<_>>(), named);
    for (question, (_, row)) in scored.iter().zip(TABLE) {
        let named: Vec<_> = row.split(" · ").filter_map(|cell| cell.split(' ').next()).collect();
        assert_eq!(question.options.iter().map(|option| option.key).collect::<Vec<_>>(), named);
    }
}

#[test]
fn every_reason_cites_its_clauses() {
    let mut seen = 0;
    for (question, options, clauses) in CLAUSES {
        let all = QUESTIONS.iter().find(|other| other.key == *question).unwrap().options;
        for option in all.iter().filter(|option| options.is_empty() || options.split(' ').any(|o| o == option.key)) {
            for reason in reasons_of(question, option.key) {
                assert_eq!(reason.clauses.join(" "), *clauses, "{question} = {}", option.key);
                seen += 1;
            }
        }
    }
    let options_with_points = TABLE.iter().flat_map(|(_, row)| row.split(" · ")).filter(|cell| !cell.ends_with(" 0,0"));
    // The scale-up has points on both axes.
    assert_eq!(seen, options_with_points.count() + 1);
}

#[test]
fn workloads_count_the_first_and_each_further_up_to_a_bound() {
    for (workloads, business, ai) in [
        ("chatbot", 0, 9),
        ("chatbot,inference-api", 0, 13),
        ("chatbot,inference-api,recommendations", 0, 17),
        ("chatbot,inference-api,recommendations,realtime-analytics", 0, 17),
        ("dashboard", 11, 0),
        ("dashboard,data-management", 14, 0),
        ("dashboard,crm", 17, 0),
        ("dashboard,review-desk", 15, 0),
        ("dashboard,data-management,review-desk", 17, 0),
        ("dashboard,data-management,review-desk,crm,business-platform", 17, 0),
        ("chatbot,inference-api,dashboard", 11, 13),
    ] {
        let reasons = reasons_of("workloads", workloads);
        assert_eq!((on(Axis::Business, &reasons), on(Axis::Ai, &reasons)), (business, ai), "{workloads}");
    }
}

#[test]
fn an_axis_ends_at_a_hundred() {
    let all: Answers = answers(
        "organisation=enterprise workloads=inference-api,chatbot,recommendations,crm,business-platform ai_role=whole \
         model_serving=own-gpu response=streaming peak_rps=over-1000 separate_scaling=yes consumers=partners \
         admin=heavy users=organisations workflows=complex compliance=strict lifetime=over-3-years \
         priorities=security,workflows,maintainability",
    );
    assert_eq!(reasons(&all).iter().filter(|r| r.axis == Axis::Business).map(|r| r.points).sum::<i32>(), 108);
    assert_eq!(axes(&all), Axes { business: 100, ai: 93 });
}

#[test]
fn without_an_ai_workload_nothing_counts_for_ai() {
    let answers = answers(
        "workloads=dashboard ai_role=whole model_serving=own-gpu response=streaming peak_rps=over-1000 \
         separate_scaling=yes consumers=partners priorities=speed,scalability,cost",
    );
    assert_eq!(axes(&answers).ai, 0);
    assert!(reasons(&answers).iter().all(|reason| reason.axis == Axis::Business));
}

#[test]
fn reasons_come_with_the_most_points_first_and_say_what_was_assumed() {
    let reasons = reasons(&answers("admin=heavy response=streaming"));
    let top: Vec<_> = reasons.iter().take(3).map(|r| (r.question, r.points, r.assumed)).collect();
    assert_eq!(top, [("admin", 26, false), ("response", 13, false), ("workloads", 9, true)]);
    assert!(reasons.is_sorted_by_key(|reason| -reason.points));
}
