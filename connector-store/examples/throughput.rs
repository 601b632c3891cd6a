//! Measures loading and reloading of company-like records: `cargo run --release --example throughput [URL] [ROWS]`.
//!
//! Without a URL it measures a private PostgreSQL server and an SQLite file, one after the other. The figures hold
//! everything from raw JSON to commit. On a machine that does other things too, the second rate is the one to look at:
//! rows for each second of processor time, the server's and ours.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use std::time::Instant;

use connector_core::stream::{Columns, RowDecoder};
use connector_core::sync::{Batch, RunStart, Standing, Status, StreamState, SyncReport, Table, Written};
use connector_store::{SinkOptions, Store, StoreOptions};
use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

const BATCH: usize = 1000;

/// Keys that are read at once.
const PAGE: u32 = 10_000;

/// The version of a row's content, by its number.
type Version = fn(u64) -> u64;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next();
    let rows: u64 = arguments.next().map_or(100_000, |rows| rows.parse().unwrap());
    if let Some(url) = url {
        measure(&url, rows).await;
        return;
    }
    let database = test_postgres::create_database();
    measure(database.url(), rows).await;
    let folder = tempfile::tempdir().unwrap();
    measure(&format!("sqlite://{}", folder.path().join("store.db").display()), rows).await;
}

async fn measure(url: &str, rows: u64) {
    let store = Store::open(url, StoreOptions::default()).unwrap();
    println!("{}: {rows} rows of {} bytes", store.shown(), record(1, 1).len());
    let versions: [(&str, Version); 4] = [
        ("first load", |_| 1),
        ("unchanged reload", |_| 1),
        ("one row in ten changed", |n| 1 + u64::from(n % 10 == 0)),
        ("all changed", |_| 3),
    ];
    let own_before = processor_seconds(std::process::id());
    let decoded =
        (0..rows).step_by(BATCH).map(|from| batch(&mut decoder().0, from, |_| 1).rows().len()).sum::<usize>();
    let own = processor_seconds(std::process::id()) - own_before;
    println!("  making and decoding alone: {:.0} rows/s, {own:.2} s", decoded as f64 / own);
    for (what, version) in versions {
        let before = wal(url).await;
        let started = Instant::now();
        let store = Store::open(url, StoreOptions::default()).unwrap();
        let own_before = processor_seconds(std::process::id());
        let (written, server) = load(&store, url, rows, version).await;
        let seconds = started.elapsed().as_secs_f64();
        let own = processor_seconds(std::process::id()) - own_before;
        let after = wal(url).await;
        let wal = before
            .zip(after)
            .map_or(String::new(), |(before, after)| format!(", WAL {} kB", (after - before) / 1024));
        println!(
            "  {what:24} {:>7.0} rows/s, {:>7.0} by processor time ({own:.2} s ours, {server:.2} s the server's)",
            rows as f64 / seconds,
            rows as f64 / (own + server),
        );
        println!("  {:24} {written:?}{wal}, peak {} MB", "", peak_memory());
    }
    let started = Instant::now();
    let own_before = processor_seconds(std::process::id());
    let (same, server) = compare(url, rows).await;
    let own = processor_seconds(std::process::id()) - own_before;
    println!(
        "  {:24} {:>7.0} rows/s, {:>7.0} by processor time ({own:.2} s ours, {server:.2} s the server's)",
        "contents compared",
        same as f64 / started.elapsed().as_secs_f64(),
        same as f64 / (own + server),
    );
    let started = Instant::now();
    let keys = read_keys(url).await;
    println!(
        "  {:24} {:>7.0} keys/s, peak {} MB",
        "all keys in pages",
        keys as f64 / started.elapsed().as_secs_f64(),
        peak_memory()
    );
}

/// Compares contents as `verify` does; all are the same.
async fn compare(url: &str, rows: u64) -> (usize, f64) {
    let store = Store::open(url, StoreOptions::default()).unwrap();
    let run = store.sink(SinkOptions::new("bench")).begin(&start()).await.unwrap();
    let (mut decoder, table) = decoder();
    let mut opened = run.open_stream(&table).await.unwrap();
    decoder.set_existing(opened.existing);
    let mut same = 0;
    for from in (0..rows).step_by(BATCH) {
        let batch = batch(&mut decoder, from, |_| 3);
        let standings = opened.writer.compare_contents(&batch).await.unwrap();
        same += standings.iter().filter(|standing| **standing == Standing::Same).count();
    }
    assert_eq!(same as u64, rows);
    (same, server_seconds(url).await)
}

/// Reads all keys as a sync does that looks for rows that the app no longer has.
async fn read_keys(url: &str) -> usize {
    let store = Store::open(url, StoreOptions::default()).unwrap();
    let run = store.sink(SinkOptions::new("bench")).begin(&start()).await.unwrap();
    let mut opened = run.open_stream(&decoder().1).await.unwrap();
    let (mut count, mut last) = (0, None::<String>);
    loop {
        let mut page = opened.writer.live_keys(&[], last.as_deref(), PAGE).await.unwrap();
        count += page.len();
        last = page.pop();
        if last.is_none() {
            return count;
        }
    }
}

