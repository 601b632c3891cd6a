//! The vault's key: 32 bytes, as text or in a file.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, general_purpose::NO_PAD};
use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;

/// The key of a vault. Masked in `Debug`, wiped when dropped.
///
/// ```
/// use connector_core::Secret;
/// use connector_store::VaultKey;
///
/// let key = VaultKey::parse(&Secret::new("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="))?;
/// assert_eq!(key.id().len(), 8);
/// # Ok::<(), connector_core::ConnectorError>(())
/// ```
#[derive(Clone)]
pub struct VaultKey(Arc<Zeroizing<[u8; KEY_BYTES]>>);

impl VaultKey {
    /// The key from its text: 32 bytes in base64 or in hexadecimal digits.
    pub fn parse(text: &Secret) -> Result<Self> {
        let text = text.expose().trim();
        let decoded = Zeroizing::new(decode_hex(text).or_else(|| decode_base64(text)).unwrap_or_default());
        if decoded.len() != KEY_BYTES {
            return Err(ConnectorError::misconfigured(
                ErrorCode::InvalidValue,
                "the vault key is not 32 bytes in base64 or hexadecimal digits",
            )
            .hint("make one with: openssl rand -base64 32"));
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        bytes.copy_from_slice(&decoded);
        Ok(Self(Arc::new(bytes)))
    }

    /// The key in a file that nobody but its owner may read.
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::from_file_if_any(path)?.ok_or_else(|| {
            let message = format!("there is no vault key file {}", path.display());
            ConnectorError::misconfigured(ErrorCode::NotFound, message)
        })
    }

    /// The key beside an SQLite database, in `<database>.key`; made at first use.
    pub fn for_sqlite(database: &Path) -> Result<Self> {
        let path = key_file(database);
        if let Some(key) = Self::from_file_if_any(&path)? {
            return Ok(key);
        }
        create_key_file(&path)?;
        Self::from_file(&path)
    }

    /// Names the key without telling it: the first 8 hexadecimal digits of its SHA-256.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(self.bytes());
        let start = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        format!("{start:08x}")
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    pub(super) fn from_file_if_any(path: &Path) -> Result<Option<Self>> {
        match fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => {
                refuse_if_shared(path)?;
                Self::parse(&Secret::new(text.as_str()))
                    .map(Some)
                    .map_err(|error| error.context(path.display().to_string()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(path, &error)),
        }
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKey({})", self.id())
    }
}

/// Where the key of an SQLite database lies.
pub(super) fn key_file(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    path.into()
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * KEY_BYTES || !text.is_ascii() {
        return None;
    }
    (0..KEY_BYTES).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engines = [
        GeneralPurpose::new(&base64::alphabet::STANDARD, lenient),
        GeneralPurpose::new(
            &base64::alphabet::URL_SAFE,
            NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent),
        ),
    ];
    engines.iter().find_map(|engine| engine.decode(text).ok())
}

fn unusable(path: &Path, error: &std::io::Error) -> ConnectorError {
    let message = format!("the vault key file {} cannot be used: {error}", path.display());
    ConnectorError::misconfigured(ErrorCode::PermissionDenied, message)
        .hint("or give the key in CONNECTOR_VAULT_KEY")
}

/// Makes the file whole or not at all, and leaves one that another process made meanwhile as it is.
fn create_key_file(path: &Path) -> Result<()> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    let mut suffix = [0; 8];
    getrandom::fill(&mut *bytes).and_then(|()| getrandom::fill(&mut suffix)).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "the operating system gives no random bytes")
            .source(error)
    })?;
    let text = Zeroizing::new(STANDARD.encode(*bytes) + "\n");
    let draft = path.with_extension(format!("key.{:x}", u64::from_le_bytes(suffix)));
    let outcome = write_private(&draft, text.as_bytes()).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match outcome {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unusable(path, &error)),
        Ok(()) => removed.map_err(|error| unusable(&draft, &error)),
    }
}

pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn refuse_if_shared(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path).map_err(|error| unusable(path, &error))?.permissions().mode();
    let of_others = mode & 0o077;
    if of_others == 0 {
        return Ok(());
    }
    let message = format!("the vault key file {} can be read by others", path.display());
    Err(ConnectorError::misconfigured(ErrorCode::PermissionDenied, message)
        .hint(format!("chmod 600 {}", path.display())))
}

#[cfg(not(unix))]
fn refuse_if_shared(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_base64_and_in_hexadecimal() {
        let hex = VaultKey::parse(&Secret::new("ab".repeat(32))).unwrap();
        for text in
            ["q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", " q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s\n"]
        {
            assert_eq!(VaultKey::parse(&Secret::new(text)).unwrap().bytes(), hex.bytes());
        }
        for text in ["", "abc", &"ab".repeat(31), "not base64 at all!"] {
            let error = VaultKey::parse(&Secret::new(text)).unwrap_err();
            assert_eq!(error.exit_code(), 78);
            assert!(text.is_empty() || !format!("{error:?}").contains(text));
        }
    }

    #[test]
    fn all_who_start_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("store.db");
        let ids: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| VaultKey::for_sqlite(&database).unwrap().id())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("store.db");
        VaultKey::for_sqlite(&database).unwrap();
        let file = key_file(&database);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(VaultKey::for_sqlite(&database).unwrap_err().exit_code(), 78);
    }
}
