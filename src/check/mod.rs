//! Fitness checks: whether a project still is what its decision says it is.
//!
//! A check is one clause of the article turned into a question that files can answer: a function from a read-only view
//! of the project to findings, each a place, what is wrong there, and what to do. It reads no file system, runs nothing
//! and guesses nothing: what it cannot tell it leaves out or says in a note, because a check that is wrong once is
//! switched off for good. A file a check; adding one is that file and its line in `checks!`. Reading the project and
//! printing the report are left to the command line.

mod project;
mod python;
mod yaml;

use serde::Serialize;

pub use project::Project;

/// One fitness check.
pub struct Check {
    /// Stable name.
    pub id: &'static str,
    /// The clause of the article that it holds the project to.
    pub clause: &'static str,
    /// What must hold, in words.
    pub says: &'static str,
    run: fn(&Project, &mut Report),
}

macro_rules! checks {
    ($($module:ident,)+) => {
        $(mod $module;)+

        /// Every check, in the order in which they report.
        pub static CHECKS: &[Check] = &[$($module::CHECK),+];
    };
}

checks! {
    requirements,
    process_state,
    sqlite_processes,
    large_ai,
    secrets,
    root_containers,
}

/// Something that breaks a clause, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub clause: &'static str,
    pub check: &'static str,
    pub path: String,
    /// Counted from one.
    pub line: usize,
    pub message: String,
    pub remedy: String,
}

/// What is worth knowing and breaks nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    pub clause: &'static str,
    pub check: &'static str,
    pub path: String,
    pub message: String,
}

/// What the checks have to say; the checks in their order, each by path and line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    pub findings: Vec<Finding>,
    pub notes: Vec<Note>,
}

/// Where one check reports to.
struct Report {
    clause: &'static str,
    check: &'static str,
    findings: Vec<Finding>,
    notes: Vec<Note>,
}

impl Report {
    fn of(check: &Check) -> Self {
        Self { clause: check.clause, check: check.id, findings: Vec::new(), notes: Vec::new() }
    }

    fn finding(&mut self, path: &str, line: usize, message: impl Into<String>, remedy: impl Into<String>) {
        let (clause, check) = (self.clause, self.check);
        let (message, remedy) = (message.into(), remedy.into());
        self.findings.push(Finding { clause, check, path: path.to_owned(), line, message, remedy });
    }

    fn note(&mut self, path: &str, message: impl Into<String>) {
        let (clause, check) = (self.clause, self.check);
        self.notes.push(Note { clause, check, path: path.to_owned(), message: message.into() });
    }
}

/// Runs every check.
pub fn check(project: &Project) -> Findings {
    let mut all = Findings::default();
    for check in CHECKS {
        let mut report = Report::of(check);
        (check.run)(project, &mut report);
        report.findings.sort();
        report.findings.dedup();
        report.notes.sort();
        report.notes.dedup();
        all.findings.extend(report.findings);
        all.notes.extend(report.notes);
    }
    all
}

#[cfg(test)]
mod testing {
    use super::{Check, Findings, Project, Report};
    use crate::lock::{LOCK, read};

    /// A lock as `new` writes it, from answers in TOML.
    pub(super) fn lock(architecture: &str, target: &str, confirmed: &str, answers: &str) -> String {
        format!(
            "schema = 1\ngroundplan = \"0.1.0\"\narchitecture = \"{architecture}\"\ntarget = \"{target}\"\n\
             confirmed = [{confirmed}]\n\n[answers]\nname = \"demo\"\n{answers}\n"
        )
    }

    /// A project of a lock and further files.
    pub(super) fn project(lock: &str, files: &[(&str, &str)]) -> Project {
        let record = read(std::path::Path::new(LOCK), lock).unwrap();
        let mut project = Project::new(record);
        project.add(LOCK, Some(lock.to_owned()));
        for (path, text) in files {
            project.add(path, Some((*text).to_owned()));
        }
        project
    }

    /// What one check says of a project.
    pub(super) fn of(check: &Check, project: &Project) -> Findings {
        let mut report = Report::of(check);
        (check.run)(project, &mut report);
        Findings { findings: report.findings, notes: report.notes }
    }

    /// The places that a check names in a startup's API-first project with one file.
    pub(super) fn places(check: &Check, path: &str, text: &str) -> Vec<usize> {
        let project = project(&lock("api-first", "api-first", "", ""), &[(path, text)]);
        of(check, &project).findings.into_iter().map(|finding| finding.line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::CHECKS;
    use crate::clauses::clause;

    #[test]
    fn every_check_cites_a_clause_and_has_a_name_of_its_own() {
        for (position, check) in CHECKS.iter().enumerate() {
            assert!(clause(check.clause).is_some(), "{}", check.id);
            assert!(CHECKS[..position].iter().all(|other| other.id != check.id), "{}", check.id);
        }
    }
}
