//! Webhooks: what Teamleader tells, and where. They have no ids; address and type together are one.

use connector_core::settings::is_this_machine;
use connector_core::{Call, ConnectorError, ErrorCode, Result};
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use url::Url;

use super::webhook_types::WebhookType;
use crate::client;
use crate::settings::Settings;

/// An address and the types of events for it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhooks {
    // Not a `Url`: it is half of the webhook's identity, and parsing may change it.
    /// Where events are sent to. Teamleader signs nothing, so the address should be hard to guess.
    #[schemars(url)]
    url: String,
    /// Types of events.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(length(min = 1))]
    types: Vec<WebhookType>,
}

/// Nothing is answered; it is done.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Done {}

pub(crate) async fn register_webhooks(call: Call<Settings>, request: Webhooks) -> Result<Done> {
    check_receiver(&request.url)?;
    client::order(&call, "webhooks.register", &json!(request)).await?;
    Ok(Done {})
}

/// The address may be any: what was registered elsewhere must be possible to remove.
pub(crate) async fn unregister_webhooks(call: Call<Settings>, request: Webhooks) -> Result<Done> {
    client::order(&call, "webhooks.unregister", &json!(request)).await?;
    Ok(Done {})
}

/// Events name customers and whoever knows the address can forge them, so nobody may listen in on the way.
fn check_receiver(url: &str) -> Result<()> {
    let wrong = |what: &str| ConnectorError::new(ErrorCode::InvalidValue, format!("/request/url {what}"));
    let url = Url::parse(url).map_err(|_| wrong("must be the address of a server"))?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_this_machine(&url) => Ok(()),
        "http" => Err(wrong("must start with https:// unless it is on this machine")),
        _ => Err(wrong("must start with https://")),
    }
}

fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WebhookType>, D::Error> {
    let types = Vec::deserialize(deserializer)?;
    if types.is_empty() {
        return Err(D::Error::custom("must not be empty"));
    }
    Ok(types)
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::schema;
    use serde_json::Value;

    fn request(request: Value) -> Result<Webhooks> {
        schema::typed(request, "/request")
    }

    #[test]
    fn events_are_not_sent_over_an_open_line() {
        for url in
            ["https://example.com/hooks/x", "http://127.0.0.1:8080/", "http://localhost", "http://[::1]/x"]
        {
            check_receiver(url).unwrap();
        }
        for url in
            ["http://example.com", "ftp://example.com", "example.com", "", "http://127.0.0.1.example.com"]
        {
            let error = check_receiver(url).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidValue, "{url}");
            assert!(error.message().starts_with("/request/url"), "{error}");
        }
    }

    #[test]
    fn an_unknown_type_is_refused_with_those_that_exist() {
        let url = "https://example.com/";
        let error = request(json!({"url": url, "types": ["deal.won", "deal.forgotten"]})).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnknownValue);
        assert!(error.message().starts_with("/request/types/1 must be one of "), "{error}");
        assert!(
            error.message().contains(r#""deal.lost""#) && !error.message().contains("forgotten"),
            "{error}"
        );
        let error = request(json!({"url": url, "types": []})).unwrap_err();
        assert_eq!(error.message(), "/request/types must not be empty");
    }

    #[test]
    fn the_address_is_sent_letter_for_letter() {
        let webhooks = json!({"url": "https://Example.com:443/a/../b?x=%7e", "types": ["deal.won"]});
        assert_eq!(json!(request(webhooks.clone()).unwrap()), webhooks);
    }
}
