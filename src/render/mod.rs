//! Renders one template strictly: an unknown variable is an error that names file and line, also inside an `if`.
//!
//! Liquid refuses an unknown variable in `{{ }}` but takes it for false in `{% if %}`. So values are given to it
//! through a view of our own that records every name asked for and not found.

mod strict;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use liquid_core::model::ScalarCow;
use liquid_core::parser::{FilterArguments, FilterReflection, ParameterReflection, ParseFilter};
use liquid_core::{Filter, Runtime, Value, ValueView};

use crate::layer::Versions;
use strict::Strict;

/// Why a template could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("cannot render `{file}`: {message}")]
    Template { file: String, message: String },
    #[error("cannot render `{file}`: unknown variable `{name}`{}", line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Unknown { file: String, name: String, line: Option<usize> },
    #[error("`{file}` is not UTF-8, so it cannot be a template")]
    NotText { file: String },
}

/// Renders the templates of one library, with its versions. Each is parsed once.
#[derive(Clone)]
pub struct Renderer {
    parser: liquid::Parser,
    parsed: Arc<Mutex<HashMap<String, Arc<liquid::Template>>>>,
}

/// Values that all templates of a project know.
pub struct Shared(Strict);

impl Shared {
    pub fn new(values: &serde_json::Value) -> Self {
        Self(Strict::new(values))
    }
}

impl Renderer {
    pub fn new(versions: &Versions) -> Self {
        let parser = liquid::ParserBuilder::with_stdlib()
            .filter(Requirement { versions: Arc::new(versions.clone()) })
            .build()
            .expect("the standard blocks, tags and filters have distinct names");
        Self { parser, parsed: Arc::default() }
    }

    /// Renders a template with values of its `own` over those that it shares; `file` is named in errors.
    pub fn render(
        &self,
        file: &str,
        source: &[u8],
        shared: &Shared,
        own: &serde_json::Value,
    ) -> Result<String, RenderError> {
        let source = std::str::from_utf8(source).map_err(|_| RenderError::NotText { file: file.to_owned() })?;
        let failed = |error: &liquid::Error| RenderError::Template {
            file: file.to_owned(),
            message: in_one_line(&error.to_string()),
        };
        let template = self.template(source).map_err(|error| failed(&error))?;
        let values = shared.0.with(own);
        let rendered = template.render(&values);
        if let Some(name) = values.first_miss() {
            return Err(RenderError::Unknown { file: file.to_owned(), line: line_of(source, &name), name });
        }
        rendered.map_err(|error| failed(&error))
    }

    fn template(&self, source: &str) -> Result<Arc<liquid::Template>, liquid::Error> {
        let parsed = || self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = parsed().get(source) {
            return Ok(Arc::clone(template));
        }
        let template = Arc::new(self.parser.parse(source)?);
        parsed().insert(source.to_owned(), Arc::clone(&template));
        Ok(template)
    }
}

impl std::fmt::Debug for Renderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}

/// The line of the first tag that speaks of a name.
fn line_of(source: &str, name: &str) -> Option<usize> {
    let last = name.rsplit('.').next().unwrap_or(name);
    source
        .lines()
        .position(|line| (line.contains("{{") || line.contains("{%")) && line.contains(last))
        .map(|index| index + 1)
}

fn in_one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `{{ "fastapi" | requirement }}`: the distribution with its pin.
#[derive(Clone, Debug)]
struct Requirement {
    versions: Arc<Versions>,
}

impl FilterReflection for Requirement {
    fn name(&self) -> &'static str {
        "requirement"
    }
    fn description(&self) -> &'static str {
        "The distribution with the version that versions.toml pins."
    }
    fn positional_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }
    fn keyword_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }
}

impl ParseFilter for Requirement {
    fn parse(&self, _arguments: FilterArguments<'_>) -> liquid_core::Result<Box<dyn Filter>> {
        Ok(Box::new(self.clone()))
    }
    fn reflection(&self) -> &dyn FilterReflection {
        self
    }
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("requirement")
    }
}

impl Filter for Requirement {
    fn evaluate(&self, input: &dyn ValueView, _runtime: &dyn Runtime) -> liquid_core::Result<Value> {
        let distribution = input.to_kstr();
        let requirement = self
            .versions
            .requirement(&distribution)
            .ok_or_else(|| liquid_core::Error::with_msg(format!("versions.toml has no `{distribution}`")))?;
        Ok(Value::Scalar(ScalarCow::new(requirement)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(source: &str) -> Result<String, String> {
        let versions: Versions = toml::from_str("tested = ''\n[tools]\n[distributions]\nfastapi = '~=1.2'\n").unwrap();
        let shared = json!({"name": "demo", "on": true, "a": {"b": 1}, "items": [{"key": "k"}]});
        Renderer::new(&versions)
            .render("x.liquid", source.as_bytes(), &Shared::new(&shared), &json!({"on": false}))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn known_names_are_rendered() {
        let all = "{{ name }}{% if on %}!{% endif %} {{ a.b }}{% for i in items %} {{ i.key }}{{ forloop.index }}{% endfor %}";
        assert_eq!(render(all).unwrap(), "demo 1 k1");
        assert_eq!(render("{{ 'fastapi[x]' | requirement }}").unwrap(), "fastapi[x]~=1.2");
    }

    #[test]
    fn an_unknown_name_is_an_error_with_its_line_wherever_it_stands() {
        for (source, name) in [
            ("a\n{{ nmae }}", "nmae"),
            ("a\n{% if nmae %}x{% endif %}", "nmae"),
            ("a\n{% unless nmae %}x{% endunless %}", "nmae"),
            ("a\n{% if a.c %}x{% endif %}", "a.c"),
            ("a\n{% for i in itmes %}x{% endfor %}", "itmes"),
        ] {
            assert_eq!(
                render(source).unwrap_err(),
                format!("cannot render `x.liquid`: unknown variable `{name}`, line 2"),
            );
        }
    }

    #[test]
    fn an_unknown_field_of_an_entry_is_an_error() {
        assert!(render("{% for i in items %}{{ i.kye }}{% endfor %}").is_err());
    }

    #[test]
    fn what_has_no_version_is_an_error() {
        assert!(render("{{ 'flask' | requirement }}").unwrap_err().contains("no `flask`"));
    }
}
