//! What holds for every row of the table.

use std::collections::BTreeSet;

use connector_core::stream::{Column, ColumnType, Columns};
use serde_json::Value;

use super::*;

fn schema(resource: &Resource) -> Value {
    (resource.record)(&mut SchemaGenerator::default()).to_value()
}

/// Columns that follow from the records.
fn columns(resource: &Resource) -> Vec<Column> {
    Columns::from_schema(&schema(resource), resource.key).as_slice().to_vec()
}

/// All columns of the table: those of the records and those that the request gives.
fn column_names(resource: &Resource) -> BTreeSet<String> {
    let parents = resource.parents.iter().flat_map(|parent| match parent.entity {
        None => vec![parent.column.to_owned()],
        Some(_) => vec![format!("{}_type", parent.column), format!("{}_id", parent.column)],
    });
    columns(resource).into_iter().map(|column| column.name).chain(parents).collect()
}

fn row(stream: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.stream == stream)
}

fn position(stream: &str) -> Option<usize> {
    RESOURCES.iter().position(|resource| resource.stream == stream)
}

fn filter_of(resource: &Resource, name: &str) -> Option<FilterKind> {
    resource.filters.iter().find(|filter| filter.name == name).map(|filter| filter.kind)
}

/// Asserts that no two rows give the same.
fn assert_unique(what: &str, values: impl Iterator<Item = String>) {
    let mut seen = BTreeSet::new();
    for value in values {
        assert!(seen.insert(value.clone()), "two rows have the {what} {value}");
    }
}

#[test]
fn every_list_of_teamleader_has_one_row() {
    assert_eq!(RESOURCES.len(), 63);
    assert_unique("stream", RESOURCES.iter().map(|resource| resource.stream.to_owned()));
    assert_unique("singular", RESOURCES.iter().map(|resource| resource.singular.to_owned()));
    assert_unique("address", RESOURCES.iter().map(|row| format!("{}.{}", row.path, row.action)));
    assert_unique("entity", RESOURCES.iter().filter_map(|resource| resource.entity).map(str::to_owned));
}

#[test]
fn every_key_is_a_column_and_comes_first_where_it_is_a_field() {
    for resource in RESOURCES {
        let names = column_names(resource);
        for key in resource.key {
            assert!(names.contains(*key), "{}: {key}", resource.stream);
        }
        let schema = schema(resource);
        let fields = resource.key.iter().filter(|key| schema["properties"].get(**key).is_some());
        let columns = columns(resource);
        for (key, column) in fields.zip(&columns) {
            assert_eq!(column.name, *key, "{}", resource.stream);
        }
        assert!(names.len() > resource.key.len() || resource.stream == "tags", "{}", resource.stream);
    }
}

/// Fields of the record that the key is made of: a relation gives two columns, and the request gives some keys.
fn key_fields(resource: &Resource) -> BTreeSet<&'static str> {
    let schema = schema(resource);
    let is_field = |name: &str| schema["properties"].get(name).is_some();
    let relation = |key: &'static str| key.strip_suffix("_id").or_else(|| key.strip_suffix("_type"));
    let field = |key: &'static str| Some(key).filter(|key| is_field(key)).or_else(|| relation(key));
    let given: BTreeSet<_> = resource.parents.iter().map(|parent| parent.column).collect();
    let keys = resource.key.iter().filter(|key| !given.contains(**key));
    keys.filter_map(|key| field(key)).filter(|field| is_field(field)).collect()
}

#[test]
fn only_the_key_is_required() {
    for resource in RESOURCES {
        let schema = schema(resource);
        let required: BTreeSet<_> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(required, key_fields(resource), "{}", resource.stream);
    }
}

