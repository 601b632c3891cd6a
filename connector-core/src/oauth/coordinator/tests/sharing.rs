//! Many who want a token at the same moment, and tokens that will do.

use std::sync::Arc;
use std::time::Duration;

use super::{HOUR, MARGIN, Need, World, key, secret, token};

#[tokio::test(start_paused = true)]
async fn sixty_four_tasks_cost_one_refresh() {
    let world = World::expired().await;
    world.provider.answers_after(Duration::from_secs(5));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (process, renewer) = (Arc::clone(&world.process), world.renewer());
            tokio::spawn(async move { process.get(&key(), &Need::of(MARGIN), &renewer).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(token(&task.await.unwrap()), "access-2");
    }
    assert_eq!(world.provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn eight_processes_cost_one_refresh() {
    let world = World::expired().await;
    world.provider.answers_after(Duration::from_secs(5));
    let tasks: Vec<_> = (0..8)
        .flat_map(|_| std::iter::repeat_n(world.another_process(), 16))
        .map(|process| {
            let renewer = world.renewer();
            tokio::spawn(async move { process.get(&key(), &Need::of(MARGIN), &renewer).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(token(&task.await.unwrap()), "access-2");
    }
    assert_eq!((world.provider.requests(), world.row().await.generation), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_the_refresh_to_its_end() {
    let world = World::expired().await;
    world.provider.answers_after(Duration::from_secs(5));
    let gone = tokio::time::timeout(Duration::from_secs(1), world.get()).await;
    assert!(gone.is_err());
    let other = world.another_process();
    let granted = other.get(&key(), &Need::of(MARGIN), &world.renewer()).await.unwrap();
    assert_eq!((token(&granted), world.provider.requests()), ("access-2", 1));
    assert!(world.vault.attempt(&key()).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_store_is_looked_at_once_a_second() {
    let world = World::new().await;
    for _ in 0..100 {
        world.get().await.unwrap();
    }
    assert_eq!(world.vault.loads(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    world.get().await.unwrap();
    assert_eq!((world.vault.loads(), world.provider.requests()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_moment_costs_no_token_that_is_known() {
    let world = World::new().await;
    world.get().await.unwrap();
    world.vault.set_away(true);
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-1");
    tokio::time::advance(Duration::from_secs(31)).await;
    assert!(world.get().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_a_minute_before_its_end_and_a_short_one_in_the_middle_of_its_life() {
    let world = World::new().await;
    tokio::time::advance(Duration::from_secs(3600 - 61)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-1");
    tokio::time::advance(Duration::from_secs(2)).await;
    let granted = world.get().await.unwrap();
    assert_eq!((token(&granted), granted.is_new), ("access-2", true));

    let mut row = world.row().await;
    row.tokens.expires_in = Some(20);
    row.tokens.expires_at = Some(world.now() + Duration::from_secs(20));
    world.vault.put_over_lock(&key(), &row);
    world.process.forget(&key());
    tokio::time::advance(Duration::from_secs(9)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-3");
}

#[tokio::test(start_paused = true)]
async fn who_needs_a_longer_life_gets_one_and_not_for_ever_another() {
    let world = World::new().await;
    tokio::time::advance(Duration::from_mins(10)).await;
    let long = Need::of(Duration::from_mins(52));
    assert_eq!(token(&world.get_for(&long).await.unwrap()), "access-2");
    // No token lives for two hours, so half of what they live will do.
    let longer = Need::of(HOUR * 2);
    tokio::time::advance(Duration::from_mins(29)).await;
    assert_eq!(token(&world.get_for(&longer).await.unwrap()), "access-2");
    assert_eq!(world.provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_app_refuses_is_replaced_once() {
    let world = World::new().await;
    let refused = Need::instead_of(&secret("access-1"));
    let both = futures_util::future::join(world.get_for(&refused), world.get_for(&refused)).await;
    assert_eq!((token(&both.0.unwrap()), token(&both.1.unwrap())), ("access-2", "access-2"));
    assert_eq!(token(&world.get_for(&refused).await.unwrap()), "access-2");
    assert_eq!(world.provider.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_gone_is_told() {
    let world = World::expired().await;
    assert!(super::TokenStore::delete(&world.vault, &key()).await.unwrap());
    let error = world.get().await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.connection_not_found"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_has_ended_when_it_comes_is_never_handed_out() {
    let world = World::expired().await;
    world.provider.issue_dead_tokens();
    let error = world.get().await.err().unwrap();
    assert_eq!(error.app_code(), Some("oauth.token_of_no_use"));
}
