//! The audit log: nothing that was written can be changed unseen, and nothing is answered that is not written.

use std::process::Stdio;

use connector_core::ErrorCode;
use connector_store::{AuditEntry, AuditLog, Store, StoreOptions};
use jiff::{SignedDuration, Timestamp};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::world::{World, shared};

fn entry(request_id: impl Into<String>) -> AuditEntry {
    AuditEntry {
        request_id: request_id.into(),
        actor_key_id: Some("abcd1234".into()),
        remote_addr: Some("127.0.0.1".into()),
        app_id: "acme".into(),
        connector_type: "example".into(),
        connection: "default".into(),
        action: "token.read".into(),
        outcome: "ok".into(),
        generation: Some(1),
        token_fp: Some("0011aabb".into()),
        ..AuditEntry::default()
    }
}

/// A log with so many entries, one transaction each.
async fn log_of(world: &World, entries: i64) -> AuditLog {
    let log = world.store.audit_log();
    for number in 1..=entries {
        log.record(entry(number.to_string())).await.unwrap();
    }
    log
}

async fn first_broken(log: &AuditLog) -> Option<i64> {
    log.verify().await.unwrap().broken.map(|broken| broken.seq)
}

pub(crate) async fn entries_come_back_in_their_order(world: World) {
    let log = world.store.audit_log();
    assert!(log.entries(0, 10).await.unwrap().is_empty());
    let nothing = log.verify().await.unwrap();
    assert_eq!((nothing.entries, nothing.broken), (0, None));
    assert!(world.files().is_empty(), "looking makes no store");

    let before = Timestamp::now();
    let log = log_of(&world, 5).await;
    let entries = world.another_store().audit_log().entries(0, 10).await.unwrap();
    assert_eq!(entries.iter().map(|found| found.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(entries[2].entry, entry("3"));
    assert!(entries[0].ts >= before && entries.is_sorted_by_key(|found| found.ts));
    let page = log.entries(2, 2).await.unwrap();
    assert_eq!(page.iter().map(|found| found.seq).collect::<Vec<_>>(), [3, 4]);
    let whole = log.verify().await.unwrap();
    assert_eq!((whole.entries, whole.broken), (5, None));
    assert_eq!(log.hash_of(5).await.unwrap(), Some(whole.hash));
    assert_eq!(log.hash_of(6).await.unwrap(), None);
}

pub(crate) async fn entries_since_an_instant_are_found(world: World) {
    let log = log_of(&world, 9).await;
    let entries = log.entries(0, 10).await.unwrap();
    for found in &entries {
        let first = entries.iter().find(|other| other.ts >= found.ts).unwrap();
        assert_eq!(log.before(found.ts).await.unwrap(), first.seq - 1);
    }
    let later = entries[8].ts + SignedDuration::from_secs(1);
    assert_eq!(log.before(later).await.unwrap(), 9);
    assert_eq!(log.before(Timestamp::UNIX_EPOCH).await.unwrap(), 0);
    assert_eq!(world.another_store().audit_log().before(later).await.unwrap(), 9);
}

/// Every change of one row, at every place of the chain.
pub(crate) async fn every_change_is_found_and_named(world: World) {
    const ROWS: i64 = 7;
    let log = log_of(&world, ROWS).await;
    let audit = world.own("audit");
    world.execute(&format!("CREATE TABLE kept AS SELECT * FROM {audit}")).await;
    for seq in 1..=ROWS {
        let edited = format!("UPDATE {audit} SET entry = replace(entry, 'acme', 'evil') WHERE seq = {seq}");
        let spaced = format!("UPDATE {audit} SET entry = entry || ' ' WHERE seq = {seq}");
        let hashed = format!(
            "UPDATE {audit} SET hash = (SELECT hash FROM kept WHERE kept.seq = {}) WHERE seq = {seq}",
            seq % ROWS + 1
        );
        let deleted = format!("DELETE FROM {audit} WHERE seq = {seq}");
        let cut_off = format!("DELETE FROM {audit} WHERE seq >= {seq}");
        for statement in [edited, spaced, hashed, deleted, cut_off] {
            world.execute(&statement).await;
            assert_eq!(first_broken(&log).await, Some(seq), "{statement}");
            restore(&world).await;
        }
        for other in seq + 1..=ROWS {
            // Swapped, with or without their hashes.
            for what in ["entry = other.entry", "entry = other.entry, hash = other.hash"] {
                world
                    .execute(&format!(
                        "UPDATE {audit} AS a SET {what} FROM kept AS other
                         WHERE (a.seq = {seq} AND other.seq = {other}) OR (a.seq = {other} AND other.seq = {seq})"
                    ))
                    .await;
                assert_eq!(first_broken(&log).await, Some(seq), "{what} of {seq} and {other}");
                restore(&world).await;
            }
        }
        // Taken out, and those after it moved up.
        world.execute(&format!("DELETE FROM {audit} WHERE seq = {seq}")).await;
        for moved in seq + 1..=ROWS {
            world.execute(&format!("UPDATE {audit} SET seq = {moved} - 1 WHERE seq = {moved}")).await;
        }
        assert_eq!(first_broken(&log).await, Some(seq), "{seq} was taken out");
        restore(&world).await;
    }
    assert_eq!(first_broken(&log).await, None);
    let added = format!("INSERT INTO {audit} SELECT {ROWS} + 1, entry, hash FROM kept WHERE seq = {ROWS}");
    world.execute(&added).await;
    assert_eq!(first_broken(&log).await, Some(ROWS + 1));
}

async fn restore(world: &World) {
    let audit = world.own("audit");
    world.execute(&format!("DELETE FROM {audit}")).await;
    world.execute(&format!("INSERT INTO {audit} SELECT * FROM kept")).await;
}

pub(crate) async fn an_end_that_does_not_fit_is_found(world: World) {
    let log = log_of(&world, 4).await;
    let (audit, head) = (world.own("audit"), world.own("audit_head"));
    // A row that is written as the program would is one too many for the head.
    world.execute(&format!("UPDATE {head} SET seq = 3")).await;
    assert_eq!(first_broken(&log).await, Some(4));
    world
        .execute(&format!("UPDATE {head} SET seq = 4, hash = (SELECT hash FROM {audit} WHERE seq = 1)"))
        .await;
    assert_eq!(first_broken(&log).await, Some(4));
    world.execute(&format!("DELETE FROM {head}")).await;
    assert_eq!(first_broken(&log).await, Some(1));
}

pub(crate) async fn callers_of_one_process_share_their_commits(world: World) {
    let world = shared(world);
    let log = world.store.audit_log();
    let callers: Vec<_> = (0..500)
        .map(|number| {
            let log = log.clone();
            tokio::spawn(async move { log.record(entry(number.to_string())).await.unwrap() })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let whole = log.verify().await.unwrap();
    assert_eq!((whole.entries, whole.broken), (500, None));
    let instants: std::collections::HashSet<_> =
        log.entries(0, 1000).await.unwrap().into_iter().map(|found| found.ts).collect();
    assert!(instants.len() < 100, "{} transactions", instants.len());
}

const WRITE: &str = "CONNECTOR_TEST_AUDIT";

/// Not a test: a process that writes until it has written enough, or is killed, and says what was accepted.
#[tokio::test]
async fn write_to_the_log_of_the_environment() {
    let Ok(arguments) = std::env::var(WRITE) else { return };
    let (count, url) = arguments.split_once(' ').unwrap();
    let count: u32 = count.parse().unwrap();
    let log = Store::open(url, StoreOptions::default()).unwrap().audit_log();
    let process = std::process::id();
    let callers: Vec<_> = (0..4)
        .map(|caller| {
            let log = log.clone();
            tokio::spawn(async move {
                for number in 0..count {
                    let id = format!("{process}-{caller}-{number}");
                    log.record(entry(&id)).await.unwrap();
                    println!("\nwritten {id}");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

fn writer(world: &World, count: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "audit::write_to_the_log_of_the_environment", "--nocapture"])
        .env(WRITE, format!("{count} {}", world.url))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn ids(log: &AuditLog) -> Vec<String> {
    let entries = log.entries(0, 100_000).await.unwrap();
    entries.into_iter().map(|found| found.entry.request_id).collect()
}

pub(crate) async fn many_processes_write_one_chain(world: World) {
    let mut writers: Vec<_> = (0..4).map(|_| writer(&world, 25)).collect();
    for process in &mut writers {
        assert!(process.wait().await.unwrap().success());
    }
    let log = world.store.audit_log();
    let whole = log.verify().await.unwrap();
    assert_eq!((whole.entries, whole.broken), (400, None));
    let distinct: std::collections::HashSet<_> = ids(&log).await.into_iter().collect();
    assert_eq!(distinct.len(), 400, "each is there once");
}

pub(crate) async fn a_killed_process_leaves_a_whole_chain_with_all_that_it_was_told(world: World) {
    let log = world.store.audit_log();
    for lines in [1, 40, 150] {
        let mut process = writer(&world, 100_000);
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut accepted = Vec::new();
        while let Some(line) = said.next_line().await.unwrap() {
            accepted.extend(line.strip_prefix("written ").map(ToOwned::to_owned));
            if accepted.len() == lines {
                process.start_kill().unwrap();
            }
        }
        let whole = log.verify().await.unwrap();
        assert_eq!(whole.broken, None);
        let ids: std::collections::HashSet<_> = ids(&log).await.into_iter().collect();
        assert!(accepted.len() >= lines && accepted.iter().all(|id| ids.contains(id)));
        log.record(entry("after")).await.unwrap();
    }
}

pub(crate) async fn a_log_that_cannot_be_written_refuses(world: World) {
    let log = log_of(&world, 2).await;
    let (audit, away) = (world.own("audit"), if world.is_postgres() { "away" } else { "connector_away" });
    let back = if world.is_postgres() {
        "ALTER TABLE connector.away RENAME TO audit".to_owned()
    } else {
        format!("ALTER TABLE {away} RENAME TO {audit}")
    };
    world.execute(&format!("ALTER TABLE {audit} RENAME TO {away}")).await;
    for _ in 0..2 {
        let error = log.record(entry("lost")).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ServiceError);
        assert_eq!(error.app_code(), Some("store.audit_unavailable"));
    }
    world.execute(&back).await;
    log.record(entry("3")).await.unwrap();
    assert_eq!(ids(&log).await, ["1", "2", "3"]);
    assert_eq!(first_broken(&log).await, None);
}

pub(crate) async fn a_log_that_somebody_holds_is_waited_for(world: World) {
    let log = log_of(&world, 1).await;
    if !world.is_postgres() {
        let mut holder = SqliteConnection::connect(&world.url).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut holder).await.unwrap();
        let other = log.clone();
        let waiting = tokio::spawn(async move { other.record(entry("2")).await });
        tokio::task::yield_now().await;
        sqlx::query("COMMIT").execute(&mut holder).await.unwrap();
        waiting.await.unwrap().unwrap();
        assert_eq!(ids(&log).await, ["1", "2"]);
        return;
    }
    let mut holder = PgConnection::connect(&world.url).await.unwrap();
    let mut transaction = holder.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM connector.audit_head FOR UPDATE").execute(&mut *transaction).await.unwrap();
    let other = log.clone();
    let waiting = tokio::spawn(async move { other.record(entry("2")).await });
    let is_waiting = "count(*) FROM pg_locks WHERE NOT granted";
    while world.value(is_waiting).await.unwrap() == "0" {
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(ids(&log).await, ["1", "2"]);
}

/// Nobody is refused because the database was started anew, and no entry is there twice.
#[tokio::test]
async fn an_entry_whose_connection_ends_is_there_once() {
    let world = World::postgres();
    let log = log_of(&world, 2).await;
    let end_all = "count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%audit%'";
    assert_ne!(world.value(end_all).await.unwrap(), "0", "an idle connection is ended");
    log.record(entry("3")).await.unwrap();

    let mut holder = PgConnection::connect(&world.url).await.unwrap();
    let mut transaction = holder.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM connector.audit_head FOR UPDATE").execute(&mut *transaction).await.unwrap();
    let other = log.clone();
    let waiting = tokio::spawn(async move { other.record(entry("4")).await });
    let end_waiting = "count(pg_terminate_backend(pid)) FROM pg_locks WHERE NOT granted";
    while world.value(end_waiting).await.unwrap() == "0" {
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(ids(&log).await, ["1", "2", "3", "4"]);
    assert_eq!(first_broken(&log).await, None);
}

/// What README tells operators to grant is enough, and no more than that.
#[tokio::test]
async fn a_role_that_may_only_add_can_write_and_cannot_change() {
    let world = World::postgres();
    log_of(&world, 2).await;
    let role = format!("auditor_{}", uuid::Uuid::new_v4().simple());
    for statement in [
        format!("CREATE ROLE {role} LOGIN PASSWORD 'x'"),
        format!("GRANT USAGE ON SCHEMA connector TO {role}"),
        format!("GRANT SELECT ON connector._migrations TO {role}"),
        format!("GRANT SELECT, INSERT ON connector.audit TO {role}"),
        format!("GRANT SELECT, INSERT, UPDATE ON connector.audit_head TO {role}"),
    ] {
        world.execute(&statement).await;
    }
    let mut url = url::Url::parse(&world.url).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("x")).unwrap();
    let store = Store::open(url.as_str(), StoreOptions::default()).unwrap();
    store.audit_log().record(entry("3")).await.unwrap();
    assert_eq!(first_broken(&store.audit_log()).await, None);
    let mut connection = PgConnection::connect(url.as_str()).await.unwrap();
    for statement in
        ["UPDATE connector.audit SET entry = ''", "DELETE FROM connector.audit", "TRUNCATE connector.audit"]
    {
        let error = sqlx::query(statement).execute(&mut connection).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501", "{statement}");
    }
    drop((connection, store));
    world.execute(&format!("DROP OWNED BY {role}")).await;
    world.execute(&format!("DROP ROLE {role}")).await;
}
