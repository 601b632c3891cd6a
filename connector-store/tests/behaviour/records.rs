//! Records: what lands, what is touched, what is not.

use connector_core::ErrorCode;
use connector_core::stream::ColumnType;
use connector_core::sync::{Status, StreamState};
use serde_json::{Value, json};

use crate::world::{Shape, World, companies, company, id, numbers, state};

pub(crate) async fn a_first_load_inserts_everything(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(stream.opened.state, StreamState::default());
    let records: Vec<Value> = (0..250).map(|n| company(n, 1)).collect();
    let written = stream.write(&records, &state(5)).await.unwrap();
    assert_eq!(numbers(written), [250, 0, 0, 0]);
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();

    let table = world.table("companies");
    let row = &world
        .rows(&format!(
            "SELECT CAST(name AS TEXT), CAST(size AS TEXT), CAST(active AS TEXT), CAST(born_on AS TEXT),
         CAST(owner_type AS TEXT), CAST(owner_id AS TEXT), CAST(_deleted_at AS TEXT), CAST(_run_id AS TEXT)
         FROM {table} WHERE id = '{}'",
            id(4)
        ))
        .await[0];
    let text: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
    let is_true = if world.is_postgres() { "true" } else { "1" };
    let run_id = run.start.run_id.to_string();
    assert_eq!(text[0], Some("Company 4 v1"));
    assert_eq!(text[1], Some("12.5"));
    assert_eq!(
        text[2..],
        [Some(is_true), Some("2020-02-29"), Some("user"), Some(&id(7)), None, Some(&run_id)]
    );

    let run = world.begin().await;
    let stream = run.open(&companies()).await;
    assert_eq!(stream.opened.state, state(5));
    for (column, kind) in [
        ("id", ColumnType::Uuid),
        ("name", ColumnType::Text),
        ("added_at", ColumnType::Timestamp),
        ("born_on", ColumnType::Date),
        ("size", ColumnType::Number),
        ("active", ColumnType::Boolean),
        ("tags", ColumnType::Json),
    ] {
        assert_eq!(stream.existing_kind(column), Some(kind), "{column}");
    }
    assert_eq!(stream.existing_kind("_doc"), None);
}

/// What changes in a row when it is written, whatever is written.
async fn marks(world: &World) -> Vec<Vec<Option<String>>> {
    let physical =
        if world.is_postgres() { ", CAST(xmin AS TEXT), CAST(xmax AS TEXT), CAST(ctid AS TEXT)" } else { "" };
    let table = world.table("companies");
    let query = format!(
        "SELECT CAST(id AS TEXT), CAST(_synced_at AS TEXT), CAST(_run_id AS TEXT){physical} FROM {table} ORDER BY id"
    );
    world.rows(&query).await
}

pub(crate) async fn a_reload_touches_nothing(world: World) {
    let records: Vec<Value> = (0..150).map(|n| company(n, 1)).collect();
    world.load(&records).await;
    let before = marks(&world).await;
    assert_eq!(numbers(world.load(&records).await), [0, 0, 150, 0]);
    assert_eq!(marks(&world).await, before);
}

pub(crate) async fn what_changed_is_updated_and_keeps_its_first_sight(world: World) {
    let table = world.table("companies");
    world.load(&(0..30).map(|n| company(n, 1)).collect::<Vec<_>>()).await;
    let seen = world.value(&format!("_first_seen_at FROM {table} WHERE id = '{}'", id(3))).await;
    let mixed: Vec<Value> = (0..40).map(|n| company(n, if n % 10 == 3 { 2 } else { 1 })).collect();
    assert_eq!(numbers(world.load(&mixed).await), [10, 3, 27, 0]);
    assert_eq!(
        world.value(&format!("name FROM {table} WHERE id = '{}'", id(3))).await.unwrap(),
        "Company 3 v2"
    );
    assert_eq!(world.value(&format!("_first_seen_at FROM {table} WHERE id = '{}'", id(3))).await, seen);
    assert_ne!(world.value(&format!("_synced_at FROM {table} WHERE id = '{}'", id(3))).await, seen);
}

pub(crate) async fn a_deleted_row_that_comes_back_is_live_again(world: World) {
    let table = world.table("companies");
    let records = [company(1, 1), company(2, 1)];
    world.load(&records).await;
    world.execute(&format!("UPDATE {table} SET _deleted_at = _synced_at WHERE id = '{}'", id(1))).await;
    assert_eq!(numbers(world.load(&records).await), [0, 1, 1, 0]);
    assert_eq!(world.value(&format!("count(_deleted_at) FROM {table}")).await.unwrap(), "0");
}

