//! The key that a request brings.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use connector_core::Secret;

/// What a request says about its sender.
#[derive(Debug)]
pub(super) enum Credentials {
    None,
    Key(Secret),
    /// The same from a Basic header, which browsers send by themselves once they know it, whoever's page asks.
    Password(Secret),
    /// Something that can be no key.
    Other,
}

/// Reads the key of a request: a bearer token, or the password of a Basic header with any user name.
pub(super) fn credentials(headers: &HeaderMap) -> Credentials {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key(AUTHORIZATION) { Credentials::Other } else { Credentials::None };
    };
    let Some((scheme, text)) = value.to_str().ok().and_then(|value| value.trim().split_once(' ')) else {
        return Credentials::Other;
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return Credentials::Key(Secret::new(text.trim()));
    }
    let password = scheme.eq_ignore_ascii_case("basic").then(|| password(text.trim())).flatten();
    password.map_or(Credentials::Other, Credentials::Password)
}

fn password(encoded: &str) -> Option<Secret> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (_, password) = text.split_once(':')?;
    Some(Secret::new(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        match credentials(&headers) {
            Credentials::None => None,
            Credentials::Key(key) | Credentials::Password(key) => Some(key.expose().to_owned()),
            Credentials::Other => Some("?".to_owned()),
        }
    }

    #[test]
    fn a_key_is_a_bearer_token_or_a_password() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["Bearer k"]).unwrap(), "k");
        assert_eq!(read(&["bearer  k"]).unwrap(), "k");
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(read(&[&basic("anybody:k:l")]).unwrap(), "k:l");
        for wrong in [&["k"][..], &["Digest k"], &["Basic !"], &[&basic("k")], &["Bearer a", "Bearer b"]] {
            assert_eq!(read(wrong).unwrap(), "?", "{wrong:?}");
        }
    }
}
