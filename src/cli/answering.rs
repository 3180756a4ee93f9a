//! Where answers come from: flags, `--set`, `--answers FILE`, a person, defaults. What every subcommand that needs
//! answers shares.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};

use super::plain::Plain;
use super::report::{CliError, Code};
use super::ui::Ui;
use super::wizard::Wizard;
use crate::answers;
use crate::availability::built;
use crate::interview::{AskError, Asker, Contradicted, Finish, Interview, interview};
use crate::questions::{Answers, Known, QUESTIONS, Question, SetError, missing};
use crate::recommend::{CONTRADICTIONS, ContradictionId, Recommendation, Severity, recommend};

/// The flags that answer questions.
#[derive(Args)]
pub(super) struct AnswerArgs {
    #[command(flatten)]
    flags: QuestionFlags,

    /// Take answers from a TOML file
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,

    /// Answer a question by its key (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Ask nothing: take the defaults of the organisation (startup) for what is not answered. Confirms nothing
    #[arg(long, short = 'y')]
    defaults: bool,

    /// Confirm a contradiction that would be asked about (repeatable)
    #[arg(long, value_name = "ID", value_parser = contradiction_ids())]
    confirm: Vec<ContradictionId>,
}

/// One flag a question, made from the list of questions.
struct QuestionFlags(Known);

impl Args for QuestionFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        QUESTIONS.iter().fold(command, |command, question| command.arg(flag(question)))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

fn flag(question: &'static Question) -> Arg {
    let arg = Arg::new(question.key).long(question.flag()).help(question.help).help_heading("Answers");
    let arg = match question.at_most {
        Some(_) => arg.action(ArgAction::Append).value_delimiter(','),
        None => arg,
    };
    if question.options.is_empty() {
        arg.value_name("TEXT").value_parser(move |text: &str| {
            let mut known = Known::default();
            known.set(question.key, text).map(|()| text.to_owned()).map_err(|error| match error {
                SetError::Value(invalid) => invalid.why,
                SetError::Key(unknown) => unknown.to_string(),
            })
        })
    } else {
        let keys = question.options.iter().map(|option| option.key);
        arg.value_parser(PossibleValuesParser::new(keys)).value_name(question.key.to_uppercase())
    }
}

impl FromArgMatches for QuestionFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self(Known::default());
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for question in QUESTIONS {
            let values: Vec<&String> = matches.get_many(question.key).into_iter().flatten().collect();
            if values.is_empty() {
                continue;
            }
            let text = values.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(",");
            self.0
                .set(question.key, &text)
                .map_err(|error| clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{error}\n")))?;
        }
        Ok(())
    }
}

fn contradiction_ids() -> impl TypedValueParser<Value = ContradictionId> {
    let keys = ContradictionId::ALL.iter().map(|id| id.key());
    PossibleValuesParser::new(keys)
        .map(|key| *ContradictionId::ALL.iter().find(|id| id.key() == key).expect("the parser takes no other value"))
}

/// How the questions that stay open are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// By a person, who then sees everything and has the last word.
    Ask,
    /// By the defaults of the organisation.
    Defaults,
}

impl AnswerArgs {
    /// The answers given by flags and files; `--set` is a flag.
    pub(super) fn given(&self) -> Result<Known, CliError> {
        let mut known = self.flags.0.clone();
        for pair in &self.set {
            let usage = |message: String| CliError::new(Code::Usage, message);
            let (key, value) = pair.split_once('=').ok_or_else(|| usage(format!("`--set {pair}` is not KEY=VALUE")))?;
            known.set(key, value).map_err(|error| match error {
                SetError::Key(ref unknown) => {
                    let report = usage(error.to_string());
                    match unknown.nearest {
                        Some(nearest) => report.hint(format!("did you mean `{nearest}`?")),
                        None => report,
                    }
                }
                SetError::Value(invalid) => usage(invalid.to_string()),
            })?;
        }
        match &self.answers {
            Some(path) => Ok(known.over(answers::load(path)?)),
            None => Ok(known),
        }
    }

    /// The contradictions confirmed. A *refuse* is none of them: nobody can confirm it away.
    pub(super) fn confirmed(&self) -> BTreeSet<ContradictionId> {
        let asks =
            |id: &ContradictionId| CONTRADICTIONS.iter().any(|row| row.id == *id && row.severity == Severity::Ask);
        self.confirm.iter().copied().filter(asks).collect()
    }

