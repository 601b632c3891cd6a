//! Where an export goes: standard output, or a file that is there whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use connector_core::{ConnectorError, ErrorCode};

use crate::signals;

/// What an export is written to.
pub(super) enum Target {
    Stdout(BufWriter<Stdout>),
    File(NewFile),
    /// A file that somebody else opened, and will read.
    Open(BufWriter<File>),
}

impl Target {
    /// The file, or standard output when there is none.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, ConnectorError> {
        match file {
            None => {
                signals::end_in_any_case();
                Ok(Self::Stdout(BufWriter::new(io::stdout())))
            }
            Some(path) => match NewFile::create(path) {
                Ok(file) => Ok(Self::File(file)),
                Err(error) => Err(unwritable(&path.display().to_string(), error)),
            },
        }
    }

    /// A file that is open and empty.
    pub(super) fn open_file(file: File) -> Self {
        Self::Open(BufWriter::new(file))
    }

    /// Everything was written.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut stdout) => stdout.flush(),
            Self::File(file) => file.finish(),
            Self::Open(mut file) => file.flush(),
        }
    }

    /// The error for what could not be written.
    pub(super) fn unwritable(path: Option<&Path>, error: io::Error) -> ConnectorError {
        let name = path.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
        unwritable(&name, error)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.writer.write(bytes),
            Self::Open(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.writer.flush(),
            Self::Open(file) => file.flush(),
        }
    }
}

fn unwritable(name: &str, error: io::Error) -> ConnectorError {
    let message = format!("the export cannot be written to {name}: {error}");
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message).source(error)
}

/// Written beside and renamed, so that nobody reads half a file; what was there stays until then.
pub(super) struct NewFile {
    writer: BufWriter<File>,
    path: PathBuf,
    beside: PathBuf,
    is_finished: bool,
}

impl NewFile {
    fn create(path: &Path) -> io::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        // Two exports to one file must not write into each other.
        beside.push(format!(".{}.part", std::process::id()));
        let beside = PathBuf::from(beside);
        let writer = BufWriter::new(File::create(&beside)?);
        Ok(Self { writer, path: path.to_owned(), beside, is_finished: false })
    }

    fn finish(mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.writer.get_ref().sync_all()?;
        std::fs::rename(&self.beside, &self.path)?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_finished {
            let _ = std::fs::remove_file(&self.beside);
        }
    }
}
