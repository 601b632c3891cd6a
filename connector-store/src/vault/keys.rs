//! The keys that a vault is given: one to seal with, and older ones that only open.

use std::path::Path;

use connector_core::{ConnectorError, ErrorCode, Result, Secret};

use super::{VaultKey, command};

const KEY: &str = "CONNECTOR_VAULT_KEY";
const KEY_FILE: &str = "CONNECTOR_VAULT_KEY_FILE";
const KEY_COMMAND: &str = "CONNECTOR_VAULT_KEY_COMMAND";
const OLD_KEYS: &str = "CONNECTOR_VAULT_OLD_KEYS";
const OLD_KEY_FILES: &str = "CONNECTOR_VAULT_OLD_KEY_FILES";

/// The key that a vault seals with, and any number of others that it opens with.
///
/// ```
/// use connector_store::VaultKeys;
///
/// let keys = VaultKeys::from_environment(|name| match name {
///     "CONNECTOR_VAULT_KEY" => Some("q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=".to_owned()),
///     "CONNECTOR_VAULT_OLD_KEYS" => Some("u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7u7s=".to_owned()),
///     _ => None,
/// })?;
/// assert_eq!(keys.older().count(), 1);
/// # Ok::<(), connector_core::ConnectorError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct VaultKeys {
    current: Option<VaultKey>,
    source: Option<&'static str>,
    older: Vec<VaultKey>,
}

impl VaultKeys {
    /// The keys that the environment names. The current one comes from `CONNECTOR_VAULT_KEY`, from the file in
    /// `CONNECTOR_VAULT_KEY_FILE` or from the command in `CONNECTOR_VAULT_KEY_COMMAND`, which is run here and may take
    /// 30 seconds. Older ones are in `CONNECTOR_VAULT_OLD_KEYS`, separated by commas or spaces, and in the files of
    /// `CONNECTOR_VAULT_OLD_KEY_FILES`, separated as the folders in `PATH` are.
    ///
    /// `get` reads a variable, from wherever the program's variables come.
    ///
    /// # Errors
    /// When a key cannot be read, or more than one source of the current key is set.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let set = |name| get(name).filter(|value| !value.trim().is_empty()).map(Secret::new);
        let sources: Vec<(&'static str, Secret)> = [KEY, KEY_FILE, KEY_COMMAND]
            .into_iter()
            .filter_map(|name| set(name).map(|value| (name, value)))
            .collect();
        let current = match sources.as_slice() {
            [] => None,
            [(name, value)] => Some((*name, read(name, value)?)),
            [(first, _), (second, _), ..] => return Err(ambiguous(first, second)),
        };
        let mut older = Vec::new();
        for text in set(OLD_KEYS).iter().flat_map(|keys| keys.expose().split([',', ' ', '\t', '\n', '\r'])) {
            if !text.is_empty() {
                older.push(VaultKey::parse(&Secret::new(text)).map_err(|error| error.context(OLD_KEYS))?);
            }
        }
        for path in set(OLD_KEY_FILES).iter().flat_map(|paths| std::env::split_paths(paths.expose())) {
            older.push(VaultKey::from_file(&path).map_err(|error| error.context(OLD_KEY_FILES))?);
        }
        let (source, current) = current.unzip();
        Ok(Self { current, source, older })
    }

    /// The same with keys that only open beside.
    pub fn with_older(mut self, older: impl IntoIterator<Item = VaultKey>) -> Self {
        self.older.extend(older);
        self
    }

    pub(super) fn with_current(self, key: VaultKey) -> Self {
        Self { current: Some(key), ..self }
    }

    /// The key to seal with.
    pub fn current(&self) -> Option<&VaultKey> {
        self.current.as_ref()
    }

    /// The keys that only open.
    pub fn older(&self) -> impl Iterator<Item = &VaultKey> {
        self.older.iter()
    }

    /// The variable that the current key comes from.
    pub fn source(&self) -> Option<&'static str> {
        self.source
    }

    /// The key with this id.
    ///
    /// # Errors
    /// When it is none of these; `what` was sealed with it.
    pub(crate) fn named(&self, key_id: &str, what: &str) -> Result<&VaultKey> {
        let found = self.current.iter().chain(&self.older).find(|key| key.id() == key_id);
        found.ok_or_else(|| self.unknown(key_id, what))
    }

    fn unknown(&self, key_id: &str, what: &str) -> ConnectorError {
        let ids: Vec<String> = self.current.iter().chain(&self.older).map(VaultKey::id).collect();
        ConnectorError::misconfigured(
            ErrorCode::Unauthorized,
            format!("{what} was sealed with the vault key {key_id}, and this is {}", ids.join(", ")),
        )
        .app_error_code("vault.decryption_failed")
        .hint(
            "set CONNECTOR_VAULT_OLD_KEYS to the key that was in use at login and run `vault rekey`, or log in again",
        )
    }
}

