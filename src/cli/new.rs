//! `groundplan new`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use super::answering::{AnswerArgs, Open, ask, decide};
use super::report::{CliError, Code};
use super::show;
use super::ui::{FAINT, GOOD, STRONG, Ui};
use crate::apply::{self, Target};
use crate::blueprint::blueprint;
use crate::interview::{AskError, Asker, Contradicted, Finish, Interview, capitalised};
use crate::layer::Library;
use crate::lock::seal;
use crate::plan::{Plan, Step, plan};
use crate::post::{self, Outcome};
use crate::questions::{Answer, Answers, Known, Name};
use crate::recommend::Recommendation;

/// Create a project: ask, recommend, show, write
///
/// Asks on a terminal for what flags and `--answers FILE` leave open; without one, or with `--defaults`, it asks
/// nothing. Writes all of the project or nothing.
#[derive(clap::Args)]
pub(super) struct NewArgs {
    /// Where to write it; by default a folder of the project's name
    path: Option<PathBuf>,

    #[command(flatten)]
    answering: AnswerArgs,

    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Print the plan as JSON
    #[arg(long)]
    json: bool,

    /// Make no git repository
    #[arg(long)]
    no_git: bool,

    /// Do not lock the dependencies
    #[arg(long)]
    no_uv_lock: bool,
}

pub(super) fn run(ui: &Ui, args: &NewArgs) -> Result<ExitCode, CliError> {
    let mut known = args.answering.given()?;
    if let Some(path) = &args.path {
        name_from_path(&mut known, path)?;
    }
    let confirmed = args.answering.confirmed();
    let (answers, recommendation) = if args.answering.open(ui) == Open::Ask {
        if let Some(path) = &args.path {
            // Better said before the questions than after them.
            apply::inspect(path)?;
        }
        let mut finish = |asker: &mut dyn Asker, result: &Interview| last_question(ui, args, asker, result);
        let Some(result) = ask(ui, &known, &confirmed, Contradicted::Settle, &mut finish)? else {
            ui.talk("Nothing was written.\n");
            return Ok(Code::Stopped.into());
        };
        (result.answers, result.recommendation)
    } else {
        let answers = args.answering.complete(known)?;
        let recommendation = decide(&answers, &confirmed)?;
        if !args.json {
            ui.talk(&format!("{}\n", show::recommendation(&answers, &recommendation)));
        }
        (answers, recommendation)
    };
    args.answering.warn_of_idle_confirmations(ui, &recommendation);
    build(ui, args, &answers, &recommendation)
}

/// PATH gives the name where nothing else does; `.` is the current folder.
fn name_from_path(known: &mut Known, path: &Path) -> Result<(), CliError> {
    if known.name.is_some() {
        return Ok(());
    }
    let named = match path.file_name() {
        Some(name) => name.to_owned(),
        None => std::fs::canonicalize(path).ok().and_then(|path| path.file_name().map(ToOwned::to_owned)).ok_or_else(
            || {
                CliError::new(Code::Usage, format!("`{}` gives the project no name", path.display()))
                    .hint("name it with `--name`")
            },
        )?,
    };
    let name = Name::parse(&named.to_string_lossy()).map_err(|invalid| {
        CliError::new(Code::Usage, format!("the folder cannot name the project: {invalid}"))
            .hint("name it with `--name`")
    })?;
    known.name = Some(name);
    Ok(())
}

/// Shows the files, and asks whether to write them.
fn last_question(ui: &Ui, args: &NewArgs, asker: &mut dyn Asker, result: &Interview) -> Result<Finish, AskError> {
    let target = target_path(args, &result.answers);
    let plan = match planned(&result.answers, &result.recommendation) {
        Ok(plan) => plan,
        Err(error) if error.code == Code::Bug => return Ok(Finish::Yes),
        Err(error) => return Ok(back_because(&error, asker)),
    };
    if let Err(error) = apply::inspect(&target) {
        // The name can be changed, a PATH cannot.
        let error = CliError::from(error).hint("or change the `name`");
        return Ok(if args.path.is_none() { back_because(&error, asker) } else { Finish::Yes });
    }
    if args.dry_run {
        return Ok(Finish::Yes);
    }
    ui.talk(&show::tree(&plan, &target.display().to_string()));
    let question = format!("Write these {} files to {}?", plan.files.len(), target.display());
    Ok(match asker.confirm(&question)? {
        Some(true) => Finish::Yes,
        Some(false) => Finish::No,
        None => Finish::Back,
    })
}

/// Says what is wrong with the answers, and goes back to them.
fn back_because(error: &CliError, asker: &mut dyn Asker) -> Finish {
    asker.say(&format!("{}.", capitalised(&error.message)));
    for hint in &error.hints {
        asker.say(&format!("{}.", capitalised(hint)));
    }
    Finish::Back
}

fn target_path(args: &NewArgs, answers: &Answers) -> PathBuf {
    args.path.clone().unwrap_or_else(|| PathBuf::from(answers.name.show()))
}

