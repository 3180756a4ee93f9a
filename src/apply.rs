//! Writes a plan to disk: all of it, or nothing under the target's name.
//!
//! A fresh target is staged in a sibling folder and renamed once. A target that exists (an empty folder, or a fresh
//! clone) is staged inside itself, and each file is linked into place, which never overwrites. The staged tree is the
//! journal: the next run undoes what a killed one left. This protects against the death of the process, not against
//! the loss of power.

#![expect(clippy::disallowed_methods, reason = "this is the module that writes projects")]

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::plan::{Plan, RelPath};

/// How stage folders are named.
const STAGE: &str = ".groundplan-stage";
/// The staged files, inside a stage. While it is there, what was linked from it can be taken back.
const TREE: &str = "tree";
/// What the tree is called once every file is in place: nothing is taken back any more.
const PLACED: &str = "placed";
/// How often a stage is begun anew that another run has taken for a dead one's, a millisecond apart.
const ATTEMPTS: u32 = 100;
/// What may lie in a target already: what a hosting site puts into a new repository.
const TOLERATED: [&str; 4] = [".git", "LICENSE", ".gitignore", "README.md"];

/// Where a project goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing is there.
    Fresh(PathBuf),
    /// A folder that is empty but for what is tolerated.
    Existing(PathBuf),
}

impl Target {
    pub fn path(&self) -> &Path {
        match self {
            Self::Fresh(path) | Self::Existing(path) => path,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files of the user's that stayed as they were, although the plan has its own.
    pub kept: Vec<RelPath>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("`{}` is not empty: it holds `{found}`", path.display())]
    NotEmpty { path: PathBuf, found: String },
    #[error("`{}` exists and is not a folder", path.display())]
    NotAFolder { path: PathBuf },
    #[error("another groundplan is writing to `{}`", path.display())]
    Busy { path: PathBuf },
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("interrupted")]
    Interrupted,
}

fn cannot_write(path: &Path) -> impl Fn(io::Error) -> ApplyError + '_ {
    |source| ApplyError::Write { path: path.to_owned(), source }
}

/// Looks at a target, and writes nothing.
pub fn inspect(path: &Path) -> Result<Target, ApplyError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
            return Ok(Target::Fresh(path.to_owned()));
        }
        Err(source) => {
            return Err(ApplyError::Write { path: path.to_owned(), source });
        }
    };
    if !metadata.is_dir() {
        return Err(ApplyError::NotAFolder { path: path.to_owned() });
    }
    for entry in fs::read_dir(path).map_err(cannot_write(path))? {
        let name = entry.map_err(cannot_write(path))?.file_name();
        let name = name.to_string_lossy();
        // A stage that a killed run left does not count: `sweep` undoes what it put in place.
        if !TOLERATED.contains(&name.as_ref()) && !left_behind(path, &name) {
            return Err(ApplyError::NotEmpty { path: path.to_owned(), found: name.into_owned() });
        }
    }
    Ok(Target::Existing(path.to_owned()))
}

/// Whether an entry of an existing target is what a killed run left: the stage itself, or a thing that it staged.
fn left_behind(target: &Path, name: &str) -> bool {
    name == STAGE || target.join(STAGE).join(TREE).join(name).exists()
}

/// Removes what killed runs left at a target, and names it. Stages of runs that are still alive stay.
pub fn sweep(path: &Path) -> Result<Vec<PathBuf>, ApplyError> {
    if path.is_dir() { sweep_inside(path) } else { sweep_beside(path) }
}

