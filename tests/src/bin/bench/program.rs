//! The connector's program that is measured.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::Outcome;

/// A built `tl-connector`.
#[derive(Clone, Debug)]
pub(crate) struct Program(PathBuf);

impl Program {
    /// The program at this path.
    pub(crate) fn at(path: &str) -> Outcome<Self> {
        let path = Path::new(path).canonicalize().map_err(|error| format!("{path}: {error}"))?;
        Ok(Self(path))
    }

    /// Another program of the same build, its path from this one's folder.
    pub(crate) fn beside(&self, path: &str) -> Outcome<Self> {
        let path = self.0.with_file_name(path);
        Self::at(path.to_str().ok_or("the path of the program is not text")?)
    }

    /// An empty folder to start it in.
    pub(crate) fn folder(&self) -> Outcome<Folder> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir()?;
        Ok(Folder { program: self.0.clone(), folder })
    }
}

/// A working folder of the program; it goes with this value, and its files with it.
#[derive(Debug)]
pub(crate) struct Folder {
    program: PathBuf,
    folder: TempDir,
}

impl Folder {
    /// The program in this folder, in an environment that says nothing.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command
    }
}

/// A process that ends with this value.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
