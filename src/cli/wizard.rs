//! Questions with inquire: the only file that names it.

use inquire::list_option::ListOption;
use inquire::ui::{RenderConfig, Styled};
use inquire::validator::Validation;
use inquire::{Confirm, InquireError, MultiSelect, Select, Text};

use super::answering::labels;
use super::show;
use super::ui::Ui;
use crate::interview::{AskError, Asker, Line, Reply, Review};
use crate::questions::{Answers, Known, Question, SetError};
use crate::recommend::Recommendation;

/// How many options are shown at once; with the prompt and the help they fit a terminal of 24 lines.
const PAGE: usize = 16;

/// Columns of an option: those of a terminal of 80, without the mark before it. What is longer would be broken, and a
/// page be more lines than it has options.
const WIDTH: usize = 78;

pub(super) struct Wizard<'a> {
    ui: &'a Ui,
    render: RenderConfig<'static>,
}

impl<'a> Wizard<'a> {
    pub(super) fn new(ui: &'a Ui) -> Self {
        let render = if ui.coloured() { RenderConfig::default_colored() } else { RenderConfig::empty() };
        let render = render.with_canceled_prompt_indicator(Styled::new("(back)"));
        Self { ui, render }
    }
}

/// Esc is going back, Ctrl-C is leaving.
fn answered<T>(result: Result<T, InquireError>) -> Result<Option<T>, AskError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(InquireError::OperationCanceled) => Ok(None),
        Err(InquireError::OperationInterrupted) => Err(AskError::Interrupted),
        Err(error) => Err(AskError::Terminal(error.into())),
    }
}

/// The text, with an ellipsis for what goes beyond a width.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width { text.to_owned() } else { text.chars().take(width - 1).chain(['…']).collect() }
}

impl Asker for Wizard<'_> {
    fn ask(&mut self, question: &Question, current: &str) -> Result<Reply, AskError> {
        let labels = labels(question);
        let key = |index: usize| question.options[index].key;
        let text = if question.options.is_empty() {
            let key = question.key;
            let mut prompt = Text::new(question.prompt)
                .with_help_message("Enter to go on, Esc to go back")
                .with_validator(move |text: &str| {
                    Ok(match Known::default().set(key, text) {
                        Ok(()) => Validation::Valid,
                        // The key and the value stand in the line above.
                        Err(SetError::Value(invalid)) => Validation::Invalid(invalid.why.into()),
                        Err(error) => Validation::Invalid(error.to_string().into()),
                    })
                })
                .with_render_config(self.render);
            if !current.is_empty() {
                prompt = prompt.with_default(current);
            }
            answered(prompt.prompt())?
        } else if let Some(most) = question.at_most {
            let chosen: Vec<_> = current
                .split(',')
                .filter_map(|key| question.options.iter().position(|option| option.key == key))
                .collect();
            let format = |chosen: &[ListOption<&String>]| {
                let keys: Vec<_> = chosen.iter().map(|option| key(option.index)).collect();
                keys.join(", ")
            };
            let prompt = MultiSelect::new(question.prompt, labels)
                .with_default(&chosen)
                .with_page_size(PAGE)
                .with_help_message("Space to choose, Enter to go on, Esc to go back")
                .with_validator(move |chosen: &[ListOption<&String>]| {
                    Ok(match chosen.len() {
                        0 => Validation::Invalid("name at least one".into()),
                        n if n > most => Validation::Invalid(format!("choose {most} at the most").into()),
                        _ => Validation::Valid,
                    })
                })
                .with_formatter(&format)
                .with_render_config(self.render);
            answered(prompt.raw_prompt())?.map(|chosen| {
                let keys: Vec<_> = chosen.iter().map(|option| key(option.index)).collect();
                keys.join(",")
            })
        } else {
            let format = |option: ListOption<&String>| key(option.index).to_owned();
            let at = question.options.iter().position(|option| option.key == current);
            let prompt = Select::new(question.prompt, labels)
                .with_starting_cursor(at.unwrap_or(0))
                .with_page_size(PAGE)
                .with_help_message("Arrows and Enter to choose, Esc to go back")
                .with_formatter(&format)
                .with_render_config(self.render);
            answered(prompt.raw_prompt())?.map(|option| key(option.index).to_owned())
        };
        Ok(text.map_or(Reply::Back, Reply::Answer))
    }

    fn review(&mut self, lines: &[Line]) -> Result<Review, AskError> {
        let mut labels = vec!["These are right, go on".to_owned()];
        labels.extend(lines.iter().map(|line| {
            let assumed = if line.assumed { " (default)" } else { "" };
            let key = format!("{:<20} ", line.question.key);
            let answer = cut(&line.answer.replace(',', ", "), WIDTH - key.len() - assumed.len());
            format!("{key}{answer}{assumed}")
        }));
        let format = |option: ListOption<&String>| match option.index {
            0 => "yes".to_owned(),
            line => format!("change {}", lines[line - 1].question.key),
        };
        let prompt = Select::new("Are these answers right?", labels)
            .with_page_size(PAGE)
            .with_help_message("Enter on a line to change it, Esc to go back")
            .with_formatter(&format)
            .with_render_config(self.render);
        Ok(match answered(prompt.raw_prompt())?.map(|option| option.index) {
            None => Review::Back,
            Some(0) => Review::Accept,
            Some(line) => Review::Change(lines[line - 1].question.key),
        })
    }

    fn show(&mut self, answers: &Answers, recommendation: &Recommendation) {
        self.ui.talk(&format!("\n{}\n", show::recommendation(answers, recommendation)));
    }

    fn say(&mut self, text: &str) {
        self.ui.prompt(&format!("{text}\n"));
    }

    fn confirm(&mut self, text: &str) -> Result<Option<bool>, AskError> {
        let prompt = Confirm::new(text).with_help_message("y or n, Esc to go back").with_render_config(self.render);
        answered(prompt.prompt())
    }
}
