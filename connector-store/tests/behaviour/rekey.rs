//! Another key for the vault: everything goes over to it, whoever is at work meanwhile and whenever it is stopped.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use connector_core::oauth::{TakenAuthorization, TokenStore};
use connector_core::{ConnectorError, Secret};
use connector_store::{KeyRole, Store, VaultKey, VaultKeys, VaultStatus};
use serde_json::json;

use crate::authorizations::{pending, state};
use crate::vault::{access, connection, hex, id};
use crate::world::{World, shared};

fn key(digits: &str) -> VaultKey {
    VaultKey::parse(&Secret::new(digits.repeat(32))).unwrap()
}

fn former() -> VaultKey {
    crate::world::key()
}

fn current() -> VaultKey {
    key("c7")
}

/// As after the first step of a rotation: sealing with the new key, opening with both.
fn both() -> VaultKeys {
    VaultKeys::from(current()).with_older([former()])
}

async fn save(store: &Store, keys: impl Into<VaultKeys>, name: &str, number: u32) {
    store.vault(keys).save(&id(name), &connection(number)).await.unwrap();
}

async fn load(store: &Store, keys: impl Into<VaultKeys>, name: &str) -> Result<String, ConnectorError> {
    let loaded = store.vault(keys).load(&id(name)).await?;
    Ok(access(loaded.as_ref()).unwrap())
}

async fn key_ids(world: &World) -> Vec<String> {
    let query = format!("SELECT key_id FROM {} ORDER BY name", world.own("connections"));
    world.rows(&query).await.into_iter().map(|mut row| row.remove(0).unwrap()).collect()
}

async fn rows(world: &World) -> Vec<Vec<Option<String>>> {
    let table = world.own("connections");
    let (tokens, settings) = (hex(world, "tokens"), hex(world, "settings"));
    world.rows(&format!("SELECT name, key_id, {tokens}, {settings} FROM {table} ORDER BY name")).await
}

pub(crate) async fn everything_goes_over_to_the_current_key(world: World) {
    let store = &world.store;
    for (name, number) in [("a", 1), ("b", 2), ("c", 3)] {
        save(store, former(), name, number).await;
    }
    save(store, both(), "c", 4).await;
    assert_eq!(key_ids(&world).await, [former().id(), former().id(), current().id()]);
    let before = store.vault(both()).load(&id("a")).await.unwrap().unwrap();

    let report = store.rekey(both()).await.unwrap();
    assert_eq!((report.rekeyed, report.already, &*report.failed), (2, 1, &[][..]));
    assert_eq!(report.key_id, Some(current().id()));
    let after = world.another_store().vault(current()).load(&id("a")).await.unwrap().unwrap();
    assert_eq!(access(Some(&after)).unwrap(), "access-secret-1");
    assert_eq!((&after.settings, &after.account), (&before.settings, &before.account));
    assert_eq!((after.state, after.generation), (before.state, before.generation));
    assert_eq!(load(store, current(), "c").await.unwrap(), "access-secret-4");
    assert_eq!(load(store, former(), "a").await.unwrap_err().exit_code(), 78);

    let rows_before = rows(&world).await;
    let again = store.rekey(current()).await.unwrap();
    assert_eq!((again.rekeyed, again.already, &*again.failed), (0, 3, &[][..]));
    assert_eq!(rows(&world).await, rows_before, "a second time changes nothing");
}

pub(crate) async fn a_store_without_rows_has_nothing_to_rekey(world: World) {
    let report = world.store.rekey(both()).await.unwrap();
    assert_eq!((report.rekeyed, report.already, report.failed.len()), (0, 0, 0));
    let error = world.store.rekey(None).await.unwrap_err();
    assert_eq!(error.exit_code(), 78, "there is no key, and none is made");
    assert!(!world.files().contains(&"store.db.key".to_owned()));
}

