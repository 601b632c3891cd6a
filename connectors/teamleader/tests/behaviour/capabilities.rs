//! What streams do not give.

use connector_core::ErrorCode;
use serde_json::{Value, json};

use crate::{Connected, response};

/// The response, which has to fit the schema that `info` shows.
async fn answered(connected: &Connected, name: &str, request: Value) -> Value {
    let answer = connected.call(name, request).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let response: Value = response(&answer);
    let schema = connected.integration.capability(name).expect("a capability").response_schema();
    connector_core::schema::check(&schema, &response, "").unwrap_or_else(|error| panic!("{name}: {error}"));
    response
}

#[tokio::test]
async fn who_agreed_is_told_as_teamleader_tells_it() {
    let connected = Connected::to_small_account().await;
    let me = answered(&connected, "get_me", json!({})).await;
    assert_eq!(me["account"]["id"], connected.control.account().to_string());
    assert_eq!(me["email_verification_status"], "confirmed");
    assert_eq!(me["preferences"]["invoiceable"], false);
}

#[tokio::test]
async fn the_projects_module_is_told_as_teamleader_tells_it() {
    let connected = Connected::to_small_account().await;
    for status in ["legacy", "projects-v2", "projects-v3"] {
        connected.control.switch(|switches| switches.projects_status = status.into());
        assert_eq!(answered(&connected, "get_projects_module", json!({})).await["status"], status);
    }
}

#[tokio::test]
async fn requests_that_cannot_succeed_are_not_sent() {
    const ID: &str = "8f1f3a52-6d3c-0b1e-9c57-2f6e1d4b7a90";
    let connected = Connected::to_small_account().await;
    let period = json!({"start_date": "2024-01-01", "end_date": "2024-13-01"});
    for (name, request, code, said) in [
        ("get_ticket_message", json!({"message_id": ""}), ErrorCode::InvalidValue, "/request/message_id"),
        ("get_ticket_message", json!({}), ErrorCode::BadRequest, "/request/message_id"),
        ("download_file", json!({"id": ""}), ErrorCode::InvalidValue, "/request/id"),
        ("download_invoice", json!({"id": ID, "format": "docx"}), ErrorCode::UnknownValue, "ubl/e-fff"),
        (
            "download_credit_note",
            json!({"id": ID, "format": "ubl/xrechnung"}),
            ErrorCode::UnknownValue,
            "pdf",
        ),
        ("download_quotation", json!({"id": ID, "format": "ubl/e-fff"}), ErrorCode::UnknownValue, "pdf"),
        ("get_exchange_rates", json!({"base": "XXX"}), ErrorCode::UnknownValue, "EUR"),
        ("get_total_user_availability", json!({"period": period}), ErrorCode::InvalidValue, "end_date"),
        ("get_cloud_platform_url", json!({"type": "deal", "id": ID}), ErrorCode::UnknownValue, "quotation"),
        ("migrate_id", json!({"type": "contact", "id": ID}), ErrorCode::InvalidValue, "/request/id"),
        ("migrate_id", json!({"type": "nextgenTask", "id": 1}), ErrorCode::UnknownValue, "contact"),
        ("get_current_timer", json!({"id": ID}), ErrorCode::UnknownValue, "/request/id"),
    ] {
        let error = connected.call(name, request.clone()).await.unwrap_err();
        assert_eq!(error.code(), code, "{name} {request}: {error}");
        assert!(error.message().contains(said), "{name} {request}: {error}");
    }
    assert!(connected.control.requests().is_empty());
}

#[tokio::test]
async fn events_are_not_asked_for_over_an_open_line_or_by_an_unknown_name() {
    let connected = Connected::to_small_account().await;
    let open_line = json!({"url": "http://example.com/hooks", "types": ["deal.won"]});
    let error = connected.call("register_webhooks", open_line).await.unwrap_err();
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::InvalidValue, 64));
    for capability in ["register_webhooks", "unregister_webhooks"] {
        let unknown = json!({"url": "https://example.com/hooks", "types": ["quotation.accepted"]});
        let error = connected.call(capability, unknown).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnknownValue);
        assert!(error.message().contains(r#""creditNote.booked""#), "{error}");
    }
    assert!(connected.control.requests().is_empty());
}

/// Id of the first record that the sandbox has of a resource.
fn first(connected: &Connected, resource: &str) -> String {
    let records = connected.control.records(resource).expect("a resource");
    let record = records.first().expect("a record");
    let id = record.get("id").or_else(|| record.get("message_id")).and_then(Value::as_str);
    id.expect("an id").to_owned()
}

#[tokio::test]
async fn rates_are_those_of_the_currency_that_is_asked_for() {
    let connected = Connected::to_small_account().await;
    let rates = answered(&connected, "get_exchange_rates", json!({"base": "EUR"})).await;
    let dollar = rates.as_array().unwrap().iter().find(|rate| rate["code"] == "USD").unwrap();
    assert_eq!(dollar["exchange_rate"], 1.17);
}

