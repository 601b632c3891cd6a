//! The vault: connections as they lie in the database, and the key that opens them.
//!
//! Tokens and settings are sealed with XChaCha20-Poly1305, each under a key of its own that the vault's key wraps. What
//! is sealed is bound to its place: app, connection, field and generation are authenticated with it, so that a
//! ciphertext copied elsewhere, or an old one put back, does not open.

mod command;
mod connection_rows;
mod derive;
mod key;
mod keyring;
mod keys;
mod rekey;
mod rows;
mod seal;
mod secret;
mod usage;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use connector_core::oauth::{AccountProof, Connection, ConnectionKey, ConnectionState, Renewal, TokenSet};
use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;
use zeroize::Zeroizing;

pub(crate) use connection_rows::{AttemptRow, SealedRow, SummaryRow, attempt, begun_at, summary, told};
use derive::derive;
pub use key::VaultKey;
pub(crate) use keyring::{Keyring, missing as missing_key};
pub use keys::VaultKeys;
pub(crate) use rekey::rekey;
pub use rekey::{RekeyFailure, RekeyReport};
pub(crate) use rows::{ContentRow, CountRow, RowId, SealedContent, SealedRows, SealedTable};
use seal::Place;
pub(crate) use secret::lasting as lasting_secret;
pub(crate) use usage::status;
pub use usage::{KeyRole, KeyStatus, VaultStatus};

/// A connection as it lies in the database.
pub(crate) struct Sealed {
    pub(crate) account: Option<String>,
    pub(crate) state: String,
    pub(crate) renewal: Renewal,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) generation: i64,
    pub(crate) key_id: String,
    pub(crate) tokens: Vec<u8>,
    pub(crate) settings: Vec<u8>,
}

/// What is sealed of tokens: themselves, and beside them what is known of whose they are.
#[derive(Serialize)]
struct SealedTokens<'a> {
    #[serde(flatten)]
    tokens: &'a TokenSet,
    #[serde(flatten)]
    proof: Proof,
}

/// It is read by itself, since a reader of both would make copies of the secrets.
#[derive(Serialize, Deserialize)]
struct Proof {
    #[serde(default, rename = "account_proof", skip_serializing_if = "is_whole")]
    of_account: AccountProof,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
fn is_whole(proof: &AccountProof) -> bool {
    *proof == AccountProof::Whole
}

impl Sealed {
    pub(crate) fn seal(
        key: &VaultKey,
        id: &ConnectionKey,
        generation: i64,
        connection: &Connection,
    ) -> Result<Self> {
        Ok(Self {
            account: connection.account.clone(),
            state: connection.state.name().to_owned(),
            renewal: connection.renewal.clone(),
            expires_at: connection.tokens.expires_at,
            generation,
            key_id: key.id(),
            tokens: seal_json(
                key,
                id,
                "tokens",
                generation,
                &SealedTokens { tokens: &connection.tokens, proof: Proof { of_account: connection.proof } },
            )?,
            settings: seal_json(key, id, "settings", generation, &connection.settings)?,
        })
    }

    pub(crate) fn open(&self, keys: &VaultKeys, id: &ConnectionKey) -> Result<Connection> {
        let key = keys.named(&self.key_id, &format!("the connection {}", id.name))?;
        let tokens: TokenSet = open_json(key, id, "tokens", self.generation, &self.tokens)?;
        let proof: Proof = open_json(key, id, "tokens", self.generation, &self.tokens)?;
        let settings = open_json(key, id, "settings", self.generation, &self.settings)?;
        let state = ConnectionState::from_name(&self.state).ok_or_else(|| unknown_state(id, &self.state))?;
        Ok(Connection {
            tokens,
            settings,
            account: self.account.clone(),
            proof: proof.of_account,
            state,
            renewal: self.renewal.clone(),
            generation: self.generation.unsigned_abs(),
        })
    }
}

/// Seals a value for one field of one connection.
pub(crate) fn seal_json(
    key: &VaultKey,
    id: &ConnectionKey,
    field: &'static str,
    generation: i64,
    value: &impl Serialize,
) -> Result<Vec<u8>> {
    // Enough for most token sets: a buffer that grows leaves its content behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *plain, value).map_err(|_| {
        ConnectorError::new(ErrorCode::InternalError, format!("the {field} of {} are no JSON", id.name))
    })?;
    seal::seal(key, &Place { id, field, generation }, &plain)
}

/// Opens what was sealed for one field of one connection.
pub(crate) fn open_json<T: DeserializeOwned>(
    key: &VaultKey,
    id: &ConnectionKey,
    field: &'static str,
    generation: i64,
    sealed: &[u8],
) -> Result<T> {
    let plain = seal::open(key, &Place { id, field, generation }, sealed)?;
    // The error would quote what it could not read.
    serde_json::from_slice(&plain).map_err(|_| {
        let message = format!("the {field} of the connection {} were written by another version", id.name);
        ConnectorError::new(ErrorCode::InternalError, message).hint("log in again")
    })
}

/// A later version knows what this means; to take it for anything that this one knows could cost the grant.
fn unknown_state(id: &ConnectionKey, state: &str) -> ConnectorError {
    let message =
        format!("the connection {} is in a state that this version does not know: {state}", id.name);
    ConnectorError::misconfigured(ErrorCode::UnsupportedOperation, message).hint("update this program")
}

/// The error of a commit that another writer was faster than.
pub(crate) fn changed_meanwhile(id: &ConnectionKey) -> ConnectorError {
    ConnectorError::new(ErrorCode::Conflict, format!("the connection {} was changed meanwhile", id.name))
}

/// The error of a wait for a lock that took too long.
pub(crate) fn held_too_long(id: &ConnectionKey) -> ConnectorError {
    ConnectorError::new(
        ErrorCode::ConnectionTimeout,
        format!("the connection {} has been held by another process for 30 s", id.name),
    )
}

/// One waiter of this process at a time for each connection, so that many waiters take one place in the database.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<ConnectionKey, Arc<tokio::sync::Mutex<()>>>>);

impl Queues {
    pub(crate) async fn enter(&self, id: &ConnectionKey) -> OwnedMutexGuard<()> {
        let queue = {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(id.clone()).or_default())
        };
        queue.lock_owned().await
    }
}
