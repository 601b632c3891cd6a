//! Comparing contents: what is stored is the judge, not the digest that was stored with it.

use connector_core::sync::Standing::{self, Different, Missing, Same};
use connector_core::sync::{Batch, Written};
use serde_json::{Value, json};

use crate::keys::stock;
use crate::world::{Stream, World, companies, company, id, numbers, state};

async fn contents(stream: &mut Stream, records: &[Value]) -> Vec<Standing> {
    let batch = stream.batch(records);
    stream.opened.writer.compare_contents(&batch).await.unwrap()
}

/// What somebody may do to a company.
const CHANGES: &[&str] = &[
    "name = 'x'",
    "name = NULL",
    "added_at = '2024-05-01T10:00:01+02:00'",
    "added_at = NULL",
    "born_on = '2020-02-28'",
    "size = 12.51",
    "size = NULL",
    "active = NULL",
    "tags = '[\"a\"]'",
    "tags = 'null'",
    "owner_type = 'User'",
    "owner_id = NULL",
    "_doc = '{\"id\": \"other\"}'",
    "_deleted_at = '2024-05-01T10:00:00Z'",
];

pub(crate) async fn rows_are_compared_by_their_values(world: World) {
    let mut records: Vec<Value> = (0..250).map(|n| company(n, 1)).collect();
    records[3]["size"] = json!(-1.5e20);
    records[4]["name"] = json!("it's \"é\" \\u0000 😀\n\t");
    records[5] = json!({"id": id(5)});
    records[6]["tags"] = json!({"b": [1.0, null, "ü"], "a": {}});
    records[7]["added_at"] = json!("1999-12-31T23:59:59.123456Z");
    records[8]["novel"] = json!(17);
    world.load(&records).await;
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(contents(&mut stream, &records).await, vec![Same; 250]);
    records.reverse();
    let mut expected = vec![Same; 251];
    for (at, standing) in [(0, Different), (100, Missing), (200, Different)] {
        expected[at] = standing;
        match standing {
            Missing => records.insert(at, company(1000, 1)),
            _ => records[at]["name"] = json!("new"),
        }
    }
    assert_eq!(contents(&mut stream, &records).await, expected);
    assert_eq!(stream.opened.writer.compare_contents(&Batch::default()).await.unwrap(), []);
}

pub(crate) async fn what_was_changed_by_hand_differs_until_it_is_rewritten(world: World) {
    let records = [company(1, 1), company(2, 1)];
    world.load(&records).await;
    let table = world.table("companies");
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    for change in CHANGES {
        world.execute(&format!("UPDATE {table} SET {change} WHERE id = '{}'", id(1))).await;
        assert_eq!(contents(&mut stream, &records).await, [Different, Same], "{change}");
        let mut batch = stream.batch(&records);
        let by_digest = stream.opened.writer.compare(&batch).await.unwrap();
        assert_eq!(by_digest[0] == Same, !change.starts_with("_deleted_at"), "{change}");
        batch.rewrite(id(1));
        let written = stream.opened.writer.write(batch, &state(1)).await.unwrap();
        assert_eq!(numbers(written), [0, 1, 1, 0], "{change}");
        assert_eq!(contents(&mut stream, &records).await, [Same, Same], "{change}");
    }
}

pub(crate) async fn what_the_database_cannot_hold_makes_no_difference(world: World) {
    let mut records: Vec<Value> = (0..40).map(|n| company(n, 1)).collect();
    records[7]["name"] = json!("nul \u{0} and \\u0000");
    records[8]["tags"] = json!(["\u{0}"]);
    // Before the years of PostgreSQL.
    records[9]["added_at"] = json!("-009000-01-01T00:00:00Z");
    records[10]["name"] = json!("\u{0}");
    records[10]["added_at"] = json!("-009000-01-01T00:00:00Z");
    records[11]["unknown"] = json!("\u{0}");
    let mut texts: Vec<String> = records.iter().map(Value::to_string).collect();
    texts[12] = texts[12].replace("[\"a\",\"b\"]", "[\"half \\ud83d\"]");
    assert!(texts[12].contains("half"));
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let batch = stream.batch_of_text(&texts);
    let written = stream.opened.writer.write(batch, &state(1)).await.unwrap();
    let adjusted = if world.is_postgres() { 6 } else { 0 };
    assert_eq!(written, Written { inserted: 40, adjusted, ..Written::default() });
    let batch = stream.batch_of_text(&texts);
    assert_eq!(stream.opened.writer.compare_contents(&batch).await.unwrap(), vec![Same; 40]);

    let table = world.table("companies");
    for (change, number) in
        [("active = NULL", 7), ("_doc = '{}'", 8), ("name = 'x'", 9), ("born_on = '2020-01-01'", 10)]
    {
        world.execute(&format!("UPDATE {table} SET {change} WHERE id = '{}'", id(number))).await;
    }
    texts[13] = texts[12].replace(&id(12), &id(77));
    let batch = stream.batch_of_text(&texts);
    let standings = stream.opened.writer.compare_contents(&batch).await.unwrap();
    assert_eq!(standings[6..14], [Same, Different, Different, Different, Different, Same, Same, Missing]);
}

