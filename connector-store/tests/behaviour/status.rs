//! What the store tells about itself, and how it comes to be.

use connector_core::sync::Status;

use crate::world::{World, begin, companies, company, key, shared, state};

pub(crate) async fn runs_and_streams_are_listed(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    stream.write(&[company(1, 1), company(2, 1)], &state(4)).await.unwrap();
    drop(stream);
    assert_eq!(world.store.runs("example", 10).await.unwrap()[0].status, "running");
    run.finish(Status::Partial).await.unwrap();
    let table = world.table("companies");
    world.execute(&format!("UPDATE {table} SET _deleted_at = _synced_at WHERE name = 'Company 1 v1'")).await;

    let store = world.another_store();
    let runs = store.runs("example", 10).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].run_id, runs[0].status.as_str()), (run.start.run_id, "partial"));
    assert_eq!(runs[0].report.as_ref().unwrap().requests, 3);
    let streams = store.streams("example").await.unwrap();
    assert_eq!(streams.len(), 1);
    assert_eq!((streams[0].rows, streams[0].deleted, streams[0].rejected), (Some(1), Some(1), 0));
    assert_eq!(streams[0].state, state(4));
    assert!(store.runs("other", 10).await.unwrap().is_empty());
    world.execute(&format!("DROP TABLE {table}")).await;
    assert_eq!(store.streams("example").await.unwrap()[0].rows, None);
}

pub(crate) async fn a_store_that_is_not_there_lists_nothing(world: World) {
    assert!(world.store.runs("example", 1).await.unwrap().is_empty());
    assert!(world.store.streams("example").await.unwrap().is_empty());
    assert!(world.store.connections("example").await.unwrap().is_empty());
    let id = crate::vault::id("default");
    assert!(world.store.vault(Some(key())).load(&id).await.unwrap().is_none());
    assert!(world.files().is_empty());
    if world.is_postgres() {
        assert_eq!(world.value("to_regnamespace('connector') FROM pg_class LIMIT 1").await, None);
    }
}

pub(crate) async fn eight_may_start_at_once(world: World) {
    let world = shared(world);
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                let store = world.another_store();
                let run = begin(&store, &format!("connection {number}"), false).await.unwrap();
                let mut stream = run.open(&companies()).await;
                stream.write(&[company(number, 1)], &state(1)).await.unwrap();
                run.finish(Status::Succeeded).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.count(&world.table("companies")).await, 8);
}

pub(crate) async fn a_store_of_a_newer_program_is_refused(world: World) {
    world.load(&[company(1, 1)]).await;
    let table = world.own("_migrations").replace("__", "_");
    world.execute(&format!("UPDATE {table} SET version = version + 1000")).await;
    let error = begin(&world.another_store(), "default", false).await.err().unwrap();
    assert_eq!(error.exit_code(), 78);
    assert!(error.message().contains("newer"), "{error}");
    assert!(world.another_store().runs("example", 1).await.is_err());
}