pub(crate) async fn an_older_key_opens_and_what_is_written_takes_the_current(world: World) {
    let store = &world.store;
    save(store, former(), "a", 1).await;
    save(store, current(), "b", 2).await;
    // One process was restarted with the new key, another only knows how to open what it seals.
    let not_yet = VaultKeys::from(former()).with_older([current()]);
    for keys in [both(), not_yet.clone()] {
        assert_eq!(load(store, keys.clone(), "a").await.unwrap(), "access-secret-1");
        assert_eq!(load(store, keys, "b").await.unwrap(), "access-secret-2");
    }
    let home = id("a");
    let vault = store.vault(both());
    let locked = vault.lock(&home).await.unwrap();
    assert_eq!(access(locked.current()).unwrap(), "access-secret-1");
    locked.commit(&connection(3)).await.unwrap();
    save(store, not_yet, "b", 4).await;
    assert_eq!(key_ids(&world).await, [current().id(), former().id()]);
    assert_eq!(load(store, both(), "a").await.unwrap(), "access-secret-3");
    assert_eq!(load(store, both(), "b").await.unwrap(), "access-secret-4");
}

pub(crate) async fn what_does_not_open_is_reported_and_left(world: World) {
    let store = &world.store;
    for name in ["a", "b", "c", "d", "e"] {
        save(store, former(), name, 1).await;
    }
    save(store, key("99"), "lost", 1).await;
    save(store, current(), "z", 1).await;
    let table = world.own("connections");
    for (name, change) in [
        ("b", format!("tokens = (SELECT tokens FROM {table} WHERE name = 'c')")),
        ("c", "settings = tokens".to_owned()),
        ("d", "generation = generation + 1".to_owned()),
        ("z", "generation = generation + 1".to_owned()),
    ] {
        world.execute(&format!("UPDATE {table} SET {change} WHERE name = '{name}'")).await;
    }
    let rows_before = rows(&world).await;

    let report = store.rekey(both()).await.unwrap();
    assert_eq!((report.rekeyed, report.already), (2, 0));
    let failed: Vec<&str> = report.failed.iter().map(|failure| failure.connection.as_str()).collect();
    assert_eq!(failed, ["b", "c", "d", "lost", "z"]);
    let lost = &report.failed[3];
    assert_eq!((lost.kind, lost.app_id.as_str()), ("connection", "example"));
    assert_eq!(lost.key_id, key("99").id());
    assert!(lost.message.contains(&key("99").id()), "{lost:?}");
    assert!(!serde_json::to_string(&report).unwrap().contains("access-secret"));

    let rows_after = rows(&world).await;
    for (before, after) in rows_before.iter().zip(&rows_after) {
        let was_rekeyed = ["a", "e"].contains(&before[0].as_deref().unwrap());
        assert_eq!(before != after, was_rekeyed, "{:?}", before[0]);
    }
    // With the key that was missing, the rest is done.
    let report = store.rekey(both().with_older([key("99")])).await.unwrap();
    assert_eq!((report.rekeyed, report.already, report.failed.len()), (1, 2, 4));
    assert_eq!(load(store, current(), "lost").await.unwrap(), "access-secret-1");
}

pub(crate) async fn with_the_wrong_key_nothing_is_changed(world: World) {
    let store = &world.store;
    save(store, former(), "a", 1).await;
    save(store, former(), "b", 2).await;
    let rows_before = rows(&world).await;
    let report = store.rekey(VaultKeys::from(current()).with_older([key("99")])).await.unwrap();
    assert_eq!((report.rekeyed, report.already, report.failed.len()), (0, 0, 2));
    assert_eq!(rows(&world).await, rows_before);
    // Nor where a row claims to be sealed with a key that it was not sealed with.
    let table = world.own("connections");
    world.execute(&format!("UPDATE {table} SET key_id = '{}' WHERE name = 'a'", key("99").id())).await;
    let report = store.rekey(both().with_older([key("99")])).await.unwrap();
    assert_eq!((report.rekeyed, report.failed.len()), (1, 1));
    assert!(report.failed[0].message.contains("do not open"), "{report:?}");
}

