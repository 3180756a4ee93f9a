//! Answers that are one line of text.

use super::Invalid;

/// Accepts one line that can stand unescaped in TOML, YAML, Markdown and a template: no control character, quote,
/// backslash, angle bracket or brace.
pub(super) fn plain_line(key: &'static str, text: &str, at_most: usize) -> Result<String, Invalid> {
    let text = text.trim();
    let invalid = |why: String| Err(Invalid { key, value: text.to_owned(), why });
    if text.chars().count() > at_most {
        return invalid(format!("at most {at_most} characters"));
    }
    match text.chars().find(|c| c.is_control() || r#""\<>{}`|"#.contains(*c)) {
        Some(c) => invalid(format!("one line without {}", c.escape_default().collect::<String>())),
        None => Ok(text.to_owned()),
    }
}
