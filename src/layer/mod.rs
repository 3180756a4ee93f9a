//! What templates there are: layers, each a folder with a manifest and the files at their output paths.
//!
//! Layers are discovered, never registered. Which of them apply is decided in `blueprint`; how their files become a
//! project is `plan`'s.

mod library;
mod manifest;
mod versions;

pub use library::{Layer, Library, LibraryError};
pub use manifest::{Contribution, Entry, Manifest, Slot, SlotKind};
pub use versions::Versions;
