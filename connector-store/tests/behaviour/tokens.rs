//! What every vault does for those who renew tokens: locks, attempts that are written down, versions.

use std::sync::Arc;
use std::time::Duration;

use connector_core::ErrorCode;
use connector_core::oauth::{AccountProof, Connection, ConnectionState, RefreshAttempt, Renewal, TokenStore};
use connector_core::testing::MemoryTokens;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::vault::{connection, id};
use crate::world::{World, key};

/// A vault, and as many processes as want to use it.
#[derive(Clone)]
pub(crate) enum Vault {
    Stored(Arc<World>),
    Memory(MemoryTokens),
}

impl Vault {
    pub(crate) fn stored(world: World) -> Self {
        Self::Stored(Arc::new(world))
    }

    pub(crate) fn in_memory() -> Self {
        Self::Memory(MemoryTokens::new())
    }

    /// The vault as another process would open it.
    pub(crate) fn open(&self) -> Arc<dyn TokenStore> {
        match self {
            Self::Stored(world) => world.another_store().vault(Some(key())),
            Self::Memory(memory) => Arc::new(memory.clone()),
        }
    }
}

fn attempt(number: u32) -> RefreshAttempt {
    RefreshAttempt {
        id: Uuid::new_v4(),
        token_digest: format!("digest-{number}"),
        started_at: "2031-02-03T04:05:06.789Z".parse().unwrap(),
    }
}

fn renewal() -> Renewal {
    let instant = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    Renewal {
        failures: 3,
        failing_since: instant("2031-02-01T00:00:00Z"),
        failing_days: 2,
        retry_after: instant("2031-02-03T00:00:00.5Z"),
        succeeded_at: instant("2031-01-31T00:00:00Z"),
        failed_at: instant("2031-02-02T23:59:59Z"),
        reason: Some("service_error".to_owned()),
        rejected_client: Some("0123456789abcdef".to_owned()),
    }
}

fn number(connection: Option<&Connection>) -> u32 {
    let text = connection.unwrap().tokens.access_token.expose();
    text.rsplit('-').next().unwrap().parse().unwrap()
}

pub(crate) async fn how_renewing_went_is_kept_and_listed(vault: Vault) {
    let store = vault.open();
    let failing =
        Connection { state: ConnectionState::RefreshIndeterminate, renewal: renewal(), ..connection(1) };
    store.save(&id("a"), &connection(0)).await.unwrap();
    let home = id("a");
    store.lock(&home).await.unwrap().commit(&failing).await.unwrap();
    let loaded = vault.open().load(&home).await.unwrap().unwrap();
    assert_eq!((loaded.state, loaded.generation), (ConnectionState::RefreshIndeterminate, 2));
    assert_eq!(loaded.renewal, renewal());
    let listed = store.list("example").await.unwrap().remove(0);
    assert_eq!((listed.state, listed.generation), (ConnectionState::RefreshIndeterminate, 2));
    assert_eq!(listed.renewal, renewal());

    store.lock(&home).await.unwrap().commit(&connection(2)).await.unwrap();
    let loaded = store.load(&home).await.unwrap().unwrap();
    assert_eq!((loaded.renewal, loaded.generation), (Renewal::default(), 3));
}

pub(crate) async fn an_attempt_waits_for_the_next_holder_until_something_is_committed(vault: Vault) {
    let (store, home) = (vault.open(), id("a"));
    store.save(&home, &connection(1)).await.unwrap();
    let mut locked = store.lock(&home).await.unwrap();
    assert!(locked.attempt().is_none());
    let (first, second) = (attempt(1), attempt(2));
    locked.begin(&first).await.unwrap();
    drop(locked);

    let other = vault.open();
    let mut locked = other.lock(&home).await.unwrap();
    assert_eq!(locked.attempt(), Some(&first));
    locked.begin(&second).await.unwrap();
    drop(locked);
    let locked = store.lock(&home).await.unwrap();
    assert_eq!(locked.attempt(), Some(&second));
    locked.commit(&connection(2)).await.unwrap();

    let mut locked = other.lock(&home).await.unwrap();
    assert!(locked.attempt().is_none());
    locked.begin(&first).await.unwrap();
    drop(locked);
    store.save(&home, &connection(3)).await.unwrap();
    assert!(other.lock(&home).await.unwrap().attempt().is_none());
}

