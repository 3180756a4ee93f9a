//! No container runs as root, or may become root: the final stage of each Dockerfile, compose services, Kubernetes
//! security contexts.

use super::project::file_name;
use super::yaml::{self, Node};
use super::{Check, Project, Report};

pub(super) const CHECK: Check =
    Check { id: "root-container", clause: "M3", says: "containers run without root's rights", run };

const USER_REMEDY: &str = "end the Dockerfile with a numeric `USER`, such as 10001, that owns what the process writes";
const COMPOSE_REMEDY: &str = "leave it out: the image's own user has no root's rights";

fn run(project: &Project, report: &mut Report) {
    for (path, text) in project.texts().filter(|(path, _)| is_dockerfile(path)) {
        if let Some((line, message)) = runs_as_root(text) {
            report.finding(path, line, message, USER_REMEDY);
        }
    }
    let (files, unreadable) = yaml::files(project);
    for path in unreadable {
        report.note(path, "was not looked at: it is not YAML");
    }
    for ((_, name), parts) in yaml::compose_services(&files) {
        for (path, service) in parts {
            compose_service(path, &name, service, report);
        }
    }
    for (path, object) in yaml::objects(&files) {
        security_contexts(path, object, report);
    }
}

fn is_dockerfile(path: &str) -> bool {
    let name = file_name(path);
    let is = |base: &str| name == base || name.strip_prefix(base).is_some_and(|rest| rest.starts_with('.'));
    (is("Dockerfile") || is("Containerfile") || name.ends_with(".Dockerfile")) && !name.ends_with(".dockerignore")
}

/// One build stage.
struct Stage<'a> {
    image: &'a str,
    name: Option<&'a str>,
    line: usize,
    /// The last `USER`, and its line.
    user: Option<(&'a str, usize)>,
}

/// Line and words where the final stage of a Dockerfile leaves the process to root. A stage that starts from another
/// one has that one's user.
fn runs_as_root(text: &str) -> Option<(usize, String)> {
    let stages = stages(text);
    let last = stages.last()?;
    let mut stage = last;
    loop {
        if let Some((user, line)) = stage.user {
            let name = user.split(':').next().unwrap_or(user);
            return matches!(name, "root" | "0").then(|| (line, format!("the image runs as root: `USER {user}`")));
        }
        let parent = stages
            .iter()
            .take_while(|other| other.line < stage.line)
            .filter(|other| other.name.is_some_and(|name| name.eq_ignore_ascii_case(stage.image)))
            .last();
        match parent {
            Some(parent) => stage = parent,
            // Images that are made to run without root say so in their tag.
            None if stage.image.contains("nonroot") => return None,
            None => return Some((last.line, "the image runs as root: its final stage sets no `USER`".to_owned())),
        }
    }
}

fn stages(text: &str) -> Vec<Stage<'_>> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut heredoc: Option<&str> = None;
    let mut continued = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(end) = heredoc {
            if line == end {
                heredoc = None;
            }
            continue;
        }
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let starts = !continued;
        continued = line.ends_with('\\');
        heredoc = heredoc_end(line);
        if !starts {
            continue;
        }
        let words: Vec<_> = line.split_whitespace().collect();
        match words[0].to_ascii_uppercase().as_str() {
            "FROM" => {
                let mut given = words[1..].iter().copied().skip_while(|word| word.starts_with("--"));
                let image = given.next().unwrap_or_default();
                let name = given.next().filter(|word| word.eq_ignore_ascii_case("as")).and_then(|_| given.next());
                stages.push(Stage { image, name, line: number + 1, user: None });
            }
            "USER" => {
                if let (Some(stage), Some(user)) = (stages.last_mut(), words.get(1)) {
                    stage.user = Some((user, number + 1));
                }
            }
            _ => {}
        }
    }
    stages
}

/// The word that ends a here-document which a line of `RUN` or `COPY` opens.
fn heredoc_end(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("<<").filter(|_| line.starts_with("RUN") || line.starts_with("COPY"))?;
    let rest = rest.trim_start_matches('-').trim_start_matches(['"', '\'']);
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    Some(&rest[..end]).filter(|word| !word.is_empty())
}

fn compose_service(path: &str, name: &str, service: &Node, report: &mut Report) {
    if let Some(user) = yaml::get(service, "user")
        && let Some(text) = yaml::text(user)
        && matches!(text.split(':').next(), Some("root" | "0"))
    {
        report.finding(path, yaml::line(user), format!("`{name}` runs as root: `user: {text}`"), COMPOSE_REMEDY);
    }
    if let Some(privileged) = yaml::get(service, "privileged").filter(|flag| flag.data.as_bool() == Some(true)) {
        let message = format!("`{name}` is privileged: root in it is root on the host");
        report.finding(path, yaml::line(privileged), message, "leave `privileged` out; add single capabilities");
    }
}

/// Walks a Kubernetes object to every `securityContext`, of pods and of containers.
fn security_contexts(path: &str, node: &Node, report: &mut Report) {
    for (key, value) in yaml::entries(node) {
        if key == "securityContext" {
            security_context(path, value, report);
        } else {
            security_contexts(path, value, report);
        }
    }
    for item in yaml::items(node) {
        security_contexts(path, item, report);
    }
}

