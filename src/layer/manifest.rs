//! `layer.toml`: what a layer gives, which slots its files own, and what it adds to the slots of others.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The manifest of one layer. Unknown keys are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// One line: what the layer gives.
    pub summary: String,
    /// Clauses of the article that the layer rests on.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// Output paths that get the executable bit; embedding keeps contents only.
    #[serde(default)]
    pub executable: BTreeSet<String>,
    /// Slots that this layer's files own, by name.
    #[serde(default)]
    pub slots: BTreeMap<String, Slot>,
    /// What this layer contributes, by the slot's address: `<folder of the file>:<slot>`.
    #[serde(default)]
    pub adds: BTreeMap<String, Contribution>,
}

/// A list that other layers fill and one file renders.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Template path of the file that renders it.
    pub file: String,
    pub kind: SlotKind,
    /// Rendering it empty is an error.
    #[serde(default)]
    pub required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlotKind {
    /// Sorted strings without repeats.
    String,
    /// Sorted keys, each with fields.
    Table,
}

/// The fields of one entry of a table slot.
pub type Entry = BTreeMap<String, toml::Value>;

/// What a layer adds to a slot.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum Contribution {
    Strings(Vec<String>),
    Table(BTreeMap<String, Entry>),
}

impl TryFrom<toml::Value> for Contribution {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let found = value.type_str();
        match value {
            toml::Value::Array(_) => {
                value.try_into().map(Self::Strings).map_err(|_| "an array of strings is expected".to_owned())
            }
            toml::Value::Table(_) => {
                value.try_into().map(Self::Table).map_err(|_| "a table of tables is expected".to_owned())
            }
            _ => Err(format!("a slot takes an array or a table, not {found}")),
        }
    }
}
