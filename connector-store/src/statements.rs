//! Parts of statements that both databases word alike.

use crate::identifier::{quoted, quoted_list};
use crate::keys::Key;
use crate::layout::{Layout, TableColumn};

/// Our own columns in the order in which rows are sent.
pub(crate) const OWN_COLUMNS: &str = "_doc, _hash, _synced_at, _first_seen_at, _run_id";

/// Items with commas between.
pub(crate) fn listed(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

/// An index for reading the keys of the rows with certain values in some columns. `table` is the stream's in statements.
pub(crate) fn index_statement(stream: &str, table: &str, within: &[&TableColumn], key: &Key) -> String {
    let names: Vec<&str> = within.iter().map(|column| column.name.as_str()).collect();
    let columns = names.iter().copied().chain(key.columns.iter().map(|column| column.name.as_str()));
    let name = format!("{stream}_within_{}", names.join("_"));
    format!("CREATE INDEX IF NOT EXISTS {} ON {table} ({})", quoted(&name), quoted_list(columns))
}

/// What a row does to the one that has its key: everything but the first sight is replaced, and it is live again.
pub(crate) fn on_conflict(layout: &Layout) -> String {
    let key = quoted_list(layout.key_targets().map(|target| target.column.name.as_str()));
    let columns = layout.names().enumerate().filter(|(index, _)| !layout.key.contains(index));
    let own = ["_doc", "_hash", "_synced_at", "_run_id"].map(str::to_owned);
    let replaced = columns.map(|(_, name)| quoted(name)).chain(own);
    let updates = listed(replaced.map(|name| format!("{name} = excluded.{name}")));
    format!("ON CONFLICT ({key}) DO UPDATE SET {updates}, _deleted_at = NULL")
}
