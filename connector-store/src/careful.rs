//! The patient way to write: under savepoints, until every row has landed or stands alone as the one to blame.

use connector_core::stream::Row;
use connector_core::sync::Reject;

use crate::bisect::Halves;
use crate::fault::Class;
use crate::session::{KeyedReject, Relief, Session, Sheet};

/// What became of rows that were written with care.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Landed {
    /// Rows that are there now.
    pub(crate) rows: u64,
    /// Those among them that are there without some of their characters or values.
    pub(crate) adjusted: u64,
}

/// Writes what the database takes, and files the rest as rejects.
pub(crate) async fn write_carefully<S: Session>(
    session: &mut S,
    sheet: Sheet<'_>,
    rows: &[&Row],
    rejects: &mut Vec<KeyedReject>,
) -> sqlx::Result<Landed> {
    let mut landed = Landed::default();
    let mut halves = Halves::new(rows);
    while let Some(part) = halves.next() {
        let Some(error) = try_upsert(session, &sheet, part).await? else {
            landed.rows += part.len() as u64;
            continue;
        };
        let Some(row) = halves.refused(part) else { continue };
        if write_relieved(session, &sheet, row).await? {
            landed.rows += 1;
            landed.adjusted += 1;
        } else {
            rejects.push(refused_by_database(row, &error));
        }
    }
    Ok(landed)
}

/// Whether a row that the database refused landed after all, without what was in the way.
async fn write_relieved<S: Session>(session: &mut S, sheet: &Sheet<'_>, row: &Row) -> sqlx::Result<bool> {
    for relief in [Relief::Characters, Relief::Values] {
        let relieved = Sheet { layout: sheet.layout, now: sheet.now, relief };
        if try_upsert(session, &relieved, &[row]).await?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Upserts under a savepoint; hands back the error that the values of a row are to blame for.
async fn try_upsert<S: Session>(
    session: &mut S,
    sheet: &Sheet<'_>,
    rows: &[&Row],
) -> sqlx::Result<Option<sqlx::Error>> {
    session.savepoint().await?;
    let outcome = session.upsert(sheet, rows).await;
    match outcome {
        Ok(()) => session.leave_savepoint(true).await.map(|()| None),
        Err(error) if matches!(session.class(&error), Class::Data | Class::Duplicate) => {
            session.leave_savepoint(false).await?;
            Ok(Some(error))
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