fn security_context(path: &str, context: &Node, report: &mut Report) {
    for (key, bad, message, remedy) in [
        ("runAsUser", "0", "the container runs as root", "set a `runAsUser` above 0, and `runAsNonRoot: true`"),
        ("runAsNonRoot", "false", "the container may run as root", "set `runAsNonRoot: true`"),
        ("privileged", "true", "the container is privileged: root in it is root on the node", "set it to false"),
        ("allowPrivilegeEscalation", "true", "a process may gain root's rights", "set it to false"),
    ] {
        if let Some(value) = yaml::get(context, key)
            && yaml::text(value).as_deref() == Some(bad)
        {
            report.finding(path, yaml::line(value), format!("{message}: `{key}: {bad}`"), remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn the_final_stage_of_a_dockerfile_decides() {
        for (text, expected) in [
            ("FROM python\nCMD [\"python\"]\n", Some(1)),
            ("FROM python\nUSER root\n", Some(2)),
            ("FROM python\nUSER 0:0\n", Some(2)),
            ("FROM python\nUSER app\nRUN x\nUSER root\n", Some(4)),
            ("FROM python AS build\nUSER app\nFROM python\nCOPY --from=build /a /a\n", Some(3)),
            ("FROM python AS base\nUSER root\nFROM base\n", Some(2)),
            ("FROM scratch\nCOPY app /\n", Some(1)),
            // What looks like a user and is none.
            ("FROM python\nRUN echo \\\n  USER app\n", Some(1)),
            ("FROM python\nRUN <<EOF\nUSER app\nEOF\n", Some(1)),
            ("FROM python\n# USER app\n", Some(1)),
            ("FROM python\nUSER 10001\n", None),
            ("FROM python\nUSER root\nRUN x\nuser app:app\n", None),
            ("FROM python AS build\nUSER root\nFROM python\nUSER app\n", None),
            ("FROM --platform=linux/amd64 python AS base\nUSER app\nFROM base AS final\n", None),
            ("FROM gcr.io/distroless/python3:nonroot\n", None),
            ("FROM python\nUSER ${UID}\n", None),
            ("# nothing built\n", None),
        ] {
            assert_eq!(runs_as_root(text).map(|(line, _)| line), expected, "{text}");
        }
    }

    #[test]
    fn dockerfiles_are_known_by_name() {
        for (path, is) in [
            ("services/ai/Dockerfile", true),
            ("Dockerfile.worker", true),
            ("deploy/worker.Dockerfile", true),
            ("Containerfile", true),
            ("docs/Dockerfiles.md", false),
            ("Dockerfile.dockerignore", false),
        ] {
            assert_eq!(is_dockerfile(path), is, "{path}");
        }
    }

    #[test]
    fn compose_services_are_looked_at() {
        for (text, expected) in [
            ("services:\n  web:\n    user: root\n", vec![3]),
            ("services:\n  web:\n    user: \"0:0\"\n", vec![3]),
            ("services:\n  web:\n    user: 0\n", vec![3]),
            ("services:\n  web:\n    privileged: true\n", vec![3]),
            ("x-c: &c\n  user: root\nservices:\n  web:\n    <<: *c\n", vec![2]),
            ("x-c: &c\n  user: root\nservices:\n  web:\n    <<: *c\n    user: '1000'\n", vec![]),
            ("services:\n  web:\n    user: \"1000:0\"\n    privileged: false\n", vec![]),
            ("services:\n  web:\n    environment:\n      user: root\n", vec![]),
            // A workflow's `services` are containers of a test run.
            ("jobs:\n  test:\n    services:\n      db:\n        user: root\n", vec![]),
        ] {
            assert_eq!(places(&CHECK, "deploy/compose/compose.yaml", text), expected, "{text}");
        }
    }

    #[test]
    fn kubernetes_security_contexts_are_looked_at() {
        let pod = |context: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - \
                 name: web\n          securityContext:\n            {context}\n"
            )
        };
        for (context, expected) in [
            ("runAsUser: 0", vec![9]),
            ("runAsNonRoot: false", vec![9]),
            ("privileged: true", vec![9]),
            ("allowPrivilegeEscalation: true", vec![9]),
            ("runAsUser: 10001", vec![]),
            ("runAsNonRoot: true", vec![]),
            ("allowPrivilegeEscalation: false", vec![]),
            ("runAsGroup: 0", vec![]),
        ] {
            assert_eq!(places(&CHECK, "deploy/kubernetes/base/web.yaml", &pod(context)), expected, "{context}");
        }
        let two = "apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Pod\nspec:\n  securityContext:\n    \
                   runAsUser: 0\n";
        assert_eq!(places(&CHECK, "pods.yaml", two), [8]);
        let other = "values:\n  securityContext:\n    runAsUser: 0\n";
        assert!(places(&CHECK, "values.yaml", other).is_empty(), "no Kubernetes object");
    }
}
