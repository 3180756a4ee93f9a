//! `groundplan list`.

use std::process::ExitCode;

use clap::ValueEnum;

use super::report::CliError;
use super::ui::{STRONG, Ui};
use crate::availability::built;
use crate::examples::EXAMPLES;
use crate::layer::Library;
use crate::questions::{Opt, QUESTIONS, question};

/// List layers, questions, workloads or examples
#[derive(clap::Args)]
pub(super) struct ListArgs {
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// What a project can be made of
    Layers,
    /// Every question with its options
    Questions,
    /// What an application can do
    Workloads,
    /// Answers of named situations, to be read with `explain`
    Examples,
}

pub(super) fn run(ui: &Ui, args: &ListArgs) -> Result<ExitCode, CliError> {
    let text = match args.what {
        What::Layers => Library::embedded()?
            .layers
            .values()
            .map(|layer| format!("{:<24} {}\n", layer.id, layer.manifest.summary))
            .collect(),
        What::Questions => QUESTIONS
            .iter()
            .map(|question| {
                let options: String = question.options.iter().map(|option| option_line(question.key, option)).collect();
                format!("{STRONG}{}{STRONG:#}: {}\n{options}", question.key, question.prompt)
            })
            .collect(),
        What::Workloads => {
            let workloads = question("workloads").expect("workloads are asked for");
            workloads.options.iter().map(|option| option_line(workloads.key, option)).collect()
        }
        What::Examples => {
            EXAMPLES.iter().map(|example| format!("{:<34} {}\n", example.name, example.about)).collect::<String>()
        }
    };
    ui.data(&text);
    Ok(ExitCode::SUCCESS)
}

fn option_line(key: &str, option: &Opt) -> String {
    let not_built = if built(key, option.key) { "" } else { "  (not yet available)" };
    format!("  {:<20} {}{not_built}\n", option.key, option.means)
}