pub(crate) async fn a_key_in_two_batches_is_one_row(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let first: Vec<Value> = (0..20).map(|n| company(n, 1)).collect();
    let second: Vec<Value> = (15..40).map(|n| company(n, if n < 17 { 2 } else { 1 })).collect();
    assert_eq!(numbers(stream.write(&first, &state(1)).await.unwrap()), [20, 0, 0, 0]);
    assert_eq!(numbers(stream.write(&second, &state(2)).await.unwrap()), [20, 2, 3, 0]);
    assert_eq!(numbers(stream.write(&second, &state(3)).await.unwrap()), [0, 0, 25, 0]);
    // The same record twice in one batch, the later one meant.
    let twice = [company(50, 1), company(50, 2)];
    assert_eq!(numbers(stream.write(&twice, &state(4)).await.unwrap()), [1, 0, 0, 0]);
    let table = world.table("companies");
    assert_eq!(world.count(&table).await, 41);
    assert_eq!(
        world.value(&format!("name FROM {table} WHERE id = '{}'", id(50))).await.unwrap(),
        "Company 50 v2"
    );
}

pub(crate) async fn a_key_of_two_columns_tells_rows_apart(world: World) {
    let shape = Shape {
        name: "product stock".to_owned(),
        key: vec!["product".to_owned(), "place".to_owned()],
        schema: json!({"properties": {
            "product": {"type": "integer"}, "place": {"type": "string"}, "amount": {"type": "number"},
        }}),
        children: Vec::new(),
    };
    let stock = |product: u32, place: &str, amount: u32| json!({"product": product, "place": place, "amount": amount});
    let run = world.begin().await;
    let mut stream = run.open(&shape).await;
    let first = [stock(1, "it's \"here\"", 5), stock(1, "b,\\c{}", 6), stock(2, "it's \"here\"", 7)];
    assert_eq!(numbers(stream.write(&first, &state(1)).await.unwrap()), [3, 0, 0, 0]);
    let second = [stock(1, "it's \"here\"", 5), stock(1, "b,\\c{}", 60), stock(2, "b,\\c{}", 8)];
    assert_eq!(numbers(stream.write(&second, &state(2)).await.unwrap()), [1, 1, 1, 0]);
    assert_eq!(world.count(&world.table("product stock")).await, 4);
}

pub(crate) async fn a_new_field_adds_a_column(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    stream.write(&[company(1, 1), company(2, 1)], &state(1)).await.unwrap();
    let mut record = company(2, 2);
    record["rating"] = json!(4.5);
    record["limit"] = json!({"amount": 10.10, "currency": "EUR"});
    record["drop \"table\""] = json!([1]);
    record["seen_at"] = json!("2024-01-01T00:00:00Z");
    let written = stream.write(&[company(1, 1), record], &state(2)).await.unwrap();
    assert_eq!(numbers(written), [0, 1, 1, 0]);
    let table = world.table("companies");
    let value = |column: &str| format!("{column} FROM {table} WHERE id = '{}'", id(2));
    assert_eq!(world.value(&value("rating")).await.unwrap(), "4.5");
    assert_eq!(world.value(&value("limit_currency")).await.unwrap(), "EUR");
    assert_eq!(world.value(&value("\"drop \"\"table\"\"\"")).await.unwrap(), "[1]");
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();

    let run = world.begin().await;
    let stream = run.open(&companies()).await;
    assert_eq!(stream.existing_kind("rating"), Some(ColumnType::Number));
    assert_eq!(stream.existing_kind("seen_at"), Some(ColumnType::Timestamp));
    assert_eq!(stream.existing_kind("drop \"table\""), Some(ColumnType::Json));
}

pub(crate) async fn a_field_that_changes_its_case_does_no_harm(world: World) {
    let with = |field: &str| {
        let mut record = company(1, 1);
        record[field] = json!(field);
        [record]
    };
    world.load(&with("Rating")).await;
    assert_eq!(numbers(world.load(&with("rating")).await), [0, 1, 0, 0]);
    assert_eq!(numbers(world.load(&with("RATING")).await), [0, 1, 0, 0]);
}

