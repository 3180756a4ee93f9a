//! The answers file: a TOML table of question keys. Reads it, and writes it back.
//!
//! Precedence is flag over file over lock over default; it is `Known::over`, applied by the command line.

use std::path::{Path, PathBuf};

use crate::questions::{Answers, Invalid, Known, QUESTIONS, Question, SetError, UnknownKey};

/// Why a file's answers could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
    #[error("cannot read the answers file `{path}`")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the answers file `{path}` is not TOML: {message}{}", line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Toml { path: PathBuf, message: String, line: Option<usize> },
    #[error("the answers file `{path}` has an unknown key `{}`", unknown.key)]
    UnknownKey { path: PathBuf, unknown: UnknownKey },
    #[error("the answers file `{path}`: {invalid}")]
    Invalid { path: PathBuf, invalid: Invalid },
    #[error("the answers file `{path}`: `{key}` takes {takes}, not {found}")]
    Type { path: PathBuf, key: String, takes: &'static str, found: &'static str },
}

/// Reads an answers file.
pub fn load(path: &Path) -> Result<Known, AnswersError> {
    let text = std::fs::read_to_string(path).map_err(|source| AnswersError::Read { path: path.to_owned(), source })?;
    parse(path, &text)
}

/// Reads answers from the text of a file; `path` is named in errors. A `groundplan.toml` is an answers file too: its
/// answers stand in the table `answers`.
pub fn parse(path: &Path, text: &str) -> Result<Known, AnswersError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| AnswersError::Toml {
        path: path.to_owned(),
        message: error.message().to_owned(),
        line: error.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1)),
    })?;
    let table = match table.get("answers") {
        Some(toml::Value::Table(answers)) => answers,
        _ => &table,
    };
    let mut known = Known::default();
    for (key, value) in table {
        let text = text_form(path, key, value)?;
        known.set(key, &text).map_err(|error| match error {
            SetError::Key(unknown) => AnswersError::UnknownKey { path: path.to_owned(), unknown },
            SetError::Value(invalid) => AnswersError::Invalid { path: path.to_owned(), invalid },
        })?;
    }
    Ok(known)
}

/// The text form of a TOML value: a string, or an array of strings where several options may be chosen.
fn text_form(path: &Path, key: &str, value: &toml::Value) -> Result<String, AnswersError> {
    let several =
        QUESTIONS.iter().find(|question| question.key == key).is_some_and(|question| question.at_most.is_some());
    let wrong = |found| AnswersError::Type {
        path: path.to_owned(),
        key: key.to_owned(),
        takes: if several { "an array of strings" } else { "a string" },
        found,
    };
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Array(items) if several => items
            .iter()
            .map(|item| item.as_str().ok_or_else(|| wrong(item.type_str())))
            .collect::<Result<Vec<_>, _>>()
            .map(|items| items.join(",")),
        other => Err(wrong(other.type_str())),
    }
}

/// The answers as an answers file: one line a question, in their order. A question that does not apply has one where
/// somebody answered it all the same: a preference without an override is on record too (C13).
pub fn to_toml(answers: &Answers) -> String {
    let known = answers.known();
    let default = |key| {
        let mut others = known.clone();
        others.unset(key);
        others.default_of(key)
    };
    QUESTIONS
        .iter()
        .map(|question| (question, answers.get(question.key)))
        .filter(|(question, answer)| (question.applies)(&known) || default(question.key).as_ref() != Some(answer))
        .map(|(question, answer)| format!("{} = {}\n", question.key, toml_value(question, &answer)))
        .collect()
}

/// One answer as a TOML value.
fn toml_value(question: &Question, text: &str) -> toml::Value {
    match question.at_most {
        Some(_) => toml::Value::Array(text.split(',').map(toml::Value::from).collect()),
        None => toml::Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::questions::{Organisation, Workload};

    fn read(text: &str) -> Result<Known, AnswersError> {
        parse(Path::new("answers.toml"), text)
    }

    #[test]
    fn a_file_names_answers_by_key() {
        let known = read("organisation = 'enterprise'\nworkloads = ['crm', 'chatbot']\n").unwrap();
        assert_eq!(known.organisation, Some(Organisation::Enterprise));
        assert_eq!(known.workloads, Some([Workload::Chatbot, Workload::Crm].into_iter().collect()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("organization = 'startup'", "unknown key `organization`"),
            ("admin = 'huge'", "`huge` is not a value of `admin`: choose from none, basic, heavy"),
            ("workloads = []", "name at least one"),
            ("workloads = [1]", "`workloads` takes an array of strings, not integer"),
            ("team = 3", "`team` takes a string, not integer"),
            ("team = ['1-3']", "`team` takes a string, not array"),
            ("name = 'a'\nname = 'b'\n", "is not TOML"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn an_unknown_key_has_a_nearest() {
        let Err(AnswersError::UnknownKey { unknown, .. }) = read("peak_rsp = '10-100'") else {
            panic!("an unknown key");
        };
        assert_eq!(unknown.nearest, Some("peak_rps"));
    }

    #[test]
    fn written_answers_read_back_the_same() {
        let answers = Known::default().complete();
        let known = read(&to_toml(&answers)).unwrap();
        assert_eq!(known.complete().known(), answers.known());
    }

    #[test]
    fn a_preference_without_an_override_is_written_too() {
        let known = read("preference = 'django'\npreference_reason = 'popularity'\n").unwrap();
        let written = to_toml(&known.complete());
        assert!(written.contains("preference = \"django\"\npreference_reason = \"popularity\"\n"), "{written}");
        assert!(!to_toml(&Known::default().complete()).contains("preference"));
    }
}
