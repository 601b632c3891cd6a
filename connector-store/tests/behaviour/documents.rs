//! The layout `documents`: tables of an older tool, its own and new ones.

use std::collections::BTreeMap;

use connector_core::ErrorCode;
use connector_core::sync::{
    Batch, ChildTable, DocumentTable, DocumentTables, ParentQuery, Standing, Status, StreamState, Table,
    Written,
};
use connector_store::{DocumentOptions, SinkOptions};
use serde_json::{Value, json};

use crate::world::{Run, Shape, World, begin_in, companies, company, id, numbers, state};

const TABLES: DocumentTables = DocumentTables {
    key: "old_uuid",
    content: "old_content",
    kind: "old_type",
    prefix: "old_",
    named: &[DocumentTable { stream: "legacy_companies", table: "old_companies_then", kind: "companies" }],
};

fn named(names: &[(&str, &str)]) -> SinkOptions {
    let names: BTreeMap<String, String> =
        names.iter().map(|(stream, table)| ((*stream).to_owned(), (*table).to_owned())).collect();
    SinkOptions::new("example").documents(DocumentOptions { tables: TABLES, names })
}

async fn begin(world: &World) -> Run {
    begin_in(&world.store, named(&[]), "default", false).await.unwrap()
}

/// Writes companies in a run of their own.
async fn load(world: &World, records: &[Value]) -> Written {
    load_as(world, named(&[]), records).await
}

async fn load_as(world: &World, options: SinkOptions, records: &[Value]) -> Written {
    let run = begin_in(&world.store, options, "default", false).await.unwrap();
    let mut stream = run.open(&companies()).await;
    let written = stream.write(records, &state(1)).await.unwrap();
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();
    written
}

/// Makes the table as the older tool did, with rows of two companies.
async fn older_tool(world: &World, schema: &str, table: &str) {
    let insert = |table: &str, number: u32, content: &str| {
        format!(
            "INSERT INTO {table} (old_uuid, old_content, old_type, created_at, updated_at) VALUES
             ('{}', '{content}', 'companies', '2021-03-01 10:00:00+00', '2021-04-01 10:00:00+00')",
            id(number)
        )
    };
    // SQLite's file is made with the first run.
    world.begin().await.finish(Status::Succeeded).await.unwrap();
    let name = if world.is_postgres() {
        world.execute(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await;
        let name = format!("{schema}.{table}");
        world
            .execute(&format!(
                "CREATE TABLE {name} (id serial PRIMARY KEY, old_uuid uuid NOT NULL, old_content jsonb NOT NULL,
                 old_type varchar, created_at timestamptz NOT NULL DEFAULT now(),
                 updated_at timestamptz NOT NULL DEFAULT now(), CONSTRAINT what_they_called_it UNIQUE (old_uuid))"
            ))
            .await;
        name
    } else {
        world
            .execute(&format!(
                "CREATE TABLE {table} (id integer PRIMARY KEY, old_uuid uuid NOT NULL UNIQUE, old_content jsonb NOT NULL,
                 old_type varchar, created_at timestamptz, updated_at timestamptz)"
            ))
            .await;
        table.to_owned()
    };
    world.execute(&insert(&name, 1, &company(1, 1).to_string())).await;
    world.execute(&insert(&name, 2, "{\"id\": \"before\", \"name\": \"it''s old\"}")).await;
}

/// Id, content, type, and the two instants of each row.
async fn rows(world: &World, table: &str) -> Vec<Vec<Option<String>>> {
    let query = format!(
        "SELECT CAST(old_uuid AS TEXT), CAST(old_content AS TEXT), old_type, CAST(created_at AS TEXT),
         CAST(updated_at AS TEXT), CAST(id AS TEXT) FROM {table} ORDER BY 1"
    );
    world.rows(&query).await
}

