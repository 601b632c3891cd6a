//! The patient way to write: under savepoints, until every row has landed or stands alone as the one to blame.

use connector_core::stream::Row;
use connector_core::sync::Reject;

use crate::bisect::Halves;
use crate::fault::Class;
use crate::session::{KeyedReject, Session, Sheet};

/// Writes what the database takes, and files the rest as rejects. Says how many rows landed.
pub(crate) async fn write_carefully<S: Session>(
    session: &mut S,
    sheet: Sheet<'_>,
    rows: &[&Row],
    rejects: &mut Vec<KeyedReject>,
) -> sqlx::Result<u64> {
    let bare = Sheet { bare: true, ..sheet };
    let whole = Sheet { bare: false, ..sheet };
    let mut landed = 0;
    let mut halves = Halves::new(rows);
    while let Some(part) = halves.next() {
        let Some(_) = try_upsert(session, &whole, part).await? else {
            landed += part.len() as u64;
            continue;
        };
        let Some(row) = halves.refused(part) else { continue };
        match try_upsert(session, &bare, &[row]).await? {
            None => landed += 1,
            Some(error) => rejects.push(refused_by_database(row, &error)),
        }
    }
    Ok(landed)
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
