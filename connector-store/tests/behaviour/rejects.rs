//! Rejects, looked at again: by people, and by a later run.

use connector_core::sync::{Reject, Status, StoredReject, Table};
use connector_store::{RejectQuery, Store};
use serde_json::json;

use crate::world::{Run, Shape, World, begin, companies, company, id, state};

fn reject(payload: &str) -> Reject {
    let (code, reason) = ("not_an_object".to_owned(), "the record is not a JSON object".to_owned());
    Reject { payload: payload.to_owned(), code, reason, path: Some("/0".to_owned()) }
}

async fn reject_in(store: &Store, connection: &str, shape: &Shape, payloads: &[&str]) {
    let run = begin(store, connection, false).await.unwrap();
    let mut stream = run.open(shape).await;
    let mut batch = stream.batch(&[company(99, 1)]);
    for payload in payloads {
        batch.push_reject(reject(payload));
    }
    stream.opened.writer.write(batch, &state(1)).await.unwrap();
    drop(stream);
    run.finish(Status::Partial).await.unwrap();
}

pub(crate) async fn rejects_are_listed_and_counted(world: World) {
    let store = &world.store;
    assert!(store.rejects("example", &RejectQuery::default()).await.unwrap().is_empty());
    assert!(store.reject_counts("example").await.unwrap().is_empty());
    assert!(world.files().is_empty());
    let deals = Shape { name: "deals".to_owned(), ..companies() };
    reject_in(store, "default", &companies(), &["[1]", "[2]", "[3]"]).await;
    reject_in(store, "default", &deals, &["[4]"]).await;
    reject_in(store, "other", &companies(), &["[5]"]).await;
    reject_in(store, "default", &companies(), &["[1]"]).await;

    let all = store.rejects("example", &RejectQuery::default()).await.unwrap();
    let payloads: Vec<&str> = all.iter().map(|reject| reject.payload.as_str()).collect();
    assert_eq!(payloads[3..], ["[4]", "[5]"], "in the order of writing: {payloads:?}");
    assert!(["[1]", "[2]", "[3]"].iter().all(|payload| payloads[..3].contains(payload)));
    let first = all.iter().find(|reject| reject.payload == "[1]").unwrap();
    assert_eq!((first.stream.as_str(), first.connection.as_str()), ("companies", "default"));
    assert_eq!((first.code.as_str(), first.path.as_deref()), ("not_an_object", Some("/0")));
    assert!(first.last_seen_at > first.first_seen_at);
    assert_eq!(all[3].last_seen_at, all[3].first_seen_at);
    let query = RejectQuery {
        connection: Some("default".to_owned()),
        stream: Some("companies".to_owned()),
        after: all[0].id,
        most: 1,
        ..RejectQuery::default()
    };
    let page = store.rejects("example", &query).await.unwrap();
    assert_eq!(page.iter().map(|reject| reject.id).collect::<Vec<_>>(), [all[1].id]);
    assert!(store.rejects("another", &RejectQuery::default()).await.unwrap().is_empty());

    let counts = store.reject_counts("example").await.unwrap();
    let counts: Vec<_> =
        counts.iter().map(|c| (c.connection.as_str(), c.stream.as_str(), c.rejected)).collect();
    assert_eq!(counts, [("default", "companies", 3), ("default", "deals", 1), ("other", "companies", 1)]);
}

fn table_of(shape: &Shape) -> Table {
    let (name, key) = (shape.name.clone(), shape.key.clone());
    Table { name, key, columns: Vec::new(), children: Vec::new() }
}

async fn rejects_of(run: &Run, shape: &Shape) -> Vec<StoredReject> {
    let mut all: Vec<StoredReject> = Vec::new();
    loop {
        let after = all.last().map_or(0, |reject| reject.id);
        let page = run.run.rejects(&table_of(shape), after, 2).await.unwrap();
        if page.is_empty() {
            // Those of one batch are in no particular order.
            all.sort_by(|a, b| a.reject.payload.cmp(&b.reject.payload));
            return all;
        }
        all.extend(page);
        assert!(all.is_sorted_by_key(|reject| reject.id));
    }
}

