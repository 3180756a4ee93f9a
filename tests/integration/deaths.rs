//! Runs that end in the middle: killed, interrupted, terminated. Under the target's name there is the whole project or
//! nothing, and what a killed run leaves elsewhere the next one names and removes.
//!
//! Two seams make the middle certain. A limit on the size of files kills a run (SIGXFSZ) at its first large file; a
//! named pipe in the place of README.md holds it there while it puts files into place. Beside them, runs are killed as
//! soon as their stage appears, with varying delays; these tests count how often they met the middle, and fail where
//! they did not.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use expectrl::process::Process;
use expectrl::process::unix::{Signal, UnixProcess, WaitStatus};

use crate::support::{QUICK, TestEnv, Tree, assert_same, tree};
use crate::write::{expected, limited, project};

/// A guard against hanging, not a measurement.
const LIMIT: Duration = Duration::from_mins(1);
/// How often a run must be met in the middle, and how many are tried for that.
const MEETINGS: usize = 5;
const TRIES: u32 = 400;
/// The last file that is put into place before README.md: once it is there, the run waits at the pipe.
const BEFORE_README: &str = "Procfile.dev";

/// The first entry of a folder that is a stage.
fn stage_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".groundplan-stage")))
}

/// Waits until something is there.
fn until<T>(mut there: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(it) = there() {
            return it;
        }
        assert!(start.elapsed() < LIMIT, "it did not come");
    }
}

/// Waits until a run has its stage in a folder, or has ended without being seen to. The delays differ, so that the runs
/// are met at different points.
fn meet(folder: &Path, child: &mut Child, attempt: u32) {
    until(|| stage_in(folder).map(drop).or_else(|| child.try_wait().unwrap().map(drop)));
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(u64::from(attempt % 20) * 250) {
        std::hint::spin_loop();
    }
}

#[test]
fn a_run_killed_among_its_files_leaves_nothing_under_the_target_s_name() {
    let env = TestEnv::new();
    let run = env.groundplan("new demo").words(QUICK).command();
    let status = limited(&env, "", &run).status().unwrap();
    assert_eq!(status.signal(), Some(Signal::SIGXFSZ as i32));
    let stage = stage_in(&env.work()).expect("a killed run cannot clear up");
    let staged = tree(&stage.join("tree"));
    assert!(staged.contains_key(".dockerignore") && !staged.contains_key("pyproject.toml"), "in the middle");
    assert_eq!(env.names(), [stage.file_name().unwrap().to_str().unwrap()]);

    let name = stage.file_name().unwrap().to_str().unwrap();
    env.groundplan("new demo")
        .words(QUICK)
        .exits(0)
        .says(&format!("removed `./{name}`, which an interrupted run had left"));
    assert_eq!(env.names(), ["demo"]);
    assert_same(&expected(QUICK), &project(&env.path("demo")));
}

#[test]
fn a_dry_run_removes_nothing() {
    let env = TestEnv::new();
    let run = env.groundplan("new demo").words(QUICK).command();
    limited(&env, "", &run).status().unwrap();
    stage_in(&env.work()).expect("a stage is left");
    env.groundplan("new demo --defaults --dry-run").exits(0).changes_nothing().does_not_say("removed");
}

#[test]
fn the_stage_of_a_living_run_stays() {
    let env = TestEnv::new();
    let (mut child, stage) = held(&env, "demo");
    env.groundplan("new demo").words(QUICK).exits(1).changes_nothing().says("another groundplan is writing to `demo`");
    env.groundplan("new second").words(QUICK).exits(0).does_not_say("removed");
    assert!(stage.exists());
    kill(&mut child);
}

#[test]
fn killed_at_any_moment_a_fresh_target_is_whole_or_absent() {
    let whole = expected(QUICK);
    let mut met = 0;
    for attempt in 0..TRIES {
        let env = TestEnv::new();
        let mut child = env.groundplan("new demo").words(QUICK).command().spawn().unwrap();
        meet(&env.work(), &mut child, attempt);
        kill(&mut child);
        let left = stage_in(&env.work());
        if env.path("demo").exists() {
            // Files of the plan are all there; what comes after them may be missing.
            let mut found = tree(&env.path("demo"));
            found.remove(".env");
            assert_same(&whole, &found);
            continue;
        }
        let Some(left) = left else { continue };
        met += 1;
        let has_files = left.join("tree").exists();
        let outcome = env.groundplan("new demo").words(QUICK).exits(0);
        assert_eq!(outcome.stderr.contains("which an interrupted run had left"), has_files);
        assert_eq!(env.names(), ["demo"]);
        assert_same(&whole, &project(&env.path("demo")));
        if met == MEETINGS {
            return;
        }
    }
    panic!("{met} of {TRIES} runs were met in the middle");
}

#[test]
fn killed_at_any_moment_an_existing_target_is_mended_by_the_next_run() {
    let whole = expected(QUICK);
    let mut met = 0;
    for attempt in 0..TRIES {
        let env = TestEnv::new();
        let demo = env.folder("demo");
        env.file("demo/LICENSE", "mine");
        let mut child = env.groundplan("new demo").words(QUICK).command().spawn().unwrap();
        meet(&demo, &mut child, attempt);
        kill(&mut child);
        let Some(stage) = stage_in(&demo) else { continue };
        if !stage.join("tree").exists() {
            continue;
        }
        met += 1;
        mended(&env, &whole, "LICENSE");
        if met == MEETINGS {
            return;
        }
    }
    panic!("{met} of {TRIES} runs were met in the middle");
}

