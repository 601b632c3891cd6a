//! Lists inside records: a table of their own, with one row for each item.

use connector_core::ErrorCode;
use connector_core::stream::{Column, ColumnType};
use connector_core::sync::{ChildTable, Written};
use serde_json::{Value, json};

use crate::keys::stock;
use crate::world::{Shape, Stream, World, companies, company, id, numbers, state};

fn column(name: &str, kind: ColumnType, field: &str, member: Option<&'static str>) -> Column {
    Column { name: name.to_owned(), kind, field: field.to_owned(), member }
}

/// Companies with a table for their lines, which stand in groups.
pub(crate) fn with_lines() -> Shape {
    let lines = ChildTable {
        name: "companies_lines".to_owned(),
        parent_key: vec!["company_id".to_owned()],
        columns: vec![
            column("value", ColumnType::Text, "value", None),
            column("quantity", ColumnType::Number, "quantity", None),
            column("price_amount", ColumnType::Number, "price", Some("amount")),
            column("done", ColumnType::Boolean, "done", None),
            column("due_on", ColumnType::Date, "due_on", None),
        ],
        path: vec!["groups".to_owned(), "lines".to_owned()],
    };
    Shape { children: vec![lines], ..companies() }
}

/// A company with these lines in one group.
pub(crate) fn company_with(number: u32, version: u32, lines: &Value) -> Value {
    let mut record = company(number, version);
    record["groups"] = json!([{"lines": lines}]);
    record
}

async fn opened(world: &World) -> Stream {
    world.begin().await.open(&with_lines()).await
}

/// The items of a company: position, value, quantity, document.
pub(crate) async fn lines(world: &World, number: u32) -> Vec<[Option<String>; 4]> {
    let table = world.table("companies_lines");
    let query = format!(
        "SELECT CAST(position AS TEXT), value, CAST(quantity AS TEXT), CAST(_doc AS TEXT) FROM {table}
         WHERE company_id = '{}' ORDER BY position",
        id(number)
    );
    world.rows(&query).await.into_iter().map(|row| row.try_into().unwrap()).collect()
}

async fn values(world: &World, number: u32) -> Vec<String> {
    lines(world, number).await.into_iter().map(|[_, value, ..]| value.unwrap_or_default()).collect()
}

pub(crate) async fn items_land_in_a_table_of_their_own(world: World) {
    let mut stream = opened(&world).await;
    let mut record = company_with(
        1,
        1,
        &json!([{"value": "a", "quantity": 1.5, "price": {"amount": 9.90, "currency": "EUR"}, "done": true, "due_on": "2024-02-29"}]),
    );
    record["groups"].as_array_mut().unwrap().push(json!({"lines": [{"value": "b"}]}));
    let written =
        stream.write(&[record, company_with(2, 1, &json!([])), company(3, 1)], &state(1)).await.unwrap();
    assert_eq!((numbers(written), written.adjusted), ([3, 0, 0, 0], 0));
    let table = world.table("companies_lines");
    assert_eq!(world.count(&table).await, 2);
    let row = &world
        .rows(&format!(
            "SELECT value, CAST(quantity AS TEXT), CAST(price_amount AS TEXT), CAST(done AS TEXT), CAST(due_on AS TEXT)
             FROM {table} WHERE company_id = '{}' AND position = 0",
            id(1)
        ))
        .await[0];
    let text: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
    let (is_true, amount) = if world.is_postgres() { ("true", "9.9") } else { ("1", "9.9") };
    assert_eq!(text, [Some("a"), Some("1.5"), Some(amount), Some(is_true), Some("2024-02-29")]);
    assert_eq!(values(&world, 1).await, ["a", "b"]);
    let [.., document] = &lines(&world, 1).await[1];
    assert_eq!(serde_json::from_str::<Value>(document.as_ref().unwrap()).unwrap(), json!({"value": "b"}));
}

