//! The lists inside rows: their items on the way into tables of their own.

use std::borrow::Cow;
use std::future::Future;

use connector_core::stream::{Column, Item, Row, items};
use connector_core::sync::ChildTable;

use crate::keys::KeyParts;
use crate::layout::{Layout, Names, TableColumn};
use crate::session::{Relief, Sheet};

/// The table of the items of one list, as the database has it.
pub(crate) struct ItemTable {
    /// Its name in statements.
    pub(crate) name: String,
    /// The columns that hold the parent's key.
    pub(crate) parent_key: Vec<TableColumn>,
    /// Where an item's cells go.
    pub(crate) layout: Layout,
    path: Vec<String>,
    columns: Vec<Column>,
}

impl ItemTable {
    /// The table of this name, which has the columns that `child` asks for among `existing`.
    pub(crate) fn new(name: String, child: &ChildTable, existing: &[TableColumn], names: Names) -> Self {
        let known = |name: &str| existing.iter().find(|known| names.are_same(&known.name, name));
        let mut columns = child.columns.clone();
        for column in &mut columns {
            // What the database has wins over what is declared by now, as it does for records.
            column.kind = known(&column.name).map_or(column.kind, |known| known.kind);
        }
        let parent_key = child.parent_key.iter().filter_map(|name| known(name).cloned()).collect();
        let layout = Layout::new(&columns, &[], existing, names);
        Self { name, parent_key, layout, path: child.path.clone(), columns }
    }

    /// The items of these rows.
    pub(crate) fn items<'r>(&self, rows: &'r [LandedRow<'r>]) -> Vec<ItemRow<'r>> {
        let of_row = |parent: &'r LandedRow<'r>| {
            let items = items(parent.row.document(), &self.path, &self.columns);
            let row = move |(item, position)| ItemRow { parent, position, item, relief: parent.relief };
            items.into_iter().zip(0..).map(row)
        };
        rows.iter().flat_map(of_row).collect()
    }
}

/// A row that the table has now.
pub(crate) struct LandedRow<'r> {
    pub(crate) row: &'r Row,
    /// What was done to its values.
    pub(crate) relief: Relief,
    /// Its key, as the table has it.
    pub(crate) key: KeyParts<'r>,
}

impl<'r> LandedRow<'r> {
    pub(crate) fn new(row: &'r Row, sheet: &Sheet<'_>) -> Self {
        let part = |index: &usize| sheet.cell(row, *index).unwrap_or_default();
        Self { row, relief: sheet.relief, key: sheet.layout.key.iter().map(part).collect() }
    }
}

/// An item and where it belongs.
pub(crate) struct ItemRow<'r> {
    pub(crate) parent: &'r LandedRow<'r>,
    /// Its place in the list.
    pub(crate) position: i32,
    /// What is done to its values.
    pub(crate) relief: Relief,
    item: Item<'r>,
}

impl<'r> ItemRow<'r> {
    /// The same item with this done to its values.
    pub(crate) fn relieved(&self, relief: Relief) -> Self {
        Self { parent: self.parent, position: self.position, relief, item: self.item.clone() }
    }

    /// What goes into the column at `index`.
    pub(crate) fn cell(&self, layout: &Layout, index: usize) -> Option<Cow<'_, str>> {
        self.relief.cell(layout, index, self.item.cell(index)?)
    }

    /// What goes into `_doc`.
    pub(crate) fn document(&self) -> Cow<'r, str> {
        self.relief.document(self.item.document())
    }
}

/// What a database does with the lists inside rows.
pub(crate) trait ItemSession: Send {
    /// Removes the items of the rows with these keys.
    fn remove_items(
        &mut self,
        table: &ItemTable,
        parents: &[&KeyParts<'_>],
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Writes items whose places are free.
    fn insert_items(
        &mut self,
        table: &ItemTable,
        items: &[ItemRow<'_>],
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}
