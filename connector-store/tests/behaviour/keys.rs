//! What the engine asks of a table: how rows stand to it, and which keys it has.

use connector_core::sync::Batch;
use connector_core::sync::Standing::{Different, Missing, Same};
use serde_json::{Value, json};

use crate::world::{Shape, Stream, World, companies, company, id, state};

/// A stream with a key of two columns.
pub(crate) fn stock() -> Shape {
    Shape {
        name: "stock".to_owned(),
        key: vec!["product".to_owned(), "place".to_owned()],
        schema: json!({"properties": {
            "product": {"type": "integer"}, "place": {"type": "string"}, "amount": {"type": "number"},
        }}),
        children: Vec::new(),
    }
}

fn keys_of(stream: &mut Stream, records: &[Value]) -> Vec<String> {
    let mut keys: Vec<String> = stream.batch(records).rows().map(|row| row.key().to_owned()).collect();
    keys.sort();
    keys
}

pub(crate) async fn rows_are_compared_in_their_order(world: World) {
    world.load(&(0..20).map(|n| company(n, 1)).collect::<Vec<_>>()).await;
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let mut novel = company(3, 1);
    novel["novel"] = json!(1);
    let records = [company(19, 1), company(40, 1), novel, company(2, 2), company(1, 1)];
    let batch = stream.batch(&records);
    let standings = stream.opened.writer.compare(&batch).await.unwrap();
    assert_eq!(standings, [Same, Missing, Different, Different, Same]);
    assert_eq!(stream.opened.writer.compare(&Batch::default()).await.unwrap(), []);
    // Nothing was written, and what follows is written as ever.
    let written = stream.opened.writer.write(batch, &state(2)).await.unwrap();
    assert_eq!((written.inserted, written.updated, written.unchanged), (1, 2, 2));
}

pub(crate) async fn keys_come_in_pages_as_rows_have_them(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&stock()).await;
    let places =
        ["a", "A", "b", "B", "é", "e", "Z", "z", "ß", "日本", "😀", "_", "-", "a b", "a-b", "ab", "it's"];
    let record = |product: u32, place: &str| json!({"product": product, "place": place, "amount": 1});
    let records: Vec<Value> =
        [2, 10, 9].iter().flat_map(|product| places.map(|place| record(*product, place))).collect();
    stream.write(&records, &state(1)).await.unwrap();
    stream.write_and_delete(&[], &["9\u{1f}é", "10\u{1f}z"], &state(2)).await.unwrap();
    let mut expected = keys_of(&mut stream, &records);
    expected.retain(|key| key != "9\u{1f}é" && key != "10\u{1f}z");
    let in_one = stream.live_keys(&[], 100).await;
    for most in [1, 2, 7] {
        assert_eq!(stream.live_keys(&[], most).await, in_one);
    }
    // Numbers in the order of numbers.
    assert!(in_one[0].starts_with("2\u{1f}") && in_one[48].starts_with("10\u{1f}"), "{in_one:?}");
    let mut sorted = in_one;
    sorted.sort();
    assert_eq!(sorted, expected);
}

pub(crate) async fn keys_of_any_type_come_as_rows_have_them(world: World) {
    let shape = Shape {
        name: "odd".to_owned(),
        key: ["at", "day", "flag", "id"].map(str::to_owned).to_vec(),
        schema: json!({"properties": {
            "at": {"type": "string", "format": "date-time"}, "day": {"type": "string", "format": "date"},
            "flag": {"type": "boolean"}, "id": {"type": "string", "format": "uuid"},
        }}),
        children: Vec::new(),
    };
    let run = world.begin().await;
    let mut stream = run.open(&shape).await;
    let instants = ["2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00.5Z", "1999-12-31T23:59:59.000123Z"];
    let records: Vec<Value> = instants
        .iter()
        .flat_map(|at| [true, false].map(|flag| (at, flag)))
        .map(|(at, flag)| json!({"at": at, "day": "2024-02-29", "flag": flag, "id": "ABCDEF00-0000-0000-0000-00000000000F"}))
        .collect();
    stream.write(&records, &state(1)).await.unwrap();
    let expected = keys_of(&mut stream, &records);
    for most in [1, 4, 100] {
        let mut keys = stream.live_keys(&[], most).await;
        keys.sort();
        assert_eq!(keys, expected);
    }
    let gone: Vec<&str> = expected.iter().take(4).map(String::as_str).collect();
    assert_eq!(stream.write_and_delete(&[], &gone, &state(2)).await.unwrap().deleted, 4);
    assert_eq!(stream.live_keys(&[], 100).await.len(), 2);
}

