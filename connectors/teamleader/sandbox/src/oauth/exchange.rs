//! `POST /oauth2/access_token`: a code or a refresh token for a new pair.

use std::collections::HashMap;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::tokens::{Code, CodeError};
use super::{TokenPair, error, form, invalid_client, invalid_request};
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;
use crate::switches::RefreshError;

pub(crate) fn exchange(state: &mut State, request: &Request) -> Reply {
    if request.method != Method::POST {
        return Reply::error(405, "Method not allowed");
    }
    let fields = form::fields(request);
    let result = client(state, &fields).and_then(|()| match required(&fields, "grant_type")? {
        "authorization_code" => by_code(state, &fields),
        "refresh_token" => by_refresh(state, &fields),
        _ => Err(error(
            400,
            2,
            "The authorization grant type is not supported by the authorization server.",
            "unsupported_grant_type",
            Some("Check that all required parameters have been provided"),
        )),
    });
    match result {
        Ok(pair) => success(&pair),
        Err(refusal) => refusal,
    }
}

fn required<'f>(fields: &'f HashMap<String, String>, name: &str) -> Result<&'f str, Reply> {
    match fields.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(invalid_request(&format!("Check the `{name}` parameter"))),
    }
}

fn client(state: &State, fields: &HashMap<String, String>) -> Result<(), Reply> {
    required(fields, "grant_type")?;
    let id = required(fields, "client_id")?;
    let secret = required(fields, "client_secret")?;
    if id == state.client.id && secret == state.client.secret { Ok(()) } else { Err(invalid_client()) }
}

fn by_code(state: &mut State, fields: &HashMap<String, String>) -> Result<TokenPair, Reply> {
    let code = required(fields, "code")?;
    let redirect_uri = required(fields, "redirect_uri")?;
    let now = state.clock.now();
    match state.grants.code(code, now) {
        Err(CodeError::Unknown) => return Err(invalid_request("Cannot decrypt the authorization code")),
        Err(CodeError::Expired) => return Err(invalid_request("Authorization code has expired")),
        Err(CodeError::Used) => {
            if state.switches.reused_code_revokes {
                state.grants.revoke_made_from(code);
            }
            return Err(invalid_request("Authorization code has been revoked"));
        }
        Ok(known) if known.redirect_uri != redirect_uri => {
            return Err(invalid_request("Invalid redirect URI"));
        }
        Ok(known) => verify(known, fields)?,
    }
    let pair = state.grants.redeem_code(code, state.account, now);
    pair.ok_or_else(|| invalid_request("Authorization code has been revoked"))
}

fn verify(code: &Code, fields: &HashMap<String, String>) -> Result<(), Reply> {
    let Some(challenge) = &code.challenge else {
        return Ok(());
    };
    let verifier = required(fields, "code_verifier")?;
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge {
        Ok(())
    } else {
        Err(invalid_request("Failed to verify `code_verifier`."))
    }
}

fn by_refresh(state: &mut State, fields: &HashMap<String, String>) -> Result<TokenPair, Reply> {
    let token = required(fields, "refresh_token")?;
    let kill_access = state.switches.refresh_kills_access_token;
    let pair = state.grants.rotate(token, kill_access, state.account, state.clock.now());
    pair.ok_or_else(|| dead_refresh_token(state.switches.refresh_error))
}

fn dead_refresh_token(form: RefreshError) -> Reply {
    let title = "The refresh token is invalid.";
    let hint = "Token has been revoked";
    match form {
        RefreshError::Legacy => error(400, 8, title, "invalid_request", Some(hint)),
        RefreshError::Grant => error(400, 10, title, "invalid_grant", Some(hint)),
        RefreshError::Rfc => Reply::json(
            400,
            &json!({"error": "invalid_grant", "error_description": title, "hint": hint, "message": title}),
        ),
    }
}

fn success(pair: &TokenPair) -> Reply {
    Reply::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": pair.expires_in,
            "access_token": pair.access_token,
            "refresh_token": pair.refresh_token,
        }),
    )
}
