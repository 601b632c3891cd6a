//! The answer to an authorization request (RFC 6749, section 4.1.2), as it comes back through a browser.

use subtle::ConstantTimeEq;
use url::Url;

use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};

/// What an app sent back, after the checks that need no request.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) code: Secret,
    pub(super) state: Option<String>,
    pub(super) redirect_uri: String,
}

/// What an app should send back.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected<'a> {
    /// The state that was sent out; whoever compares it elsewhere leaves it out.
    pub(super) state: Option<&'a str>,
    /// Who must have answered, where that is known.
    pub(super) issuer: Option<&'a str>,
    /// Whether the app promised to say who answered.
    pub(super) promises_issuer: bool,
    /// The redirect URI as it was registered.
    pub(super) redirect_uri: Option<&'a str>,
}

/// Reads the address that somebody was sent back to. The checks come in this order: state, issuer, error, one code; what
/// fails an earlier one says nothing that the later ones may rely on.
///
/// # Errors
/// What the answer is refused for, or what the app reports.
pub(super) fn read(address: &str, expected: Expected<'_>) -> Result<Callback> {
    let bad = |code, message: &str| ConnectorError::new(code, message);
    let url = Url::parse(address)
        .map_err(|_| bad(ErrorCode::InvalidValue, "/request/redirect_uri_with_code is not a URL"))?;
    let all = |name: &str| -> Vec<String> {
        url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    };
    let mut states = all("state").into_iter();
    let state = states.next();
    if states.next().is_some() {
        return Err(bad(ErrorCode::BadRequest, "the callback has more than one state"));
    }
    if let Some(expected) = expected.state
        && !state.as_deref().is_some_and(|state| state.as_bytes().ct_eq(expected.as_bytes()).into())
    {
        return Err(bad(ErrorCode::BadRequest, "the state of the callback is not the one that was sent out")
            .hint("start again with get_authorization_url; the address may come from another session"));
    }
    check_issuer(&all("iss"), expected)?;
    if let Some(error) = all("error").first() {
        let description = all("error_description").into_iter().next().unwrap_or_default();
        return Err(reported(error, &description));
    }
    let mut codes = all("code");
    let code = match (codes.pop(), codes.is_empty()) {
        (Some(code), true) if !code.is_empty() => Secret::new(code),
        (Some(_), false) => return Err(bad(ErrorCode::BadRequest, "the callback has more than one code")),
        _ => return Err(bad(ErrorCode::BadRequest, "the callback has no code")),
    };
    Ok(Callback { code, state, redirect_uri: registered_uri(address, expected.redirect_uri) })
}

/// Another server's answer may carry a code that was stolen there, or hand ours to it (RFC 9207).
fn check_issuer(told: &[String], expected: Expected<'_>) -> Result<()> {
    let refuse = |message: &str| {
        Err(ConnectorError::new(ErrorCode::BadRequest, message)
            .app_error_code("oauth.issuer_mismatch")
            .hint("start again; if it happens again, the setting of the issuer is wrong"))
    };
    match (told, expected.issuer) {
        ([], _) if expected.promises_issuer => refuse("the callback does not say who answered"),
        ([issuer], Some(expected)) if issuer != expected => {
            refuse("the callback is from another authorization server")
        }
        ([_, _, ..], _) => refuse("the callback names more than one authorization server"),
        _ => Ok(()),
    }
}

/// What the app says instead of a code.
fn reported(error: &str, description: &str) -> ConnectorError {
    let (code, name) = match error {
        "access_denied" | "consent_required" | "interaction_required" | "login_required" => {
            (ErrorCode::PermissionDenied, "access_denied")
        }
        "invalid_scope" => (ErrorCode::PermissionDenied, "invalid_scope"),
        "server_error" | "temporarily_unavailable" => (ErrorCode::ServiceError, "server_error"),
        _ => (ErrorCode::BadRequest, "authorization_refused"),
    };
    let text = format!("the app sent no code but an error: {error} {description}");
    ConnectorError::upstream(code, text.trim())
        .app_error_code(format!("oauth.{name}"))
        .hint("the person must agree to connect the account")
}