pub(crate) async fn an_attempt_that_was_left_open_is_told(vault: Vault) {
    let (store, home) = (vault.open(), id("a"));
    let healthy = Connection { state: ConnectionState::Active, ..connection(1) };
    store.save(&home, &healthy).await.unwrap();
    let told = async || {
        let other = vault.open();
        let loaded = other.load(&home).await.unwrap().unwrap();
        let listed = other.list("example").await.unwrap().remove(0);
        assert_eq!((loaded.state, &loaded.renewal), (listed.state, &listed.renewal));
        (loaded.state, loaded.renewal.reason)
    };
    let begun = async |age: SignedDuration| {
        let mut locked = store.lock(&home).await.unwrap();
        locked.begin(&RefreshAttempt { started_at: Timestamp::now() - age, ..attempt(1) }).await.unwrap();
    };
    begun(SignedDuration::from_secs(20)).await;
    assert_eq!(told().await, (ConnectionState::Active, None), "it may be under way");
    begun(SignedDuration::from_mins(2)).await;
    assert_eq!(told().await, (ConnectionState::RefreshIndeterminate, Some("answer_lost".to_owned())));
    // Whoever holds it sees both: what is written, and the attempt.
    let locked = store.lock(&home).await.unwrap();
    assert_eq!(locked.current().unwrap().state, ConnectionState::Active);
    locked
        .commit(&Connection { state: ConnectionState::ReauthorizationRequired, ..connection(2) })
        .await
        .unwrap();
    begun(SignedDuration::from_mins(2)).await;
    assert_eq!(told().await.0, ConnectionState::ReauthorizationRequired, "a worse state stays");
}

pub(crate) async fn a_holder_that_goes_away_lets_go_at_once(vault: Vault) {
    let (store, home) = (vault.open(), id("a"));
    store.save(&home, &connection(1)).await.unwrap();
    let mut locked = store.lock(&home).await.unwrap();
    locked.begin(&attempt(1)).await.unwrap();
    let waiter = tokio::spawn({
        let (other, home) = (vault.open(), home.clone());
        async move { number(other.lock(&home).await.unwrap().current()) }
    });
    drop(locked);
    // Far less than the time for which a waiter waits.
    let seen = tokio::time::timeout(Duration::from_secs(20), waiter).await;
    assert_eq!(seen.unwrap().unwrap(), 1);
}

pub(crate) async fn a_connection_that_is_taken_out_is_gone(vault: Vault) {
    let (store, home) = (vault.open(), id("a"));
    assert!(!store.delete(&home).await.unwrap() && !store.was_removed(&home).await.unwrap());
    store.save(&home, &connection(1)).await.unwrap();
    store.save(&id("b"), &connection(2)).await.unwrap();
    let mut locked = store.lock(&home).await.unwrap();
    locked.begin(&attempt(1)).await.unwrap();
    drop(locked);
    assert!(vault.open().delete(&home).await.unwrap());
    assert!(store.load(&home).await.unwrap().is_none());
    let locked = store.lock(&home).await.unwrap();
    assert!(locked.current().is_none() && locked.attempt().is_none());
    drop(locked);
    assert!(!store.delete(&home).await.unwrap());
    assert_eq!(store.list("example").await.unwrap().len(), 1);
    assert!(store.was_removed(&home).await.unwrap() && !store.was_removed(&id("b")).await.unwrap());
    store.save(&home, &connection(3)).await.unwrap();
    assert!(!store.was_removed(&home).await.unwrap());
}

pub(crate) async fn a_holder_takes_out_what_it_has_read_and_nothing_else(vault: Vault) {
    let (store, home) = (vault.open(), id("a"));
    let nothing = store.lock(&home).await.unwrap();
    assert_eq!(nothing.remove().await.unwrap_err().code(), ErrorCode::Conflict);
    store.save(&home, &connection(1)).await.unwrap();
    let mut locked = store.lock(&home).await.unwrap();
    locked.begin(&attempt(1)).await.unwrap();
    let login = tokio::spawn({
        let (other, home) = (vault.open(), home.clone());
        async move {
            let locked = other.lock(&home).await.unwrap();
            assert!(locked.current().is_none() && locked.attempt().is_none());
            locked.commit(&connection(2)).await.unwrap();
        }
    });
    locked.remove().await.unwrap();
    login.await.unwrap();
    assert_eq!(number(store.load(&home).await.unwrap().as_ref()), 2);
    store.lock(&home).await.unwrap().remove().await.unwrap();
    assert!(store.load(&home).await.unwrap().is_none() && store.was_removed(&home).await.unwrap());
}

