//! Answers of named situations, embedded from `examples/`.

use std::sync::LazyLock;

use include_dir::{Dir, include_dir};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/examples");

/// One situation.
pub struct Example {
    pub name: &'static str,
    /// Who it is: the first line of the file, a comment.
    pub about: &'static str,
    /// The whole file.
    pub text: &'static str,
}

/// Every example, by name.
pub static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(|| {
    let mut examples: Vec<_> = EMBEDDED
        .files()
        .filter_map(|file| {
            let name = file.path().to_str()?.strip_suffix(".toml")?;
            let text = file.contents_utf8()?;
            let about = text.lines().next()?.trim_start_matches(['#', ' ']);
            Some(Example { name, about, text })
        })
        .collect();
    examples.sort_by_key(|example| example.name);
    examples
});
