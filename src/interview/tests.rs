//! Interviews from scripts. A word of a script is what is asked and what is done there: `team=1-3`, `review=accept`,
//! `C9=y`. `<` goes back, `^C` interrupts; in the review, a key is what to change.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::architecture::Architecture;

/// The required answers of a startup that sells a model.
const REQUIRED: &str = "name=shop organisation=startup workloads=inference-api ai_role=whole peak_rps=10-100 \
                        admin=none users=none operations=containers";
/// Those of a house that runs on a back office. There is no AI in it.
const OFFICE: &str = "name=shop organisation=startup workloads=crm admin=heavy users=simple operations=containers";
/// What is asked beyond them: an application that exists already would change either result.
const DECIDING: &str = "existing=none";

/// The words of a script as pairs.
fn pairs(words: &str) -> impl Iterator<Item = (&str, &str)> {
    words.split_whitespace().map(|word| word.split_once('=').expect("KEY=VALUE"))
}

/// The words without those of one key.
fn without(words: &str, key: &str) -> String {
    let kept: Vec<_> = words.split_whitespace().filter(|word| !word.starts_with(&format!("{key}="))).collect();
    kept.join(" ")
}

fn known(words: &str) -> Known {
    let mut known = Known::default();
    for (key, value) in pairs(words) {
        known.set(key, value).unwrap();
    }
    known
}

