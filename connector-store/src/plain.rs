//! The ordinary way to write: the first thing that the database refuses ends the attempt.

use connector_core::stream::Row;
use connector_core::sync::Written;

use crate::items::{ItemTable, LandedRow};
use crate::keys::{Key, KeyParts};
use crate::session::{Session, Sheet};

/// What one transaction does to a stream's tables.
pub(crate) struct Work<'w> {
    pub(crate) sheet: Sheet<'w>,
    pub(crate) key: &'w Key,
    /// The tables of the lists inside the rows.
    pub(crate) item_tables: &'w [ItemTable],
    /// Rows that the table does not have.
    pub(crate) new: Vec<&'w Row>,
    /// Rows that the table has otherwise.
    pub(crate) differing: Vec<&'w Row>,
    /// Keys of rows that are to be marked as deleted.
    pub(crate) deleted: Vec<KeyParts<'w>>,
}

/// Does it, and counts what is new, changed and deleted.
pub(crate) async fn write_plainly<S: Session>(session: &mut S, work: &Work<'_>) -> sqlx::Result<Written> {
    let mut written = Written {
        inserted: work.new.len() as u64,
        updated: work.differing.len() as u64,
        ..Written::default()
    };
    if !work.deleted.is_empty() {
        written.deleted = delete(session, work, &work.deleted).await?;
    }
    if !work.new.is_empty() {
        session.insert(&work.sheet, &work.new).await?;
    }
    if !work.differing.is_empty() {
        session.upsert(&work.sheet, &work.differing).await?;
    }
    if !work.item_tables.is_empty() {
        let rows = work.new.iter().chain(&work.differing);
        let rows: Vec<LandedRow<'_>> = rows.map(|row| LandedRow::new(row, &work.sheet)).collect();
        for table in work.item_tables {
            remove_items(session, table, &rows).await?;
            session.insert_items(table, &table.items(&rows)).await?;
        }
    }
    Ok(written)
}

/// Marks rows as deleted and removes what was in their lists.
pub(crate) async fn delete<S: Session>(
    session: &mut S,
    work: &Work<'_>,
    keys: &[KeyParts<'_>],
) -> sqlx::Result<u64> {
    let parents: Vec<&KeyParts<'_>> = keys.iter().collect();
    for table in work.item_tables {
        session.remove_items(table, &parents).await?;
    }
    session.mark_deleted(work.key, keys, work.sheet.now).await
}

/// Removes what the lists of these rows held before. A row that is new may have items too: its table was emptied.
pub(crate) async fn remove_items<S: Session>(
    session: &mut S,
    table: &ItemTable,
    rows: &[LandedRow<'_>],
) -> sqlx::Result<()> {
    let parents: Vec<&KeyParts<'_>> = rows.iter().map(|row| &row.key).collect();
    session.remove_items(table, &parents).await
}
