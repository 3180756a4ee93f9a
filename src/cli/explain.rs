//! `groundplan explain`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use super::report::{CliError, Code};
use super::ui::{FAINT, STRONG, Ui};
use crate::answers;
use crate::blueprint::blueprint;
use crate::clauses::{CLAUSES, SOURCE, clause};
use crate::examples::EXAMPLES;
use crate::layer::Library;
use crate::lock::{BASE, LOCK};
use crate::plan::{Plan, plan};
use crate::questions::{Opt, QUESTIONS, Question, nearest};
use crate::recommend::{CONTRADICTIONS, RULES, recommend};

/// Explain a file of a project, a clause, rule, contradiction, question, option or example
///
/// Takes a path if it exists in the project of the current folder; else an id (`M3`, `R3`, `C9`), a question
/// (`question:admin` to be exact), an option (`option:heavy` to be exact) or an example.
#[derive(clap::Args)]
pub(super) struct ExplainArgs {
    #[arg(value_name = "PATH|ID|QUESTION|OPTION|EXAMPLE")]
    what: String,
}

pub(super) fn run(ui: &Ui, args: &ExplainArgs) -> Result<ExitCode, CliError> {
    let what = args.what.as_str();
    let text = if let Some(key) = what.strip_prefix("question:") {
        question_text(key)
    } else if let Some(key) = what.strip_prefix("option:") {
        option_text(key)
    } else if Path::new(what).exists() && Path::new(LOCK).exists() {
        Some(file_text(what)?)
    } else {
        id_text(what).or_else(|| question_text(what)).or_else(|| option_text(what)).or_else(|| example_text(what))
    };
    let text = text.ok_or_else(|| unknown(what))?;
    ui.data(&text);
    Ok(ExitCode::SUCCESS)
}

fn unknown(what: &str) -> CliError {
    let words = CLAUSES
        .iter()
        .map(|clause| clause.id)
        .chain(QUESTIONS.iter().map(|question| question.key))
        .chain(QUESTIONS.iter().flat_map(|question| question.options).map(|option| option.key))
        .chain(EXAMPLES.iter().map(|example| example.name));
    let error = CliError::new(Code::Usage, format!("there is nothing called `{what}` to explain"));
    match nearest(what, words) {
        Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
        None => error.hint("a path is explained inside a project, where groundplan.toml is"),
    }
}

fn id_text(id: &str) -> Option<String> {
    if let Some(clause) = clause(id) {
        return Some(format!("{STRONG}{}{STRONG:#}: {}\n{FAINT}{SOURCE}{FAINT:#}\n", clause.id, clause.says));
    }
    if let Some(rule) = RULES.iter().find(|rule| format!("{:?}", rule.id).eq_ignore_ascii_case(id)) {
        return Some(format!(
            "{STRONG}{:?}{STRONG:#}: {}.\n{}",
            rule.id,
            rule.says,
            cited(rule.clauses.iter().copied())
        ));
    }
    let row = CONTRADICTIONS.iter().find(|row| row.id.key().eq_ignore_ascii_case(id))?;
    let severity = format!("{:?}", row.severity).to_lowercase();
    Some(format!("{STRONG}{}{STRONG:#} ({severity}): {}.\nThe cheapest change: {}.\n", row.id, row.message, row.remedy))
}

fn cited<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    ids.filter_map(clause).map(|clause| format!("  {}: {}\n", clause.id, clause.says)).collect()
}

fn question_text(key: &str) -> Option<String> {
    let question = QUESTIONS.iter().find(|question| question.key == key || question.flag() == key)?;
    let options: String = question.options.iter().map(|option| option_line(question, option)).collect();
    Some(format!("{STRONG}{}{STRONG:#}: {}\n{options}{}.\n", question.key, question.prompt, in_the_tree(question.key)))
}

fn option_text(key: &str) -> Option<String> {
    let found: String = QUESTIONS
        .iter()
        .filter_map(|question| {
            let option = question.options.iter().find(|option| option.key == key)?;
            Some(format!(
                "{STRONG}{} = {}{STRONG:#}: {}\n{}.\n",
                question.key,
                option.key,
                option.means,
                in_the_tree(question.key)
            ))
        })
        .collect();
    (!found.is_empty()).then_some(found)
}

