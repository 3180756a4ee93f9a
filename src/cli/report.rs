//! Errors into words and exit codes.

use std::error::Error;
use std::process::ExitCode;

use super::ui::Ui;
use crate::answers::AnswersError;
use crate::apply::ApplyError;
use crate::availability::built_workloads;
use crate::blueprint::BlueprintError;
use crate::interview::AskError;
use crate::layer::LibraryError;
use crate::lock::RecordError;
use crate::plan::PlanError;

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// The user's files or project.
    Files = 1,
    /// The command line.
    Usage = 2,
    /// Stopped on purpose, or `check` found something.
    Stopped = 3,
    /// A bug of ours (`EX_SOFTWARE` of sysexits.h).
    Bug = 70,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// What is told to the user: what could not be done, why, and what to do next.
#[derive(Debug)]
pub(super) struct CliError {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) hints: Vec<String>,
}

impl CliError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hints: Vec::new() }
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Tells an error and gives its exit code.
pub(super) fn error(ui: &Ui, error: &CliError) -> ExitCode {
    ui.error(&error.message);
    for hint in &error.hints {
        ui.hint(hint);
    }
    if error.code == Code::Bug {
        ui.hint("this is a bug of groundplan's; please report it with the answers that led to it");
    }
    error.code.into()
}

/// Tells what clap has to say: help and version to standard output, errors to standard error.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Code::Usage.into() } else { ExitCode::SUCCESS }
}

/// The message of an error with those of its causes.
fn with_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(": ");
        message.push_str(&error.to_string());
        cause = error.source();
    }
    message
}

impl From<AnswersError> for CliError {
    fn from(error: AnswersError) -> Self {
        let report = Self::new(Code::Files, with_causes(&error));
        match error {
            AnswersError::UnknownKey { unknown, .. } => match unknown.nearest {
                Some(nearest) => report.hint(format!("did you mean `{nearest}`?")),
                None => report.hint("`groundplan list questions` shows every key"),
            },
            AnswersError::Read { .. }
            | AnswersError::Toml { .. }
            | AnswersError::Invalid { .. }
            | AnswersError::Type { .. } => report,
        }
    }
}

impl From<RecordError> for CliError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Answers(error) => error.into(),
            RecordError::Schema { .. } => Self::new(Code::Files, error.to_string())
                .hint("the project was made by another version of groundplan: use that one"),
            RecordError::Missing { .. } | RecordError::Value { .. } => Self::new(Code::Files, error.to_string())
                .hint("restore the file from git; of it, only [answers] and `confirmed` are meant to be edited"),
        }
    }
}

impl From<BlueprintError> for CliError {
    fn from(error: BlueprintError) -> Self {
        let report = Self::new(Code::Files, error.to_string());
        match error {
            BlueprintError::NotCarried { .. } => {
                report.hint("choose `--architecture hybrid` or `--architecture monolith`")
            }
            BlueprintError::NotYet { .. } => report
                .hint(format!("this version builds the workloads {}", built_workloads()))
                .hint("`groundplan recommend` takes every answer; `groundplan list questions` marks what is not built"),
        }
    }
}

impl From<PlanError> for CliError {
    fn from(error: PlanError) -> Self {
        Self::new(Code::Bug, with_causes(&error))
    }
}

impl From<LibraryError> for CliError {
    fn from(error: LibraryError) -> Self {
        Self::new(Code::Bug, with_causes(&error))
    }
}

impl From<ApplyError> for CliError {
    fn from(error: ApplyError) -> Self {
        let code = match error {
            ApplyError::Interrupted => Code::Interrupted,
            ApplyError::NotEmpty { .. }
            | ApplyError::NotAFolder { .. }
            | ApplyError::Busy { .. }
            | ApplyError::Write { .. } => Code::Files,
        };
        let report = Self::new(code, with_causes(&error));
        match error {
            ApplyError::NotEmpty { .. } | ApplyError::NotAFolder { .. } => {
                report.hint("name another folder, or move this one away")
            }
            ApplyError::Interrupted => report.hint("nothing was written"),
            ApplyError::Busy { .. } | ApplyError::Write { .. } => report,
        }
    }
}

impl From<AskError> for CliError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Interrupted => Self::new(Code::Interrupted, "interrupted").hint("nothing was written"),
            AskError::Terminal(_) => Self::new(Code::Usage, with_causes(&error))
                .hint("answer by flags or `--answers FILE`, or set ACCESSIBLE=1 for plain prompts"),
        }
    }
}