pub(crate) async fn stopped_at_any_point_the_next_run_does_the_rest(world: World) {
    const ROWS: usize = 2;
    let store = &world.store;
    let names = ["a", "b"];
    for name in names {
        save(store, former(), name, 1).await;
    }
    let (mut from, mut to) = (former(), current());
    let mut was_cut = [false; ROWS + 1];
    // Longer and longer until one gets to its end, and again where answers came so fast that a place was passed over.
    let mut steps = 0;
    for _ in 0..2000 {
        steps += 1;
        let keys = VaultKeys::from(to.clone()).with_older([from.clone()]);
        let is_done = ended_after(steps, world.another_store().rekey(keys.clone())).await;
        for name in names {
            assert_eq!(load(store, keys.clone(), name).await.unwrap(), "access-secret-1");
        }
        let report = world.another_store().rekey(keys).await.unwrap();
        let [rekeyed, already] = [report.rekeyed, report.already].map(|rows| usize::try_from(rows).unwrap());
        assert_eq!((rekeyed + already, report.failed.len()), (ROWS, 0));
        was_cut[already] = true;
        for name in names {
            assert_eq!(load(store, to.clone(), name).await.unwrap(), "access-secret-1");
        }
        if is_done && was_cut == [true; ROWS + 1] {
            break;
        }
        if is_done {
            steps = 0;
        }
        std::mem::swap(&mut from, &mut to);
    }
    assert_eq!(was_cut, [true; ROWS + 1], "it was stopped after each row");
}

/// Goes on with some work so many times, then drops it as it is. Whether it came to its end.
async fn ended_after<T>(steps: u32, work: impl Future<Output = T>) -> bool {
    let mut work = pin!(work);
    let mut done = 0;
    poll_fn(|context| {
        done += 1;
        if done > steps {
            return Poll::Ready(false);
        }
        work.as_mut().poll(context).map(|_| true)
    })
    .await
}

pub(crate) async fn tokens_are_renewed_while_it_runs(world: World) {
    const COMMITS: u32 = 6;
    let world = shared(world);
    let names = ["a", "b", "c"];
    for name in names {
        save(&world.store, former(), name, 0).await;
    }
    let not_yet = VaultKeys::from(former()).with_older([current()]);
    let refreshers: Vec<_> = names
        .into_iter()
        .flat_map(|name| [(name, both()), (name, not_yet.clone())])
        .map(|(name, keys)| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                for _ in 0..COMMITS {
                    renew(&*world.another_store().vault(keys.clone()), name).await;
                }
            })
        })
        .collect();
    while !refreshers.iter().all(tokio::task::JoinHandle::is_finished) {
        let report = world.another_store().rekey(both()).await.unwrap();
        assert_eq!((report.rekeyed + report.already, &*report.failed), (3, &[][..]));
    }
    for refresher in refreshers {
        refresher.await.unwrap();
    }
    let report = world.store.rekey(both()).await.unwrap();
    assert_eq!(report.rekeyed + report.already, 3);
    for name in names {
        let last = format!("access-secret-{}", 2 * COMMITS);
        assert_eq!(load(&world.store, current(), name).await.unwrap(), last, "no commit is lost");
    }
}

async fn renew(vault: &dyn TokenStore, name: &str) {
    let home = id(name);
    let locked = vault.lock(&home).await.unwrap();
    let seen = access(locked.current()).unwrap();
    let number: u32 = seen.rsplit('-').next().unwrap().parse().unwrap();
    tokio::task::yield_now().await;
    locked.commit(&connection(number + 1)).await.unwrap();
}

