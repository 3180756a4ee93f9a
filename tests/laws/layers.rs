//! Laws that every layer keeps: what a manifest may say, what a template may hold, and who owns what.

use std::collections::{BTreeMap, BTreeSet};

use groundplan::architecture::Architecture;
use groundplan::blueprint::FIRST_SERVICE;
use groundplan::clauses::clause;
use groundplan::layer::{Contribution, Layer};
use groundplan::plan::plan;
use groundplan::questions::Answers;

use crate::support::{blueprint_of, library, options, planned, sealed, with};

/// A template's tags, as they stand between `{{ }}` or `{% %}`.
fn tags(source: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for (open, close) in [("{{", "}}"), ("{%", "%}")] {
        let mut rest = source;
        while let Some(start) = rest.find(open) {
            let Some(end) = rest[start..].find(close) else { break };
            let tag = &rest[start + 2..start + end];
            tags.push(tag.trim_matches(['-', ' ']).to_owned());
            rest = &rest[start + end + 2..];
        }
    }
    tags
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Every template that holds tags, as (layer, path, source).
fn templated(layers: &BTreeMap<String, Layer>) -> Vec<(&str, &str, &str)> {
    layers
        .values()
        .flat_map(|layer| {
            layer
                .files
                .iter()
                .filter(|(path, _)| path.ends_with(".liquid"))
                .filter_map(|(path, bytes)| Some((layer.id.as_str(), path.as_str(), text(bytes)?)))
        })
        .filter(|(_, _, source)| !tags(source).is_empty())
        .collect()
}

#[test]
fn every_layer_says_what_it_gives_and_cites_clauses_that_exist() {
    for layer in library().layers.values() {
        let summary = &layer.manifest.summary;
        assert!(!summary.is_empty() && !summary.contains('\n') && !summary.ends_with('.'), "{}", layer.id);
        for id in &layer.manifest.clauses {
            assert!(clause(id).is_some(), "{} cites {id}", layer.id);
        }
    }
}

#[test]
fn every_layer_is_reached_by_some_answer() {
    let mut reached = BTreeSet::new();
    for (key, option) in options() {
        for architecture in ["api-first", "monolith", "hybrid"] {
            for operations in ["containers", "kubernetes", "paas"] {
                for database in ["postgresql", "sqlite"] {
                    for workloads in [
                        "inference-api",
                        "chatbot",
                        "recommendations",
                        "realtime-analytics",
                        "chatbot,realtime-analytics",
                    ] {
                        let mut answers = vec![
                            ("architecture", architecture),
                            ("operations", operations),
                            ("database", database),
                            ("workloads", workloads),
                        ];
                        answers.retain(|(other, _)| *other != key);
                        // A dashboard charts what an AI workload used.
                        let with_dashboard = format!("{workloads},dashboard");
                        answers.push((key, if option == "dashboard" { &with_dashboard } else { option }));
                        if let Ok(blueprint) = blueprint_of(&with(&answers)) {
                            reached.extend(blueprint.layers.into_iter().map(|used| used.layer));
                        }
                    }
                }
            }
        }
    }
    // Three answers at once.
    let jobs = [
        ("architecture", "api-first"),
        ("model_serving", "batch"),
        ("data_residency", "internal-only"),
        ("ci", "gitlab"),
        ("users", "organisations"),
        ("consumers", "partners"),
        ("compliance", "strict"),
    ];
    reached.extend(blueprint_of(&with(&jobs)).unwrap().layers.into_iter().map(|used| used.layer));
    let all: BTreeSet<_> = library().layers.into_keys().collect();
    assert_eq!(reached, all);
}

#[test]
fn at_most_a_quarter_of_all_template_files_hold_tags() {
    let library = library();
    let all: usize = library.layers.values().map(|layer| layer.files.len()).sum();
    let templated = templated(&library.layers).len();
    assert!(templated * 4 <= all, "{templated} of {all}");
}

#[test]
fn a_templated_file_is_short_and_hardly_branches() {
    for (layer, path, source) in templated(&library().layers) {
        let name = format!("{layer}/{path}");
        assert!(source.lines().count() <= 150, "{name} has more than 150 lines");
        let tags = tags(source);
        let ifs = tags.iter().filter(|tag| tag.starts_with("if ") || tag.starts_with("unless ")).count();
        assert!(ifs <= 3, "{name} has {ifs} ifs");
        let mut depth = 0_u32;
        for tag in tags.iter().filter(|tag| ["if ", "unless ", "endif", "endunless"].iter().any(|t| tag.starts_with(t)))
        {
            depth = if tag.starts_with("end") { depth - 1 } else { depth + 1 };
            assert!(depth <= 1, "{name} nests ifs");
        }
        assert!(!source.contains("-%}"), "{name} trims after a tag");
    }
}

/// Kubernetes objects are verbatim, and what varies among them (names, images, replicas) is what a kustomization is for:
/// so a `kustomization.yaml` is the one file below `kubernetes/` that may hold values.
#[test]
fn files_of_other_template_languages_are_never_templated() {
    for (layer, path, _) in templated(&library().layers) {
        let output = path.trim_end_matches(".liquid");
        let own_braces = [".html", ".js", ".ts", ".tsx", ".css", ".jinja"].iter().any(|end| output.ends_with(end))
            || output.contains(".github/workflows/")
            || output.contains(".gitlab")
            || output.ends_with("justfile")
            || (output.contains("kubernetes/") && !output.ends_with("/kustomization.yaml"));
        assert!(!own_braces, "{layer}/{path}");
        let python = output.ends_with(".py") || output.ends_with(".pyi");
        assert!(
            !python || output.ends_with("/app/features.py") || output.ends_with("/config/features.py"),
            "{layer}/{path} is templated Python"
        );
    }
}

#[test]
fn nothing_lies_in_the_templates_that_a_tool_left_there() {
    for layer in library().layers.values() {
        for path in layer.files.keys() {
            let litter =
                ["uv.lock", "__pycache__", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".coverage"];
            assert!(!litter.iter().any(|name| path.split('/').any(|part| part == *name)), "{}/{path}", layer.id);
            let mut parts = path.split('/');
            let in_services = parts.next() == Some("services");
            let member_init = in_services && parts.count() == 2 && path.ends_with("__init__.py");
            assert!(!member_init, "{}/{path} would shadow a module", layer.id);
        }
    }
}

#[test]
fn every_name_in_a_tag_is_a_value_that_templates_know() {
    let library = library();
    let blueprint = blueprint_of(&with(&[])).unwrap();
    for (layer, path, source) in templated(&library.layers) {
        let slots: BTreeSet<_> = library.layers[layer].manifest.slots.keys().cloned().collect();
        let mut local = BTreeSet::from(["forloop".to_owned(), "empty".to_owned()]);
        for tag in tags(source) {
            let words: Vec<_> = tag.split_whitespace().collect();
            if let ["for", variable, "in", ..] = words[..] {
                local.insert(variable.to_owned());
            }
        }
        for tag in tags(source) {
            for word in names(&tag) {
                let word = word.strip_suffix(".size").unwrap_or(word);
                let mut parts = word.split('.');
                let first = parts.next().unwrap();
                let known = local.contains(first)
                    || match first {
                        "slots" => parts.next().is_some_and(|slot| slots.contains(slot)),
                        "versions" => parts.next().is_some_and(|tool| library.versions.tools.contains_key(tool)),
                        "service" => true,
                        _ => blueprint.values.pointer(&format!("/{}", word.replace('.', "/"))).is_some(),
                    };
                assert!(known, "{layer}/{path}: `{word}` in `{tag}`");
            }
        }
    }
}

/// The variables that a tag reads.
fn names(tag: &str) -> Vec<&str> {
    const WORDS: [&str; 19] = [
        "if",
        "elsif",
        "else",
        "endif",
        "unless",
        "endunless",
        "for",
        "in",
        "endfor",
        "and",
        "or",
        "contains",
        "raw",
        "endraw",
        "requirement",
        "reversed",
        "split",
        "join",
        "first",
    ];
    let mut quoted = false;
    tag.split(|c: char| {
        if c == '"' || c == '\'' {
            quoted = !quoted;
        }
        !(c.is_alphanumeric() || "._-".contains(c)) || quoted
    })
    .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()) && !WORDS.contains(word))
    .filter(|word| !tag.contains(&format!("\"{word}\"")) || !word.contains('.'))
    .collect()
}

