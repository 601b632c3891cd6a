//! The keys of a table's live rows, page by page.

use connector_core::stream::ColumnType;
use connector_core::{ConnectorError, ErrorCode, Result};

use super::Writer;
use crate::attempts::Attempts;
use crate::keys::{KeyPage, KeyParts};
use crate::layout::{TableColumn, fit};
use crate::session::Session;

/// How far the keys were read on this connection.
///
/// The first page, and all of a scope, come by the index. Who goes on wants the whole table, most likely, and rows lie
/// in no order of their keys: by the index, a million of them took 15 seconds from memory and minutes from a disk; read
/// as they lie and sorted once, less than five on the same busy machine.
#[derive(Debug, Default)]
pub(super) struct Paging {
    /// The last key that was handed out, where there are more.
    last: Option<String>,
    /// The keys after it lie sorted in the database.
    is_sorted: bool,
}

impl<S: Session> Writer<S> {
    /// Keys of live rows, in their order.
    pub(super) async fn page_of_keys(
        &mut self,
        within: &[(String, String)],
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<String>> {
        let Some(existing) = &self.opening.existing else {
            return Ok(Vec::new());
        };
        let condition = |(name, value): &(String, String)| {
            let column = existing.iter().find(|known| S::NAMES.are_same(&known.name, name))?;
            Some((column.clone(), fit(column.kind, value)?.into_owned()))
        };
        // A column that is not there has no value, and a value that does not fit its column is nobody's.
        let Some(within): Option<Vec<_>> = within.iter().map(condition).collect() else {
            return Ok(Vec::new());
        };
        let key = self.key.clone();
        let page = KeyPage { key: &key, within, after: self.place(after)?, most };
        if page.within.is_empty() {
            return self.page_of_all(&page, after).await;
        }
        self.index_scope(&page).await;
        let mut attempts = Attempts::default();
        loop {
            match self.session.live_keys(&page).await {
                Ok(keys) => return Ok(keys),
                Err(error) => self.recover(error, &mut attempts).await?,
            }
        }
    }

    /// The parts of the key to go on after.
    fn place<'a>(&self, after: Option<&'a str>) -> Result<Option<KeyParts<'a>>> {
        let Some(text) = after else { return Ok(None) };
        self.key.parts(text).map(Some).ok_or_else(|| {
            let message = format!("there is no such key in {} to go on after", self.opening.table);
            ConnectorError::new(ErrorCode::InvalidValue, message)
        })
    }

    /// A page of the keys of all rows.
    async fn page_of_all(&mut self, page: &KeyPage<'_>, after: Option<&str>) -> Result<Vec<String>> {
        let mut attempts = Attempts::default();
        let keys = loop {
            let goes_on =
                self.session.sorts_keys() && after.is_some() && self.paging.last.as_deref() == after;
            let outcome = match (goes_on, self.paging.is_sorted) {
                (false, _) => self.session.live_keys(page).await,
                (true, false) => self.session.sort_keys(page).await,
                (true, true) => self.session.next_keys(page.most).await,
            };
            match outcome {
                Ok(keys) => {
                    self.paging.is_sorted = goes_on;
                    break keys;
                }
                Err(error) => self.recover(error, &mut attempts).await?,
            }
        };
        let is_full = keys.len() == page.most as usize;
        self.paging.last = keys.last().filter(|_| is_full).cloned();
        Ok(keys)
    }

    /// Makes an index for a scope that is asked for the first time: a stream that is read parent by parent would read
    /// its whole table for each of them otherwise. Without the right to make one, it still gets its answers.
    async fn index_scope(&mut self, page: &KeyPage<'_>) {
        let columns: Vec<&TableColumn> = page.within.iter().map(|(column, _)| column).collect();
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let can_be_indexed = columns.iter().all(|column| column.kind != ColumnType::Json);
        if self.opening.dry_run || !can_be_indexed || self.indexed.contains(&names) {
            return;
        }
        if let Err(error) = self.session.index(&columns, page.key).await {
            tracing::debug!(table = %self.opening.table, %error, ?names, "no index for a scope");
            self.disconnect();
        }
        self.indexed.push(names);
    }
}
