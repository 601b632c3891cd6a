//! Live rows, read in pages: each once, in an order that holds while they are written.

use connector_core::ErrorCode;
use connector_core::sync::{ParentMark, ParentQuery, StoredDocument, Table};
use serde_json::{Value, json};

use crate::world::{Run, Shape, World, companies, company, id, state};

/// All documents, read in pages of this size by the run and by the store, which must agree.
async fn documents(world: &World, run: &Run, shape: &Shape, page: u32) -> Vec<StoredDocument> {
    let table =
        Table { name: shape.name.clone(), key: shape.key.clone(), columns: Vec::new(), children: Vec::new() };
    let mut all: Vec<StoredDocument> = Vec::new();
    loop {
        let after = all.last().map(|document| document.key.as_str());
        let next = run.run.documents(&table, after, page).await.unwrap();
        let outside = world.store.documents("example", &shape.name, &shape.key, after, page).await.unwrap();
        assert_eq!(keys(&next), keys(&outside));
        if next.is_empty() {
            return all;
        }
        assert!(next.len() <= page as usize);
        all.extend(next);
    }
}

fn keys(documents: &[StoredDocument]) -> Vec<&str> {
    documents.iter().map(|document| document.key.as_str()).collect()
}

pub(crate) async fn documents_come_once_each_in_the_order_of_their_keys(world: World) {
    let run = world.begin().await;
    assert!(documents(&world, &run, &companies(), 7).await.is_empty(), "there is no table yet");
    let mut stream = run.open(&companies()).await;
    assert!(documents(&world, &run, &companies(), 7).await.is_empty());
    let records: Vec<Value> = (0..30).rev().map(|n| company(n, 1)).collect();
    stream.write(&records, &state(1)).await.unwrap();
    let table = world.table("companies");
    world.execute(&format!("UPDATE {table} SET _deleted_at = _synced_at WHERE id = '{}'", id(4))).await;

    let found = documents(&world, &run, &companies(), 7).await;
    let expected: Vec<String> = (0..30).filter(|n| *n != 4).map(id).collect();
    assert_eq!(keys(&found), expected);
    let document: Value = serde_json::from_str(&found[0].document).unwrap();
    assert_eq!(document, company(0, 1));
}

fn table_of(shape: &Shape) -> Table {
    let (name, key) = (shape.name.clone(), shape.key.clone());
    Table { name, key, columns: Vec::new(), children: Vec::new() }
}

pub(crate) async fn keys_of_several_parts_and_any_text_are_pages_too(world: World) {
    let shape = Shape {
        name: "price \"list\"".to_owned(),
        key: ["number", "name", "at"].map(str::to_owned).to_vec(),
        schema: json!({"properties": {
            "number": {"type": "integer"}, "name": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
        }}),
        children: Vec::new(),
    };
    let names = ["a", "B", "ä", "_", "a b", "it's", "é", "A", "\u{1f600}"];
    let instants = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.25Z"];
    let mut records = Vec::new();
    for number in [9, 10, 100] {
        for name in names {
            records.extend(instants.map(|at| json!({"number": number, "name": name, "at": at})));
        }
    }
    let run = world.begin().await;
    let mut stream = run.open(&shape).await;
    let batch = stream.batch(&records);
    let mut expected: Vec<String> = batch.rows().map(|row| row.key().to_owned()).collect();
    stream.opened.writer.write(batch, &state(1)).await.unwrap();

    let found = documents(&world, &run, &shape, 4).await;
    let found = keys(&found);
    assert!(found[0].starts_with("9\u{1f}"), "numbers are in their own order: {found:?}");
    let mut sorted = found.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    let error = run.run.documents(&table_of(&shape), Some("9\u{1f}a"), 1).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidValue);
}

fn parents_of(table: &str, column: &str) -> ParentQuery {
    ParentQuery { table: table.to_owned(), id: column.to_owned(), only: None, after: None, most: 4 }
}

