//! YAML with the line of each node, aliases resolved and merge keys (`<<`) followed.

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode as _, MarkedYaml, YamlData};

use super::Project;

pub(super) type Node<'a> = MarkedYaml<'a>;

/// The documents of one file.
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) documents: Vec<Node<'a>>,
}

/// Every YAML file that can be read; the paths of those that cannot.
pub(super) fn files(project: &Project) -> (Vec<File<'_>>, Vec<&str>) {
    let mut files = Vec::new();
    let mut unreadable = Vec::new();
    for (path, text) in project.texts() {
        if !has_extension(path) {
            continue;
        }
        match MarkedYaml::load_from_str(text) {
            Ok(documents) => files.push(File { path, documents }),
            Err(_) => unreadable.push(path),
        }
    }
    (files, unreadable)
}

pub(super) fn has_extension(path: &str) -> bool {
    [".yaml", ".yml"].iter().any(|end| path.ends_with(end))
}

/// The services of every compose file, by folder and name: a file may add to a service of another beside it.
pub(super) fn compose_services<'a>(files: &'a [File<'a>]) -> BTreeMap<(&'a str, String), Vec<(&'a str, &'a Node<'a>)>> {
    let mut services: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for file in files {
        for document in &file.documents {
            let Some(listed) = get(document, "services").filter(|_| get(document, "apiVersion").is_none()) else {
                continue;
            };
            for (name, service) in entries(listed) {
                services.entry((super::project::folder(file.path), name)).or_default().push((file.path, service));
            }
        }
    }
    services
}

/// The Kubernetes objects of every file.
pub(super) fn objects<'a>(files: &'a [File<'a>]) -> impl Iterator<Item = (&'a str, &'a Node<'a>)> {
    files
        .iter()
        .flat_map(|file| file.documents.iter().map(move |document| (file.path, document)))
        .filter(|(_, document)| get(document, "apiVersion").is_some() && get(document, "kind").is_some())
}

/// The value of a key in a mapping.
pub(super) fn get<'a>(node: &'a Node<'a>, key: &str) -> Option<&'a Node<'a>> {
    let mut merged = None;
    for (name, value) in mapping(node) {
        match name.data.as_str() {
            Some(name) if name == key => return Some(value),
            Some("<<") => merged = merged.or_else(|| merge_sources(value).find_map(|source| get(source, key))),
            _ => {}
        }
    }
    merged
}

/// The value at the end of a path of keys.
pub(super) fn at<'a>(node: &'a Node<'a>, keys: &[&str]) -> Option<&'a Node<'a>> {
    keys.iter().try_fold(node, |node, key| get(node, key))
}

/// Keys and values of a mapping, those that it merges last.
pub(super) fn entries<'a>(node: &'a Node<'a>) -> Vec<(String, &'a Node<'a>)> {
    let mut own = Vec::new();
    let mut merged = Vec::new();
    for (name, value) in mapping(node) {
        match text(name) {
            Some(name) if name == "<<" => merged.extend(merge_sources(value).flat_map(entries)),
            Some(name) => own.push((name, value)),
            None => {}
        }
    }
    for (name, value) in merged {
        if own.iter().all(|(taken, _)| *taken != name) {
            own.push((name, value));
        }
    }
    own
}

/// The items of a sequence; none where the node is something else.
pub(super) fn items<'a>(node: &'a Node<'a>) -> &'a [Node<'a>] {
    match &node.data {
        YamlData::Sequence(items) => items,
        _ => &[],
    }
}

/// A scalar as it would be written.
pub(super) fn text(node: &Node) -> Option<String> {
    let data = &node.data;
    data.as_str()
        .map(str::to_owned)
        .or_else(|| data.as_integer().map(|number| number.to_string()))
        .or_else(|| data.as_bool().map(|flag| flag.to_string()))
}

/// A whole number, also one in quotes.
pub(super) fn number(node: &Node) -> Option<i64> {
    node.data.as_integer().or_else(|| node.data.as_str()?.trim().parse().ok())
}

/// Counted from one.
pub(super) fn line(node: &Node) -> usize {
    node.span.start.line()
}

/// The variables of an `environment` mapping, a list of `KEY=value`, or a list of `name` and `value`.
pub(super) fn environment<'a>(node: &'a Node<'a>) -> Vec<(String, String, usize)> {
    let mut variables = Vec::new();
    for (key, value) in entries(node) {
        variables.extend(text(value).map(|text| (key, text, line(value))));
    }
    for item in items(node) {
        if let Some((key, value)) = item.data.as_str().and_then(|item| item.split_once('=')) {
            variables.push((key.to_owned(), value.to_owned(), line(item)));
        } else if let (Some(key), Some(value)) = (get(item, "name"), get(item, "value")) {
            variables.extend(text(key).zip(text(value)).map(|(key, text)| (key, text, line(value))));
        }
    }
    variables
}

fn mapping<'a>(node: &'a Node<'a>) -> impl Iterator<Item = (&'a Node<'a>, &'a Node<'a>)> {
    match &node.data {
        YamlData::Mapping(mapping) => Some(mapping.iter()),
        _ => None,
    }
    .into_iter()
    .flatten()
}

/// `<<` takes a mapping, or a list of them of which the first wins.
fn merge_sources<'a>(node: &'a Node<'a>) -> impl Iterator<Item = &'a Node<'a>> {
    let listed = items(node);
    let single = listed.is_empty().then_some(node);
    single.into_iter().chain(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_keys_are_followed_and_own_keys_win() {
        let text = "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc:\n  <<: [*a, {z: 4}]\n";
        let documents = MarkedYaml::load_from_str(text).unwrap();
        let number = |keys: &[&str]| at(&documents[0], keys).and_then(super::number);
        assert_eq!(number(&["b", "x"]), Some(1));
        assert_eq!(number(&["b", "y"]), Some(3));
        assert_eq!(number(&["c", "z"]), Some(4));
        assert_eq!(line(at(&documents[0], &["b", "y"]).unwrap()), 4);
        assert_eq!(entries(get(&documents[0], "b").unwrap()).len(), 2);
    }

    #[test]
    fn an_environment_has_three_spellings() {
        for yaml in ["{A: 1}", "[A=1]", "[{name: A, value: '1'}]"] {
            let documents = MarkedYaml::load_from_str(yaml).unwrap();
            assert_eq!(environment(&documents[0]), [("A".to_owned(), "1".to_owned(), 1)], "{yaml}");
        }
    }
}