pub(crate) async fn what_version_1_sealed_opens_and_is_sealed_anew(world: World) {
    // Made by the program before data keys: connection 1 as `a`, with the former key.
    const TOKENS: &str = "0157C1E667E539F47B16A35DB8555A7D64A2DF389345444F35B2994BB1DF19297A3CC4256A8F7510E3723D788E0FEA\
        12413EE20C372ABAA319F243F9C6F7B2C7C740C31D06FB5DDFCB405A700674C1355ABE742B722333F22210192AFBD67DC0B6BE0E0EA9C0\
        9C3047B4E3C9B2B0B949B2FCBD3D66E56F732D6FF56CF4BFB856B3EBCCC3390438CF9BC31CBB8BEE0DA5BC8A13D32795CB5F30E29306B1\
        9DAD2A8BFC23C87F94C6F45F9352BCA764F105A6721AB79E2C15DA732F896875B584A4F1246A72D240FB36BC1845E3D82F55211B029BFE\
        0FE770CD5EC61286AAC2633E65BAA685391CB965F1B63D028EE6C6BB67B2C198887047AE";
    const SETTINGS: &str = "015BE7869ACA703BED9623055468E777496F157EF4E713099A69C3CE82148F7D43F55F46D03DFAEE0B9688C8412E\
        A2D7FC082AA81BA4B534B6A50E6D19FCC0ECC71AE11D50DA70897EDC530B941DB7BC53E2C32D9E58E7DFAB16CE6E63AE7F3046C5095183\
        57DFD0";
    save(&world.store, former(), "a", 7).await;
    let literal = |hex: &str| {
        if world.is_postgres() { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
    };
    let (tokens, settings) = (literal(TOKENS), literal(SETTINGS));
    let table = world.own("connections");
    world.execute(&format!("UPDATE {table} SET tokens = {tokens}, settings = {settings}")).await;

    assert_eq!(load(&world.store, former(), "a").await.unwrap(), "access-secret-1");
    // Also where the key stays.
    for (keys, rekeyed) in [(VaultKeys::from(former()), 1), (VaultKeys::from(former()), 0), (both(), 1)] {
        let report = world.store.rekey(keys.clone()).await.unwrap();
        assert_eq!((report.rekeyed, report.already, report.failed.len()), (rekeyed, 1 - rekeyed, 0));
        let loaded = world.store.vault(keys).load(&id("a")).await.unwrap().unwrap();
        assert_eq!(access(Some(&loaded)).unwrap(), "access-secret-1");
        assert_eq!(loaded.settings["client_secret"], json!("client-secret-1"));
        let versions = rows(&world).await;
        assert!(versions[0][2..].iter().flatten().all(|sealed| sealed.starts_with("02")));
    }
}

pub(crate) async fn a_secret_of_our_own_outlives_the_key(world: World) {
    let store = &world.store;
    let secret = async |keys: VaultKeys, purpose: &str, name: &str| {
        let secret = world.another_store().lasting_secret(keys, purpose, &id(name)).await?;
        Ok::<_, ConnectorError>(secret.expose().to_owned())
    };
    let first = secret(former().into(), "webhooks", "a").await.unwrap();
    assert!(first.len() == 43, "{first}");
    assert_eq!(secret(both(), "webhooks", "a").await.unwrap(), first);
    assert_ne!(secret(former().into(), "webhooks", "b").await.unwrap(), first);
    assert_ne!(secret(former().into(), "other", "a").await.unwrap(), first);

    assert_eq!(store.rekey(both()).await.unwrap().rekeyed, 3);
    assert_eq!(secret(current().into(), "webhooks", "a").await.unwrap(), first);
    let error = secret(former().into(), "webhooks", "a").await.unwrap_err();
    assert!(error.exit_code() == 78 && !format!("{error:?}").contains(&first));

    let table = world.own("secrets");
    world
        .execute(&format!(
            "UPDATE {table} SET sealed = (SELECT sealed FROM {table} WHERE connection = 'b')
             WHERE connection = 'a' AND purpose = 'webhooks'"
        ))
        .await;
    assert!(secret(current().into(), "webhooks", "a").await.is_err(), "it belongs to another connection");
    let report = store.rekey(current()).await.unwrap();
    assert_eq!((report.already, report.failed[0].kind), (2, "secret"));
}

pub(crate) async fn an_authorization_under_way_goes_over_too(world: World) {
    let store = &world.store;
    let keep = async |text, seconds| {
        store.authorizations(former()).put(&state(text), &pending("a", seconds)).await.unwrap();
    };
    keep("expired", 0).await;
    keep("used", 600).await;
    store.authorizations(former()).take(&state("used")).await.unwrap();
    for text in ["one", "two", "three"] {
        keep(text, 600).await;
    }
    let count = |status: VaultStatus| status.keys.iter().map(|key| key.authorizations).collect::<Vec<_>>();
    assert_eq!(count(store.vault_status(both()).await.unwrap()), [0, 3]);
    assert!(matches!(
        store.authorizations(both()).take(&state("one")).await.unwrap(),
        TakenAuthorization::Fresh(_)
    ));
    // One is moved to the state of another, where it opens no more than it did.
    let (table, two) = (world.own("authorizations"), "(SELECT sealed FROM moved)");
    world
        .execute(&format!(
            "WITH moved AS (SELECT sealed FROM {table} WHERE used_at IS NULL ORDER BY created_at DESC LIMIT 1)
             UPDATE {table} SET sealed = {two} WHERE used_at IS NULL"
        ))
        .await;
    let report = store.rekey(both()).await.unwrap();
    assert_eq!((report.rekeyed, report.already), (1, 0), "{report:?}");
    assert!(report.failed.iter().all(|failure| failure.kind == "authorization"));
    let with_current = store.authorizations(current());
    let TakenAuthorization::Fresh(taken) = with_current.take(&state("three")).await.unwrap() else {
        panic!("it waits")
    };
    assert_eq!(taken.code_verifier.expose(), "verifier-secret");
    assert!(with_current.take(&state("two")).await.is_err());
}

pub(crate) async fn all_who_ask_first_get_the_same_secret(world: World) {
    let world = shared(world);
    let tasks: Vec<_> = (0..6)
        .map(|at| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                // They do not even agree on the key yet.
                let keys =
                    if at % 2 == 0 { both() } else { VaultKeys::from(former()).with_older([current()]) };
                let secret = world.another_store().lasting_secret(keys, "webhooks", &id("a")).await.unwrap();
                secret.expose().to_owned()
            })
        })
        .collect();
    let mut secrets = Vec::new();
    for task in tasks {
        secrets.push(task.await.unwrap());
    }
    assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    assert_eq!(world.count(&world.own("secrets")).await, 1);
}

