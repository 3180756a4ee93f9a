//! SQLite serves one process: where it is the production database, no file may ask for more, and no answer either.
//! What is started is read from the Procfile, compose files and Kubernetes objects.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::yaml::{self, File, Node};
use super::{Check, Project, Report};
use crate::lock::LOCK;
use crate::questions::Database;
use crate::recommend::{ContradictionId, recommend};

pub(super) const CHECK: Check =
    Check { id: "sqlite-processes", clause: "M2", says: "SQLite in production serves one process", run };

const REMEDY: &str = "point DATABASE_URL at PostgreSQL first, or go back to one process";
/// Variables that multiply processes.
const COUNTS: [&str; 2] = ["WEB_CONCURRENCY", "REPLICAS"];

static PROCFILE_COUNT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\b(?:WEB_CONCURRENCY|REPLICAS)=|\s--workers[= ]|\s-w[= ]?)(\d+)").expect("a fixed pattern")
});
static PROCFILE_DATABASE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bDATABASE_URL=(\S+)").expect("a fixed pattern"));

fn run(project: &Project, report: &mut Report) {
    let answered = project.record.answers.database == Database::Sqlite;
    answers(project, report);
    if let Some(text) = project.text("Procfile") {
        procfile(text, answered, report);
    }
    let (files, _) = yaml::files(project);
    compose(&files, answered, report);
    kubernetes(&files, answered, &project.record.answers.get("name"), report);
}

/// The answers ask for more than SQLite gives (C4).
fn answers(project: &Project, report: &mut Report) {
    let record = &project.record;
    let raised = recommend(&record.answers, &record.confirmed).contradictions;
    if let Some(raised) = raised.iter().find(|raised| raised.id == ContradictionId::C4) {
        report.finding(LOCK, project.line_of(LOCK, "database"), format!("C4: {}", raised.message), raised.remedy);
    }
}

fn procfile(text: &str, answered: bool, report: &mut Report) {
    for (number, line) in text.lines().enumerate() {
        let Some((process, command)) = line.split_once(':').filter(|(name, _)| !name.starts_with('#')) else {
            continue;
        };
        let url = PROCFILE_DATABASE.captures(command).map(|found| found[1].to_owned());
        let sqlite = url.map_or(answered, |url| is_sqlite(&url));
        let count = PROCFILE_COUNT.captures_iter(command).filter_map(|found| found[1].parse::<i64>().ok()).max();
        if let Some(count) = count.filter(|count| sqlite && *count > 1) {
            report.finding("Procfile", number + 1, format!("`{process}` starts {count} processes on SQLite"), REMEDY);
        }
    }
}

fn compose(files: &[File], answered: bool, report: &mut Report) {
    for ((_, name), parts) in yaml::compose_services(files) {
        let environment: Vec<_> = parts
            .iter()
            .filter_map(|(path, service)| Some((*path, yaml::get(service, "environment")?)))
            .flat_map(|(path, node)| yaml::environment(node).into_iter().map(move |variable| (path, variable)))
            .collect();
        let url = environment.iter().rfind(|(_, (key, ..))| key == "DATABASE_URL").map(|(_, (_, url, _))| url);
        // Without a URL of its own, only what is built here runs the project's code.
        let built = parts.iter().any(|(_, service)| yaml::get(service, "build").is_some());
        if !url.map_or(answered && built, |url| is_sqlite(url)) {
            continue;
        }
        for (path, service) in &parts {
            for keys in [&["deploy", "replicas"][..], &["scale"]] {
                if let Some((count, line)) = yaml::at(service, keys).and_then(several) {
                    report.finding(path, line, format!("`{name}` runs {count} containers on SQLite"), REMEDY);
                }
            }
        }
        for (path, (key, value, line)) in &environment {
            if COUNTS.contains(&key.as_str()) && value.parse::<i64>().is_ok_and(|count| count > 1) {
                report.finding(path, *line, format!("`{name}` has {key} {value} on SQLite"), REMEDY);
            }
        }
    }
}

