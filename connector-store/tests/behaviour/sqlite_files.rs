//! Files of an SQLite store: for their owner alone, made once, with room for what must not be lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use connector_core::ErrorCode;
use connector_core::oauth::RefreshAttempt;
use jiff::Timestamp;
use uuid::Uuid;

use crate::vault::{connection, id};
use crate::world::{World, key};

fn folder(world: &World) -> PathBuf {
    PathBuf::from(world.url.strip_prefix("sqlite://").unwrap()).parent().unwrap().to_owned()
}

#[tokio::test]
async fn only_the_owner_may_read_what_a_store_puts_on_the_disk() {
    let world = World::sqlite();
    let store = world.store.vault(Some(key()));
    store.save(&id("a"), &connection(1)).await.unwrap();
    let home = id("a");
    let _held = store.lock(&home).await.unwrap();
    let _run = world.begin().await;
    assert!(world.files().iter().any(|name| name == "store.db"));
    for name in world.files() {
        // One that is being closed takes its log away.
        if let Ok(file) = fs::metadata(folder(&world).join(&name)) {
            assert_eq!(file.permissions().mode() & 0o077, 0, "{name}");
        }
    }
}

#[tokio::test]
async fn a_store_that_was_moved_away_is_not_made_anew() {
    let world = World::sqlite();
    world.store.vault(Some(key())).save(&id("a"), &connection(1)).await.unwrap();
    let (here, away) = (folder(&world).join("store.db"), folder(&world).join("elsewhere.db"));
    fs::rename(&here, &away).unwrap();
    let error = world.store.connections("example").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    assert!(error.message().contains("not there any more"), "{error}");
    assert!(world.store.vault(Some(key())).save(&id("b"), &connection(2)).await.is_err());
    assert!(!here.exists());
    fs::rename(&away, &here).unwrap();
    assert_eq!(world.store.connections("example").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_refresh_takes_room_on_the_disk_and_leaves_it_to_its_commit() {
    let world = World::sqlite();
    let (store, home) = (world.store.vault(Some(key())), id("a"));
    store.save(&home, &connection(1)).await.unwrap();
    let taken = || {
        let files = world.files().into_iter().filter(|name| name.ends_with(".tokens.lock"));
        files.map(|name| fs::metadata(folder(&world).join(name)).unwrap().len()).max().unwrap()
    };
    let mut locked = store.lock(&home).await.unwrap();
    assert_eq!(taken(), 0);
    let attempt =
        RefreshAttempt { id: Uuid::new_v4(), token_digest: String::new(), started_at: Timestamp::now() };
    locked.begin(&attempt).await.unwrap();
    assert!(taken() >= 100 << 10, "{}", taken());
    locked.commit(&connection(2)).await.unwrap();
    assert_eq!(taken(), 0);
}