pub(crate) async fn whose_tokens_are_is_kept(vault: Vault) {
    let (store, home) = (vault.open(), id("a"));
    for proof in [AccountProof::Whole, AccountProof::AccessToken, AccountProof::Awaited] {
        store.save(&home, &Connection { proof, ..connection(1) }).await.unwrap();
        let loaded = vault.open().load(&home).await.unwrap().unwrap();
        assert_eq!((loaded.proof, number(Some(&loaded))), (proof, 1));
    }
}

pub(crate) async fn each_of_many_holders_sees_what_the_one_before_wrote(vault: Vault) {
    let home = id("a");
    vault.open().save(&home, &connection(0)).await.unwrap();
    // Four processes with eight tasks each.
    let stores: Vec<_> = (0..4).map(|_| vault.open()).collect();
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let (store, home) = (Arc::clone(&stores[task % 4]), home.clone());
            tokio::spawn(async move {
                let mut locked = store.lock(&home).await.unwrap();
                let seen = number(locked.current());
                assert!(locked.attempt().is_none());
                locked.begin(&attempt(seen)).await.unwrap();
                locked.commit(&connection(seen + 1)).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let loaded = stores[0].load(&home).await.unwrap();
    assert_eq!((number(loaded.as_ref()), loaded.unwrap().generation), (32, 33));
}

pub(crate) async fn many_connections_are_renewed_at_once_and_readers_are_not_kept_waiting(vault: Vault) {
    let store = vault.open();
    let names: Vec<String> = (0..24).map(|number| format!("customer-{number}")).collect();
    for name in &names {
        store.save(&id(name), &connection(1)).await.unwrap();
    }
    let (answer, _) = tokio::sync::broadcast::channel::<()>(1);
    let tasks: Vec<_> = names
        .iter()
        .map(|name| {
            let (store, home, mut answered) = (Arc::clone(&store), id(name), answer.subscribe());
            tokio::spawn(async move {
                let mut locked = store.lock(&home).await.unwrap();
                locked.begin(&attempt(1)).await.unwrap();
                // Closed when the apps answer.
                let _ = answered.recv().await;
                locked.commit(&connection(2)).await.unwrap();
            })
        })
        .collect();
    // No app has answered yet.
    for name in &names {
        assert_eq!(number(store.load(&id(name)).await.unwrap().as_ref()), 1);
    }
    drop(answer);
    for task in tasks {
        task.await.unwrap();
    }
    for name in &names {
        assert_eq!(number(store.load(&id(name)).await.unwrap().as_ref()), 2);
    }
}

pub(crate) async fn a_commit_over_another_generation_is_a_conflict(world: World) {
    let (store, home) = (world.store.vault(Some(key())), id("a"));
    store.save(&home, &connection(1)).await.unwrap();
    let locked = store.lock(&home).await.unwrap();
    if world.is_postgres() {
        // A row that is held cannot change, so there must be none.
        drop(locked);
        let nowhere = id("c");
        let locked = store.lock(&nowhere).await.unwrap();
        world.another_store().vault(Some(key())).save(&nowhere, &connection(2)).await.unwrap();
        let error = locked.commit(&connection(3)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Conflict);
        assert_eq!(number(store.load(&nowhere).await.unwrap().as_ref()), 2);
    } else {
        world.execute(&format!("UPDATE {} SET generation = 9", world.own("connections"))).await;
        let error = locked.commit(&connection(3)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Conflict);
    }
}

pub(crate) async fn a_state_of_a_later_version_is_not_taken_for_active(world: World) {
    let (store, home) = (world.store.vault(Some(key())), id("a"));
    store.save(&home, &connection(1)).await.unwrap();
    world.execute(&format!("UPDATE {} SET state = 'quarantined'", world.own("connections"))).await;
    let error = store.load(&home).await.unwrap_err();
    assert_eq!((error.code(), error.exit_code()), (ErrorCode::UnsupportedOperation, 78));
    assert!(error.message().contains("quarantined"), "{error}");
    assert!(store.lock(&home).await.is_err());
    assert_eq!(store.list("example").await.unwrap()[0].state, ConnectionState::Unknown);
}
