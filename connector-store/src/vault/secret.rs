//! Secrets of our own: made once for a purpose of a connection, and the same whatever becomes of the vault's key.

use connector_core::oauth::ConnectionKey;
use connector_core::{ConnectorError, ErrorCode, Result, Secret};

use super::rows::{RowId, SealedContent, SealedRows};
use super::{Keyring, derive, seal};

/// The secret for this purpose, made if need be.
pub(crate) async fn lasting(
    rows: &impl SealedRows,
    keyring: &Keyring,
    purpose: &str,
    connection: &ConnectionKey,
) -> Result<Secret> {
    let id = RowId::of_secret(connection, purpose);
    if let Some(secret) = kept(rows, keyring, &id).await? {
        return Ok(secret);
    }
    rows.add_secret(&id, &made(keyring, &id, purpose, connection)?).await?;
    // Not what was just made: another process may have been first.
    kept(rows, keyring, &id).await?.ok_or_else(|| {
        ConnectorError::new(ErrorCode::Conflict, format!("the secret for {purpose} was taken out meanwhile"))
    })
}

async fn kept(rows: &impl SealedRows, keyring: &Keyring, id: &RowId) -> Result<Option<Secret>> {
    let Some(content) = rows.content(id).await? else { return Ok(None) };
    let keys = keyring.for_opening()?;
    let key = keys.named(&content.key_id, &format!("the secret for {}", id.detail))?;
    let opened = id.each(&content, |place, sealed| {
        let plain = seal::open(key, place, sealed)?;
        Ok(Secret::new(String::from_utf8_lossy(&plain)))
    })?;
    Ok(opened.into_iter().next())
}

/// The first secret follows from the vault's key: it is the one that versions had that kept none.
fn made(keyring: &Keyring, id: &RowId, purpose: &str, connection: &ConnectionKey) -> Result<SealedContent> {
    let key = keyring.for_sealing()?;
    let secret = derive(&key, purpose, connection);
    let empty = SealedContent { key_id: key.id(), generation: 0, fields: vec![Vec::new()] };
    let fields = id.each(&empty, |place, _| seal::seal(&key, place, secret.expose().as_bytes()))?;
    Ok(SealedContent { fields, ..empty })
}