#[test]
fn a_run_killed_while_it_puts_files_into_place_is_undone_by_the_next() {
    let env = TestEnv::new();
    let (mut child, _) = held(&env, "demo");
    kill(&mut child);
    let demo = env.path("demo");
    assert!(demo.join("LICENSE").exists() && !demo.join("pyproject.toml").exists(), "in the middle");
    fs::remove_file(demo.join("README.md")).unwrap();
    env.file("demo/README.md", "mine");
    mended(&env, &expected(QUICK), "README.md");
}

/// The next run into `demo` names and removes what is left, keeps the user's one file, and writes everything else.
fn mended(env: &TestEnv, whole: &Tree, own: &str) {
    let demo = env.path("demo");
    let before = tree(&demo)[own].clone();
    env.groundplan("new demo")
        .words(QUICK)
        .exits(1)
        .says("removed `demo/.groundplan-stage`, which an interrupted run had left")
        .says(&format!("`{own}` stays as it was"));
    let mut found = project(&demo);
    assert_eq!(found.remove(own), Some(before));
    let mut whole = whole.clone();
    whole.remove(own);
    assert_same(&whole, &found);
}

#[test]
fn what_the_user_adds_to_a_killed_run_s_folders_is_seen() {
    let env = TestEnv::new();
    let (mut child, _) = held(&env, "demo");
    kill(&mut child);
    fs::remove_file(env.path("demo/README.md")).unwrap();
    env.file("demo/docs/mine.md", "mine");
    // What the killed run had put there goes; what is the user's is then found, and nothing is written over it.
    env.groundplan("new demo").words(QUICK).exits(1).says("removed").says("is not empty: it holds `docs`");
    assert_eq!(tree(&env.path("demo")).into_keys().collect::<Vec<_>>(), ["docs", "docs/mine.md"]);
}

#[test]
fn a_run_killed_after_its_last_file_is_not_undone() {
    // What such a run leaves: every file in place, and its stage, which says so, partly removed.
    let env = TestEnv::new();
    env.groundplan("new demo").words(QUICK).exits(0);
    let demo = env.path("demo");
    let stage = env.folder("demo/.groundplan-stage");
    fs::write(stage.join("lock"), "").unwrap();
    fs::create_dir(stage.join("placed")).unwrap();
    fs::hard_link(demo.join("LICENSE"), stage.join("placed/LICENSE")).unwrap();
    let before = project(&demo);
    env.groundplan("new demo").words(QUICK).exits(1).says("removed `demo/.groundplan-stage`").says("is not empty");
    let mut expected = before;
    expected.retain(|path, _| !path.starts_with(".groundplan-stage"));
    assert_same(&expected, &project(&demo));
}

#[test]
fn interrupted_or_terminated_among_its_files_a_run_takes_everything_back() {
    let whole = expected(QUICK);
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let mut met = 0;
        for attempt in 0..TRIES {
            let env = TestEnv::new();
            let run = env.groundplan("new folder/demo --quiet").words(QUICK).command();
            let mut process = UnixProcess::spawn_command(run).unwrap();
            until(|| stage_in(&env.work()).map(drop).or_else(|| (!process.is_alive().unwrap()).then_some(())));
            let start = Instant::now();
            while start.elapsed() < Duration::from_micros(u64::from(attempt % 20) * 100) {
                std::hint::spin_loop();
            }
            if process.signal(signal).is_err() {
                continue;
            }
            let ended = process.wait().unwrap();
            if env.path("folder").exists() {
                assert_same(&whole, &without_secrets(&env.path("folder/demo")));
                continue;
            }
            assert!(matches!(ended, WaitStatus::Exited(_, found) if found == code), "{ended:?}");
            assert_eq!(env.names(), [""; 0]);
            met += 1;
            if met == MEETINGS {
                break;
            }
        }
        assert_eq!(met, MEETINGS, "runs that {signal} met in the middle");
    }
}

#[test]
fn interrupted_or_terminated_while_it_puts_files_into_place_a_run_takes_everything_back() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let env = TestEnv::new();
        let demo = env.folder("demo");
        pipe(&env, &demo.join("README.md"));
        let before = tree(env.root());
        let run = env.groundplan("new demo --quiet").words(QUICK).command();
        let mut process = UnixProcess::spawn_command(run).unwrap();
        until(|| demo.join(BEFORE_README).exists().then_some(()));
        process.signal(signal).unwrap();
        // The run waits for somebody to write to the pipe.
        drop(fs::OpenOptions::new().write(true).open(demo.join("README.md")).unwrap());
        let ended = process.wait().unwrap();
        assert!(matches!(ended, WaitStatus::Exited(_, found) if found == code), "{ended:?}");
        assert_same(&before, &tree(env.root()));
    }
}

fn without_secrets(folder: &Path) -> Tree {
    let mut tree = tree(folder);
    tree.remove(".env");
    tree
}

/// A run that is putting files into a folder, and waits at README.md; with its stage.
fn held(env: &TestEnv, folder: &str) -> (Child, PathBuf) {
    let folder = env.folder(folder);
    pipe(env, &folder.join("README.md"));
    let child = env.groundplan("new").arg(&folder).words(QUICK).command().spawn().unwrap();
    until(|| folder.join(BEFORE_README).exists().then_some(()));
    let stage = stage_in(&folder).expect("a living run has a stage");
    (child, stage)
}

fn pipe(env: &TestEnv, path: &Path) {
    let mkfifo = ["/usr/bin/mkfifo", "/bin/mkfifo"].into_iter().find(|path| Path::new(path).exists());
    assert!(env.command(mkfifo.expect("POSIX has mkfifo")).arg(path).status().unwrap().success());
}

/// SIGKILL, and the wait for the end.
fn kill(child: &mut Child) {
    let _ = child.kill();
    child.wait().unwrap();
}