fn keys(questions: &[&'static Question]) -> Vec<&'static str> {
    questions.iter().map(|question| question.key).collect()
}

/// Somebody who does what a script says. What is asked out of turn fails.
#[derive(Default)]
struct Scripted {
    script: VecDeque<(String, String)>,
    /// Each question asked, with the answer that it started from.
    asked: Vec<(&'static str, String)>,
    /// The lines of each review.
    reviews: Vec<Vec<(&'static str, String, bool)>>,
    /// What was recommended, each time.
    shown: Vec<Architecture>,
    said: Vec<String>,
}

impl Scripted {
    fn reply(&mut self, to: &str) -> Result<String, AskError> {
        let (next, reply) = self.script.pop_front().unwrap_or_else(|| panic!("`{to}` is not in the script"));
        assert_eq!(to, next, "after {:?}", self.asked);
        if reply == "^C" { Err(AskError::Interrupted) } else { Ok(reply) }
    }

    /// What a question started from, each time it was asked.
    fn starts(&self, key: &str) -> Vec<&str> {
        self.asked.iter().filter(|(asked, _)| *asked == key).map(|(_, start)| start.as_str()).collect()
    }

    /// The answer in a review, and whether it was assumed.
    fn reviewed(&self, review: usize, key: &str) -> (&str, bool) {
        let line = self.reviews[review].iter().find(|(reviewed, ..)| *reviewed == key);
        let (_, answer, assumed) = line.unwrap_or_else(|| panic!("`{key}` is not in the review"));
        (answer, *assumed)
    }
}

impl Asker for Scripted {
    fn ask(&mut self, question: &Question, current: &str) -> Result<Reply, AskError> {
        self.asked.push((question.key, current.to_owned()));
        let reply = self.reply(question.key)?;
        Ok(if reply == "<" { Reply::Back } else { Reply::Answer(reply) })
    }

    fn review(&mut self, lines: &[Line]) -> Result<Review, AskError> {
        self.reviews.push(lines.iter().map(|line| (line.question.key, line.answer.clone(), line.assumed)).collect());
        Ok(match self.reply("review")?.as_str() {
            "accept" => Review::Accept,
            "<" => Review::Back,
            key => Review::Change(question(key).unwrap().key),
        })
    }

    fn show(&mut self, _: &Answers, recommendation: &Recommendation) {
        self.shown.push(recommendation.architecture);
    }

    fn say(&mut self, text: &str) {
        self.said.push(text.to_owned());
    }

    fn confirm(&mut self, text: &str) -> Result<Option<bool>, AskError> {
        // A contradiction stands before a colon.
        let about = text.split(':').next().unwrap().to_owned();
        Ok(match self.reply(&about)?.as_str() {
            "<" => None,
            reply => Some(reply == "y"),
        })
    }
}

/// The last question.
fn write(asker: &mut dyn Asker, _: &Interview) -> Result<Finish, AskError> {
    Ok(match asker.confirm("write")? {
        Some(true) => Finish::Yes,
        Some(false) => Finish::No,
        None => Finish::Back,
    })
}

/// Plays a whole script; gives what it came to, and what the person met.
fn play(given: &str, script: &str) -> (Option<Interview>, Scripted) {
    play_with(given, &[], Contradicted::Settle, script)
}

fn play_with(
    given: &str,
    confirmed: &[ContradictionId],
    contradicted: Contradicted,
    script: &str,
) -> (Option<Interview>, Scripted) {
    let script = pairs(script).map(|(to, reply)| (to.to_owned(), reply.to_owned())).collect();
    let mut person = Scripted { script, ..Scripted::default() };
    let confirmed = confirmed.iter().copied().collect();
    let result = interview(&known(given), &confirmed, contradicted, &mut person, &mut write).unwrap();
    assert!(person.script.is_empty(), "not asked: {:?}", person.script);
    (result, person)
}

#[test]
fn the_short_path_asks_what_is_required_in_order() {
    assert_eq!(keys(&missing(&Known::default())), pairs(REQUIRED).map(|(key, _)| key).collect::<Vec<_>>());
    let (result, person) = play("", &format!("{REQUIRED} {DECIDING} review=accept write=y"));
    let result = result.unwrap();
    assert_eq!(result.recommendation.architecture, Architecture::ApiFirst);
    for (key, value) in pairs(REQUIRED) {
        assert_eq!(result.answers.get(key), value);
    }
    assert_eq!(person.shown, [Architecture::ApiFirst]);
}

#[test]
fn without_an_ai_workload_nothing_is_asked_about_ai() {
    let (result, person) = play("", &format!("{OFFICE} {DECIDING} review=accept write=y"));
    assert_eq!(result.unwrap().recommendation.architecture, Architecture::Monolith);
    for key in ["ai_role", "model_serving", "response", "peak_rps", "separate_scaling"] {
        assert!(person.reviews[0].iter().all(|(reviewed, ..)| *reviewed != key), "{key}");
    }
}

#[test]
fn what_was_given_is_not_asked() {
    for (key, value) in pairs(REQUIRED) {
        let given = without(REQUIRED, key);
        let (result, _) = play(&given, &format!("{key}={value} {DECIDING} review=accept write=y"));
        assert_eq!(result.unwrap().answers.get(key), value);
    }
    let (_, person) = play(&format!("{REQUIRED} {DECIDING}"), "review=accept write=y");
    assert_eq!(person.asked, []);
}

#[test]
fn a_question_starts_from_the_organisation_s_default() {
    let (_, person) = play(
        "organisation=enterprise name=shop",
        "workloads=dashboard admin=heavy users=organisations \
        operations=kubernetes existing=none review=accept write=n",
    );
    for (key, start) in [
        ("workloads", "inference-api,dashboard"),
        ("admin", "heavy"),
        ("operations", "kubernetes"),
        ("existing", "none"),
    ] {
        assert_eq!(person.starts(key), [start]);
    }
}

#[test]
fn an_assumed_answer_that_would_flip_the_result_is_asked_first() {
    let (_, person) = play(REQUIRED, &format!("{DECIDING} review=accept write=y"));
    assert_eq!(person.said, ["The answer to one more question could change the result."]);
    let (result, _) = play(REQUIRED, "existing=django review=accept write=y");
    assert_eq!(result.unwrap().recommendation.architecture, Architecture::Hybrid);
}

#[test]
fn back_goes_to_the_question_before_and_starts_from_the_answer_taken_away() {
    let rest = "ai_role=whole peak_rps=10-100 admin=none users=none operations=containers existing=none";
    let (result, person) = play(
        "name=shop",
        &format!(
            "organisation=scale-up workloads=chatbot ai_role=< workloads=< organisation=startup \
            workloads=inference-api {rest} review=accept write=y"
        ),
    );
    assert_eq!(person.starts("organisation"), ["startup", "scale-up"]);
    assert_eq!(person.starts("workloads"), ["inference-api,dashboard", "chatbot", "chatbot"]);
    assert_eq!(result.unwrap().answers.get("organisation"), "startup");
}

#[test]
fn back_at_the_first_question_stays_there() {
    let (_, person) = play("", &format!("name=< name=< {REQUIRED} {DECIDING} review=accept write=n"));
    assert_eq!(person.starts("name"), ["demo", "demo", "demo"]);
    let given = without(REQUIRED, "users");
    let (_, person) = play(&given, &format!("users=< users=none {DECIDING} review=accept write=n"));
    assert_eq!(person.starts("users"), ["simple", "simple"]);
}

#[test]
fn an_answer_that_is_none_is_said_and_asked_again() {
    let (_, person) =
        play(&without(REQUIRED, "name"), &format!("name=Shop name=django name=shop {DECIDING} review=accept write=n"));
    assert_eq!(person.starts("name").len(), 3);
    assert!(person.said[0].starts_with("`Shop` is not a value of `name`"), "{:?}", person.said);
    assert!(person.said[1].contains("a package that the project depends on"), "{:?}", person.said);
}

#[test]
fn the_review_shows_each_question_that_applies_and_whether_it_was_answered() {
    for (given, hidden) in [(REQUIRED, 3), (OFFICE, 8)] {
        let (_, person) = play(&format!("{given} {DECIDING}"), "review=accept write=n");
        let review = &person.reviews[0];
        assert_eq!(review.len(), QUESTIONS.len() - hidden);
        let answered: Vec<_> = review.iter().filter(|(.., assumed)| !assumed).map(|(key, ..)| *key).collect();
        let given: Vec<_> = pairs(given).map(|(key, _)| key).collect();
        assert!(given.iter().all(|key| answered.contains(key)), "{answered:?}");
        assert_eq!(answered.len(), given.len() + 1);
        assert_eq!(person.reviewed(0, "team"), ("1-3", true));
    }
}

#[test]
fn what_was_seen_and_accepted_is_answered() {
    let (result, person) = play(&format!("{REQUIRED} {DECIDING}"), "review=accept write=y");
    let result = result.unwrap();
    assert!(result.answers.assumed.is_empty(), "{:?}", result.answers.assumed);
    assert!(result.recommendation.reasons.iter().all(|reason| !reason.assumed));
    for (key, answer, _) in &person.reviews[0] {
        assert_eq!(&result.answers.get(key), answer, "{key}");
    }
}

#[test]
fn one_answer_is_changed_from_the_review() {
    let (result, person) =
        play(&format!("{REQUIRED} {DECIDING}"), "review=team team=4-10 review=admin admin=basic review=accept write=y");
    assert_eq!(person.asked, [("team", "1-3".to_owned()), ("admin", "none".to_owned())]);
    assert_eq!(person.reviewed(1, "team"), ("4-10", false));
    let answers = result.unwrap().answers;
    assert_eq!((answers.get("team").as_str(), answers.get("admin").as_str()), ("4-10", "basic"));
}

#[test]
fn back_from_a_change_leaves_the_answer_as_it_was() {
    let (_, person) =
        play(&format!("{REQUIRED} {DECIDING}"), "review=team team=< review=admin admin=< review=accept write=n");
    assert_eq!(person.reviews[0], person.reviews[1]);
    assert_eq!(person.reviews[0], person.reviews[2]);
}

#[test]
fn a_change_opens_the_required_questions_that_it_makes_apply() {
    let given = format!("{OFFICE} {DECIDING} model_serving=own-gpu response=streaming separate_scaling=yes");
    let (result, person) = play(
        &given,
        "review=workloads workloads=crm,inference-api ai_role=core peak_rps=100-1000 review=accept write=y",
    );
    assert_eq!(person.shown, [Architecture::Hybrid]);
    assert_eq!(person.reviewed(1, "ai_role"), ("core", false));
    assert_eq!(result.unwrap().answers.get("peak_rps"), "100-1000");
    // The way back from there leads to the change.
    let (_, person) =
        play(&given, "review=workloads workloads=crm,inference-api ai_role=< workloads=crm review=accept write=n");
    assert_eq!(person.starts("workloads"), ["crm", "inference-api,crm"]);
    assert_eq!(person.shown, [Architecture::Monolith]);
}

#[test]
fn answers_whose_question_no_longer_applies_are_forgotten() {
    let (result, person) =
        play("", &format!("{REQUIRED} {DECIDING} review=workloads workloads=crm review=accept write=y"));
    let answers = result.unwrap().answers;
    assert!(person.reviews[1].iter().all(|(key, ..)| *key != "ai_role"));
    assert_eq!(answers.get("ai_role"), "core");
}

#[test]
fn back_from_the_review_goes_to_the_last_question_that_applies() {
    let (_, person) = play("", &format!("{REQUIRED} {DECIDING} review=< existing=django review=accept write=n"));
    assert_eq!(person.starts("existing"), ["none", "none"]);
    let (_, person) = play(
        "",
        &format!(
            "{REQUIRED} {DECIDING} review=workloads workloads=crm \
             review=< existing=< operations=< users=< admin=< workloads=chatbot \
             ai_role=core peak_rps=10-100 admin=none users=none operations=paas {DECIDING} review=accept write=n"
        ),
    );
    assert_eq!(person.starts("ai_role"), ["core", "whole"], "what was taken away is where it starts from");
    assert_eq!(person.starts("operations"), ["containers", "containers", "containers"]);
    let (_, person) = play(&format!("{REQUIRED} {DECIDING}"), "review=< review=accept write=n");
    assert_eq!(person.asked, []);
}

#[test]
fn what_cannot_be_built_goes_back_to_the_review_with_the_way_out() {
    let (result, person) = play(
        &format!("{REQUIRED} {DECIDING} data_residency=internal-only"),
        "review=accept review=model_serving model_serving=own-cpu review=accept write=y",
    );
    assert_eq!(person.said.len(), 1);
    assert!(person.said[0].starts_with("C1 cannot be built: "), "{:?}", person.said);
    assert!(
        person.said[0].ends_with(". Take `model_serving = own-cpu`, or `data_residency = any`."),
        "{:?}",
        person.said
    );
    assert_eq!(result.unwrap().answers.get("model_serving"), "own-cpu");
}

#[test]
fn what_is_odd_is_confirmed_or_goes_back_to_the_review() {
    let odd = format!("{REQUIRED} {DECIDING} team=1-3 teams=several lifetime=prototype");
    let odd = odd.replace("10-100", "100-1000");
    let (result, _) = play(&odd, "review=accept C9=y C10=y write=y");
    let result = result.unwrap();
    assert_eq!(result.confirmed, [ContradictionId::C9, ContradictionId::C10].into());
    assert!(result.recommendation.contradictions.iter().all(|raised| raised.confirmed));
    for no in ["n", "<"] {
        let (result, person) =
            play(&odd, &format!("review=accept C9=y C10={no} review=teams teams=one review=accept C9=y write=y"));
        assert_eq!(person.said.len(), 4);
        assert!(person.said[0].starts_with("C9: `lifetime = prototype` and "), "{:?}", person.said);
        assert_eq!(person.said[2], "Take `teams = one`.");
        assert_eq!(result.unwrap().confirmed, [ContradictionId::C9].into());
    }
}

#[test]
fn what_was_confirmed_before_is_not_asked() {
    let odd = format!("{REQUIRED} {DECIDING} team=1-3 teams=several");
    let (result, _) = play_with(&odd, &[ContradictionId::C10], Contradicted::Settle, "review=accept write=y");
    assert!(result.unwrap().recommendation.contradictions[0].confirmed);
}

#[test]
fn a_warning_stops_nothing() {
    let (result, person) = play(&format!("{REQUIRED} {DECIDING} consumers=partners"), "review=accept write=y");
    assert_eq!(result.unwrap().recommendation.contradictions[0].severity, Severity::Warn);
    assert_eq!(person.said, [""; 0]);
}

#[test]
fn a_report_settles_nothing() {
    let given = format!("{REQUIRED} {DECIDING} data_residency=internal-only team=1-3 teams=several");
    let (result, person) = play_with(&given, &[], Contradicted::Report, "review=accept write=y");
    let result = result.unwrap();
    let raised: Vec<_> =
        result.recommendation.contradictions.iter().map(|raised| (raised.id, raised.confirmed)).collect();
    assert_eq!(raised, [(ContradictionId::C1, false), (ContradictionId::C10, false)]);
    assert!(result.confirmed.is_empty() && person.said.is_empty());
}

#[test]
fn the_last_question_ends_it_or_leads_back_to_the_review() {
    let given = format!("{REQUIRED} {DECIDING}");
    assert!(play(&given, "review=accept write=n").0.is_none());
    let (result, person) = play(&given, "review=accept write=< review=team team=4-10 review=accept write=y");
    // What was accepted before is answered now.
    assert_eq!([person.reviewed(0, "team"), person.reviewed(1, "team")], [("1-3", true), ("1-3", false)]);
    assert_eq!(result.unwrap().answers.get("team"), "4-10");
    assert_eq!(person.shown.len(), 2);
}

#[test]
fn an_interruption_ends_it_wherever_it_comes() {
    let odd = format!("{REQUIRED} {DECIDING} team=1-3 teams=several");
    for script in ["review=^C", "review=team team=^C", "review=accept C10=^C", "review=accept C10=y write=^C"] {
        let script = pairs(script).map(|(to, reply)| (to.to_owned(), reply.to_owned())).collect();
        let mut person = Scripted { script, ..Scripted::default() };
        let result = interview(&known(&odd), &BTreeSet::new(), Contradicted::Settle, &mut person, &mut write);
        assert!(matches!(result, Err(AskError::Interrupted)), "{:?}", person.asked);
        assert!(person.script.is_empty());
    }
    let mut person = Scripted { script: [("name".to_owned(), "^C".to_owned())].into(), ..Scripted::default() };
    let result = interview(&Known::default(), &BTreeSet::new(), Contradicted::Report, &mut person, &mut write);
    assert!(matches!(result, Err(AskError::Interrupted)));
}

/// Somebody who does as chance has it for a while, and then agrees with everything.
struct Wanderer {
    chance: VecDeque<u8>,
    given: Known,
    /// Keys that were picked in the review.
    changed: Vec<&'static str>,
    reviews: Vec<Vec<Line>>,
}

impl Wanderer {
    /// A number below `sides`, while chance lasts.
    fn dice(&mut self, sides: usize) -> Option<usize> {
        self.chance.pop_front().map(|byte| usize::from(byte) % sides)
    }
}

impl Asker for Wanderer {
    fn ask(&mut self, question: &Question, current: &str) -> Result<Reply, AskError> {
        let given = self.given.get(question.key).is_some();
        assert!(!given || self.changed.contains(&question.key), "`{}` was given", question.key);
        Ok(match self.dice(question.options.len() + 3) {
            Some(0) => Reply::Back,
            Some(1) => Reply::Answer("none of them".to_owned()),
            Some(side) if side > 2 => Reply::Answer(question.options[side - 3].key.to_owned()),
            _ => Reply::Answer(current.to_owned()),
        })
    }

    fn review(&mut self, lines: &[Line]) -> Result<Review, AskError> {
        self.reviews.push(lines.to_vec());
        Ok(match self.dice(2 * lines.len()) {
            Some(0) => Review::Back,
            Some(line) if line < lines.len() => {
                self.changed.push(lines[line].question.key);
                Review::Change(lines[line].question.key)
            }
            _ => Review::Accept,
        })
    }

    fn show(&mut self, _: &Answers, _: &Recommendation) {}

    fn say(&mut self, _: &str) {}

    fn confirm(&mut self, _: &str) -> Result<Option<bool>, AskError> {
        Ok(if self.dice(2) == Some(0) { None } else { Some(true) })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_the_answers_are_those_last_reviewed(
        given in prop::sample::subsequence(REQUIRED.split_whitespace().collect::<Vec<_>>(), 0..=8),
        chance in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let given = known(&given.join(" "));
        let mut person =
            Wanderer { chance: chance.into(), given: given.clone(), changed: Vec::new(), reviews: Vec::new() };
        let result = interview(&given, &BTreeSet::new(), Contradicted::Report, &mut person, &mut write);
        let answers = result.unwrap().expect("agreed").answers;
        let known = answers.known();
        let applying: Vec<_> = QUESTIONS.iter().filter(|question| (question.applies)(&known)).collect();
        let reviewed = person.reviews.last().unwrap();
        prop_assert_eq!(keys(&applying), reviewed.iter().map(|line| line.question.key).collect::<Vec<_>>());
        for line in reviewed {
            prop_assert_eq!(&answers.get(line.question.key), &line.answer);
            prop_assert!(!(line.assumed && line.question.required), "{} was not asked", line.question.key);
        }
        prop_assert!(answers.assumed.is_empty());
        let first: BTreeSet<_> =
            person.reviews[0].iter().filter(|line| line.assumed).map(|line| line.question.key).collect();
        let mut seen = Known::default();
        for line in &person.reviews[0] {
            seen.set(line.question.key, &line.answer).unwrap();
        }
        for flip in recommend(&seen.complete(), &BTreeSet::new()).flips {
            prop_assert!(!first.contains(flip.question), "{} was assumed and decides", flip.question);
        }
    }
}