pub(crate) async fn a_new_table_is_that_of_the_older_tool(world: World) {
    let records: Vec<Value> = (0..250).map(|n| company(n, 1)).collect();
    assert_eq!(numbers(load(&world, &records).await), [250, 0, 0, 0]);
    let table = world.table("old_companies");
    let found = rows(&world, &table).await;
    assert_eq!(found.len(), 250);
    for (row, record) in found.iter().zip(&records) {
        assert_eq!(row[0].as_deref(), record["id"].as_str());
        assert_eq!(serde_json::from_str::<Value>(row[1].as_ref().unwrap()).unwrap(), *record);
        assert_eq!(row[2].as_deref(), Some("companies"));
        assert!(row[3].is_some() && row[3] == row[4], "{row:?}");
    }
    // What the older tool itself would send.
    let (content, now) = if world.is_postgres() { ("'{}'::jsonb", "now()") } else { ("'{}'", "'later'") };
    world
        .execute(&format!(
            "INSERT INTO {table} (old_uuid, old_type, old_content) VALUES ('{}', 'companies', {content})
             ON CONFLICT (old_uuid) DO UPDATE SET old_content = excluded.old_content, updated_at = {now}",
            id(3)
        ))
        .await;
    world
        .execute(&format!("INSERT INTO {table} (old_uuid, old_content) VALUES ('{}', '{{}}')", id(900)))
        .await;
    let added = &rows(&world, &table).await[250];
    assert!(added[3].is_some() && added[4].is_some(), "{added:?}");
    if world.is_postgres() {
        let types = world
            .rows(
                "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
                 FROM pg_attribute WHERE attrelid = 'example.old_companies'::regclass AND attnum > 0",
            )
            .await;
        let wanted = "id integer, old_uuid uuid, old_content jsonb, old_type character varying, \
             created_at timestamp with time zone, updated_at timestamp with time zone";
        assert_eq!(types[0][0].as_deref(), Some(wanted));
        let constraint = "count(*) FROM pg_constraint WHERE conname = 'old_companies_constraint_key'";
        assert_eq!(world.value(constraint).await.unwrap(), "1");
    }
}

pub(crate) async fn a_table_of_the_older_tool_is_written_on(world: World) {
    let (schema, options) = if world.is_postgres() {
        ("shared", named(&[("companies", "shared.tl companies")]))
    } else {
        ("", named(&[("companies", "tl companies")]))
    };
    older_tool(&world, schema, "\"tl companies\"").await;
    let table = if world.is_postgres() { "shared.\"tl companies\"" } else { "\"tl companies\"" };
    let before = rows(&world, table).await;
    let records = [company(1, 1), company(2, 1), company(3, 1)];
    assert_eq!(numbers(load_as(&world, options.clone(), &records).await), [1, 1, 1, 0]);
    let after = rows(&world, table).await;
    assert_eq!(after[0], before[0], "a row whose content is the same was rewritten");
    assert_eq!((&after[1][0], &after[1][3], &after[1][5]), (&before[1][0], &before[1][3], &before[1][5]));
    assert_ne!(after[1][4], before[1][4]);
    assert_eq!(serde_json::from_str::<Value>(after[1][1].as_ref().unwrap()).unwrap(), records[1]);
    assert_eq!(after[2][5].as_deref(), Some("3"), "numbers go on where they were");

    let run = begin_in(&world.store, options, "default", false).await.unwrap();
    assert_eq!(run.open(&companies()).await.opened.state, state(1));
    drop(run);
    let made = world.rows(&format!("SELECT 'x' FROM {table} WHERE old_uuid = '{}'", id(1))).await;
    assert_eq!(made.len(), 1);
}

pub(crate) async fn only_content_that_changed_is_rewritten(world: World) {
    let records: Vec<Value> = (0..30).map(|n| company(n, 1)).collect();
    load(&world, &records).await;
    let table = world.table("old_companies");
    let before = rows(&world, &table).await;
    assert_eq!(numbers(load(&world, &records).await), [0, 0, 30, 0]);
    assert_eq!(rows(&world, &table).await, before);

    let mut changed = records.clone();
    changed[7] = company(7, 2);
    changed[8]["novel"] = json!({"a": [1, null]});
    assert_eq!(numbers(load(&world, &changed).await), [0, 2, 28, 0]);
    let after = rows(&world, &table).await;
    for (at, (old, new)) in before.iter().zip(&after).enumerate() {
        if [7, 8].contains(&at) {
            assert_eq!((&old[3], &old[5]), (&new[3], &new[5]));
            assert!(old[4] != new[4] && old[1] != new[1], "{old:?} {new:?}");
        } else {
            assert_eq!(old, new);
        }
    }
    // A page that overlaps the one before, in a first load.
    world.execute(&format!("DELETE FROM {table}")).await;
    let run = begin(&world).await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(numbers(stream.write(&records[..20], &state(2)).await.unwrap()), [20, 0, 0, 0]);
    assert_eq!(numbers(stream.write(&records[10..], &state(3)).await.unwrap()), [10, 0, 10, 0]);
}