pub(crate) async fn items_follow_their_row(world: World) {
    let mut stream = opened(&world).await;
    let first = [company_with(1, 1, &json!(["a", "b", "c"])), company_with(2, 1, &json!(["d"]))];
    stream.write(&first, &state(1)).await.unwrap();
    let second =
        [company_with(1, 2, &json!(["c", "e"])), first[1].clone(), company_with(3, 1, &json!(["f"]))];
    assert_eq!(numbers(stream.write(&second, &state(2)).await.unwrap()), [1, 1, 1, 0]);
    assert_eq!(values(&world, 1).await, ["c", "e"]);
    assert_eq!(values(&world, 2).await, ["d"]);
    assert_eq!(values(&world, 3).await, ["f"]);

    let written = stream.write_and_delete(&[], &[&id(1), &id(3)], &state(3)).await.unwrap();
    assert_eq!(written, Written { deleted: 2, ..Written::default() });
    assert_eq!(world.count(&world.table("companies_lines")).await, 1);

    assert_eq!(numbers(stream.write(&second, &state(4)).await.unwrap()), [0, 2, 1, 0]);
    assert_eq!(values(&world, 1).await, ["c", "e"]);
    stream.write(&[company(1, 2)], &state(5)).await.unwrap();
    assert_eq!(values(&world, 1).await, Vec::<String>::new());
}

pub(crate) async fn a_row_that_did_not_change_leaves_its_items_alone(world: World) {
    let mut stream = opened(&world).await;
    let records = [company_with(1, 1, &json!(["a", "b"])), company_with(2, 1, &json!(["c"]))];
    stream.write(&records, &state(1)).await.unwrap();
    let table = world.table("companies_lines");
    world.execute(&format!("DELETE FROM {table} WHERE position = 1")).await;
    assert_eq!(numbers(stream.write(&records, &state(2)).await.unwrap()), [0, 0, 2, 0]);
    assert_eq!(values(&world, 1).await, ["a"]);
}

pub(crate) async fn odd_items_are_kept_as_they_are(world: World) {
    let mut stream = opened(&world).await;
    let odd = json!([null, "text", 7, true, ["nested"], {"value": {"a": 1}, "quantity": "many", "due_on": "soon"}, {}]);
    let mut one = company(2, 1);
    one["groups"] = json!({"lines": {"value": "alone"}});
    let written = stream.write(&[company_with(1, 1, &odd), one], &state(1)).await.unwrap();
    assert_eq!((numbers(written), written.adjusted), ([2, 0, 0, 0], 0));
    let stored = lines(&world, 1).await;
    assert_eq!(stored.len(), 7);
    for (item, (number, expected)) in stored.iter().zip(odd.as_array().unwrap().iter().enumerate()) {
        assert_eq!(item[0], Some(number.to_string()));
        assert_eq!(serde_json::from_str::<Value>(item[3].as_ref().unwrap()).unwrap(), *expected);
    }
    let values: Vec<Option<&str>> = stored.iter().map(|item| item[1].as_deref()).collect();
    assert_eq!(values, [None, Some("text"), Some("7"), Some("true"), None, None, None]);
    assert_eq!(stored[5][2], None);
    assert_eq!(self::values(&world, 2).await, ["alone"]);
}

pub(crate) async fn an_item_that_is_refused_costs_nothing_else(world: World) {
    let mut stream = opened(&world).await;
    stream.write(&[company_with(900, 1, &json!(["taken"]))], &state(1)).await.unwrap();
    // Something that only the database knows of.
    let name = if world.is_postgres() { "example.one_value" } else { "one_value" };
    let index = name.rsplit('.').next().unwrap();
    let table = world.table("companies_lines");
    world.execute(&format!("CREATE UNIQUE INDEX {index} ON {table} (value)")).await;
    let mut records: Vec<Value> =
        (0..60).map(|n| company_with(n, 1, &json!([format!("a{n}"), format!("b{n}")]))).collect();
    records[7] = company_with(7, 1, &json!(["x", "taken", "y"]));
    records[30] = company_with(30, 1, &json!(["nul \u{0} inside", {"value": "z", "due_on": "9999-12-31"}]));
    let written = stream.write(&records, &state(2)).await.unwrap();
    let relieved = u64::from(world.is_postgres());
    // PostgreSQL takes the row with the NUL, and its item, without it.
    assert_eq!((numbers(written), written.adjusted), ([60, 0, 0, 0], 1 + relieved));
    assert_eq!(values(&world, 7).await, ["x", "y"]);
    let nul = if world.is_postgres() { "nul \u{fffd} inside" } else { "nul \u{0} inside" };
    assert_eq!(values(&world, 30).await, [nul, "z"]);
    assert_eq!(world.count(&table).await, 1 + 60 * 2);
    assert_eq!(numbers(stream.write(&records, &state(3)).await.unwrap()), [0, 0, 60, 0]);
}

