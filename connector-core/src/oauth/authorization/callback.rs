//! A callback: what an app sent somebody back with, and the checks before anything is done with it.

use url::form_urlencoded;

use super::digest;
use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::oauth::{PendingAuthorization, TokenFailure, flow};

/// Far more than any app sends.
const LONGEST_QUERY: usize = 16 * 1024;

/// The query of a callback. Nothing of it is to be believed but the state.
pub(super) struct Callback {
    pub(super) state: Secret,
    codes: Vec<String>,
    issuers: Vec<String>,
    error: Option<String>,
    description: String,
}

impl Callback {
    pub(super) fn read(query: &str) -> Result<Self> {
        if query.len() > LONGEST_QUERY {
            return Err(refused("oauth.callback_malformed", "the callback is longer than any app's"));
        }
        let all = |name: &str| -> Vec<String> {
            form_urlencoded::parse(query.as_bytes())
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
                .collect()
        };
        let mut states = all("state");
        let state = match (states.pop(), states.is_empty()) {
            (Some(state), true) if !state.is_empty() => Secret::new(state),
            (Some(_), false) => {
                return Err(refused("oauth.callback_malformed", "the callback has more than one state"));
            }
            _ => return Err(refused("oauth.callback_malformed", "the callback has no state")),
        };
        Ok(Self {
            state,
            codes: all("code"),
            issuers: all("iss"),
            error: all("error").into_iter().next(),
            description: all("error_description").into_iter().next().unwrap_or_default(),
        })
    }

    /// The connector that the state is for.
    pub(super) fn app_id(&self) -> Option<&str> {
        self.state.expose().rsplit_once('.').map(|(app_id, _)| app_id)
    }

    /// The code, once everything else is as it must be.
    pub(super) fn check(mut self, pending: &PendingAuthorization, binding: Option<&str>) -> Result<String> {
        check_binding(pending, binding)?;
        self.check_issuer(pending)?;
        if let Some(error) = &self.error {
            return Err(told(error, &self.description));
        }
        match (self.codes.pop(), self.codes.is_empty()) {
            (Some(code), true) if !code.is_empty() => Ok(code),
            (Some(_), false) => {
                Err(refused("oauth.callback_malformed", "the callback has more than one code"))
            }
            _ => Err(refused("oauth.callback_malformed", "the callback has no code")),
        }
    }

    /// An answer of another server than the one that was asked would make us send it the code (RFC 9207).
    fn check_issuer(&self, pending: &PendingAuthorization) -> Result<()> {
        let Some(expected) = &pending.expected_issuer else { return Ok(()) };
        match self.issuers.as_slice() {
            [] if !pending.requires_issuer => Ok(()),
            [issuer] if issuer == expected => Ok(()),
            [] => Err(refused("oauth.issuer_mismatch", "the callback does not say which server it is from")),
            _ => Err(refused("oauth.issuer_mismatch", "the callback is from another server than was asked")),
        }
    }
}

/// A link that somebody else began would connect their account here, or ours there.
fn check_binding(pending: &PendingAuthorization, binding: Option<&str>) -> Result<()> {
    let Some(expected) = &pending.session_binding else { return Ok(()) };
    if binding.is_some_and(|binding| flow::same(&digest(binding), expected)) {
        return Ok(());
    }
    Err(refused("oauth.other_session", "the login was begun in another browser")
        .hint("begin and finish in the same browser, with cookies allowed"))
}

/// What an app says instead of a code, with what to do about it (RFC 6749, section 4.1.2.1).
fn told(error: &str, description: &str) -> ConnectorError {
    use ErrorCode::{BadRequest, PermissionDenied, ServiceError, Unauthorized};

    let (code, app_code, hint) = match error {
        "access_denied" => (
            PermissionDenied,
            "oauth.access_denied",
            "the person must agree to connect the account; start again when they will",
        ),
        "server_error" | "temporarily_unavailable" => {
            (ServiceError, "oauth.provider_unavailable", "the app has trouble of its own; start again later")
        }
        "unauthorized_client" | "invalid_client" => (
            Unauthorized,
            "oauth.provider_rejected_client",
            "the app does not take this client_id, or not for this; look at its registration",
        ),
        "invalid_scope" => (
            BadRequest,
            "oauth.provider_refused",
            "the app does not grant these scopes to this client; look at its registration",
        ),
        _ => (BadRequest, "oauth.provider_refused", "look at the client's registration at the app"),
    };
    let text = format!("the app sent no code but an error: {error} {description}");
    ConnectorError::upstream(code, text.trim()).app_error_code(app_code).hint(hint)
}

/// What a refused exchange means to the person who waits.
pub(super) fn explain_exchange(error: ConnectorError) -> ConnectorError {
    match (error.code(), TokenFailure::of(&error)) {
        (_, TokenFailure::Permanent) => error
            .app_error_code("oauth.code_rejected")
            .hint("a code works once, for a few minutes, and for the client that asked for it; start again"),
        (ErrorCode::Unauthorized, _) => error.app_error_code("oauth.provider_rejected_client").hint(
            "the app does not know this client_id with this client_secret; correct them and start again",
        ),
        (_, TokenFailure::Configuration) if error.hint_text().is_none() => {
            error.hint("the app refused the request for tokens; compare the settings with its registration")
        }
        (_, TokenFailure::Transient | TokenFailure::LostAnswer) if error.hint_text().is_none() => {
            error.hint("nothing was kept; start again")
        }
        _ => error,
    }
}

/// A callback that nobody waits for.
pub(super) fn unknown() -> ConnectorError {
    refused("oauth.flow_unknown", "nobody waits for this callback: it came too late, or was begun elsewhere")
        .hint("start again; there are ten minutes to agree")
}

/// A callback that came before.
pub(super) fn already_used() -> ConnectorError {
    ConnectorError::new(ErrorCode::Conflict, "this callback was taken before")
        .app_error_code("oauth.flow_already_used")
        .hint("see whether the account is connected, and start again if it is not")
}

fn refused(app_code: &'static str, message: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::BadRequest, message).app_error_code(app_code)
}
