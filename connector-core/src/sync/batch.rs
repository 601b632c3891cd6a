//! A batch: what is written together, and what became of it.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::sink::Standing;
use crate::stream::{Column, Row};

/// Rows that are written together, each key once: of two rows with the same key the later one is kept.
#[derive(Debug, Default)]
pub struct Batch {
    rows: IndexMap<String, Row>,
    rejects: Vec<Reject>,
    deleted: Vec<String>,
    resolved: Vec<i64>,
    rewritten: HashSet<String>,
    columns: Vec<Column>,
    size: usize,
}

impl Batch {
    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        self.size += row.size();
        self.rows.insert(row.key().to_owned(), row);
    }

    /// Adds a record that could not become a row.
    pub fn push_reject(&mut self, reject: Reject) {
        self.size += reject.payload.len();
        self.rejects.push(reject);
    }

    /// Marks the row with this key, as [`Row::key`], as deleted. A row of this batch that has it stays live.
    pub fn push_deleted(&mut self, key: String) {
        self.size += key.len();
        self.deleted.push(key);
    }

    /// Removes a reject of the store that was dealt with, unless this batch rejects the same record again.
    pub fn push_resolved(&mut self, reject: i64) {
        self.resolved.push(reject);
    }

    /// Tells the columns that the rows' cells stand for, in order; later batches may have more.
    pub fn set_columns(&mut self, columns: &[Column]) {
        if self.columns.len() != columns.len() {
            self.columns = columns.to_vec();
        }
    }

    /// The columns that the rows' cells stand for. A row may have fewer cells: the rest is null.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows, each key once, in the order of their first appearance.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.values()
    }

    /// Takes the rows out.
    pub(super) fn take_rows(&mut self) -> impl Iterator<Item = Row> + use<> {
        std::mem::take(&mut self.rows).into_values()
    }

    /// Takes the first rows out, into a batch of their own.
    pub(super) fn split_off_first(&mut self, rows: usize) -> Self {
        let rest = self.rows.split_off(rows.min(self.rows.len()));
        let rows = std::mem::replace(&mut self.rows, rest);
        Self { rows, columns: self.columns.clone(), ..Self::default() }
    }

    /// Drops the rows that are stored as they are, and has the others written even where their digest says that they need
    /// not be. How many were dropped.
    pub(super) fn keep_changed(&mut self, standings: &[Standing]) -> u64 {
        let before = self.rows.len();
        let mut standings = standings.iter();
        self.rows.retain(|_, _| standings.next() != Some(&Standing::Same));
        self.rewritten.extend(self.rows.keys().cloned());
        (before - self.rows.len()) as u64
    }

    /// Has the row with this key written also where its digest says that it is there as it is.
    pub fn rewrite(&mut self, key: String) {
        self.rewritten.insert(key);
    }

    /// Whether a row is written whatever its digest says.
    pub fn is_rewritten(&self, row: &Row) -> bool {
        !self.rewritten.is_empty() && self.rewritten.contains(row.key())
    }

    /// Tells columns that replace those known so far.
    pub(super) fn replace_columns(&mut self, columns: &[Column]) {
        self.columns = columns.to_vec();
    }

    /// Records that could not become rows.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// Keys of rows that are to be marked as deleted.
    pub fn deleted(&self) -> impl Iterator<Item = &str> {
        self.deleted.iter().map(String::as_str).filter(|key| !self.rows.contains_key(*key))
    }

    /// Rejects of the store that were dealt with.
    pub fn resolved(&self) -> &[i64] {
        &self.resolved
    }

    /// Rough size in memory, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.rejects.is_empty() && self.deleted.is_empty() && self.resolved.is_empty()
    }
}

/// A record that cannot be stored, kept for people to look at.
#[derive(Debug, Clone)]
pub struct Reject {
    /// The record as it was sent.
    pub payload: String,
    /// Machine-readable reason: `missing_key`, `not_an_object`, `database`.
    pub code: String,
    /// The reason in words.
    pub reason: String,
    /// The field or column at fault, if one is known.
    pub path: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows that were new.
    pub inserted: u64,
    /// Rows whose content differed, or that had been deleted before.
    pub updated: u64,
    /// Rows that were there already, as they are; not touched.
    pub unchanged: u64,
    /// Records that went to the rejects.
    pub rejected: u64,
    /// Rows that were marked as deleted, and were not before.
    pub deleted: u64,
    /// Rows among the inserted and updated that the database holds without some of their characters or values, since
    /// it refused them.
    pub adjusted: u64,
}
