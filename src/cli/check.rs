//! `groundplan check`.

#![expect(clippy::disallowed_methods, reason = "git is asked which files are the repository's")]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::json;

use super::report::{CliError, Code};
use super::show::SCHEMA_VERSION;
use super::ui::{BAD, FAINT, NOTE, STRONG, Ui};
use crate::check::{CHECKS, Findings, Project, check};
use crate::lock::{LOCK, read};

/// Files larger than this are not read.
const LARGEST: u64 = 1 << 20;
/// A NUL in so many first bytes makes a file binary, as it does for git.
const SNIFFED: usize = 8000;

/// Check a project against its decision; write nothing
///
/// Looks at the files that git tracks or would add, and asks:
///   M1  do the answers in groundplan.toml still give this architecture?
///   M2  does a process keep state of its own, does SQLite serve several?
///   M3  is there large AI in a monolith, a container with root's rights?
///   D2  is there a secret in the repository?
/// `groundplan explain M1` says what a clause means. A secret that is found is never printed.
///
/// Exit codes:
///   0 nothing found · 1 no project, or its groundplan.toml cannot be read
///   3 something was found
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct CheckArgs {
    /// The project: the folder of groundplan.toml
    #[arg(default_value = ".")]
    path: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(ui: &Ui, args: &CheckArgs) -> Result<ExitCode, CliError> {
    let root = &args.path;
    let lock = root.join(LOCK);
    let text = fs::read_to_string(&lock).map_err(|error| {
        let report = CliError::new(Code::Files, format!("cannot read `{}`: {error}", lock.display()));
        if error.kind() == io::ErrorKind::NotFound {
            report.hint(format!("a project is the folder that holds {LOCK}; `groundplan new` makes one"))
        } else {
            report
        }
    })?;
    let record = read(&lock, &text)?;
    let mut project = Project::new(record);
    let mut unread = Vec::new();
    for path in listed(root) {
        match contents(&root.join(&path)) {
            Ok(Contents::Text(text)) => project.add(&path, Some(text)),
            Ok(Contents::Skipped) => project.add(&path, None),
            Ok(Contents::NoFile) => {}
            Err(error) => unread.push(format!("cannot read `{path}`: {error}")),
        }
    }
    for unread in unread {
        ui.warning(&unread);
    }
    let found = check(&project);
    if args.json {
        ui.json(&json!({
            "schema_version": SCHEMA_VERSION,
            "project": root.display().to_string(),
            "findings": found.findings,
            "notes": found.notes,
        }));
    } else {
        ui.data(&words(&found));
    }
    ui.detail(&format!("· {} checks, {} files\n", CHECKS.len(), project.paths().count()));
    if found.findings.is_empty() {
        if !args.json {
            ui.talk("nothing found\n");
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !args.json {
        ui.talk(&format!("{} found; `groundplan explain M3` says what a clause means\n", found.findings.len()));
    }
    Ok(Code::Stopped.into())
}

fn words(found: &Findings) -> String {
    let mut text = String::new();
    for finding in &found.findings {
        let (clause, path, line) = (finding.clause, &finding.path, finding.line);
        let _ = writeln!(text, "{BAD}{clause}{BAD:#} {STRONG}{path}:{line}{STRONG:#}: {}", finding.message);
        let _ = writeln!(text, "   {FAINT}remedy:{FAINT:#} {}", finding.remedy);
    }
    for note in &found.notes {
        let _ = writeln!(text, "{NOTE}note{NOTE:#} {} {}: {}", note.clause, note.path, note.message);
    }
    text
}

/// The files of the repository, from its root: what git tracks, and what it would add. Without git, what .gitignore
/// leaves.
fn listed(root: &Path) -> Vec<String> {
    from_git(root).unwrap_or_else(|| walked(root))
}

/// `None` where git is not there, or the project is not of a repository: also where a repository around ignores it.
fn from_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        // A setting of the project may name a program to run.
        .args(["-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let paths: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    paths.iter().any(|path| path == LOCK).then_some(paths)
}

fn walked(root: &Path) -> Vec<String> {
    let mut walk = ignore::WalkBuilder::new(root);
    walk.hidden(false).parents(false).ignore(false).git_global(false).git_exclude(false).require_git(false);
    walk.filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != ".venv");
    walk.build()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.path().strip_prefix(root).ok()?.to_str().map(|path| path.replace('\\', "/")))
        .filter(|path| !path.is_empty())
        .collect()
}

enum Contents {
    Text(String),
    /// Binary, or large.
    Skipped,
    /// A folder, a link, or deleted and not yet committed.
    NoFile,
}

fn contents(path: &Path) -> io::Result<Contents> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::NoFile),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Ok(Contents::NoFile);
    }
    if metadata.len() > LARGEST {
        return Ok(Contents::Skipped);
    }
    let bytes = fs::read(path)?;
    if bytes[..bytes.len().min(SNIFFED)].contains(&0) {
        return Ok(Contents::Skipped);
    }
    Ok(Contents::Text(String::from_utf8_lossy(&bytes).into_owned()))
}