/// Deployments and what scales them. One of them is on SQLite when a container says so, or when the project is and the
/// container runs the project's image without a URL of its own.
fn kubernetes(files: &[File], answered: bool, project: &str, report: &mut Report) {
    let objects: Vec<_> = yaml::objects(files).collect();
    let config = objects.iter().any(|(_, object)| {
        let data = yaml::get(object, "data").map(yaml::environment).unwrap_or_default();
        data.iter().any(|(key, url, _)| key == "DATABASE_URL" && is_sqlite(url))
    });
    let on_sqlite: BTreeSet<String> = objects
        .iter()
        .filter(|(_, object)| runs_pods(object))
        .filter(|(_, object)| {
            let containers = yaml::at(object, &["spec", "template", "spec", "containers"]).map_or(&[][..], yaml::items);
            containers.iter().any(|container| container_on_sqlite(container, answered || config, project))
        })
        .filter_map(|(_, object)| name_of(object))
        .collect();
    for (path, object) in &objects {
        let own = name_of(object).filter(|name| on_sqlite.contains(name));
        let target = yaml::at(object, &["spec", "scaleTargetRef", "name"]).and_then(yaml::text);
        let (name, keys) = if runs_pods(object) {
            (own, [&["spec", "replicas"][..], &[]])
        } else if kind_is(object, "HorizontalPodAutoscaler") {
            (target.filter(|name| on_sqlite.contains(name)), [&["spec", "minReplicas"][..], &["spec", "maxReplicas"]])
        } else {
            continue;
        };
        let Some(name) = name else { continue };
        for keys in keys.into_iter().filter(|keys| !keys.is_empty()) {
            if let Some((count, line)) = yaml::at(object, keys).and_then(several) {
                report.finding(path, line, format!("`{name}` may run {count} pods on SQLite"), REMEDY);
            }
        }
    }
    // A kustomization scales by name.
    for (path, document) in files.iter().flat_map(|file| file.documents.iter().map(move |node| (file.path, node))) {
        let named = path.ends_with("kustomization.yaml") || path.ends_with("kustomization.yml");
        let Some(replicas) = yaml::get(document, "replicas").filter(|_| named) else { continue };
        for entry in yaml::items(replicas) {
            let name = yaml::get(entry, "name").and_then(yaml::text).filter(|name| on_sqlite.contains(name));
            if let (Some(name), Some((count, line))) = (name, yaml::get(entry, "count").and_then(several)) {
                report.finding(path, line, format!("`{name}` may run {count} pods on SQLite"), REMEDY);
            }
        }
    }
}

fn container_on_sqlite(container: &Node, by_default: bool, project: &str) -> bool {
    let environment = yaml::get(container, "env");
    let url = environment.map(yaml::environment).unwrap_or_default().into_iter().find(|(key, ..)| key == "DATABASE_URL");
    // A URL from a secret has a name and no value.
    let from_elsewhere = environment.is_some_and(|variables| {
        yaml::items(variables).iter().any(|variable| {
            yaml::get(variable, "name").and_then(yaml::text).as_deref() == Some("DATABASE_URL")
                && yaml::get(variable, "valueFrom").is_some()
        })
    });
    let image = yaml::get(container, "image").and_then(yaml::text).unwrap_or_default();
    let ours = image.rsplit('/').next().is_some_and(|name| name.starts_with(project));
    url.map_or(by_default && ours && !from_elsewhere, |(_, url, _)| is_sqlite(&url))
}

fn runs_pods(object: &Node) -> bool {
    ["Deployment", "StatefulSet", "ReplicaSet"].iter().any(|kind| kind_is(object, kind))
}

fn kind_is(object: &Node, kind: &str) -> bool {
    yaml::get(object, "kind").and_then(yaml::text).as_deref() == Some(kind)
}

fn name_of(object: &Node) -> Option<String> {
    yaml::at(object, &["metadata", "name"]).and_then(yaml::text)
}

/// A number above one, and its line.
fn several(node: &Node) -> Option<(i64, usize)> {
    yaml::number(node).filter(|number| *number > 1).map(|number| (number, yaml::line(node)))
}

