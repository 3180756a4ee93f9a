//! The only place that prints. Standard output is data, standard error is talk.

#![expect(clippy::disallowed_methods, reason = "NO_COLOR and ACCESSIBLE are read here")]

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::Color;

/// Styles, by what they mean.
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const NOTE: Style = AnsiColor::Cyan.on_default();
pub(super) const CARE: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();

pub(super) struct Ui {
    quiet: bool,
    verbose: bool,
    choice: ColorChoice,
}

impl Ui {
    pub(super) fn new(quiet: bool, verbose: bool, color: Color) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        };
        Self { quiet, verbose, choice }
    }

    /// Whether somebody can be asked.
    #[expect(clippy::unused_self, reason = "what the terminal can do is asked of the ui")]
    pub(super) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether data goes to the same eyes as talk.
    pub(super) fn data_is_seen(&self) -> bool {
        io::stdout().is_terminal() && !self.quiet
    }

    /// Whether prompts must do without a moving cursor: asked for, or the terminal has none.
    #[expect(clippy::unused_self, reason = "what the terminal can do is asked of the ui")]
    pub(super) fn plain_prompts(&self) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        set("ACCESSIBLE") || std::env::var_os("TERM").is_some_and(|term| term == "dumb")
    }

    /// Whether prompts may be coloured.
    pub(super) fn coloured(&self) -> bool {
        AutoStream::new(io::stderr(), self.choice).current_choice() != ColorChoice::Never
    }

    /// Data: what a program might read. A reader that has gone away is no error.
    pub(super) fn data(&self, text: &str) {
        let _ = AutoStream::new(io::stdout(), self.choice).write_all(text.as_bytes());
    }

    /// Data for a program: JSON, indented, with a final newline.
    pub(super) fn json(&self, value: &serde_json::Value) {
        self.data(&format!("{value:#}\n"));
    }

    /// Talk: silent under `--quiet`.
    pub(super) fn talk(&self, text: &str) {
        if !self.quiet {
            self.stderr(text);
        }
    }

    /// What somebody has to read to go on: `--quiet` does not hide it.
    pub(super) fn prompt(&self, text: &str) {
        self.stderr(text);
    }

    /// Talk that only `--verbose` wants.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose {
            self.stderr(text);
        }
    }

    /// Says on a terminal what is going on, until `done` comes. The next talk takes its line.
    pub(super) fn while_doing<T>(&self, what: &str, done: impl FnOnce() -> T) -> T {
        let shown = !self.quiet && io::stderr().is_terminal();
        let (start, end) = if self.plain_prompts() { ("", "…\n") } else { ("\r", "…") };
        if shown {
            self.stderr(&format!("{FAINT}{start}{what}{end}{FAINT:#}"));
        }
        let result = done();
        if shown && !self.plain_prompts() {
            // Erase in Line (ECMA-48): what was said is over.
            let _ = io::stderr().write_all(b"\r\x1b[2K");
        }
        result
    }

    pub(super) fn warning(&self, text: &str) {
        self.talk(&format!("{CARE}warning:{CARE:#} {text}\n"));
    }

    pub(super) fn hint(&self, text: &str) {
        self.stderr(&format!("{NOTE}hint:{NOTE:#} {text}\n"));
    }

    pub(super) fn error(&self, text: &str) {
        self.stderr(&format!("{BAD}error:{BAD:#} {text}\n"));
    }

    fn stderr(&self, text: &str) {
        let _ = AutoStream::new(io::stderr(), self.choice).write_all(text.as_bytes());
    }
}
