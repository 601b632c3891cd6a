//! The OAuth server: consent, codes, and tokens that are used once and rotate.

mod authorize;
mod exchange;
mod form;
mod tokens;

pub(crate) use authorize::authorize;
pub(crate) use exchange::exchange;
pub(crate) use tokens::Grants;
pub use tokens::TokenPair;

use serde_json::json;

use crate::reply::Reply;

/// The integration as it is registered: one per sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// The error shape of the service, which is not that of RFC 6749.
fn error(status: u16, code: u8, title: &str, kind: &str, hint: Option<&str>) -> Reply {
    let mut meta = json!({ "type": kind });
    if let Some(hint) = hint {
        meta["hint"] = hint.into();
    }
    Reply::json(status, &json!({"errors": [{"code": code, "title": title, "status": status, "meta": meta}]}))
}

fn invalid_request(hint: &str) -> Reply {
    let title = "The request is missing a required parameter, includes an invalid parameter value, \
                 includes a parameter more than once, or is otherwise malformed.";
    error(400, 3, title, "invalid_request", Some(hint))
}

fn invalid_client() -> Reply {
    error(401, 4, "Client authentication failed", "invalid_client", None)
}

fn invalid_scope() -> Reply {
    error(400, 5, "The requested scope is invalid, unknown, or malformed", "invalid_scope", None)
}
