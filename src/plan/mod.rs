//! Every file of a project, in memory: its bytes, its mode, and the layer it comes from.
//!
//! `plan` is pure: the same library and blueprint give the same bytes. Nothing is written here; `apply` does that.

mod rel_path;
mod slots;

use std::collections::BTreeMap;

use serde_json::json;

pub use rel_path::{PathError, RelPath};

use crate::blueprint::{Blueprint, LayerUse};
use crate::layer::{Layer, Library};
use crate::render::{RenderError, Shared};
use slots::Slots;

/// The suffix of the files that are rendered.
const TEMPLATED: &str = ".liquid";
/// The one variable in paths.
const SERVICE: &str = "{service}";

/// One file of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFile {
    pub contents: Vec<u8>,
    pub executable: bool,
    /// The layer that it comes from.
    pub layer: String,
}

/// What is done once the files are in place. None can make `new` fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.env` with fresh secrets.
    Dotenv,
    /// `uv lock`.
    UvLock,
    /// `git init`, `git add`, one commit.
    Git,
}

impl Step {
    pub fn key(self) -> &'static str {
        match self {
            Self::Dotenv => "dotenv",
            Self::UvLock => "uv-lock",
            Self::Git => "git",
        }
    }

    /// What is going on while it runs.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Dotenv => "making .env",
            Self::UvLock => "locking the dependencies",
            Self::Git => "making a git repository",
        }
    }
}

/// The project to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub files: BTreeMap<RelPath, PlannedFile>,
    pub steps: Vec<Step>,
}

/// Why there is no plan. With the embedded layers it is a bug of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("there is no layer `{layer}`")]
    UnknownLayer { layer: String },
    #[error("the layer `{layer}`: {source}")]
    Path { layer: String, source: PathError },
    #[error("`{path}` names a service, and the layer `{layer}` is made for none")]
    NoService { layer: String, path: String },
    #[error("`{path}` comes from both `{first}` and `{second}`")]
    Collision { path: RelPath, first: String, second: String },
    #[error("the layer `{layer}` adds to the slot `{slot}`, which no layer owns")]
    UnknownSlot { layer: String, slot: String },
    #[error("the slot `{slot}` is owned by both `{first}` and `{second}`")]
    TwoOwners { slot: String, first: String, second: String },
    #[error("the slot `{slot}` of `{file}` must be filled, and no layer adds to it")]
    Unfilled { slot: String, file: String },
    #[error("the layer `{layer}` adds the wrong kind of entry to the slot `{slot}`")]
    Kind { layer: String, slot: String },
    #[error("the slot `{slot}` has two values for `{key}`")]
    Differing { slot: String, key: String },
    #[error("the layer `{layer}` has no file `{path}`, which its manifest names")]
    NoSuchFile { layer: String, path: String },
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Plans a project.
pub fn plan(library: &Library, blueprint: &Blueprint) -> Result<Plan, PlanError> {
    let used = blueprint
        .layers
        .iter()
        .map(|used| {
            let layer = library.layers.get(&used.layer);
            let layer = layer.ok_or_else(|| PlanError::UnknownLayer { layer: used.layer.clone() })?;
            Ok((used, layer))
        })
        .collect::<Result<Vec<_>, PlanError>>()?;
    let slots = Slots::gather(&used)?;
    let shared = Shared::new(&blueprint.values);
    let mut files: BTreeMap<RelPath, PlannedFile> = BTreeMap::new();
    for (used, layer) in &used {
        for (path, file) in planned(used, layer, &slots, &shared, library)? {
            if let Some(first) = files.get(&path) {
                return Err(PlanError::Collision { first: first.layer.clone(), second: file.layer, path });
            }
            files.insert(path, file);
        }
    }
    Ok(Plan { files, steps: vec![Step::Dotenv, Step::UvLock, Step::Git] })
}

/// The files of one layer, at their output paths.
fn planned(
    used: &LayerUse,
    layer: &Layer,
    slots: &Slots,
    shared: &Shared,
    library: &Library,
) -> Result<Vec<(RelPath, PlannedFile)>, PlanError> {
    let executable =
        layer.manifest.executable.iter().map(|path| output_path(used, path)).collect::<Result<Vec<_>, _>>()?;
    let mut files = Vec::new();
    for (template, bytes) in &layer.files {
        let path = output_path(used, template.strip_suffix(TEMPLATED).unwrap_or(template))?;
        let contents = if template.ends_with(TEMPLATED) {
            let own = json!({
                "slots": slots.of_file(&resolved(used, template)?)?,
                "versions": library.versions.tools,
                "service": used.service,
            });
            library.renderer.render(&format!("{}/{template}", layer.id), bytes, shared, &own)?.into_bytes()
        } else {
            bytes.to_vec()
        };
        let file = PlannedFile { contents, executable: executable.contains(&path), layer: layer.id.clone() };
        files.push((path, file));
    }
    match executable.iter().find(|path| !files.iter().any(|(has, _)| has == *path)) {
        Some(path) => Err(PlanError::NoSuchFile { layer: layer.id.clone(), path: path.to_string() }),
        None => Ok(files),
    }
}

fn output_path(used: &LayerUse, path: &str) -> Result<RelPath, PlanError> {
    RelPath::new(&resolved(used, path)?).map_err(|source| PlanError::Path { layer: used.layer.clone(), source })
}

/// Text with the service's name in it.
fn resolved(used: &LayerUse, text: &str) -> Result<String, PlanError> {
    match &used.service {
        Some(service) => Ok(text.replace(SERVICE, service)),
        None if text.contains(SERVICE) => {
            Err(PlanError::NoService { layer: used.layer.clone(), path: text.to_owned() })
        }
        None => Ok(text.to_owned()),
    }
}
