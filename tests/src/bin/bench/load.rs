//! First load into PostgreSQL beside what `psql` takes for the same rows, then the same again with nothing changed.

use std::time::Duration;

use system_tests::postgres::{Server, TestDatabase};

use crate::baseline::Baseline;
use crate::figures::{figure, megabytes, milliseconds, note, rate, seconds, section};
use crate::program::{Folder, Program};
use crate::sandbox::Sandbox;
use crate::sync::{self, Synced};
use crate::{Outcome, Scale};

const TABLE: &str = "teamleader.companies";

/// What decides how long a commit takes.
const SETTINGS: &str = "select string_agg(name || ' = ' || current_setting(name), ', ' order by name) from pg_settings \
     where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'shared_buffers', 'max_wal_size', 'server_version')";

pub(crate) fn measure(program: &Program, scale: Scale) -> Outcome {
    let server = start_server()?;
    let sandbox = Sandbox::start(program, scale.records, Some("companies"))?;
    let folder = program.folder()?;
    first_load(scale, &server, &sandbox, &folder)?;
    unchanged(scale, &server, &sandbox, &folder)?;
    incremental(program, &server, &folder)
}

/// A server as PostgreSQL comes: the tests' own one does without durability, which changes what a commit costs.
pub(crate) fn start_server() -> Outcome<Server> {
    let server = Server::start()?;
    let database = server.create_database();
    database.query("alter system set fsync = on");
    database.query("alter system set full_page_writes = on");
    database.query("select pg_reload_conf()");
    Ok(server)
}

fn first_load(scale: Scale, server: &Server, sandbox: &Sandbox, folder: &Folder) -> Outcome {
    let Scale { records, rounds, .. } = scale;
    section(&format!("First load of {records} companies into PostgreSQL, page size 100, best of {rounds}"));
    let mut loads = Vec::new();
    let mut baselines = Vec::new();
    for round in 0..rounds {
        let database = server.create_database();
        if round == 0 {
            note(&database.query(SETTINGS));
        }
        database.query("checkpoint");
        let load = sync::run(folder, sandbox, database.url(), &["companies"])?;
        load.expect("inserted", records)?;
        expect_rows(&database, records)?;
        let baseline = Baseline::of(&database, TABLE)?;
        baselines.push(baseline.load(records)?);
        loads.push(load);
    }
    let multiple = |sync: Duration, baseline: Duration| format!("{:.2}", sync.div_duration_f64(baseline));
    let mut multiples: Vec<String> =
        loads.iter().zip(&baselines).map(|(load, baseline)| multiple(load.process.wall, *baseline)).collect();
    multiples.sort();
    let best = loads.iter().min_by_key(|load| load.process.wall).ok_or("no round")?;
    let baseline = baselines.into_iter().min().unwrap_or_default();
    let wall = best.process.wall;
    figure("whole process", seconds(wall), "");
    figure("records, by the whole process", rate(records, wall), "≥ 25000/s");
    figure("records, by the report", rate(records, reported_time(best)), "");
    figure("processor time of the sync process, for a record", micros(best, records), "");
    figure("peak memory", megabytes(best.process.peak_memory), "≤ 64 MB");
    figure("`psql`: COPY to a temporary table, merge", seconds(baseline), "");
    figure("time of the sync as a multiple of that, best by best", multiple(wall, baseline), "≤ 1.5");
    note(&format!("in single rounds {}", multiples.join(", ")));
    Ok(())
}

fn unchanged(scale: Scale, server: &Server, sandbox: &Sandbox, folder: &Folder) -> Outcome {
    let Scale { records, rounds, .. } = scale;
    let database = server.create_database();
    sync::run(folder, sandbox, database.url(), &["companies"])?.expect("inserted", records)?;
    // What the server would do later by itself: its WAL is not the sync's.
    database.query(&format!("vacuum (analyze) {TABLE}"));
    database.query("checkpoint");
    section(&format!("Full read of {records} companies that did not change, best of {rounds}"));
    let before = versions(&database);
    let mut reads = Vec::new();
    let mut wal = Vec::new();
    for _ in 0..rounds {
        let position = database.query("select pg_current_wal_insert_lsn()");
        let read = sync::run(folder, sandbox, database.url(), &["companies", "--full"])?;
        let written = format!("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{position}')::bigint");
        wal.push(database.query(&written).parse::<u64>()?);
        read.expect("unchanged", records)?;
        reads.push(read);
    }
    let best = reads.iter().min_by_key(|read| read.process.wall).ok_or("no round")?;
    figure("records, by the whole process", rate(records, best.process.wall), "≥ 60000/s");
    figure("records, by the report", rate(records, reported_time(best)), "");
    figure("processor time of the sync process, for a record", micros(best, records), "");
    let rewritten = if versions(&database) == before { "0" } else { "some" };
    figure("rows rewritten", rewritten, "0");
    let least = wal.into_iter().min().unwrap_or_default();
    figure("WAL: the run's and its cursor's own", format!("{least} bytes"), "0 for the rows");
    if rewritten != "0" {
        return Err("rows that did not change were rewritten".into());
    }
    Ok(())
}

fn incremental(program: &Program, server: &Server, folder: &Folder) -> Outcome {
    section("Second sync of all streams when nothing changed");
    let sandbox = Sandbox::start(program, 250, None)?;
    let database = server.create_database();
    sync::run(folder, &sandbox, database.url(), &[])?;
    let second = sync::run(folder, &sandbox, database.url(), &[])?;
    for stream in second.streams().iter().filter(|stream| stream["mode"] == "incremental") {
        let name = stream["stream"].as_str().unwrap_or_default();
        figure(&format!("requests for {name}"), &stream["requests"], "1");
    }
    figure("whole process", milliseconds(second.process.wall), "");
    Ok(())
}

fn expect_rows(database: &TestDatabase, expected: u64) -> Outcome {
    let found = database.query(&format!("select count(*), count(distinct id) from {TABLE}"));
    if found == format!("{expected}|{expected}") {
        Ok(())
    } else {
        Err(format!("{expected} rows should be in {TABLE}, and there are {found}").into())
    }
}

/// A digest of where each row lies and when it was written.
fn versions(database: &TestDatabase) -> String {
    database.query(&format!(
        "select md5(string_agg(concat_ws(' ', id, ctid, xmin, _synced_at, _run_id), ',' order by id)) from {TABLE}"
    ))
}

fn reported_time(synced: &Synced) -> Duration {
    let seconds = synced.streams().iter().filter_map(|stream| stream["seconds"].as_f64()).sum();
    Duration::from_secs_f64(seconds)
}

fn micros(synced: &Synced, records: u64) -> String {
    let nanos = synced.process.processor.as_nanos() / u128::from(records.max(1));
    format!("{}.{} µs", nanos / 1000, nanos / 100 % 10)
}
