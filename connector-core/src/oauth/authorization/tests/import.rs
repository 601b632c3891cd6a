//! Tokens that were got elsewhere.

use std::sync::Arc;

use futures_util::future::{BoxFuture, join_all};
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, Request, ResponseTemplate};

use super::{World, acme};
use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::Host;
use crate::oauth::authorization::{ImportedTokens, import};
use crate::oauth::{
    AccountProof, AuthorizationStore, Connection, IssueOptions, RefreshCoordinator, access_token,
};

/// The host with the client in its environment.
struct Configured {
    host: Arc<dyn Host>,
    url: String,
}

impl Host for Configured {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "EXAMPLE_URL" => Some(self.url.clone()),
            "EXAMPLE_CLIENT_ID" => Some("us".to_owned()),
            "EXAMPLE_CLIENT_SECRET" => Some("client-secret".to_owned()),
            _ => None,
        }
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Option<Arc<RefreshCoordinator>>>> {
        self.host.tokens()
    }

    fn authorizations(&self) -> BoxFuture<'_, Result<Option<Arc<dyn AuthorizationStore>>>> {
        self.host.authorizations()
    }
}

impl World {
    fn configured(&self) -> Arc<dyn Host> {
        Arc::new(Configured { host: Arc::clone(&self.host), url: self.server.uri() })
    }

    async fn import(&self, access_token: Option<&str>) -> Result<()> {
        let imported = ImportedTokens {
            connection: "acme".to_owned(),
            refresh_token: Secret::new("from-elsewhere"),
            access_token: access_token.map(Secret::new),
            expires_in: Some(3600),
        };
        import(&self.integration, &self.configured(), imported).await
    }

    /// The app refuses to give tokens.
    async fn refuses(&self, error: &str) {
        let answer = ResponseTemplate::new(400).set_body_json(json!({"error": error}));
        Mock::given(path("/token")).respond_with(answer).with_priority(1).mount(&self.server).await;
    }
}

fn codes(error: &ConnectorError) -> (ErrorCode, &str) {
    (error.code(), error.app_code().unwrap_or_default())
}

#[tokio::test]
async fn one_of_several_imports_at_once_makes_the_connection() {
    let world = World::new().await;
    world.accepts("account-1").await;
    let outcomes = join_all((0..6).map(|_| world.import(None))).await;
    let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(refused.len(), 5, "{outcomes:?}");
    for error in refused {
        assert_eq!(codes(error), (ErrorCode::Conflict, "oauth.account_unknown"));
    }
    let connection = world.memory.connection().unwrap();
    assert_eq!(connection.account.as_deref(), Some("account-1"));
    assert_eq!(connection.tokens.access_token.expose(), "access-account-1");
}

#[tokio::test]
async fn a_refresh_token_that_the_app_refuses_for_good_is_not_kept() {
    for word in ["invalid_grant", "access_denied", "invalid_scope"] {
        let world = World::new().await;
        world.refuses(word).await;
        let error = world.import(None).await.unwrap_err();
        assert_eq!(codes(&error), (ErrorCode::InvalidValue, "oauth.import_refused"), "{word}");
        assert!(world.memory.connection().is_none(), "{word}");
    }
    let world = World::new().await;
    world.refuses("temporarily_unavailable").await;
    world.import(None).await.unwrap();
    assert!(world.memory.connection().is_some(), "it is tried again by whoever needs it");
}

#[tokio::test]
async fn a_refused_import_takes_nothing_away_that_somebody_put_in_its_place() {
    let world = World::new().await;
    world.accepts("account-1").await;
    world.connect().await;
    let live = world.memory.connection().unwrap();
    let taken_out = super::remove(&world.integration, &world.host, "acme").await;
    assert!(taken_out.is_ok() && world.memory.connection().is_none());
    let tokens = world.memory.tokens.clone();
    let replaced = move |_: &Request| {
        tokens.put_over_lock(&acme(), &live);
        ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"}))
    };
    Mock::given(path("/token")).respond_with(replaced).with_priority(1).mount(&world.server).await;
    let error = world.import(None).await.unwrap_err();
    assert_eq!(codes(&error), (ErrorCode::InvalidValue, "oauth.import_refused"));
    let connection = world.memory.connection().expect("a login put it there");
    assert_eq!(connection.tokens.access_token.expose(), "access-account-1");
}

#[tokio::test]
async fn a_refresh_token_of_another_account_than_its_access_token_gives_no_tokens() {
    let world = World::new().await;
    world.accepts("account-2").await;
    let of_whom = |request: &Request| {
        let sent = request.headers.get("authorization").map(|value| value.to_str().unwrap_or_default());
        let is_imported = sent.is_some_and(|value| value.ends_with("imported"));
        ResponseTemplate::new(200).set_body_string(if is_imported { "account-1" } else { "account-2" })
    };
    Mock::given(path("/me")).respond_with(of_whom).with_priority(1).mount(&world.server).await;
    world.import(Some("imported")).await.unwrap();
    let issue = async |force_refresh| {
        let options = IssueOptions { force_refresh, ..IssueOptions::default() };
        access_token(&world.integration, &world.configured(), "acme", options).await
    };
    assert_eq!(issue(false).await.unwrap().access_token.expose(), "imported");
    for force_refresh in [true, false] {
        let error = issue(force_refresh).await.unwrap_err();
        assert_eq!(codes(&error), (ErrorCode::Conflict, "oauth.account_mismatch"), "{error:?}");
    }
    let Connection { account, state, proof, .. } = world.memory.connection().unwrap();
    assert_eq!((account.as_deref(), proof), (Some("account-1"), AccountProof::Awaited));
    assert!(state.needs_login());

    world.accepts("account-1").await;
    world.connect().await;
    assert_eq!(issue(false).await.unwrap().access_token.expose(), "access-account-1");
}