fn start() -> RunStart {
    RunStart {
        run_id: Uuid::new_v4(),
        app_id: "bench".to_owned(),
        connection: "default".to_owned(),
        account: None,
        started_at: Timestamp::now(),
        dry_run: false,
    }
}

async fn load(store: &Store, url: &str, rows: u64, version: Version) -> (Written, f64) {
    let start = start();
    let run = store.sink(SinkOptions::new("bench")).begin(&start).await.unwrap();
    let (mut decoder, table) = decoder();
    let mut opened = run.open_stream(&table).await.unwrap();
    decoder.set_existing(opened.existing);
    let mut total = Written::default();
    let mut number = 0;
    while number < rows {
        let batch = batch(&mut decoder, number, version);
        number += BATCH as u64;
        let state = StreamState {
            cursor: Timestamp::from_second(number.cast_signed()).ok(),
            ..StreamState::default()
        };
        let written = opened.writer.write(batch, &state).await.unwrap();
        total.inserted += written.inserted;
        total.updated += written.updated;
        total.unchanged += written.unchanged;
    }
    let server = server_seconds(url).await;
    drop(opened.writer);
    let report = SyncReport {
        run_id: start.run_id,
        status: Status::Succeeded,
        started_at: start.started_at,
        finished_at: Timestamp::now(),
        requests: 0,
        streams: Vec::new(),
        error: None,
    };
    run.finish(&report).await.unwrap();
    (total, server)
}

fn decoder() -> (RowDecoder, Table) {
    let columns = Columns::from_schema(&schema(), &["id"]);
    let (name, key) = ("companies".to_owned(), vec!["id".to_owned()]);
    let table = Table { name, key, columns: columns.as_slice().to_vec(), children: Vec::new() };
    (RowDecoder::new(columns, &["id"]), table)
}

fn batch(decoder: &mut RowDecoder, from: u64, version: Version) -> Batch {
    let mut batch = Batch::default();
    for number in from..from + BATCH as u64 {
        let raw = RawValue::from_string(record(number, version(number))).unwrap();
        batch.push(decoder.decode(raw).unwrap());
    }
    batch.set_columns(decoder.columns());
    batch
}

async fn wal(url: &str) -> Option<i64> {
    if !url.starts_with("postgres") {
        return None;
    }
    let mut connection = PgConnection::connect(url).await.unwrap();
    let query = "SELECT (pg_current_wal_lsn() - '0/0')::int8";
    Some(sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap())
}

/// Processor time of our sessions in a server on this machine. Each load has sessions of its own.
async fn server_seconds(url: &str) -> f64 {
    if !url.starts_with("postgres") {
        return 0.0;
    }
    let mut connection = PgConnection::connect(url).await.unwrap();
    let query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'connector'";
    let sessions: Vec<i32> = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
    sessions.into_iter().map(|pid| processor_seconds(pid.unsigned_abs())).sum()
}

fn processor_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1))
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}

fn schema() -> Value {
    let text = json!({"type": "string"});
    let mut properties = json!({
        "id": {"type": "string", "format": "uuid"},
        "added_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
        "founded_on": {"type": "string", "format": "date"},
        "employees": {"type": "number"},
        "marketing_mails_consent": {"type": "boolean"},
        "emails": {"type": "array"},
        "tags": {"type": "array"},
        "responsible_user": {"type": "object", "properties": {"type": {}, "id": {}}},
        "turnover": {"type": "object", "properties": {"amount": {}, "currency": {}}},
    });
    for name in TEXTS {
        properties[name] = text.clone();
    }
    json!({"properties": properties})
}

const TEXTS: [&str; 13] = [
    "name",
    "vat_number",
    "website",
    "status",
    "language",
    "remarks",
    "city",
    "country",
    "street",
    "postal_code",
    "iban",
    "bic",
    "web_url",
];

/// Keys as random as an app's, content that follows from number and version.
fn record(number: u64, version: u64) -> String {
    let mut seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    let mut next = || {
        seed ^= seed >> 30;
        seed = seed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        seed ^= seed >> 27;
        seed
    };
    let id = Uuid::from_u64_pair(next(), next());
    let owner = Uuid::from_u64_pair(7, number % 20);
    let digits = next() % 1_000_000_000;
    format!(
        concat!(
            r#"{{"id":"{id}","name":"Company {number} \"v{version}\"","vat_number":"BE0{digits}","website":"https://www.example-{digits}.be","#,
            r#""status":"active","language":"nl","remarks":"Line one\nline two about {digits}\twith a tab","city":"Gent","country":"BE","#,
            r#""street":"Dok-Noord {digits}","postal_code":"9000","iban":"BE{digits}0000","bic":"GEBABEBB","web_url":"https://focus.example.eu/company_detail.php?id={digits}","#,
            r#""added_at":"2024-05-01T10:00:00+02:00","updated_at":"2024-06-01T10:00:00+02:00","founded_on":"1999-12-31","employees":{digits},"#,
            r#""marketing_mails_consent":true,"emails":[{{"type":"primary","email":"info@example-{digits}.be"}}],"tags":["prospect","expo"],"#,
            r#""responsible_user":{{"type":"user","id":"{owner}"}},"turnover":{{"amount":{digits}.50,"currency":"EUR"}}}}"#
        ),
        id = id,
        number = number,
        version = version,
        digits = digits,
        owner = owner
    )
}
