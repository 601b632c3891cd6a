//! Connections that nobody uses, and a server that keeps them alive.

use std::sync::Arc;
use std::time::Duration;

use super::{Answer, Connection, ConnectionKey, ConnectionState, HOUR, Renewer, World, key};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::StopSignal;

async fn sweep(world: &World) {
    let renewers = |_: &ConnectionKey, _: &Connection| -> Result<Arc<dyn Renewer>> { Ok(world.renewer()) };
    world.process.sweep_app("example", &renewers, &StopSignal::never()).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_its_end_and_not_earlier() {
    let world = World::new().await;
    sweep(&world).await;
    assert_eq!(world.provider.requests(), 0);
    tokio::time::advance(Duration::from_secs(3600 - 85)).await;
    for _ in 0..3 {
        sweep(&world).await;
        assert_eq!(world.provider.requests(), 1);
    }
    assert_eq!(world.row().await.tokens.access_token.expose(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_does_not_end_is_renewed_once_a_day_and_by_one_process() {
    let world = World::new().await;
    let mut row = world.row().await;
    (row.tokens.expires_at, row.tokens.expires_in) = (None, None);
    world.vault.put_over_lock(&key(), &row);
    tokio::time::advance(HOUR * 18).await;
    sweep(&world).await;
    assert_eq!(world.provider.requests(), 0);
    tokio::time::advance(HOUR * 6).await;
    let renewers = |_: &ConnectionKey, _: &Connection| -> Result<Arc<dyn Renewer>> { Ok(world.renewer()) };
    let (other, never) = (world.another_process(), StopSignal::never());
    futures_util::future::join(sweep(&world), other.sweep_app("example", &renewers, &never)).await;
    assert_eq!(world.provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_after_its_pause() {
    let world = World::expired().await;
    let busy = ConnectorError::new(ErrorCode::ServiceError, "busy").status(503);
    world.provider.next(Answer::Error(busy));
    sweep(&world).await;
    sweep(&world).await;
    assert_eq!(world.provider.requests(), 1);
    tokio::time::advance(Duration::from_secs(34)).await;
    sweep(&world).await;
    assert_eq!((world.provider.requests(), world.row().await.renewal.failures), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_needs_a_person_is_left_alone() {
    for state in [ConnectionState::ReauthorizationRequired, ConnectionState::Exhausted] {
        let world = World::expired().await;
        let row = Connection { state, ..world.row().await };
        world.vault.put_over_lock(&key(), &row);
        sweep(&world).await;
        assert_eq!(world.provider.requests(), 0, "{state:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_waits_for_the_end_of_the_token() {
    let world = World::new().await;
    tokio::time::advance(Duration::from_secs(3600 - 85)).await;
    world.provider.next(Answer::LostOnTheWayThere);
    sweep(&world).await;
    sweep(&world).await;
    assert_eq!(world.provider.requests(), 1);
    tokio::time::advance(Duration::from_secs(85)).await;
    sweep(&world).await;
    assert_eq!((world.provider.requests(), world.row().await.state), (2, ConnectionState::Active));
}
