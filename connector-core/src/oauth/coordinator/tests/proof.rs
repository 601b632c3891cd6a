//! Tokens that may not be of the connection's account, or are of a state that nobody knows: none of them is used.

use super::{
    AccountProof, Connection, ConnectionState, HOUR, Hidden, MARGIN, Need, World, key, secret, token,
};
use crate::error::ErrorCode;
use crate::oauth::TokenStore;

/// Tokens from elsewhere were put in: the access token is of `account-1`.
async fn imported() -> World {
    let world = World::new().await;
    let row = Connection {
        account: Some("account-1".to_owned()),
        proof: AccountProof::AccessToken,
        ..world.row().await
    };
    world.vault.save(&key(), &row).await.unwrap();
    world
}

async fn refused(world: &World) -> String {
    let error = world.get().await.err().expect("no token comes");
    error.app_code().unwrap_or_default().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_first_renewed_token_of_an_import_must_be_of_its_account() {
    let world = imported().await;
    world.provider.tell_account("account-1");
    assert_eq!(token(&world.get().await.unwrap()), "access-1");
    assert_eq!(world.provider.questions(), 0, "it was asked when they were put in");
    for expected in ["access-2", "access-3"] {
        tokio::time::advance(HOUR).await;
        assert_eq!(token(&world.get().await.unwrap()), expected);
    }
    assert_eq!((world.provider.questions(), world.row().await.proof), (1, AccountProof::Whole));
}

#[tokio::test(start_paused = true)]
async fn an_import_of_two_accounts_is_refused_and_its_tokens_are_kept_from_everybody() {
    let world = imported().await;
    world.provider.tell_account("account-2");
    let forced = Need { other_than: Some(secret("access-1")), ..Need::of(MARGIN) };
    let error = world.get_for(&forced).await.err().unwrap();
    assert_eq!((error.code(), error.app_code()), (ErrorCode::Conflict, Some("oauth.account_mismatch")));
    assert!(error.message().contains("account-1"), "{error}");
    assert_eq!(refused(&world).await, "oauth.account_mismatch");
    assert!(world.process.at_hand(&key(), &Need::of(MARGIN)).is_none());
    let other = world.another_process();
    let error = other.get(&key(), &Need::of(MARGIN), &world.renewer()).await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.account_mismatch"));
    let row = world.row().await;
    assert_eq!(
        (row.state, row.account.as_deref()),
        (ConnectionState::ReauthorizationRequired, Some("account-1"))
    );
    assert_eq!((world.provider.requests(), world.provider.questions()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn tokens_of_an_unknown_account_wait_for_the_app_to_tell_and_are_not_renewed_for_it() {
    let world = imported().await;
    world.provider.tell_account("account-1");
    world.provider.hide(Hidden::Account);
    tokio::time::advance(HOUR).await;
    for _ in 0..2 {
        let error = world.get().await.err().unwrap();
        assert_eq!(error.code(), ErrorCode::ServiceError);
    }
    assert_eq!(world.row().await.proof, AccountProof::Awaited);
    world.provider.hide_nothing();
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    let row = world.row().await;
    assert_eq!((row.proof, row.account.as_deref()), (AccountProof::Whole, Some("account-1")));
    assert_eq!(world.provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_ended_before_the_app_told_are_renewed_once_more() {
    let world = imported().await;
    world.provider.tell_account("account-1");
    world.provider.hide(Hidden::Account);
    tokio::time::advance(HOUR).await;
    world.get().await.err().unwrap();
    world.provider.hide_nothing();
    tokio::time::advance(HOUR).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-3");
    assert_eq!(world.row().await.proof, AccountProof::Whole);
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_an_unknown_state_is_neither_used_nor_written_over() {
    let world = World::new().await;
    let row = Connection { state: ConnectionState::Unknown, ..world.row().await };
    world.vault.save(&key(), &row).await.unwrap();
    for _ in 0..2 {
        let error = world.get().await.err().unwrap();
        assert_eq!(error.code(), ErrorCode::UnsupportedOperation);
        tokio::time::advance(HOUR).await;
    }
    assert_eq!((world.provider.requests(), world.row().await.generation), (0, row.generation + 1));
}
