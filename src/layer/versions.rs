//! `versions.toml`: the one place where versions stand. Layers name distributions without them.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// The day on which the set was tested together.
    pub tested: String,
    /// Python distribution → version specifier (PEP 440).
    pub distributions: BTreeMap<String, String>,
    /// What is no distribution: Python, uv.
    pub tools: BTreeMap<String, String>,
}

impl Versions {
    /// The requirement (PEP 508) of a distribution, extras kept: `uvicorn[standard]` → `uvicorn[standard]~=0.54.0`.
    pub fn requirement(&self, distribution: &str) -> Option<String> {
        let bare = distribution.split('[').next().unwrap_or(distribution);
        let specifier = self.distributions.get(bare)?;
        Some(format!("{distribution}{specifier}"))
    }
}
