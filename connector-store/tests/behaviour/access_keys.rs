//! Keys to the HTTP server.

use connector_store::{NewAccessKey, parts_of_access_key};
use jiff::Timestamp;

use crate::world::World;

fn new(label: &str) -> NewAccessKey {
    NewAccessKey {
        label: label.to_owned(),
        scopes: vec!["token:read".to_owned(), "status:read".to_owned()],
        apps: vec!["acme".to_owned(), "acme-*".to_owned()],
        connectors: vec!["*".to_owned()],
        expires_at: None,
    }
}

pub(crate) async fn a_key_is_made_once_and_found_by_its_id(world: World) {
    let keys = world.store.access_keys();
    assert!(keys.list().await.unwrap().is_empty());
    assert!(keys.find("abcdefgh").await.unwrap().is_none());
    assert!(world.files().is_empty(), "asking makes no store");

    let (first, text) = keys.create(new("first one")).await.unwrap();
    // Databases keep microseconds.
    let end = Timestamp::from_second(Timestamp::now().as_second() + 3600).unwrap();
    let (second, _) = keys.create(NewAccessKey { expires_at: Some(end), ..new("second") }).await.unwrap();
    let (id, secret) = parts_of_access_key(text.expose()).unwrap();
    assert_eq!(id, first.id);

    let keys = world.another_store().access_keys();
    let found = keys.find(id).await.unwrap().unwrap();
    assert!(found.is_opened_by(secret) && !found.is_opened_by(&secret.to_lowercase()));
    assert_eq!((found.label.as_str(), found.last_used_at), ("first one", None));
    assert_eq!(found.scopes, ["token:read", "status:read"]);
    assert_eq!((found.apps, found.connectors), (new("").apps, new("").connectors));
    let listed = keys.list().await.unwrap();
    assert_eq!(listed.iter().map(|key| key.label.as_str()).collect::<Vec<_>>(), ["first one", "second"]);
    assert!(!listed[1].is_opened_by(secret));
    assert!(listed[1].is_valid_at(Timestamp::now()) && !listed[1].is_valid_at(end));

    keys.touch(id).await.unwrap();
    assert!(keys.find(id).await.unwrap().unwrap().last_used_at.is_some());
    assert!(keys.find(&second.id).await.unwrap().unwrap().last_used_at.is_none());
}

pub(crate) async fn a_key_that_was_taken_back_stays_so(world: World) {
    let keys = world.store.access_keys();
    assert!(!keys.revoke("abcdefgh").await.unwrap());
    let (key, _) = keys.create(new("one")).await.unwrap();
    let (other, _) = keys.create(new("other")).await.unwrap();
    assert!(!keys.revoke("abcdefgh").await.unwrap());
    assert!(keys.revoke(&key.id).await.unwrap());
    let revoked = keys.find(&key.id).await.unwrap().unwrap();
    assert!(!revoked.is_valid_at(Timestamp::now()));
    assert!(keys.revoke(&key.id).await.unwrap());
    assert_eq!(keys.find(&key.id).await.unwrap().unwrap().revoked_at, revoked.revoked_at);
    assert!(keys.find(&other.id).await.unwrap().unwrap().is_valid_at(Timestamp::now()));
}

pub(crate) async fn the_text_of_a_key_is_not_in_the_database(world: World) {
    let (key, text) = world.store.access_keys().create(new("one")).await.unwrap();
    let (_, secret) = parts_of_access_key(text.expose()).unwrap();
    let rows = world.rows(&format!("SELECT id, label FROM {}", world.own("access_keys"))).await;
    assert_eq!(rows, [[Some(key.id.clone()), Some("one".to_owned())]]);
    let columns = if world.is_postgres() { "encode(digest, 'hex')" } else { "hex(digest)" };
    let digest = world.value(&format!("{columns} FROM {}", world.own("access_keys"))).await.unwrap();
    assert_eq!(digest.len(), 64);
    let digest = digest.to_lowercase();
    let as_hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    assert!(!as_hex.contains(&digest) && !format!("{key:?}").contains(secret));
}
