//! `groundplan export`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::answering::{AnswerArgs, decide};
use super::new;
use super::report::{CliError, Code};
use super::ui::Ui;
use crate::export;
use crate::questions::{Known, missing};

/// Write the project as a flat template for stock cargo-generate
///
/// `cargo generate --path DIR --name demo` then gives the same files as `groundplan new demo` with these answers, but
/// for the stored base that updates need. The name and the description stay open.
#[derive(clap::Args)]
pub(super) struct ExportArgs {
    /// The folder to write
    dir: PathBuf,

    #[command(flatten)]
    answering: AnswerArgs,
}

pub(super) fn run(ui: &Ui, args: &ExportArgs) -> Result<ExitCode, CliError> {
    let mut known = args.answering.given()?;
    let description = known.clone().complete().get("description");
    stand_in(&mut known)?;
    debug_assert!(missing(&known).iter().all(|question| question.key != "name"));
    let answers = args.answering.complete(known)?;
    let recommendation = decide(&answers, &args.answering.confirmed())?;
    args.answering.warn_of_idle_confirmations(ui, &recommendation);
    let plan = export::template(&new::planned(&answers, &recommendation)?, &description);
    let target = new::cleared(ui, &args.dir)?;
    let kept = new::write(&plan, &target, &new::Signals::listen()?)?;
    if !kept.is_empty() {
        return Err(new::kept_files(&kept));
    }
    ui.talk(&format!(
        "Wrote {} files to {}. Use it with `cargo generate --path {} --name demo`.\n",
        plan.files.len(),
        args.dir.display(),
        args.dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Puts the stand-ins for name and description into the answers.
fn stand_in(known: &mut Known) -> Result<(), CliError> {
    for (key, value) in [("name", export::NAME), ("description", export::DESCRIPTION)] {
        known.set(key, value).map_err(|error| CliError::new(Code::Bug, error.to_string()))?;
    }
    Ok(())
}