#[test]
fn required_filters_are_given_by_parents_values_or_a_window() {
    for resource in RESOURCES {
        let parents = resource.parents.iter().map(|parent| parent.filter);
        let each = resource.each.iter().map(|each| each.filter);
        let window = resource.window.iter().flat_map(|window| [Some(window.from), window.until]).flatten();
        let given: BTreeSet<_> = parents.chain(each).chain(window).collect();
        for required in resource.filters.iter().filter(|filter| filter.required) {
            assert!(given.contains(required.name), "{}: {}", resource.stream, required.name);
        }
        for name in given {
            assert!(filter_of(resource, name).is_some(), "{}: no filter {name}", resource.stream);
        }
    }
}

#[test]
fn parents_are_streams_that_are_read_before_and_have_what_the_request_needs() {
    for resource in RESOURCES {
        for parent in resource.parents {
            let (stream, name) = (resource.stream, parent.stream);
            let found = row(name).unwrap_or_else(|| panic!("{stream} hangs on {name}, which is no stream"));
            assert!(position(name) < position(stream), "{stream} is read before {name}");
            let columns = column_names(found);
            assert!(columns.contains(parent.id), "{name} has no column {}", parent.id);
            if let Some((column, _)) = parent.only {
                assert!(columns.contains(column), "{name} has no column {column}");
            }
        }
    }
}

#[test]
fn parents_fit_the_filter_that_takes_them() {
    for resource in RESOURCES {
        for parent in resource.parents {
            match filter_of(resource, parent.filter) {
                Some(FilterKind::Id | FilterKind::Ids) => {
                    assert_eq!(parent.entity, None, "{}", resource.stream);
                }
                Some(FilterKind::Relation(types)) => {
                    let entity = parent.entity.unwrap_or_default();
                    assert!(types.contains(&entity), "{}: {entity}", resource.stream);
                }
                other => panic!("{}: {other:?} takes no parent", resource.stream),
            }
        }
    }
}

#[test]
fn every_type_of_parent_that_a_filter_takes_is_read() {
    for resource in RESOURCES.iter().filter(|resource| !resource.parents.is_empty()) {
        let filter = resource.parents[0].filter;
        if let Some(FilterKind::Relation(types)) = filter_of(resource, filter) {
            let read: BTreeSet<_> = resource.parents.iter().filter_map(|parent| parent.entity).collect();
            assert_eq!(read, types.iter().copied().collect(), "{}", resource.stream);
        }
    }
}

#[test]
fn values_that_are_asked_for_in_turn_are_all_that_the_filter_takes() {
    for resource in RESOURCES {
        let Some(each) = resource.each else {
            continue;
        };
        match filter_of(resource, each.filter) {
            Some(FilterKind::OneOf(values)) => assert_eq!(values, each.values, "{}", resource.stream),
            Some(FilterKind::Text) => assert!(!each.values.is_empty(), "{}", resource.stream),
            other => panic!("{}: {other:?}", resource.stream),
        }
        assert!(column_names(resource).contains(each.filter), "{}: {}", resource.stream, each.filter);
    }
}

#[test]
fn windows_are_bounded_by_filters_for_dates() {
    for resource in RESOURCES {
        let Some(window) = resource.window else {
            continue;
        };
        for name in [Some(window.from), window.until].into_iter().flatten() {
            let kind = filter_of(resource, name);
            let is_date =
                matches!(kind, Some(FilterKind::Date | FilterKind::DateTime | FilterKind::DateOperator));
            assert!(is_date, "{}: {name}", resource.stream);
        }
        assert!(window.ahead == 0 || window.until.is_some(), "{}", resource.stream);
        assert!(window.full_every > 0, "{}", resource.stream);
    }
}

#[test]
fn filters_are_named_once_and_those_beside_the_others_are_among_them() {
    for resource in RESOURCES {
        let names: BTreeSet<_> = resource.filters.iter().map(|filter| filter.name).collect();
        assert_eq!(names.len(), resource.filters.len(), "{}", resource.stream);
        for beside in resource.beside {
            assert!(names.contains(beside), "{}: {beside}", resource.stream);
        }
    }
}