fn is_sqlite(url: &str) -> bool {
    url.trim_matches(['"', '\'']).starts_with("sqlite")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{lock, of, project};
    use super::*;

    /// The places found in one file, with SQLite or PostgreSQL as the answered database.
    fn found(database: &str, path: &str, text: &str) -> Vec<usize> {
        let lock = lock("api-first", "api-first", "", &format!("database = '{database}'\noperations = 'containers'"));
        of(&CHECK, &project(&lock, &[(path, text)])).findings.into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn answers_that_sqlite_cannot_serve_are_found() {
        for (answers, count) in [
            ("database = 'sqlite'\npeak_rps = 'over-1000'", 1),
            ("database = 'sqlite'\noperations = 'kubernetes'", 1),
            ("database = 'sqlite'\npeak_rps = 'under-10'", 0),
            ("database = 'postgresql'\npeak_rps = 'over-1000'", 0),
        ] {
            let found = of(&CHECK, &project(&lock("api-first", "api-first", "", answers), &[]));
            assert_eq!(found.findings.len(), count, "{answers}");
            assert!(found.findings.iter().all(|finding| finding.path == LOCK && finding.line == 9), "{found:?}");
        }
    }

    #[test]
    fn a_procfile_starts_one_process_on_sqlite() {
        for (database, text, expected) in [
            ("sqlite", "release: x\nweb: WEB_CONCURRENCY=4 exec app\n", vec![2]),
            ("sqlite", "web: gunicorn --workers 3 config.wsgi\n", vec![1]),
            ("sqlite", "web: gunicorn -w 3 config.wsgi\n", vec![1]),
            ("sqlite", "web: uvicorn --workers=2 app:app\n", vec![1]),
            ("postgresql", "web: DATABASE_URL=sqlite:///x.db WEB_CONCURRENCY=2 app\n", vec![1]),
            ("sqlite", "web: WEB_CONCURRENCY=1 exec app\n", vec![]),
            ("sqlite", "# web: WEB_CONCURRENCY=4 app\n", vec![]),
            ("sqlite", "web: DATABASE_URL=postgresql://db/x WEB_CONCURRENCY=4 app\n", vec![]),
            ("postgresql", "web: WEB_CONCURRENCY=4 app\n", vec![]),
        ] {
            assert_eq!(found(database, "Procfile", text), expected, "{database} {text}");
            assert!(found(database, "Procfile.dev", text).is_empty());
        }
    }

    #[test]
    fn a_compose_service_is_one_container_on_sqlite() {
        for (database, text, expected) in [
            ("sqlite", "services:\n  web:\n    build: .\n    deploy:\n      replicas: 3\n", vec![5]),
            ("sqlite", "services:\n  web:\n    build: .\n    scale: 2\n", vec![4]),
            ("sqlite", "services:\n  web:\n    build: .\n    environment: [WEB_CONCURRENCY=2]\n", vec![4]),
            ("sqlite", "services:\n  web:\n    build: .\n    environment:\n      WEB_CONCURRENCY: '2'\n", vec![5]),
            (
                "postgresql",
                "services:\n  web:\n    environment:\n      DATABASE_URL: sqlite:////x\n    scale: 2\n",
                vec![5],
            ),
            ("sqlite", "services:\n  redis:\n    image: redis\n    deploy:\n      replicas: 3\n", vec![]),
            ("sqlite", "services:\n  web:\n    build: .\n    deploy:\n      replicas: 1\n", vec![]),
            (
                "sqlite",
                "services:\n  web:\n    build: .\n    environment: [DATABASE_URL=postgresql://db/x]\n    scale: 2\n",
                vec![],
            ),
            ("postgresql", "services:\n  web:\n    build: .\n    scale: 4\n", vec![]),
        ] {
            assert_eq!(found(database, "deploy/compose/compose.yaml", text), expected, "{database} {text}");
        }
    }

    #[test]
    fn compose_files_of_one_folder_are_one() {
        let lock = lock("api-first", "api-first", "", "database = 'sqlite'\noperations = 'containers'");
        let files = [
            ("deploy/a.yaml", "services:\n  web:\n    build: .\n"),
            ("deploy/b.yaml", "services:\n  web:\n    scale: 2\n"),
            ("other/b.yaml", "services:\n  web:\n    scale: 2\n"),
        ];
        let found = of(&CHECK, &project(&lock, &files)).findings;
        assert_eq!(found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), ["deploy/b.yaml"]);
    }

    #[test]
    fn a_deployment_is_one_pod_on_sqlite() {
        let deployment = |replicas: &str, container: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: {replicas}\n  \
                 template:\n    spec:\n      containers:\n        - name: web\n          {container}\n"
            )
        };
        let scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: x\nspec:\n  \
                      scaleTargetRef:\n    name: web\n  minReplicas: 1\n  maxReplicas: 5\n";
        let env = |value: &str| format!("env: [{{name: DATABASE_URL, {value}}}]");
        let ours = "image: registry/demo-ai:1";
        for (database, text, expected) in [
            ("sqlite", deployment("3", ours), vec![6]),
            ("sqlite", deployment("1", ours) + scaler, vec![21]),
            ("postgresql", deployment("2", &env("value: sqlite:////x")), vec![6]),
            ("sqlite", deployment("1", ours), vec![]),
            ("sqlite", deployment("3", "image: redis:8"), vec![]),
            ("sqlite", deployment("3", &env("value: postgresql://db/x")), vec![]),
            ("sqlite", deployment("3", &format!("{ours}\n          {}", env("valueFrom: {}"))), vec![]),
            ("postgresql", deployment("3", ours) + scaler, vec![]),
        ] {
            let path = "deploy/kubernetes/base/web.yaml";
            assert_eq!(found(database, path, &text), expected, "{database} {text}");
        }
    }

    #[test]
    fn an_overlay_scales_by_name() {
        let lock = lock("api-first", "api-first", "", "database = 'sqlite'\noperations = 'containers'");
        let base = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: \
                    [{image: demo-ai}]}}}\n";
        let overlay = "resources: [../base]\nreplicas:\n  - name: web\n    count: 3\n  - name: redis\n    count: 3\n";
        let files = [("deploy/base/web.yaml", base), ("deploy/production/kustomization.yaml", overlay)];
        let found = of(&CHECK, &project(&lock, &files)).findings;
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [4]);
    }
}
