//! Secrets that follow from the vault's key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connector_core::Secret;
use connector_core::oauth::ConnectionKey;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::VaultKey;

/// 32 bytes in base64url, for one purpose of one connection. They tell nothing about the key or about each other.
pub(super) fn derive(key: &VaultKey, purpose: &str, id: &ConnectionKey) -> Secret {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes keys of any length");
    // Lengths come first, so that no two purposes read the same.
    for part in ["connector secret", purpose, id.app_id.as_str(), id.name.as_str()] {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part.as_bytes());
    }
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(mac.finalize().into_bytes().into());
    Secret::new(URL_SAFE_NO_PAD.encode(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_stays_the_same_and_belongs_to_one_purpose_of_one_connection() {
        let key = |digit: &str| VaultKey::parse(&Secret::new(digit.repeat(64))).unwrap();
        let id = |app_id: &str, name: &str| ConnectionKey { app_id: app_id.into(), name: name.into() };
        let of = |digit, purpose, app_id, name| {
            derive(&key(digit), purpose, &id(app_id, name)).expose().to_owned()
        };
        let secret = of("1", "webhooks", "app", "name");
        assert_eq!(secret, of("1", "webhooks", "app", "name"));
        assert_eq!(secret.len(), 43);
        assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        for other in [
            of("2", "webhooks", "app", "name"),
            of("1", "other", "app", "name"),
            of("1", "webhooks", "appn", "ame"),
            of("1", "webhooks", "app", "other"),
        ] {
            assert_ne!(secret, other);
        }
    }
}