#[test]
fn without_a_layer_its_files_and_its_entries_are_gone_and_nothing_else() {
    let library = library();
    for answers in [
        with(&[]),
        with(&[("operations", "paas"), ("database", "sqlite")]),
        with(&[("operations", "kubernetes"), ("ci", "gitlab")]),
        with(&[("organisation", "scale-up")]),
        with(&[("organisation", "public-sector"), ("operations", "paas")]),
        with(&[("organisation", "enterprise"), ("ci", "gitlab")]),
        with(&[("organisation", "scale-up"), ("architecture", "hybrid")]),
        with(&[("workloads", "chatbot"), ("architecture", "api-first"), ("model_serving", "own-gpu")]),
        with(&[("workloads", "chatbot,inference-api"), ("ci", "gitlab"), ("database", "sqlite")]),
        with(&[("workloads", "recommendations"), ("architecture", "api-first")]),
        with(&[("workloads", "recommendations,dashboard"), ("architecture", "monolith")]),
        with(&[("workloads", "recommendations,chatbot"), ("architecture", "monolith")]),
        with(&[("workloads", "realtime-analytics"), ("architecture", "api-first"), ("operations", "kubernetes")]),
        with(&[
            ("workloads", "chatbot,realtime-analytics"),
            ("organisation", "scale-up"),
            ("architecture", "monolith"),
        ]),
        with(&[("model_serving", "batch"), ("architecture", "api-first"), ("operations", "kubernetes")]),
        with(&[
            ("model_serving", "batch"),
            ("workloads", "inference-api,chatbot,recommendations,realtime-analytics"),
            ("architecture", "api-first"),
            ("operations", "kubernetes"),
            ("users", "simple"),
        ]),
    ] {
        let whole = blueprint_of(&answers).unwrap();
        let with_all = plan(&library, &whole).unwrap();
        for used in &whole.layers {
            // These own slots that others fill: without them there is no project.
            let owners = [
                "base",
                "ci-github",
                "fuzz",
                "intelligence",
                "service",
                "platform",
                "operations-containers",
                "operations-kubernetes",
            ];
            if owners.contains(&used.layer.as_str()) || used.layer == "kubernetes-service" {
                continue;
            }
            let mut less = whole.clone();
            less.layers.retain(|other| other != used);
            let Ok(without) = plan(&library, &less) else {
                // It fills a slot that must be filled, and so is no option.
                assert!(fills_a_required_slot(&library.layers, &used.layer), "{}", used.layer);
                continue;
            };
            let owners: BTreeSet<_> = library.layers[&used.layer]
                .manifest
                .adds
                .keys()
                .map(|address| address.replace("{service}", used.service.as_deref().unwrap_or(FIRST_SERVICE)))
                .map(|address| address.split_once(':').unwrap().0.to_owned())
                .collect();
            for (path, file) in &with_all.files {
                let Some(other) = without.files.get(path) else {
                    assert_eq!(file.layer, used.layer, "{path} went with {}", used.layer);
                    continue;
                };
                assert_ne!(file.layer, used.layer, "{path} stayed without {}", used.layer);
                let folder = path.as_str().rsplit_once('/').map_or(".", |(folder, _)| folder);
                assert!(
                    file.contents == other.contents || owners.contains(folder),
                    "{path} changed without {}",
                    used.layer
                );
            }
            assert!(without.files.keys().all(|path| with_all.files.contains_key(path)));
        }
    }
}

