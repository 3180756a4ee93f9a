//! What comes after the files: secrets, the lock of the dependencies, git. Each can be skipped; none can fail the run.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use groundplan::plan::Step;
use groundplan::post::{Outcome, run};

use crate::support::{QUICK, Terminal, TestEnv, key};

/// The settings of a file of environment variables.
fn settings(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn each_project_has_secrets_of_its_own() {
    let env = TestEnv::new();
    env.groundplan("new one").words(QUICK).exits(0).says("made .env with secrets of its own");
    env.groundplan("new two").words(QUICK).exits(0);
    let example = settings(&env.read("one/.env.example"));
    let [one, two] = ["one/.env", "two/.env"].map(|path| settings(&env.read(path)));
    assert_eq!(one.keys().collect::<Vec<_>>(), example.keys().collect::<Vec<_>>());
    let secrets: Vec<_> = example.iter().filter(|(_, value)| *value == "change-me").map(|(key, _)| key).collect();
    assert!(!secrets.is_empty());
    for (key, value) in &example {
        if secrets.contains(&key) {
            assert!(one[key].len() == 64 && one[key].chars().all(|c| c.is_ascii_hexdigit()), "{key}");
            assert_ne!(one[key], two[key], "{key}");
        } else {
            assert_eq!([&one[key], &two[key]], [value, value], "{key}");
        }
    }
    let mut values: Vec<_> = secrets.iter().flat_map(|key| [&one[*key], &two[*key]]).collect();
    values.sort();
    values.dedup();
    assert_eq!(values.len(), 2 * secrets.len(), "no secret stands twice");
}

#[test]
fn secrets_are_their_owners_and_not_git_s() {
    let env = TestEnv::new().with_identity();
    env.groundplan("new demo --defaults").exits(0);
    let demo = env.path("demo");
    let mode = fs::metadata(demo.join(".env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(env.git_succeeds(&demo, "check-ignore --quiet .env"));
    assert!(!env.git(&demo, "ls-files").lines().any(|path| path == ".env"));
    for (_, secret) in settings(&env.read("demo/.env")).iter().filter(|(_, value)| value.len() == 64) {
        assert!(!env.git_succeeds(&demo, &format!("grep --quiet {secret} HEAD")));
    }
}

#[test]
fn an_env_that_is_there_stays() {
    let env = TestEnv::new();
    env.file("demo/.env.example", "SECRET_KEY=change-me\n");
    env.file("demo/.env", "SECRET_KEY=mine\n");
    let outcome = run(Step::Dotenv, &env.path("demo"), &|| false);
    assert_eq!(outcome, Outcome::Skipped("kept the .env that is there".to_owned()));
    assert_eq!(env.read("demo/.env"), "SECRET_KEY=mine\n");
}

#[test]
fn with_an_identity_there_is_one_commit_and_nothing_left_to_add() {
    let env = TestEnv::new().with_identity().with_uv("touch uv.lock");
    env.groundplan("new demo --defaults")
        .exits(0)
        .says("locked the dependencies")
        .says("made a git repository with a first commit");
    let demo = env.path("demo");
    assert_eq!(env.git(&demo, "log --format=%an:%s"), "Ada:Start from groundplan\n");
    assert_eq!(env.git(&demo, "status --porcelain"), "");
    assert_eq!(env.git(&demo, "branch --show-current"), "main\n");
    let files = env.git(&demo, "ls-files");
    for path in ["uv.lock", "groundplan.toml", ".groundplan/base", ".gitignore", ".env.example"] {
        assert!(files.lines().any(|file| file == path), "{path}");
    }
}

#[test]
fn without_an_identity_there_is_no_commit() {
    for (author, committer, commits) in [(false, false, false), (true, false, false), (true, true, true)] {
        let env = TestEnv::new();
        let mut run = env.groundplan("new demo --defaults");
        for (who, known) in [("AUTHOR", author), ("COMMITTER", committer)] {
            if known {
                run = run.set(&format!("GIT_{who}_NAME"), "Ada");
                run = run.set(&format!("GIT_{who}_EMAIL"), "ada@example.org");
            }
        }
        let said = "without a commit: git knows no name and e-mail";
        let outcome = run.exits(0);
        assert_eq!(outcome.stderr.contains(said), !commits, "{}", outcome.stderr);
        let demo = env.path("demo");
        assert_eq!(env.git_succeeds(&demo, "rev-parse --verify --quiet HEAD"), commits);
        assert!(env.git_succeeds(&demo, "check-ignore --quiet .env"));
    }
}

#[test]
fn a_hook_that_refuses_the_commit_fails_nothing() {
    let env = TestEnv::new().with_identity();
    let hook = env.file("hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    env.git(&env.work(), &format!("config --global core.hooksPath {}", hook.parent().unwrap().display()));
    env.groundplan("new demo --defaults").exits(0).says("the first commit failed").says("uv run just dev");
}

#[test]
fn without_git_there_is_a_project_all_the_same() {
    let env = TestEnv::new().without("git");
    env.groundplan("new demo --defaults").exits(0).says("git is not installed");
    assert!(!env.path("demo/.git").exists());
}

#[test]
fn a_gitignore_that_lets_secrets_through_keeps_git_from_committing() {
    let env = TestEnv::new().with_identity();
    env.file("demo/.gitignore", "*.pyc\n");
    env.groundplan("new demo --defaults")
        .exits(1)
        .says("`.gitignore` stays as it was")
        .says("does not leave out `.env`");
    assert!(!env.git_succeeds(&env.path("demo"), "rev-parse --verify --quiet HEAD"));
    assert_eq!(env.git(&env.path("demo"), "ls-files"), "");
}

#[test]
fn steps_can_be_left_out() {
    let env = TestEnv::new().with_identity().with_uv("touch uv.lock");
    env.groundplan("new one --defaults --no-git").exits(0).says("locked").does_not_say("git repository");
    assert!(env.path("one/uv.lock").exists() && !env.path("one/.git").exists());
    env.groundplan("new two --defaults --no-uv-lock").exits(0).does_not_say("lock").says("first commit");
    assert!(!env.path("two/uv.lock").exists() && env.path("two/.git").exists());
}

#[test]
fn uv_locks_the_project_and_not_the_caller_s_environment() {
    let env = TestEnv::new().with_uv("echo \"$*, in $PWD, environment $VIRTUAL_ENV\" > \"$HOME/uv\"");
    env.groundplan("new demo --defaults").set("VIRTUAL_ENV", "/else").exits(0);
    let told = fs::read_to_string(env.home().join("uv")).unwrap();
    assert_eq!(told, format!("lock --quiet, in {}, environment \n", env.path("demo").display()));
}

#[test]
fn uv_may_be_missing_or_fail() {
    let env = TestEnv::new();
    env.groundplan("new demo --defaults").exits(0).says("uv is not installed").says("uv run just dev");
    let env = TestEnv::new().with_identity().with_uv("echo broken; echo broken >&2; exit 2");
    env.groundplan("new demo --defaults")
        .exits(0)
        .prints_nothing()
        .says("`uv lock` failed; run it in the project")
        .does_not_say("broken")
        .says("first commit");
}

#[test]
fn an_interruption_after_the_files_ends_the_step_and_leaves_the_project() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let env = TestEnv::new()
            .with_identity()
            .with_uv("echo $$ > \"$HOME/uv.part\"; mv \"$HOME/uv.part\" \"$HOME/uv\"; exec sleep 600");
        let env = env.with_program("mv").with_program("kill");
        let mut child = env.groundplan("new demo --defaults").command().spawn().unwrap();
        let uv = waited_for(&env.home().join("uv"));
        let kill = |what: &str, pid: &str| env.command("kill").args([what, pid]).status().unwrap().success();
        assert!(kill("-0", &uv), "uv runs");
        assert!(kill(&format!("-{signal}"), &child.id().to_string()));
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(!kill("-0", &uv), "uv has ended");
        assert!(env.path("demo/.env").exists() && !env.path("demo/.git").exists());
        assert_eq!(env.names(), ["demo"]);
    }
}

#[test]
fn ctrl_c_while_uv_locks_says_what_is_there() {
    let env = TestEnv::new().with_uv("touch \"$HOME/uv\"; exec sleep 600");
    let mut terminal = Terminal::start(env.groundplan("new demo --defaults --no-git"));
    waited_for(&env.home().join("uv"));
    terminal.types(key::CTRL_C).sees("interrupted").sees("the project is there");
    assert_eq!(terminal.ends().0, 130);
    assert!(env.path("demo/groundplan.toml").exists());
}

/// The contents of a file, once it is there.
fn waited_for(path: &std::path::Path) -> String {
    let start = Instant::now();
    loop {
        if let Ok(text) = fs::read_to_string(path) {
            return text.trim().to_owned();
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{} did not appear", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}
