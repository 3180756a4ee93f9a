//! `groundplan check` on projects as `new` makes them: clean at first, and each clause broken on purpose.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{QUICK, TestEnv};

const SECRET: &str = "q8Zr2vLx7Tn4Kd1mB9yW3pQe";

/// A project of a startup's answers, with further flags.
fn project(env: &TestEnv, flags: &str) {
    env.groundplan("new demo").words(QUICK).words(flags).exits(0);
}

/// Replaces a text in a file of the project; it must be there.
fn replace(env: &TestEnv, path: &str, from: &str, to: &str) {
    let path = format!("demo/{path}");
    let text = env.read(&path);
    assert!(text.contains(from), "{path} has no `{from}`");
    env.file(&path, &text.replacen(from, to, 1));
}

fn append(env: &TestEnv, path: &str, text: &str) {
    let path = format!("demo/{path}");
    env.file(&path, &(env.read(&path) + text));
}

/// Clause, check and path of everything found.
fn found(value: &Value) -> Vec<[&str; 3]> {
    let findings = value["findings"].as_array().unwrap();
    findings.iter().map(|finding| ["clause", "check", "path"].map(|field| finding[field].as_str().unwrap())).collect()
}

#[test]
fn what_new_makes_is_clean() {
    for flags in [
        "",
        "--operations paas --database sqlite",
        "--database sqlite --ci none",
        "--operations kubernetes --ci gitlab",
        "--organisation scale-up",
        "--organisation enterprise",
        "--organisation public-sector",
        "--organisation scale-up --operations paas --database sqlite",
        "--organisation public-sector --operations kubernetes",
    ] {
        let env = TestEnv::new();
        project(&env, flags);
        env.groundplan("check demo").exits(0).changes_nothing().prints_nothing().says("nothing found");
        env.groundplan("check").within(&env.path("demo")).exits(0).prints_nothing();
    }
}

#[test]
fn a_committed_project_is_clean() {
    let env = TestEnv::new().with_identity();
    for organisation in ["startup", "enterprise"] {
        env.groundplan("new --defaults --no-uv-lock --organisation").arg(organisation).arg(organisation).exits(0);
        for made in [".env", ".git"] {
            assert!(env.path(organisation).join(made).exists(), "{organisation} has no {made}");
        }
        env.groundplan("check").arg(organisation).exits(0).changes_nothing().prints_nothing();
    }
}

