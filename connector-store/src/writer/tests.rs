//! The writer on a database that fails when told to: what no real one does on demand.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard};

use connector_core::stream::{Columns, Row, RowDecoder};
use serde_json::json;
use serde_json::value::RawValue;

use super::*;
use crate::items::{ItemRow, ItemSession};
use crate::keys::{KeyPage, KeyParts, KeyedSession};
use crate::layout::Names;
use crate::session::Comparison;

/// Rows by key, with their hash.
type Rows = BTreeMap<String, Vec<u8>>;

#[derive(Default)]
struct Database {
    rows: Rows,
    batch: i64,
    staged: Option<(Rows, i64)>,
    /// Calls that reached the database, in order.
    calls: Vec<&'static str>,
    /// The call that fails next, and whether it does its work nevertheless.
    failing: Option<(&'static str, bool)>,
    /// No batch finds its lease.
    is_fenced_off: bool,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Database>>);

impl Fake {
    fn database(&self) -> MutexGuard<'_, Database> {
        self.0.lock().unwrap()
    }

    fn fail(&self, call: &'static str, after_work: bool) {
        self.database().failing = Some((call, after_work));
    }

    fn call(&self, name: &'static str, work: impl FnOnce(&mut Database)) -> sqlx::Result<()> {
        let mut database = self.database();
        database.calls.push(name);
        let failing = database.failing.take_if(|(call, _)| *call == name);
        if failing.is_none_or(|(_, after_work)| after_work) {
            work(&mut database);
        }
        if failing.is_some() { Err(ErrorKind::ConnectionReset.into_sqlx()) } else { Ok(()) }
    }

    fn put(&self, name: &'static str, rows: &[&Row], may_replace: bool) -> sqlx::Result<()> {
        let mut is_duplicate = false;
        self.call(name, |database| {
            let staged = &mut database.staged.as_mut().expect("in a transaction").0;
            for row in rows {
                let old = staged.insert(row.key().to_owned(), row.hash().to_vec());
                is_duplicate |= old.is_some() && !may_replace;
            }
        })?;
        if is_duplicate { Err(sqlx::Error::Protocol("duplicate".to_owned())) } else { Ok(()) }
    }
}

trait IntoSqlx {
    fn into_sqlx(self) -> sqlx::Error;
}

impl IntoSqlx for ErrorKind {
    fn into_sqlx(self) -> sqlx::Error {
        sqlx::Error::Io(self.into())
    }
}

impl Session for Fake {
    const NAMES: Names = Names::Exact;

    fn lay_out(&mut self, _: &Layout) {}

    async fn compare(&mut self, _: &Layout, rows: &[&Row]) -> sqlx::Result<Comparison> {
        self.call("compare", |_| ())?;
        let database = self.database();
        let mut comparison = Comparison::default();
        for (row, position) in rows.iter().zip(0..) {
            match database.rows.get(row.key()) {
                Some(hash) if hash == row.hash() => comparison.unchanged.push(position),
                Some(_) => comparison.differing.push(position),
                None => {}
            }
        }
        Ok(comparison)
    }

    async fn begin(&mut self) -> sqlx::Result<()> {
        self.call("begin", |database| database.staged = Some((database.rows.clone(), database.batch)))
    }

    async fn add_columns(&mut self, _: &[TableColumn]) -> sqlx::Result<()> {
        self.call("add columns", |_| ())
    }

    async fn insert(&mut self, _: &Sheet<'_>, rows: &[&Row]) -> sqlx::Result<()> {
        self.put("insert", rows, false)
    }

    async fn upsert(&mut self, _: &Sheet<'_>, rows: &[&Row]) -> sqlx::Result<()> {
        self.put("upsert", rows, true)
    }

    async fn savepoint(&mut self) -> sqlx::Result<()> {
        Ok(())
    }

    async fn leave_savepoint(&mut self, _: bool) -> sqlx::Result<()> {
        Ok(())
    }

    async fn reject(&mut self, _: &[KeyedReject], _: &str) -> sqlx::Result<()> {
        Ok(())
    }

    async fn remove_rejects(&mut self, _: &[i64]) -> sqlx::Result<()> {
        self.call("remove rejects", |_| ())
    }

    async fn save_state(&mut self, _: &str, batch: i64, _: &str) -> sqlx::Result<bool> {
        self.call("state", |database| database.staged.as_mut().expect("in a transaction").1 = batch)?;
        Ok(!self.database().is_fenced_off)
    }

    async fn commit(&mut self) -> sqlx::Result<()> {
        self.call("commit", |database| {
            let (rows, batch) = database.staged.take().expect("in a transaction");
            (database.rows, database.batch) = (rows, batch);
        })
    }

    async fn rollback(&mut self) -> sqlx::Result<()> {
        self.database().staged = None;
        Ok(())
    }

    async fn has_committed(&mut self, batch: i64) -> sqlx::Result<bool> {
        Ok(self.database().batch == batch)
    }

    fn disconnect(&mut self) {
        let mut database = self.database();
        database.calls.push("disconnect");
        database.staged = None;
    }

    fn new_column(&self, column: &Column) -> TableColumn {
        TableColumn::new(column, "text")
    }

    fn fenced_off(&self) -> ConnectorError {
        ConnectorError::new(ErrorCode::Conflict, "lost")
    }

    fn class(&self, error: &sqlx::Error) -> Class {
        match error {
            sqlx::Error::Io(_) => Class::Transient,
            _ => Class::Duplicate,
        }
    }

    fn explain(&self, error: sqlx::Error) -> ConnectorError {
        ConnectorError::new(ErrorCode::InternalError, error.to_string())
    }
}

impl KeyedSession for Fake {
    async fn count_live(&mut self, _: &Key, keys: &[KeyParts<'_>]) -> sqlx::Result<u64> {
        self.call("count", |_| ())?;
        Ok(keys.iter().filter(|key| self.database().rows.contains_key(&*key[0])).count() as u64)
    }

    async fn mark_deleted(&mut self, _: &Key, keys: &[KeyParts<'_>], _: &str) -> sqlx::Result<u64> {
        let mut count = 0;
        self.call("delete", |database| {
            let staged = &mut database.staged.as_mut().expect("in a transaction").0;
            count = keys.iter().filter_map(|key| staged.remove(&*key[0])).count();
        })?;
        Ok(count as u64)
    }

    async fn live_keys(&mut self, page: &KeyPage<'_>) -> sqlx::Result<Vec<String>> {
        self.call("keys", |_| ())?;
        Ok(self.database().rows.keys().take(page.most as usize).cloned().collect())
    }
}

impl ItemSession for Fake {
    async fn remove_items(&mut self, _: &ItemTable, _: &[&KeyParts<'_>]) -> sqlx::Result<()> {
        Ok(())
    }

    async fn insert_items(&mut self, _: &ItemTable, _: &[ItemRow<'_>]) -> sqlx::Result<()> {
        Ok(())
    }
}

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