pub(crate) async fn columns_of_other_types_are_compared_as_they_hold_values(world: World) {
    world.load(&[company(1, 1)]).await;
    let table = world.table("companies");
    let types = if world.is_postgres() {
        ["varchar(4)", "json", "smallint", "double precision", "timestamp(0) without time zone", "point"]
    } else {
        ["varchar(4)", "BLOB", "INTEGER", "REAL", "TEXT TIMESTAMP", ""]
    };
    for (type_name, number) in types.iter().zip(1..) {
        world.execute(&format!("ALTER TABLE {table} ADD COLUMN x{number} {type_name}")).await;
    }
    let record = |number: u32, values: Value| {
        let mut record = company(number, 1);
        for (value, number) in values.as_array().unwrap().iter().zip(1..) {
            record[format!("x{number}")] = value.clone();
        }
        record
    };
    let records = [
        record(2, json!(["abcd", 1.0, 12, 0.1, "2024-05-01T10:00:00.7Z", "(1,2)"])),
        record(3, json!(["too long", [1], 70000, 1e30, "yesterday", "nowhere"])),
        record(4, json!([null, null, null, null, null, null])),
        record(5, json!(["x", "y", "12", "12", "2024-05-01", "(3,4)"])),
    ];
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let written = stream.write(&records, &state(1)).await.unwrap();
    assert_eq!(numbers(written), [4, 0, 0, 0]);
    assert_eq!(contents(&mut stream, &records).await, [Same; 4]);
    for column in ["x1", "x2", "x3", "x4", "x5", "x6"] {
        world.execute(&format!("UPDATE {table} SET {column} = NULL WHERE id = '{}'", id(2))).await;
        assert_eq!(contents(&mut stream, &records).await, [Different, Same, Same, Same], "{column}");
        let mut batch = stream.batch(&records);
        batch.rewrite(id(2));
        stream.opened.writer.write(batch, &state(1)).await.unwrap();
    }
}

pub(crate) async fn a_column_that_is_gone_lacks_the_values_of_its_rows(world: World) {
    let records = [company(1, 1), json!({"id": id(2), "name": "no size"}), company(3, 1)];
    world.load(&records).await;
    world.execute(&format!("ALTER TABLE {} DROP COLUMN size", world.table("companies"))).await;
    let run = world.begin_dry().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(contents(&mut stream, &records).await, [Different, Same, Different]);
    drop(stream);
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(contents(&mut stream, &records).await, [Different, Same, Different]);
}

pub(crate) async fn contents_of_wide_rows_and_of_keys_in_parts_are_compared(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&stock()).await;
    let record = |product: u32, place: &str| json!({"product": product, "place": place, "amount": 1.50});
    let records: Vec<Value> = (0..130).flat_map(|n| ["a", "B\u{1f}"].map(|place| record(n, place))).collect();
    stream.write(&records, &state(1)).await.unwrap();
    assert_eq!(contents(&mut stream, &records).await, vec![Same; 260]);
    assert_eq!(contents(&mut stream, &[record(5, "b"), record(7, "\0")]).await, [Missing, Missing]);

    let wide = |number: u32, version: u32| {
        let mut record = company(number, 1);
        for field in 0..190 {
            record[format!("field_{field}")] = json!(field + version);
        }
        record
    };
    let records: Vec<Value> = (0..250).map(|n| wide(n, 1)).collect();
    let mut stream = run.open(&companies()).await;
    stream.write(&records, &state(1)).await.unwrap();
    assert_eq!(contents(&mut stream, &records).await, vec![Same; 250]);
    let table = world.table("companies");
    world.execute(&format!("UPDATE {table} SET field_189 = 0 WHERE id = '{}'", id(249))).await;
    assert_eq!(contents(&mut stream, &records).await[248..], [Same, Different]);
}

pub(crate) async fn what_is_not_there_is_missing(world: World) {
    let run = world.begin_dry().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(contents(&mut stream, &[company(1, 1)]).await, [Missing]);
}
