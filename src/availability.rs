//! What is offered and not built yet: `new` refuses it with that reason, `list` and the wizard say so.
//! `recommend` takes every answer. Each row leaves this file with the work that builds its part.

use crate::architecture::Architecture;
use crate::questions::{Admin, Answer, Answers, Compliance, Consumers, ModelServing, Users, Workload};

/// An answer whose part is not built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotYet {
    pub question: &'static str,
    pub answer: String,
}

/// An answer of which the emitted project carries only a part, and what is missing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partly {
    pub question: &'static str,
    pub answer: String,
    pub missing: &'static str,
}

/// Options that `new` does not take yet, by question.
const NOT_YET: &[(&str, &[&str])] = &[
    (
        "workloads",
        &[
            "chatbot",
            "recommendations",
            "realtime-analytics",
            "dashboard",
            "data-management",
            "review-desk",
            "crm",
            "business-platform",
        ],
    ),
    ("model_serving", &["own-gpu"]),
    ("admin", &["heavy"]),
    ("users", &["organisations"]),
    ("compliance", &["strict"]),
    ("operations", &["kubernetes"]),
    ("database", &["mysql"]),
    ("ci", &["gitlab"]),
    ("architecture", &["hybrid"]),
];

/// Whether `new` takes an option.
pub fn built(question: &str, option: &str) -> bool {
    !NOT_YET.iter().any(|(key, options)| *key == question && options.contains(&option))
}

/// The answers that keep `new` from emitting the architecture.
pub fn not_yet(answers: &Answers, architecture: Architecture) -> Vec<NotYet> {
    let known = answers.known();
    let chosen = NOT_YET
        .iter()
        .filter(|(key, _)| *key != "architecture" && asked(key, &known))
        .flat_map(|(key, _)| {
            let answer = answers.get(key);
            let options: Vec<_> = answer.split(',').map(str::to_owned).collect();
            options.into_iter().map(|option| (*key, option))
        })
        .chain([("architecture", architecture.key().to_owned())]);
    chosen
        .filter(|(question, answer)| !built(question, answer))
        .map(|(question, answer)| NotYet { question, answer })
        .collect()
}

fn asked(key: &str, known: &crate::questions::Known) -> bool {
    crate::questions::question(key).is_ok_and(|question| (question.applies)(known))
}

/// The workloads that the architecture never carries.
pub fn not_carried(answers: &Answers, architecture: Architecture) -> Vec<Workload> {
    answers.workloads.iter().filter(|workload| !architecture.carries(*workload)).collect()
}

/// What of the answers an emitted API-first project does not carry yet. Its README and decision record say so.
pub fn partly(answers: &Answers) -> Vec<Partly> {
    let mut rows = Vec::new();
    let mut row = |question: &'static str, answer: String, missing: &'static str| {
        rows.push(Partly { question, answer, missing });
    };
    if answers.users == Users::Simple {
        row(
            "users",
            answers.users.show(),
            "sign-up, login and password reset; callers are known by API keys, issued and revoked by a command",
        );
    }
    if answers.admin == Admin::Basic {
        row("admin", answers.admin.show(), "an admin; records are read with SQL, keys managed by a command");
    }
    match answers.model_serving {
        ModelServing::HostedLlm => row(
            "model_serving",
            answers.model_serving.show(),
            "the client of a hosted model; the embedded model answers",
        ),
        ModelServing::Batch => row(
            "model_serving",
            answers.model_serving.show(),
            "jobs and a worker process; the embedded model answers at once",
        ),
        ModelServing::Minor | ModelServing::OwnCpu | ModelServing::OwnGpu => {}
    }
    match answers.consumers {
        Consumers::SpaMobile => row(
            "consumers",
            answers.consumers.show(),
            "a generated TypeScript client; the contract to generate it from is in contracts/openapi",
        ),
        Consumers::Partners => {
            row("consumers", answers.consumers.show(), "quotas a key; keys have scopes and can expire");
        }
        Consumers::OwnWeb => row(
            "consumers",
            answers.consumers.show(),
            "a browser session; a page calls through its own server, which holds the key",
        ),
    }
    if answers.compliance == Compliance::Standard {
        row(
            "compliance",
            answers.compliance.show(),
            "an audit log and a retention setting; use of the model is recorded for each key",
        );
    }
    rows
}
