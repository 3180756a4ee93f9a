//! The stored base: one file that holds every planned file, sorted, without times, compressed. A line names the
//! format, so that a later version can read an older one.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::plan::{PathError, PlannedFile, RelPath};

/// First line of the file: what it is, and the version of its format (a deflated tar archive).
const HEADER: &[u8] = b"groundplan-base 1\n";

/// Why a stored base cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    #[error("the stored base has an unknown format")]
    Format,
    #[error("the stored base is damaged")]
    Damaged(#[from] std::io::Error),
    #[error("the stored base is damaged")]
    Path(#[from] PathError),
}

/// Packs files; the same files give the same bytes.
pub(super) fn write(files: &BTreeMap<RelPath, PlannedFile>) -> Vec<u8> {
    pack(files).expect("writing to memory does not fail")
}

fn pack(files: &BTreeMap<RelPath, PlannedFile>) -> std::io::Result<Vec<u8>> {
    let mut bytes = HEADER.to_vec();
    let mut archive = tar::Builder::new(DeflateEncoder::new(&mut bytes, Compression::default()));
    archive.mode(tar::HeaderMode::Deterministic);
    for (path, file) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.contents.len() as u64);
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        archive.append_data(&mut header, path.as_str(), file.contents.as_slice())?;
    }
    archive.into_inner()?.finish()?.flush()?;
    Ok(bytes)
}

/// Unpacks a stored base: contents and executable bit by path.
pub fn read(bytes: &[u8]) -> Result<BTreeMap<RelPath, (Vec<u8>, bool)>, BaseError> {
    let packed = bytes.strip_prefix(HEADER).ok_or(BaseError::Format)?;
    let mut archive = tar::Archive::new(DeflateDecoder::new(packed));
    let mut files = BTreeMap::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = RelPath::new(&entry.path()?.to_string_lossy())?;
        let executable = entry.header().mode()? & 0o100 != 0;
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents)?;
        files.insert(path, (contents, executable));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<RelPath, PlannedFile> {
        [("b.sh", "#!", true), ("a/x", "", false), (&"long/".repeat(40), "y", false)]
            .into_iter()
            .map(|(path, contents, executable)| {
                let path = RelPath::new(path.trim_end_matches('/')).unwrap();
                let file = PlannedFile { contents: contents.into(), executable, layer: "l".to_owned() };
                (path, file)
            })
            .collect()
    }

    #[test]
    fn what_is_stored_comes_back() {
        let read = read(&write(&files())).unwrap();
        let expected: BTreeMap<_, _> =
            files().into_iter().map(|(path, file)| (path, (file.contents, file.executable))).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        assert_eq!(write(&files()), write(&files()));
    }

    #[test]
    fn a_damaged_base_is_an_error() {
        assert!(matches!(read(b"else"), Err(BaseError::Format)));
        let mut bytes = write(&files());
        bytes.truncate(bytes.len() - 20);
        assert!(read(&bytes).is_err());
    }
}
