//! Callbacks that come to a running server: once, with what belongs to them, and without harm to the token in use.

use serde_json::{Value, json};
use system_tests::{
    account::text,
    browser::{Page, follow, visit},
    served::{Served, create_key_of},
    store::Kind,
};

use super::{TOKEN, World};

on_both_stores! {
    a_callback_is_taken_once_and_leaves_the_token_in_use_alone_until_then,
}

fn a_callback_is_taken_once_and_leaves_the_token_in_use_alone_until_then(kind: Kind) {
    let world = World::new(kind);
    world.log_in(3600);
    let key = create_key_of(&world.connector, &["token:read", "connection:write"]);
    let served = Served::of(&world.connector);
    let token = |served: &Served| text(&served.get(TOKEN, &key).body["access_token"]).to_owned();
    let first = token(&served);

    let begin = || {
        let begun = served.ask("POST", "/default/teamleader/authorize", &key, &Value::Null);
        assert_eq!(begun.status, 200, "{begun:?}");
        text(&begun.body["authorization_url"]).to_owned()
    };
    let denied = begin();
    let state = denied.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state");
    let come_back = |query: &str| visit(&format!("http://{}/oauth/callback?{query}", served.address()));
    let exchanges = world.server.count("logins");
    is_refused(&come_back(&format!("error=access_denied&error_description=%3Cscript%3E&state={state}")));
    is_refused(&come_back(&format!("code=stolen&state={state}")));
    is_refused(&come_back("code=stolen&state=teamleader.unknown"));
    is_refused(&come_back("code=stolen"));
    assert_eq!(world.server.count("logins"), exchanges, "nothing is asked of the app");
    assert_eq!(token(&served), first, "the token in use stays");

    let callback = follow(&begin());
    assert_eq!(token(&served), first);
    let connected = visit(&callback);
    assert_eq!(connected.status, 200, "{connected:?}");
    let second = token(&served);
    assert_ne!(second, first);
    let refused = world.server.count("refused");
    let replayed = visit(&callback);
    assert_eq!(replayed.status, 409, "{replayed:?}");
    assert_eq!(world.server.count("refused"), refused, "a code is not sent twice");
    assert_eq!(token(&served), second);
    assert_eq!(world.status()["state"], json!("active"));
}

fn is_refused(page: &Page) {
    assert!((400..500).contains(&page.status), "{page:?}");
    assert!(!page.text.contains("<script>"), "{page:?}");
}
