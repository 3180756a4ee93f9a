//! Slots: lists that many layers fill and one file renders. Entries are sorted and repeats merged, so the order of
//! layers is irrelevant.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{PlanError, resolved};
use crate::blueprint::LayerUse;
use crate::layer::{Contribution, Entry, Layer, SlotKind};

/// Every slot of a project, by address, filled.
pub(super) struct Slots(BTreeMap<String, Filled>);

struct Filled {
    /// Template path of the file that renders it, the service's name in place.
    file: String,
    name: String,
    owner: String,
    required: bool,
    entries: Entries,
}

enum Entries {
    Strings(BTreeSet<String>),
    Table(BTreeMap<String, Entry>),
}

impl Slots {
    /// Declares the slots of all layers, then fills them.
    pub(super) fn gather(used: &[(&LayerUse, &Layer)]) -> Result<Self, PlanError> {
        let mut slots = BTreeMap::new();
        for (used, layer) in used {
            for (name, slot) in &layer.manifest.slots {
                if !layer.files.contains_key(&slot.file) {
                    return Err(PlanError::NoSuchFile { layer: layer.id.clone(), path: slot.file.clone() });
                }
                let file = resolved(used, &slot.file)?;
                let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
                let address = format!("{folder}:{name}");
                let filled = Filled {
                    file: file.clone(),
                    name: name.clone(),
                    owner: layer.id.clone(),
                    required: slot.required,
                    entries: match slot.kind {
                        SlotKind::String => Entries::Strings(BTreeSet::new()),
                        SlotKind::Table => Entries::Table(BTreeMap::new()),
                    },
                };
                if let Some(first) = slots.insert(address.clone(), filled) {
                    return Err(PlanError::TwoOwners { slot: address, first: first.owner, second: layer.id.clone() });
                }
            }
        }
        let mut slots = Self(slots);
        for (used, layer) in used {
            for (address, contribution) in &layer.manifest.adds {
                slots.add(used, &resolved(used, address)?, contribution)?;
            }
        }
        Ok(slots)
    }

    fn add(&mut self, used: &LayerUse, address: &str, contribution: &Contribution) -> Result<(), PlanError> {
        let slot = self
            .0
            .get_mut(address)
            .ok_or_else(|| PlanError::UnknownSlot { layer: used.layer.clone(), slot: address.to_owned() })?;
        match (&mut slot.entries, contribution) {
            (Entries::Strings(entries), Contribution::Strings(added)) => {
                for entry in added {
                    entries.insert(resolved(used, entry)?);
                }
            }
            (Entries::Table(entries), Contribution::Table(added)) => {
                for (key, entry) in added {
                    let key = resolved(used, key)?;
                    let entry = resolved_entry(used, entry)?;
                    match entries.get(&key) {
                        Some(present) if *present != entry => {
                            return Err(PlanError::Differing { slot: address.to_owned(), key });
                        }
                        _ => entries.insert(key, entry),
                    };
                }
            }
            (Entries::Strings(_), Contribution::Table(_)) | (Entries::Table(_), Contribution::Strings(_)) => {
                return Err(PlanError::Kind { layer: used.layer.clone(), slot: address.to_owned() });
            }
        }
        Ok(())
    }

    /// The slots that one file renders, as values: a string slot is a list of strings, a table slot a list of
    /// objects with their key.
    pub(super) fn of_file(&self, file: &str) -> Result<Value, PlanError> {
        let mut values = serde_json::Map::new();
        for (address, slot) in self.0.iter().filter(|(_, slot)| slot.file == file) {
            let value: Vec<Value> = match &slot.entries {
                Entries::Strings(entries) => entries.iter().map(|entry| json!(entry)).collect(),
                Entries::Table(entries) => entries.iter().map(with_key).collect(),
            };
            if slot.required && value.is_empty() {
                return Err(PlanError::Unfilled { slot: address.clone(), file: file.to_owned() });
            }
            values.insert(slot.name.clone(), Value::from(value));
        }
        Ok(Value::Object(values))
    }
}

fn with_key((key, entry): (&String, &Entry)) -> Value {
    let mut object = json!(entry);
    object["key"] = json!(key);
    object
}

fn resolved_entry(used: &LayerUse, entry: &Entry) -> Result<Entry, PlanError> {
    entry
        .iter()
        .map(|(field, value)| {
            let value = match value {
                toml::Value::String(text) => toml::Value::from(resolved(used, text)?),
                other => other.clone(),
            };
            Ok((field.clone(), value))
        })
        .collect()
}
