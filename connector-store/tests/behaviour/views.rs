//! Views that show custom fields as columns.

use connector_core::ErrorCode;
use connector_core::stream::ColumnType;
use connector_core::sync::{CustomFieldColumn, CustomFieldView, Status};
use serde_json::{Value, json};

use crate::world::{Shape, World, id};

fn shape() -> Shape {
    Shape {
        name: "companies".to_owned(),
        key: vec!["id".to_owned()],
        schema: json!({"properties": {
            "id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}, "fields": {"type": "array"},
        }}),
    }
}

fn column(name: &str, definition: u32, kind: ColumnType) -> CustomFieldColumn {
    CustomFieldColumn { name: name.to_owned(), definition: id(definition), kind, member: None }
}

fn view(columns: Vec<CustomFieldColumn>) -> CustomFieldView {
    CustomFieldView {
        name: "companies_with \"custom\" fields".to_owned(),
        table: "companies".to_owned(),
        source: "fields".to_owned(),
        columns,
    }
}

/// A column of each kind, and what is shown of these values in it, in the words of PostgreSQL.
fn columns() -> Vec<CustomFieldColumn> {
    vec![
        column("a text", 1, ColumnType::Text),
        column("number", 2, ColumnType::Number),
        column("is \"it\"", 3, ColumnType::Boolean),
        column("day", 4, ColumnType::Date),
        column("at", 5, ColumnType::Timestamp),
        column("choices", 6, ColumnType::Json),
        column("uuid", 7, ColumnType::Uuid),
        CustomFieldColumn { member: Some("amount"), ..column("money", 8, ColumnType::Number) },
        CustomFieldColumn { member: Some("id"), ..column("relation", 9, ColumnType::Text) },
    ]
}

fn company(number: u32, values: &[(u32, Value)]) -> Value {
    let field = |(definition, value): &(u32, Value)| json!({"definition": {"type": "x", "id": id(*definition)}, "value": value});
    json!({"id": id(number), "name": "n", "fields": values.iter().map(field).collect::<Vec<_>>()})
}

async fn load(world: &World, records: &[Value]) {
    let run = world.begin().await;
    let mut stream = run.open(&shape()).await;
    stream.write(records, &crate::world::state(1)).await.unwrap();
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();
}

async fn make(world: &World, view: &CustomFieldView) -> connector_core::Result<bool> {
    let run = world.begin().await;
    let made = run.run.create_view(view).await;
    run.finish(Status::Succeeded).await.unwrap();
    made
}

async fn shown(world: &World, number: u32, name: &str) -> Option<String> {
    let table = world.table(&view(Vec::new()).name.replace('"', "\"\""));
    world.value(&format!("\"{name}\" FROM {table} WHERE id = '{}'", id(number))).await
}