/// Plans, then writes and finishes, or shows.
fn build(ui: &Ui, args: &NewArgs, answers: &Answers, recommendation: &Recommendation) -> Result<ExitCode, CliError> {
    let mut plan = planned(answers, recommendation)?;
    plan.steps.retain(|step| match step {
        Step::Dotenv => true,
        Step::UvLock => !args.no_uv_lock,
        Step::Git => !args.no_git,
    });
    let path = target_path(args, answers);
    let shown = path.display().to_string();
    let json = || {
        if args.json {
            ui.json(&show::plan_json(recommendation, &shown, &plan));
        }
    };
    if args.dry_run {
        apply::inspect(&path)?;
        if !args.json {
            ui.data(&show::tree(&plan, &shown));
        }
        json();
        return Ok(ExitCode::SUCCESS);
    }
    let target = cleared(ui, &path)?;
    let signals = Signals::listen()?;
    let kept = write(&plan, &target, &signals)?;
    finish(ui, &plan, &path, &signals);
    json();
    if signals.any() {
        return Err(
            CliError::new(signals.code(), "interrupted").hint("the project is there; what comes after is not done")
        );
    }
    next_steps(ui, &path);
    if kept.is_empty() { Ok(ExitCode::SUCCESS) } else { Err(kept_files(&kept)) }
}

/// The plan of answers, sealed.
pub(super) fn planned(answers: &Answers, recommendation: &Recommendation) -> Result<Plan, CliError> {
    let blueprint = blueprint(answers, recommendation)?;
    let mut plan = plan(&Library::embedded()?, &blueprint)?;
    seal(&mut plan, answers, recommendation, &blueprint);
    Ok(plan)
}

/// The target, cleared of what a killed run left there, which is named.
pub(super) fn cleared(ui: &Ui, path: &Path) -> Result<Target, CliError> {
    for left in apply::sweep(path)? {
        ui.warning(&format!("removed `{}`, which an interrupted run had left", left.display()));
    }
    Ok(apply::inspect(path)?)
}

/// SIGINT and SIGTERM, noted instead of died of, so that what was begun can be taken back.
pub(super) struct Signals {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, CliError> {
        let signals = Self { interrupted: Arc::default(), terminated: Arc::default() };
        for (signal, flag) in [(SIGINT, &signals.interrupted), (SIGTERM, &signals.terminated)] {
            signal_hook::flag::register(signal, Arc::clone(flag))
                .map_err(|error| CliError::new(Code::Bug, format!("cannot listen to signals: {error}")))?;
        }
        Ok(signals)
    }

    fn any(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.terminated.load(Ordering::Relaxed)
    }

    fn code(&self) -> Code {
        if self.terminated.load(Ordering::Relaxed) { Code::Terminated } else { Code::Interrupted }
    }
}

/// Writes a plan; an interruption takes everything back. Returns the files of the user's that were kept.
pub(super) fn write(plan: &Plan, target: &Target, signals: &Signals) -> Result<Vec<String>, CliError> {
    match apply::write(plan, target, &|| signals.any()) {
        Ok(written) => Ok(written.kept.iter().map(ToString::to_string).collect()),
        Err(error) => {
            let mut report = CliError::from(error);
            if report.code == Code::Interrupted {
                report.code = signals.code();
            }
            Err(report)
        }
    }
}

/// Runs the steps after the files, telling of each; an interruption ends them.
fn finish(ui: &Ui, plan: &Plan, project: &Path, signals: &Signals) {
    ui.talk(&format!("{GOOD}✓{GOOD:#} wrote {} files\n", plan.files.len()));
    for step in &plan.steps {
        if signals.any() {
            return;
        }
        ui.detail(&format!("{FAINT}· {}{FAINT:#}\n", step.key()));
        match ui.while_doing(step.doing(), || post::run(*step, project, &|| signals.any())) {
            Outcome::Done(what) => ui.talk(&format!("{GOOD}✓{GOOD:#} {what}\n")),
            Outcome::Skipped(why) => ui.talk(&format!("{FAINT}–{FAINT:#} {why}\n")),
        }
    }
}

pub(super) fn kept_files(kept: &[String]) -> CliError {
    let error = CliError::new(Code::Files, "everything was written but the files that were there already");
    let error = kept.iter().fold(error, |error, path| error.hint(format!("`{path}` stays as it was")));
    if kept.iter().any(|path| path == ".gitignore") {
        error.hint("your `.gitignore` must leave out `.env`, `.venv/` and `var/`")
    } else {
        error
    }
}

/// The two commands to type next.
fn next_steps(ui: &Ui, path: &Path) {
    let folder = path.to_string_lossy();
    ui.talk("\nNext:\n");
    if folder != "." {
        ui.talk(&format!("  {STRONG}cd {}{STRONG:#}\n", shell_word(&folder)));
    }
    ui.talk(&format!("  {STRONG}uv run just dev{STRONG:#}\n"));
}

/// Text as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._/+-".contains(c);
    if text.chars().all(plain) && !text.starts_with('-') {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
#[test]
fn a_folder_is_typed_as_one_word() {
    for (folder, word) in [("demo", "demo"), ("../a/b-1", "../a/b-1"), ("my app", "'my app'"), ("it's", r"'it'\''s'")] {
        assert_eq!(shell_word(folder), word);
    }
}
