//! One run of the program without a terminal, and what came of it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{TestEnv, Tree, assert_same, tree};

/// A guard against hanging, not a measurement.
const LIMIT: Duration = Duration::from_mins(2);

/// A run that has not begun.
pub(crate) struct Run<'a> {
    env: &'a TestEnv,
    command: Command,
}

impl<'a> Run<'a> {
    pub(super) fn new(env: &'a TestEnv, program: &Path) -> Self {
        let command = env.command(program);
        Self { env, command }
    }

    /// Adds the words of a line; an argument with a space takes `arg`.
    pub(crate) fn words(mut self, line: &str) -> Self {
        self.command.args(line.split_whitespace());
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn set(mut self, variable: &str, value: &str) -> Self {
        self.command.env(variable, value);
        self
    }

    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// The command, to be started by the test itself.
    pub(crate) fn command(mut self) -> Command {
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.command
    }

    /// Runs it, and expects an exit code.
    pub(crate) fn exits(self, code: i32) -> Outcome {
        let before = tree(self.env.root());
        let line = format!("{:?}", self.command.get_args().collect::<Vec<_>>());
        let output = assert_cmd::Command::from_std(self.command).timeout(LIMIT).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let outcome =
            Outcome { before, after: tree(self.env.root()), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert_eq!(output.status.code(), Some(code), "{line}\n{}\n{}", outcome.stdout, outcome.stderr);
        outcome
    }
}

/// What a run did: to both streams, and to the test's whole world.
pub(crate) struct Outcome {
    before: Tree,
    after: Tree,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard error holds a text.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "does not say `{text}`:\n{}", self.stderr);
        self
    }

    pub(crate) fn does_not_say(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text), "says `{text}`:\n{}", self.stderr);
        self
    }

    pub(crate) fn says_nothing(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }

    /// Standard output holds a text.
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "does not print `{text}`:\n{}", self.stdout);
        self
    }

    pub(crate) fn does_not_print(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text), "prints `{text}`:\n{}", self.stdout);
        self
    }

    pub(crate) fn prints_nothing(self) -> Self {
        assert_eq!(self.stdout, "");
        self
    }

    /// Nothing was written, removed or changed, in the folder to work in or in the home.
    pub(crate) fn changes_nothing(self) -> Self {
        assert_same(&self.before, &self.after);
        self
    }

    /// Standard output, which must be one JSON value and nothing else.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{}", self.stdout))
    }
}
