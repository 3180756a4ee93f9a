//! Where a project may go, and that it gets there whole or not at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{BUILDABLE, Entry, QUICK, TestEnv, Tree, assert_same, differing, tree};

/// What an untroubled `new demo` with the same flags gives, without what is different each time.
pub(crate) fn expected(flags: &str) -> Tree {
    let env = TestEnv::new();
    env.groundplan("new demo").words(flags).exits(0);
    project(&env.path("demo"))
}

/// A project's files, without its secrets.
pub(crate) fn project(folder: &Path) -> Tree {
    let mut tree = tree(folder);
    tree.remove(".env").expect("each project has its secrets");
    tree
}

#[test]
fn the_same_answers_give_the_same_bytes() {
    let flags = format!("{BUILDABLE} --no-git --no-uv-lock");
    let [first, second] = [expected(&flags), expected(&flags)];
    assert!(first.contains_key(".groundplan/base"));
    assert_same(&first, &second);
    let env = TestEnv::new();
    let plans = [(); 2].map(|()| env.groundplan("new demo --json --dry-run").words(&flags).exits(0).stdout);
    assert_eq!(plans[0], plans[1]);
}

#[test]
fn how_answers_are_given_changes_no_byte() {
    let env = TestEnv::new();
    env.file(
        "a.toml",
        "users = 'none'\nadmin = 'none'\npeak_rps = '10-100'\nai_role = 'whole'\noperations = 'containers'\n\
         workloads = ['inference-api']\norganisation = 'startup'\n",
    );
    env.groundplan("new demo --answers a.toml --no-git --no-uv-lock").exits(0);
    assert_same(&expected(&format!("{BUILDABLE} --no-git --no-uv-lock")), &project(&env.path("demo")));
}

#[test]
fn another_answer_is_seen() {
    let same = format!("{BUILDABLE} --no-git --no-uv-lock");
    let other = format!("{same} --license mit");
    let differing = differing(&expected(&same), &expected(&other));
    assert!(differing.iter().any(|line| line.starts_with("LICENSE: ")), "{differing:?}");
    assert!(differing.iter().any(|line| line.starts_with(".groundplan/base: ")), "{differing:?}");
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let env = TestEnv::new();
    for found in ["main.py", "docs/mine.md", ".env", ".gitattributes", ".groundplan/base", "Demo.toml"] {
        let folder = found.replace('/', "-");
        env.file(&format!("{folder}/{found}"), "mine");
        let top = found.split('/').next().unwrap();
        env.groundplan("new --name demo")
            .words(QUICK)
            .arg(&folder)
            .exits(1)
            .changes_nothing()
            .says(&format!("`{folder}` is not empty: it holds `{top}`"))
            .says("name another folder");
    }
}

#[test]
fn what_is_no_folder_is_left_alone() {
    let env = TestEnv::new();
    env.file("demo", "mine");
    env.groundplan("new demo").words(QUICK).exits(1).changes_nothing().says("`demo` exists and is not a folder");
    env.groundplan("new demo/below").words(QUICK).exits(1).changes_nothing().says("cannot write");
    symlink("nowhere", env.path("dangling")).unwrap();
    env.groundplan("new dangling").words(QUICK).exits(1).changes_nothing().says("cannot write `dangling`");
}

#[test]
fn folders_above_are_made() {
    let env = TestEnv::new();
    env.groundplan("new a/b/demo").words(QUICK).exits(0).says("cd a/b/demo");
    assert_same(&expected(QUICK), &project(&env.path("a/b/demo")));
    assert_eq!(env.names(), ["a"]);
    assert_eq!(tree(&env.path("a")).keys().filter(|path| path.starts_with("b/.")).count(), 0);
}

#[test]
fn an_absolute_path_and_one_with_a_slash_are_paths() {
    let env = TestEnv::new();
    env.groundplan("new").arg(env.path("one")).words(QUICK).exits(0);
    env.groundplan("new two/").words(QUICK).exits(0);
    env.groundplan("new ./three").words(QUICK).exits(0);
    assert_eq!(env.names(), ["one", "three", "two"]);
}

#[test]
fn a_parent_that_cannot_be_written_is_named_and_nothing_is_left() {
    let env = TestEnv::new();
    let parent = env.folder("parent");
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o555)).unwrap();
    for (path, folder) in [("parent/demo", "parent"), ("parent/a/demo", "parent"), ("parent", "parent")] {
        // Root may write everywhere; as nobody it may not.
        let mut run = as_nobody(&env, &["new", path, "--name", "demo", "--defaults"]);
        let before = tree(env.root());
        let output = run.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("cannot write `{folder}")) && said.contains("Permission denied"), "{said}");
        assert_same(&before, &tree(env.root()));
    }
}

/// The program, run by a user who owns nothing here. Where the tests do not run as root, they are that user.
fn as_nobody(env: &TestEnv, args: &[&str]) -> Command {
    let binary = env.root().join("groundplan");
    if !binary.exists() {
        fs::copy(env!("CARGO_BIN_EXE_groundplan"), &binary).unwrap();
    }
    let mut command = env.command(&binary);
    command.args(args);
    if fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0) {
        fs::set_permissions(env.root(), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::process::CommandExt::uid(&mut command, 65_534);
    }
    command
}

#[test]
fn an_empty_folder_is_taken() {
    let env = TestEnv::new();
    let folder = env.folder("demo");
    env.groundplan("new .").within(&folder).words(QUICK).exits(0).does_not_say("cd ").says("uv run just dev");
    assert_same(&expected(QUICK), &project(&folder));
    let env = TestEnv::new();
    env.folder("demo");
    env.groundplan("new demo").words(QUICK).exits(0).says("cd demo");
    assert_same(&expected(QUICK), &project(&env.path("demo")));
}

