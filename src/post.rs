//! What is done once the files are in place: `.env` with fresh secrets, `uv lock`, git. Each step can be skipped, and
//! none can fail the run: the project is there.

#![expect(clippy::disallowed_methods, reason = "this is the module that runs programs in a new project")]

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::plan::Step;

/// Where the secrets of a checkout are.
const DOTENV: &str = ".env";
/// The value in `.env.example` that stands for a secret to be made.
const PLACEHOLDER: &str = "change-me";
/// How long `uv lock` may take.
const UV_LOCK_LIMIT: Duration = Duration::from_mins(1);

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(&'static str),
    Skipped(String),
}

/// Runs one step in a project. `interrupted` is asked while a program runs that may take long.
pub fn run(step: Step, project: &Path, interrupted: &dyn Fn() -> bool) -> Outcome {
    match step {
        Step::Dotenv => dotenv(project),
        Step::UvLock => uv_lock(project, interrupted),
        Step::Git => git(project),
    }
}

fn dotenv(project: &Path) -> Outcome {
    match write_dotenv(project) {
        Ok(()) => Outcome::Done("made .env with secrets of its own"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Outcome::Skipped("kept the .env that is there".to_owned())
        }
        Err(error) => Outcome::Skipped(format!("no .env was made ({error}); `uv run just dev` makes it")),
    }
}

fn write_dotenv(project: &Path) -> io::Result<()> {
    let example = fs::read_to_string(project.join(".env.example"))?;
    let mut text = String::with_capacity(example.len());
    for line in example.lines() {
        match line.split_once('=') {
            Some((key, PLACEHOLDER)) if !key.starts_with('#') => {
                text.push_str(key);
                text.push('=');
                text.push_str(&secret()?);
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(project.join(DOTENV))?.write_all(text.as_bytes())
}

/// 256 random bits, in hexadecimal.
fn secret() -> io::Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn uv_lock(project: &Path, interrupted: &dyn Fn() -> bool) -> Outcome {
    let mut command = Command::new("uv");
    command.args(["lock", "--quiet"]).current_dir(project);
    // The environment of whoever calls us is not the project's.
    command.env_remove("VIRTUAL_ENV");
    match within(UV_LOCK_LIMIT, &mut command, interrupted) {
        Ok(true) => Outcome::Done("locked the dependencies"),
        Ok(false) => Outcome::Skipped("`uv lock` failed; run it in the project to see why".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Outcome::Skipped("uv is not installed, so nothing is locked yet; `pip install uv` installs it".to_owned())
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            Outcome::Skipped("`uv lock` took too long; `uv run` locks on its first run".to_owned())
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            Outcome::Skipped("`uv lock` was interrupted; `uv run` locks on its first run".to_owned())
        }
        Err(error) => Outcome::Skipped(format!("`uv lock` could not be run ({error})")),
    }
}

/// Runs a program silently, and tells whether it succeeded; kills it when its time is up or it is interrupted.
fn within(limit: Duration, command: &mut Command, interrupted: &dyn Fn() -> bool) -> io::Result<bool> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    loop {
        let ended = child.try_wait()?;
        let stopped_by = if interrupted() {
            io::ErrorKind::Interrupted
        } else if let Some(status) = ended {
            return Ok(status.success());
        } else if start.elapsed() > limit {
            io::ErrorKind::TimedOut
        } else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        child.kill()?;
        child.wait()?;
        return Err(stopped_by.into());
    }
}

fn git(project: &Path) -> Outcome {
    let git = |args: &[&str]| Command::new("git").args(args).current_dir(project).stdin(Stdio::null()).output();
    let works = |args: &[&str]| git(args).is_ok_and(|output| output.status.success());
    if !works(&["--version"]) {
        return Outcome::Skipped("git is not installed".to_owned());
    }
    if works(&["rev-parse", "--git-dir"]) {
        return Outcome::Skipped(
            "inside a git repository, so nothing was committed: `git add` and `git commit` are yours".to_owned(),
        );
    }
    if !works(&["init", "--quiet", "--initial-branch=main"]) {
        return Outcome::Skipped("`git init` failed".to_owned());
    }
    if project.join(DOTENV).exists() && !works(&["check-ignore", "--quiet", DOTENV]) {
        return Outcome::Skipped(
            "made a git repository without a commit: your `.gitignore` does not leave out `.env` and its secrets"
                .to_owned(),
        );
    }
    if !works(&["add", "--all"]) {
        return Outcome::Skipped("made a git repository; `git add` failed".to_owned());
    }
    // An identity that was set, not one that git guesses from the machine.
    let known = |who| works(&["-c", "user.useConfigOnly=true", "var", who]);
    if !known("GIT_AUTHOR_IDENT") || !known("GIT_COMMITTER_IDENT") {
        return Outcome::Skipped(
            "made a git repository without a commit: git knows no name and e-mail to commit with".to_owned(),
        );
    }
    if works(&["commit", "--quiet", "--message", "Start from groundplan"]) {
        Outcome::Done("made a git repository with a first commit")
    } else {
        Outcome::Skipped("made a git repository; the first commit failed".to_owned())
    }
}
