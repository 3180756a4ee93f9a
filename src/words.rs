//! What the decision says, in sentences: the same ones for the terminal, the README and the decision record.

use crate::architecture::Architecture;
use crate::questions::Answers;
use crate::recommend::{Recommendation, Severity, THRESHOLD};

/// Why this architecture, in one or two sentences.
pub fn sentence(recommendation: &Recommendation) -> String {
    let axes = recommendation.axes;
    let reaches = |points: i32| if points >= THRESHOLD { "reaches" } else { "stays below" };
    let sums = format!(
        "The business need {} the threshold of {THRESHOLD} points ({}), the AI need {} it ({})",
        reaches(axes.business),
        axes.business,
        reaches(axes.ai),
        axes.ai
    );
    let by_rule = recommendation
        .rules
        .last()
        .map(|fired| format!("; {} decides: {}", id(fired.id), fired.says()))
        .unwrap_or_default();
    let result = if recommendation.overridden() {
        format!(
            "The answers recommend {}; {} was chosen by hand.",
            article(recommendation.recommended),
            article(recommendation.architecture)
        )
    } else if recommendation.phased {
        format!("So it starts as {}, with the hybrid as the aim.", article(recommendation.architecture))
    } else {
        format!("So it is {}.", article(recommendation.architecture))
    };
    format!("{sums}{by_rule}. {result}")
}

fn id(rule: crate::recommend::RuleId) -> String {
    format!("{rule:?}")
}

/// `an API-first service`, `a monolith`, `a hybrid`.
pub fn article(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::ApiFirst => "an API-first service",
        Architecture::Hybrid => "a hybrid",
        Architecture::Monolith => "a monolith",
    }
}

/// What an architecture is taken for, in one sentence that depends on nothing else: the README's.
pub fn because(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::ApiFirst => {
            "It is an API-first service on FastAPI, because the AI is the product and programs are its callers."
        }
        Architecture::Monolith => "It is a Django monolith, because the business around the AI is the larger part.",
        Architecture::Hybrid => {
            "It is a hybrid, because a business platform and an AI service are both wanted, each on its own terms."
        }
    }
}

/// What each architecture needs, and how far the answers get it there.
pub fn options(recommendation: &Recommendation) -> Vec<(Architecture, String)> {
    let axes = recommendation.axes;
    let of = |name: &str, points: i32| format!("{name} need {points}, reaches at {THRESHOLD}");
    let business = of("business", axes.business);
    let ai = of("AI", axes.ai);
    [
        (Architecture::Monolith, business.clone()),
        (Architecture::ApiFirst, ai.clone()),
        (Architecture::Hybrid, format!("{business}; {ai}")),
    ]
    .into_iter()
    .map(|(architecture, score)| {
        let mut standing = vec![score];
        if architecture == recommendation.architecture {
            standing.push("chosen".to_owned());
        }
        if recommendation.overridden() && architecture == recommendation.recommended {
            standing.push("recommended".to_owned());
        }
        if recommendation.phased && architecture == recommendation.target {
            standing.push("the aim".to_owned());
        }
        if architecture == recommendation.runner_up {
            standing.push("runner-up".to_owned());
        }
        (architecture, standing.join("; "))
    })
    .collect()
}

/// What follows from the architecture, good and bad, each with its clause.
pub fn consequences(architecture: Architecture) -> &'static [&'static str] {
    match architecture {
        Architecture::ApiFirst => &[
            "Requests are served asynchronously and the API documents itself (F1, F2).",
            "Processes keep no state of their own, so more of them serve more callers (F4, M2).",
            "What Django brings built in has to be added: accounts, a full admin, data management (F5).",
            "The ecosystem is smaller than Django's (F6).",
        ],
        Architecture::Monolith => &[
            "Accounts, admin, forms and data models come built in (D1, D3).",
            "One application is released and operated as one (D6).",
            "Real-time work and many simultaneous model calls are its weak side (D5).",
        ],
        Architecture::Hybrid => &[
            "Each half does what it is good at, and scales and is released alone (E2, P3).",
            "Two applications and the contract between them have to be operated (M3).",
        ],
    }
}

/// What would reopen the decision, beyond a changed answer.
pub fn reopened_by(recommendation: &Recommendation) -> Vec<String> {
    let mut triggers = Vec::new();
    if recommendation.phased {
        triggers.push(
            "The second half is built when a second team works on it, when it has to be released or scaled alone, or \
             when the peak passes 100 model calls a second: then grow it into the hybrid."
                .to_owned(),
        );
    }
    match recommendation.architecture {
        Architecture::ApiFirst => triggers.push(
            "Staff starts to work in a back office, or users belong to organisations with roles: a hybrid (S2, E2)."
                .to_owned(),
        ),
        Architecture::Monolith => triggers
            .push(format!("The AI becomes large, which means that {}: a hybrid (M3).", crate::recommend::LARGE_AI)),
        Architecture::Hybrid => {
            triggers.push("One half has no work of its own any more: fold it into the other (W2).".to_owned());
        }
    }
    triggers
}

/// Each contradiction as a line of the record.
pub fn contradictions(recommendation: &Recommendation) -> Vec<String> {
    recommendation
        .contradictions
        .iter()
        .map(|raised| {
            let state = match (raised.severity, raised.confirmed) {
                (Severity::Refuse, _) => "refused",
                (Severity::Ask, true) => "confirmed",
                (Severity::Ask, false) => "not confirmed",
                (Severity::Warn, _) => "noted",
            };
            format!("{} ({state}): {}", raised.id, raised.message)
        })
        .collect()
}

/// The answer to a question, in the user's words where it is an option.
pub fn answer(answers: &Answers, key: &str) -> String {
    answers.get(key).replace(',', ", ")
}
