//! What the checks look at: the record of the decision, and the project's files as text.

use std::collections::BTreeMap;

use crate::lock::Record;

/// A read-only view of a project.
#[derive(Clone, Debug)]
pub struct Project {
    pub record: Record,
    files: BTreeMap<String, Option<String>>,
}

impl Project {
    pub fn new(record: Record) -> Self {
        Self { record, files: BTreeMap::new() }
    }

    /// Adds a file by its path from the root, `/`-separated. `None` is one that is not read: binary, or large.
    pub fn add(&mut self, path: &str, text: Option<String>) {
        self.files.insert(path.to_owned(), text);
    }

    /// Every path, read or not.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Path and text of every file that was read.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// The first line of a file that sets a key, else the first.
    pub(super) fn line_of(&self, path: &str, key: &str) -> usize {
        let sets = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        self.text(path).and_then(|text| text.lines().position(sets)).map_or(1, |position| position + 1)
    }
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path without its last part; empty at the root.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a path is that of a test, or of what only tests use.
pub(super) fn is_test(path: &str) -> bool {
    let name = file_name(path);
    name == "conftest.py"
        || name.starts_with("test_")
        || name.contains("_test.")
        || name.contains(".test.")
        || name.contains(".spec.")
        || folder(path).split('/').any(|part| matches!(part, "test" | "tests" | "testing" | "fixtures" | "__tests__"))
}
