use super::*;

/// The order of the wizard; what it asks in any case is marked.
const ORDER: &[&str] = &[
    "name *",
    "description",
    "organisation *",
    "workloads *",
    "ai_role *",
    "model_serving",
    "response",
    "peak_rps *",
    "separate_scaling",
    "consumers",
    "admin *",
    "users *",
    "workflows",
    "compliance",
    "lifetime",
    "priorities",
    "team",
    "teams",
    "skills",
    "existing",
    "data_residency",
    "operations *",
    "database",
    "ci",
    "license",
    "architecture",
    "architecture_reason",
    "preference",
    "preference_reason",
];

/// The table of defaults: key, then startup, scale-up, enterprise, public sector, as in decision-model.md.
const DEFAULTS: &[(&str, [&str; 4])] = &[
    ("workloads", ["inference-api", "inference-api,dashboard", "inference-api,dashboard", "inference-api,dashboard"]),
    ("ai_role", ["core", "core", "feature", "feature"]),
    ("model_serving", ["hosted-llm", "hosted-llm", "own-cpu", "own-cpu"]),
    ("response", ["interactive"; 4]),
    ("peak_rps", ["10-100"; 4]),
    ("separate_scaling", ["no"; 4]),
    ("consumers", ["spa-mobile", "spa-mobile", "own-web", "own-web"]),
    ("admin", ["basic", "basic", "heavy", "heavy"]),
    ("users", ["simple", "organisations", "organisations", "organisations"]),
    ("workflows", ["light", "moderate", "complex", "complex"]),
    ("compliance", ["none", "standard", "standard", "strict"]),
    ("lifetime", ["1-3-years", "over-3-years", "over-3-years", "over-3-years"]),
    (
        "priorities",
        [
            "speed,scalability,cost",
            "scalability,maintainability",
            "security,workflows,maintainability",
            "security,workflows,maintainability",
        ],
    ),
    ("team", ["1-3", "4-10", "over-10", "4-10"]),
    ("teams", ["one"; 4]),
    ("operations", ["containers", "containers", "kubernetes", "containers"]),
    ("database", ["postgresql"; 4]),
    ("ci", ["github"; 4]),
    ("existing", ["none"; 4]),
    ("data_residency", ["any"; 4]),
    // Neither of the table, nor a matter of the organisation.
    ("skills", ["both"; 4]),
    ("license", ["proprietary"; 4]),
    ("architecture", ["auto"; 4]),
    ("preference", ["none"; 4]),
    ("preference_reason", ["requirements"; 4]),
];

const ORGANISATIONS: [&str; 4] = ["startup", "scale-up", "enterprise", "public-sector"];

fn of(key: &str, value: &str) -> Known {
    let mut known = Known::default();
    known.set(key, value).unwrap();
    known
}

#[test]
fn questions_come_in_their_order_and_the_required_ones_are_marked() {
    let order: Vec<_> = QUESTIONS
        .iter()
        .map(|question| format!("{}{}", question.key, if question.required { " *" } else { "" }))
        .collect();
    assert_eq!(order, ORDER);
}

#[test]
fn every_organisation_has_the_defaults_of_its_column() {
    for (index, organisation) in ORGANISATIONS.iter().enumerate() {
        let known = of("organisation", organisation);
        let answers = known.clone().complete();
        for (key, row) in DEFAULTS {
            assert_eq!(answers.get(key), row[index], "{key} of {organisation}");
            assert_eq!(known.default_of(key).as_deref(), Some(row[index]), "{key} of {organisation}");
        }
    }
}

#[test]
fn every_question_with_options_has_its_defaults_tabled() {
    let mut keys: Vec<_> = QUESTIONS.iter().filter(|q| !q.options.is_empty()).map(|q| q.key).collect();
    keys.retain(|key| *key != "organisation");
    keys.sort_unstable();
    let mut tabled: Vec<_> = DEFAULTS.iter().map(|(key, _)| *key).collect();
    tabled.sort_unstable();
    assert_eq!(keys, tabled);
}

#[test]
fn the_default_organisation_is_a_startup() {
    assert_eq!(Known::default().complete().organisation, Organisation::Startup);
}

#[test]
fn every_option_is_read_as_it_is_shown() {
    for question in QUESTIONS {
        for option in question.options {
            assert_eq!(of(question.key, option.key).get(question.key).as_deref(), Some(option.key), "{}", question.key);
            assert!(!option.means.is_empty());
        }
    }
    for (key, text) in [("name", "demo-2"), ("description", "Ä sentence, 1 of 2."), ("architecture_reason", "")] {
        assert_eq!(of(key, text).get(key).as_deref(), Some(text));
    }
}

#[test]
fn lists_forget_order_and_repetition_and_keep_to_their_bound() {
    assert_eq!(of("priorities", "cost, speed,cost").get("priorities").as_deref(), Some("speed,cost"));
    let mut known = Known::default();
    for (text, why) in [
        ("speed,cost,security,workflows", "choose 3 at the most"),
        ("", "name at least one"),
        (" , ", "name at least one"),
        ("speed,sped", "did you mean `speed`?"),
    ] {
        let message = known.set("priorities", text).unwrap_err().to_string();
        assert!(message.contains(why), "{text}: {message}");
    }
    assert_eq!(known.priorities, None);
}

#[test]
fn questions_about_ai_are_asked_until_there_is_none() {
    let ai = ["ai_role", "model_serving", "response", "peak_rps", "separate_scaling"];
    for question in QUESTIONS {
        let asked = |workloads: &str| (question.applies)(&of("workloads", workloads));
        assert_eq!(asked("crm,dashboard"), asked("chatbot") && !ai.contains(&question.key), "{}", question.key);
        assert_eq!((question.applies)(&Known::default()), asked("crm,chatbot"), "{}", question.key);
    }
    let answers = of("workloads", "crm").complete();
    assert!(ai.iter().all(|key| !answers.assumed.contains(key)), "{:?}", answers.assumed);
}

#[test]
fn preferences_and_reasons_are_asked_on_an_override_alone() {
    for key in ["architecture_reason", "preference", "preference_reason"] {
        let applies = question(key).unwrap().applies;
        assert!(!applies(&Known::default()) && !applies(&of("architecture", "auto")), "{key}");
        assert!(applies(&of("architecture", "hybrid")), "{key}");
    }
}

#[test]
fn what_nobody_answered_is_assumed_and_stays_so_when_another_answer_changes() {
    let answers = of("admin", "heavy").complete();
    assert!(!answers.assumed.contains("admin") && answers.assumed.contains("users"));
    let changed = answers.with("users", "none").unwrap();
    assert_eq!((changed.get("users").as_str(), &changed.assumed), ("none", &answers.assumed));
    assert!(answers.with("users", "many").is_err());
}

#[test]
fn missing_are_the_required_questions_that_apply() {
    let keys = |known: &Known| -> Vec<_> { missing(known).iter().map(|question| question.key).collect() };
    assert_eq!(
        keys(&Known::default()),
        ["name", "organisation", "workloads", "ai_role", "peak_rps", "admin", "users", "operations"]
    );
    assert_eq!(keys(&of("workloads", "crm")), ["name", "organisation", "admin", "users", "operations"]);
}
