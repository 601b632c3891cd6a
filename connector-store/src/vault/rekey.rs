//! Rekeying: every sealed row goes from older keys of the vault to the current one. Each row is changed by itself and in
//! one step, so that a run that is killed has done what it has done, and the next one does the rest.

use connector_core::{ConnectorError, ErrorCode, Result};
use serde::Serialize;

use super::rows::{RowId, SealedContent, SealedRows, SealedTable};
use super::{Keyring, VaultKey, VaultKeys, seal};

/// Another writer may come first a few times, not for ever.
const TRIES: usize = 5;

/// What became of the sealed rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RekeyReport {
    /// Id of the key that seals now.
    pub key_id: Option<String>,
    /// Rows that were sealed with another key, or as an earlier version did it, and are not any more.
    pub rekeyed: u64,
    /// Rows that were as they should be, and open.
    pub already: u64,
    /// Rows that are as they were, since they do not open or could not be written.
    pub failed: Vec<RekeyFailure>,
}

/// A row that was left as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RekeyFailure {
    /// `connection`, `authorization` or `secret`.
    pub kind: &'static str,
    /// The app.
    pub app_id: String,
    /// Name of the connection.
    pub connection: String,
    /// Id of the key that the row says it was sealed with.
    pub key_id: String,
    /// Why.
    pub message: String,
}

enum Done {
    Rekeyed,
    Already,
    /// Somebody took the row out.
    Gone,
}

/// Goes through all rows.
pub(crate) async fn rekey(rows: &impl SealedRows, keyring: &Keyring) -> Result<RekeyReport> {
    // First whether anything opens at all: a key that was lost is not made anew.
    let opening = keyring.for_opening()?;
    let current = keyring.for_sealing()?;
    let keys = opening.with_current(current.clone());
    let mut report = RekeyReport { key_id: Some(current.id()), ..RekeyReport::default() };
    for table in SealedTable::ALL {
        for id in rows.ids(table).await? {
            match rekey_row(rows, &id, &keys, &current).await {
                Ok(Done::Rekeyed) => report.rekeyed += 1,
                Ok(Done::Already) => report.already += 1,
                Ok(Done::Gone) => {}
                Err(Failed { key_id, error }) if is_of_the_row(&error) => {
                    report.failed.push(failure(id, key_id, &error));
                }
                Err(Failed { error, .. }) => return Err(error),
            }
        }
    }
    Ok(report)
}

/// Why a row was left, and the key that it was sealed with.
struct Failed {
    key_id: String,
    error: ConnectorError,
}

async fn rekey_row(
    rows: &impl SealedRows,
    id: &RowId,
    keys: &VaultKeys,
    current: &VaultKey,
) -> Result<Done, Failed> {
    let mut key_id = String::new();
    for _ in 0..TRIES {
        let failed = |key_id: &str| {
            let key_id = key_id.to_owned();
            move |error| Failed { key_id, error }
        };
        let Some(was) = rows.content(id).await.map_err(failed(&key_id))? else { return Ok(Done::Gone) };
        key_id.clone_from(&was.key_id);
        let Some(new) = rewrapped(id, &was, keys, current).map_err(failed(&key_id))? else {
            return Ok(Done::Already);
        };
        if rows.replace(id, &was, &new).await.map_err(failed(&key_id))? {
            return Ok(Done::Rekeyed);
        }
    }
    let message = format!("the {} is being changed all the time", id.table.singular());
    Err(Failed { key_id, error: ConnectorError::new(ErrorCode::Conflict, message) })
}

/// The row under the current key; `None` when it is so already.
fn rewrapped(
    id: &RowId,
    was: &SealedContent,
    keys: &VaultKeys,
    current: &VaultKey,
) -> Result<Option<SealedContent>> {
    let key = keys.named(&was.key_id, &format!("the {}", id.table.singular()))?;
    let is_sealed_with_current = key.id() == current.id();
    let fields = id.each(was, |place, sealed| {
        if is_sealed_with_current && seal::is_current(sealed) {
            return seal::open(key, place, sealed).map(|_| None);
        }
        seal::rewrap(key, current, place, sealed).map(Some)
    })?;
    if fields.iter().all(Option::is_none) {
        return Ok(None);
    }
    let fields = fields.into_iter().zip(&was.fields).map(|(new, was)| new.unwrap_or_else(|| was.clone()));
    Ok(Some(SealedContent { key_id: current.id(), generation: was.generation, fields: fields.collect() }))
}

/// Whether the others may well do better than this row; a database that is gone fails them all.
fn is_of_the_row(error: &ConnectorError) -> bool {
    let held = [ErrorCode::Conflict, ErrorCode::ConnectionTimeout].contains(&error.code());
    held || error.app_code() == Some("vault.decryption_failed")
}

fn failure(id: RowId, key_id: String, error: &ConnectorError) -> RekeyFailure {
    RekeyFailure {
        kind: id.table.singular(),
        app_id: id.app_id,
        connection: id.name,
        key_id,
        message: error.message().to_owned(),
    }
}
