//! Keys of rows: as text, and as the values of the columns that make them up.

use std::borrow::Cow;
use std::future::Future;

use connector_core::stream::KEY_SEPARATOR;

use crate::layout::{Names, TableColumn, fit};

/// The values of a key's parts, in the order of the key.
pub(crate) type KeyParts<'k> = Vec<Cow<'k, str>>;

/// The columns that make up the key of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Key {
    pub(crate) columns: Vec<TableColumn>,
}

impl Key {
    /// The key of these columns, all of which `existing`, the table's, has.
    pub(crate) fn new(columns: &[String], existing: &[TableColumn], names: Names) -> Self {
        let column = |name: &String| existing.iter().find(|known| names.are_same(&known.name, name)).cloned();
        Self { columns: columns.iter().filter_map(column).collect() }
    }

    /// Columns of the same types with other names.
    pub(crate) fn renamed(&self, names: &[String]) -> Vec<TableColumn> {
        let column =
            |(column, name): (&TableColumn, &String)| TableColumn { name: name.clone(), ..column.clone() };
        self.columns.iter().zip(names).map(column).collect()
    }

    /// The parts of a key that is written as a row's; `None` when no row of the table can have it.
    pub(crate) fn parts<'k>(&self, key: &'k str) -> Option<KeyParts<'k>> {
        let texts: Vec<&str> = key.splitn(self.columns.len(), KEY_SEPARATOR).collect();
        if texts.len() != self.columns.len() {
            return None;
        }
        texts.into_iter().zip(&self.columns).map(|(text, column)| fit(column.kind, text)).collect()
    }
}

/// Which keys of live rows are wanted.
pub(crate) struct KeyPage<'a> {
    pub(crate) key: &'a Key,
    /// Only of rows with these values.
    pub(crate) within: Vec<(TableColumn, String)>,
    /// Only those that come after this one.
    pub(crate) after: Option<KeyParts<'a>>,
    /// Keys, at most.
    pub(crate) most: u32,
}

/// What a database does with rows of which only the key is known.
pub(crate) trait KeyedSession: Send {
    /// Counts the live rows among those with these keys, each of which is given once.
    fn count_live(
        &mut self,
        key: &Key,
        keys: &[KeyParts<'_>],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;
    /// Marks the live rows among those with these keys as deleted, and says how many they were.
    fn mark_deleted(
        &mut self,
        key: &Key,
        keys: &[KeyParts<'_>],
        now: &str,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;
    /// Makes sure of an index for pages of keys within these columns.
    fn index(&mut self, within: &[&TableColumn], key: &Key) -> impl Future<Output = sqlx::Result<()>> + Send;
    /// Keys of live rows, in the order of the keys, by an index.
    fn live_keys(&mut self, page: &KeyPage<'_>) -> impl Future<Output = sqlx::Result<Vec<String>>> + Send;
    /// Whether the keys of a whole table are better sorted once than looked up page by page.
    fn sorts_keys(&self) -> bool;
    /// The same, from all keys that come after, which are sorted and kept for [`Self::next_keys`].
    fn sort_keys(&mut self, page: &KeyPage<'_>) -> impl Future<Output = sqlx::Result<Vec<String>>> + Send;
    /// Keys that were sorted before and not handed out yet, at most so many.
    fn next_keys(&mut self, most: u32) -> impl Future<Output = sqlx::Result<Vec<String>>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::stream::ColumnType;

    #[test]
    fn a_key_has_parts_where_a_row_of_the_table_could_have_it() {
        let column = |name: &str, kind| TableColumn {
            name: name.to_owned(),
            kind,
            sql_type: String::new(),
            exact: true,
        };
        let existing = [column("Place", ColumnType::Text), column("product", ColumnType::Number)];
        let names = ["product".to_owned(), "place".to_owned()];
        let key = Key::new(&names, &existing, Names::Folded);
        assert_eq!(key.parts("17\u{1f}a\u{1f}b").unwrap(), ["17", "a\u{1f}b"]);
        for foreign in ["17", "seventeen\u{1f}a", ""] {
            assert_eq!(key.parts(foreign), None, "{foreign}");
        }
    }
}
