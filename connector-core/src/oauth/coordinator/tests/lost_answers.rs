//! Answers that got lost, and processes that died before theirs came.

use std::time::Duration;

use uuid::Uuid;

use super::{Answer, ConnectionState, MARGIN, Need, World, key, secret, token};
use crate::error::{ConnectorError, ErrorCode};
use crate::oauth::coordinator::renewer::digest;
use crate::oauth::{RefreshAttempt, TokenStore};

/// A process dies with this refresh token under way.
async fn die_with(world: &World, refresh_token: &str) {
    let home = key();
    let mut locked = world.vault.lock(&home).await.unwrap();
    let attempt =
        RefreshAttempt { id: Uuid::new_v4(), token_digest: digest([refresh_token]), started_at: world.now() };
    locked.begin(&attempt).await.unwrap();
}

fn in_its_last_minute() -> Duration {
    Duration::from_secs(3600 - 40)
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_not_asked_for_again_before_the_token_ends() {
    let world = World::new().await;
    tokio::time::advance(in_its_last_minute()).await;
    world.provider.next(Answer::LostOnTheWayThere);
    let granted = world.get().await.unwrap();
    assert_eq!(granted.warning.as_ref().unwrap().app_code(), Some("oauth.refresh_indeterminate"));
    assert_eq!(world.row().await.state, ConnectionState::RefreshIndeterminate);
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(10)).await;
        let granted = world.get().await.unwrap();
        assert_eq!(granted.warning.unwrap().app_code(), Some("oauth.refresh_indeterminate"));
    }
    assert_eq!(world.provider.requests(), 1);

    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    assert_eq!((world.row().await.state, world.provider.requests()), (ConnectionState::Active, 2));
}

#[tokio::test(start_paused = true)]
async fn with_the_token_ended_the_same_refresh_token_is_tried_once_more_at_once() {
    let world = World::expired().await;
    world.provider.next(Answer::LostOnTheWayThere);
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    assert_eq!(world.provider.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_was_lost_asks_for_a_person() {
    let world = World::expired().await;
    world.provider.next(Answer::LostOnTheWayBack);
    let error = world.get().await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.reauthorization_required"));
    let row = world.row().await;
    assert_eq!(row.state, ConnectionState::ReauthorizationRequired);
    assert_eq!(row.renewal.reason.as_deref(), Some("rotation_outcome_unknown"));
    let error = world.get().await.err().unwrap();
    assert!(error.message().contains("was lost"), "{error}");
    assert_eq!(world.provider.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_reaches_nobody_is_not_used_up() {
    let world = World::expired().await;
    world.provider.next(Answer::LostOnTheWayThere);
    world.provider.next(Answer::Unreachable);
    let error = world.get().await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.refresh_indeterminate"));
    assert!(error.wait().is_some());
    assert_eq!(world.row().await.state, ConnectionState::RefreshIndeterminate);
    tokio::time::advance(Duration::from_secs(70)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    assert_eq!(world.provider.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_lost_too_waits_before_the_next() {
    let world = World::expired().await;
    world.provider.next(Answer::LostOnTheWayThere);
    world.provider.next(Answer::LostOnTheWayThere);
    for _ in 0..3 {
        let error = world.get().await.err().unwrap();
        assert_eq!(error.app_code(), Some("oauth.refresh_indeterminate"));
    }
    assert_eq!(world.provider.requests(), 2);
    tokio::time::advance(Duration::from_secs(70)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_died_leaves_the_same_behind() {
    let world = World::new().await;
    tokio::time::advance(in_its_last_minute()).await;
    die_with(&world, "refresh-1").await;
    let granted = world.get().await.unwrap();
    assert_eq!(granted.warning.unwrap().app_code(), Some("oauth.refresh_indeterminate"));
    assert_eq!(world.row().await.state, ConnectionState::RefreshIndeterminate);
    assert_eq!(world.provider.requests(), 0);
    tokio::time::advance(Duration::from_secs(40)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
}

#[tokio::test(start_paused = true)]
async fn processes_that_die_one_after_the_other_do_not_cost_a_grant_that_is_good() {
    let world = World::expired().await;
    for _ in 0..50 {
        die_with(&world, "refresh-1").await;
    }
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    assert_eq!(world.provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_with_another_refresh_token_is_over() {
    let world = World::new().await;
    tokio::time::advance(in_its_last_minute()).await;
    die_with(&world, "refresh-0").await;
    let granted = world.get().await.unwrap();
    assert_eq!((token(&granted), world.provider.requests()), ("access-2", 1));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_app_refuses_has_ended_whatever_its_date() {
    let world = World::new().await;
    die_with(&world, "refresh-1").await;
    let granted = world.get_for(&Need::instead_of(&secret("access-1"), MARGIN)).await.unwrap();
    assert_eq!((token(&granted), world.provider.requests()), ("access-2", 1));
}

#[tokio::test(start_paused = true)]
async fn a_login_ends_what_was_open() {
    let world = World::expired().await;
    world.provider.next(Answer::LostOnTheWayBack);
    world.get().await.err().unwrap();
    let mut row = world.row().await;
    row.state = ConnectionState::Active;
    row.renewal = super::Renewal::default();
    row.tokens = world.provider.tokens(2);
    world.vault.save(&key(), &row).await.unwrap();
    let granted = world.get().await.unwrap();
    assert_eq!((token(&granted), granted.warning.is_none()), ("access-2", true));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_tells_nothing_leaves_the_outcome_unknown() {
    let busy = || ConnectorError::new(ErrorCode::ServiceError, "busy").status(503);
    let client = || ConnectorError::misconfigured(ErrorCode::Unauthorized, "invalid_client").status(401);
    for (failure, app_code) in
        [(busy(), "oauth.refresh_indeterminate"), (client(), "oauth.provider_rejected_client")]
    {
        let world = World::expired().await;
        die_with(&world, "refresh-1").await;
        world.provider.rotate_unseen();
        world.provider.next(Answer::Error(failure));
        for _ in 0..2 {
            let error = world.get().await.err().unwrap();
            assert_eq!(error.app_code(), Some(app_code), "{error}");
            assert_eq!(world.row().await.state, ConnectionState::RefreshIndeterminate);
        }
        world.provider.use_client("corrected");
        tokio::time::advance(Duration::from_secs(70)).await;
        assert!(world.get().await.is_err());
        assert_eq!(world.row().await.renewal.reason.as_deref(), Some("rotation_outcome_unknown"));
    }
}
