//! What `psql` takes to load the same rows: COPY into a staging table, then a merge into the table.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use system_tests::postgres::TestDatabase;
use tempfile::TempDir;

use crate::{Outcome, measured};

/// The rows of a table in a file.
pub(crate) struct Baseline<'a> {
    database: &'a TestDatabase,
    table: &'a str,
    rows: PathBuf,
    _folder: TempDir,
}

impl<'a> Baseline<'a> {
    /// Dumps the table.
    pub(crate) fn of(database: &'a TestDatabase, table: &'a str) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("baseline-").tempdir()?;
        let rows = folder.path().join("rows");
        psql(database, &format!("\\copy {table} to '{}'\n", rows.display()), folder.path())?;
        Ok(Self { database, table, rows, _folder: folder })
    }

    /// Loads them into an empty copy of the table, and says how long that took.
    ///
    /// The staging table is temporary, which spares it the WAL: the fastest that this way can be.
    pub(crate) fn load(&self, records: u64) -> Outcome<Duration> {
        let Self { database, table, .. } = self;
        database.query(&format!("create table merged (like {table} including all)"));
        let updates = database.query(&format!(
            "select string_agg(format('%1$I = excluded.%1$I', attname), ', ') from pg_attribute \
             where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped and attname <> 'id'"
        ));
        database.query("checkpoint");
        let script = format!(
            "begin;\n\
             create temporary table staging (like {table});\n\
             \\copy staging from '{}'\n\
             insert into merged select * from staging on conflict (id) do update set {updates};\n\
             commit;\n",
            self.rows.display()
        );
        let folder = self.rows.parent().unwrap_or(Path::new("/"));
        let time = psql(database, &script, folder)?;
        let merged: u64 = database.query("select count(*) from merged").parse()?;
        if merged != records {
            return Err(format!("psql merged {merged} rows of {records}").into());
        }
        Ok(time)
    }
}

/// Runs a script and says how long the process took.
fn psql(database: &TestDatabase, script: &str, folder: &Path) -> Outcome<Duration> {
    let file = folder.join("script.sql");
    std::fs::write(&file, script)?;
    let program = match std::env::var_os("POSTGRES_BIN") {
        Some(folder) => Path::new(&folder).join("psql"),
        None => PathBuf::from("psql"),
    };
    let mut command = Command::new(program);
    command
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
        .args(["--dbname", database.url()])
        .arg("--file")
        .arg(&file);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    Ok(measured::run(&command)?.wall)
}
