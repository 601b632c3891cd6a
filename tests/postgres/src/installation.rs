//! Where PostgreSQL's programs are installed.

use std::{
    io,
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

/// The script that `make test` asks too, so that there is one list of places.
const FIND_POSTGRES: &str = include_str!("../../find-postgres");

/// The folder of the server programs: `POSTGRES_BIN`, or the first complete installation found.
pub(crate) fn programs() -> io::Result<PathBuf> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(folder) = FOUND.get() {
        return Ok(folder.clone());
    }
    let output = Command::new("bash").args(["-c", FIND_POSTGRES]).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    Ok(FOUND.get_or_init(|| folder).clone())
}

/// The client `psql`: the installation's, or one on the `PATH` where no server is installed.
pub(crate) fn psql() -> Command {
    match programs() {
        Ok(folder) => Command::new(folder.join("psql")),
        Err(_) => Command::new("psql"),
    }
}