pub(crate) async fn a_wide_table_is_written_and_updated(world: World) {
    let wide = |number: u32, version: u32| {
        let mut record = company(number, version);
        for field in 0..390 {
            record[format!("field_{field}")] = json!(format!("{field}/{version}"));
        }
        record
    };
    let records = |version| (0..300).map(|n| wide(n, version)).collect::<Vec<_>>();
    assert_eq!(numbers(world.load(&records(1)).await), [300, 0, 0, 0]);
    assert_eq!(numbers(world.load(&records(2)).await), [0, 300, 0, 0]);
    let table = world.table("companies");
    assert_eq!(
        world.value(&format!("count(*) FROM {table} WHERE field_389 = '389/2'")).await.unwrap(),
        "300"
    );
}

pub(crate) async fn a_value_that_does_not_fit_an_existing_column_stays_in_the_document(world: World) {
    world.load(&[company(1, 1)]).await;
    // A later release declares other types.
    let mut shape = companies();
    shape.schema["properties"]["size"] = json!({"type": "string"});
    shape.schema["properties"]["active"] = json!({"type": "array"});
    shape.schema["properties"]["born_on"] = json!({"type": "string"});
    let run = world.begin().await;
    let mut stream = run.open(&shape).await;
    // As if the decoder had not been told.
    let key = ["id"];
    let columns = connector_core::stream::Columns::from_schema(&shape.schema, &key);
    stream.decoder = connector_core::stream::RowDecoder::new(columns, &key);
    let records = [
        json!({"id": id(2), "name": "x", "size": "large", "active": [1], "born_on": "soon"}),
        json!({"id": id(3), "name": "y", "size": "17", "active": [], "born_on": "2024-01-02"}),
    ];
    assert_eq!(numbers(stream.write(&records, &state(2)).await.unwrap()), [2, 0, 0, 0]);
    let table = world.table("companies");
    let rows = world
        .rows(&format!(
            "SELECT CAST(size AS TEXT), CAST(active AS TEXT), CAST(born_on AS TEXT) FROM {table}
             WHERE name IN ('x', 'y') ORDER BY name"
        ))
        .await;
    assert_eq!(rows[0], [None, None, None]);
    assert_eq!(rows[1], [Some("17".to_owned()), None, Some("2024-01-02".to_owned())]);
}

pub(crate) async fn a_table_that_is_not_ours_is_refused(world: World) {
    let run = world.begin().await;
    if world.is_postgres() {
        world.execute("CREATE SCHEMA example").await;
    }
    let table = world.table("companies");
    world.execute(&format!("CREATE TABLE {table} (id text)")).await;
    let error = run.try_open(&companies()).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert_eq!(error.exit_code(), 78);
    assert!(error.message().contains("companies"), "{error}");
}

pub(crate) async fn a_dropped_or_emptied_table_is_read_anew(world: World) {
    let table = world.table("companies");
    for statement in [format!("DROP TABLE {table}"), format!("DELETE FROM {table}")] {
        world.load(&[company(1, 1)]).await;
        world.execute(&statement).await;
        let run = world.begin().await;
        let mut stream = run.open(&companies()).await;
        assert_eq!(stream.opened.state, StreamState::default());
        assert_eq!(numbers(stream.write(&[company(1, 1)], &state(1)).await.unwrap()), [1, 0, 0, 0]);
        drop(stream);
        run.finish(Status::Succeeded).await.unwrap();
    }
}

pub(crate) async fn a_dry_run_counts_and_writes_nothing(world: World) {
    world.load(&[company(1, 1), company(2, 1)]).await;
    let runs = world.count(&world.own("runs")).await;
    let before = marks(&world).await;
    let run = world.begin_dry().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(stream.opened.state, state(1));
    let mut changed = company(2, 2);
    changed["novel"] = json!(1);
    let written = stream.write(&[company(1, 1), changed, company(3, 1)], &state(9)).await.unwrap();
    assert_eq!(numbers(written), [1, 1, 1, 0]);
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();
    assert_eq!(marks(&world).await, before);
    assert_eq!(world.count(&world.own("runs")).await, runs);
    let run = world.begin().await;
    assert_eq!(run.open(&companies()).await.opened.state, state(1));
}

pub(crate) async fn a_dry_run_on_nothing_leaves_nothing(world: World) {
    let run = world.begin_dry().await;
    let mut stream = run.open(&companies()).await;
    let written = stream.write(&[company(1, 1)], &state(1)).await.unwrap();
    assert_eq!(numbers(written), [1, 0, 0, 0]);
    run.finish(Status::Succeeded).await.unwrap();
    assert_eq!(world.files(), Vec::<String>::new());
    if world.is_postgres() {
        let made = "count(*) FROM pg_namespace WHERE nspname IN ('connector', 'example')";
        assert_eq!(world.value(made).await.unwrap(), "0");
    }
}
