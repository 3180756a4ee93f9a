//! Reads `groundplan.toml` back. Nothing in it is guessed: what cannot be read is an error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::answers::{self, AnswersError};
use crate::architecture::Architecture;
use crate::questions::Answers;
use crate::recommend::ContradictionId;

/// The version of the file's form that is written and read.
pub(super) const SCHEMA: i64 = 1;

/// What was decided, as a project records it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What was emitted.
    pub architecture: Architecture,
    /// Where it leads.
    pub target: Architecture,
    pub confirmed: BTreeSet<ContradictionId>,
    /// The recorded answers. `assumed` holds the questions that the file does not answer, not its list of that name.
    pub answers: Answers,
}

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("`{path}` has the schema {found}, and this version of groundplan reads {SCHEMA}")]
    Schema { path: PathBuf, found: String },
    #[error("`{path}` has no `{key}`")]
    Missing { path: PathBuf, key: &'static str },
    #[error("`{path}`: `{value}` is not a value of `{key}`")]
    Value { path: PathBuf, key: &'static str, value: String },
    #[error(transparent)]
    Answers(#[from] AnswersError),
}

/// Reads a record from the text of `groundplan.toml`; `path` is named in errors.
pub fn read(path: &Path, text: &str) -> Result<Record, RecordError> {
    let known = match answers::parse(path, text) {
        Err(error @ AnswersError::Toml { .. }) => return Err(error.into()),
        known => known,
    };
    let table: toml::Table = text.parse().expect("the answers were read from it, or it is TOML of another kind");
    let found = table.get("schema").ok_or_else(|| missing(path, "schema"))?;
    if found.as_integer() != Some(SCHEMA) {
        return Err(RecordError::Schema { path: path.to_owned(), found: found.to_string() });
    }
    if !table.get("answers").is_some_and(toml::Value::is_table) {
        return Err(missing(path, "answers"));
    }
    Ok(Record {
        architecture: architecture(path, &table, "architecture")?,
        target: architecture(path, &table, "target")?,
        confirmed: confirmed(path, &table)?,
        answers: known?.complete(),
    })
}

fn missing(path: &Path, key: &'static str) -> RecordError {
    RecordError::Missing { path: path.to_owned(), key }
}

fn architecture(path: &Path, table: &toml::Table, key: &'static str) -> Result<Architecture, RecordError> {
    let value = table.get(key).ok_or_else(|| missing(path, key))?;
    Architecture::ALL.into_iter().find(|architecture| value.as_str() == Some(architecture.key())).ok_or_else(|| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        RecordError::Value { path: path.to_owned(), key, value }
    })
}

fn confirmed(path: &Path, table: &toml::Table) -> Result<BTreeSet<ContradictionId>, RecordError> {
    let key = "confirmed";
    let value = table.get(key).ok_or_else(|| missing(path, key))?;
    let wrong = |value: &toml::Value| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        RecordError::Value { path: path.to_owned(), key, value }
    };
    let items = value.as_array().ok_or_else(|| wrong(value))?;
    items.iter().map(|item| item.clone().try_into().map_err(|_| wrong(item))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "schema = 1\narchitecture = \"monolith\"\ntarget = \"hybrid\"\nconfirmed = [\"C9\"]\n\n\
                        [answers]\nname = \"demo\"\npeak_rps = \"over-1000\"\n";

    #[test]
    fn a_record_reads_back() {
        let record = read(Path::new("groundplan.toml"), GOOD).unwrap();
        assert_eq!((record.architecture, record.target), (Architecture::Monolith, Architecture::Hybrid));
        assert_eq!(record.confirmed, BTreeSet::from([ContradictionId::C9]));
        assert_eq!(record.answers.get("peak_rps"), "over-1000");
        assert!(record.answers.assumed.contains("admin") && !record.answers.assumed.contains("peak_rps"));
    }

    #[test]
    fn nothing_is_guessed() {
        for (from, to, message) in [
            ("schema = 1\n", "", "has no `schema`"),
            ("schema = 1", "schema = 2", "has the schema 2, and this version of groundplan reads 1"),
            ("target = \"hybrid\"\n", "", "has no `target`"),
            ("\"monolith\"", "\"microservices\"", "`microservices` is not a value of `architecture`"),
            ("[\"C9\"]", "[\"C99\"]", "`C99` is not a value of `confirmed`"),
            ("[\"C9\"]", "\"C9\"", "`C9` is not a value of `confirmed`"),
            ("confirmed = [\"C9\"]\n", "", "has no `confirmed`"),
            ("[answers]", "[answer]", "has no `answers`"),
            ("peak_rps", "peak_rsp", "unknown key `peak_rsp`"),
            ("over-1000", "many", "`many` is not a value of `peak_rps`"),
            ("[answers]", "[answers", "is not TOML"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let error = read(Path::new("groundplan.toml"), &text).unwrap_err().to_string();
            assert!(error.contains(message) && error.contains("groundplan.toml"), "{from}: {error}");
        }
        assert!(read(Path::new("groundplan.toml"), "").unwrap_err().to_string().contains("has no `schema`"));
    }
}
