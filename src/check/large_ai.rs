//! A monolith does not carry large AI, in the sense of the recommendation engine.

use super::{Check, Project, Report};
use crate::architecture::Architecture;
use crate::lock::LOCK;
use crate::recommend::{ContradictionId, LARGE_AI, large_ai};

pub(super) const CHECK: Check = Check { id: "large-ai", clause: "M3", says: "no large AI in a monolith", run };

fn run(project: &Project, report: &mut Report) {
    let record = &project.record;
    if record.architecture != Architecture::Monolith || !large_ai(&record.answers) {
        return;
    }
    let what = format!("the AI has become large for a monolith: {LARGE_AI}");
    let by_hand = Architecture::chosen(record.answers.architecture) == Some(Architecture::Monolith);
    if by_hand && record.confirmed.contains(&ContradictionId::C18) {
        report.note(LOCK, format!("{what}; the monolith was set by hand (C18, confirmed)"));
        return;
    }
    report.finding(
        LOCK,
        project.line_of(LOCK, "architecture"),
        what,
        "move the AI into a service of its own (hybrid), take the model out of the request path (`model_serving = \
         batch`), or correct the answers",
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{lock, of, project};
    use super::*;

    #[test]
    fn large_ai_is_found_in_a_monolith_alone() {
        let peak = "peak_rps = 'over-1000'";
        for (architecture, confirmed, answers, expected) in [
            ("monolith", "", peak, (1, 0)),
            ("monolith", "", "model_serving = 'own-gpu'", (1, 0)),
            ("monolith", "", "teams = 'several'\nai_role = 'core'", (1, 0)),
            ("monolith", "'C18'", "peak_rps = 'over-1000'\narchitecture = 'monolith'", (0, 1)),
            // Confirmed for an override that is no longer there.
            ("monolith", "'C18'", peak, (1, 0)),
            ("monolith", "", "peak_rps = '10-100'", (0, 0)),
            ("monolith", "", "peak_rps = 'over-1000'\nresponse = 'batch'", (0, 0)),
            ("monolith", "", "peak_rps = 'over-1000'\nworkloads = ['crm']", (0, 0)),
            ("api-first", "", peak, (0, 0)),
            ("hybrid", "", peak, (0, 0)),
        ] {
            let found = of(&CHECK, &project(&lock(architecture, architecture, confirmed, answers), &[]));
            assert_eq!((found.findings.len(), found.notes.len()), expected, "{architecture} {answers}");
        }
    }
}
