//! The vault: what goes in comes out, for nobody else and nowhere else.

use std::time::Duration;

use connector_core::oauth::{AccountProof, Connection, ConnectionKey, ConnectionState, Renewal, TokenSet};
use connector_core::{ErrorCode, Secret};
use connector_store::VaultKey;
use serde_json::json;

use crate::world::{World, key, shared};

pub(crate) fn id(name: &str) -> ConnectionKey {
    ConnectionKey { app_id: "example".to_owned(), name: name.to_owned() }
}

pub(crate) fn connection(number: u32) -> Connection {
    let settings = json!({"client_id": "public-client", "client_secret": format!("client-secret-{number}")});
    Connection {
        tokens: TokenSet {
            access_token: Secret::new(format!("access-secret-{number}")),
            refresh_token: Some(Secret::new(format!("refresh-secret-{number}"))),
            token_type: "Bearer".to_owned(),
            expires_in: Some(3600),
            expires_at: Some("2031-02-03T04:05:06.789Z".parse().unwrap()),
            scope: None,
            obtained_at: None,
            refresh_expires_at: None,
            id_token: None,
            extra: serde_json::Map::new(),
        },
        settings: settings.as_object().unwrap().clone(),
        account: Some("account-1".to_owned()),
        proof: AccountProof::Whole,
        state: ConnectionState::ReauthorizationRequired,
        renewal: Renewal::default(),
        generation: 0,
    }
}

pub(crate) fn access(connection: Option<&Connection>) -> Option<String> {
    connection.map(|connection| connection.tokens.access_token.expose().to_owned())
}

pub(crate) async fn a_connection_comes_back_as_it_was_saved(world: World) {
    let vault = world.store.vault(Some(key()));
    assert!(vault.load(&id("a")).await.unwrap().is_none());
    vault.save(&id("a"), &connection(1)).await.unwrap();
    vault.save(&id("b"), &connection(2)).await.unwrap();
    vault.save(&id("a"), &connection(3)).await.unwrap();
    let loaded = world.another_store().vault(Some(key())).load(&id("a")).await.unwrap().unwrap();
    assert_eq!(access(Some(&loaded)).unwrap(), "access-secret-3");
    assert_eq!(loaded.tokens.refresh_token.as_ref().unwrap().expose(), "refresh-secret-3");
    assert_eq!(loaded.tokens.expires_at, connection(3).tokens.expires_at);
    assert_eq!(loaded.settings, connection(3).settings);
    assert_eq!(loaded.account.as_deref(), Some("account-1"));
    assert_eq!(loaded.state, ConnectionState::ReauthorizationRequired);
}

pub(crate) async fn a_lock_keeps_the_others_waiting(world: World) {
    let world = shared(world);
    world.store.vault(Some(key())).save(&id("a"), &connection(0)).await.unwrap();
    // Eight refreshers, each as a process of its own would do it; each must see what the one before wrote.
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                let vault = world.another_store().vault(Some(key()));
                let home = id("a");
                let locked = vault.lock(&home).await.unwrap();
                let seen = access(locked.current()).unwrap();
                let number: u32 = seen.rsplit('-').next().unwrap().parse().unwrap();
                tokio::time::sleep(Duration::from_millis(30)).await;
                locked.commit(&connection(number + 1)).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let loaded = world.store.vault(Some(key())).load(&id("a")).await.unwrap();
    assert_eq!(access(loaded.as_ref()).unwrap(), "access-secret-8");
}

pub(crate) async fn a_lock_that_is_dropped_changes_nothing(world: World) {
    let vault = world.store.vault(Some(key()));
    let home = id("a");
    drop(vault.lock(&home).await.unwrap());
    vault.save(&home, &connection(1)).await.unwrap();
    let locked = vault.lock(&home).await.unwrap();
    assert_eq!(access(locked.current()).unwrap(), "access-secret-1");
    // Others are not held up, and a reader never is.
    vault.save(&id("b"), &connection(2)).await.unwrap();
    assert!(vault.load(&home).await.unwrap().is_some());
    drop(locked);
    let locked = world.another_store().vault(Some(key())).lock(&home).await.map(|_| ());
    assert!(locked.is_ok());
    let first = vault.lock(&id("new")).await.map(|_| ());
    assert!(first.is_ok());
}

