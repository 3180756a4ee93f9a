//! A blueprint as a flat template that stock cargo-generate expands to the same project.
//!
//! The project is planned once with stand-ins for its name and description; wherever a stand-in comes out, the
//! template gets a placeholder. Only those files are rendered by cargo-generate, so nothing else needs escaping. The
//! stored base is left out: cargo-generate cannot make it.

use std::collections::BTreeMap;

use crate::lock::BASE;
use crate::plan::{Plan, PlannedFile, RelPath};

/// Stand-in for the name; a valid name that no template contains.
pub const NAME: &str = "groundplan-export-name";
/// Stand-in for the description.
pub const DESCRIPTION: &str = "groundplan export description";

/// The configuration that cargo-generate reads.
const CONFIG: &str = "cargo-generate.toml";
/// What cargo-generate calls the name of a project.
const NAME_PLACEHOLDER: &str = "{{project-name}}";
const DESCRIPTION_PLACEHOLDER: &str = "{{description}}";

/// Turns the plan of the stand-ins into a template, with the default of the description.
pub fn template(plan: &Plan, description: &str) -> Plan {
    let mut files: BTreeMap<RelPath, PlannedFile> = BTreeMap::new();
    let mut rendered = Vec::new();
    for (path, file) in &plan.files {
        if path.as_str() == BASE {
            continue;
        }
        let contents = match std::str::from_utf8(&file.contents) {
            Ok(text) if text.contains(NAME) || text.contains(DESCRIPTION) => {
                rendered.push(path.to_string());
                with_placeholders(text).into_bytes()
            }
            _ => file.contents.clone(),
        };
        files.insert(path.clone(), PlannedFile { contents, ..file.clone() });
    }
    let path = RelPath::new(CONFIG).expect("a plain name");
    files.insert(
        path,
        PlannedFile {
            contents: config(&rendered, description).into_bytes(),
            executable: false,
            layer: crate::lock::LAYER.to_owned(),
        },
    );
    Plan { files, steps: Vec::new() }
}

/// Puts placeholders where the stand-ins are, and keeps what looks like liquid from being read as liquid: also a brace
/// that a placeholder would come to stand behind.
fn with_placeholders(text: &str) -> String {
    let liquid = ["{{", "{%"].iter().any(|delimiter| text.contains(delimiter))
        || [NAME, DESCRIPTION].iter().any(|stand_in| text.contains(&format!("{{{stand_in}")));
    if liquid {
        let text = format!("{{% raw %}}{text}{{% endraw %}}");
        let around = |placeholder: &str| format!("{{% endraw %}}{placeholder}{{% raw %}}");
        return text.replace(NAME, &around(NAME_PLACEHOLDER)).replace(DESCRIPTION, &around(DESCRIPTION_PLACEHOLDER));
    }
    text.replace(NAME, NAME_PLACEHOLDER).replace(DESCRIPTION, DESCRIPTION_PLACEHOLDER)
}

fn config(rendered: &[String], description: &str) -> String {
    // Patterns as in a .gitignore: without the slash, `README.md` is every README.md.
    let include: Vec<_> = rendered.iter().map(|path| format!("/{path}")).collect();
    let include = toml::Value::from(include);
    let default = toml::Value::from(description);
    format!(
        "[template]\ncargo_generate_version = \">=0.23\"\ninclude = {include}\n\n\
         [placeholders.description]\ntype = \"string\"\nprompt = \"What is it, in one sentence?\"\n\
         default = {default}\nregex = '^[^\\p{{Cc}}\"\\\\<>{{}}`|]{{0,120}}$'\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_liquid_stays_literal() {
        assert_eq!(
            with_placeholders("a {{ x }} groundplan-export-name b"),
            "{% raw %}a {{ x }} {% endraw %}{{project-name}}{% raw %} b{% endraw %}"
        );
        assert_eq!(with_placeholders("x: groundplan export description"), "x: {{description}}");
    }
}
