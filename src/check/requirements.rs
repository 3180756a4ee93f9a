//! The recorded answers still give the recorded architecture. The owner edits the answers in `groundplan.toml` as the
//! requirements change; the record says what was built.

use super::{Check, Project, Report};
use crate::lock::LOCK;
use crate::questions::QUESTIONS;
use crate::recommend::{ContradictionId, Recommendation, THRESHOLD, recommend};

pub(super) const CHECK: Check = Check {
    id: "requirements",
    clause: "M1",
    says: "the requirements still give this architecture",
    run,
};

/// How many single answers are named that would restore the recorded architecture.
const FLIPS: usize = 3;

fn run(project: &Project, report: &mut Report) {
    let record = &project.record;
    let now = recommend(&record.answers, &record.confirmed);
    let (built, aim) = (record.architecture, record.target);
    let line = project.line_of(LOCK, "architecture");
    for key in QUESTIONS.iter().map(|question| question.key).filter(|key| record.answers.assumed.contains(key)) {
        let default = record.answers.get(key);
        report.note(LOCK, format!("`{key}` is not answered; the default `{default}` was taken"));
    }
    if built != now.architecture {
        if now.phased && built == now.target {
            report.note(LOCK, format!("the answers would start with {} on the way to {built}", now.architecture));
        } else if now.overridden() {
            let chosen = now.architecture;
            report.finding(
                LOCK,
                line,
                format!("the answers set `architecture = {chosen}` by hand, and this project is {built}"),
                format!("move the project to {chosen}, or set the answer `architecture` to {built} or auto"),
            );
        } else {
            report.finding(LOCK, line, no_longer(project, &now), keep_or_move(project, &now));
        }
        return;
    }
    if now.overridden() {
        let recommended = now.recommended;
        if record.confirmed.contains(&ContradictionId::C18) {
            let reason = record.answers.get("architecture_reason");
            let because = if reason.is_empty() { String::new() } else { format!(", because: {reason}") };
            report.note(LOCK, format!("{built} was set by hand against {recommended} (C18, confirmed){because}"));
        } else {
            report.finding(
                LOCK,
                line,
                format!("{built} is set by hand against {recommended}, and nobody has confirmed it (C18)"),
                "set the answer `architecture` to auto, or give `architecture_reason` and add \"C18\" to `confirmed`",
            );
        }
    }
    if aim != now.target {
        report.finding(
            LOCK,
            project.line_of(LOCK, "target"),
            format!("the answers now lead to {}, and the record aims at {aim}", now.target),
            format!("set `target = \"{}\"` and revise docs/adr/0001-architecture.md", now.target),
        );
    }
}

fn no_longer(project: &Project, now: &Recommendation) -> String {
    let built = project.record.architecture;
    let mut message = format!(
        "the answers now recommend {}, and this project is {built} (business need {}, AI need {}; a need reaches at \
         {THRESHOLD}",
        now.recommended, now.axes.business, now.axes.ai
    );
    for fired in &now.rules {
        message.push_str(&format!("; {:?}: {}", fired.id, fired.says()));
    }
    message.push(')');
    let back: Vec<_> = now
        .flips
        .iter()
        .filter(|flip| flip.architecture == built)
        .take(FLIPS)
        .map(|flip| format!("{} {}", flip.question, flip.change))
        .collect();
    if !back.is_empty() {
        message.push_str(&format!("; one answer would give {built} again, such as {}", back.join(", ")));
    }
    message
}