pub(crate) async fn nothing_secret_is_in_the_database(world: World) {
    let vault = world.store.vault(Some(key()));
    vault.save(&id("a"), &connection(1)).await.unwrap();
    let dump = world.dump().await;
    let contains = |needle: &str| dump.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(contains("account-1"));
    let as_hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    for secret in ["access-secret", "refresh-secret", "client-secret", "public-client", "Bearer"] {
        assert!(!contains(secret) && !contains(&as_hex(secret)), "{secret}");
    }
}

pub(crate) async fn another_key_is_told_apart(world: World) {
    world.store.vault(Some(key())).save(&id("a"), &connection(1)).await.unwrap();
    let other = VaultKey::parse(&Secret::new("5b".repeat(32))).unwrap();
    let error = world.store.vault(Some(other.clone())).load(&id("a")).await.unwrap_err();
    assert_eq!(error.exit_code(), 78);
    assert!(error.message().contains(&key().id()) && error.message().contains(&other.id()), "{error}");

    let keyless = world.store.vault(None).load(&id("a")).await.unwrap_err();
    assert_eq!(keyless.exit_code(), 78);
    let saved = world.store.vault(None).save(&id("b"), &connection(2)).await;
    if world.is_postgres() {
        assert_eq!(keyless.code(), ErrorCode::IntegrationMissingParameter);
        assert!(keyless.hint_text().unwrap().contains("openssl rand -base64 32"));
        assert!(saved.is_err());
    } else {
        saved.unwrap();
        assert!(world.files().contains(&"store.db.key".to_owned()));
        assert!(world.another_store().vault(None).load(&id("b")).await.unwrap().is_some());
    }
}

pub(crate) async fn what_was_copied_or_changed_does_not_open(world: World) {
    let vault = world.store.vault(Some(key()));
    vault.save(&id("a"), &connection(1)).await.unwrap();
    let table = world.own("connections");
    let old =
        world.rows(&format!("SELECT {} FROM {table}", hex(&world, "tokens"))).await[0][0].clone().unwrap();
    let literal = |hex: &str| {
        if world.is_postgres() { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
    };
    vault.save(&id("a"), &connection(2)).await.unwrap();
    vault.save(&id("b"), &connection(3)).await.unwrap();
    vault.save(&id("c"), &connection(3)).await.unwrap();
    vault.save(&id("d"), &connection(3)).await.unwrap();
    let changes = [
        // An old ciphertext put back, one of another row, one of another field, another generation.
        ("a", format!("tokens = {}", literal(&old))),
        ("b", format!("tokens = (SELECT tokens FROM {table} WHERE name = 'c')")),
        ("c", "tokens = settings".to_owned()),
        ("d", "generation = generation + 1".to_owned()),
    ];
    for (name, change) in changes {
        assert!(vault.load(&id(name)).await.unwrap().is_some());
        world.execute(&format!("UPDATE {table} SET {change} WHERE name = '{name}'")).await;
        let error = vault.load(&id(name)).await.unwrap_err();
        assert_eq!(error.exit_code(), 78, "{name}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        let home = id(name);
        assert!(vault.lock(&home).await.is_err());
    }
}

pub(crate) fn hex(world: &World, column: &str) -> String {
    if world.is_postgres() { format!("encode({column}, 'hex')") } else { format!("hex({column})") }
}

pub(crate) async fn a_connection_is_listed_without_a_key(world: World) {
    let vault = world.store.vault(Some(key()));
    vault.save(&id("b"), &connection(1)).await.unwrap();
    vault.save(&id("a"), &connection(2)).await.unwrap();
    let listed = world.store.connections("example").await.unwrap();
    let names: Vec<&str> = listed.iter().map(|summary| summary.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(listed[0].expires_at, connection(2).tokens.expires_at);
    assert_eq!(listed[0].state, ConnectionState::ReauthorizationRequired);
    assert_eq!(listed[0].account.as_deref(), Some("account-1"));
    assert!(world.store.connections("other").await.unwrap().is_empty());
}
