//! What a project remembers: `groundplan.toml`, the answers and versions it was made from, and the stored base, every
//! file as it was written, from which a later update knows what the user has changed.

mod base;
mod record;

use std::fmt::Write as _;

pub use base::{BaseError, read as read_base};
pub use record::{Record, RecordError, read};

use crate::answers::to_toml;
use crate::blueprint::Blueprint;
use crate::plan::{Plan, PlannedFile, RelPath};
use crate::questions::Answers;
use crate::recommend::Recommendation;

/// The file of answers and versions.
pub const LOCK: &str = "groundplan.toml";
/// The stored base.
pub const BASE: &str = ".groundplan/base";
/// The layer that these two are said to come from.
pub const LAYER: &str = "groundplan";

/// Adds `groundplan.toml` and the stored base to a plan. The base holds every file but itself.
pub fn seal(plan: &mut Plan, answers: &Answers, recommendation: &Recommendation, blueprint: &Blueprint) {
    let mut add = |path: &str, contents: Vec<u8>| {
        let path = RelPath::new(path).expect("the lock's paths are plain");
        let file = PlannedFile { contents, executable: false, layer: LAYER.to_owned() };
        plan.files.insert(path, file);
    };
    add(LOCK, lock(answers, recommendation, blueprint).into_bytes());
    let base = base::write(&plan.files);
    let path = RelPath::new(BASE).expect("the lock's paths are plain");
    plan.files.insert(path, PlannedFile { contents: base, executable: false, layer: LAYER.to_owned() });
}

/// The text of `groundplan.toml`. It holds no secret and no date.
fn lock(answers: &Answers, recommendation: &Recommendation, blueprint: &Blueprint) -> String {
    let strings = |items: Vec<String>| toml::Value::from(items).to_string();
    let confirmed = recommendation
        .contradictions
        .iter()
        .filter(|raised| raised.confirmed)
        .map(|raised| raised.id.to_string())
        .collect();
    let assumed = answers.assumed.iter().map(|key| (*key).to_owned()).collect();
    let layers = blueprint.layers.iter().map(|used| used.layer.clone()).collect();
    let mut text = String::from(
        "# What this project was made from. Kept in the repository: groundplan reads it to check, update and grow it.\n",
    );
    let _ = writeln!(text, "schema = {}", record::SCHEMA);
    let _ = writeln!(text, "groundplan = \"{}\"", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(text, "architecture = \"{}\"", recommendation.architecture);
    let _ = writeln!(text, "target = \"{}\"", recommendation.target);
    let _ = writeln!(text, "layers = {}", strings(layers));
    let _ = writeln!(text, "confirmed = {}", strings(confirmed));
    let _ = writeln!(text, "assumed = {}", strings(assumed));
    let _ = write!(text, "\n[answers]\n{}", to_toml(answers));
    text
}