pub(crate) async fn a_document_that_the_database_refuses_stands_alone(world: World) {
    load(&world, &[company(900, 1)]).await;
    let table = world.table("old_companies");
    let (index, name) = if world.is_postgres() {
        ("one_name", "(old_content ->> 'name')")
    } else {
        ("one_name", "json_extract(old_content, '$.name')")
    };
    world.execute(&format!("CREATE UNIQUE INDEX {index} ON {table} ({name})")).await;
    let mut records: Vec<Value> = (0..100).map(|n| company(n, 1)).collect();
    records[20]["name"] = json!("Company 900 v1");
    records[50]["name"] = json!("nul \u{0} inside");
    for round in 0..2 {
        let written = load(&world, &records).await;
        let expected = if round == 0 { [99, 0, 0, 1] } else { [0, 0, 99, 1] };
        assert_eq!(numbers(written), expected);
        assert_eq!(written.adjusted, u64::from(round == 0 && world.is_postgres()));
        assert_eq!(world.count(&table).await, 100);
    }
    let rejects = world.rows(&format!("SELECT key, stream FROM {}", world.own("rejects"))).await;
    assert_eq!(rejects, [[Some(id(20)), Some("companies@old_companies".to_owned())]]);
}

pub(crate) async fn the_layouts_have_states_of_their_own(world: World) {
    load(&world, &[company(1, 1)]).await;
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(stream.opened.state, StreamState::default());
    stream.write(&[company(1, 1)], &state(7)).await.unwrap();
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();

    let run = begin(&world).await;
    assert_eq!(run.open(&companies()).await.opened.state, state(1));
    run.finish(Status::Succeeded).await.unwrap();
    // Another table is another read, even where there are rows.
    let other = named(&[("companies", "old_elsewhere")]);
    older_tool(&world, "example", "old_elsewhere").await;
    let run = begin_in(&world.store, other, "default", false).await.unwrap();
    assert_eq!(run.open(&companies()).await.opened.state, StreamState::default());
}

pub(crate) async fn a_table_of_another_shape_is_refused_and_untouched(world: World) {
    let run = begin(&world).await;
    if world.is_postgres() {
        world.execute("CREATE SCHEMA example").await;
    }
    let table = world.table("old_companies");
    let own = "old_content jsonb, old_type varchar, created_at timestamptz, updated_at timestamptz";
    for (columns, wrong) in [
        ("id serial".to_owned(), "no column old_uuid"),
        (format!("id serial, old_uuid uuid, {own}"), "no unique key on old_uuid"),
        (format!("id text, old_uuid uuid UNIQUE, {own}"), "id of type text"),
        (format!("id integer NOT NULL, old_uuid uuid UNIQUE, {own}"), "id that does not count"),
        (format!("id serial, more text NOT NULL, old_uuid uuid UNIQUE, {own}"), "more that every row"),
    ] {
        let counts = if world.is_postgres() { "serial" } else { "integer PRIMARY KEY" };
        let columns = columns.replace("id serial", &format!("id {counts}"));
        world.execute(&format!("CREATE TABLE {table} ({columns})")).await;
        let error = run.try_open(&companies()).await.err().unwrap();
        assert_eq!((error.code(), error.exit_code()), (ErrorCode::Conflict, 78), "{columns}");
        assert!(error.message().contains("old_companies") && error.message().contains(wrong), "{error}");
        assert_eq!(world.count(&table).await, 0);
        world.execute(&format!("DROP TABLE {table}")).await;
    }
}

pub(crate) async fn a_stream_that_does_not_fit_is_refused_by_name(world: World) {
    let run = begin(&world).await;
    let shape = |name: &str, key: &[&str], id: Value| Shape {
        name: name.to_owned(),
        key: key.iter().map(|key| (*key).to_owned()).collect(),
        children: Vec::new(),
        schema: json!({"properties": {"id": id, "other": {"type": "string", "format": "uuid"}}}),
    };
    for shape in [
        shape("texts", &["id"], json!({"type": "string"})),
        shape("pairs", &["id", "other"], json!({"type": "string", "format": "uuid"})),
    ] {
        let error = run.try_open(&shape).await.err().unwrap();
        assert_eq!(error.exit_code(), 64);
        assert!(error.message().contains(&shape.name), "{error}");
    }
    let mut columns =
        connector_core::stream::Columns::from_schema(&companies().schema, &["id"]).as_slice().to_vec();
    columns.truncate(1);
    let child = ChildTable {
        name: "companies_tags".to_owned(),
        parent_key: vec!["company_id".to_owned()],
        columns: Vec::new(),
        path: vec!["tags".to_owned()],
    };
    let table =
        Table { name: "companies".to_owned(), key: vec!["id".to_owned()], columns, children: vec![child] };
    assert_eq!(run.run.open_stream(&table).await.err().unwrap().exit_code(), 64);
    if !world.is_postgres() {
        run.finish(Status::Failed).await.unwrap();
        let options = named(&[("companies", "shared.companies")]);
        let error = begin_in(&world.store, options, "default", false).await.err().unwrap();
        assert!(error.message().contains("companies"), "{error}");
    }
}

