//! `groundplan recommend`.

use std::process::ExitCode;

use super::answering::{AnswerArgs, Open, ask};
use super::report::CliError;
use super::show;
use super::ui::Ui;
use crate::interview::{Asker, Contradicted, Finish, Interview};
use crate::recommend::recommend;

/// Recommend an architecture and show why; write nothing
///
/// Takes every answer, also those whose part is not built yet. Contradictions are reported and stop nothing.
#[derive(clap::Args)]
pub(super) struct RecommendArgs {
    #[command(flatten)]
    answering: AnswerArgs,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(ui: &Ui, args: &RecommendArgs) -> Result<ExitCode, CliError> {
    let known = args.answering.given()?;
    let confirmed = args.answering.confirmed();
    let asked = args.answering.open(ui) == Open::Ask && args.answering.complete(known.clone()).is_err();
    let (answers, recommendation) = if asked {
        // The interview has shown the result by the time it ends.
        let finish = &mut |_: &mut dyn Asker, _: &Interview| Ok(Finish::Yes);
        let Some(result) = ask(ui, &known, &confirmed, Contradicted::Report, finish)? else {
            return Ok(ExitCode::SUCCESS);
        };
        (result.answers, result.recommendation)
    } else {
        let answers = args.answering.complete(known)?;
        let recommendation = recommend(&answers, &confirmed);
        (answers, recommendation)
    };
    args.answering.warn_of_idle_confirmations(ui, &recommendation);
    if args.json {
        ui.json(&show::recommendation_json(&recommendation));
    } else if !asked || !ui.data_is_seen() {
        ui.data(&show::recommendation(&answers, &recommendation));
    }
    Ok(ExitCode::SUCCESS)
}
