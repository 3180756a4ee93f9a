//! What is offered and not built yet: `new` refuses it with that reason, `list` and the wizard say so.
//! `recommend` takes every answer. Each row leaves this file with the work that builds its part.

use crate::architecture::Architecture;
use crate::questions::{Admin, Answers, Choice as _, Compliance, Consumers, ModelServing, Users, Workload};

/// An answer whose part is not built, and why where that is not all there is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotYet {
    pub question: &'static str,
    pub answer: String,
    pub why: Option<&'static str>,
}

/// An answer of which the emitted project carries only a part, and what is missing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partly {
    pub question: &'static str,
    pub answer: String,
    pub missing: &'static str,
}

const NOWHERE: &[Architecture] = &[];
const WITH_A_PLATFORM: &[Architecture] = &[Architecture::Monolith, Architecture::Hybrid];
const OF_ONE_SERVICE: &[Architecture] = &[Architecture::ApiFirst, Architecture::Monolith];

/// The options that not every architecture takes, and the architectures that do.
const TAKEN_BY: &[(&str, &str, &[Architecture])] = &[
    ("workloads", "chatbot", OF_ONE_SERVICE),
    ("workloads", "recommendations", OF_ONE_SERVICE),
    ("workloads", "realtime-analytics", OF_ONE_SERVICE),
    ("workloads", "data-management", NOWHERE),
    ("workloads", "review-desk", NOWHERE),
    ("workloads", "crm", NOWHERE),
    ("workloads", "business-platform", NOWHERE),
    ("admin", "heavy", WITH_A_PLATFORM),
    ("operations", "kubernetes", OF_ONE_SERVICE),
    ("operations", "paas", OF_ONE_SERVICE),
    ("database", "mysql", NOWHERE),
];

fn taken_by(question: &str, option: &str) -> &'static [Architecture] {
    TAKEN_BY
        .iter()
        .find(|(key, name, _)| *key == question && *name == option)
        .map_or(&Architecture::ALL, |(_, _, architectures)| architectures)
}

/// Whether `new` takes an option, at least in one architecture.
pub fn built(question: &str, option: &str) -> bool {
    !taken_by(question, option).is_empty()
}

/// The workloads that `new` takes, as a sentence names them: `a, b and c`.
pub fn built_workloads() -> String {
    let built: Vec<_> =
        Workload::ALL.iter().map(|workload| workload.key()).filter(|key| built("workloads", key)).collect();
    match built.as_slice() {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        few => few.concat(),
    }
}

/// The answers that keep `new` from emitting the architecture.
pub fn not_yet(answers: &Answers, architecture: Architecture) -> Vec<NotYet> {
    let known = answers.known();
    let mut missing: Vec<_> = TAKEN_BY
        .iter()
        .filter(|(key, option, architectures)| {
            asked(key, &known)
                && answers.get(key).split(',').any(|answer| answer == *option)
                && !architectures.contains(&architecture)
        })
        .map(|(question, option, architectures)| NotYet {
            question,
            answer: (*option).to_owned(),
            why: why(option, architectures),
        })
        .collect();
    if architecture == Architecture::Hybrid && answers.users == Users::None && answers.admin == Admin::None {
        missing.push(NotYet {
            question: "users",
            answer: Users::None.key().to_owned(),
            why: Some("with neither accounts nor an admin nobody can log in to the platform, so it has no use"),
        });
    }
    let dashboard = answers.workloads.contains(Workload::Dashboard) && architecture != Architecture::ApiFirst;
    let mut without = |applies: bool, why| {
        if dashboard && applies {
            missing.push(NotYet {
                question: "workloads",
                answer: Workload::Dashboard.key().to_owned(),
                why: Some(why),
            });
        }
    };
    without(!answers.workloads.has_ai(), "it shows what the AI is used for, so it needs an AI workload beside it");
    without(answers.admin == Admin::None, "it is the start page of the admin, so `admin` cannot be `none`");
    missing
}