pub(crate) async fn a_dry_run_of_documents_writes_nothing(world: World) {
    let run = begin_in(&world.store, named(&[]), "default", true).await.unwrap();
    let mut stream = run.open(&companies()).await;
    assert_eq!(numbers(stream.write(&[company(1, 1)], &state(1)).await.unwrap()), [1, 0, 0, 0]);
    assert_eq!(world.files(), Vec::<String>::new());
    load(&world, &[company(1, 1), company(2, 1)]).await;
    let before = rows(&world, &world.table("old_companies")).await;
    let run = begin_in(&world.store, named(&[]), "default", true).await.unwrap();
    let mut stream = run.open(&companies()).await;
    assert_eq!(stream.opened.state, state(1));
    let records = [company(1, 1), company(2, 2), company(3, 1)];
    assert_eq!(numbers(stream.write(&records, &state(9)).await.unwrap()), [1, 1, 1, 0]);
    assert_eq!(rows(&world, &world.table("old_companies")).await, before);
}

pub(crate) async fn documents_are_counted_by_status(world: World) {
    load(&world, &[company(1, 1), company(2, 1)]).await;
    let streams = world.store.streams("example").await.unwrap();
    assert_eq!(streams[0].stream, "companies@old_companies");
    assert_eq!((streams[0].rows, streams[0].deleted), (Some(2), Some(0)));
}

pub(crate) async fn documents_are_read_back_in_pages(world: World) {
    let options = DocumentOptions { tables: TABLES, names: BTreeMap::new() };
    let page = async |after: Option<&str>| {
        world.store.whole_documents("example", &options, "companies", after, 7).await.unwrap()
    };
    assert!(page(None).await.is_empty(), "there is no table yet");
    let records: Vec<Value> = (0..20).rev().map(|n| company(n, 1)).collect();
    load(&world, &records).await;
    let mut keys: Vec<String> = Vec::new();
    loop {
        let next = page(keys.last().map(String::as_str)).await;
        let Some(first) = next.first() else { break };
        let record: Value = serde_json::from_str(&first.document).unwrap();
        assert_eq!(record["id"].as_str(), Some(first.key.as_str()));
        keys.extend(next.into_iter().map(|document| document.key));
    }
    assert_eq!(keys, (0..20).map(id).collect::<Vec<_>>());
}

pub(crate) async fn parents_are_found_in_documents(world: World) {
    let run = begin(&world).await;
    let query = |column: &str, only: Option<(&str, &str)>| ParentQuery {
        table: "companies".to_owned(),
        id: column.to_owned(),
        only: only.map(|(column, value)| (column.to_owned(), value.to_owned())),
        after: None,
        most: 4,
    };
    let all = async |mut query: ParentQuery| {
        let mut ids = Vec::new();
        loop {
            let page = run.run.parents(&query).await.unwrap();
            let Some(last) = page.last() else { return ids };
            query.after = Some(last.mark.clone());
            ids.extend(page.into_iter().map(|parent| parent.id));
        }
    };
    assert!(all(query("id", None)).await.is_empty(), "there is no table yet");
    let mut stream = run.open(&companies()).await;
    let records = |numbers: std::ops::Range<u32>| numbers.map(|n| company(n, 1)).collect::<Vec<_>>();
    stream.write(&records(10..20), &state(1)).await.unwrap();
    stream.write(&records(0..10), &state(2)).await.unwrap();
    let in_order: Vec<String> = (10..20).chain(0..10).map(id).collect();
    assert_eq!(all(query("id", None)).await, in_order);
    assert_eq!(all(query("id", Some(("name", "Company 7 v1")))).await, [id(7)]);
    assert_eq!(all(query("id", Some(("owner_id", &id(7))))).await.len(), 20);
    assert_eq!(all(query("id", Some(("owner_type", "nobody")))).await, Vec::<String>::new());
    assert_eq!(all(query("owner_id", None)).await[0], id(7));
}

