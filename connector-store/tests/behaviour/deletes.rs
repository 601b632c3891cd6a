//! Rows that the app no longer has: marked, and live again when they come back.

use connector_core::sync::{Standing, Written};

use crate::keys::stock;
use crate::world::{Stream, World, companies, company, id, numbers, state};

/// A row's marks: deleted, synced, first seen, run, and its name.
async fn marks(world: &World, number: u32) -> Vec<Option<String>> {
    let table = world.table("companies");
    let columns = ["_deleted_at", "_synced_at", "_first_seen_at", "_run_id", "name"];
    let casts: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS TEXT)")).collect();
    let query = format!("SELECT {} FROM {table} WHERE id = '{}'", casts.join(", "), id(number));
    world.rows(&query).await.remove(0)
}

async fn delete(stream: &mut Stream, keys: &[&str], number: i64) -> Written {
    stream.write_and_delete(&[], keys, &state(number)).await.unwrap()
}

fn deleted(count: u64) -> Written {
    Written { deleted: count, ..Written::default() }
}

pub(crate) async fn a_deleted_row_is_marked_and_counted_once(world: World) {
    world.load(&(0..5).map(|n| company(n, 1)).collect::<Vec<_>>()).await;
    let (before, other) = (marks(&world, 1).await, marks(&world, 3).await);
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let keys = [id(2), id(1), id(99), id(1)];
    let keys = keys.each_ref().map(String::as_str);
    assert_eq!(delete(&mut stream, &keys, 2).await, deleted(2));
    let after = marks(&world, 1).await;
    assert_eq!(after[0], after[1]);
    assert_ne!(after[1], before[1]);
    assert_eq!(after[2], before[2]);
    assert_eq!(after[3], Some(run.start.run_id.to_string()));
    assert_eq!(after[4], before[4]);
    assert_eq!(marks(&world, 3).await, other);

    assert_eq!(delete(&mut stream, &keys, 3).await, deleted(0));
    assert_eq!(marks(&world, 1).await, after);
    assert_eq!(stream.live_keys(&[], 10).await, [id(0), id(3), id(4)]);
}

pub(crate) async fn a_deleted_row_that_is_read_again_is_live_again(world: World) {
    world.load(&[company(1, 1), company(2, 1)]).await;
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    assert_eq!(delete(&mut stream, &[&id(1)], 2).await, deleted(1));
    let batch = stream.batch(&[company(1, 1), company(2, 1)]);
    let standings = stream.opened.writer.compare(&batch).await.unwrap();
    assert_eq!(standings, [Standing::Different, Standing::Same]);
    let written = stream.opened.writer.write(batch, &state(3)).await.unwrap();
    assert_eq!(numbers(written), [0, 1, 1, 0]);
    assert_eq!(marks(&world, 1).await[0], None);
}

pub(crate) async fn a_row_of_the_same_batch_stays_live(world: World) {
    world.load(&[company(1, 1), company(2, 1)]).await;
    let run = world.begin().await;
    let mut stream = run.open(&companies()).await;
    let keys = [id(1), id(2)];
    let keys = keys.each_ref().map(String::as_str);
    let written = stream.write_and_delete(&[company(1, 1), company(3, 1)], &keys, &state(2)).await.unwrap();
    assert_eq!((numbers(written), written.deleted), ([1, 0, 1, 0], 1));
    assert_eq!(stream.live_keys(&[], 10).await, [id(1), id(3)]);
}

pub(crate) async fn a_key_of_two_columns_is_deleted(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&stock()).await;
    let records = [(1, "a"), (1, "B"), (2, "a"), (10, "é\"'")]
        .map(|(product, place)| serde_json::json!({"product": product, "place": place, "amount": 1}));
    stream.write(&records, &state(1)).await.unwrap();
    let keys = ["10\u{1f}é\"'", "1\u{1f}a", "2\u{1f}B", "2", "two\u{1f}a"];
    assert_eq!(delete(&mut stream, &keys, 2).await, deleted(2));
    let mut left = stream.live_keys(&[], 10).await;
    left.sort();
    assert_eq!(left, ["1\u{1f}B", "2\u{1f}a"]);
}

pub(crate) async fn a_key_that_no_row_can_have_harms_no_other(world: World) {
    let run = world.begin().await;
    let mut stream = run.open(&stock()).await;
    let record = serde_json::json!({"product": 1, "place": "a", "amount": 1});
    stream.write(&[record], &state(1)).await.unwrap();
    // PostgreSQL takes no NUL, in no question either.
    let keys = ["1\u{1f}\0", "nonsense", "1\u{1f}a", "\u{1f}"];
    assert_eq!(delete(&mut stream, &keys, 2).await, deleted(1));
    assert_eq!(stream.live_keys(&[], 10).await, Vec::<String>::new());
}

pub(crate) async fn a_dry_run_counts_deletes_and_does_none(world: World) {
    world.load(&[company(1, 1), company(2, 1)]).await;
    let before = marks(&world, 1).await;
    let run = world.begin_dry().await;
    let mut stream = run.open(&companies()).await;
    let keys = [id(1), id(1), id(7), "nonsense".to_owned()];
    let keys = keys.each_ref().map(String::as_str);
    let written = stream.write_and_delete(&[company(3, 1)], &keys, &state(2)).await.unwrap();
    assert_eq!((numbers(written), written.deleted), ([1, 0, 0, 0], 1));
    assert_eq!(marks(&world, 1).await, before);
}
