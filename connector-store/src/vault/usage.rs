//! Which keys are in use by how many rows.

use std::collections::BTreeMap;

use connector_core::Result;
use serde::Serialize;

use super::rows::{SealedRows, SealedTable};
use super::{Keyring, VaultKey};

/// The keys of a vault and the rows that were sealed with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VaultStatus {
    /// Where the key to seal with comes from: a variable, or the file beside an SQLite database.
    pub source: Option<String>,
    /// Each key that is there or that rows were sealed with; the current one first.
    pub keys: Vec<KeyStatus>,
}

/// One key, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyStatus {
    /// The first 8 hexadecimal digits of its SHA-256.
    pub key_id: String,
    /// What it is used for.
    pub role: KeyRole,
    /// Connections that were sealed with it.
    pub connections: u64,
    /// Authorizations under way that were sealed with it.
    pub authorizations: u64,
    /// Secrets of our own that were sealed with it.
    pub secrets: u64,
}

/// What a key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    /// It seals, and opens.
    Current,
    /// It opens.
    Older,
    /// It is not there: what it sealed does not open.
    Missing,
}

pub(crate) async fn status(rows: &impl SealedRows, keyring: &Keyring) -> Result<VaultStatus> {
    let keys = keyring.present()?;
    let mut counts: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for key in keys.current().into_iter().chain(keys.older()) {
        counts.entry(key.id()).or_default();
    }
    for (at, table) in SealedTable::ALL.into_iter().enumerate() {
        for (key_id, count) in rows.counts(table).await? {
            counts.entry(key_id).or_default()[at] = count.unsigned_abs();
        }
    }
    let role = |key_id: &str| {
        let is = |key: &VaultKey| key.id() == key_id;
        match (keys.current().is_some_and(is), keys.older().any(is)) {
            (true, _) => KeyRole::Current,
            (false, true) => KeyRole::Older,
            (false, false) => KeyRole::Missing,
        }
    };
    let of_key = |(key_id, [connections, authorizations, secrets]): (String, [u64; 3])| KeyStatus {
        role: role(&key_id),
        key_id,
        connections,
        authorizations,
        secrets,
    };
    let mut found: Vec<KeyStatus> = counts.into_iter().map(of_key).collect();
    found.sort_by_key(|key| key.role);
    Ok(VaultStatus { source: keys.current().and_then(|_| keyring.source()), keys: found })
}
