//! Settings that are wrong: who has to act, and what that person reads.

#![expect(clippy::unwrap_used, reason = "what tests share may fail as they do")]

use std::sync::Arc;

use connector_core::capability::Capability;
use connector_core::dispatch::dispatch;
use connector_core::envelope::RequestEnvelope;
use connector_core::host::Host;
use connector_core::integration::Integration;
use connector_core::settings::ServerUrl;
use connector_core::{Call, ConnectorError, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether they can be read is of interest")]
struct Settings {
    api_url: ServerUrl,
    #[serde(default)]
    page_size: u32,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Nothing {}

struct Environment(&'static [(&'static str, &'static str)]);

impl Host for Environment {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }
}

async fn call(environment: &'static [(&'static str, &'static str)], settings: Value) -> Result<()> {
    let tell = |_: Call<Settings>, _: Nothing| async { Ok(Nothing {}) };
    let capability = Capability::new("tell", tell).without_auth();
    let integration = Integration::builder("notes", "1").capability(capability).build().unwrap();
    let host: Arc<dyn Host> = Arc::new(Environment(environment));
    let envelope = RequestEnvelope::parse(&json!({"settings": settings}).to_string()).unwrap();
    dispatch(&Arc::new(integration), "tell", envelope, &host).await.map(drop)
}

async fn refused(environment: &'static [(&'static str, &'static str)], settings: Value) -> ConnectorError {
    call(environment, settings).await.unwrap_err()
}

const FINE: (&str, &str) = ("NOTES_API_URL", "https://api.example.com");

#[tokio::test]
async fn what_the_environment_says_wrongly_is_an_operators_to_mend() {
    let error = refused(&[FINE, ("NOTES_PAGE_SIZE", "hunter2")], json!({})).await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::InvalidValue, 78));
    assert_eq!(error.pointer(), Some("/settings/page_size"));
    assert!(error.hint_text().unwrap().contains("NOTES_PAGE_SIZE"), "{error:?}");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn what_the_request_says_wrongly_stays_the_callers() {
    let error = refused(&[FINE, ("NOTES_PAGE_SIZE", "5")], json!({"page_size": "x"})).await;
    assert_eq!((error.exit_code(), error.pointer()), (64, Some("/settings/page_size")));
    // The same setting is wrong in both places, and the request's counts.
    let error = refused(&[FINE, ("NOTES_PAGE_SIZE", "x")], json!({"page_size": "x"})).await;
    assert_eq!(error.exit_code(), 64);
    // A variable that nobody asked for changes nothing.
    let error = refused(&[FINE, ("NOTES_COLOUR", "red")], json!({"colour": "red"})).await;
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::UnknownValue, 64));
    assert!(error.hint_text().unwrap().contains("request_settings_schema"), "{error:?}");
    assert!(call(&[FINE], json!({"page_size": 5})).await.is_ok());
}

#[tokio::test]
async fn a_setting_that_is_missing_comes_with_the_variable_that_would_give_it() {
    let error = refused(&[], json!({})).await;
    assert_eq!((error.pointer(), error.exit_code()), (Some("/settings/api_url"), 64));
    assert!(error.hint_text().unwrap().contains("NOTES_API_URL"), "{error:?}");
}

#[tokio::test]
async fn an_address_is_refused_with_what_it_must_be() {
    let error = refused(&[("NOTES_API_URL", "http://hunter2.example.com")], json!({})).await;
    assert_eq!(error.exit_code(), 78);
    assert!(error.message().contains("must start with https://"), "{error}");
    let asked = json!({"api_url": "https://hunter2:pass@example.com"});
    let error = refused(&[], asked).await;
    assert_eq!(error.exit_code(), 64);
    assert!(error.message().contains("user name"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
}
