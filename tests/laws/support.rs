//! Answers and plans for the laws.

use std::collections::BTreeSet;

use groundplan::answers;
use groundplan::blueprint::{Blueprint, BlueprintError, blueprint};
use groundplan::layer::Library;
use groundplan::lock::seal;
use groundplan::plan::{Plan, plan};
use groundplan::questions::{Answers, Known, QUESTIONS};
use groundplan::recommend::{Recommendation, recommend};

/// Answers from `key = value` lines; the rest are a startup's.
pub(crate) fn answered(lines: &str) -> Answers {
    answers::parse(std::path::Path::new("test"), lines).unwrap().complete()
}

/// The defaults with one or more answers set by their text forms.
pub(crate) fn with(pairs: &[(&str, &str)]) -> Answers {
    let mut known = Known::default();
    for (key, value) in pairs {
        known.set(key, value).unwrap();
    }
    known.complete()
}

pub(crate) fn decided(answers: &Answers) -> Recommendation {
    recommend(answers, &BTreeSet::new())
}

pub(crate) fn blueprint_of(answers: &Answers) -> Result<Blueprint, BlueprintError> {
    blueprint(answers, &decided(answers))
}

pub(crate) fn library() -> Library {
    Library::embedded().unwrap()
}

/// The files of a project, without lock and base.
pub(crate) fn planned(library: &Library, answers: &Answers) -> Plan {
    plan(library, &blueprint_of(answers).unwrap()).unwrap()
}

/// The whole plan, as `new` would write it.
pub(crate) fn sealed(library: &Library, answers: &Answers) -> Plan {
    let blueprint = blueprint_of(answers).unwrap();
    let mut plan = plan(library, &blueprint).unwrap();
    seal(&mut plan, answers, &decided(answers), &blueprint);
    plan
}

/// Every option of every question: key and option.
pub(crate) fn options() -> Vec<(&'static str, &'static str)> {
    QUESTIONS.iter().flat_map(|question| question.options.iter().map(|option| (question.key, option.key))).collect()
}
