//! A callback: what an app sent somebody back with, and the checks before anything is done with it.

use subtle::ConstantTimeEq;
use url::form_urlencoded;

use super::digest;
use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::oauth::callback::{self, Expected};
use crate::oauth::{PendingAuthorization, TokenFailure};

/// Far more than any app sends.
const LONGEST_QUERY: usize = 16 * 1024;

/// The query of a callback. Nothing of it is to be believed but the state.
pub(super) struct Callback {
    pub(super) state: Secret,
    query: String,
}

impl Callback {
    pub(super) fn read(query: &str) -> Result<Self> {
        if query.len() > LONGEST_QUERY {
            return Err(refused("oauth.callback_malformed", "the callback is longer than any app's"));
        }
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut states: Vec<String> =
            pairs.filter(|(name, _)| name == "state").map(|(_, value)| value.into_owned()).collect();
        let state = match (states.pop(), states.is_empty()) {
            (Some(state), true) if !state.is_empty() => Secret::new(state),
            (Some(_), false) => {
                return Err(refused("oauth.callback_malformed", "the callback has more than one state"));
            }
            _ => return Err(refused("oauth.callback_malformed", "the callback has no state")),
        };
        Ok(Self { state, query: query.to_owned() })
    }

    /// The connector that the state is for.
    pub(super) fn app_id(&self) -> Option<&str> {
        self.state.expose().rsplit_once('.').map(|(app_id, _)| app_id)
    }

    /// The code, once everything else is as it must be.
    pub(super) fn check(&self, pending: &PendingAuthorization, binding: Option<&str>) -> Result<Secret> {
        check_binding(pending, binding)?;
        // Only the query came from outside; the state was found by what it is.
        let address = format!("http://localhost/?{}", self.query);
        let expected = Expected {
            issuer: pending.expected_issuer.as_deref(),
            promises_issuer: pending.requires_issuer,
            ..Expected::default()
        };
        callback::read(&address, expected).map(|returned| returned.code).map_err(advise)
    }
}

/// A link that somebody else began would connect their account here, or ours there.
fn check_binding(pending: &PendingAuthorization, binding: Option<&str>) -> Result<()> {
    let Some(expected) = &pending.session_binding else { return Ok(()) };
    if binding.is_some_and(|binding| digest(binding).as_bytes().ct_eq(expected.as_bytes()).into()) {
        return Ok(());
    }
    Err(refused("oauth.other_session", "the login was begun in another browser")
        .hint("begin and finish in the same browser, with cookies allowed"))
}

/// What to do about what an app says instead of a code.
fn advise(error: ConnectorError) -> ConnectorError {
    let hint = match (error.code(), error.app_code()) {
        (ErrorCode::ServiceError, _) => "the app has trouble of its own; start again later",
        (_, Some("oauth.invalid_scope" | "oauth.authorization_refused")) => {
            "the app does not grant this to this client; look at its registration there"
        }
        (_, None) => return error.app_error_code("oauth.callback_malformed"),
        _ => return error,
    };
    error.hint(hint)
}

/// What a refused exchange means to the person who waits.
pub(super) fn explain_exchange(error: ConnectorError) -> ConnectorError {
    let rejected = "a code works once, for a few minutes, and for the client that asked for it; start again";
    match (error.code(), TokenFailure::of(&error)) {
        (_, TokenFailure::Permanent) => error.app_error_code("oauth.code_rejected").hint(rejected),
        (ErrorCode::Unauthorized, _) => error.app_error_code("oauth.provider_rejected_client").hint(
            "the app does not know this client_id with this client_secret; correct them and start again",
        ),
        (_, TokenFailure::Configuration) => {
            error.hint("the app refused the request for tokens; compare the settings with its registration")
        }
        (_, TokenFailure::Transient | TokenFailure::LostAnswer) => {
            error.hint("nothing was kept; start again")
        }
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
