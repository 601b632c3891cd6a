//! Tokens of an OAuth server that others wrote, which revokes everything when a refresh token is used twice.

mod brokered;
mod callbacks;
mod clients;
mod kills;
mod memory;
mod secrets;
mod storm;

use jiff::Timestamp;
use serde_json::{Value, json};
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

const TOKEN: &str = "/default/teamleader/binb-token";

/// A figure, for people to see with `--nocapture`.
#[expect(clippy::print_stdout, reason = "the one place that prints")]
fn print_figure(figure: &str) {
    println!("{figure}");
}

/// A connector that is registered at a server.
struct World {
    server: OAuthServer,
    connector: Connector,
    store: Store,
}

impl World {
    fn new(kind: Kind) -> Self {
        let server = OAuthServer::start();
        let connector = Connector::new("tl-connector");
        let store = Store::new(kind, &connector.working_folder());
        let connector = server
            .connector(connector)
            .environment("CONNECTOR_STORE_URL", store.url())
            .environment("CONNECTOR_VAULT_KEY", VAULT_KEY);
        Self { server, connector, store }
    }

    /// Logs in, with access tokens of this life.
    fn log_in(&self, access_token_seconds: u64) {
        self.server.control(&json!({"access_token_seconds": access_token_seconds}));
        let outcome = OAuthServer::login(&self.connector, []);
        assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    }

    /// What `status` says of the connection.
    fn status(&self) -> Value {
        self.connector.run(["status"]).response()["connections"][0].take()
    }

    /// Waits until the access token has ended.
    fn wait_for_the_end(&self) {
        let status = self.status();
        let ends: Timestamp = text(&status["access_token_expires_at"]).parse().expect("an instant");
        wait_until("the access token has ended", || Timestamp::now() > ends);
    }
}

fn processes_that_meet_an_ended_token_refresh_it_once(kind: Kind) {
    let world = World::new(kind);
    world.log_in(1);
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