fn fills_a_required_slot(layers: &BTreeMap<String, Layer>, layer: &str) -> bool {
    layers[layer].manifest.adds.keys().any(|address| {
        let (_, slot) = address.split_once(':').unwrap();
        layers.values().any(|owner| owner.manifest.slots.get(slot).is_some_and(|slot| slot.required))
    })
}

#[test]
fn versions_are_used_and_names_of_distributions_are_reserved() {
    let library = library();
    let mut named = BTreeSet::new();
    for layer in library.layers.values() {
        for contribution in layer.manifest.adds.values() {
            if let Contribution::Strings(entries) = contribution {
                named.extend(entries.iter().map(|entry| entry.split('[').next().unwrap().to_owned()));
            }
        }
        for bytes in layer.files.values() {
            for tag in text(bytes).map(tags).unwrap_or_default() {
                if let Some((quoted, _)) = tag.split_once("| requirement") {
                    named.insert(quoted.trim_matches(['"', '\'', ' ']).split('[').next().unwrap().to_owned());
                }
            }
        }
    }
    let reserved = include_str!("../../src/questions/name_distributions.txt");
    for distribution in library.versions.distributions.keys() {
        assert!(named.contains(distribution), "{distribution} has a version and no use");
        assert!(
            reserved.lines().any(|line| line == distribution),
            "{distribution} is missing in src/questions/name_distributions.txt"
        );
    }
}

#[test]
fn what_verbatim_files_repeat_is_what_is_planned_and_pinned() {
    let library = library();
    let file = |layer: &str, path: &str| text(&library.layers[layer].files[path]).unwrap().to_owned();
    let capacity = groundplan::capacity::capacity(&with(&[("operations", "kubernetes")]), Architecture::Monolith);
    let scaling = file("kubernetes-service", "deploy/kubernetes/base/{service}/scaling.yaml");
    assert!(scaling.contains(&format!("averageUtilization: {}\n", capacity.utilisation_percent)));
    let server = file("kubernetes-service", "deploy/kubernetes/base/{service}/server.yaml");
    let memory = server.lines().find_map(|line| line.trim().strip_prefix("memory: ")?.strip_suffix("Mi")).unwrap();
    assert!(memory.parse::<u32>().unwrap() > capacity.memory_mb, "{memory} Mi are too few for a process");
    let threads = format!("THREADS = {} ", capacity.connections_per_process);
    assert!(file("platform", "services/platform/config/settings/base.py").contains(&threads), "a connection a thread");
    let connections = format!("CONNECTIONS = {} ", capacity.connections_per_process);
    assert!(file("service", "services/{service}/app/database.py").contains(&connections), "the pool is as planned");
    let job = "deploy/kubernetes/base/{service}/migration.yaml";
    assert_eq!(
        file("kubernetes-alembic", job)
            .replace("[alembic, upgrade, heads]", "[python, manage.py, migrate, --no-input]"),
        file("kubernetes-django", job),
        "both kinds migrate alike"
    );
    let tools = &library.versions.tools;
    let image = format!("ghcr.io/astral-sh/uv:{}-python{}-", tools["uv"], tools["python"]);
    assert!(file("ci-gitlab", ".gitlab-ci.yml").contains(&image));
}

