//! The data: complete, related, with gaps, the same for the same seed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use teamleader_sandbox::{Control, Options, Sandbox};

use crate::client::{Client, ids};

const RESOURCES: [(&str, &str); 10] = [
    ("departments", "department"),
    ("users", "user"),
    ("customFieldDefinitions", "customFieldDefinition"),
    ("companies", "company"),
    ("contacts", "contact"),
    ("deals", "deal"),
    ("invoices", "invoice"),
    ("events", "event"),
    ("projects", "project"),
    ("projects-v2/projects", "nextgenProject"),
];

fn everything(control: &Control, resource: &str) -> Vec<Value> {
    let rows = control.records(resource).unwrap();
    ids(&rows).iter().map(|id| control.record(resource, id).unwrap().unwrap()).collect()
}

#[tokio::test]
async fn every_row_keeps_what_its_resource_promises() {
    let client = Client::with_records(300).await;
    for (resource, _) in RESOURCES {
        assert_eq!(client.control.violations(resource).unwrap(), Vec::<String>::new(), "{resource}");
    }
}

#[tokio::test]
async fn relations_point_at_rows_that_exist() {
    let client = Client::with_records(60).await;
    let known: BTreeMap<&str, BTreeSet<String>> = RESOURCES
        .iter()
        .map(|(resource, entity)| {
            (*entity, ids(&client.control.records(resource).unwrap()).into_iter().collect())
        })
        .collect();
    let mut checked = 0;
    for (resource, _) in RESOURCES {
        for row in everything(&client.control, resource) {
            each_relation(&row, &mut |kind, id| {
                if let Some(rows) = known.get(kind) {
                    assert!(rows.contains(id), "{resource}: {kind} {id}");
                    checked += 1;
                }
            });
        }
    }
    assert!(checked > 1000);
}

fn each_relation(value: &Value, check: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_relation(item, check)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            // A definition also has a type and an id, but points at nothing.
            if let (Some(kind), Some(id), None) = (text("type"), text("id"), text("context")) {
                check(kind, id);
            }
            fields.values().for_each(|value| each_relation(value, check));
        }
        _ => {}
    }
}

#[tokio::test]
async fn ids_are_unique_and_of_no_rfc_version() {
    let client = Client::with_records(500).await;
    let all: Vec<String> =
        RESOURCES.iter().flat_map(|(resource, _)| ids(&client.control.records(resource).unwrap())).collect();
    assert!(all.iter().all(|id| id.as_bytes()[14] == b'0'));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[tokio::test]
async fn rows_were_created_one_after_the_other_and_updated_later() {
    let client = Client::with_records(400).await;
    for (resource, created) in [("companies", "added_at"), ("contacts", "added_at"), ("deals", "created_at")]
    {
        let rows = client.control.records(resource).unwrap();
        let column = |name: &str| -> Vec<String> {
            rows.iter().map(|row| row[name].as_str().unwrap().to_owned()).collect()
        };
        assert!(column(created).is_sorted_by(|a, b| a < b));
        assert!(
            column(created).iter().zip(column("updated_at")).all(|(created, updated)| *created <= updated)
        );
    }
}

#[tokio::test]
async fn custom_fields_have_every_type_where_lists_show_them() {
    let client = Client::with_records(40).await;
    let definitions = client.control.records("customFieldDefinitions").unwrap();
    let kinds: BTreeMap<&str, &str> = definitions
        .iter()
        .map(|definition| (definition["id"].as_str().unwrap(), definition["type"].as_str().unwrap()))
        .collect();
    for resource in ["companies", "contacts", "deals", "projects-v2/projects"] {
        let rows = client.control.records(resource).unwrap();
        // The first row has all of them, so look at the others.
        let fields = rows[1..].iter().flat_map(|row| row["custom_fields"].as_array().unwrap());
        let seen: BTreeSet<&str> =
            fields.map(|field| kinds[field["definition"]["id"].as_str().unwrap()]).collect();
        assert_eq!(seen.len(), 17, "{resource}");
    }
}

#[tokio::test]
async fn texts_come_in_many_scripts_and_fields_are_null_now_and_then() {
    let client = Client::with_records(300).await;
    let rows = client.control.records("contacts").unwrap();
    let text = serde_json::to_string(&rows).unwrap();
    for name in ["Zoë", "Łukasz", "山田", "נועה", "O'Connor"] {
        assert!(text.contains(name), "{name}");
    }
    for field in ["birthdate", "website", "iban", "payment_term", "salutation", "primary_address"] {
        let nulls = rows.iter().filter(|row| row[field].is_null()).count();
        assert!(nulls > 0 && nulls < 300, "{field}: {nulls}");
    }
}

#[tokio::test]
async fn the_seed_decides_everything() {
    let rows = async |seed: u64| {
        let client = Client::start(Options::default().records(20).seed(seed)).await;
        RESOURCES.map(|(resource, _)| everything(&client.control, resource))
    };
    assert_eq!(rows(7).await, rows(7).await);
    assert_ne!(rows(7).await, rows(8).await);
}

#[tokio::test]
async fn only_the_named_resources_have_rows() {
    let client = Client::start(Options::default().records(9).only(["companies"])).await;
    assert_eq!(client.control.count("companies").unwrap(), 9);
    assert_eq!(client.control.count("contacts").unwrap(), 0);
    assert!(client.control.count("spaceships").is_err());
    let unknown = Options::default().only(["spaceships"]);
    assert!(Sandbox::start(unknown).await.is_err());
    assert!(Sandbox::resources().eq(RESOURCES.map(|(resource, _)| resource)));
}