pub(crate) async fn the_keys_in_use_are_told_with_what_they_sealed(world: World) {
    let store = &world.store;
    assert!(store.vault_status(None).await.unwrap().keys.is_empty());
    save(store, former(), "a", 1).await;
    save(store, former(), "b", 1).await;
    save(store, current(), "c", 1).await;
    save(store, key("99"), "d", 1).await;
    store.lasting_secret(former(), "webhooks", &id("a")).await.unwrap();
    let status = store.vault_status(both().with_older([key("77")])).await.unwrap();
    let told: Vec<_> =
        status.keys.iter().map(|key| (key.key_id.clone(), key.role, key.connections, key.secrets)).collect();
    assert_eq!(told[0], (current().id(), KeyRole::Current, 1, 0));
    assert_eq!(told[3], (key("99").id(), KeyRole::Missing, 1, 0));
    assert!(told.contains(&(former().id(), KeyRole::Older, 2, 1)));
    assert!(told.contains(&(key("77").id(), KeyRole::Older, 0, 0)));
    assert_eq!(told.len(), 4);

    let keyless = store.vault_status(None).await.unwrap();
    assert!(keyless.source.is_none() && keyless.keys.iter().all(|key| key.role == KeyRole::Missing));
}

pub(crate) async fn a_file_beside_the_database_is_changed_for_another(world: World) {
    if world.is_postgres() {
        assert!(world.store.rekey(None).await.is_err(), "there is no such file");
        return;
    }
    save(&world.store, None, "a", 1).await;
    let file = world.url.trim_start_matches("sqlite://").to_owned() + ".key";
    let moved = file.clone() + ".old";
    std::fs::rename(&file, &moved).unwrap();
    let older = VaultKey::from_file(moved.as_ref()).unwrap();
    let keys = VaultKeys::default().with_older([older.clone()]);
    assert_eq!(load(&world.store, keys.clone(), "a").await.unwrap(), "access-secret-1");
    assert!(!world.files().contains(&"store.db.key".to_owned()), "who only reads makes no key");
    assert_eq!(world.store.rekey(keys).await.unwrap().rekeyed, 1);
    assert_eq!(load(&world.another_store(), None, "a").await.unwrap(), "access-secret-1");
    let status = world.store.vault_status(None).await.unwrap();
    assert_eq!(status.source, Some(file));
    assert_ne!(status.keys[0].key_id, older.id());
}
