//! Questions as numbered lines, for screen readers and terminals without a cursor: nothing is redrawn, defaults are
//! said, and `<` goes back.

use std::io::BufRead;

use super::answering::labels;
use super::show;
use super::ui::Ui;
use crate::interview::{AskError, Asker, Line, Reply, Review};
use crate::questions::{Answers, Question};
use crate::recommend::Recommendation;

pub(super) struct Plain<'a> {
    ui: &'a Ui,
}

impl<'a> Plain<'a> {
    pub(super) fn new(ui: &'a Ui) -> Self {
        Self { ui }
    }

    /// One line, without its end; the end of input is an interruption.
    fn line(&self, prompt: &str) -> Result<String, AskError> {
        self.ui.prompt(prompt);
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) => Err(AskError::Interrupted),
            Ok(_) => Ok(line.trim().to_owned()),
            Err(error) => Err(AskError::Terminal(error.into())),
        }
    }

    /// The options that a line names by number or key; `None` where it names something else.
    fn chosen(question: &Question, line: &str) -> Option<Vec<&'static str>> {
        line.split([',', ' '])
            .filter(|part| !part.is_empty())
            .map(|part| {
                let by_number = part.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                let by_number = by_number.and_then(|index| question.options.get(index));
                let by_key = question.options.iter().find(|option| option.key == part);
                by_number.or(by_key).map(|option| option.key)
            })
            .collect()
    }
}

impl Asker for Plain<'_> {
    fn ask(&mut self, question: &Question, current: &str) -> Result<Reply, AskError> {
        self.ui.prompt(&format!("\n{}\n", question.prompt));
        for (index, label) in labels(question).iter().enumerate() {
            self.ui.prompt(&format!("{}. {label}\n", index + 1));
        }
        let several = if question.at_most.is_some() { " (several, with commas)" } else { "" };
        let current_is = if current.is_empty() { "none".to_owned() } else { current.replace(',', ", ") };
        loop {
            let line = self.line(&format!("Answer{several}, Enter for {current_is}, < to go back: "))?;
            if line == "<" {
                return Ok(Reply::Back);
            }
            if line.is_empty() {
                return Ok(Reply::Answer(current.to_owned()));
            }
            if question.options.is_empty() {
                return Ok(Reply::Answer(line));
            }
            match Self::chosen(question, &line) {
                Some(keys) if question.at_most.is_some() || keys.len() == 1 => {
                    return Ok(Reply::Answer(keys.join(",")));
                }
                _ => self.ui.prompt("That is none of them.\n"),
            }
        }
    }

    fn review(&mut self, lines: &[Line]) -> Result<Review, AskError> {
        self.ui.prompt("\nThese are the answers:\n");
        for (index, line) in lines.iter().enumerate() {
            let assumed = if line.assumed { " (default)" } else { "" };
            let answer = line.answer.replace(',', ", ");
            self.ui.prompt(&format!("{}. {}: {answer}{assumed}\n", index + 1, line.question.key));
        }
        loop {
            let line = self.line("Number to change, Enter if all are right, < to go back: ")?;
            match line.as_str() {
                "" => return Ok(Review::Accept),
                "<" => return Ok(Review::Back),
                other => {
                    let number = other.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                    match number.and_then(|index| lines.get(index)) {
                        Some(line) => return Ok(Review::Change(line.question.key)),
                        None => self.ui.prompt("That is none of them.\n"),
                    }
                }
            }
        }
    }

    fn show(&mut self, answers: &Answers, recommendation: &Recommendation) {
        self.ui.talk(&format!("\n{}\n", show::recommendation(answers, recommendation)));
    }

    fn say(&mut self, text: &str) {
        self.ui.prompt(&format!("{text}\n"));
    }

    fn confirm(&mut self, text: &str) -> Result<Option<bool>, AskError> {
        loop {
            match self.line(&format!("{text} y, n, or < to go back: "))?.to_lowercase().as_str() {
                "y" | "yes" => return Ok(Some(true)),
                "n" | "no" => return Ok(Some(false)),
                "<" => return Ok(None),
                _ => self.ui.prompt("Please answer y or n.\n"),
            }
        }
    }
}
