//! The folder that a connector is run in: empty, its own, and looked through afterwards.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Files larger than this are looked through up to here.
const LONGEST_LOOK: usize = 64 << 20;

/// A place that nobody else knows, removed in the end.
#[derive(Debug)]
pub(crate) struct Folder {
    root: TempDir,
}

/// A file that a connector left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) path: PathBuf,
    pub(crate) content: Vec<u8>,
}

impl Folder {
    pub(crate) fn new() -> io::Result<Self> {
        let folder = Self { root: TempDir::with_prefix("connector-check-")? };
        for part in [folder.work(), folder.home(), folder.temporary(), folder.given()] {
            fs::create_dir(part)?;
        }
        Ok(folder)
    }

    /// Where it works: nothing may be written there.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(crate) fn temporary(&self) -> PathBuf {
        self.root.path().join("temporary")
    }

    /// Where files are that the kit names: databases and results.
    pub(crate) fn given(&self) -> PathBuf {
        self.root.path().join("given")
    }

    /// Everything that was written, wherever it is.
    pub(crate) fn left(&self) -> io::Result<Vec<Left>> {
        let mut left = Vec::new();
        collect(self.root.path(), self.root.path(), &mut left)?;
        Ok(left)
    }
}

fn collect(root: &Path, folder: &Path, left: &mut Vec<Left>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(root, &path, left)?;
        } else if entry.file_type()?.is_file() {
            let mut content = fs::read(&path)?;
            content.truncate(LONGEST_LOOK);
            left.push(Left { path: path.strip_prefix(root).unwrap_or(&path).to_owned(), content });
        }
    }
    Ok(())
}
