//! Reads the layers: those embedded in the binary, or those of a folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::{Manifest, Versions};
use crate::render::Renderer;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Name of a layer's manifest.
const MANIFEST: &str = "layer.toml";
/// Name of the file of versions, beside the layers.
const VERSIONS: &str = "versions.toml";

/// One layer: its manifest, and its files by template path (`services/{service}/app/main.py`).
#[derive(Clone, Debug)]
pub struct Layer {
    pub id: String,
    pub manifest: Manifest,
    pub files: BTreeMap<String, Cow<'static, [u8]>>,
}

/// Every layer there is, and the versions they share.
#[derive(Clone, Debug)]
pub struct Library {
    pub layers: BTreeMap<String, Layer>,
    pub versions: Versions,
    pub(crate) renderer: Renderer,
}

/// Why the layers could not be read. In the embedded ones it is a bug of ours.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("cannot read `{path}` in the layers")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the layers have no `{VERSIONS}`")]
    NoVersions,
    #[error("`{path}` is not a valid manifest: {message}")]
    Manifest { path: String, message: String },
    #[error("the layer `{layer}` has no `{MANIFEST}`")]
    NoManifest { layer: String },
}

impl Library {
    /// The layers embedded in the binary.
    pub fn embedded() -> Result<Self, LibraryError> {
        let mut files = Vec::new();
        collect(&EMBEDDED, &mut files);
        Self::from_files(files)
    }

    /// The layers of a folder that is laid out as `templates/` is.
    pub fn from_folder(folder: &Path) -> Result<Self, LibraryError> {
        let mut files = Vec::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|error| LibraryError::Read {
                path: error.path().unwrap_or(folder).to_owned(),
                source: error.into(),
            })?;
            if !entry.file_type().is_file() {
                continue;
            }
            let bytes = std::fs::read(entry.path())
                .map_err(|source| LibraryError::Read { path: entry.path().to_owned(), source })?;
            let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            files.push((slashed(relative), Cow::Owned(bytes)));
        }
        Self::from_files(files)
    }

    fn from_files(files: impl IntoIterator<Item = (String, Cow<'static, [u8]>)>) -> Result<Self, LibraryError> {
        let mut folders: BTreeMap<String, BTreeMap<String, Cow<'static, [u8]>>> = BTreeMap::new();
        let mut versions = None;
        for (path, bytes) in files {
            match path.split_once('/') {
                Some((layer, inside)) => {
                    let folder = folders.entry(layer.to_owned()).or_default();
                    folder.insert(inside.to_owned(), bytes);
                }
                None if path == VERSIONS => versions = Some(read_toml(&path, &bytes)?),
                None => {}
            }
        }
        let layers = folders
            .into_iter()
            .map(|(id, mut files)| {
                let manifest = files.remove(MANIFEST).ok_or_else(|| LibraryError::NoManifest { layer: id.clone() })?;
                let manifest = read_toml(&format!("{id}/{MANIFEST}"), &manifest)?;
                Ok((id.clone(), Layer { id, manifest, files }))
            })
            .collect::<Result<_, _>>()?;
        let versions = versions.ok_or(LibraryError::NoVersions)?;
        let renderer = Renderer::new(&versions);
        Ok(Self { layers, versions, renderer })
    }
}

fn read_toml<T: serde::de::DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, LibraryError> {
    toml::from_slice(bytes)
        .map_err(|error| LibraryError::Manifest { path: path.to_owned(), message: error.to_string() })
}

fn collect(dir: &Dir<'static>, files: &mut Vec<(String, Cow<'static, [u8]>)>) {
    for file in dir.files() {
        files.push((slashed(file.path()), Cow::Borrowed(file.contents())));
    }
    for dir in dir.dirs() {
        collect(dir, files);
    }
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
