//! What the connector says about itself is true.

use std::collections::BTreeSet;

use serde_json::Value;
use system_tests::{
    account::{Account, text},
    binary::Connector,
    store::Kind,
    streams::{RESOURCES, STREAMS},
};

fn info() -> Value {
    Connector::new("tl-connector").run(["info"]).response()
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{error} in {schema}"))
}

fn assert_valid(schema: &Value, value: &Value, what: &str) {
    let wrong: Vec<String> = validator(schema)
        .iter_errors(value)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .take(5)
        .collect();
    assert!(wrong.is_empty(), "{what}: {wrong:?}");
}

#[test]
fn info_has_every_key_of_the_contract() {
    let info = info();
    for key in [
        "app_id",
        "version",
        "user_friendly_name",
        "description",
        "categories",
        "logo_url",
        "capabilities",
        "capability_schema",
        "authentication_schema",
        "credentials_schema",
        "request_settings_schema",
        "oauth_scopes",
        "resource_types",
        "entitlement_types",
        "streams",
    ] {
        assert!(info.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(info["app_id"], "teamleader");
    let names: Vec<&str> = info["capabilities"].as_array().unwrap().iter().map(text).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    for name in [
        "info",
        "sync",
        "validate_credentials",
        "get_authorization_url",
        "handle_authorization_callback",
        "refresh_access_token",
        "retrieve_token",
        "token_status",
    ] {
        assert!(names.contains(&name), "{name} is missing");
    }
    for (stream, _) in RESOURCES {
        assert!(names.contains(&format!("list_{stream}").as_str()), "list_{stream} is missing");
    }
    for name in names.iter().filter(|name| **name != "info") {
        let schema = &info["capability_schema"][name];
        for key in ["argument", "output"] {
            assert!(schema[key].is_object(), "{name}.{key}");
            validator(&schema[key]);
        }
        for key in ["display_name", "description"] {
            assert!(!text(&schema[key]).is_empty(), "{name}.{key}");
        }
    }
    validator(&info["authentication_schema"]);
    validator(&info["request_settings_schema"]);
}

#[test]
fn streams_are_told_with_key_cursor_schema_and_table() {
    let info = info();
    let streams = info["streams"].as_array().unwrap();
    let names: BTreeSet<&str> = streams.iter().map(|stream| text(&stream["name"])).collect();
    let known = RESOURCES.iter().map(|(name, _)| *name);
    assert_eq!(names, known.chain(["webhooks"]).collect());
    for stream in streams {
        for key in ["name", "primary_key", "cursor", "schema", "table"] {
            assert!(stream.get(key).is_some(), "{key} of {}", stream["name"]);
        }
        let key = stream["primary_key"].as_array().unwrap();
        assert!(!key.is_empty(), "{stream}");
        // A relation is two columns, `source_type` and `source_id`, and what a record hangs on may stand outside of it.
        let is_declared = |part: &str| {
            let of_relation = part.strip_suffix("_id").or_else(|| part.strip_suffix("_type"));
            let properties = &stream["schema"]["properties"];
            properties[part].is_object() || of_relation.is_some_and(|name| properties[name].is_object())
        };
        let undeclared: Vec<&str> = key.iter().map(text).filter(|part| !is_declared(part)).collect();
        let expected: &[&str] = if stream["name"] == "project_lines" { &["project_id"] } else { &[] };
        assert_eq!(undeclared, expected, "{}", stream["name"]);
    }
}

#[test]
fn secrets_are_marked_in_the_schemas() {
    let info = info();
    let is_marked = |schema: &Value| schema.to_string().contains("\"x-secret\":true");
    assert!(is_marked(&info["request_settings_schema"]["properties"]["client_secret"]), "client_secret");
    assert!(!is_marked(&info["request_settings_schema"]["properties"]["client_id"]), "client_id");
    assert!(is_marked(&info["authentication_schema"]), "access_token");
    for (capability, part, field) in [
        ("refresh_access_token", "argument", "refresh_token"),
        ("refresh_access_token", "argument", "client_secret"),
        ("refresh_access_token", "output", "access_token"),
        ("refresh_access_token", "output", "refresh_token"),
        ("handle_authorization_callback", "argument", "code_verifier"),
        ("get_authorization_url", "output", "code_verifier"),
    ] {
        let schema = &info["capability_schema"][capability][part]["properties"][field];
        assert!(is_marked(schema), "{capability}.{part}.{field}: {schema}");
    }
    assert!(is_marked(&info["capability_schema"]["sync"]["argument"]), "the store's URL has a password");
}

/// What can be got and is no record of a stream by its id.
const OF_NO_STREAM: [&str; 9] = [
    "get_authorization_url",
    "get_cloud_platform_url",
    "get_current_timer",
    "get_daily_user_availability",
    "get_exchange_rates",
    "get_me",
    "get_projects_module",
    "get_ticket_message",
    "get_total_user_availability",
];

#[test]
fn every_answer_is_as_its_schema_says() {
    let account = Account::with_records(60, Kind::Sqlite);
    let info = info();
    let schema = |capability: &str| &info["capability_schema"][capability]["output"];
    for stream in STREAMS {
        let list = format!("list_{stream}");
        let outcome = account.connector().run([list.as_str(), "--all-pages", "--json", account.envelope()]);
        let records = outcome.response();
        assert_eq!(records.as_array().map(Vec::len), Some(account.ids(stream).len()), "{list}");
        assert_valid(schema(&list), &records, &list);
        // A schema that knows none of the fields would be met by everything.
        let declared = schema(&list)["items"]["properties"].as_object().unwrap();
        for name in records[0].as_object().unwrap().keys() {
            assert!(declared.contains_key(name), "{list} does not declare {name}");
        }
    }
    let singles = info["capabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .filter(|name| name.starts_with("get_") && !OF_NO_STREAM.contains(name));
    let mut read = 0;
    for get in singles {
        let singular = get.trim_start_matches("get_");
        let plural = if let Some(stem) = singular.strip_suffix('y') {
            format!("{stem}ies")
        } else if singular == "time_tracking" {
            singular.to_owned()
        } else {
            format!("{singular}s")
        };
        let mut envelope: Value = serde_json::from_str(account.envelope()).unwrap();
        envelope["request"] = serde_json::json!({"id": account.ids(&plural)[0]});
        let record = account.connector().run([get, "--json", &envelope.to_string()]).response();
        assert_eq!(record["id"], envelope["request"]["id"]);
        assert_valid(schema(get), &record, get);
        read += 1;
    }
    assert_eq!(read, 26);
    let who = account.connector().run(["validate_credentials", "--json", account.envelope()]).response();
    assert_valid(schema("validate_credentials"), &who, "validate_credentials");
    let report = account.sync_well([]);
    assert_valid(schema("sync"), &report, "sync");
    let url = account
        .connector()
        .run(["get_authorization_url", "--json", r#"{"request":{"redirect_uri":"http://127.0.0.1/cb"}}"#])
        .response();
    assert_valid(schema("get_authorization_url"), &url, "get_authorization_url");
}

#[test]
fn info_needs_nothing_and_touches_nothing() {
    let connector = Connector::new("tl-connector")
        .environment("CONNECTOR_STORE_URL", "postgres://nobody@127.0.0.1:1/nothing");
    let outcome = connector.run(["info"]);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    assert_eq!(outcome.standard_error, "");
    let with_envelope = connector.run(["info", "--json", "{}"]);
    assert_eq!(with_envelope.response(), outcome.response());
}
