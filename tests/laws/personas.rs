//! The personas: named situations whose architecture is known, and what noise on the weights does to them.

use groundplan::architecture::Architecture::{self, ApiFirst, Hybrid, Monolith};
use groundplan::examples::EXAMPLES;
use groundplan::questions::{Answers, QUESTIONS, Role};
use groundplan::recommend::{Axes, Axis, ContradictionId, decide, reasons};
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::support::{answered, blueprint_of, decided};

/// Each persona and its architecture, in the order of decision-model.md.
const PERSONAS: &[(&str, Architecture)] = &[
    ("summariser-api", ApiFirst),
    ("chat-assistant", ApiFirst),
    ("marketplace", Monolith),
    ("clinic-crm", Monolith),
    ("voice-agent", ApiFirst),
    ("bank-loans", Monolith),
    ("insurance-claims", Hybrid),
    ("saas-copilot", Hybrid),
    ("telecom-analytics", Hybrid),
    ("weekend-prototype", ApiFirst),
    ("government-cases", Monolith),
    ("shop-recommendations", Hybrid),
    ("edtech-tutor", Hybrid),
    ("iot-anomalies", ApiFirst),
    ("mobile-search", ApiFirst),
];

/// The personas that `new` builds today; the others it refuses by name.
const BUILT: &[&str] =
    &["summariser-api", "mobile-search", "chat-assistant", "weekend-prototype", "iot-anomalies", "voice-agent"];

/// The persona's answers; what its file leaves open does not bear on the result.
fn persona(name: &str) -> Answers {
    answered(EXAMPLES.iter().find(|example| example.name == name).unwrap().text)
}

#[test]
fn every_example_is_a_persona_and_every_persona_an_example() {
    let mut names: Vec<_> = PERSONAS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(EXAMPLES.iter().map(|example| example.name).collect::<Vec<_>>(), names);
}

#[test]
fn each_persona_gets_its_architecture() {
    for (name, expected) in PERSONAS {
        let recommendation = decided(&persona(name));
        assert_eq!(recommendation.architecture, *expected, "{name}: {:?}", recommendation.axes);
        assert!(!recommendation.overridden(), "{name}");
    }
}

#[test]
fn a_popular_preference_is_warned_of_and_nothing_else_is_contradicted() {
    for (name, _) in PERSONAS {
        let raised: Vec<_> = decided(&persona(name)).contradictions.iter().map(|raised| raised.id).collect();
        let expected: &[_] = if *name == "mobile-search" { &[ContradictionId::C13] } else { &[] };
        assert_eq!(raised, expected, "{name}");
    }
}

#[test]
fn each_file_answers_every_question_that_decides() {
    for example in EXAMPLES.iter() {
        let answers = answered(example.text);
        let decides = QUESTIONS.iter().filter(|question| question.role == Role::Scored).map(|question| question.key);
        for key in decides.chain(["name", "team", "teams", "operations", "existing"]) {
            assert!(!answers.assumed.contains(key), "{} does not answer {key}", example.name);
        }
        assert_eq!(answers.name.as_str(), example.name);
    }
}

#[test]
fn the_first_line_says_who_it_is_and_whether_new_builds_it() {
    let mut built = Vec::new();
    for example in EXAMPLES.iter() {
        let line = example.text.lines().next().unwrap();
        assert!(line.starts_with("# ") && example.about.len() > 20, "{}: {line}", example.name);
        let refused = blueprint_of(&answered(example.text)).is_err();
        let says_so = line.ends_with("(not yet built: `recommend` alone)");
        assert_eq!(says_so, refused, "{}: {line}", example.name);
        if !refused {
            built.push(example.name);
        }
    }
    let mut expected = BUILT.to_vec();
    expected.sort_unstable();
    assert_eq!(built, expected);
}

const TRIALS: usize = 1000;

/// The sums with every row of points off by up to a fifth, each on its own.
fn noisy(rows: &[(Axis, i32)], rng: &mut TestRng) -> Axes {
    use proptest::prelude::Rng as _;
    let mut sums = [0.0, 0.0];
    for (axis, points) in rows {
        let factor = 0.8 + 0.4 * f64::from(rng.next_u32()) / f64::from(u32::MAX);
        sums[usize::from(*axis == Axis::Ai)] += f64::from(*points) * factor;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a sum of points is small")]
    let [business, ai] = sums.map(|sum| (sum.round() as i32).min(100));
    Axes { business, ai }
}

#[test]
fn a_fifth_of_noise_on_every_weight_leaves_each_persona_its_architecture() {
    for (name, expected) in PERSONAS {
        let answers = persona(name);
        let rows: Vec<_> = reasons(&answers).iter().map(|reason| (reason.axis, reason.points)).collect();
        let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let kept = (0..TRIALS).filter(|_| decide(&answers, noisy(&rows, &mut rng)).architecture == *expected).count();
        assert!(kept * 100 >= TRIALS * 98, "{name} keeps {expected} in {kept} of {TRIALS} trials");
    }
}
