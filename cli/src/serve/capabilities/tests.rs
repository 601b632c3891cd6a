//! Capabilities over HTTP.

use std::sync::Arc;

use connector_core::auth::AuthKind;
use connector_core::call::Call;
use connector_core::capability::Capability;
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::serve::Scope;
use crate::serve::testing::{admin_key, answer, json_answer, key, request, server_of};

#[derive(Clone, Deserialize, JsonSchema)]
struct Settings {
    #[schemars(url)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    api_url: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Greet {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Greeting {
    text: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tidy {
    #[expect(dead_code, reason = "only its schema is looked at")]
    connection: Option<String>,
}

async fn tidy(_: Call<Settings>, _: Tidy) -> Result<Greeting> {
    Ok(Greeting { text: "Tidy".to_owned() })
}

async fn greet(_: Call<Settings>, request: Greet) -> Result<Greeting> {
    match request.name.as_str() {
        "nobody" => Err(ConnectorError::new(ErrorCode::NotFound, "there is nobody")),
        "panic" => panic!("a secret"),
        name => Ok(Greeting { text: format!("Hello {name}") }),
    }
}

fn integration(app_id: &str) -> Arc<Integration> {
    let integration = Integration::builder::<Settings>(app_id, "1.0.0")
        .auth(&[AuthKind::Token])
        .capability(Capability::new("greet", greet).without_auth())
        .capability(Capability::new("greet_back", greet))
        .capability(Capability::new("tidy", tidy).without_auth())
        .capability(Capability::new("tidy_up", tidy));
    Arc::new(integration.build().unwrap())
}

#[tokio::test]
async fn an_envelope_goes_in_and_an_envelope_comes_out() {
    let server = server_of(vec![integration("example")]);
    let admin = admin_key(&server).await;
    let body = r#"{"request":{"name":"Ada"}}"#;
    for path in ["/greet", "/example/greet"] {
        let (status, envelope) = json_answer(&server, request("POST", path, &admin, body)).await;
        assert_eq!(status, 200);
        assert_eq!(envelope, json!({"response": {"text": "Hello Ada"}, "raw_data": null, "page": null}));
    }
    let (status, envelope) =
        json_answer(&server, request("POST", "/greet", &admin, r#"{"request":{"name":"nobody"}}"#)).await;
    assert_eq!((status.as_u16(), &envelope["error"]["error_code"]), (404, &json!("not_found")));
    assert_eq!(envelope["error"]["raised_in"], "example::capabilities:greet");
    let (status, envelope) = json_answer(&server, request("POST", "/greet", &admin, "")).await;
    assert_eq!((status.as_u16(), &envelope["error"]["message"]), (400, &json!("/request/name is missing")));
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let server = server_of(vec![integration("example")]);
    let admin = admin_key(&server).await;
    let mut other = request("POST", "/greet", &admin, r#"{"request":{"name":"Ada"}}"#);
    other.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(json_answer(&server, other).await.0, 415);
    assert_eq!(json_answer(&server, request("POST", "/greet", &admin, "{")).await.0, 400);
    assert_eq!(json_answer(&server, request("POST", "/greet", &admin, "[]")).await.0, 400);
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_for() {
    let server = server_of(vec![integration("example")]);
    let admin = admin_key(&server).await;
    let body = r#"{"request":{"name":"panic"}}"#;
    let (status, envelope) = json_answer(&server, request("POST", "/greet", &admin, body)).await;
    assert_eq!((status.as_u16(), &envelope["error"]["error_code"]), (500, &json!("internal_error")));
    assert!(!envelope.to_string().contains("a secret"));
    assert_eq!(json_answer(&server, request("GET", "/info", &admin, "")).await.0, 200);
}

#[tokio::test]
async fn paths_and_methods_that_are_none_are_told_apart() {
    let server = server_of(vec![integration("example")]);
    let admin = admin_key(&server).await;
    for (method, path, expected) in [
        ("GET", "/greet", 405),
        ("GET", "/nothing", 404),
        ("GET", "/example/nothing", 404),
        ("GET", "/a/b/c/d", 404),
        ("POST", "/nothing", 404),
        ("POST", "/other/greet", 404),
        ("DELETE", "/health/live", 405),
    ] {
        let response = answer(&server, request(method, path, &admin, "")).await;
        assert_eq!(response.status(), expected, "{method} {path}");
        assert_eq!(response.headers().contains_key("allow"), expected == 405, "{method} {path}");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let envelope: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(envelope["error"]["status_code"], expected, "{method} {path}");
    }
}

#[tokio::test]
async fn with_several_connectors_the_path_names_one() {
    let server = server_of(vec![integration("example"), integration("other")]);
    let admin = admin_key(&server).await;
    let body = r#"{"request":{"name":"Ada"}}"#;
    assert_eq!(json_answer(&server, request("POST", "/other/greet", &admin, body)).await.0, 200);
    assert_eq!(json_answer(&server, request("POST", "/greet", &admin, body)).await.0, 404);
    let (status, info) = json_answer(&server, request("GET", "/other/info", &admin, "")).await;
    assert_eq!((status.as_u16(), &info["response"]["app_id"]), (200, &json!("other")));
}

#[tokio::test]
async fn a_key_is_for_its_apps_and_decided_before_what_there_is() {
    let server = server_of(vec![integration("example")]);
    let acme = key(&server, &[Scope::CapabilityCall], &["acme"], &["example"]).await;
    let stored = |name: &str| {
        json!({"request": {"name": "Ada"}, "auth": {"stored": {"connection": name}}}).to_string()
    };
    let status = async |path: &str, body: &str| {
        json_answer(&server, request("POST", path, &acme, body)).await.0.as_u16()
    };
    // Of acme there is no connection either, but that much it may know.
    assert_eq!(status("/greet_back", &stored("acme")).await, 400);
    assert_eq!(status("/greet_back", &stored("acme/eu")).await, 400);
    for name in ["other", "acme2", "default"] {
        assert_eq!(status("/greet_back", &stored(name)).await, 403, "{name}");
        assert_eq!(status("/nothing", &stored(name)).await, 403, "{name}");
    }
    assert_eq!(status("/greet_back", r#"{"request":{"name":"Ada"}}"#).await, 403);
    assert_eq!(status("/greet", r#"{"request":{"name":"Ada"}}"#).await, 200);
    assert_eq!(status("/other/greet", "").await, 403);
    let reader = key(&server, &[Scope::TokenRead], &["*"], &["*"]).await;
    assert_eq!(json_answer(&server, request("POST", "/greet", &reader, "")).await.0, 403);
    assert_eq!(json_answer(&server, request("POST", "/greet", "nonsense", "")).await.0, 401);
}

#[tokio::test]
async fn what_the_store_has_of_a_connection_is_worked_on_with_a_key_for_it_alone() {
    let server = server_of(vec![integration("example")]);
    let acme = key(&server, &[Scope::CapabilityCall], &["acme"], &["*"]).await;
    let status = async |body: serde_json::Value| {
        json_answer(&server, request("POST", "/tidy", &acme, &body.to_string())).await.0.as_u16()
    };
    // Without a name it is that of `default`, which the key is not for; own credentials change nothing about that.
    let own = json!({"token": {"token": "t"}});
    assert_eq!(status(json!({})).await, 403);
    assert_eq!(status(json!({"auth": own})).await, 403);
    assert_eq!(status(json!({"auth": own, "request": {"connection": "other"}})).await, 403);
    assert_eq!(status(json!({"auth": own, "request": {"connection": "acme"}})).await, 200);
    assert_eq!(status(json!({"request": {"connection": "acme/eu"}})).await, 200);
    // The credentials of the one are no way to the other.
    let stored = json!({"stored": {"connection": "acme"}});
    assert_eq!(status(json!({"auth": stored, "request": {"connection": "other"}})).await, 400);
    assert_eq!(status(json!({"auth": {"stored": {}}, "request": {"connection": "acme"}})).await, 400);
}

#[tokio::test]
async fn only_an_admin_chooses_where_anything_is_sent() {
    let server = server_of(vec![integration("example")]);
    let caller = key(&server, &[Scope::CapabilityCall], &["*"], &["*"]).await;
    let admin = admin_key(&server).await;
    let settings = json!({"api_url": "https://elsewhere.example"});
    let stored = json!({"request": {"name": "Ada"}, "settings": settings}).to_string();
    let own = json!({"request": {"name": "Ada"}, "settings": settings, "auth": {"token": {"token": "t"}}});
    let sink = json!({"request": {"name": "Ada", "sink": {"url": "sqlite:///etc/x"}}}).to_string();
    let status = async |path: &str, key: &str, body: &str| {
        json_answer(&server, request("POST", path, key, body)).await.0.as_u16()
    };
    assert_eq!(status("/greet", &caller, &stored).await, 403, "the environment may have a client's secret");
    assert_eq!(status("/greet_back", &caller, &stored).await, 403);
    assert_eq!(status("/greet_back", &caller, &own.to_string()).await, 403, "nor which servers are asked");
    assert_eq!(status("/greet_back", &admin, &own.to_string()).await, 200);
    assert_eq!(status("/greet_back", &caller, &sink).await, 403);
    let storing = json!({"settings": settings, "auth": {"token": {"token": "t"}}}).to_string();
    assert_eq!(status("/tidy_up", &caller, &storing).await, 403, "nor whose records are stored");
    assert_eq!(status("/tidy_up", &admin, &storing).await, 200);
    assert_eq!(status("/greet", &admin, &stored).await, 200);
}

#[tokio::test]
async fn a_limited_key_chooses_no_tables_and_nobody_those_of_the_store() {
    let server = server_of(vec![integration("example")]);
    let limited = key(&server, &[Scope::CapabilityCall, Scope::SyncWrite], &["acme"], &["*"]).await;
    let unlimited = key(&server, &[Scope::CapabilityCall, Scope::SyncWrite], &["*"], &["*"]).await;
    let admin = admin_key(&server).await;
    // The connector has no streams, so that what is let through ends with another refusal than these.
    let refused = async |method: &str, path: &str, key: &str, sink: &serde_json::Value| {
        let body = match method {
            "PUT" => json!({"expression": "every 15m", "request": {"sink": sink}}),
            _ => {
                json!({"request": {"name": "Ada", "connection": "acme", "sink": sink}, "auth": {"token": {"token": "t"}}})
            }
        };
        let (status, envelope) = json_answer(&server, request(method, path, key, &body.to_string())).await;
        let message = envelope["error"]["message"].as_str().unwrap_or_default().to_owned();
        (message.starts_with("/request/sink/schema") || message.starts_with("/request/sink/table_names"))
            .then_some(status.as_u16())
    };
    for (method, path) in [("POST", "/greet"), ("POST", "/sync")] {
        for sink in [
            json!({"schema": "other"}),
            json!({"layout": "documents", "table_names": {"things": "other.things"}}),
            json!({"schema": "example", "table_names": {"things": "things"}}),
        ] {
            assert_eq!(refused(method, path, &limited, &sink).await, Some(403), "{path} {sink}");
            assert_eq!(refused(method, path, &unlimited, &sink).await, None, "{path} {sink}");
        }
        for sink in
            [json!({}), json!({"schema": "example"}), json!({"layout": "documents"}), json!({"schema": null})]
        {
            assert_eq!(refused(method, path, &limited, &sink).await, None, "{path} {sink}");
        }
        for sink in [
            json!({"schema": "connector"}),
            json!({"table_names": {"things": "connector.audit"}}),
            json!({"table_names": {"things": "connector_access_keys"}}),
        ] {
            for key in [&limited, &unlimited, &admin] {
                assert_eq!(refused(method, path, key, &sink).await, Some(400), "{path} {sink}");
            }
        }
    }
}