#[test]
fn nothing_is_hidden_by_a_status_of_which_several_can_be_asked_for() {
    for resource in RESOURCES {
        let Some(FilterKind::SomeOf(values)) = filter_of(resource, "status") else {
            continue;
        };
        // Deals have a status that the filter does not know, and would lose those; invoices hide nothing.
        if ["deals", "invoices"].contains(&resource.stream) {
            continue;
        }
        let default = resource.default_filter.iter().find(|(name, _)| *name == "status");
        let (_, default) = default.unwrap_or_else(|| panic!("{} hides some", resource.stream));
        let asked: Vec<String> = serde_json::from_str(default).unwrap();
        assert_eq!(asked, values, "{}", resource.stream);
    }
}

#[test]
fn details_are_read_one_by_one_and_have_an_id() {
    for resource in RESOURCES {
        assert!(resource.info || !resource.details, "{}", resource.stream);
        assert!(resource.info || resource.info_includes.is_empty(), "{}", resource.stream);
        assert!(!resource.info || resource.key == ["id"], "{}", resource.stream);
    }
}

#[test]
fn parts_that_a_sync_asks_for_have_columns() {
    for resource in RESOURCES {
        let schema = schema(resource);
        for part in resource.default_includes.iter().chain(resource.info_includes) {
            assert!(schema["properties"].get(part).is_some(), "{}: {part}", resource.stream);
        }
    }
}

#[test]
fn lists_inside_records_lead_to_objects() {
    for resource in RESOURCES {
        for child in resource.children {
            let mut schema = schema(resource);
            for field in child.path {
                schema = schema.get("items").unwrap_or(&schema)["properties"][field].clone();
            }
            let columns = schema["items"]["properties"].as_object().map_or(0, serde_json::Map::len);
            assert!(columns > 0, "{}: {:?}", resource.stream, child.path);
        }
    }
}

#[test]
fn a_walk_by_value_follows_a_column_with_an_instant() {
    for resource in RESOURCES {
        let Walk::Value { field, .. } = resource.walk else {
            continue;
        };
        let found = columns(resource).into_iter().find(|column| column.name == field).unwrap();
        assert_eq!(found.kind, ColumnType::Timestamp, "{}", resource.stream);
    }
}

#[test]
fn relations_and_money_become_two_columns_each() {
    let columns = columns(row("deals").unwrap());
    let kind = |name: &str| columns.iter().find(|column| column.name == name).map(|column| column.kind);
    assert_eq!(kind("id"), Some(ColumnType::Uuid));
    assert_eq!(kind("responsible_user_id"), Some(ColumnType::Text));
    assert_eq!(kind("estimated_value_amount"), Some(ColumnType::Number));
    assert_eq!(kind("estimated_value_currency"), Some(ColumnType::Text));
    assert_eq!(kind("estimated_closing_date"), Some(ColumnType::Date));
    assert_eq!(kind("lead"), Some(ColumnType::Json));
    assert_eq!(kind("custom_fields"), Some(ColumnType::Json));
}

#[test]
fn custom_fields_come_along_wherever_a_list_has_them() {
    for resource in RESOURCES {
        let offered = resource.includes.contains(&"custom_fields");
        assert_eq!(resource.default_includes.contains(&"custom_fields"), offered, "{}", resource.stream);
    }
}

#[test]
fn who_is_known_to_custom_field_definitions_has_custom_fields() {
    for resource in RESOURCES.iter().filter(|resource| !resource.custom_field_contexts.is_empty()) {
        assert!(column_names(resource).contains("custom_fields"), "{}", resource.stream);
    }
}

#[test]
fn the_documentation_names_every_stream() {
    let documentation = include_str!("../docs.md");
    for resource in RESOURCES {
        let name = format!("`{}`", resource.stream);
        assert!(documentation.contains(&name), "{name}");
    }
}