/// The redirect URI as it was registered, byte for byte: that of the settings when the address leads there, else the
/// address without what apps append.
fn registered_uri(address: &str, registered: Option<&str>) -> String {
    let base = |uri: &str| uri.split(['?', '#']).next().unwrap_or_default().to_owned();
    if let Some(registered) = registered.filter(|registered| base(registered) == base(address)) {
        return registered.to_owned();
    }
    let address = address.split('#').next().unwrap_or_default();
    let Some((base, query)) = address.split_once('?') else {
        return address.to_owned();
    };
    let ours = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !matches!(name, "code" | "state" | "iss" | "scope" | "session_state")
    };
    let kept: Vec<_> = query.split('&').filter(ours).collect();
    if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> ErrorCode {
        read(address, Expected { state: Some("s1"), ..Expected::default() }).unwrap_err().code()
    }

    #[test]
    fn a_callback_is_checked_before_anything_is_sent() {
        assert_eq!(refused("http://localhost/cb?code=a&state=other"), ErrorCode::BadRequest);
        assert_eq!(refused("http://localhost/cb?code=a"), ErrorCode::BadRequest);
        assert_eq!(refused("http://localhost/cb?error=access_denied&state=s1"), ErrorCode::PermissionDenied);
        assert_eq!(refused("http://localhost/cb?code=a&code=b&state=s1"), ErrorCode::BadRequest);
        assert_eq!(refused("http://localhost/cb?code=a&state=s1&state=s2"), ErrorCode::BadRequest);
        assert_eq!(refused("http://localhost/cb?state=s1"), ErrorCode::BadRequest);
        assert_eq!(refused("nonsense"), ErrorCode::InvalidValue);
    }

    #[test]
    fn an_answer_of_another_server_is_refused() {
        let check = |iss: &str, issuer, promises_issuer| {
            let address = format!("http://localhost/cb?code=a&state=s1{iss}");
            let expected = Expected { state: Some("s1"), issuer, promises_issuer, redirect_uri: None };
            read(&address, expected).map(drop).map_err(|error| error.app_code().unwrap().to_owned())
        };
        let mismatch = Err("oauth.issuer_mismatch".to_owned());
        let issuer = Some("https://a.example");
        assert_eq!(check("&iss=https%3A%2F%2Fa.example", issuer, true), Ok(()));
        assert_eq!(check("", issuer, false), Ok(()));
        assert_eq!(check("&iss=https%3A%2F%2Fa.example", None, false), Ok(()));
        assert_eq!(check("", issuer, true), mismatch);
        assert_eq!(check("&iss=https%3A%2F%2Fb.example", issuer, false), mismatch);
        assert_eq!(check("&iss=https%3A%2F%2Fa.example%2F", issuer, false), mismatch);
        assert_eq!(check("&iss=https%3A%2F%2Fa.example&iss=x", issuer, false), mismatch);
        let error = "http://localhost/cb?error=access_denied&state=s1&iss=https%3A%2F%2Fb.example";
        let expected = Expected { state: Some("s1"), issuer, ..Expected::default() };
        assert_eq!(read(error, expected).unwrap_err().app_code(), Some("oauth.issuer_mismatch"));
    }

    #[test]
    fn the_redirect_uri_is_what_was_registered_byte_for_byte() {
        let redirect_uri = |address: &str, redirect_uri| {
            let expected = Expected { state: Some("s1"), redirect_uri, ..Expected::default() };
            read(address, expected).unwrap().redirect_uri
        };
        for (address, registered) in [
            ("http://localhost:9?code=a&state=s1", "http://localhost:9"),
            ("http://localhost:9/cb?code=a&state=s1#x", "http://localhost:9/cb"),
            ("http://localhost/cb?tenant=1&code=a&state=s1", "http://localhost/cb?tenant=1"),
        ] {
            assert_eq!(redirect_uri(address, None), registered);
            assert_eq!(redirect_uri(address, Some(registered)), registered);
        }
        let scoped = "http://localhost/cb?scope=1";
        assert_eq!(redirect_uri("http://localhost/cb?scope=1&code=a&state=s1", Some(scoped)), scoped);
    }
}