    /// Whether somebody is asked: there is a terminal, and `--defaults` does not answer.
    pub(super) fn open(&self, ui: &Ui) -> Open {
        if !self.defaults && ui.can_ask() { Open::Ask } else { Open::Defaults }
    }

    /// Completes the answers without asking.
    ///
    /// Without `--defaults` the required answers must have been given.
    pub(super) fn complete(&self, known: Known) -> Result<Answers, CliError> {
        let missing = missing(&known);
        if self.defaults || missing.is_empty() {
            return Ok(known.complete());
        }
        let mut error = CliError::new(Code::Usage, "answers are missing, and there is no terminal to ask on");
        for question in missing {
            let options: Vec<_> = question.options.iter().map(|option| option.key).collect();
            let takes = if options.is_empty() { "TEXT".to_owned() } else { options.join("|") };
            error = error.hint(format!("--{} {takes}", question.flag()));
        }
        Err(error.hint("or `--answers FILE`, or `--defaults` for a startup's answers"))
    }

    /// Warns of confirmations that nothing asks for.
    pub(super) fn warn_of_idle_confirmations(&self, ui: &Ui, recommendation: &Recommendation) {
        for id in &self.confirm {
            let raised = &recommendation.contradictions;
            if !raised.iter().any(|raised| raised.id == *id && raised.severity == Severity::Ask) {
                ui.warning(&format!("`--confirm {id}` has nothing to confirm"));
            }
        }
    }
}

/// Has a person answer. `finish` is the last question.
pub(super) fn ask(
    ui: &Ui,
    known: &Known,
    confirmed: &BTreeSet<ContradictionId>,
    contradicted: Contradicted,
    finish: &mut dyn FnMut(&mut dyn Asker, &Interview) -> Result<Finish, AskError>,
) -> Result<Option<Interview>, CliError> {
    let result = if ui.plain_prompts() {
        interview(known, confirmed, contradicted, &mut Plain::new(ui), finish)
    } else {
        interview(known, confirmed, contradicted, &mut Wizard::new(ui), finish)
    };
    Ok(result?)
}

/// Decides without a person, and stops at what would have to be refused or confirmed.
pub(super) fn decide(answers: &Answers, confirmed: &BTreeSet<ContradictionId>) -> Result<Recommendation, CliError> {
    let recommendation = recommend(answers, confirmed);
    let stop = |severity: Severity| {
        recommendation
            .contradictions
            .iter()
            .filter(move |raised| raised.severity == severity && (severity == Severity::Refuse || !raised.confirmed))
            .collect::<Vec<_>>()
    };
    let refused = stop(Severity::Refuse);
    if let Some(first) = refused.first() {
        let error = CliError::new(Code::Stopped, format!("{} cannot be built: {}", first.id, first.message));
        return Err(refused.iter().fold(error, |error, raised| error.hint(raised.remedy)));
    }
    let asked = stop(Severity::Ask);
    if asked.is_empty() {
        return Ok(recommendation);
    }
    let mut error = CliError::new(Code::Stopped, "answers contradict one another, and nobody confirmed them");
    for raised in asked {
        error =
            error.hint(format!("{}: {}; {}, or `--confirm {}`", raised.id, raised.message, raised.remedy, raised.id));
    }
    Err(error)
}

/// The label of each option in a prompt, one line of 80 columns.
pub(super) fn labels(question: &Question) -> Vec<String> {
    let width = question.options.iter().map(|option| option.key.len()).max().unwrap_or_default();
    question
        .options
        .iter()
        .map(|option| {
            let not_built = if built(question.key, option.key) { "" } else { " (not yet)" };
            format!("{:<width$} {}{not_built}", option.key, option.means)
        })
        .collect()
}

/// Before a label stands a mark, and before one of several a box.
#[cfg(test)]
#[test]
fn a_label_is_one_line_of_eighty_columns() {
    for question in QUESTIONS {
        let mark = if question.at_most.is_some() { "> [x] " } else { "> " };
        for label in labels(question) {
            assert!(mark.len() + label.chars().count() <= 80, "{mark}{label}");
        }
    }
}

/// Every row of the table of contradictions has an id that can be confirmed.
#[cfg(test)]
#[test]
fn every_contradiction_can_be_named() {
    assert_eq!(CONTRADICTIONS.len(), ContradictionId::ALL.len());
    for id in ContradictionId::ALL {
        assert!(CONTRADICTIONS.iter().any(|row| row.id == *id), "{id}");
    }
}