/// What an option that only some architectures take lacks in the others; None where it is built nowhere.
fn why(option: &str, taken_by: &[Architecture]) -> Option<&'static str> {
    match (option, taken_by) {
        (_, []) => None,
        ("chatbot", _) => Some("the platform of a hybrid has no way to the service's chat yet"),
        ("recommendations", _) => {
            Some("the platform of a hybrid has no way to tell the service of items and events yet")
        }
        ("realtime-analytics", _) => Some("the platform of a hybrid has no way to the service's streams yet"),
        ("paas", _) => Some("a Procfile has one web process, and a hybrid is two applications"),
        ("kubernetes", _) => Some("the manifests are of one service so far, and a hybrid is two"),
        _ => Some("only a platform on Django has it: a monolith or a hybrid"),
    }
}

fn asked(key: &str, known: &crate::questions::Known) -> bool {
    crate::questions::question(key).is_ok_and(|question| (question.applies)(known))
}

/// The workloads that the architecture never carries. A service without AI has nothing to serve or to chart.
pub fn not_carried(answers: &Answers, architecture: Architecture) -> Vec<Workload> {
    let serves = architecture != Architecture::ApiFirst || answers.workloads.has_ai();
    answers.workloads.iter().filter(|workload| !serves || !architecture.carries(*workload)).collect()
}

/// What of the answers an emitted project does not carry yet. Its README and decision record say so.
pub fn partly(answers: &Answers, architecture: Architecture) -> Vec<Partly> {
    let mut rows = match architecture {
        Architecture::ApiFirst => of_a_service(answers),
        Architecture::Hybrid | Architecture::Monolith => of_a_platform(answers, architecture),
    };
    if answers.model_serving == ModelServing::Batch && architecture != Architecture::ApiFirst {
        rows.push(row(answers, "model_serving", "jobs and a worker process; the embedded model answers at once"));
    }
    rows
}

fn row(answers: &Answers, question: &'static str, missing: &'static str) -> Partly {
    Partly { question, answer: answers.get(question), missing }
}

fn of_a_service(answers: &Answers) -> Vec<Partly> {
    let mut rows = Vec::new();
    let mut missing = |question, text| rows.push(row(answers, question, text));
    if answers.consumers == Consumers::OwnWeb {
        missing("consumers", "a browser session; a page calls through its own server, which holds the key");
    }
    rows
}

fn of_a_platform(answers: &Answers, architecture: Architecture) -> Vec<Partly> {
    let mut rows = Vec::new();
    if architecture == Architecture::Hybrid {
        rows.push(Partly {
            question: "architecture",
            answer: architecture.key().to_owned(),
            missing: "a gateway before both halves, tokens by which the service knows a user of the platform, and \
                      events between them; the platform calls the service with a key of its own",
        });
    }
    let mut missing = |question, text| rows.push(row(answers, question, text));
    // A hybrid's service has CORS.
    if answers.consumers == Consumers::SpaMobile && architecture == Architecture::Monolith {
        missing("consumers", "CORS: a page of another origin cannot call the API");
    }
    if answers.users == Users::Organisations {
        missing(
            "users",
            "organisations, roles in them, invitations, single sign-on; sign-up, login and password reset are there",
        );
    }
    match answers.compliance {
        Compliance::None => {}
        Compliance::Standard => {
            missing("compliance", "an audit log and a retention setting; use of the model is recorded for each caller");
        }
        Compliance::Strict => missing(
            "compliance",
            "an audit log, a retention setting, export and deletion of a person's data; use of the model is recorded \
             for each caller",
        ),
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_an_architecture_does_not_take_is_refused_for_its_own_reason() {
        for (option, reason) in [
            ("paas", "Procfile"),
            ("kubernetes", "manifests"),
            ("recommendations", "items and events"),
            ("heavy", "Django"),
        ] {
            assert!(why(option, OF_ONE_SERVICE).is_some_and(|why| why.contains(reason)), "{option}");
        }
        assert_eq!(why("mysql", NOWHERE), None);
    }
}