pub(crate) async fn keys_within_a_scope_are_those_alone(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let mut records: Vec<Value> = (0..12).map(|n| company(n, 1)).collect();
    for record in &mut records[3..8] {
        record["owner"]["id"] = json!(id(8));
    }
    records[5]["size"] = json!(3);
    stream.write(&records, &state(1)).await.unwrap();
    stream.write_and_delete(&[], &[&id(4)], &state(2)).await.unwrap();
    let owned = stream.live_keys(&[("owner_type", "user"), ("owner_id", &id(8))], 2).await;
    assert_eq!(owned, [id(3), id(5), id(6), id(7)]);
    let active = stream.live_keys(&[("owner_id", &id(8)), ("active", "true")], 2).await;
    assert_eq!(active, [id(6)]);
    assert_eq!(stream.live_keys(&[("size", "3")], 2).await, [id(5)]);
    assert_eq!(stream.live_keys(&[("added_at", "2024-05-01T08:00:00Z")], 5).await.len(), 11);
    for nobody in [("owner_type", "team"), ("no_such_column", "x"), ("size", "large"), ("id", "nonsense")] {
        assert_eq!(stream.live_keys(&[nobody], 10).await, Vec::<String>::new(), "{nobody:?}");
    }
}

pub(crate) async fn pages_go_on_while_rows_are_written(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let records: Vec<Value> = (0..9).map(|n| company(2 * n, 1)).collect();
    stream.write(&records, &state(1)).await.unwrap();
    let mut keys: Vec<String> = Vec::new();
    for number in 0.. {
        let after = keys.last().cloned();
        let page = stream.opened.writer.live_keys(&[], after.as_deref(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        keys.extend(page);
        // Behind, where the keys were read already, and a delete of what was just read.
        let gone = keys.last().cloned().unwrap();
        let records = [company(1, number)];
        stream.write_and_delete(&records, &[&gone], &state(i64::from(number))).await.unwrap();
    }
    assert_eq!(keys, (0..9).map(|n| id(2 * n)).collect::<Vec<_>>());
    assert_eq!(stream.live_keys(&[], 2).await, [0, 1, 4, 8, 12].map(id));

    let dry = crate::world::begin(&world.store, "default", true).await.unwrap();
    let mut stream = dry.open(&companies()).await;
    assert_eq!(stream.live_keys(&[], 1).await, [0, 1, 4, 8, 12].map(id));
}

pub(crate) async fn a_scope_gets_an_index_once(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    stream.write(&[company(1, 1)], &state(1)).await.unwrap();
    let owner = id(7);
    for _ in 0..2 {
        assert_eq!(stream.live_keys(&[("owner_id", &owner)], 10).await, [id(1)]);
    }
    let count = if world.is_postgres() {
        "count(*) FROM pg_indexes WHERE indexname = 'companies_within_owner_id'"
    } else {
        "count(*) FROM sqlite_master WHERE name = 'companies_within_owner_id'"
    };
    assert_eq!(world.value(count).await.unwrap(), "1");
    drop(stream);
    let mut stream = run.open(&companies()).await;
    assert_eq!(stream.live_keys(&[("owner_id", &owner)], 10).await, [id(1)]);
}

pub(crate) async fn a_table_that_is_not_there_has_no_keys(world: World) {
    let run = world.begin_dry().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(stream.live_keys(&[], 10).await, Vec::<String>::new());
    let batch = stream.batch(&[company(1, 1), company(2, 1)]);
    let standings = stream.opened.writer.compare(&batch).await.unwrap();
    assert_eq!(standings, [Missing, Missing]);
    let written = stream.write_and_delete(&[], &[&id(1)], &state(1)).await.unwrap();
    assert_eq!(written.deleted, 0);
}