pub(crate) async fn many_items_of_a_key_of_two_columns_land(world: World) {
    let moves = ChildTable {
        name: "stock_moves".to_owned(),
        parent_key: vec!["stock_product".to_owned(), "stock_place".to_owned()],
        columns: vec![column("value", ColumnType::Number, "value", None)],
        path: vec!["moves".to_owned()],
    };
    let shape = Shape { children: vec![moves], ..stock() };
    let run = world.begin().await;
    let mut stream = run.open(&shape).await;
    let record = |product: u32, place: &str, moves: u32| json!({"product": product, "place": place, "amount": moves, "moves": (0..moves).collect::<Vec<_>>()});
    stream.write(&[record(1, "a", 2345), record(1, "b", 3), record(2, "a", 3)], &state(1)).await.unwrap();
    let table = world.table("stock_moves");
    let last = "stock_product = 1 AND stock_place = 'a' AND position = 2344";
    assert_eq!(world.value(&format!("value FROM {table} WHERE {last}")).await.as_deref(), Some("2344"));
    stream.write_and_delete(&[record(1, "b", 1)], &["1\u{1f}a"], &state(2)).await.unwrap();
    let left = world.rows(&format!("SELECT stock_place FROM {table} ORDER BY stock_product, position")).await;
    let left: Vec<&str> = left.iter().filter_map(|row| row[0].as_deref()).collect();
    assert_eq!(left, ["b", "a", "a", "a"]);
}

pub(crate) async fn a_table_of_items_takes_the_types_of_its_parents_key(world: World) {
    world.load(&[company(1, 1)]).await;
    let table = world.table("companies");
    if world.is_postgres() {
        world.execute(&format!("ALTER TABLE {table} ALTER COLUMN id TYPE character varying(40)")).await;
    }
    let mut stream = opened(&world).await;
    let written = stream.write(&[company_with(1, 2, &json!(["a"]))], &state(2)).await.unwrap();
    assert_eq!(numbers(written), [0, 1, 0, 0]);
    assert_eq!(values(&world, 1).await, ["a"]);
    if world.is_postgres() {
        let kind = "format_type(atttypid, atttypmod) FROM pg_attribute
                    WHERE attrelid = 'example.companies_lines'::regclass AND attname = 'company_id'";
        assert_eq!(world.value(kind).await.unwrap(), "character varying(40)");
    }
    stream.write_and_delete(&[], &[&id(1)], &state(3)).await.unwrap();
    assert_eq!(world.count(&world.table("companies_lines")).await, 0);
}

pub(crate) async fn a_table_of_items_gets_new_columns(world: World) {
    let mut stream = opened(&world).await;
    stream.write(&[company_with(1, 1, &json!([{"note": "old"}]))], &state(1)).await.unwrap();
    drop(stream);
    let mut shape = with_lines();
    shape.children[0].columns.push(column("note", ColumnType::Text, "note", None));
    let mut stream = world.begin().await.open(&shape).await;
    stream.write(&[company_with(2, 1, &json!([{"note": "new"}]))], &state(2)).await.unwrap();
    let table = world.table("companies_lines");
    let notes = world.rows(&format!("SELECT note FROM {table} ORDER BY company_id")).await;
    assert_eq!(notes, [[None], [Some("new".to_owned())]]);
}

pub(crate) async fn a_table_that_is_not_ours_takes_no_items(world: World) {
    world.load(&[company(1, 1)]).await;
    let table = world.table("companies_lines");
    world.execute(&format!("CREATE TABLE {table} (company_id text, position text)")).await;
    let error = world.begin().await.try_open(&with_lines()).await.err().unwrap();
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::Conflict, 78));
    assert!(error.message().contains("companies_lines"), "{error}");
    // It is left as it was.
    world.execute(&format!("INSERT INTO {table} VALUES ('a', 'b')")).await;
}

pub(crate) async fn an_emptied_table_gets_its_items_anew(world: World) {
    let mut stream = opened(&world).await;
    let record = company_with(1, 1, &json!(["a", "b"]));
    stream.write(std::slice::from_ref(&record), &state(1)).await.unwrap();
    drop(stream);
    world.execute(&format!("DELETE FROM {}", world.table("companies"))).await;
    let mut stream = opened(&world).await;
    assert_eq!(numbers(stream.write(&[record], &state(1)).await.unwrap()), [1, 0, 0, 0]);
    assert_eq!(values(&world, 1).await, ["a", "b"]);
}
