//! An OAuth provider of the kit's own: hands out tokens for a code and its verifier, or does what providers should not.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http::{self, Reply, Server};

pub(crate) const CLIENT_ID: &str = "the-kits-client";
pub(crate) const CLIENT_SECRET: &str = "client-secret-7f31ab02c9";
pub(crate) const CODE: &str = "code-4d1e88b2a7";
pub(crate) const ACCESS_TOKEN: &str = "access-token-b09c55d1e3";
pub(crate) const REFRESH_TOKEN: &str = "refresh-token-61ca7fe204";
pub(crate) const NEW_REFRESH_TOKEN: &str = "refresh-token-new-93b1d0c5aa";
pub(crate) const LIFETIME: i64 = 3600;

/// What it does with a request for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Hands out tokens, and a new refresh token each time.
    Rotating,
    /// Hands out access tokens alone.
    Keeping,
    /// The same after a while.
    Slow,
    /// Says `invalid_grant`.
    Revoked,
    /// Answers with a page for people.
    Html,
    /// Is out of order.
    Down,
}

/// The provider, until it is dropped.
#[derive(Debug)]
pub(crate) struct Provider {
    server: Server,
    posts: Arc<Mutex<Vec<Fields>>>,
}

/// The fields of a request for tokens; credentials of the header are among them.
pub(crate) type Fields = BTreeMap<String, String>;

impl Provider {
    pub(crate) async fn start(manner: Manner) -> io::Result<Self> {
        let posts: Arc<Mutex<Vec<Fields>>> = Arc::default();
        let kept = Arc::clone(&posts);
        let server = Server::start(Arc::new(move |request| {
            let kept = Arc::clone(&kept);
            Box::pin(async move { answer(manner, &kept, &request).await })
        }))
        .await?;
        Ok(Self { server, posts })
    }

    pub(crate) fn origin(&self) -> String {
        self.server.origin()
    }

    /// The requests for tokens.
    pub(crate) fn posts(&self) -> Vec<Fields> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The challenge of a verifier, by RFC 7636.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

async fn answer(manner: Manner, posts: &Mutex<Vec<Fields>>, request: &Request<Bytes>) -> Reply {
    if request.method() != Method::POST {
        return http::json(404, &json!({"error": "not_found"}));
    }
    posts.lock().unwrap_or_else(PoisonError::into_inner).push(fields(request));
    match manner {
        Manner::Rotating => http::json(200, &tokens(Some(NEW_REFRESH_TOKEN))),
        Manner::Keeping => http::json(200, &tokens(None)),
        Manner::Slow => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            http::json(200, &tokens(Some(NEW_REFRESH_TOKEN)))
        }
        Manner::Revoked => http::json(
            400,
            &json!({"error": "invalid_grant", "error_description": "The token has been revoked"}),
        ),
        Manner::Html => http::text(200, "text/html", "<!doctype html><title>Sign in</title>"),
        Manner::Down => http::text(503, "text/html", "<!doctype html><title>Maintenance</title>"),
    }
}

fn tokens(refresh_token: Option<&str>) -> Value {
    let mut tokens = json!({
        "access_token": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": LIFETIME,
        "scope": "read",
    });
    if let Some(refresh_token) = refresh_token {
        tokens["refresh_token"] = refresh_token.into();
    }
    tokens
}

fn fields(request: &Request<Bytes>) -> Fields {
    let mut fields: Fields = match serde_json::from_slice(request.body()) {
        Ok(fields) => fields,
        Err(_) => url::form_urlencoded::parse(request.body()).into_owned().collect(),
    };
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let pair = header
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|pair| String::from_utf8(pair).ok());
    if let Some((id, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
        fields.entry("client_id".to_owned()).or_insert_with(|| id.to_owned());
        fields.entry("client_secret".to_owned()).or_insert_with(|| secret.to_owned());
    }
    fields
}