#[test]
fn a_link_to_a_folder_leads_there() {
    let env = TestEnv::new();
    let real = env.folder("real");
    symlink("real", env.path("demo")).unwrap();
    env.groundplan("new demo").words(QUICK).exits(0);
    assert_same(&expected(QUICK), &project(&real));
    assert!(matches!(tree(&env.work())["demo"], Entry::Link(_)));
    env.file("full/mine", "");
    symlink("full", env.path("link")).unwrap();
    env.groundplan("new link").words(QUICK).exits(1).changes_nothing().says("`link` is not empty");
}

#[test]
fn a_fresh_clone_is_taken_and_its_files_stay() {
    let env = TestEnv::new();
    let folder = env.folder("demo");
    env.git(&folder, "init --quiet");
    let own = [("README.md", "# Mine\n"), (".gitignore", ".env\n"), ("LICENSE", "Mine.\n")];
    for (path, text) in own {
        env.file(&format!("demo/{path}"), text);
    }
    let before = tree(&folder);
    let outcome = env.groundplan("new .").within(&folder).words("--defaults --no-uv-lock").exits(1);
    let outcome = own.iter().fold(outcome, |outcome, (path, _)| outcome.says(&format!("`{path}` stays as it was")));
    outcome.says("everything was written but").says("inside a git repository").says("must leave out `.env`");
    let mut found = project(&folder);
    for (path, entry) in before {
        assert_eq!(found.remove(&path), Some(entry), "{path}");
    }
    let mut expected = expected(QUICK);
    for (path, _) in own {
        expected.remove(path).expect("the project has one of its own");
    }
    assert_same(&expected, &found);
}

#[test]
fn a_file_that_is_already_as_planned_is_no_trouble() {
    let env = TestEnv::new();
    let Entry::File { contents, .. } = &expected(QUICK)["LICENSE"] else { panic!("a file") };
    env.file("demo/LICENSE", std::str::from_utf8(contents).unwrap());
    env.groundplan("new demo").words(QUICK).exits(0);
}

#[test]
fn an_empty_repository_is_taken() {
    let env = TestEnv::new().with_identity();
    let folder = env.folder("demo");
    env.git(&folder, "init --quiet");
    env.groundplan("new demo --defaults").exits(0).says("inside a git repository, so nothing was committed");
    assert!(!env.git_succeeds(&folder, "rev-parse HEAD"), "a commit was made");
    let mut found = project(&folder);
    found.retain(|path, _| path != ".git" && !path.starts_with(".git/"));
    assert_same(&expected(QUICK), &found);
}

#[test]
fn a_file_that_cannot_be_written_whole_leaves_nothing() {
    // The limit on the size of a file stands for a full disk: a write fails half-way through a project.
    for (path, before) in [("demo", None), ("folders/above/demo", None), ("demo", Some("demo"))] {
        let env = TestEnv::new();
        if let Some(folder) = before {
            env.file(&format!("{folder}/README.md"), "mine");
        }
        let tree_before = tree(env.root());
        let run = env.groundplan("new").words(QUICK).arg(path).command();
        let output = limited(&env, "trap '' XFSZ; ", &run).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot write") && said.contains("File too large"), "{said}");
        assert_same(&tree_before, &tree(env.root()));
    }
}

/// A command under a limit of 8 KiB a file, after something else in the same shell.
pub(crate) fn limited(env: &TestEnv, first: &str, command: &Command) -> Command {
    let mut shell = env.command("sh");
    shell.arg("-c").arg(format!("{first}ulimit -c 0; ulimit -f 16; exec \"$0\" \"$@\""));
    shell.arg(command.get_program()).args(command.get_args());
    // The limit would hold for a log that the tests write to as well.
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell
}

#[test]
fn projects_made_at_the_same_time_side_by_side_do_not_meet() {
    let env = TestEnv::new();
    for round in 0..5 {
        let names: Vec<_> = (0..6).map(|n| format!("p{round}-{n}")).collect();
        let running: Vec<_> = names
            .iter()
            .map(|name| {
                let mut command = env.groundplan("new").arg(name).words(QUICK).command();
                command.stderr(Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        for child in running {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            assert!(!said.contains("interrupted run"), "{said}");
        }
        assert!(env.names().iter().all(|name| name.starts_with('p')), "{:?}", env.names());
    }
}

#[test]
fn of_two_runs_for_one_target_one_writes() {
    for existing in [false, true] {
        let env = TestEnv::new();
        if existing {
            env.folder("demo");
        }
        let running = [(); 4].map(|()| env.groundplan("new demo").words(QUICK).command().spawn().unwrap());
        let codes: Vec<_> = running.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
        assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
        assert_eq!(codes.iter().filter(|code| **code == Some(1)).count(), 3, "{codes:?}");
        assert_eq!(env.names(), ["demo"]);
        assert_same(&expected(QUICK), &project(&env.path("demo")));
    }
}

#[test]
fn an_export_goes_where_a_project_would() {
    let env = TestEnv::new();
    env.groundplan("export out --defaults").exits(0).prints_nothing().says("cargo generate --path out");
    env.groundplan("export out --defaults").exits(1).changes_nothing().says("not empty");
    assert!(env.read("out/cargo-generate.toml").contains("[placeholders.description]"));
    env.file("mine/README.md", "mine");
    env.groundplan("export mine --defaults").exits(1).says("`README.md` stays as it was");
    assert_eq!(env.read("mine/README.md"), "mine");
}
