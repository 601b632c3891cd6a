//! Authorizations under way: taken once, by whoever has the state, until they expire.

use connector_core::Secret;
use connector_core::oauth::{AuthorizationStore, PendingAuthorization, TakenAuthorization};
use connector_store::VaultKey;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::vault::id;
use crate::world::{World, key, shared};

pub(crate) fn pending(connection: &str, lasts: i64) -> PendingAuthorization {
    PendingAuthorization {
        flow_id: Uuid::new_v4(),
        key: id(connection),
        redirect_uri: "http://127.0.0.1:1/callback".to_owned(),
        code_verifier: Secret::new("verifier-secret"),
        expected_issuer: Some("https://issuer.example".to_owned()),
        requires_issuer: true,
        session_binding: Some("binding".to_owned()),
        settings: json!({"client_secret": "client-secret"}).as_object().unwrap().clone(),
        scope: Some("a b".to_owned()),
        may_change_account: true,
        return_to: Some("/".to_owned()),
        expires_at: Timestamp::now().saturating_add(jiff::SignedDuration::from_secs(lasts)).unwrap(),
    }
}

pub(crate) fn state(text: &str) -> Secret {
    Secret::new(format!("example.state-secret-{text}"))
}

async fn take(store: &dyn AuthorizationStore, text: &str) -> &'static str {
    match store.take(&state(text)).await.unwrap() {
        TakenAuthorization::Fresh(_) => "fresh",
        TakenAuthorization::Used => "used",
        TakenAuthorization::Unknown => "unknown",
    }
}

pub(crate) async fn an_authorization_is_taken_once_as_it_was_put(world: World) {
    let store = world.store.authorizations(Some(key()));
    assert_eq!(take(&*store, "one").await, "unknown", "there is no store yet");
    let put = pending("a", 600);
    store.put(&state("one"), &put).await.unwrap();
    store.put(&state("two"), &pending("a", 600)).await.unwrap();
    let other = world.another_store().authorizations(Some(key()));
    assert_eq!(take(&*other, "other").await, "unknown");
    let TakenAuthorization::Fresh(taken) = other.take(&state("one")).await.unwrap() else {
        panic!("it waits");
    };
    assert_eq!((taken.flow_id, &taken.key), (put.flow_id, &put.key));
    assert_eq!((&taken.redirect_uri, &taken.settings), (&put.redirect_uri, &put.settings));
    assert_eq!(taken.code_verifier.expose(), "verifier-secret");
    assert_eq!((taken.expected_issuer, taken.session_binding), (put.expected_issuer, put.session_binding));
    assert_eq!((taken.scope, taken.return_to), (put.scope, put.return_to));
    assert!(taken.may_change_account);
    assert_eq!(take(&*store, "one").await, "used");
    assert_eq!(take(&*store, "two").await, "fresh");
}

pub(crate) async fn of_many_who_take_one_authorization_one_gets_it(world: World) {
    let world = shared(world);
    world.store.authorizations(Some(key())).put(&state("one"), &pending("a", 600)).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = world.another_store().authorizations(Some(key()));
            tokio::spawn(async move { take(&*store, "one").await })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.push(task.await.unwrap());
    }
    taken.sort_unstable();
    assert_eq!(taken, [&["fresh"][..], &["used"; 7]].concat());
}

pub(crate) async fn an_expired_authorization_is_worth_nothing_and_goes_with_the_next(world: World) {
    let store = world.store.authorizations(Some(key()));
    store.put(&state("one"), &pending("a", -1)).await.unwrap();
    assert_eq!(take(&*store, "one").await, "unknown");
    assert_eq!(world.count(&world.own("authorizations")).await, 1);
    store.put(&state("two"), &pending("a", 600)).await.unwrap();
    assert_eq!(world.count(&world.own("authorizations")).await, 1);
    assert_eq!(take(&*store, "two").await, "fresh");
    // One that was used stays, to be told apart from one that never was.
    store.put(&state("three"), &pending("a", 600)).await.unwrap();
    assert_eq!(take(&*store, "two").await, "used");
}

pub(crate) async fn nothing_secret_of_an_authorization_is_in_the_database(world: World) {
    let store = world.store.authorizations(Some(key()));
    store.put(&state("one"), &pending("a", 600)).await.unwrap();
    let table = world.own("authorizations");
    for secret in ["verifier-secret", "client-secret", "state-secret-one", "example"] {
        let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        for column in ["sealed", "state_digest"] {
            let position = if world.is_postgres() {
                format!("position('\\x{hex}'::bytea IN {column})")
            } else {
                format!("instr({column}, x'{hex}')")
            };
            assert_eq!(
                world.value(&format!("{position} FROM {table}")).await.as_deref(),
                Some("0"),
                "{secret}"
            );
        }
    }
}

pub(crate) async fn an_authorization_opens_with_its_state_and_its_key_alone(world: World) {
    let store = world.store.authorizations(Some(key()));
    store.put(&state("one"), &pending("a", 600)).await.unwrap();
    store.put(&state("two"), &pending("b", 600)).await.unwrap();
    let other = VaultKey::parse(&Secret::new("5b".repeat(32))).unwrap();
    let error = world.store.authorizations(Some(other)).take(&state("two")).await.unwrap_err();
    assert_eq!(error.exit_code(), 78, "{error}");
    // Somebody who may write the table gives a state of their own to what another began.
    let table = world.own("authorizations");
    world.execute(&format!("DELETE FROM {table} WHERE connection = 'b'")).await;
    store.put(&state("three"), &pending("c", 600)).await.unwrap();
    let (mine, theirs) = ("(SELECT sealed FROM s WHERE connection = 'a')", "WHERE connection = 'c'");
    world
        .execute(&format!(
            "WITH s AS (SELECT connection, sealed FROM {table}) UPDATE {table} SET sealed = {mine} {theirs}"
        ))
        .await;
    let error = store.take(&state("three")).await.unwrap_err();
    assert_eq!(error.exit_code(), 78, "{error}");
    assert!(!format!("{error:?}").contains("state-secret"));
}