fn option_line(question: &Question, option: &Opt) -> String {
    let built = crate::availability::built(question.key, option.key);
    let not_built = if built { "" } else { "  (not yet available)" };
    format!("  {:<20} {}{not_built}\n", option.key, option.means)
}

/// What an answer changes in the tree (the table of RULINGS 1.5).
fn in_the_tree(key: &str) -> &'static str {
    match key {
        "name" | "description" => "In the tree: the names of packages, the README",
        "workloads" => "In the tree: the slices that are built",
        "model_serving" => {
            "In the tree: the client of a model server, or jobs and a worker; the embedded model is always there"
        }
        "peak_rps" => "In the tree: numbers only, in docs/scalability.md",
        "consumers" => "In the tree: session, CORS or quotas, by who calls",
        "admin" => "In the tree: the admin",
        "users" => "In the tree: accounts and who may do what",
        "compliance" => "In the tree: audit log, retention, export and deletion",
        "data_residency" => "In the tree: which model servers may be called",
        "database" => "In the tree: driver and compose service of production; development stays SQLite",
        "operations" => "In the tree: Procfile, compose or Kustomize; the Dockerfile is always there",
        "ci" => "In the tree: the workflows",
        "license" => "In the tree: the file LICENSE",
        "architecture" | "architecture_reason" => {
            "In the tree: everything; the record keeps the recommended one and the reason"
        }
        _ => "In the tree: nothing but the decision record and docs/scalability.md",
    }
}

fn example_text(name: &str) -> Option<String> {
    let example = EXAMPLES.iter().find(|example| example.name == name)?;
    Some(example.text.to_owned())
}

/// Which layers plan files in a folder, and how many.
fn folder_text(path: &str, plan: &Plan, library: &Library) -> Option<String> {
    let inside = format!("{path}/");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, file) in plan.files.iter().filter(|(planned, _)| planned.as_str().starts_with(&inside)) {
        *counts.entry(&file.layer).or_default() += 1;
    }
    let layers: String = counts
        .into_iter()
        .map(|(id, count)| {
            let summary = library.layers.get(id).map_or("", |layer| layer.manifest.summary.as_str());
            format!("  {count:>3} from `{id}`: {summary}\n")
        })
        .collect();
    (!layers.is_empty()).then(|| format!("{STRONG}{path}/{STRONG:#} holds planned files:\n{layers}"))
}

/// Why a file of the project in the current folder is there: its layer, the answers that asked for it, the clauses.
fn file_text(path: &str) -> Result<String, CliError> {
    let answers = answers::load(Path::new(LOCK))?.complete();
    let recommendation = recommend(&answers, &BTreeSet::new());
    let blueprint = blueprint(&answers, &recommendation)?;
    let library = Library::embedded()?;
    let plan = plan(&library, &blueprint)?;
    let path = path.trim_start_matches("./").trim_end_matches('/');
    if path == LOCK || path == BASE {
        return Ok(format!(
            "{STRONG}{path}{STRONG:#}: what groundplan knows of this project. It is needed to check, update and grow it.\n"
        ));
    }
    let Some((_, file)) = plan.files.iter().find(|(planned, _)| planned.as_str() == path) else {
        if let Some(text) = folder_text(path, &plan, &library) {
            return Ok(text);
        }
        return Ok(format!("{STRONG}{path}{STRONG:#} is yours: no layer plans it.\n"));
    };
    let used = blueprint.layers.iter().find(|used| used.layer == file.layer);
    let layer = library.layers.get(&file.layer);
    let mut text = format!("{STRONG}{path}{STRONG:#} comes from the layer `{}`", file.layer);
    if let Some(layer) = layer {
        text.push_str(&format!(": {}.\n", layer.manifest.summary.trim_end_matches('.')));
    }
    match used.map(|used| used.because.as_slice()) {
        None | Some([]) => text.push_str(&format!("Every {} project has it.\n", blueprint.architecture)),
        Some(keys) => {
            for key in keys {
                text.push_str(&format!("It is there because {key} = {}.\n", answers.get(key)));
            }
        }
    }
    if let Some(layer) = layer {
        text.push_str(&cited(layer.manifest.clauses.iter().map(String::as_str)));
    }
    Ok(text)
}
