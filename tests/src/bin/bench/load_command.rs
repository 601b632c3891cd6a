//! Records of another program through `connector load`: how fast, and that memory does not grow with their number.

use std::io::{self, Write};
use std::process::{ChildStdin, Command};

use serde_json::Value;

use crate::figures::{figure, megabytes, rate, seconds, section};
use crate::measured::{self, Measured};
use crate::program::Program;
use crate::{Outcome, Scale, load};

/// Bytes that are written at once.
const CHUNK: usize = 1 << 20;

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    let program = program.beside("connector")?;
    section("Records of 1 kB each on standard input of `connector load`");
    let server = load::start_server()?;
    for records in [scale.records, scale.many_records] {
        // With the measurement they go: a million records are a gigabyte on the disk.
        let folder = program.folder()?;
        show("SQLite", records, &load(&folder.command(), "sqlite://things.db", records)?);
        let database = server.create_database();
        show("PostgreSQL", records, &load(&folder.command(), database.url(), records)?);
    }
    Ok(())
}

fn show(store: &str, records: u64, run: &Measured) {
    figure(&format!("{records} records into {store}, whole process"), seconds(run.wall), "");
    figure("at a rate of", rate(records, run.wall), "");
    figure("peak memory", megabytes(run.peak_memory), "≤ 64 MB, the same for both");
}

fn load(program: &Command, store: &str, records: u64) -> Outcome<Measured> {
    let mut load = Command::new(program.get_program());
    load.args(["load", "--stream", "things", "--key", "id", "--to", store]);
    if let Some(folder) = program.get_current_dir() {
        load.current_dir(folder).env("HOME", folder);
    }
    let run = measured::run_with_input(&load, |stdin| write(stdin, records))?;
    let envelope: Value = serde_json::from_str(&run.standard_output)?;
    if envelope["response"]["streams"][0]["inserted"] == records {
        Ok(run)
    } else {
        Err(format!("{records} records were written, and `load` says {envelope}").into())
    }
}

fn write(stdin: &mut ChildStdin, records: u64) -> io::Result<()> {
    let note = "x".repeat(720);
    let mut chunk = Vec::with_capacity(2 * CHUNK);
    for id in 0..records {
        writeln!(
            chunk,
            r#"{{"id":{id},"name":"Thing {id}","email":"thing-{id}@example.com","price":{id}.25,"is_active":true,"added_at":"2026-01-02T03:04:05Z","owner":{{"type":"user","id":"u-{id}"}},"tags":["new","blue"],"note":"{note}"}}"#
        )?;
        if chunk.len() >= CHUNK {
            stdin.write_all(&chunk)?;
            chunk.clear();
        }
    }
    stdin.write_all(&chunk)
}