async fn give_key(world: &World, payload: &str, key: &str) {
    let table = world.own("rejects");
    world.execute(&format!("UPDATE {table} SET key = '{key}' WHERE payload = '{payload}'")).await;
}

pub(crate) async fn a_run_reads_its_rejects_in_pages_and_sees_what_was_written_since(world: World) {
    let run = world.begin_dry().await;
    assert!(rejects_of(&run, &companies()).await.is_empty());
    world.load(&[company(1, 1), company(2, 1), company(3, 1)]).await;
    reject_in(&world.store, "default", &companies(), &["[1]", "[2]", "[3]", "[4]", "[5]"]).await;
    reject_in(&world.store, "other", &companies(), &["[6]"]).await;
    for number in 1..5 {
        give_key(&world, &format!("[{number}]"), &id(number)).await;
    }

    let run = world.begin().await;
    let found = rejects_of(&run, &companies()).await;
    let payloads: Vec<&str> = found.iter().map(|found| found.reject.payload.as_str()).collect();
    assert_eq!(payloads, ["[1]", "[2]", "[3]", "[4]", "[5]"]);
    assert_eq!((found[0].key.clone(), found[4].key.as_ref()), (Some(id(1)), None));
    assert_eq!(found[0].reject.code, "not_an_object");
    assert!(found.iter().all(|found| !found.superseded), "the rows are older");

    let mut stream = run.open(&companies()).await;
    // The first changes, the second does not, the third is deleted, the fourth is new.
    stream.write(&[company(1, 2), company(2, 1), company(4, 1)], &state(2)).await.unwrap();
    let now =
        if world.is_postgres() { "now()" } else { "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 second')" };
    let table = world.table("companies");
    world.execute(&format!("UPDATE {table} SET _deleted_at = {now} WHERE id = '{}'", id(3))).await;
    let found = rejects_of(&run, &companies()).await;
    let superseded: Vec<bool> = found.iter().map(|found| found.superseded).collect();
    assert_eq!(superseded, [true, false, true, true, false]);

    world.execute(&format!("DROP TABLE {table}")).await;
    let found = rejects_of(&run, &companies()).await;
    assert!(found.len() == 5 && found.iter().all(|found| !found.superseded));
}

pub(crate) async fn a_reject_whose_key_no_row_can_have_stays(world: World) {
    reject_in(&world.store, "default", &companies(), &["[1]", "[2]", "[3]"]).await;
    give_key(&world, "[1]", "no uuid").await;
    give_key(&world, "[2]", &format!("{}\u{1f}{}", id(1), id(2))).await;
    give_key(&world, "[3]", "").await;
    let run = world.begin().await;
    let found = rejects_of(&run, &companies()).await;
    assert!(found.len() == 3 && found.iter().all(|found| !found.superseded));

    let shape = Shape {
        name: "stock".to_owned(),
        key: vec!["product".to_owned(), "place".to_owned()],
        schema: json!({"properties": {"product": {"type": "integer"}, "place": {"type": "string"}}}),
        children: Vec::new(),
    };
    let mut stream = run.open(&shape).await;
    let mut batch = stream.batch(&[]);
    for payload in ["[7]", "[8]"] {
        batch.push_reject(reject(payload));
    }
    stream.opened.writer.write(batch, &state(1)).await.unwrap();
    give_key(&world, "[7]", "12\u{1f}a b").await;
    give_key(&world, "[8]", "NaN\u{1f}a b").await;
    stream.write(&[json!({"product": 12, "place": "a b"})], &state(2)).await.unwrap();
    let superseded: Vec<bool> = rejects_of(&run, &shape).await.iter().map(|found| found.superseded).collect();
    assert_eq!(superseded, [true, false]);
}
