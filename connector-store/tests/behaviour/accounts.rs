//! Rows of two accounts do not stand in one table.

use connector_core::ErrorCode;
use connector_core::sync::{ParentQuery, Status};
use connector_store::SinkOptions;

use crate::world::{World, begin_as, begin_for, companies, company, numbers, state};

async fn load_as(world: &World, connection: &str, account: &str, number: u32) {
    let run = begin_as(&world.store, connection, account).await;
    let mut stream = run.open(&companies()).await;
    stream.write(&[company(number, 1)], &state(1)).await.unwrap();
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();
}

/// What a run of this account is told when it opens the table.
async fn refused(world: &World, connection: &str, account: &str, dry_run: bool) -> bool {
    let options = SinkOptions::new("example");
    let run = begin_for(&world.store, options, connection, Some(account), dry_run).await.unwrap();
    let opened = run.try_open(&companies()).await;
    run.finish(Status::Failed).await.unwrap();
    let Err(error) = opened else { return false };
    assert_eq!((error.code(), error.app_code()), (ErrorCode::Conflict, Some("sync.account_mismatch")));
    assert!(error.message().contains("account-1") && error.message().contains(account), "{error}");
    assert!(error.hint_text().unwrap().contains("--schema"));
    true
}

pub(crate) async fn rows_of_another_account_are_refused(world: World) {
    load_as(&world, "default", "account-1", 1).await;
    load_as(&world, "default", "account-1", 2).await;
    // Neither under the same name, nor under another; and not when it is only looked at.
    for connection in ["default", "other"] {
        for dry_run in [false, true] {
            assert!(refused(&world, connection, "account-2", dry_run).await, "{connection} {dry_run}");
        }
    }
    assert_eq!(world.count(&world.table("companies")).await, 2);
    assert!(!refused(&world, "other", "account-1", false).await, "several connections may have one account");
    if world.is_postgres() {
        let elsewhere = SinkOptions::new("elsewhere");
        let run = begin_for(&world.store, elsewhere, "default", Some("account-2"), false).await.unwrap();
        run.open(&companies()).await;
    }
}

pub(crate) async fn rows_of_an_account_that_was_not_known_are_adopted(world: World) {
    world.load(&[company(1, 1)]).await;
    load_as(&world, "default", "account-1", 2).await;
    assert!(refused(&world, "default", "account-2", false).await);
    // Whose token of the caller's own it is, the store cannot know: it tells whose rows there are.
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(stream.opened.account.as_deref(), Some("account-1"));
    assert_eq!(stream.opened.state, state(1));
    stream.write(&[company(3, 1)], &state(2)).await.unwrap();
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();
    assert!(refused(&world, "default", "account-2", false).await, "it is still known");
}

pub(crate) async fn of_two_first_runs_at_the_same_instant_one_account_gets_the_table(world: World) {
    let first = begin_as(&world.store, "default", "account-1").await;
    let other_store = world.another_store();
    let second = begin_as(&other_store, "other", "account-2").await;
    // Both find the table empty.
    let (mut one, mut two) = (first.open(&companies()).await, second.open(&companies()).await);
    let (records, state) = ([company(1, 1)], state(1));
    let (one, two) =
        futures_util::future::join(one.write(&records, &state), two.write(&records, &state)).await;
    let refused = match (one, two) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both => panic!("one of both must get it: {both:?}"),
    };
    assert_eq!((refused.code(), refused.app_code()), (ErrorCode::Conflict, Some("sync.account_mismatch")));
    assert_eq!(world.count(&world.table("companies")).await, 1);
    let accounts = format!("count(DISTINCT account) FROM {}", world.own("cursors"));
    assert_eq!(world.value(&accounts).await.unwrap(), "1");
}

pub(crate) async fn parents_of_another_account_are_not_read(world: World) {
    load_as(&world, "default", "account-1", 1).await;
    let query =
        ParentQuery { table: "companies".to_owned(), id: "id".to_owned(), only: None, after: None, most: 10 };
    let run = begin_as(&world.store, "other", "account-1").await;
    assert_eq!(run.run.parents(&query).await.unwrap().len(), 1);
    run.finish(Status::Succeeded).await.unwrap();
    for (connection, dry_run) in [("default", false), ("other", true)] {
        let options = SinkOptions::new("example");
        let run = begin_for(&world.store, options, connection, Some("account-2"), dry_run).await.unwrap();
        let error = run.run.parents(&query).await.unwrap_err();
        assert_eq!(error.app_code(), Some("sync.account_mismatch"));
        run.finish(Status::Failed).await.unwrap();
    }
}

pub(crate) async fn an_emptied_table_takes_another_account(world: World) {
    load_as(&world, "default", "account-1", 1).await;
    load_as(&world, "other", "account-1", 2).await;
    world.execute(&format!("DELETE FROM {}", world.table("companies"))).await;
    let run = begin_as(&world.store, "default", "account-2").await;
    let mut stream = run.open(&companies()).await;
    let written = stream.write(&[company(3, 1)], &state(1)).await.unwrap();
    assert_eq!(numbers(written), [1, 0, 0, 0]);
    drop(stream);
    run.finish(Status::Succeeded).await.unwrap();
    load_as(&world, "default", "account-2", 4).await;
    load_as(&world, "other", "account-2", 5).await;
    let run = begin_as(&world.store, "other", "account-1").await;
    let error = run.try_open(&companies()).await.map(drop).unwrap_err();
    assert!(error.message().contains("account-2"), "{error}");
}
