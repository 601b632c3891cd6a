//! What the store tells about itself, and how it comes to be.

use connector_core::sync::Status;
use connector_store::{Counting, RunQuery, StreamQuery, SyncedConnection};
use uuid::Uuid;

use crate::world::{Shape, World, begin, companies, company, key, shared, state};

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

pub(crate) async fn runs_are_chosen_by_connection_and_id(world: World) {
    let mut ids = Vec::new();
    for (connection, status) in [
        ("acme", Status::Failed),
        ("acme", Status::Partial),
        ("globex", Status::Succeeded),
        ("initech", Status::Succeeded),
    ] {
        let run = begin(&world.store, connection, false).await.unwrap();
        let mut stream = run.open(&companies()).await;
        stream.write(&[company(1, 1)], &state(1)).await.unwrap();
        drop(stream);
        ids.push(run.start.run_id);
        run.finish(status).await.unwrap();
    }
    let chosen = async |connections: Option<&[&str]>, run_id, most| {
        let connections = connections.map(|names| names.iter().map(ToString::to_string).collect());
        let query = RunQuery { connections, run_id, most };
        let runs = world.store.chosen_runs("example", &query).await.unwrap();
        let mut found: Vec<_> = runs.into_iter().map(|run| run.run_id).collect();
        found.sort_by_key(|id| ids.iter().position(|known| known == id));
        found
    };
    assert_eq!(chosen(Some(&["acme", "initech"]), None, 10).await, [ids[0], ids[1], ids[3]]);
    assert_eq!(chosen(None, Some(ids[2]), 10).await, [ids[2]]);
    assert!(chosen(Some(&["acme"]), Some(ids[2]), 10).await.is_empty(), "both must fit");
    assert!(chosen(Some(&[]), None, 10).await.is_empty());
    assert_eq!(chosen(None, None, 3).await.len(), 3);

    let names = ["acme", "globex", "nobody"].map(str::to_owned);
    let last = world.store.last_runs("example", &names).await.unwrap();
    assert_eq!(last.iter().map(|run| run.run_id).collect::<Vec<_>>(), [ids[1], ids[2]]);
    let synced = world.store.synced_connections("example").await.unwrap();
    let told =
        |found: &SyncedConnection| (found.connection.clone(), found.streams, found.last_status.clone());
    let wanted = |name: &str, status: &str| (name.to_owned(), 1, Some(status.to_owned()));
    let wanted = [wanted("acme", "partial"), wanted("globex", "succeeded"), wanted("initech", "succeeded")];
    assert_eq!(synced.iter().map(told).collect::<Vec<_>>(), wanted);
}

pub(crate) async fn streams_are_listed_page_by_page(world: World) {
    for connection in ["acme", "globex"] {
        let run = begin(&world.store, connection, false).await.unwrap();
        for name in ["beta", "alpha", "gamma"] {
            let mut stream = run.open(&Shape { name: name.to_owned(), ..companies() }).await;
            stream.write(&[company(1, 1)], &state(1)).await.unwrap();
        }
        run.finish(Status::Succeeded).await.unwrap();
    }
    let mut query = StreamQuery { most: 2, ..StreamQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = world.store.chosen_streams("example", &query).await.unwrap();
        let Some(last) = page.last() else { break };
        query.after = Some((last.connection.clone(), last.schema.clone(), last.stream.clone()));
        found.extend(page.into_iter().map(|stream| format!("{} {}", stream.connection, stream.stream)));
    }
    let all = ["acme alpha", "acme beta", "acme gamma", "globex alpha", "globex beta", "globex gamma"];
    assert_eq!(found, all);
    let query = StreamQuery { connections: Some(vec!["globex".to_owned()]), ..StreamQuery::default() };
    let of_one = world.store.chosen_streams("example", &query).await.unwrap();
    assert!(of_one.iter().all(|stream| stream.connection == "globex"), "{of_one:?}");
    assert_eq!(of_one.len(), 3);
}

pub(crate) async fn a_store_that_is_not_there_lists_nothing(world: World) {
    assert!(world.store.runs("example", 1).await.unwrap().is_empty());
    assert!(world.store.streams("example").await.unwrap().is_empty());
    assert!(world.store.connections("example").await.unwrap().is_empty());
    assert!(world.store.synced_connections("example").await.unwrap().is_empty());
    assert!(world.store.last_runs("example", &["default".to_owned()]).await.unwrap().is_empty());
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

pub(crate) async fn large_tables_are_estimated_where_that_will_do(world: World) {
    world.load(&[company(1, 1)]).await;
    let bounded = StreamQuery { counting: Counting::Bounded, ..StreamQuery::default() };
    let stored = world.store.chosen_streams("example", &bounded).await.unwrap().remove(0);
    assert_eq!((stored.rows, stored.deleted, stored.rows_are_estimated), (Some(1), Some(0), false));
    let own = "_doc, _hash, _first_seen_at, _synced_at, _run_id";
    let table = world.table("companies");
    let (id, numbers) = if world.is_postgres() {
        ("gen_random_uuid()", "generate_series(1, 60000)")
    } else {
        (
            "n.value",
            "(WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 60000)
          SELECT value FROM n) n",
        )
    };
    let copies = format!("INSERT INTO {table} (id, {own}) SELECT {id}, {own} FROM {table}, {numbers}");
    world.execute(&copies).await;
    let stored = world.store.chosen_streams("example", &bounded).await.unwrap().remove(0);
    assert!(stored.rows_are_estimated && stored.rows.unwrap() > 50_000, "{stored:?}");
    let stored = world.store.streams("example").await.unwrap().remove(0);
    assert_eq!((stored.rows, stored.deleted, stored.rows_are_estimated), (Some(60_001), Some(0), false));
}

pub(crate) async fn a_run_can_be_cancelled_by_any_process(world: World) {
    let run = world.begin().await;
    let (id, other) = (run.start.run_id, world.another_store());
    assert!(!run.run.is_cancelled().await.unwrap());
    assert!(!other.cancel_run(Uuid::new_v4()).await.unwrap(), "there is none of this id");
    for _ in 0..2 {
        assert!(other.cancel_run(id).await.unwrap());
        assert!(run.run.is_cancelled().await.unwrap());
    }
    run.finish(Status::Interrupted).await.unwrap();
    assert!(!other.cancel_run(id).await.unwrap(), "it has ended");
    let next = world.begin().await;
    assert!(!next.run.is_cancelled().await.unwrap());
}
