//! Sealing and opening of bytes that belong to one place: under a key of their own, which the vault's key wraps.
//!
//! ```text
//!  2 │ nonce │ data key, sealed with the vault's key │ nonce │ content, sealed with the data key
//! ```
//!
//! Both layers authenticate the place. What version 1 sealed with the vault's key itself still opens.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use connector_core::oauth::ConnectionKey;
use connector_core::{ConnectorError, ErrorCode, Result};
use zeroize::Zeroizing;

use super::VaultKey;

/// First byte of what is sealed: a later version may seal in another way.
const VERSION: u8 = 2;
const WITHOUT_DATA_KEY: u8 = 1;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const WRAPPED_BYTES: usize = NONCE_BYTES + KEY_BYTES + TAG_BYTES;

type DataKey = Zeroizing<[u8; KEY_BYTES]>;

/// Where sealed bytes belong: they open nowhere else.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) id: &'a ConnectionKey,
    pub(crate) field: &'a str,
    /// Version of the row; 0 where rows are written once.
    pub(crate) generation: i64,
}

impl Place<'_> {
    /// Lengths come first, so that no two places read the same.
    fn associated_data(&self, version: u8) -> Vec<u8> {
        let mut data = vec![version];
        for part in [self.id.app_id.as_str(), self.id.name.as_str(), self.field] {
            data.extend_from_slice(&(part.len() as u64).to_le_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data.extend_from_slice(&self.generation.to_le_bytes());
        data
    }

    fn damaged(&self) -> ConnectorError {
        let Self { id, field, .. } = self;
        ConnectorError::misconfigured(
            ErrorCode::Unauthorized,
            format!("the {field} of the connection {} were tampered with: they do not open", id.name),
        )
        .app_error_code("vault.decryption_failed")
        .hint("log in again")
    }

    fn of_newer_version(&self) -> ConnectorError {
        let Self { id, field, .. } = self;
        ConnectorError::misconfigured(
            ErrorCode::UnsupportedOperation,
            format!("the {field} of the connection {} were sealed by a newer version", id.name),
        )
        .app_error_code("vault.decryption_failed")
        .hint("update this program")
    }
}

/// Seals bytes under a fresh key, and that key under the vault's.
pub(crate) fn seal(key: &VaultKey, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>> {
    let mut data_key = DataKey::default();
    random(&mut *data_key)?;
    let associated = place.associated_data(VERSION);
    let wrapped = encrypt(key.bytes(), &associated, &*data_key)?;
    let content = encrypt(&data_key, &associated, plain)?;
    Ok([&[VERSION], wrapped.as_slice(), &content].concat())
}

/// Opens what was sealed with this key in this place.
pub(crate) fn open(key: &VaultKey, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let (version, rest) = sealed.split_first().ok_or_else(|| place.damaged())?;
    let associated = place.associated_data(*version);
    match *version {
        WITHOUT_DATA_KEY => decrypt(key.bytes(), &associated, rest).ok_or_else(|| place.damaged()),
        VERSION => {
            let opened = unwrap(key, &associated, rest)
                .and_then(|(data_key, content)| decrypt(&data_key, &associated, content));
            opened.ok_or_else(|| place.damaged())
        }
        _ => Err(place.of_newer_version()),
    }
}

/// The same content under another vault key. The content is opened to see that it is whole, and stays as it is; only
/// where version 1 sealed it, it is sealed anew.
pub(crate) fn rewrap(from: &VaultKey, to: &VaultKey, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
    let plain = open(from, place, sealed)?;
    let [VERSION, rest @ ..] = sealed else {
        return seal(to, place, &plain);
    };
    let associated = place.associated_data(VERSION);
    let (data_key, content) = unwrap(from, &associated, rest).ok_or_else(|| place.damaged())?;
    let wrapped = encrypt(to.bytes(), &associated, &*data_key)?;
    Ok([&[VERSION], wrapped.as_slice(), content].concat())
}

/// Whether it is sealed as [`seal`] does it, and not as an earlier version did.
pub(crate) fn is_current(sealed: &[u8]) -> bool {
    sealed.first() == Some(&VERSION)
}

/// The data key, and what is behind it.
fn unwrap<'s>(key: &VaultKey, associated: &[u8], sealed: &'s [u8]) -> Option<(DataKey, &'s [u8])> {
    let (wrapped, content) = sealed.split_first_chunk::<WRAPPED_BYTES>()?;
    let opened = decrypt(key.bytes(), associated, wrapped)?;
    let mut data_key = DataKey::default();
    data_key.copy_from_slice(&opened);
    Some((data_key, content))
}

/// Nonce, ciphertext, tag.
fn encrypt(key: &[u8; KEY_BYTES], associated: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    random(&mut nonce)?;
    let mut text = Vec::with_capacity(plain.len() + TAG_BYTES);
    text.extend_from_slice(plain);
    XChaCha20Poly1305::new(key.into())
        .encrypt_in_place(&XNonce::from(nonce), associated, &mut text)
        .map_err(|_| ConnectorError::new(ErrorCode::InternalError, "sealing failed"))?;
    Ok([nonce.as_slice(), &text].concat())
}

fn decrypt(key: &[u8; KEY_BYTES], associated: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let mut plain = Zeroizing::new(text.to_vec());
    XChaCha20Poly1305::new(key.into())
        .decrypt_in_place(&XNonce::from(*nonce), associated, &mut *plain)
        .ok()?;
    Some(plain)
}

fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the operating system gives no random bytes")
            .source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::Secret;

    fn id(app_id: &str, name: &str) -> ConnectionKey {
        ConnectionKey { app_id: app_id.into(), name: name.into() }
    }

    fn key(digits: &str) -> VaultKey {
        VaultKey::parse(&Secret::new(digits.repeat(32))).unwrap()
    }

    /// Opens nowhere else, and not at all when a bit is changed or the end is missing.
    fn assert_bound(key: &VaultKey, place: &Place<'_>, sealed: &[u8]) {
        let moved = id("appn", "ame");
        assert!(open(key, &Place { id: &moved, ..*place }, sealed).is_err());
        assert!(open(key, &Place { field: "settings", ..*place }, sealed).is_err());
        assert!(open(key, &Place { generation: 8, ..*place }, sealed).is_err());
        assert!(open(&self::key("99"), place, sealed).is_err());
        for byte in 0..sealed.len() {
            for change in 1..=3 {
                let mut damaged = sealed.to_vec();
                damaged[byte] ^= change;
                assert!(open(key, place, &damaged).is_err());
            }
            assert!(open(key, place, &sealed[..byte]).is_err());
        }
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let key = key("11");
        let home = id("app", "name");
        let place = Place { id: &home, field: "tokens", generation: 7 };
        let sealed = seal(&key, &place, b"secret").unwrap();
        assert_eq!(&**open(&key, &place, &sealed).unwrap(), b"secret");
        assert_ne!(sealed, seal(&key, &place, b"secret").unwrap());
        assert_bound(&key, &place, &sealed);
    }

    #[test]
    fn each_layer_is_bound_by_itself() {
        let key = key("11");
        let (home, other) = (id("app", "name"), id("app", "other"));
        let places = [
            Place { id: &home, field: "tokens", generation: 7 },
            Place { id: &other, field: "tokens", generation: 7 },
            Place { id: &home, field: "settings", generation: 7 },
            Place { id: &home, field: "tokens", generation: 8 },
        ];
        let sealed = places.map(|place| seal(&key, &place, b"secret").unwrap());
        for (at, place) in places.iter().enumerate() {
            for (from, foreign) in sealed.iter().enumerate().filter(|(from, _)| *from != at) {
                let (ours, theirs) = (&sealed[at][1..], &foreign[1..]);
                let foreign_content = [&[VERSION], &ours[..WRAPPED_BYTES], &theirs[WRAPPED_BYTES..]].concat();
                let foreign_data_key =
                    [&[VERSION], &theirs[..WRAPPED_BYTES], &ours[WRAPPED_BYTES..]].concat();
                assert!(open(&key, place, foreign).is_err(), "{from} in {at}");
                assert!(open(&key, place, &foreign_content).is_err(), "{from} in {at}");
                assert!(open(&key, place, &foreign_data_key).is_err(), "{from} in {at}");
                let wrapped = &theirs[..WRAPPED_BYTES];
                assert!(decrypt(key.bytes(), &place.associated_data(VERSION), wrapped).is_none());
            }
        }
    }

    #[test]
    fn what_version_1_sealed_opens_and_is_sealed_anew_when_the_key_changes() {
        // Made by the program before data keys.
        let hex = "0189caafba3a56af0f0458e4bd93bd5dfcc3abcd4efccbaca2964f6a3a95db82ef9451f7af7c183ed91745c008e6227d\
                   8007c957c23963219be1333b8538fcf98345c4da";
        let old: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let (former, current) = (key("11"), key("22"));
        let home = id("app", "name");
        let place = Place { id: &home, field: "tokens", generation: 7 };
        assert!(!is_current(&old));
        assert_eq!(&**open(&former, &place, &old).unwrap(), b"sealed by the first version");
        assert_bound(&former, &place, &old);

        let new = rewrap(&former, &current, &place, &old).unwrap();
        assert!(is_current(&new));
        assert_eq!(&**open(&current, &place, &new).unwrap(), b"sealed by the first version");
        assert!(open(&former, &place, &new).is_err());
    }

    #[test]
    fn another_vault_key_wraps_the_data_key_and_leaves_the_content() {
        let (former, current) = (key("11"), key("22"));
        let home = id("app", "name");
        let place = Place { id: &home, field: "tokens", generation: 7 };
        let old = seal(&former, &place, b"secret").unwrap();
        let new = rewrap(&former, &current, &place, &old).unwrap();
        assert_eq!(old[1 + WRAPPED_BYTES..], new[1 + WRAPPED_BYTES..]);
        assert_ne!(old[..=WRAPPED_BYTES], new[..=WRAPPED_BYTES]);
        assert_eq!(&**open(&current, &place, &new).unwrap(), b"secret");
        assert!(open(&former, &place, &new).is_err());
        assert_bound(&current, &place, &new);

        assert!(rewrap(&current, &former, &place, &old).is_err(), "it was sealed with the former");
        let mut damaged = old;
        *damaged.last_mut().unwrap() ^= 1;
        assert!(rewrap(&former, &current, &place, &damaged).is_err(), "damage is not passed on");
    }

    #[test]
    fn a_later_version_is_told_apart_from_damage() {
        let home = id("app", "name");
        let place = Place { id: &home, field: "tokens", generation: 7 };
        let error = open(&key("11"), &place, &[3; 200]).unwrap_err();
        assert!(error.message().contains("newer version"), "{error}");
        assert_eq!(error.app_code(), Some("vault.decryption_failed"));
    }
}
