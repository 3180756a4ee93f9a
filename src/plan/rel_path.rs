//! A path inside a project: relative, `/`-separated, and safe to join to a folder on any system.

use std::fmt;

/// A relative path of one or more plain names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not a path inside a project: {why}")]
pub struct PathError {
    pub path: String,
    pub why: &'static str,
}

/// Names that Windows keeps for devices, with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com1", "lpt1"];

impl RelPath {
    pub fn new(path: &str) -> Result<Self, PathError> {
        let why = if path.is_empty() {
            Some("it is empty")
        } else if path.starts_with('/') {
            Some("it is absolute")
        } else if path.chars().any(|c| c.is_control() || "\\:*?\"<>|".contains(c)) {
            Some("it has a character that some file systems refuse")
        } else if path.split('/').any(|name| matches!(name, "" | "." | "..")) {
            Some("each part must be a plain name")
        } else if path.split('/').any(|name| name.ends_with(['.', ' ']) || name.len() > 255) {
            Some("a name ends in a dot or a space, or is too long")
        } else if path.split('/').any(is_device) {
            Some("a name is that of a device on Windows")
        } else if path.contains(['{', '}']) {
            Some("a variable in it was not replaced")
        } else {
            None
        };
        match why {
            Some(why) => Err(PathError { path: path.to_owned(), why }),
            None => Ok(Self(path.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first part of the path.
    pub fn top(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device))
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_are_paths() {
        for good in ["a", ".env", "a/b.c", ".github/workflows/ci.yml", "a b/c"] {
            assert!(RelPath::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/a",
            "a//b",
            "a/",
            "../a",
            "a/../b",
            ".",
            "a\\b",
            "c:x",
            "a\nb",
            "nul",
            "x/CON.txt",
            "a.",
            "{service}/a",
        ] {
            assert!(RelPath::new(bad).is_err(), "{bad}");
        }
    }
}
