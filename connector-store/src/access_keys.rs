//! Keys to the HTTP server: made once, kept as a digest, found again by their id.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::status::instant;
use crate::store::Backend;

/// What a key begins with, so that scanners for secrets find one that got lost.
const PREFIX: &str = "bk_";

/// Characters of an id, and of a secret: 32 bytes in base64url.
const ID_LENGTH: usize = 8;
const SECRET_LENGTH: usize = 43;

/// Letters and digits that nobody mistakes for each other.
const ID_LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// What a new key is to allow.
#[derive(Debug, Clone, Default)]
pub struct NewAccessKey {
    /// What people call it.
    pub label: String,
    /// Names of scopes.
    pub scopes: Vec<String>,
    /// Patterns of the apps that it is for, with `*` for any text.
    pub apps: Vec<String>,
    /// Patterns of the connectors that it is for.
    pub connectors: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A key as it is kept. Nothing in it opens anything.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct AccessKey {
    /// Its public part.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Names of scopes.
    pub scopes: Vec<String>,
    /// Patterns of the apps that it is for.
    pub apps: Vec<String>,
    /// Patterns of the connectors that it is for.
    pub connectors: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to a minute or so.
    pub last_used_at: Option<Timestamp>,
    #[serde(skip)]
    pub(crate) digest: Vec<u8>,
}

impl AccessKey {
    /// Whether this is its secret. Takes the same time for every wrong one.
    pub fn is_opened_by(&self, secret: &str) -> bool {
        self.digest.ct_eq(&Sha256::digest(secret)).into()
    }

    /// Whether it can be used at an instant: neither ended nor taken back.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).field("label", &self.label).finish_non_exhaustive()
    }
}

/// The id and the secret in the text of a key; `None` when it cannot be one.
pub fn parts_of_access_key(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(PREFIX)?;
    let (id, secret) = (rest.get(..ID_LENGTH)?, rest.get(ID_LENGTH..)?.strip_prefix('_')?);
    let is_id = id.bytes().all(|byte| ID_LETTERS.contains(&byte));
    let is_secret = secret.len() == SECRET_LENGTH
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    (is_id && is_secret).then_some((id, secret))
}

/// The keys of a store.
#[derive(Clone)]
pub struct AccessKeys {
    pub(crate) backend: Backend,
}

impl AccessKeys {
    /// Makes a key. Its text is in the answer and nowhere else.
    pub async fn create(&self, new: NewAccessKey) -> Result<(AccessKey, Secret)> {
        let (id, secret) = (random_id()?, random_secret()?);
        let NewAccessKey { label, scopes, apps, connectors, expires_at } = new;
        let key = AccessKey {
            digest: Sha256::digest(&*secret).to_vec(),
            label,
            scopes,
            apps,
            connectors,
            created_at: Timestamp::now(),
            expires_at,
            revoked_at: None,
            last_used_at: None,
            id,
        };
        match &self.backend {
            Backend::Postgres(database) => database.insert_access_key(&key).await?,
            Backend::Sqlite(database) => database.insert_access_key(&key).await?,
        }
        let text = Secret::new(format!("{PREFIX}{}_{}", key.id, *secret));
        Ok((key, text))
    }

    /// All keys, oldest first, those that are not valid any more among them. A store that does not exist yet has none.
    pub async fn list(&self) -> Result<Vec<AccessKey>> {
        let rows = match &self.backend {
            Backend::Postgres(database) => database.access_keys(None).await?,
            Backend::Sqlite(database) => database.access_keys(None).await?,
        };
        rows.into_iter().map(key).collect()
    }

    /// The key with this id.
    pub async fn find(&self, id: &str) -> Result<Option<AccessKey>> {
        let rows = match &self.backend {
            Backend::Postgres(database) => database.access_keys(Some(id)).await?,
            Backend::Sqlite(database) => database.access_keys(Some(id)).await?,
        };
        rows.into_iter().next().map(key).transpose()
    }

    /// Takes a key back, for good; `false` when there is none. One that was taken back stays so since then.
    pub async fn revoke(&self, id: &str) -> Result<bool> {
        match &self.backend {
            Backend::Postgres(database) => database.revoke_access_key(id).await,
            Backend::Sqlite(database) => database.revoke_access_key(id).await,
        }
    }

    /// Notes that a key is in use.
    pub async fn touch(&self, id: &str) -> Result<()> {
        match &self.backend {
            Backend::Postgres(database) => database.touch_access_key(id).await,
            Backend::Sqlite(database) => database.touch_access_key(id).await,
        }
    }
}

/// A row with a key: id, digest, label, scopes, apps, connectors, when it was made, when it ends, was taken back, was
/// last used.
pub(crate) type KeyRow =
    (String, Vec<u8>, String, String, String, String, String, Option<String>, Option<String>, Option<String>);

fn key(row: KeyRow) -> Result<AccessKey> {
    let (id, digest, label, scopes, apps, connectors, created_at, expires_at, revoked_at, last_used_at) = row;
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    let instant_or_none = |text: Option<String>| text.map(|text| instant(&text)).transpose();
    Ok(AccessKey {
        id,
        digest,
        label,
        scopes: words(scopes),
        apps: words(apps),
        connectors: words(connectors),
        created_at: instant(&created_at)?,
        expires_at: instant_or_none(expires_at)?,
        revoked_at: instant_or_none(revoked_at)?,
        last_used_at: instant_or_none(last_used_at)?,
    })
}

fn random_id() -> Result<String> {
    let mut bytes = [0; ID_LENGTH];
    fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(ID_LETTERS[usize::from(byte % 32)])).collect())
}

fn random_secret() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    fill(&mut *bytes)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the system gives no random bytes").source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_key_is_taken_for_one() {
        let (id, secret) = (random_id().unwrap(), random_secret().unwrap());
        let text = format!("bk_{id}_{}", *secret);
        assert_eq!(text.len(), 55);
        assert_eq!(parts_of_access_key(&text), Some((id.as_str(), secret.as_str())));
        let other =
            ["", "bk_", "bk_abcdefgh_", "xx_abcdefgh_", &text[..54], &format!("{text}A"), "bk_äbcdefg_é"];
        for wrong in other {
            assert_eq!(parts_of_access_key(wrong), None, "{wrong}");
        }
        assert_eq!(parts_of_access_key(&text.replace("bk_", "bk-")), None);
    }
}
