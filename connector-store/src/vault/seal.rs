//! Sealing and opening of bytes that belong to one field of one connection.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use connector_core::oauth::ConnectionKey;
use connector_core::{ConnectorError, ErrorCode, Result};
use zeroize::Zeroizing;

use super::VaultKey;

/// First byte of what is sealed: a later version may seal in another way.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Where sealed bytes belong.
pub(crate) struct Place<'a> {
    pub(crate) id: &'a ConnectionKey,
    pub(crate) field: &'static str,
    pub(crate) generation: i64,
}

impl Place<'_> {
    /// Lengths come first, so that no two places read the same.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = vec![VERSION];
        for part in [self.id.app_id.as_str(), self.id.name.as_str(), self.field] {
            data.extend_from_slice(&(part.len() as u64).to_le_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data.extend_from_slice(&self.generation.to_le_bytes());
        data
    }
}

/// Version, nonce, ciphertext, tag.
pub(crate) fn seal(key: &VaultKey, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the operating system gives no random bytes")
            .source(error)
    })?;
    let mut text = Vec::with_capacity(plain.len() + TAG_BYTES);
    text.extend_from_slice(plain);
    XChaCha20Poly1305::new(key.bytes().into())
        .encrypt_in_place(&XNonce::from(nonce), &place.associated_data(), &mut text)
        .map_err(|_| ConnectorError::new(ErrorCode::InternalError, "sealing failed"))?;
    Ok([&[VERSION], nonce.as_slice(), &text].concat())
}

pub(crate) fn open(key: &VaultKey, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let damaged = || {
        ConnectorError::misconfigured(
            ErrorCode::Unauthorized,
            format!(
                "the {} of the connection {} were tampered with: they do not open",
                place.field, place.id.name
            ),
        )
        .hint("log in again")
    };
    let (version, rest) = sealed.split_first().ok_or_else(damaged)?;
    if *version != VERSION {
        return Err(ConnectorError::misconfigured(
            ErrorCode::UnsupportedOperation,
            format!("the {} of the connection {} were sealed by a newer version", place.field, place.id.name),
        )
        .hint("update this program"));
    }
    let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
    let mut plain = Zeroizing::new(text.to_vec());
    XChaCha20Poly1305::new(key.bytes().into())
        .decrypt_in_place(&XNonce::from(*nonce), &place.associated_data(), &mut *plain)
        .map_err(|_| damaged())?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::Secret;

    fn id(app_id: &str, name: &str) -> ConnectionKey {
        ConnectionKey { app_id: app_id.into(), name: name.into() }
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let key = VaultKey::parse(&Secret::new("11".repeat(32))).unwrap();
        let other_key = VaultKey::parse(&Secret::new("12".repeat(32))).unwrap();
        let home = id("app", "name");
        let place = Place { id: &home, field: "tokens", generation: 7 };
        let sealed = seal(&key, &place, b"secret").unwrap();
        assert_eq!(&**open(&key, &place, &sealed).unwrap(), b"secret");
        assert_ne!(sealed, seal(&key, &place, b"secret").unwrap());

        let moved = id("appn", "ame");
        assert!(open(&key, &Place { id: &moved, ..place }, &sealed).is_err());
        assert!(open(&key, &Place { field: "settings", ..place }, &sealed).is_err());
        assert!(open(&key, &Place { generation: 8, ..place }, &sealed).is_err());
        assert!(open(&other_key, &place, &sealed).is_err());
        for byte in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[byte] ^= 1;
            assert!(open(&key, &place, &damaged).is_err());
            assert!(open(&key, &place, &sealed[..byte]).is_err());
        }
    }
}