impl From<VaultKey> for VaultKeys {
    fn from(key: VaultKey) -> Self {
        Self { current: Some(key), ..Self::default() }
    }
}

impl From<Option<VaultKey>> for VaultKeys {
    fn from(key: Option<VaultKey>) -> Self {
        Self { current: key, ..Self::default() }
    }
}

fn read(name: &str, value: &Secret) -> Result<VaultKey> {
    match name {
        KEY_FILE => VaultKey::from_file(Path::new(value.expose().trim())),
        KEY_COMMAND => command::key(value.expose()),
        _ => VaultKey::parse(value),
    }
    .map_err(|error| error.context(name.to_owned()))
}

fn ambiguous(first: &str, second: &str) -> ConnectorError {
    ConnectorError::misconfigured(
        ErrorCode::InvalidValue,
        format!("{first} and {second} are both set: the vault has one key to seal with"),
    )
    .hint(
        "leave one of them; a key that is only to open what it sealed belongs into CONNECTOR_VAULT_OLD_KEYS",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::key::write_private;

    fn from(variables: &[(&str, &str)]) -> Result<VaultKeys> {
        VaultKeys::from_environment(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn bytes(key: Option<&VaultKey>) -> Option<[u8; 32]> {
        key.map(|key| *key.bytes())
    }

    #[test]
    fn the_environment_gives_the_key_or_its_file_or_a_command() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        write_private(&file, "cd".repeat(32).as_bytes()).unwrap();
        let key = "ab".repeat(32);
        let command = format!("printf {}", "ef".repeat(32));
        for (name, value, expected) in [
            (KEY, key.as_str(), 0xab),
            (KEY_FILE, file.to_str().unwrap(), 0xcd),
            (KEY_COMMAND, &command, 0xef),
        ] {
            let keys = from(&[(name, value), (OLD_KEYS, " ")]).unwrap();
            assert_eq!((bytes(keys.current()), keys.source()), (Some([expected; 32]), Some(name)));
            assert_eq!(keys.older().count(), 0);
        }
        let none = from(&[(KEY, " "), (KEY_FILE, "")]).unwrap();
        assert!(none.current().is_none() && none.source().is_none());
        assert!(from(&[(KEY_FILE, "/nowhere")]).is_err());
    }

    #[test]
    fn two_sources_of_the_key_are_one_too_many() {
        for names in [[KEY, KEY_FILE], [KEY, KEY_COMMAND], [KEY_FILE, KEY_COMMAND]] {
            let error = from(&names.map(|name| (name, "s3cret"))).unwrap_err();
            assert_eq!(error.exit_code(), 78);
            assert!(names.iter().all(|name| error.message().contains(name)), "{error}");
            assert!(!format!("{error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn older_keys_open_and_are_found_by_their_id() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["33", "44"].map(|digits| {
            let file = folder.path().join(digits);
            write_private(&file, digits.repeat(32).as_bytes()).unwrap();
            file
        });
        let list = format!("{}, {}", "11".repeat(32), "22".repeat(32));
        let files = std::env::join_paths(&files).unwrap();
        let variables = [(OLD_KEYS, list.as_str()), (OLD_KEY_FILES, files.to_str().unwrap())];
        let keys = from(&variables).unwrap();
        assert!(keys.current().is_none());
        let older: Vec<u8> = keys.older().map(|key| key.bytes()[0]).collect();
        assert_eq!(older, [0x11, 0x22, 0x33, 0x44]);
        let id = keys.older().nth(2).unwrap().id();
        assert_eq!(bytes(Some(keys.named(&id, "it").unwrap())), Some([0x33; 32]));

        let error = keys.named("00000000", "the connection a").unwrap_err();
        assert!(
            error.message().starts_with("the connection a was sealed with the vault key 00000000"),
            "{error}"
        );
        assert!(error.message().contains(&id));
        assert_eq!(error.app_code(), Some("vault.decryption_failed"));
    }

    #[test]
    fn a_wrong_older_key_is_told_by_its_variable_and_not_repeated() {
        for (name, value) in [(OLD_KEYS, "s3cret"), (OLD_KEY_FILES, "/nowhere")] {
            let error = from(&[(KEY, &"ab".repeat(32)), (name, value)]).unwrap_err();
            assert!(error.contexts().any(|context| context == name), "{error:?}");
            assert!(!format!("{error:?}").contains("s3cret"));
        }
    }
}
