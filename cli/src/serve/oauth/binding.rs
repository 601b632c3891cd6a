//! What binds an authorization to the browser that began it: a cookie, sent back with the callback.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use crate::serve::Server;

/// As long as there is to agree.
const SECONDS: u32 = 600;

/// The secret of a browser that begins authorizations.
pub(crate) struct Binding {
    value: String,
    is_secure: bool,
}

impl Binding {
    /// The browser's own, if it has one: several authorizations may be under way in it. Else a new one.
    pub(crate) fn of_browser(server: &Server, headers: &HeaderMap) -> Self {
        Self::sent(server, headers).unwrap_or_else(|| Self {
            value: format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
            is_secure: is_secure(server),
        })
    }

    /// The browser's own.
    pub(crate) fn sent(server: &Server, headers: &HeaderMap) -> Option<Self> {
        let is_secure = is_secure(server);
        let value = sent_value(headers, cookie_name(is_secure))?;
        Some(Self { value, is_secure })
    }

    /// The secret.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// Asks the browser to keep it. It is sent along when the app's page leads back, and no script can read it.
    pub(crate) fn cookie(&self) -> Option<HeaderValue> {
        let (name, value) = (cookie_name(self.is_secure), &self.value);
        let secure = if self.is_secure { "; Secure" } else { "" };
        let cookie = format!("{name}={value}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&cookie).ok()
    }
}

/// Browsers take a name with this beginning from the server itself alone, and from no neighbour under its domain.
fn cookie_name(is_secure: bool) -> &'static str {
    if is_secure { "__Host-connector_login" } else { "connector_login" }
}

fn is_secure(server: &Server) -> bool {
    server.public_url.scheme() == "https"
}

fn sent_value(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    values
        .find(|value| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_keeps_its_secret_and_nobody_elses_is_taken() {
        let binding = Binding { value: "ab".repeat(32), is_secure: true };
        let cookie = binding.cookie().unwrap();
        let cookie = cookie.to_str().unwrap();
        for part in ["__Host-connector_login=", "; Path=/;", "HttpOnly", "SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        let sent = |header: &str| {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(header).unwrap())]);
            sent_value(&headers, cookie_name(true))
        };
        let pair = cookie.split(';').next().unwrap();
        assert_eq!(sent(&format!("a=b; {pair}; c=d")), Some("ab".repeat(32)));
        for other in
            ["a=b", "__Host-connector_login=", "__Host-connector_login=short", &pair.replace("ab", "xy")]
        {
            assert_eq!(sent(other), None, "{other}");
        }
    }
}
