//! What a table of ours looks like, whatever it is for: how it is made, and how it is told from others.

use connector_core::stream::Column;
use connector_core::sync::{ChildTable, Table};

use crate::identifier::{quoted, quoted_list};
use crate::layout::{Names, TableColumn};
use crate::statements::listed;

/// Holds an item's place in its list.
pub(crate) const POSITION: &str = "position";

/// A table as it is wanted.
pub(crate) struct TableShape {
    /// Its name.
    pub(crate) name: String,
    /// Columns of its primary key.
    pub(crate) key: Vec<String>,
    columns: Vec<TableColumn>,
    own: OwnColumns,
}

/// The columns that are ours, not the app's: names, and types with all that belongs to them.
pub(crate) type OwnColumns = &'static [(&'static str, &'static str)];

impl TableShape {
    /// The table of a stream.
    pub(crate) fn of_records(table: &Table, new_column: fn(&Column) -> TableColumn, own: OwnColumns) -> Self {
        let columns = table.columns.iter().map(new_column).collect();
        Self { name: table.name.clone(), key: table.key.clone(), columns, own }
    }

    /// The table of the items in a stream's records. Its key begins with the parent's, whose types it takes.
    pub(crate) fn of_items(
        child: &ChildTable,
        parent_key: Vec<TableColumn>,
        position: TableColumn,
        new_column: fn(&Column) -> TableColumn,
        own: OwnColumns,
    ) -> Self {
        let mut columns = parent_key;
        columns.push(position);
        let key = columns.iter().map(|column| column.name.clone()).collect();
        columns.extend(child.columns.iter().map(new_column));
        Self { name: child.name.clone(), key, columns, own }
    }

    /// The columns that are not ours.
    pub(crate) fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// Whether a column of this name is ours.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        self.own.iter().any(|(own, _)| *own == name)
    }

    /// A column of ours that a table with these columns does not have.
    pub(crate) fn lacking_own(&self, existing: &[TableColumn]) -> Option<&'static str> {
        let is_lacking = |own: &&str| existing.iter().all(|known| known.name != **own);
        self.own.iter().map(|(name, _)| *name).find(is_lacking)
    }

    /// Columns that are wanted and that a table with these columns does not have.
    pub(crate) fn lacking(&self, existing: &[TableColumn], names: Names) -> Vec<TableColumn> {
        let has = |name: &str| existing.iter().any(|known| names.are_same(&known.name, name));
        self.columns.iter().filter(|column| !has(&column.name)).cloned().collect()
    }

    /// What stands between the parentheses of `CREATE TABLE`.
    pub(crate) fn definitions(&self) -> String {
        let column = |column: &TableColumn| {
            let not_null = if self.key.contains(&column.name) { " NOT NULL" } else { "" };
            format!("{} {}{not_null}", quoted(&column.name), column.sql_type)
        };
        let own = self.own.iter().map(|(name, sql_type)| format!("{name} {sql_type}"));
        let columns = listed(self.columns.iter().map(column).chain(own));
        format!("{columns}, PRIMARY KEY ({})", quoted_list(self.key.iter().map(String::as_str)))
    }
}
