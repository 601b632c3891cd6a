//! Refreshes that the app refuses: what becomes of the connection, and when it is asked again.

use std::time::Duration;

use super::{Answer, ConnectionState, HOUR, Hidden, MARGIN, Need, World, secret, token};
use crate::error::{ConnectorError, ErrorCode};

fn unavailable() -> Answer {
    Answer::Error(ConnectorError::new(ErrorCode::ServiceError, "busy").status(503))
}

fn seconds_until_retry(world: &World, row: &super::Connection) -> i64 {
    row.renewal.retry_after.unwrap().duration_since(world.now()).as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_no_error_while_the_token_is_valid_and_none_is_handed_out_after_its_end() {
    let world = World::new().await;
    tokio::time::advance(Duration::from_secs(3600 - 20)).await;
    world.provider.next(unavailable());
    let granted = world.get().await.unwrap();
    assert_eq!((token(&granted), granted.is_new), ("access-1", false));
    assert_eq!(granted.warning.unwrap().code(), ErrorCode::ServiceError);
    let granted = world.get().await.unwrap();
    assert_eq!(granted.warning.unwrap().app_code(), Some("oauth.cooldown"));

    tokio::time::advance(Duration::from_secs(21)).await;
    let error = world.get().await.err().unwrap();
    assert_eq!((error.app_code(), error.code()), (Some("oauth.cooldown"), ErrorCode::ServiceError));
    assert!(error.wait().is_some());
    assert_eq!(world.provider.requests(), 1);

    tokio::time::advance(Duration::from_secs(13)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    let row = world.row().await;
    assert_eq!((row.state, row.renewal.failures), (ConnectionState::Active, 0));
    assert_eq!(row.renewal.succeeded_at, Some(world.now()));
}

#[tokio::test(start_paused = true)]
async fn pauses_double_up_to_a_quarter_of_an_hour() {
    let world = World::expired().await;
    for expected in [30_u32, 60, 120, 240, 480, 900, 900] {
        world.provider.next(unavailable());
        world.get().await.err().unwrap();
        let row = world.row().await;
        let wait = u32::try_from(seconds_until_retry(&world, &row)).unwrap();
        assert!((expected * 9 / 10 - 1..=expected * 11 / 10).contains(&wait), "{wait} for {expected}");
        tokio::time::advance(Duration::from_secs(wait.into()) + Duration::from_secs(1)).await;
    }
    assert_eq!(world.row().await.renewal.failures, 7);
}

#[tokio::test(start_paused = true)]
async fn the_app_says_how_long_to_wait() {
    let world = World::expired().await;
    let busy = ConnectorError::new(ErrorCode::RateLimit, "slow down").status(429);
    world.provider.next(Answer::Error(busy.retry_after(Duration::from_secs(7))));
    let error = world.get().await.err().unwrap();
    assert_eq!((error.code(), error.wait()), (ErrorCode::RateLimit, Some(Duration::from_secs(7))));
    assert_eq!(seconds_until_retry(&world, &world.row().await), 7);
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_is_gone_is_not_tried_again_and_its_tokens_are_kept() {
    let world = World::new().await;
    let gone = || Answer::Error(ConnectorError::new(ErrorCode::CredsRevoked, "invalid_grant").status(400));
    world.provider.next(gone());
    let refused = Need::instead_of(&secret("access-1"), MARGIN);
    let error = world.get_for(&refused).await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.reauthorization_required"));
    assert!(error.hint_text().unwrap().contains("login"));

    let row = world.row().await;
    assert_eq!(row.state, ConnectionState::ReauthorizationRequired);
    assert_eq!(row.renewal.reason.as_deref(), Some("invalid_grant"));
    assert_eq!(row.tokens.refresh_token.unwrap().expose(), "refresh-1");
    // Its access token is good until it ends, and not a moment longer.
    let granted = world.get().await.unwrap();
    assert_eq!(granted.warning.unwrap().app_code(), Some("oauth.reauthorization_required"));
    tokio::time::advance(HOUR).await;
    let error = world.get().await.err().unwrap();
    assert_eq!((error.code(), world.provider.requests()), (ErrorCode::CredsRevoked, 1));
}

#[tokio::test(start_paused = true)]
async fn another_client_is_tried_at_once_where_one_was_refused() {
    let world = World::expired().await;
    world.provider.use_client("wrong");
    let wrong = ConnectorError::new(ErrorCode::Unauthorized, "invalid_client").status(401);
    world.provider.next(Answer::Error(wrong));
    let error = world.get().await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.provider_rejected_client"));
    let again = world.get().await.err().unwrap();
    assert_eq!(again.app_code(), Some("oauth.provider_rejected_client"));
    assert_eq!(world.provider.requests(), 1);
    let row = world.row().await;
    assert_eq!(
        (row.state, row.renewal.reason.as_deref()),
        (ConnectionState::Misconfigured, Some("invalid_client"))
    );

    world.provider.use_client("right");
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    let row = world.row().await;
    assert_eq!((row.state, row.renewal.rejected_client), (ConnectionState::Active, None));
}

#[tokio::test(start_paused = true)]
async fn the_same_client_is_tried_again_after_a_pause() {
    let world = World::expired().await;
    world.provider.next(Answer::Error(ConnectorError::new(ErrorCode::Unauthorized, "invalid_client")));
    world.get().await.err().unwrap();
    tokio::time::advance(Duration::from_secs(34)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
}

#[tokio::test(start_paused = true)]
async fn failures_on_four_days_are_enough() {
    let world = World::expired().await;
    for day in 1..=4 {
        for _ in 0..2 {
            assert_eq!(world.row().await.state, ConnectionState::Active, "day {day}");
            world.provider.next(unavailable());
            world.get().await.err().unwrap();
            if day == 4 {
                break;
            }
            tokio::time::advance(Duration::from_mins(20)).await;
        }
        tokio::time::advance(Duration::from_mins(24 * 60 - 40)).await;
    }
    let row = world.row().await;
    assert_eq!((row.state, row.renewal.failures), (ConnectionState::Exhausted, 7));
    let error = world.get().await.err().unwrap();
    assert_eq!((error.app_code(), error.code()), (Some("oauth.refresh_exhausted"), ErrorCode::CredsRevoked));
    assert_eq!(world.provider.requests(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_token_without_a_successor_is_handed_out_until_it_ends() {
    let world = World::new().await;
    let mut row = world.row().await;
    row.tokens.refresh_token = None;
    world.vault.put_over_lock(&super::key(), &row);
    tokio::time::advance(Duration::from_secs(3600 - 5)).await;
    let granted = world.get().await.unwrap();
    assert_eq!(granted.warning.unwrap().app_code(), Some("oauth.token_expired_no_refresh"));
    tokio::time::advance(Duration::from_secs(5)).await;
    let error = world.get().await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.token_expired_no_refresh"));
    assert_eq!(world.provider.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_nobody_tells_spends_nothing() {
    let world = World::expired().await;
    world.provider.hide(Hidden::Address);
    let error = world.get().await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.metadata_unreachable"));
    let row = world.row().await;
    assert_eq!((row.state, row.renewal.failures), (ConnectionState::Active, 1));
    assert!(world.vault.attempt(&super::key()).is_none(), "no attempt is written down");
    world.provider.hide_nothing();
    tokio::time::advance(Duration::from_secs(34)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    assert_eq!(world.provider.requests(), 1);
}
