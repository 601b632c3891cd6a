//! The patient way to write: under savepoints, until every row has landed or stands alone as the one to blame.

use std::collections::BTreeSet;

use connector_core::stream::Row;
use connector_core::sync::{Reject, Written};

use crate::bisect::Halves;
use crate::fault::Class;
use crate::items::{ItemRow, ItemTable, LandedRow};
use crate::plain::{Work, delete, remove_items};
use crate::session::{KeyedReject, Relief, Session, Sheet};

/// What became of rows that were written with care.
#[derive(Default)]
struct Landed<'r> {
    /// Rows that are there now.
    rows: Vec<LandedRow<'r>>,
    /// Keys of those among them that are there without some of their characters or values.
    adjusted: BTreeSet<&'r str>,
}

/// Writes what the database takes, and files the rest as rejects.
pub(crate) async fn write_carefully<S: Session>(
    session: &mut S,
    work: &Work<'_>,
    rejects: &mut Vec<KeyedReject>,
) -> sqlx::Result<Written> {
    let mut written = Written { deleted: delete_carefully(session, work).await?, ..Written::default() };
    for (rows, count) in [(&work.new, &mut written.inserted), (&work.differing, &mut written.updated)] {
        let mut landed = write_rows(session, &work.sheet, rows, rejects).await?;
        for table in work.item_tables {
            remove_items(session, table, &landed.rows).await?;
            let adjusted = write_items(session, table, &table.items(&landed.rows)).await?;
            landed.adjusted.extend(adjusted);
        }
        *count = landed.rows.len() as u64;
        written.adjusted += landed.adjusted.len() as u64;
    }
    Ok(written)
}

/// Marks rows as deleted. A key that the database cannot even be asked for is no row's.
async fn delete_carefully<S: Session>(session: &mut S, work: &Work<'_>) -> sqlx::Result<u64> {
    let mut deleted = 0;
    let mut halves = Halves::new(&work.deleted);
    while let Some(part) = halves.next() {
        session.savepoint().await?;
        let outcome = delete(session, work, part).await;
        match settled(session, outcome).await? {
            Ok(count) => deleted += count,
            Err(_) => {
                halves.refused(part);
            }
        }
    }
    Ok(deleted)
}

async fn write_rows<'r, S: Session>(
    session: &mut S,
    sheet: &Sheet<'_>,
    rows: &[&'r Row],
    rejects: &mut Vec<KeyedReject>,
) -> sqlx::Result<Landed<'r>> {
    let mut landed = Landed::default();
    let mut halves = Halves::new(rows);
    while let Some(part) = halves.next() {
        let Some(error) = try_upsert(session, sheet, part).await? else {
            landed.rows.extend(part.iter().map(|row| LandedRow::new(row, sheet)));
            continue;
        };
        let Some(row) = halves.refused(part) else { continue };
        if let Some(row) = write_relieved(session, sheet, row).await? {
            landed.adjusted.insert(row.row.key());
            landed.rows.push(row);
        } else {
            rejects.push(refused_by_database(row, &error));
        }
    }
    Ok(landed)
}

/// A row that the database refused, if it landed after all, without what was in the way.
async fn write_relieved<'r, S: Session>(
    session: &mut S,
    sheet: &Sheet<'_>,
    row: &'r Row,
) -> sqlx::Result<Option<LandedRow<'r>>> {
    for relief in [Relief::Characters, Relief::Values] {
        let relieved = Sheet { layout: sheet.layout, now: sheet.now, relief };
        if try_upsert(session, &relieved, &[row]).await?.is_none() {
            return Ok(Some(LandedRow::new(row, &relieved)));
        }
    }
    Ok(None)
}

/// Upserts under a savepoint; hands back the error that the values of a row are to blame for.
async fn try_upsert<S: Session>(
    session: &mut S,
    sheet: &Sheet<'_>,
    rows: &[&Row],
) -> sqlx::Result<Option<sqlx::Error>> {
    session.savepoint().await?;
    let outcome = session.upsert(sheet, rows).await;
    settled(session, outcome).await.map(Result::err)
}

/// Writes items; hands back the keys of the rows whose items are not all there as they are.
async fn write_items<'r, S: Session>(
    session: &mut S,
    table: &ItemTable,
    items: &[ItemRow<'r>],
) -> sqlx::Result<BTreeSet<&'r str>> {
    let mut adjusted = BTreeSet::new();
    let mut halves = Halves::new(items);
    while let Some(part) = halves.next() {
        let Some(error) = try_insert(session, table, part).await? else { continue };
        let Some(item) = halves.refused(part) else { continue };
        adjusted.insert(item.parent.row.key());
        if !write_relieved_item(session, table, item).await? {
            // It is in the document of its row, which must not be lost for it.
            tracing::warn!(table = %table.name, position = item.position, %error, "an item has no row of its own");
        }
    }
    Ok(adjusted)
}

async fn write_relieved_item<S: Session>(
    session: &mut S,
    table: &ItemTable,
    item: &ItemRow<'_>,
) -> sqlx::Result<bool> {
    for relief in [Relief::Characters, Relief::Values] {
        if try_insert(session, table, &[item.relieved(relief)]).await?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn try_insert<S: Session>(
    session: &mut S,
    table: &ItemTable,
    items: &[ItemRow<'_>],
) -> sqlx::Result<Option<sqlx::Error>> {
    session.savepoint().await?;
    let outcome = session.insert_items(table, items).await;
    settled(session, outcome).await.map(Result::err)
}

/// Keeps what was done since the savepoint, or undoes it when values are to blame for its failure.
async fn settled<S: Session, T>(
    session: &mut S,
    outcome: sqlx::Result<T>,
) -> sqlx::Result<Result<T, sqlx::Error>> {
    match outcome {
        Ok(value) => session.leave_savepoint(true).await.map(|()| Ok(value)),
        Err(error) if matches!(session.class(&error), Class::Data | Class::Duplicate) => {
            session.leave_savepoint(false).await?;
            Ok(Err(error))
        }
        Err(error) => Err(error),
    }
}

fn refused_by_database(row: &Row, error: &sqlx::Error) -> KeyedReject {
    let database = error.as_database_error();
    let message = database.map_or_else(|| error.to_string(), |error| error.message().to_owned());
    KeyedReject {
        key: Some(row.key().to_owned()),
        reject: Reject {
            payload: row.document().to_owned(),
            code: "database".to_owned(),
            reason: message,
            path: None,
        },
    }
}
