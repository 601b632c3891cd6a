//! Authorizations under way as they lie in the database: found by the digest of their state, sealed with the vault's key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connector_core::oauth::{ConnectionKey, PendingAuthorization};
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::vault::{Keyring, open_json, seal_json};

/// One row, without the instants.
pub(crate) struct SealedAuthorization {
    pub(crate) key_id: String,
    pub(crate) sealed: Vec<u8>,
}

impl SealedAuthorization {
    pub(crate) fn seal(keyring: &Keyring, digest: &[u8], pending: &PendingAuthorization) -> Result<Self> {
        let key = keyring.for_sealing()?;
        let sealed = seal_json(&key, &place(&pending.key.app_id, digest), FIELD, 0, pending)?;
        Ok(Self { key_id: key.id(), sealed })
    }

    pub(crate) fn open(
        &self,
        keyring: &Keyring,
        app_id: &str,
        digest: &[u8],
    ) -> Result<PendingAuthorization> {
        let keys = keyring.for_opening()?;
        let key = keys.named(&self.key_id, "the authorization that was under way")?;
        open_json(key, &place(app_id, digest), FIELD, 0, &self.sealed)
            .map_err(|error| unreadable("does not open").source(error))
    }
}

/// The field that is sealed.
pub(crate) const FIELD: &str = "authorization";

/// What is sealed belongs to one state: a row that is given another one does not open.
pub(crate) fn place(app_id: &str, digest: &[u8]) -> ConnectionKey {
    ConnectionKey { app_id: app_id.to_owned(), name: URL_SAFE_NO_PAD.encode(digest) }
}

fn unreadable(what: &str) -> ConnectorError {
    let message = format!("the authorization that was under way {what}");
    ConnectorError::misconfigured(ErrorCode::Unauthorized, message)
        .hint("start again, with the same vault key")
}

/// What is kept of a state: who reads the database cannot finish what somebody else began.
pub(crate) fn digest(state: &Secret) -> Vec<u8> {
    Sha256::digest(state.expose()).to_vec()
}

/// An instant whose text sorts as the instant does.
pub(crate) fn sortable(instant: Timestamp) -> String {
    format!("{instant:.6}")
}
