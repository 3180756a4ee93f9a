//! The `groundplan` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    groundplan::cli::main(std::env::args_os())
}
