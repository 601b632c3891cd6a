//! The token broker in front of a provider that others wrote: a code on another device, a token for a token, and tokens
//! that are taken back.

use serde_json::{Value, json};
use system_tests::{
    account::text,
    binary::Connector,
    oauth_server::OAuthServer,
    served::{Served, create_key_of},
    waiting::wait_until,
};

fn connector(provider: &OAuthServer) -> Connector {
    Connector::new("oauth-app")
        .environment("EXAMPLE_SERVER", provider.issuer())
        .environment("EXAMPLE_CLIENT_ID", "with-device")
        .environment("EXAMPLE_CLIENT_SECRET", "device-secret-0123456789")
}

#[test]
fn an_account_is_connected_on_another_device_exchanged_and_taken_back() {
    let provider = OAuthServer::start();
    let connector = connector(&provider);
    let (key, served) = (create_key_of(&connector, &["admin"]), Served::of(&connector));
    let at = |route: &str| format!("/acme/example/{route}");
    let state = || served.get(&at("binb-status"), &key).body["state"].clone();
    let is_active = |token: &Value| {
        let told = served.ask("POST", "/introspect_token", &key, &json!({"request": {"token": token}}));
        told.body["response"]["active"].clone()
    };

    let prompt = served.ask("POST", &at("device"), &key, &json!({"scope": "read"}));
    assert_eq!(prompt.status, 200, "{prompt:?}");
    assert_eq!(state(), "pending_authorization");
    provider.agree_on_another_device(text(&prompt.body["user_code"]));
    wait_until("the tokens are there", || state() == "active");

    let first = served.get(&at("binb-token"), &key).body;
    assert_eq!(is_active(&first["access_token"]), true, "{first}");
    let exchanged = served.ask("POST", &at("exchange"), &key, &json!({"scope": "read"}));
    assert_eq!((exchanged.status, &exchanged.body["scope"]), (200, &json!(["read"])), "{exchanged:?}");
    assert_eq!(exchanged.body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_ne!(exchanged.body["access_token"], first["access_token"]);
    assert_eq!(is_active(&exchanged.body["access_token"]), true);

    let renewed = served.get(&at("binb-token?force_refresh=true"), &key).body;
    assert_eq!((&renewed["refreshed"], provider.count("refreshed")), (&json!(true), 1), "{renewed}");
    let removed = served.ask("DELETE", &at("binb-token"), &key, &Value::Null);
    assert_eq!(removed.status, 204, "{removed:?}");
    assert_eq!((is_active(&renewed["access_token"]), state()), (json!(false), json!("revoked")));
    assert_eq!(served.get(&at("binb-token"), &key).code(), (404, "example.connection_not_found"));
    assert_eq!(served.stop().exit_code(), 143);
    assert_eq!(connector.run(["audit", "verify"]).response()["broken"], Value::Null);
}