#[tokio::test]
async fn availability_is_that_of_all_who_are_there_or_of_those_who_are_asked_for() {
    let connected = Connected::to_small_account().await;
    let users = connected.all("users", json!({"filter": {"status": ["active"]}})).await;
    let period = json!({"start_date": "2026-01-01", "end_date": "2026-01-07"});
    for (name, days) in [("get_total_user_availability", None), ("get_daily_user_availability", Some(7))] {
        let availability = answered(&connected, name, json!({"period": period})).await;
        assert_eq!(availability.as_array().unwrap().len(), users.len(), "{name}");
        assert_eq!(availability[0]["availabilities"].as_array().map(Vec::len), days, "{name}");
    }
    let one = json!({"period": period, "assignees": [{"type": "user", "id": users[0]["id"]}]});
    let availability = answered(&connected, "get_total_user_availability", one).await;
    assert_eq!(availability.as_array().unwrap().len(), 1);
    assert_eq!(availability[0]["user"]["id"], users[0]["id"]);
}

#[tokio::test]
async fn a_timer_runs_or_it_does_not() {
    let connected = Connected::to_small_account().await;
    let running = answered(&connected, "get_current_timer", json!({})).await;
    assert_eq!(running["timer"]["user"]["type"], "user");
    connected.control.switch(|switches| switches.timer_runs = false);
    assert_eq!(answered(&connected, "get_current_timer", json!({})).await, json!({"timer": null}));
}

#[tokio::test]
async fn a_timer_is_not_absent_because_the_address_is_wrong() {
    let connected = Connected::to_small_account().await;
    let envelope = json!({
        "auth": {"oauth": {"access_token": connected.token}},
        "settings": {"api_url": format!("{}/v3", connected.sandbox.url())},
    });
    let error = connected.call_envelope("get_current_timer", &envelope).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_message_comes_with_its_ticket_and_its_body_as_it_came_in() {
    let connected = Connected::to_small_account().await;
    let id = first(&connected, "tickets.messages");
    let message = answered(&connected, "get_ticket_message", json!({"message_id": id})).await;
    assert_eq!((&message["message_id"], &message["ticket"]["type"]), (&json!(id), &json!("ticket")));
    assert!(message["raw_body"].is_string());
}

#[tokio::test]
async fn customers_see_documents_and_tickets_at_an_address() {
    let connected = Connected::to_small_account().await;
    for (kind, resource) in [("invoice", "invoices"), ("quotation", "quotations"), ("ticket", "tickets")] {
        let request = json!({"type": kind, "id": first(&connected, resource)});
        let url = answered(&connected, "get_cloud_platform_url", request).await["url"].clone();
        assert!(url.as_str().unwrap().starts_with("https://"), "{url}");
    }
}

#[tokio::test]
async fn numbers_of_the_old_api_become_ids() {
    let connected = Connected::to_small_account().await;
    let company = answered(&connected, "migrate_id", json!({"type": "company", "id": 1})).await;
    assert_eq!(company, json!({"type": "company", "id": first(&connected, "companies")}));
    let error = connected.call("migrate_id", json!({"type": "company", "id": 31})).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_link_to_a_file_or_a_document_is_passed_on_with_its_end() {
    let connected = Connected::to_small_account().await;
    for (name, resource, format) in [
        ("download_file", "files", None),
        ("download_invoice", "invoices", Some("ubl/peppol_bis_3")),
        ("download_credit_note", "creditNotes", Some("ubl/e-fff")),
        ("download_quotation", "quotations", None),
    ] {
        let mut request = json!({"id": first(&connected, resource)});
        if let Some(format) = format {
            request["format"] = format.into();
        }
        let link = answered(&connected, name, request).await;
        let location = link["location"].as_str().unwrap();
        assert!(location.starts_with(&connected.sandbox.url()), "{name}: {location}");
        assert!(link["expires_at"].as_str().unwrap().ends_with("+00:00"), "{name}: {link}");
    }
}

#[tokio::test]
async fn webhooks_are_registered_for_some_types_and_unregistered_again() {
    let connected = Connected::to_small_account().await;
    let url = "http://127.0.0.1:9/hooks";
    let webhooks = |types: &[&str]| json!({"url": url, "types": types});
    let registered = || connected.control.webhooks().into_iter().flat_map(|webhook| webhook.types);
    answered(&connected, "register_webhooks", webhooks(&["deal.won", "deal.lost"])).await;
    assert!(registered().eq(["deal.lost", "deal.won"]));
    let listed = connected.all("webhooks", json!({})).await;
    assert_eq!(listed[0]["url"], url);
    answered(&connected, "unregister_webhooks", webhooks(&["deal.won"])).await;
    assert!(registered().eq(["deal.lost"]));
}
