//! A world of its own for one test.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::Run;

/// The programs that the tests' `PATH` has. Above all it has no `uv`.
const PROGRAMS: [&str; 4] = ["git", "sh", "sleep", "touch"];

/// A folder to work in, a home without a git identity, and a `PATH` with next to nothing.
pub(crate) struct TestEnv {
    root: TempDir,
}

impl TestEnv {
    pub(crate) fn new() -> Self {
        let root = TempDir::with_prefix("groundplan-test-").unwrap();
        let env = Self { root };
        for folder in ["home", "bin", "work"] {
            fs::create_dir(env.root().join(folder)).unwrap();
        }
        fs::write(env.home().join(".gitconfig"), "").unwrap();
        PROGRAMS.into_iter().fold(env, TestEnv::with_program)
    }

    /// Gives git somebody to commit as.
    pub(crate) fn with_identity(self) -> Self {
        let identity = "[user]\nname = Ada\nemail = ada@example.org\n";
        fs::write(self.home().join(".gitconfig"), identity).unwrap();
        self
    }

    /// Puts a shell script in the place of uv. What it is to tell the test it writes to its home.
    pub(crate) fn with_uv(self, script: &str) -> Self {
        let uv = self.bin().join("uv");
        fs::write(&uv, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&uv, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Puts one more program of this machine on the `PATH`.
    pub(crate) fn with_program(self, program: &str) -> Self {
        symlink(found(program), self.bin().join(program)).unwrap();
        self
    }

    pub(crate) fn without(self, program: &str) -> Self {
        fs::remove_file(self.bin().join(program)).unwrap();
        self
    }

    /// Writes a file, and the folders above it, in the folder to work in.
    pub(crate) fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn folder(&self, path: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// A path in the folder to work in.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.work().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// The names in the folder to work in.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(self.work()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    fn bin(&self) -> PathBuf {
        self.root().join("bin")
    }

    /// `groundplan` with the words of a line.
    pub(crate) fn groundplan(&self, line: &str) -> Run<'_> {
        Run::new(self, Path::new(env!("CARGO_BIN_EXE_groundplan"))).words(line)
    }

    /// `cargo-groundplan` with the words of a line.
    pub(crate) fn cargo_groundplan(&self, line: &str) -> Run<'_> {
        Run::new(self, Path::new(env!("CARGO_BIN_EXE_cargo-groundplan"))).words(line)
    }

    /// What git prints; it must succeed.
    pub(crate) fn git(&self, folder: &Path, line: &str) -> String {
        let output = self.command("git").args(line.split_whitespace()).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "git {line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn git_succeeds(&self, folder: &Path, line: &str) -> bool {
        self.command("git").args(line.split_whitespace()).current_dir(folder).output().unwrap().status.success()
    }

    /// A program in this world.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", self.bin())
            .env("USER", "ada")
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .env("GIT_CONFIG_GLOBAL", self.home().join(".gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", self.root())
            .current_dir(self.work());
        command
    }
}

/// Where this machine has a program.
fn found(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("the tests need `{program}`"))
}
