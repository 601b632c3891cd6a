//! Rows compared with what is stored, value by value.

use std::borrow::Cow;
use std::future::Future;

use connector_core::stream::Row;

use crate::layout::{Layout, TableColumn};
use crate::session::{Comparison, Relief};

/// What of each row is compared, and in which form.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    pub(crate) layout: &'a Layout,
    /// Positions of the cells whose columns the table has.
    pub(crate) there: &'a [usize],
    /// How the rows were written.
    pub(crate) relief: Relief,
}

impl Contents<'_> {
    /// The columns that are compared, in the order of `there`.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &TableColumn> {
        self.there.iter().map(|index| &self.layout.targets[*index].column)
    }

    /// Places in `there` of the key's parts, with their columns.
    pub(crate) fn key(&self) -> impl Iterator<Item = (usize, &TableColumn)> {
        let part = |index: &usize| self.there.iter().position(|there| there == index);
        self.layout.key.iter().filter_map(part).zip(self.layout.key_targets().map(|target| &target.column))
    }

    /// What the column of the cell at `index` holds if the row is stored.
    pub(crate) fn cell<'r>(&self, row: &'r Row, index: usize) -> Option<Cow<'r, str>> {
        self.relief.cell(self.layout, index, row.cell(index)?)
    }

    /// What `_doc` holds if the row is stored.
    pub(crate) fn document<'r>(&self, row: &'r Row) -> Cow<'r, str> {
        self.relief.document(row.document())
    }
}

/// What a database does to compare contents.
pub(crate) trait ContentSession: Send {
    /// Finds the rows that the table has, and those among them that are as they would be written now.
    fn compare_contents(
        &mut self,
        contents: Contents<'_>,
        rows: &[&Row],
    ) -> impl Future<Output = sqlx::Result<Comparison>> + Send;
}
