//! A folder as a value: every path below it, with contents and mode.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub(crate) type Tree = BTreeMap<String, Entry>;

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Folder,
    File {
        contents: Vec<u8>,
        mode: u32,
    },
    Link(PathBuf),
    /// A pipe, a socket, a device.
    Other,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder => f.write_str("a folder"),
            Self::File { contents, mode } => write!(f, "a file of {} bytes, mode {mode:o}", contents.len()),
            Self::Link(to) => write!(f, "a link to {}", to.display()),
            Self::Other => f.write_str("something else"),
        }
    }
}

/// Everything below a folder; it must be there.
pub(crate) fn tree(folder: &Path) -> Tree {
    walkdir::WalkDir::new(folder)
        .min_depth(1)
        .into_iter()
        .map(|entry| {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            (path, read(entry.path(), entry.file_type()))
        })
        .collect()
}

fn read(path: &Path, kind: fs::FileType) -> Entry {
    if kind.is_dir() {
        Entry::Folder
    } else if kind.is_symlink() {
        Entry::Link(fs::read_link(path).unwrap())
    } else if kind.is_file() {
        Entry::File {
            contents: fs::read(path).unwrap(),
            mode: fs::metadata(path).unwrap().permissions().mode() & 0o7777,
        }
    } else {
        Entry::Other
    }
}

/// The same paths with the same contents; else fails with the paths that differ.
#[track_caller]
pub(crate) fn assert_same(expected: &Tree, found: &Tree) {
    let differing = differing(expected, found);
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// The paths that differ, each with how.
pub(crate) fn differing(expected: &Tree, found: &Tree) -> Vec<String> {
    let paths: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    paths
        .into_iter()
        .filter(|path| expected.get(*path) != found.get(*path))
        .map(|path| format!("{path}: expected {:?}, found {:?}", expected.get(path), found.get(path)))
        .collect()
}

impl Entry {
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}