#[test]
fn a_confirmed_override_is_a_note() {
    let env = TestEnv::new();
    project(&env, "");
    replace(&env, "groundplan.toml", "architecture = \"auto\"", "architecture = \"hybrid\"");
    for key in ["architecture", "target"] {
        replace(&env, "groundplan.toml", &format!("{key} = \"api-first\""), &format!("{key} = \"hybrid\""));
    }
    replace(&env, "groundplan.toml", "confirmed = []", "confirmed = [\"C18\"]");
    let value = env.groundplan("check demo --json").exits(0).json();
    let notes = value["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["message"].as_str().unwrap().contains("C18, confirmed")), "{notes:?}");
    replace(&env, "groundplan.toml", "confirmed = [\"C18\"]", "confirmed = []");
    let value = env.groundplan("check demo --json").exits(3).json();
    assert_eq!(found(&value), [["M1", "requirements", "groundplan.toml"]]);
}

#[test]
fn requirements_that_have_changed_are_found() {
    let env = TestEnv::new();
    project(&env, "");
    replace(&env, "groundplan.toml", "admin = \"basic\"", "admin = \"heavy\"");
    replace(&env, "groundplan.toml", "users = \"simple\"", "users = \"organisations\"");
    env.groundplan("check demo")
        .exits(3)
        .changes_nothing()
        .prints("M1 groundplan.toml:")
        .prints("and this project is api-first")
        .prints("remedy: ")
        .says("groundplan explain");
}

#[test]
fn state_in_a_process_is_found() {
    let env = TestEnv::new();
    project(&env, "");
    append(
        &env,
        "services/ai/app/health.py",
        "\nseen: list[str] = []\n\n\ndef see(name: str) -> None:\n    seen.append(name)\n",
    );
    let value = env.groundplan("check demo --json").exits(3).changes_nothing().json();
    assert_eq!(found(&value), [["M2", "process-state", "services/ai/app/health.py"]]);
    let line = usize::try_from(value["findings"][0]["line"].as_u64().unwrap()).unwrap();
    assert_eq!(env.read("demo/services/ai/app/health.py").lines().nth(line - 1), Some("    seen.append(name)"));
}

#[test]
fn sqlite_with_several_processes_is_found() {
    let env = TestEnv::new();
    project(&env, "--operations paas --database sqlite");
    replace(&env, "Procfile", "WEB_CONCURRENCY=1", "WEB_CONCURRENCY=4");
    replace(&env, "groundplan.toml", "peak_rps = \"10-100\"", "peak_rps = \"100-1000\"");
    let value = env.groundplan("check demo --json").exits(3).json();
    assert_eq!(found(&value), [["M2", "sqlite-processes", "Procfile"], ["M2", "sqlite-processes", "groundplan.toml"]]);
}

#[test]
fn large_ai_in_a_monolith_is_found() {
    let env = TestEnv::new();
    project(&env, "");
    for key in ["architecture", "target"] {
        replace(&env, "groundplan.toml", &format!("{key} = \"api-first\""), &format!("{key} = \"monolith\""));
    }
    replace(&env, "groundplan.toml", "peak_rps = \"10-100\"", "peak_rps = \"over-1000\"");
    let value = env.groundplan("check demo --json").exits(3).json();
    assert_eq!(found(&value), [["M1", "requirements", "groundplan.toml"], ["M3", "large-ai", "groundplan.toml"]]);
}

#[test]
fn a_secret_is_found_and_not_repeated() {
    let env = TestEnv::new().with_identity();
    env.groundplan("new demo --defaults --no-uv-lock").exits(0);
    append(&env, "services/ai/app/settings.py", &format!("\nAPI_KEY = \"{SECRET}\"\n"));
    let demo = env.path("demo");
    // Tracked in spite of .gitignore, which is how it happens.
    env.git(&demo, "add --force .env");
    for flags in ["", "--json", "--verbose"] {
        let outcome = env.groundplan("check demo").words(flags).exits(3).changes_nothing();
        let outcome = outcome.prints("D2").prints(".env").prints("services/ai/app/settings.py");
        let text = env.read("demo/.env");
        let keys: Vec<_> = text.lines().filter_map(|line| line.split_once("_KEY=")?.1.get(..8)).collect();
        assert!(keys.len() >= 2, "{}", keys.len());
        assert!(keys.iter().all(|key| !outcome.stdout.contains(key) && !outcome.stderr.contains(key)));
        outcome.does_not_print(SECRET).does_not_say(SECRET);
    }
}

#[test]
fn without_git_what_gitignore_leaves_is_looked_at() {
    let env = TestEnv::new().without("git");
    project(&env, "");
    env.file("demo/.venv/lib/a.py", &format!("API_KEY = \"{SECRET}\"\n"));
    env.groundplan("check demo").exits(0).prints_nothing();
    replace(&env, ".gitignore", ".env\n", "");
    replace(&env, ".gitignore", ".env.*\n", "");
    let value = env.groundplan("check demo --json").exits(3).json();
    assert!(found(&value).contains(&["D2", "secret", ".env"]));
}

#[test]
fn a_repository_around_that_ignores_the_project_hides_nothing() {
    let env = TestEnv::new();
    env.git(&env.work(), "init --quiet");
    env.file(".gitignore", "demo/\n");
    project(&env, "");
    append(&env, "services/ai/app/settings.py", &format!("\nAPI_KEY = \"{SECRET}\"\n"));
    let value = env.groundplan("check demo --json").exits(3).json();
    assert_eq!(found(&value), [["D2", "secret", "services/ai/app/settings.py"]]);
}

#[test]
fn a_container_as_root_is_found() {
    let env = TestEnv::new();
    project(&env, "");
    replace(&env, "services/ai/Dockerfile", "USER 10001\n", "");
    replace(&env, "deploy/compose/ai.yaml", "  read_only: true\n", "  privileged: true\n");
    let value = env.groundplan("check demo --json").exits(3).json();
    // Two services merge the broken block.
    let compose = ["M3", "root-container", "deploy/compose/ai.yaml"];
    assert_eq!(found(&value), [compose, compose, ["M3", "root-container", "services/ai/Dockerfile"]]);
}

#[test]
fn the_json_has_the_documented_fields() {
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    let env = TestEnv::new();
    project(&env, "");
    replace(&env, "services/ai/Dockerfile", "USER 10001\n", "");
    replace(&env, "groundplan.toml", "lifetime = \"1-3-years\"\n", "");
    let outcome = env.groundplan("check demo --json").exits(3);
    let value = outcome.json();
    assert_eq!(keys(&value), words("schema_version project findings notes"));
    assert_eq!((&value["schema_version"], &value["project"]), (&Value::from(1), &Value::from("demo")));
    assert_eq!(keys(&value["findings"][0]), words("clause check path line message remedy"));
    assert_eq!(keys(&value["notes"][0]), words("clause check path message"));
    assert!(value["notes"][0]["message"].as_str().unwrap().contains("`lifetime` is not answered"));
    outcome.says_nothing();
}

#[test]
fn what_is_no_project_is_refused_and_nothing_guessed() {
    let env = TestEnv::new();
    env.folder("empty");
    for path in ["empty", "none", "."] {
        env.groundplan("check").arg(path).exits(1).prints_nothing().says("groundplan.toml").says("groundplan new");
    }
    project(&env, "");
    let good = env.read("demo/groundplan.toml");
    for (from, to, message) in [
        ("schema = 1", "schema = 7", "schema 7"),
        ("architecture = \"api-first\"", "architecture = \"microservices\"", "`microservices` is not a value"),
        ("[answers]", "[answers", "is not TOML"),
        ("peak_rps = ", "peak_rsp = ", "did you mean `peak_rps`?"),
    ] {
        env.file("demo/groundplan.toml", &good.replacen(from, to, 1));
        env.groundplan("check demo --json").exits(1).changes_nothing().prints_nothing().says(message);
    }
    fs::remove_file(env.path("demo/groundplan.toml")).unwrap();
    env.groundplan("check demo").exits(1).prints_nothing().says("cannot read");
}

#[test]
fn help_has_the_clauses_and_the_exit_codes() {
    let env = TestEnv::new();
    let help = env.groundplan("check --help").exits(0).stdout;
    for word in ["M1 ", "M2 ", "M3 ", "D2 ", "0 nothing found", "1 no project", "3 something was found"] {
        assert!(help.contains(word), "{word}");
    }
}
