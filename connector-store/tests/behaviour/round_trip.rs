//! Any text goes in and comes out as it was.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::world::{Shape, World, id, numbers, state};

fn shape() -> Shape {
    Shape {
        name: "texts".to_owned(),
        key: vec!["id".to_owned()],
        schema: json!({"properties": {
            "id": {"type": "string"}, "text": {"type": "string"}, "size": {"type": "number"}, "list": {"type": "array"},
        }}),
        children: Vec::new(),
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[\\\\\t\n\r\"'N.x{},|\u{1}\u{7f}\u{2028}é😀]{0,30}",
        any::<String>(),
        Just("\\.".to_owned()),
        Just("\\N".to_owned()),
        Just("x".repeat(300_000)),
    ]
    .prop_map(|text| text.replace('\0', "0"))
}

async fn comes_back(world: &World, records: &[Value], texts: &[String]) {
    let run = world.begin().await;
    let mut stream = run.open(&shape()).await;
    // Some by way of the first load, the others by way of an update.
    let (first, second) = records.split_at(records.len() / 2);
    stream.write(first, &state(1)).await.unwrap();
    for record in first {
        let mut old = record.clone();
        old["text"] = json!("old");
        stream.write(&[old], &state(2)).await.unwrap();
    }
    stream.write(first, &state(3)).await.unwrap();
    let written = stream.write(second, &state(4)).await.unwrap();
    assert_eq!(numbers(written)[0], second.len() as u64);
    drop(stream);
    run.finish(connector_core::sync::Status::Succeeded).await.unwrap();

    let table = world.table("texts");
    let query = format!(
        "SELECT id, text, CAST(_doc AS TEXT), CAST(list AS TEXT) FROM {table} ORDER BY _first_seen_at, id"
    );
    let mut rows = world.rows(&query).await;
    rows.sort();
    let mut expected: Vec<_> = records.iter().zip(texts).collect();
    expected.sort_by_key(|(record, _)| record["id"].as_str().unwrap().to_owned());
    assert_eq!(rows.len(), expected.len());
    for (row, (record, text)) in rows.iter().zip(expected) {
        assert_eq!(row[1].as_ref(), Some(text));
        assert_eq!(serde_json::from_str::<Value>(row[2].as_ref().unwrap()).unwrap(), *record);
        assert_eq!(serde_json::from_str::<Value>(row[3].as_ref().unwrap()).unwrap(), record["list"]);
        if !world.is_postgres() {
            assert_eq!(*row[2].as_ref().unwrap(), record.to_string());
        }
    }
    world.execute(&format!("DROP TABLE {table}")).await;
}

fn any_text_comes_back(world: &World) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&prop::collection::vec(any_text(), 1..8), |texts| {
        let record = |(number, text): (usize, &String)| {
            let id = format!("{}{}", id(u32::try_from(number).unwrap()), text.chars().take(20).collect::<String>());
            json!({"id": id, "text": text, "size": 1.25, "list": [text, {text.as_str(): null}], text.as_str(): 1})
        };
        let records: Vec<Value> = texts.iter().enumerate().map(record).collect();
        // A generated name may replace one of ours.
        prop_assume!(records.iter().zip(&texts).all(|(record, text)| record["text"] == *text && record["id"] != json!(1)));
        runtime.block_on(comes_back(world, &records, &texts));
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn any_text_comes_back_from_postgres() {
    any_text_comes_back(&World::postgres());
}

#[test]
fn any_text_comes_back_from_sqlite() {
    any_text_comes_back(&World::sqlite());
}