/// Takes back what a killed run put into an existing folder, and removes its stage.
fn sweep_inside(target: &Path) -> Result<Vec<PathBuf>, ApplyError> {
    let stage = target.join(STAGE);
    let has_files = has_files(&stage);
    let _lock = match Lock::existing(&stage) {
        Ok(Some(lock)) => Some(lock),
        Ok(None) => {
            return Err(ApplyError::Busy { path: target.to_owned() });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !has_files {
                let _ = fs::remove_dir(&stage);
                return Ok(Vec::new());
            }
            None
        }
        Err(source) => {
            return Err(ApplyError::Write { path: stage, source });
        }
    };
    undo(&stage.join(TREE), target).map_err(cannot_write(target))?;
    match fs::remove_dir_all(&stage) {
        Ok(()) => Ok(has_files.then_some(stage).into_iter().collect()),
        // Its run was just ending.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(ApplyError::Write { path: stage, source }),
    }
}

/// Removes the stages of killed runs beside a fresh target. One that cannot be removed is somebody else's.
fn sweep_beside(target: &Path) -> Result<Vec<PathBuf>, ApplyError> {
    let folder = nearest_folder(target);
    let mut swept = Vec::new();
    for entry in fs::read_dir(&folder).map_err(cannot_write(&folder))? {
        let path = entry.map_err(cannot_write(&folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&format!("{STAGE}-")) && path.is_dir() && removed_if_dead(&path) {
            swept.push(path);
        }
    }
    Ok(swept)
}

/// Whether a stage holds files. One without may be that of a run that just begins and has no lock yet; so this is asked
/// before the lock is.
fn has_files(stage: &Path) -> bool {
    stage.join(TREE).exists() || stage.join(PLACED).exists()
}

/// Removes a stage that no live run holds. True where a dead one's files went with it.
fn removed_if_dead(stage: &Path) -> bool {
    let has_files = has_files(stage);
    let removed = match Lock::existing(stage) {
        Ok(Some(_lock)) => fs::remove_dir_all(stage).is_ok(),
        Ok(None) => false,
        Err(_) => fs::remove_dir(stage).is_ok(),
    };
    has_files && removed
}

/// Writes a plan. `interrupted` is asked between files.
pub fn write(plan: &Plan, target: &Target, interrupted: &dyn Fn() -> bool) -> Result<Written, ApplyError> {
    match target {
        Target::Fresh(path) => {
            let folder = nearest_folder(path);
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let stage = Stage::new(&folder.join(format!("{STAGE}-{name}-{}", std::process::id())))?;
            stage.fill(plan, interrupted)?;
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                fs::create_dir_all(parent).map_err(cannot_write(parent))?;
            }
            fs::rename(stage.tree(), path).map_err(cannot_write(path))?;
            Ok(Written::default())
        }
        Target::Existing(path) => {
            let stage = Stage::new(&path.join(STAGE))?;
            // Once more, now that no other run can write here.
            inspect(path)?;
            stage.fill(plan, interrupted)?;
            let written = place(plan, &stage.tree(), path, interrupted);
            if written.is_ok() {
                let placed = stage.path.join(PLACED);
                fs::rename(stage.tree(), &placed).map_err(cannot_write(&placed))?;
            } else {
                undo(&stage.tree(), path).map_err(cannot_write(path))?;
            }
            written
        }
    }
}

/// Links each staged file into place; what is there already stays.
fn place(plan: &Plan, tree: &Path, target: &Path, interrupted: &dyn Fn() -> bool) -> Result<Written, ApplyError> {
    let mut kept = Vec::new();
    for (path, file) in &plan.files {
        if interrupted() {
            return Err(ApplyError::Interrupted);
        }
        let to = target.join(path.as_str());
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(cannot_write(parent))?;
        }
        match fs::hard_link(tree.join(path.as_str()), &to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read(&to).map_err(cannot_write(&to))? != file.contents {
                    kept.push(path.clone());
                }
            }
            Err(source) => return Err(ApplyError::Write { path: to, source }),
        }
    }
    Ok(Written { kept })
}

