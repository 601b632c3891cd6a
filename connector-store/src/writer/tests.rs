//! The writer on a database that fails when told to.

use connector_core::stream::{Columns, RowDecoder};
use serde_json::json;
use serde_json::value::RawValue;

use super::fake::Fake;
use super::*;

fn batch(numbers: std::ops::Range<u32>) -> Batch {
    let columns = Columns::from_schema(&json!({"properties": {"id": {"type": "string"}}}), &["id"]);
    let mut decoder = RowDecoder::new(columns, &["id"]);
    let mut batch = Batch::default();
    for number in numbers {
        let record = json!({"id": number.to_string()}).to_string();
        batch.push(decoder.decode(RawValue::from_string(record).unwrap()).unwrap());
    }
    batch.set_columns(decoder.columns());
    batch
}

fn writer(fake: &Fake) -> Writer<Fake> {
    let opening = Opening {
        table: "t".to_owned(),
        key: vec!["id".to_owned()],
        existing: Some(vec![Fake::default().new_column(&batch(0..0).columns()[0])]),
        has_columns: true,
        item_tables: Vec::new(),
        is_empty: true,
        state: None,
        shared_with: None,
        account: None,
        dry_run: false,
    };
    Writer::new(fake.clone(), opening)
}

fn inserted(count: u64) -> Written {
    Written { inserted: count, ..Written::default() }
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_is_lost_is_counted_once() {
    for went_through in [true, false] {
        let fake = Fake::default();
        let mut writer = writer(&fake);
        writer.write(batch(0..3), &StreamState::default()).await.unwrap();
        fake.fail("commit", went_through);
        let written = writer.write(batch(3..8), &StreamState::default()).await.unwrap();
        assert_eq!(written, inserted(5), "went through: {went_through}");
        let database = fake.database();
        assert_eq!(database.rows.len(), 8);
        let commits = database.calls.iter().filter(|call| **call == "commit").count();
        assert_eq!(commits, if went_through { 2 } else { 3 });
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_call_loses_the_connection_the_batch_lands_once() {
    for call in ["begin", "add columns", "remove rejects", "delete", "insert", "state", "commit"] {
        for after_work in [true, false] {
            let fake = Fake::default();
            let mut writer = writer(&fake);
            writer.write(batch(100..103), &StreamState::default()).await.unwrap();
            fake.fail(call, after_work);
            let mut batch = batch(0..5);
            let mut columns = batch.columns().to_vec();
            columns.push(Column { name: "more".to_owned(), field: "more".to_owned(), ..columns[0].clone() });
            batch.set_columns(&columns);
            batch.push_deleted("101".to_owned());
            batch.push_resolved(1);
            let written = writer.write(batch, &StreamState::default()).await.unwrap();
            assert_eq!(written, Written { deleted: 1, ..inserted(5) }, "{call}");
            assert_eq!(fake.database().rows.len(), 7);
            assert!(fake.database().failing.is_none(), "{call} is called");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hope_that_fails_asks() {
    let fake = Fake::default();
    let mut writer = writer(&fake);
    writer.write(batch(0..3), &StreamState::default()).await.unwrap();
    let written = writer.write(batch(2..6), &StreamState::default()).await.unwrap();
    assert_eq!(written, Written { inserted: 3, unchanged: 1, ..Written::default() });
    assert!(fake.database().calls.contains(&"compare"));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_cancelled_leaves_nothing_to_the_next() {
    let fake = Fake::default();
    let mut writer = writer(&fake);
    fake.fail("insert", false);
    // It waits for its second attempt when it is given up.
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), async {
        writer.write(batch(0..3), &StreamState::default()).await
    });
    assert!(given_up.await.is_err());
    fake.database().calls.clear();
    assert_eq!(writer.write(batch(0..3), &StreamState::default()).await.unwrap(), inserted(3));
    assert_eq!(fake.database().calls[0], "disconnect");
}

#[tokio::test(start_paused = true)]
async fn questions_outlast_a_lost_connection() {
    let fake = Fake::default();
    let mut writer = writer(&fake);
    writer.write(batch(0..3), &StreamState::default()).await.unwrap();
    fake.fail("compare", false);
    let standings = writer.compare(&batch(2..5)).await.unwrap();
    assert_eq!(standings, [Standing::Same, Standing::Missing, Standing::Missing]);
    fake.fail("keys", false);
    assert_eq!(writer.live_keys(&[], None, 2).await.unwrap(), ["0", "1"]);
    assert_eq!(fake.database().calls.iter().filter(|call| **call == "disconnect").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn work_that_fails_leaves_no_transaction_open() {
    let fake = Fake::default();
    let mut writer = writer(&fake);
    fake.database().is_fenced_off = true;
    assert!(writer.write(batch(0..3), &StreamState::default()).await.is_err());
    assert!(fake.database().staged.is_none());
    assert_eq!(fake.database().calls.last(), Some(&"disconnect"));
}

#[tokio::test(start_paused = true)]
async fn pages_of_keys_go_on_wherever_the_connection_is_lost() {
    for call in ["keys", "sort keys", "next keys"] {
        let fake = Fake::default();
        let mut writer = writer(&fake);
        writer.write(batch(10..20), &StreamState::default()).await.unwrap();
        fake.fail(call, false);
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().cloned();
            let page = writer.live_keys(&[], after.as_deref(), 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            keys.extend(page);
        }
        assert_eq!(keys, (10..20).map(|number| number.to_string()).collect::<Vec<_>>(), "{call}");
        assert!(fake.database().failing.is_none(), "{call} is called");
    }
}