pub(crate) async fn a_deleted_record_takes_its_row_along(world: World) {
    load(&world, &(0..5).map(|n| company(n, 1)).collect::<Vec<_>>()).await;
    let deleting = |batch: &mut Batch| {
        for key in [id(1), id(3), id(3), id(77), "no uuid".to_owned()] {
            batch.push_deleted(key);
        }
    };
    let run = begin_in(&world.store, named(&[]), "default", true).await.unwrap();
    let mut stream = run.open(&companies()).await;
    let mut batch = stream.batch(&[company(3, 2)]);
    deleting(&mut batch);
    let written = stream.opened.writer.write(batch, &state(2)).await.unwrap();
    assert_eq!((written.deleted, written.updated), (1, 1));
    assert_eq!(world.count(&world.table("old_companies")).await, 5);

    let run = begin(&world).await;
    let mut stream = run.open(&companies()).await;
    let mut batch = stream.batch(&[company(3, 2)]);
    deleting(&mut batch);
    let written = stream.opened.writer.write(batch, &state(2)).await.unwrap();
    assert_eq!((written.deleted, written.updated), (1, 1));
    let left: Vec<_> =
        rows(&world, &world.table("old_companies")).await.into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(left, [0, 2, 3, 4].map(|n| Some(id(n))));
}

pub(crate) async fn contents_of_documents_are_compared(world: World) {
    let mut records: Vec<Value> = (0..9).map(|n| company(n, 1)).collect();
    records[5]["name"] = json!("nul \u{0} inside");
    load(&world, &records).await;
    let table = world.table("old_companies");
    let change = |number: u32| {
        let content = company(number, 2);
        format!("UPDATE {table} SET old_content = '{content}' WHERE old_uuid = '{}'", id(number))
    };
    world.execute(&change(2)).await;
    world.execute(&format!("DELETE FROM {table} WHERE old_uuid = '{}'", id(3))).await;
    let run = begin(&world).await;
    let mut stream = run.open(&companies()).await;
    let batch = stream.batch(&records);
    let standings = stream.opened.writer.compare_contents(&batch).await.unwrap();
    let mut expected = [Standing::Same; 9];
    (expected[2], expected[3]) = (Standing::Different, Standing::Missing);
    assert_eq!(standings, expected);
}

pub(crate) async fn a_table_in_a_schema_of_its_own_is_shared_from_any(world: World) {
    if !world.is_postgres() {
        return;
    }
    let options = |schema: &str| {
        let names = BTreeMap::from([("companies".to_owned(), "shared.companies".to_owned())]);
        SinkOptions::new(schema).documents(DocumentOptions { tables: TABLES, names })
    };
    let run = begin_in(&world.store, options("one"), "default", false).await.unwrap();
    run.open(&companies()).await.write(&[company(1, 1)], &state(1)).await.unwrap();
    let run = begin_in(&world.store, options("two"), "other", false).await.unwrap();
    let opened = run.open(&companies()).await.opened;
    assert_eq!((opened.shared_with.as_deref(), opened.state), (Some("default"), StreamState::default()));
}

pub(crate) async fn keys_and_standings_of_documents_are_told(world: World) {
    let run = begin(&world).await;
    let mut stream = run.open(&companies()).await;
    let mut records: Vec<Value> = (0..9).map(|n| company(n, 1)).collect();
    records[4]["owner"] = json!({"type": "user", "id": id(8)});
    stream.write(&records, &state(1)).await.unwrap();
    let batch = stream.batch(&[company(20, 1), company(2, 2), company(1, 1)]);
    let standings = stream.opened.writer.compare(&batch).await.unwrap();
    assert_eq!(standings, [Standing::Missing, Standing::Different, Standing::Same]);

    let writer = &mut stream.opened.writer;
    assert_eq!(writer.live_keys(&[], None, 3).await.unwrap(), [id(0), id(1), id(2)]);
    assert_eq!(writer.live_keys(&[], Some(&id(6)), 10).await.unwrap(), [id(7), id(8)]);
    let owner = |number| [("owner_id".to_owned(), id(number)), ("owner_type".to_owned(), "user".to_owned())];
    assert_eq!(writer.live_keys(&owner(8), None, 10).await.unwrap(), [id(4)]);
    assert_eq!(writer.live_keys(&owner(7), Some(&id(2)), 2).await.unwrap(), [id(3), id(5)]);
    let absent = [("absent".to_owned(), "x".to_owned())];
    assert_eq!(writer.live_keys(&absent, None, 10).await.unwrap(), Vec::<String>::new());
}
