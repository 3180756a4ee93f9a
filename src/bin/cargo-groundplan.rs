//! `cargo groundplan`: cargo passes its own name for the subcommand as the first argument.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|arg| arg == "groundplan") {
        args.remove(1);
    }
    groundplan::cli::main(args)
}
