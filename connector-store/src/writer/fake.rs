//! A database that fails when told to: what no real one does on demand.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard};

use connector_core::stream::{Column, Row};
use connector_core::{ConnectorError, ErrorCode};

use crate::contents::{ContentSession, Contents};
use crate::fault::Class;
use crate::items::{ItemRow, ItemSession, ItemTable};
use crate::keys::{Key, KeyPage, KeyParts, KeyedSession};
use crate::layout::{Layout, Names, TableColumn};
use crate::session::{Comparison, KeyedReject, Session, Sheet};

/// Rows by key, with their hash.
pub(super) type Rows = BTreeMap<String, Vec<u8>>;

#[derive(Default)]
pub(super) struct Database {
    pub(super) rows: Rows,
    batch: i64,
    pub(super) staged: Option<(Rows, i64)>,
    /// Calls that reached the database, in order.
    pub(super) calls: Vec<&'static str>,
    /// The call that fails next, and whether it does its work nevertheless.
    pub(super) failing: Option<(&'static str, bool)>,
    /// Keys that were sorted, last first.
    sorted: Option<Vec<String>>,
    /// No batch finds its lease.
    pub(super) is_fenced_off: bool,
}

#[derive(Clone, Default)]
pub(super) struct Fake(Arc<Mutex<Database>>);

impl Fake {
    pub(super) fn database(&self) -> MutexGuard<'_, Database> {
        self.0.lock().unwrap()
    }

    pub(super) fn fail(&self, call: &'static str, after_work: bool) {
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

    async fn account_of_others(&mut self) -> sqlx::Result<Option<String>> {
        Ok(None)
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
        database.sorted = None;
        database.staged = None;
    }

    fn new_column(&self, column: &Column) -> TableColumn {
        TableColumn::new(column, "text")
    }

    fn account(&self) -> Option<&str> {
        None
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

impl ContentSession for Fake {
    async fn compare_contents(&mut self, contents: Contents<'_>, rows: &[&Row]) -> sqlx::Result<Comparison> {
        self.compare(contents.layout, rows).await
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

    async fn index(&mut self, _: &[&TableColumn], _: &Key) -> sqlx::Result<()> {
        self.call("index", |_| ())
    }

    async fn live_keys(&mut self, page: &KeyPage<'_>) -> sqlx::Result<Vec<String>> {
        self.call("keys", |_| ())?;
        let after = page.after.as_ref().map(|parts| parts[0].to_string());
        let database = self.database();
        let keys = database.rows.keys().filter(|key| after.as_ref().is_none_or(|after| *key > after));
        Ok(keys.take(page.most as usize).cloned().collect())
    }

    fn sorts_keys(&self) -> bool {
        true
    }

    async fn sort_keys(&mut self, page: &KeyPage<'_>) -> sqlx::Result<Vec<String>> {
        self.call("sort keys", |_| ())?;
        let after = page.after.clone();
        let all = KeyPage { key: page.key, within: Vec::new(), after, most: u32::MAX };
        let mut all = self.live_keys(&all).await?;
        all.reverse();
        self.database().sorted = Some(all);
        self.next_keys(page.most).await
    }

    async fn next_keys(&mut self, most: u32) -> sqlx::Result<Vec<String>> {
        self.call("next keys", |_| ())?;
        let mut database = self.database();
        let sorted = database.sorted.as_mut().expect("sorted before, on this connection");
        Ok((0..most).map_while(|_| sorted.pop()).collect())
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
