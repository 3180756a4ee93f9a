//! Every pair of answers, in memory: it is refused with a reason, or gives a whole project.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use groundplan::availability::built;
use groundplan::blueprint::BlueprintError;
use groundplan::layer::Library;
use groundplan::plan::plan;
use groundplan::questions::{Answers, Known};

use crate::support::{blueprint_of, library, options, planned, with};

/// Every pair of options of two questions, the rest a startup's; once with the architecture as recommended, and
/// once with each that is built by hand.
fn pairs() -> Vec<Answers> {
    let options = options();
    let mut pairs = Vec::new();
    for (index, (key, option)) in options.iter().enumerate() {
        for (other_key, other) in &options[index..] {
            if key == other_key && option != other {
                continue;
            }
            for architecture in ["auto", "api-first", "monolith", "hybrid"] {
                let mut known = Known::default();
                known.set("architecture", architecture).unwrap();
                known.set(key, option).unwrap();
                known.set(other_key, other).unwrap();
                pairs.push(known.complete());
            }
        }
    }
    pairs
}

/// Every distinct version of every file, by path.
type Distinct = BTreeMap<String, BTreeSet<Vec<u8>>>;

#[test]
fn every_pair_of_answers_is_refused_with_a_reason_or_gives_a_whole_project() {
    let library = library();
    let pairs = pairs();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = pairs.len().div_ceil(workers);
    let parts: Vec<(usize, Distinct)> = std::thread::scope(|scope| {
        let library = &library;
        let running: Vec<_> = pairs.chunks(share).map(|pairs| scope.spawn(|| planned_pairs(library, pairs))).collect();
        running.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let whole: usize = parts.iter().map(|(whole, _)| whole).sum();
    assert!(whole > 1000, "only {whole} pairs are built");
    let mut distinct = Distinct::new();
    for (path, versions) in parts.into_iter().flat_map(|(_, distinct)| distinct) {
        distinct.entry(path).or_default().extend(versions);
    }
    write_union(&distinct);
}

/// Plans what can be built of some pairs; how many that are, and the files of all of them. What follows from the same
/// layers and values is planned once, and each distinct file is checked once.
fn planned_pairs(library: &Library, pairs: &[Answers]) -> (usize, Distinct) {
    let mut whole = 0;
    let mut seen = BTreeSet::new();
    let mut distinct = Distinct::new();
    for answers in pairs {
        match blueprint_of(answers) {
            Err(BlueprintError::NotCarried { workloads, .. }) => assert!(!workloads.is_empty()),
            Err(BlueprintError::NotYet { missing }) => {
                assert!(
                    missing.iter().all(|not_yet| not_yet.why.is_some() || !built(not_yet.question, &not_yet.answer))
                );
            }
            Ok(blueprint) => {
                whole += 1;
                if !seen.insert(format!("{:?}{}", blueprint.layers, blueprint.values)) {
                    continue;
                }
                let plan = plan(library, &blueprint).unwrap_or_else(|error| panic!("{answers:?}: {error}"));
                for (path, file) in plan.files {
                    let versions = distinct.entry(path.to_string()).or_default();
                    if !versions.contains(&file.contents) {
                        check(path.as_str(), &file.contents);
                        versions.insert(file.contents);
                    }
                }
            }
        }
    }
    (whole, distinct)
}

/// Writes every distinct file to `target/union/N/PATH`, for the Python tools to read (`make union`).
fn write_union(distinct: &BTreeMap<String, BTreeSet<Vec<u8>>>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/union");
    let _ = std::fs::remove_dir_all(&root);
    for (path, versions) in distinct {
        for (index, contents) in versions.iter().enumerate() {
            let to = root.join(index.to_string()).join(path);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::write(to, contents).unwrap();
        }
    }
}

/// What holds for every file: its text is clean, and data parses.
fn check(path: &str, contents: &[u8]) {
    let text = std::str::from_utf8(contents).unwrap_or_else(|_| panic!("{path} is not text"));
    let data = path.ends_with("tokenizer.json");
    assert!(!text.contains('\r'), "{path} has carriage returns");
    assert!(text.is_empty() || data || text.ends_with('\n'), "{path} has no final newline");
    assert!(!text.ends_with("\n\n"), "{path} ends in blank lines");
    let trailing = text.lines().position(|line| line.ends_with([' ', '\t']));
    assert!(trailing.is_none() || data, "{path}: trailing blanks in line {trailing:?}");
    // Jinja's and Django's tags are no leftovers.
    let own_tags = path.ends_with(".html") || path.ends_with("/templatetags/dashboard.py");
    for leftover in ["{%", ".liquid", "{service}", "{{ name", "{{ slots"] {
        let own = own_tags && ["{%", "{{ name"].contains(&leftover);
        assert!(!text.contains(leftover) || data || own, "{path} holds `{leftover}`");
    }
    let structured = [".toml", ".yaml", ".yml"].iter().any(|end| path.ends_with(end));
    assert!(!structured || !text.contains("\n\n\n"), "{path} has two blank lines");
    if path.ends_with(".toml") {
        text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{path}: {error}"));
    } else if path.ends_with(".json") && !data {
        serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    } else if path.ends_with(".yaml") || path.ends_with(".yml") {
        use saphyr::LoadableYamlNode as _;
        let documents = saphyr::Yaml::load_from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(!documents.is_empty(), "{path} is empty");
    } else if path.ends_with("/Dockerfile") {
        gives_no_copied_folder_away(path, text);
    }
}

/// `COPY --chown` leaves the owner of a folder as it is that is there already (moby/buildkit#790).
fn gives_no_copied_folder_away(path: &str, dockerfile: &str) {
    let mut there: Vec<&str> = Vec::new();
    for line in dockerfile.lines() {
        if line.starts_with("FROM ") {
            there.clear();
        } else if let Some(target) = line.strip_prefix("COPY ").and_then(|copied| copied.rsplit(' ').next()) {
            let known = there.iter().any(|folder| Path::new(target).starts_with(folder));
            assert!(!known || !line.contains("--chown"), "{path}: `{line}` changes no owner");
            there.push(target);
        }
    }
}

#[test]
#[should_panic(expected = "changes no owner")]
fn a_copied_folder_that_is_given_away_is_noticed() {
    gives_no_copied_folder_away("Dockerfile", "COPY --from=build /app /app\nCOPY --chown=app /app/var /app/var\n");
}

#[test]
fn an_answer_that_only_explains_changes_nothing_but_the_docs() {
    let library = library();
    for architecture in ["api-first", "monolith", "hybrid"] {
        only_explains(&library, &with(&[("architecture", architecture)]));
    }
}

fn only_explains(library: &Library, base: &Answers) {
    let before = planned(library, base);
    for key in [
        "organisation",
        "ai_role",
        "lifetime",
        "priorities",
        "team",
        "teams",
        "skills",
        "separate_scaling",
        "workflows",
        "response",
    ] {
        for (_, option) in options().into_iter().filter(|(other, _)| *other == key) {
            let changed = base.with(key, option).unwrap();
            let Ok(blueprint) = blueprint_of(&changed) else { continue };
            let after = plan(library, &blueprint).unwrap();
            assert_eq!(before.files.len(), after.files.len(), "{key} = {option}");
            for (path, file) in &before.files {
                let same = after.files[path].contents == file.contents;
                assert!(same || path.as_str().starts_with("docs/"), "{key} = {option} changes {path}");
            }
        }
    }
}

/// Text with every number in it gone.
fn without_numbers(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_digit()).collect()
}

#[test]
fn the_peak_changes_numbers_and_the_docs() {
    let library = library();
    let base = with(&[("operations", "kubernetes")]);
    let before = planned(&library, &base);
    let mut changed = BTreeSet::new();
    for (key, option) in options().into_iter().filter(|(key, _)| *key == "peak_rps") {
        let after = plan(&library, &blueprint_of(&base.with(key, option).unwrap()).unwrap()).unwrap();
        assert_eq!(before.files.len(), after.files.len(), "{option}");
        for (path, file) in &before.files {
            let other = &after.files[path].contents;
            if *other == file.contents || path.as_str().starts_with("docs/") {
                continue;
            }
            assert_eq!(without_numbers(other), without_numbers(&file.contents), "{option}: {path}");
            changed.insert(path.as_str());
        }
    }
    let planned = ["deploy/kubernetes/overlays/production/kustomization.yaml", "ops/load/budgets.toml"];
    assert_eq!(changed, BTreeSet::from(planned));
}

#[test]
fn each_answer_that_builds_changes_the_tree() {
    let library = library();
    let paths = |pairs: &[(&str, &str)]| -> BTreeSet<String> {
        planned(&library, &with(pairs)).files.keys().map(ToString::to_string).collect()
    };
    let base = paths(&[]);
    for (pairs, gone, new) in [
        (&[("admin", "none")][..], "services/ai/app/admin.py", None),
        (&[("consumers", "own-web")], "services/ai/app/cors.py", None),
        (&[("operations", "paas")], "deploy/compose/compose.yaml", Some("Procfile")),
        (&[("database", "sqlite")], "deploy/compose/postgresql.yaml", Some("deploy/compose/sqlite.yaml")),
        (&[("ci", "none")], ".github/workflows/ci.yml", None),
        (&[("ci", "gitlab")], ".github/workflows/ci.yml", Some(".gitlab-ci.yml")),
    ] {
        let changed = paths(pairs);
        assert!(base.contains(gone) && !changed.contains(gone), "{pairs:?}: {gone}");
        if let Some(new) = new {
            assert!(!base.contains(new) && changed.contains(new), "{pairs:?}: {new}");
        }
    }
    let kubernetes = paths(&[("operations", "kubernetes")]);
    assert!(kubernetes.is_superset(&base), "Kubernetes comes beside compose");
    assert!(kubernetes.contains("deploy/kubernetes/overlays/production/kustomization.yaml"));
    let added: Vec<_> = paths(&[("workloads", "inference-api,dashboard")]).difference(&base).cloned().collect();
    assert!(added.contains(&"services/ai/app/dashboard.py".to_owned()), "{added:?}");
    assert!(paths(&[("workloads", "inference-api,dashboard"), ("admin", "none")]).contains("services/ai/app/admin.py"));
}

#[test]
fn each_answer_that_builds_changes_the_tree_of_a_monolith() {
    let library = library();
    let holds = |pairs: &[(&str, &str)], path: &str| {
        let asked = [&[("organisation", "public-sector"), ("operations", "containers")], pairs].concat();
        planned(&library, &with(&asked)).files.keys().any(|file| file.as_str() == path)
    };
    let of = |path: &str| format!("services/platform/{path}");
    for (pairs, gone) in [
        (
            &[("admin", "none"), ("workloads", "inference-api"), ("architecture", "monolith")][..],
            "apps/backoffice/urls.py",
        ),
        (&[("admin", "basic")], "apps/backoffice/site.py"),
        (&[("users", "none")], "config/settings/accounts.py"),
        (&[("workloads", "inference-api"), ("architecture", "monolith")], "apps/dashboard/usage.py"),
    ] {
        assert!(holds(&[], &of(gone)) && !holds(pairs, &of(gone)), "{pairs:?}: {gone}");
    }
}

#[test]
fn a_dashboard_wants_something_to_show_and_somewhere_to_show_it() {
    let refused = |pairs: &[(&str, &str)]| {
        let asked = [&[("architecture", "monolith")], pairs].concat();
        blueprint_of(&with(&asked)).unwrap_err().to_string()
    };
    assert!(refused(&[("workloads", "dashboard")]).contains("needs an AI workload"));
    assert!(refused(&[("workloads", "inference-api,dashboard"), ("admin", "none")]).contains("cannot be `none`"));
}