pub(crate) async fn a_custom_field_is_a_column_of_its_type(world: World) {
    let cases: Vec<(&str, u32, Value, Option<&str>)> = vec![
        ("a text", 1, json!("it's \"so\" \\ {"), Some("it's \"so\" \\ {")),
        ("a text", 1, json!(""), Some("")),
        ("a text", 1, json!(12.5), Some("12.5")),
        ("a text", 1, json!(true), Some("true")),
        ("a text", 1, json!(null), None),
        ("a text", 1, json!(["0"]), Some("[\"0\"]")),
        ("number", 2, json!(12.25), Some("12.25")),
        ("number", 2, json!("-7"), Some("-7")),
        ("number", 2, json!("7 pieces"), None),
        ("number", 2, json!("1-2"), None),
        ("number", 2, json!(""), None),
        ("number", 2, json!(true), None),
        ("number", 2, json!([1]), None),
        ("number", 2, json!({"amount": 1}), None),
        ("is \"it\"", 3, json!(true), Some("true")),
        ("is \"it\"", 3, json!("false"), Some("false")),
        ("is \"it\"", 3, json!("maybe"), None),
        ("is \"it\"", 3, json!(2), None),
        ("day", 4, json!("2024-02-29"), Some("2024-02-29")),
        ("day", 4, json!("2023-02-29"), None),
        ("day", 4, json!("2023-12-31"), Some("2023-12-31")),
        ("day", 4, json!("2023-13-01"), None),
        ("day", 4, json!("31/12/2023"), None),
        ("day", 4, json!("now"), None),
        ("day", 4, json!(2_460_000.5), None),
        ("at", 5, json!("2024-05-01T10:00:00+02:00"), Some("2024-05-01T08:00:00Z")),
        ("at", 5, json!("2024-05-01T25:00:00+02:00"), None),
        ("at", 5, json!("2024-02-30T10:00:00Z"), None),
        ("at", 5, json!("tomorrow"), None),
        ("choices", 6, json!(["a", "b"]), Some("[\"a\",\"b\"]")),
        ("choices", 6, json!("a"), Some("\"a\"")),
        ("uuid", 7, json!(id(77)), Some("00000000-0000-0000-0000-000000000077")),
        ("uuid", 7, json!("77"), None),
        ("money", 8, json!({"amount": 10.5, "currency": "EUR"}), Some("10.5")),
        ("money", 8, json!({"amount": "much", "currency": "EUR"}), None),
        ("money", 8, json!(3), Some("3")),
        ("relation", 9, json!({"type": "user", "id": id(3)}), Some("00000000-0000-0000-0000-000000000003")),
        ("relation", 9, json!("plain"), Some("plain")),
    ];
    let numbered = (0..).zip(&cases);
    let records: Vec<Value> = numbered
        .clone()
        .map(|(number, (_, field, value, _))| company(number, &[(50, json!("x")), (*field, value.clone())]))
        .collect();
    load(&world, &records).await;
    assert!(make(&world, &view(columns())).await.unwrap());
    for (number, (name, _, value, expected)) in numbered {
        let found = shown(&world, number, &name.replace('"', "\"\"")).await;
        let is_boolean = *name == "is \"it\"";
        let found = found.map(|found| match (*name, found.as_str()) {
            ("at", _) => found.replace("2024-05-01 08:00:00+00", "2024-05-01T08:00:00Z"),
            (_, "1") if is_boolean => "true".to_owned(),
            (_, "0") if is_boolean => "false".to_owned(),
            ("choices", _) => found.replace(", ", ","),
            _ => found,
        });
        assert_eq!(found.as_deref(), *expected, "{name} of {value}");
    }
}

pub(crate) async fn no_content_makes_a_view_fail(world: World) {
    let odd = [
        json!([]),
        json!({}),
        json!("text"),
        json!([1, "a", null, [], {}]),
        json!([{"definition": 5, "value": 1}, {"definition": {"id": null}, "value": 2}, {"value": 3}]),
        json!([{"definition": {"id": id(1)}}, {"definition": {"id": 7}, "value": 7}]),
        json!([{"definition": {"id": id(1)}, "value": "first"}, {"definition": {"id": id(1)}, "value": "second"}]),
        json!(null),
    ];
    let records: Vec<Value> = (0..)
        .zip(&odd)
        .map(|(number, fields)| json!({"id": id(number), "name": "n", "fields": fields}))
        .collect();
    load(&world, &records).await;
    make(&world, &view(columns())).await.unwrap();
    let table = world.table(&view(Vec::new()).name.replace('"', "\"\""));
    let rows =
        world.rows(&format!("SELECT CAST(\"a text\" AS TEXT), CAST(number AS TEXT) FROM {table}")).await;
    assert_eq!(rows.len(), odd.len());
    assert_eq!(rows.iter().filter(|row| row[0].is_some()).count(), 1, "{rows:?}");
}