fn keep_or_move(project: &Project, now: &Recommendation) -> String {
    let built = project.record.architecture;
    format!(
        "`groundplan recommend --answers {LOCK}` shows why; plan the move to {}, or keep {built} on purpose: the \
         answers `architecture = \"{built}\"` and `architecture_reason`, and \"C18\" in `confirmed`",
        now.architecture
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{lock, of, project};
    use super::*;

    /// Findings and notes for a lock.
    fn said(architecture: &str, target: &str, confirmed: &str, answers: &str) -> (Vec<String>, Vec<String>) {
        let found = of(&CHECK, &project(&lock(architecture, target, confirmed, answers), &[]));
        let notes = found.notes.into_iter().map(|note| note.message).filter(|note| !note.contains("not answered"));
        (found.findings.into_iter().map(|finding| finding.message).collect(), notes.collect())
    }

    const CRM: &str = "organisation = 'enterprise'\nworkloads = ['crm']\nadmin = 'heavy'\nusers = 'organisations'";
    /// A hybrid, begun with one half: a small team on one web process (R6).
    const PHASED: &str = "workloads = ['chatbot', 'business-platform']\nai_role = 'whole'\nadmin = 'heavy'\n\
                          users = 'organisations'\nresponse = 'streaming'\nteam = '1-3'\noperations = 'paas'";

    #[test]
    fn answers_that_give_the_record_are_silent() {
        let none = (Vec::new(), Vec::new());
        assert_eq!(said("api-first", "api-first", "", ""), none);
        assert_eq!(said("monolith", "monolith", "", CRM), none);
        assert_eq!(said("monolith", "hybrid", "", PHASED), none);
        assert_eq!(said("hybrid", "hybrid", "", &PHASED.replace("paas", "containers")), none);
    }

    #[test]
    fn changed_answers_are_found() {
        for (architecture, target, answers, message) in [
            ("api-first", "api-first", CRM, "now recommend monolith, and this project is api-first"),
            ("monolith", "monolith", "", "now recommend api-first, and this project is monolith"),
            // The team has grown: the second half is due.
            ("monolith", "hybrid", &PHASED.replace("paas", "containers"), "now recommend hybrid"),
            ("monolith", "monolith", PHASED, "now lead to hybrid, and the record aims at monolith"),
            ("monolith", "hybrid", CRM, "now lead to monolith, and the record aims at hybrid"),
        ] {
            let (findings, notes) = said(architecture, target, "", answers);
            assert_eq!((findings.len(), notes.len()), (1, 0), "{message}: {findings:?} {notes:?}");
            assert!(findings[0].contains(message), "{findings:?}");
        }
    }

    #[test]
    fn a_hybrid_reached_early_is_a_note() {
        let (findings, notes) = said("hybrid", "hybrid", "", PHASED);
        assert!(findings.is_empty() && notes[0].contains("would start with monolith on the way to hybrid"), "{notes:?}");
    }

    #[test]
    fn an_override_is_a_note_once_confirmed() {
        let by_hand = "architecture = 'hybrid'\narchitecture_reason = 'two teams'";
        let (findings, notes) = said("hybrid", "hybrid", "'C18'", by_hand);
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(notes, ["hybrid was set by hand against api-first (C18, confirmed), because: two teams"]);
        let (findings, _) = said("hybrid", "hybrid", "", by_hand);
        assert!(findings[0].contains("nobody has confirmed it (C18)"), "{findings:?}");
        // Of another architecture than the one built, no confirmation helps.
        let (findings, _) = said("monolith", "monolith", "'C18'", by_hand);
        assert!(findings[0].contains("by hand, and this project is monolith"), "{findings:?}");
    }

    #[test]
    fn the_finding_is_at_the_recorded_architecture_and_names_the_way_back() {
        let found = of(&CHECK, &project(&lock("monolith", "monolith", "", ""), &[]));
        assert_eq!((found.findings[0].path.as_str(), found.findings[0].line), (LOCK, 3));
        assert!(found.findings[0].remedy.contains("C18"));
        let answers = "peak_rps = 'over-1000'\nworkloads = ['inference-api', 'crm']\nadmin = 'heavy'\n\
                       users = 'organisations'\nworkflows = 'complex'";
        let (findings, _) = said("monolith", "monolith", "", answers);
        assert!(findings[0].contains("one answer would give monolith again, such as "), "{findings:?}");
    }

    #[test]
    fn an_answer_left_out_is_told() {
        let found = of(&CHECK, &project(&lock("api-first", "api-first", "", ""), &[]));
        assert!(found.notes.iter().any(|note| note.message.starts_with("`peak_rps` is not answered; the default")));
    }
}
