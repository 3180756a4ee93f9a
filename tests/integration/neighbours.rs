//! A project made beside what is somebody's already: nothing of theirs is touched, down to modes and git's own files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{QUICK, TestEnv, Tree, assert_same, tree};
use crate::write::{expected, project};

/// A folder without a project in it.
fn beside(folder: &Path, project: &str) -> Tree {
    let mut tree = tree(folder);
    let below = format!("{project}/");
    tree.retain(|path, _| path != project && !path.starts_with(&below));
    tree
}

/// A project without its repository.
fn without_git(mut tree: Tree) -> Tree {
    tree.retain(|path, _| path.split('/').next() != Some(".git"));
    tree
}

/// Makes a project below a host, which must be the same after as before, and the project the same as elsewhere.
fn is_a_guest(env: &TestEnv, host: &str, path: &str) -> String {
    let folder = env.path(host);
    let before = tree(&folder);
    let outcome = env.groundplan("new --defaults --no-uv-lock --name demo").arg(path).within(&folder).exits(0);
    assert_same(&before, &beside(&folder, path));
    assert_same(&expected(QUICK), &without_git(project(&folder.join(path))));
    outcome.stderr
}

/// A repository with a commit, a staged change, a change, something untracked and something ignored.
fn repository(env: &TestEnv, name: &str) -> PathBuf {
    let folder = env.folder(name);
    env.git(&folder, "init --quiet --initial-branch=trunk");
    for (path, text) in [(".gitignore", "*.log\n"), ("README.md", "# Host\n"), ("src/a.txt", "a\n"), ("run.sh", "")] {
        env.file(&format!("{name}/{path}"), text);
    }
    fs::set_permissions(folder.join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    env.git(&folder, "add --all");
    env.git(&folder, "commit --quiet --message Mine");
    env.file(&format!("{name}/staged.txt"), "staged\n");
    env.git(&folder, "add staged.txt");
    for (path, text) in [("src/a.txt", "changed\n"), ("untracked.txt", "mine\n"), ("noise.log", "mine\n")] {
        env.file(&format!("{name}/{path}"), text);
    }
    folder
}

#[test]
fn in_a_git_repository_nothing_is_committed_and_no_repository_is_nested() {
    let env = TestEnv::new().with_identity();
    let host = repository(&env, "host");
    let before = env.git(&host, "status --porcelain");
    let said = is_a_guest(&env, "host", "demo");
    assert!(said.contains("inside a git repository, so nothing was committed"), "{said}");
    assert!(!host.join("demo/.git").exists());
    assert_eq!(env.git(&host, "status --porcelain"), before.replace("?? untracked", "?? demo/\n?? untracked"));
    assert_eq!(env.git(&host, "log --format=%s"), "Mine\n");
    env.git(&host, "add --all");
    let staged = env.git(&host, "diff --cached --name-only");
    assert!(staged.contains("demo/groundplan.toml\n") && !staged.contains("demo/.env\n"), "{staged}");
}

#[test]
fn deep_in_a_git_repository_it_is_the_same() {
    let env = TestEnv::new().with_identity();
    let host = repository(&env, "host");
    let said = is_a_guest(&env, "host/src", "demo");
    assert!(said.contains("inside a git repository"), "{said}");
    assert!(!host.join("src/demo/.git").exists());
}

#[test]
fn a_worktree_is_a_git_repository() {
    let env = TestEnv::new().with_identity();
    let host = repository(&env, "host");
    env.git(&host, "worktree add --quiet ../tree");
    let main = tree(&host);
    let said = is_a_guest(&env, "tree", "demo");
    assert!(said.contains("inside a git repository"), "{said}");
    assert_same(&main, &tree(&host));
}

#[test]
fn a_folder_that_a_repository_ignores_is_still_inside_it() {
    let env = TestEnv::new().with_identity();
    let host = repository(&env, "host");
    env.file("host/.gitignore", "*.log\ndemo/\n");
    let said = is_a_guest(&env, "host", "demo");
    assert!(said.contains("inside a git repository") && !host.join("demo/.git").exists(), "{said}");
}

#[test]
fn in_a_cargo_workspace_no_member_is_added() {
    let env = TestEnv::new();
    let member = "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    for (path, text) in [
        ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n"),
        ("Cargo.lock", "version = 4\n"),
        ("crates/one/Cargo.toml", member),
        ("crates/one/src/lib.rs", ""),
    ] {
        env.file(&format!("host/{path}"), text);
    }
    is_a_guest(&env, "host", "demo");
    assert!(!tree(&env.path("host/demo")).keys().any(|path| path.ends_with("Cargo.toml")));
}

#[test]
fn in_a_uv_workspace_no_member_is_added() {
    let env = TestEnv::new();
    let member = "[project]\nname = \"one\"\nversion = \"0.1.0\"\nrequires-python = \">=3.12\"\ndependencies = []\n";
    for (path, text) in [
        ("pyproject.toml", "[tool.uv.workspace]\nmembers = [\"packages/*\"]\n"),
        ("uv.lock", "version = 1\n"),
        ("packages/one/pyproject.toml", member),
    ] {
        env.file(&format!("host/{path}"), text);
    }
    is_a_guest(&env, "host", "demo");
}

#[test]
fn a_repository_of_its_own_is_made_where_none_is_around() {
    let env = TestEnv::new().with_identity();
    let host = env.folder("host");
    repository(&env, "host/other");
    let before = tree(&host);
    env.groundplan("new demo --defaults --no-uv-lock").within(&host).exits(0).says("a first commit");
    assert_same(&before, &beside(&host, "demo"));
    assert_eq!(env.git(&host.join("demo"), "rev-list --count HEAD"), "1\n");
}

#[test]
fn a_fresh_clone_of_an_empty_repository_is_filled_and_nothing_is_committed() {
    let env = TestEnv::new().with_identity();
    let origin = env.folder("origin.git");
    env.git(&origin, "init --quiet --bare");
    env.git(&env.work(), "clone --quiet origin.git demo");
    let clone = env.path("demo");
    let before = tree(&env.work());
    env.groundplan("new . --defaults --no-uv-lock")
        .within(&clone)
        .exits(0)
        .says("inside a git repository, so nothing was committed");
    // git's folder, and the repository that it was cloned from, are as they were.
    let after = tree(&env.work());
    for (path, entry) in &before {
        assert_eq!(after.get(path), Some(entry), "{path}");
    }
    assert!(!env.git_succeeds(&clone, "rev-parse --verify --quiet HEAD"));
    assert_eq!(env.git(&clone, "ls-files"), "");
    assert_same(&expected(QUICK), &without_git(project(&clone)));
    env.git(&clone, "add --all");
    env.git(&clone, "commit --quiet --message Start");
    env.git(&clone, "push --quiet origin HEAD");
    assert!(!env.git(&origin, "ls-tree -r --name-only --full-tree HEAD").lines().any(|path| path == ".env"));
}
