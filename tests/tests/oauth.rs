//! Tokens of an OAuth server that others wrote, which revokes everything when a refresh token is used twice.

use jiff::Timestamp;
use serde_json::json;
use system_tests::{
    account::{VAULT_KEY, text},
    binary::{Connector, Outcome, RunningConnector},
    oauth_server::OAuthServer,
    store::{Kind, Store},
    waiting::wait_until,
};

on_both_stores! {
    processes_that_meet_an_ended_token_refresh_it_once,
}

/// A connector that is logged in at a server.
struct World {
    server: OAuthServer,
    connector: Connector,
    _store: Store,
}

impl World {
    /// Waits until the access token has ended.
    fn wait_for_the_end(&self) {
        let status = self.connector.run(["status"]).response();
        let ends: Timestamp =
            text(&status["connections"][0]["access_token_expires_at"]).parse().expect("an instant");
        wait_until("the access token has ended", || Timestamp::now() > ends);
    }
}

fn logged_in(kind: Kind, access_token_seconds: u64) -> World {
    let server = OAuthServer::start();
    server.control(&json!({"access_token_seconds": access_token_seconds}));
    let connector = Connector::new("tl-connector");
    let store = Store::new(kind, &connector.working_folder());
    let connector = server
        .connector(connector)
        .environment("CONNECTOR_STORE_URL", store.url())
        .environment("CONNECTOR_VAULT_KEY", VAULT_KEY);
    let outcome = OAuthServer::login(&connector, []);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    World { server, connector, _store: store }
}

fn processes_that_meet_an_ended_token_refresh_it_once(kind: Kind) {
    let world = logged_in(kind, 1);
    world.wait_for_the_end();
    world.server.control(&json!({"access_token_seconds": 3600, "delay": 1000}));
    let all: Vec<_> = (0..8).map(|_| world.connector.start(["validate_credentials"])).collect();
    let outcomes: Vec<Outcome> = all.into_iter().map(RunningConnector::wait).collect();
    for outcome in outcomes {
        assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    }
    assert_eq!(world.server.count("refreshed"), 1);
    assert_eq!(world.server.count("refused"), 0);
}