/// Takes back what `place` put into a target: the files that are links to staged ones, and folders left empty.
fn undo(tree: &Path, target: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(tree).contents_first(true) {
        let Ok(entry) = entry else { continue };
        let Ok(relative) = entry.path().strip_prefix(tree) else {
            continue;
        };
        if relative.as_os_str().is_empty() {
            continue;
        }
        let placed = target.join(relative);
        if entry.file_type().is_dir() {
            // Fails, rightly, where the user has something in it.
            let _ = fs::remove_dir(&placed);
        } else if same_file(entry.path(), &placed) {
            fs::remove_file(&placed)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::symlink_metadata(a), fs::symlink_metadata(b)) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

/// Without inode numbers nothing is taken for ours: it stays, and the user is told what is there.
#[cfg(not(unix))]
fn same_file(_a: &Path, _b: &Path) -> bool {
    false
}

/// The nearest folder above a path that exists: the stage must be on the same file system as the target.
fn nearest_folder(path: &Path) -> PathBuf {
    path.ancestors()
        .skip(1)
        .map(|folder| match folder.components().next() {
            None => PathBuf::from("."),
            Some(_) => folder.to_owned(),
        })
        .find(|folder| folder.is_dir())
        .unwrap_or_else(|| PathBuf::from(Component::CurDir.as_os_str()))
}

/// A stage folder: a lock that lives as long as the run, and the tree. It is removed when it goes out of scope.
struct Stage {
    path: PathBuf,
    _lock: Lock,
}

impl Stage {
    fn new(path: &Path) -> Result<Self, ApplyError> {
        for _ in 0..ATTEMPTS {
            match fs::create_dir(path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                Err(source) => {
                    return Err(ApplyError::Write { path: path.to_owned(), source });
                }
            }
            if let Some(lock) = Lock::new(path).map_err(cannot_write(path))? {
                return Ok(Self { path: path.to_owned(), _lock: lock });
            }
        }
        Err(ApplyError::Busy { path: path.parent().unwrap_or(path).to_owned() })
    }

    fn tree(&self) -> PathBuf {
        self.path.join(TREE)
    }

    fn fill(&self, plan: &Plan, interrupted: &dyn Fn() -> bool) -> Result<(), ApplyError> {
        let tree = self.tree();
        fs::create_dir(&tree).map_err(cannot_write(&tree))?;
        let mut made: Option<PathBuf> = None;
        for (path, file) in &plan.files {
            if interrupted() {
                return Err(ApplyError::Interrupted);
            }
            let to = tree.join(path.as_str());
            let parent = to.parent().unwrap_or(&tree);
            if made.as_deref() != Some(parent) {
                fs::create_dir_all(parent).map_err(cannot_write(parent))?;
                made = Some(parent.to_owned());
            }
            fs::write(&to, &file.contents).map_err(cannot_write(&to))?;
            if file.executable {
                make_executable(&to).map_err(cannot_write(&to))?;
            }
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A lock on a stage folder, so that another run can tell a dead stage from a live one.
struct Lock(#[expect(dead_code, reason = "held, not read")] fs::File);

impl Lock {
    const NAME: &str = "lock";

    /// Makes and takes the lock of a new stage. `None` where a sweep was faster, and the stage is gone.
    fn new(stage: &Path) -> io::Result<Option<Self>> {
        let path = stage.join(Self::NAME);
        let file = match fs::File::create_new(&path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        Ok((file.try_lock().is_ok() && is_at(&file, &path)).then_some(Self(file)))
    }

    /// Takes the lock of a stage that is there. `None` where a live run holds it.
    fn existing(stage: &Path) -> io::Result<Option<Self>> {
        let path = stage.join(Self::NAME);
        let file = fs::OpenOptions::new().write(true).open(&path)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => Ok(Some(Self(file))),
            // Locked, or another run's by now.
            Ok(()) | Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Whether an open file is still the one at a path.
#[cfg(unix)]
fn is_at(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

/// An open file cannot be replaced here.
#[cfg(not(unix))]
fn is_at(_file: &fs::File, path: &Path) -> bool {
    path.exists()
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> io::Result<()> {
    Ok(())
}
