//! The command line: parses arguments, runs one subcommand, turns its error into words and an exit code.

mod answering;
mod check;
mod explain;
mod export;
mod list;
mod new;
mod plain;
mod recommend;
mod report;
mod show;
mod ui;
mod wizard;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use ui::Ui;

const AFTER_HELP: &str = "\
Start here:
  groundplan new demo                        asks, recommends, shows, then writes ./demo
  groundplan new demo --defaults             a startup's answers, no questions
  groundplan recommend --answers FILE        the recommendation alone
  groundplan list questions                  every question with its options
  groundplan check                           whether a project still keeps to its decision

Exit codes:
  0 done · 1 the files or the project · 2 the command line · 3 stopped on purpose, or `check` found something
  70 a bug of groundplan's · 130 interrupted · 143 terminated";

/// Decides between Django, FastAPI and both for an AI web application, shows why, and emits a project that runs
#[derive(Parser)]
#[command(name = "groundplan", version, after_help = AFTER_HELP, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say only what went wrong
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Say more
    #[arg(long, short, global = true)]
    verbose: bool,

    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    New(Box<new::NewArgs>),
    Recommend(Box<recommend::RecommendArgs>),
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    List(list::ListArgs),
    Export(Box<export::ExportArgs>),
}

/// Runs the program with its arguments.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return report::usage(&error),
    };
    let ui = Ui::new(cli.quiet, cli.verbose, cli.color);
    let done = match cli.command {
        Command::New(args) => new::run(&ui, &args),
        Command::Recommend(args) => recommend::run(&ui, &args),
        Command::Check(args) => check::run(&ui, &args),
        Command::Explain(args) => explain::run(&ui, &args),
        Command::List(args) => list::run(&ui, &args),
        Command::Export(args) => export::run(&ui, &args),
    };
    match done {
        Ok(code) => code,
        Err(error) => report::error(&ui, &error),
    }
}
