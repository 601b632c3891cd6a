//! New tokens on their way into a vault that is away, or that somebody else wrote to.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::{ConnectionState, Renewal, World, key, token};
use crate::oauth::{TokenStore, token_requests_settled};

#[tokio::test(start_paused = true)]
async fn new_tokens_outlast_a_vault_that_is_away() {
    let world = World::expired().await;
    world.provider.answers_after(Duration::from_secs(5));
    let away = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.vault.set_away(true);
        tokio::time::sleep(Duration::from_mins(5)).await;
        // They work in this process meanwhile, and whoever gets them is told.
        let granted = world.get().await.unwrap();
        assert_eq!(token(&granted), "access-2");
        assert_eq!(granted.warning.unwrap().app_code(), Some("vault.write_failed"));
        world.vault.set_away(false);
    };
    let began = Instant::now();
    let caller = async {
        let granted = world.get().await.unwrap();
        // Five seconds of the app, and no more than five of the vault.
        assert!(began.elapsed() <= Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(token(&granted), "access-2");
        assert_eq!(granted.warning.unwrap().app_code(), Some("vault.write_failed"));
    };
    futures_util::future::join(caller, away).await;
    // Without anybody asking.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let granted = world.get().await.unwrap();
    assert_eq!((token(&granted), granted.warning.is_none()), ("access-2", true));
    let row = world.row().await;
    assert_eq!(row.tokens.refresh_token.unwrap().expose(), "refresh-2");
    assert_eq!((row.state, world.provider.requests()), (ConnectionState::Active, 1));
    assert!(world.vault.attempt(&key()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_is_away_for_long_gets_them_before_the_next_refresh() {
    let world = World::expired().await;
    world.provider.answers_after(Duration::from_secs(5));
    let away = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.vault.set_away(true);
    };
    let (granted, ()) = futures_util::future::join(world.get(), away).await;
    let warning = granted.unwrap().warning.unwrap();
    assert_eq!(warning.app_code(), Some("vault.write_failed"));
    assert!(token_requests_settled().now_or_never().is_none(), "a stop waits for them");
    assert_eq!(token(&world.get().await.unwrap()), "access-2");
    world.vault.set_away(false);
    tokio::time::advance(super::HOUR).await;
    assert_eq!(token(&world.get().await.unwrap()), "access-3");
    assert_eq!(world.provider.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_a_login_win_over_those_of_a_refresh_that_it_overtook() {
    let world = World::expired().await;
    world.provider.answers_after(Duration::from_secs(5));
    let login = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut row = world.row().await;
        row.tokens = world.provider.tokens(7);
        row.renewal = Renewal::default();
        world.vault.put_over_lock(&key(), &row);
    };
    let (granted, ()) = futures_util::future::join(world.get(), login).await;
    assert_eq!(token(&granted.unwrap()), "access-7");
    assert_eq!(world.row().await.tokens.access_token.expose(), "access-7");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_no_login_does_not_cost_new_tokens() {
    let world = World::expired().await;
    world.provider.answers_after(Duration::from_secs(5));
    let change = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.vault.put_over_lock(&key(), &world.row().await);
    };
    let (granted, ()) = futures_util::future::join(world.get(), change).await;
    assert_eq!(token(&granted.unwrap()), "access-2");
    let row = world.row().await;
    assert_eq!((row.tokens.access_token.expose(), row.generation), ("access-2", 3));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_removed_meanwhile_stays_removed() {
    let world = World::expired().await;
    world.provider.answers_after(Duration::from_secs(5));
    let away = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.vault.set_away(true);
        tokio::time::sleep(Duration::from_secs(6)).await;
        world.vault.set_away(false);
        assert!(world.vault.delete(&key()).await.unwrap());
    };
    let (granted, ()) = futures_util::future::join(world.get(), away).await;
    assert_eq!(granted.err().unwrap().app_code(), Some("oauth.connection_not_found"));
    assert!(world.vault.load(&key()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_an_account_gets_it_with_its_next_token_and_keeps_it() {
    let world = World::expired().await;
    assert_eq!(world.get().await.unwrap().connection.account, None, "the app does not tell");
    for (account, tells) in [("one", "one"), ("one", "another")] {
        world.provider.tell_account(tells);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(world.get().await.unwrap().connection.account.as_deref(), Some(account));
        let row = world.row().await;
        assert_eq!((row.account.as_deref(), row.state), (Some(account), ConnectionState::Active));
    }
    assert_eq!(world.provider.requests(), 3);
}