pub(crate) async fn a_view_is_made_anew_only_when_it_changes(world: World) {
    load(&world, &[company(1, &[(1, json!("one")), (2, json!(2))])]).await;
    let mut all = columns();
    assert!(make(&world, &view(all.clone())).await.unwrap());
    assert!(!make(&world, &view(all.clone())).await.unwrap());
    all.push(column("one more", 2, ColumnType::Text));
    assert!(make(&world, &view(all.clone())).await.unwrap());
    assert_eq!(shown(&world, 1, "one more").await.as_deref(), Some("2"));
    all.remove(0);
    all[0].kind = ColumnType::Text;
    let run = world.begin_dry().await;
    assert!(run.run.create_view(&view(all.clone())).await.unwrap());
    assert!(shown(&world, 1, "a text").await.is_some(), "a dry run changes nothing");
    assert!(make(&world, &view(all.clone())).await.unwrap());
    assert_eq!(shown(&world, 1, "number").await.as_deref(), Some("2"));
    assert!(!make(&world, &view(all.clone())).await.unwrap());
    // A column of the table is one of the view.
    world.execute(&format!("ALTER TABLE {} ADD COLUMN novel text", world.table("companies"))).await;
    assert!(make(&world, &view(all.clone())).await.unwrap());
    assert_eq!(shown(&world, 1, "novel").await, None);
    world.execute(&format!("DROP VIEW {}", world.table(&view(Vec::new()).name.replace('"', "\"\"")))).await;
    assert!(make(&world, &view(all)).await.unwrap());
}

pub(crate) async fn what_has_the_name_and_is_not_ours_stays(world: World) {
    load(&world, &[company(1, &[])]).await;
    let name = world.table(&view(Vec::new()).name.replace('"', "\"\""));
    for (kind, content) in [("TABLE", "(a text)"), ("VIEW", "AS SELECT 'mine' AS a")] {
        world.execute(&format!("CREATE {kind} {name} {content}")).await;
        let error = make(&world, &view(columns())).await.unwrap_err();
        assert_eq!((error.code(), error.app_code()), (ErrorCode::Conflict, Some("store.view_name_taken")));
        assert!(error.message().contains("custom"), "{error}");
        world.execute(&format!("SELECT a FROM {name}")).await;
        world.execute(&format!("DROP {kind} {name}")).await;
    }
}

pub(crate) async fn what_is_built_on_a_view_is_not_lost(world: World) {
    load(&world, &[company(1, &[(2, json!(2))])]).await;
    make(&world, &view(columns())).await.unwrap();
    let name = world.table(&view(Vec::new()).name.replace('"', "\"\""));
    let report = world.table("my_report");
    world.execute(&format!("CREATE VIEW {report} AS SELECT number FROM {name}")).await;
    // More columns at the end are in no one's way.
    let mut more = columns();
    more.push(column("more", 10, ColumnType::Text));
    assert!(make(&world, &view(more)).await.unwrap());
    let fewer = make(&world, &view(columns())).await;
    if world.is_postgres() {
        let error = fewer.unwrap_err();
        assert_eq!((error.code(), error.app_code()), (ErrorCode::Conflict, Some("store.view_in_use")));
        assert!(error.message().contains("my_report"), "{error}");
    } else {
        assert!(fewer.unwrap(), "a view of SQLite finds others by their names");
    }
    assert_eq!(world.value(&format!("number FROM {report}")).await.as_deref(), Some("2"));
}

pub(crate) async fn a_view_needs_its_table_and_room_for_its_columns(world: World) {
    let dry = world.begin_dry().await;
    assert!(dry.run.create_view(&view(columns())).await.unwrap());
    assert!(world.files().is_empty());
    let error = make(&world, &view(columns())).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    load(&world, &[company(1, &[(1_000, json!("x"))])]).await;
    let twice = view(vec![column("name", 1, ColumnType::Text)]);
    assert_eq!(make(&world, &twice).await.unwrap_err().code(), ErrorCode::Conflict);
    let wide = view((0..1_700).map(|n| column(&format!("c{n}"), n, ColumnType::Text)).collect());
    assert!(make(&world, &wide).await.unwrap());
    assert_eq!(shown(&world, 1, "c1000").await.as_deref(), Some("x"));
}
