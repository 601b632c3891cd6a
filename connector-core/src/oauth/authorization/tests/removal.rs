//! Connections that are taken out.

use serde_json::json;
use tokio::sync::watch;
use wiremock::matchers::path;
use wiremock::{Mock, Request, ResponseTemplate};

use super::{World, remove};
use crate::error::ErrorCode;

#[tokio::test]
async fn a_connection_that_is_removed_gives_its_tokens_back_refresh_token_first() {
    let world = World::new().await;
    for (status, revoked, sent) in
        [(200, true, vec!["refresh", "access-account-1"]), (503, false, vec!["refresh"])]
    {
        world.accepts("account-1").await;
        world.connect().await;
        world.server.reset().await;
        Mock::given(path("/revoke")).respond_with(ResponseTemplate::new(status)).mount(&world.server).await;
        let removed = remove(&world.integration, &world.host, "acme").await.unwrap();
        assert_eq!(removed.account.as_deref(), Some("account-1"));
        assert_eq!((removed.revoked_at_provider, removed.failure.is_none()), (Some(revoked), revoked));
        assert!(world.memory.connection().is_none(), "it is forgotten in any case");
        let requests = world.server.received_requests().await.unwrap();
        let tokens = requests.iter().map(|request| {
            let mut pairs = url::form_urlencoded::parse(&request.body).into_owned();
            pairs.find(|(name, _)| name == "token").map(|(_, token)| token).unwrap_or_default()
        });
        assert_eq!(tokens.collect::<Vec<_>>(), sent);
    }
    let error = remove(&world.integration, &world.host, "acme").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_login_that_ends_while_a_connection_is_removed_stays() {
    let world = World::new().await;
    world.accepts("account-1").await;
    world.connect().await;
    let (asked, mut is_asked) = watch::channel(false);
    let revoked = move |_: &Request| {
        asked.send_replace(true);
        ResponseTemplate::new(200).set_delay(std::time::Duration::from_millis(300))
    };
    Mock::given(path("/revoke")).respond_with(revoked).mount(&world.server).await;
    let removing = remove(&world.integration, &world.host, "acme");
    let login = async {
        is_asked.wait_for(|asked| *asked).await.unwrap();
        world.connect().await;
    };
    let (removed, ()) = futures_util::future::join(removing, login).await;
    assert_eq!(removed.unwrap().revoked_at_provider, Some(true));
    let connection = world.memory.connection().expect("the login said that it is there");
    assert_eq!(connection.account.as_deref(), Some("account-1"));
    let given_back = world.server.received_requests().await.unwrap();
    let given_back = given_back.iter().filter(|request| request.url.path() == "/revoke").count();
    assert_eq!((given_back, json!(connection.generation)), (2, json!(1)), "of the old connection alone");
}
