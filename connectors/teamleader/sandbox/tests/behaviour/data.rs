//! The data: complete, related, with gaps, the same for the same seed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use teamleader_sandbox::{Options, Sandbox};

use crate::account::{each_relation, everything, id, known_ids};
use crate::client::Client;

/// What relations name although no list shows it.
const UNLISTED: [&str; 9] = [
    "account",
    "calendarResource",
    "customerMeetingRoom",
    "externalEvent",
    "externalParty",
    "meetingRecurrence",
    "onlineMeetingRoom",
    "peppolIncomingDocument",
    "workOrder",
];

#[tokio::test]
async fn every_row_keeps_what_its_resource_promises() {
    let client = Client::with_records(300).await;
    for resource in Sandbox::resources() {
        assert_eq!(client.control.violations(resource).unwrap(), Vec::<String>::new(), "{resource}");
    }
}

#[tokio::test]
async fn relations_point_at_rows_that_exist() {
    let client = Client::with_records(60).await;
    let known = known_ids(&client.control);
    let mut checked = 0;
    for resource in Sandbox::resources() {
        for row in everything(&client.control, resource) {
            each_relation(&row, &mut |kind, id| {
                if !UNLISTED.contains(&kind) {
                    assert!(known.contains(id), "{resource}: {kind} {id}");
                    checked += 1;
                }
            });
        }
    }
    assert!(checked > 1000);
}

#[tokio::test]
async fn ids_are_unique_and_of_no_rfc_version() {
    let client = Client::with_records(500).await;
    let rows: Vec<Value> =
        Sandbox::resources().flat_map(|resource| client.control.records(resource).unwrap()).collect();
    assert!(rows.iter().all(|row| id(row).as_bytes()[14] == b'0'));
    assert_eq!(rows.iter().map(id).collect::<BTreeSet<_>>().len(), rows.len());
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
        Sandbox::resources().map(|resource| everything(&client.control, resource)).collect::<Vec<_>>()
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
}
