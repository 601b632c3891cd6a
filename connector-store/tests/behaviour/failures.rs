//! Databases that fail: what is tried again, and what people are told.

use std::time::Duration;

use connector_core::sync::{Standing, Status};
use connector_core::{ConnectorError, ErrorCode};
use connector_store::{Store, StoreOptions};
use serde_json::Value;
use test_postgres::Server;

use crate::world::{World, begin, companies, company, id, numbers, state};

async fn error_at(url: &str) -> ConnectorError {
    let store = Store::open(url, StoreOptions::default()).unwrap();
    let error = begin(&store, "default", false).await.err().unwrap();
    let seen = format!("{error} {error:?} {:?} {store:?}", error.hint_text());
    assert!(!seen.contains("hunter2"), "{seen}");
    error
}

#[tokio::test]
async fn a_server_that_is_not_there_can_be_tried_again_later() {
    let error = error_at("postgres://someone:hunter2@127.0.0.1:1/db").await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::ConnectionRejected, 75));
}

#[tokio::test]
async fn a_wrong_name_is_for_a_person_to_correct() {
    let server = Server::start_on_loopback().unwrap();
    let error = error_at(&server.url("nowhere")).await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::NotFound, 78));
    let strange = server.url("postgres").replace("postgres@", "someone:hunter2@");
    let error = error_at(&strange).await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::Unauthorized, 78));
}

#[tokio::test]
async fn a_role_without_rights_is_told_what_it_lacks_and_needs_none_for_what_stands() {
    let world = World::postgres();
    world.execute("DO $$ BEGIN CREATE ROLE worker LOGIN PASSWORD 'hunter2'; EXCEPTION WHEN duplicate_object THEN NULL; END $$").await;
    let url = world.url.replacen("postgres@", "worker:hunter2@", 1);
    let error = error_at(&url).await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::PermissionDenied, 77));

    // The owner makes everything; the worker may only write.
    world.load(&[company(1, 1)]).await;
    for statement in [
        "GRANT USAGE ON SCHEMA connector, example TO worker",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA connector, example TO worker",
    ] {
        world.execute(statement).await;
    }
    let store = Store::open(&url, StoreOptions::default()).unwrap();
    let run = begin(&store, "default", false).await.unwrap();
    let mut stream = run.open(&companies()).await;
    let written = stream.write(&[company(1, 2), company(2, 1)], &state(2)).await.unwrap();
    assert_eq!(numbers(written), [1, 1, 0, 0]);
    // An index would be the owner's to make: without it, the keys still come.
    assert_eq!(stream.live_keys(&[("owner_id", &id(7))], 10).await, [id(1), id(2)]);
    run.finish(Status::Succeeded).await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no/such/folder/store.db");
    let error = error_at(&format!("sqlite://{}", missing.display())).await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::NotFound, 78));
    assert!(error.message().contains("no/such/folder"), "{error}");

    let error = error_at(&format!("sqlite://{}", folder.path().display())).await;
    assert_eq!(error.exit_code(), 78);

    let text = folder.path().join("text.db");
    std::fs::write(
        &text,
        "this is a text, and it is long enough to be taken for a header of a file".repeat(20),
    )
    .unwrap();
    let error = error_at(&format!("sqlite://{}", text.display())).await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::InvalidValue, 78));

    let error = error_at(&format!("sqlite://{}?mode=rw", folder.path().join("none.db").display())).await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::NotFound, 78));
}

#[tokio::test]
async fn a_store_in_memory_works_and_leaves_nothing() {
    let store = Store::open("sqlite::memory:", StoreOptions::default()).unwrap();
    let run = begin(&store, "default", false).await.unwrap();
    let mut first = run.open(&companies()).await;
    let mut second = run.open(&companies()).await;
    first.write(&[company(1, 1)], &state(1)).await.unwrap();
    second.write(&[company(2, 1)], &state(1)).await.unwrap();
    run.finish(Status::Succeeded).await.unwrap();
    assert_eq!(store.streams("example").await.unwrap()[0].rows, Some(2));
}

#[tokio::test]
async fn a_session_that_is_cut_is_made_anew() {
    let world = World::postgres();
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let batch = |from: u32| (from..from + 50).map(|n| company(n, 1)).collect::<Vec<Value>>();
    let cut = "SELECT CAST(count(pg_terminate_backend(pid)) AS TEXT) FROM pg_stat_activity
               WHERE application_name = 'connector' AND datname = current_database()";
    for round in 0..3 {
        let written = stream.write(&batch(round * 50), &state(i64::from(round))).await.unwrap();
        assert_eq!(numbers(written), [50, 0, 0, 0]);
        assert!(world.rows(cut).await[0][0].as_ref().unwrap().parse::<u32>().unwrap() > 0);
    }
    assert_eq!(stream.live_keys(&[], 200).await.len(), 150);
    world.execute(cut).await;
    let known = stream.batch(&[company(149, 1), company(150, 1)]);
    let standings = stream.opened.writer.compare(&known).await.unwrap();
    assert_eq!(standings, [Standing::Same, Standing::Missing]);
    world.execute(cut).await;
    let keys = [id(1), id(2)];
    let written = stream.write_and_delete(&[], &[&keys[0], &keys[1]], &state(5)).await.unwrap();
    assert_eq!(written.deleted, 2);
    run.finish(Status::Succeeded).await.unwrap();
    assert_eq!(world.store.runs("example", 1).await.unwrap()[0].status, "succeeded");
    assert_eq!(world.count(&world.table("companies")).await, 150);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_costs_no_row() {
    let server = Server::start().unwrap();
    let store = Store::open(&server.url("postgres"), StoreOptions::default()).unwrap();
    let run = begin(&store, "default", false).await.unwrap();
    let mut stream = run.open(&companies()).await;
    let (mut inserted, mut number) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                std::thread::park_timeout(Duration::from_millis(400));
                server.stop().unwrap();
                server.start_again().unwrap();
            }
        });
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let until = std::time::Instant::now() + Duration::from_secs(3);
                while std::time::Instant::now() < until {
                    let records: Vec<Value> = (number..number + 100).map(|n| company(n, 1)).collect();
                    number += 100;
                    let written = stream.write(&records, &state(i64::from(number))).await.unwrap();
                    assert_eq!(written.rejected + written.updated, 0);
                    inserted += written.inserted + written.unchanged;
                }
            });
        });
    });
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();
    assert_eq!(inserted, u64::from(number));
    assert_eq!(store.streams("example").await.unwrap()[0].rows, Some(u64::from(number)));
}
