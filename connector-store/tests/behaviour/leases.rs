//! Leases: one run at a time, and nothing of a run that lost its place.

use std::process::Stdio;
use std::time::Duration;

use connector_core::ErrorCode;
use connector_core::sync::{RunStart, Status};
use connector_store::SinkOptions;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use uuid::Uuid;

use crate::world::{World, begin, companies, company, state};

pub(crate) async fn a_second_run_is_told_who_is_at_work(world: World) {
    let first = world.begin().await;
    let error = begin(&world.another_store(), "default", false).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert_eq!(error.exit_code(), 69);
    assert!(error.message().contains(&first.start.run_id.to_string()), "{error}");
    assert!(error.message().contains(&std::process::id().to_string()), "{error}");
    first.finish(Status::Succeeded).await.unwrap();
    begin(&world.another_store(), "default", false).await.unwrap();
}

pub(crate) async fn other_connections_are_free(world: World) {
    let _first = world.begin().await;
    begin(&world.store, "other", false).await.unwrap();
    begin(&world.store, "default", true).await.unwrap();
}

const HOLD: &str = "CONNECTOR_TEST_HOLD";

/// Not a test: the process that the next one kills.
#[tokio::test]
async fn hold_a_lease_until_killed() {
    let Ok(url) = std::env::var(HOLD) else { return };
    let store = connector_store::Store::open(&url, connector_store::StoreOptions::default()).unwrap();
    let run = begin(&store, "default", false).await.unwrap();
    let mut stream = run.open(&companies()).await;
    stream.write(&[company(1, 1)], &state(1)).await.unwrap();
    println!("\nholding");
    tokio::time::sleep(Duration::from_mins(1)).await;
}

/// A process that holds the lease.
async fn holder(world: &World) -> tokio::process::Child {
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "leases::hold_a_lease_until_killed", "--nocapture"])
        .env(HOLD, &world.url)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(holder.stdout.take().unwrap()).lines();
    while said.next_line().await.unwrap().expect("the holder holds") != "holding" {}
    holder
}

pub(crate) async fn a_run_of_another_schema_waits_its_turn(world: World) {
    let first = world.begin().await;
    let start = RunStart {
        run_id: Uuid::new_v4(),
        app_id: "example".to_owned(),
        connection: "default".to_owned(),
        started_at: Timestamp::now(),
        dry_run: false,
    };
    let sink = world.another_store().sink(SinkOptions::new("elsewhere"));
    let error = sink.begin(&start).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert!(error.message().contains(&first.start.run_id.to_string()), "{error}");
}

pub(crate) async fn a_run_that_was_killed_is_not_shown_as_running(world: World) {
    let mut holder = holder(&world).await;
    let status = async || world.store.runs("example", 5).await.unwrap()[0].status.clone();
    assert_eq!(status().await, "running");
    holder.kill().await.unwrap();
    let is_told = async {
        while status().await != "interrupted" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), is_told).await.unwrap();
    let last = world.store.last_runs("example", &["default".to_owned()]).await.unwrap();
    assert_eq!(last[0].status, "interrupted");
}

pub(crate) async fn a_killed_holder_is_replaced_at_once(world: World) {
    let mut holder = holder(&world).await;
    assert!(begin(&world.store, "default", false).await.is_err());
    holder.start_kill().unwrap();
    let run = begin(&world.store, "default", false).await.unwrap();
    assert_eq!(run.open(&companies()).await.opened.state, state(1));
    assert_eq!(world.store.runs("example", 5).await.unwrap()[1].status, "interrupted");
}

pub(crate) async fn a_run_that_lost_its_lease_writes_nothing(world: World) {
    let zombie = world.begin().await;
    let mut stream = zombie.open(&companies()).await;
    stream.write(&[company(1, 1)], &state(1)).await.unwrap();
    world.execute(&format!("UPDATE {} SET fence = fence + 1", world.own("leases"))).await;
    let error = stream.write(&[company(2, 1)], &state(2)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    drop(stream);
    assert_eq!(zombie.finish(Status::Succeeded).await.unwrap_err().code(), ErrorCode::Conflict);
    assert_eq!(world.count(&world.table("companies")).await, 1);
    let next = world.begin().await;
    assert_eq!(next.open(&companies()).await.opened.state, state(1));
}

pub(crate) async fn a_run_that_was_killed_is_marked_as_interrupted(world: World) {
    let killed = world.begin().await;
    let id = killed.start.run_id;
    drop(killed);
    let next = world.begin().await;
    next.finish(Status::Succeeded).await.unwrap();
    let runs = world.store.runs("example", 10).await.unwrap();
    let killed = runs.iter().find(|run| run.run_id == id).unwrap();
    assert_eq!(killed.status, "interrupted");
    assert!(killed.finished_at.is_some());
    assert_eq!(runs[0].status, "succeeded");
}