async fn all_parents(run: &Run, query: &mut ParentQuery) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let page = run.run.parents(query).await.unwrap();
        let Some(last) = page.last() else { return all };
        query.after = Some(last.mark.clone());
        all.extend(page.into_iter().map(|parent| parent.id));
    }
}

pub(crate) async fn parents_come_in_the_order_of_writing(world: World) {
    let run = world.begin().await;
    let mut query = parents_of("companies", "id");
    assert!(all_parents(&run, &mut query).await.is_empty(), "there is no table yet");
    let mut stream = run.open(&companies()).await;
    let records = |numbers: std::ops::Range<u32>| numbers.map(|n| company(n, 1)).collect::<Vec<_>>();
    stream.write(&records(10..20), &state(1)).await.unwrap();
    stream.write(&records(0..10), &state(2)).await.unwrap();
    let expected: Vec<String> = (10..20).chain(0..10).map(id).collect();
    assert_eq!(all_parents(&run, &mut query).await, expected);

    // What is written later comes after the mark, and what is deleted does not come.
    stream.write(&[company(3, 2), company(30, 1), company(15, 2), company(4, 1)], &state(3)).await.unwrap();
    let table = world.table("companies");
    world.execute(&format!("UPDATE {table} SET _deleted_at = _synced_at WHERE id = '{}'", id(15))).await;
    assert_eq!(all_parents(&run, &mut query).await, [id(3), id(30)]);
    assert!(all_parents(&run, &mut query).await.is_empty());
}

pub(crate) async fn instants_that_differ_by_a_microsecond_are_told_apart(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    stream.write(&(0..6).map(|n| company(n, 1)).collect::<Vec<_>>(), &state(1)).await.unwrap();
    let table = world.table("companies");
    // As the databases write them: without zeros at the end.
    let instants = ["05Z", "05.1Z", "05.12Z", "05.120001Z", "05.120002Z", "05.13Z"];
    for (number, end) in (0..).zip(instants) {
        let set = format!("_synced_at = '2024-01-01T00:00:{end}'");
        world.execute(&format!("UPDATE {table} SET {set} WHERE id = '{}'", id(5 - number))).await;
    }
    let expected: Vec<String> = (0..6).rev().map(id).collect();
    for most in [1, 2, 5] {
        let mut query = ParentQuery { most, ..parents_of("companies", "id") };
        assert_eq!(all_parents(&run, &mut query).await, expected);
    }
}

pub(crate) async fn parents_are_chosen_by_a_column(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let mut records: Vec<Value> = (0..10).map(|n| company(n, 1)).collect();
    records[3]["owner"] = json!(null);
    stream.write(&records, &state(1)).await.unwrap();
    let only = |column: &str, value: &str| ParentQuery {
        only: Some((column.to_owned(), value.to_owned())),
        ..parents_of("companies", "id")
    };
    let even: Vec<String> = (0..10).step_by(2).map(id).collect();
    assert_eq!(all_parents(&run, &mut only("active", "true")).await, even);
    assert_eq!(all_parents(&run, &mut only("name", "Company 7 v1")).await, [id(7)]);
    assert_eq!(all_parents(&run, &mut only("size", "no number")).await, Vec::<String>::new());
    assert_eq!(all_parents(&run, &mut only("absent", "x")).await, Vec::<String>::new());
    assert_eq!(all_parents(&run, &mut parents_of("companies", "absent")).await, Vec::<String>::new());
    // A column that repeats, or is null.
    let owners = run.run.parents(&ParentQuery { most: 20, ..parents_of("companies", "owner_id") }).await;
    assert_eq!(owners.unwrap().len(), 9);
    let damaged = ParentMark { written_at: String::new(), id: String::new() };
    let query = ParentQuery { after: Some(damaged), ..parents_of("companies", "id") };
    assert_eq!(run.run.parents(&query).await.is_err(), world.is_postgres());
}
