//! Parts of statements that both databases word alike.

use crate::identifier::{quoted, quoted_list};
use crate::layout::Layout;

/// Our own columns in the order in which rows are sent.
pub(crate) const OWN_COLUMNS: &str = "_doc, _hash, _synced_at, _first_seen_at, _run_id";

/// Items with commas between.
pub(crate) fn listed(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
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