/// One of them stands in a project, and no project but of that workload alone has the others: nothing else would notice.
#[test]
fn the_load_tests_of_all_workloads_are_called_alike() {
    let mut called = 0;
    for layer in library().layers.values() {
        let Some(source) = layer.files.get("ops/load/calling.py").and_then(|bytes| text(bytes)) else { continue };
        for function in ["def prepare(ask: Callable[..., Any]) -> str:", "def call("] {
            assert!(source.contains(function), "{} has no `{function}`", layer.id);
        }
        called += 1;
    }
    assert!(called > 1);
}

#[test]
fn every_setting_of_the_example_environment_is_read_somewhere() {
    every_setting_is_read(&with(&[]));
    every_setting_is_read(&with(&[("organisation", "public-sector")]));
    every_setting_is_read(&with(&[("workloads", "chatbot"), ("model_serving", "hosted-llm")]));
    every_setting_is_read(&with(&[("organisation", "scale-up"), ("architecture", "hybrid")]));
    every_setting_is_read(&with(&[("workloads", "chatbot")]));
    every_setting_is_read(&with(&[("workloads", "recommendations")]));
    every_setting_is_read(&with(&[("workloads", "realtime-analytics")]));
    every_setting_is_read(&with(&[("workloads", "realtime-analytics"), ("architecture", "monolith")]));
    every_setting_is_read(&with(&[("model_serving", "batch"), ("architecture", "api-first")]));
}

fn every_setting_is_read(answers: &Answers) {
    let plan = planned(&library(), answers);
    let (example, rest): (Vec<_>, Vec<_>) = plan.files.iter().partition(|(path, _)| path.as_str() == ".env.example");
    let example = text(&example[0].1.contents).unwrap();
    let settings: Vec<_> = example
        .lines()
        .filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='))
        .map(|(key, _)| key)
        .filter(|key| key.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert!(settings.len() >= 3, "{settings:?}");
    for setting in settings {
        let field = setting.to_lowercase();
        let read = rest.iter().any(|(path, file)| {
            let source = text(&file.contents).unwrap_or_default();
            let code = [".py", ".yaml", "justfile", "Procfile.dev"].iter().any(|end| path.as_str().ends_with(end));
            code && !path.as_str().contains("/tests/") && (source.contains(setting) || source.contains(&field))
        });
        assert!(read, "{setting} is offered and not read");
    }
}

#[test]
fn the_same_answers_give_the_same_bytes() {
    let library = library();
    let answers = with(&[("name", "same-bytes")]);
    assert_eq!(sealed(&library, &answers), sealed(&library, &answers));
}

#[test]
fn the_stored_base_holds_every_other_file() {
    let plan = sealed(&library(), &with(&[]));
    let base = plan.files.iter().find(|(path, _)| path.as_str() == groundplan::lock::BASE).unwrap().1;
    let stored = groundplan::lock::read_base(&base.contents).unwrap();
    assert_eq!(stored.len() + 1, plan.files.len());
    for (path, (contents, executable)) in stored {
        let file = &plan.files[&path];
        assert!(file.contents == contents && file.executable == executable, "{path}");
    }
}

/// By `git ls-files`, without the stored base. Python is verbatim and shows nothing of what was not asked for, so what
/// an answer adds is a module and its tests, not lines in another one: more files than a tree that is made for one
/// combination, and short ones.
#[test]
fn the_smallest_service_has_a_bounded_number_of_files_and_short_modules() {
    let answers = with(&[
        ("architecture", "api-first"),
        ("architecture_reason", "the law asks for it"),
        ("workloads", "inference-api"),
        ("operations", "paas"),
        ("ci", "none"),
        ("users", "none"),
        ("admin", "none"),
    ]);
    let plan = planned(&library(), &answers);
    let files = plan.files.len() + 1; // and uv.lock
    assert!(files <= 150, "{files} files");
    for (path, file) in &plan.files {
        let lines = text(&file.contents).map_or(0, |text| text.lines().count());
        assert!(!path.as_str().ends_with(".py") || lines <= 450, "{path}: {lines} lines");
    }
}
