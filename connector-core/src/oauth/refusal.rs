//! What an authorization server refuses, and what for, in our codes.
//!
//! Beside the shape of RFC 6749, section 5.2, there are those of league/oauth2-server behind an API's envelope (a list
//! `errors`, after JSON:API), of Microsoft (more words around the standard ones) and of Slack (`ok: false`).

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::{ConnectorError, ErrorCode};
use crate::http::{HttpResponse, redact};

/// Longest part of a body that is shown when we do not understand it, in characters.
const LONGEST_EXCERPT: usize = 200;

/// Shortest text of a request that is masked when the server repeats it: shorter ones are words.
const SHORTEST_SECRET: usize = 6;

/// Longest wait that a server is granted: by then it may have changed its mind.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Why a server refused.
struct Reason {
    /// The standard's name for it, else the server's own.
    name: String,
    /// In the server's words.
    text: String,
}

/// The refusal that an answer is, if it is one. `sent` are secrets of the request that the server may repeat.
pub(super) fn of(
    response: &HttpResponse,
    members: Option<&Map<String, Value>>,
    sent: &[&str],
) -> Option<ConnectorError> {
    let reason = members.and_then(reason);
    let is_success = (200..300).contains(&response.status);
    let error = match reason {
        None if is_success => return None,
        Some(reason) => explain(&reason, response.status, sent),
        None => unknown(response, sent),
    };
    let error = if is_success { error } else { error.status(response.status) };
    Some(match response.retry_after() {
        Some(wait) => error.retry_after(wait.min(LONGEST_WAIT)),
        None => error,
    })
}

fn explain(reason: &Reason, status: u16, sent: &[&str]) -> ConnectorError {
    let Meaning { name, code, is_setting } = meaning(&reason.name, status);
    let shown = ConnectorError::upstream(code, &masked(&reason.text, sent));
    let error = if is_setting { ConnectorError::misconfigured(code, shown.message()) } else { shown };
    error.app_error_code(format!("oauth.{name}"))
}

/// A refusal in no form that we know: a proxy's page, most often.
fn unknown(response: &HttpResponse, sent: &[&str]) -> ConnectorError {
    let status = response.status;
    let (code, name) = match of_status(status) {
        Some((code, name)) => (code, name),
        None => (ErrorCode::InvalidResponse, "invalid_response"),
    };
    let text = masked(&String::from_utf8_lossy(&response.body), sent);
    let text: String = text.chars().filter(|c| is_printable(*c)).take(LONGEST_EXCERPT).collect();
    let message = format!("the authorization server answered with HTTP status {status}");
    let message = if text.trim().is_empty() { message } else { format!("{message}: {}", text.trim()) };
    ConnectorError::new(code, message).app_error_code(format!("oauth.{name}"))
}

fn is_printable(c: char) -> bool {
    !c.is_control() && c != char::REPLACEMENT_CHARACTER
}

/// The text without secrets, those that only we know to be some among them.
fn masked(text: &str, sent: &[&str]) -> String {
    let known = sent.iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
    let text = known.fold(text.to_owned(), |text, secret| text.replace(secret, "********"));
    redact(&text).into_owned()
}

/// What a server's word comes down to.
struct Meaning {
    name: String,
    code: ErrorCode,
    /// Whether a setting of the operator is to blame.
    is_setting: bool,
}

fn meaning(name: &str, status: u16) -> Meaning {
    let name = standard_name(name);
    let told = |code, is_setting| Meaning { name: name.to_owned(), code, is_setting };
    // A server in trouble says many things; only when it works are its words about the grant to be believed.
    if let Some((code, of_status)) = of_status(status) {
        let is_trouble =
            ["slow_down", "rate_limit", "server_error", "temporarily_unavailable"].contains(&name);
        let name = if is_trouble { name } else { of_status };
        return Meaning { name: name.to_owned(), code, is_setting: false };
    }
    match name {
        "invalid_grant"
        | "interaction_required"
        | "consent_required"
        | "login_required"
        | "expired_token" => told(ErrorCode::CredsRevoked, false),
        "invalid_client" => told(ErrorCode::Unauthorized, true),
        "unauthorized_client" | "unsupported_grant_type" => told(ErrorCode::BadRequest, true),
        "invalid_scope" | "access_denied" => told(ErrorCode::PermissionDenied, false),
        "slow_down" | "rate_limit" => told(ErrorCode::RateLimit, false),
        "server_error" | "temporarily_unavailable" => told(ErrorCode::ServiceError, false),
        "unsupported_token_type" => told(ErrorCode::UnsupportedOperation, false),
        _ if status == 401 => told(ErrorCode::Unauthorized, false),
        _ => told(ErrorCode::BadRequest, false),
    }
}

/// What a status says that counts more than any word.
fn of_status(status: u16) -> Option<(ErrorCode, &'static str)> {
    match status {
        408 => Some((ErrorCode::RequestTimeout, "request_timeout")),
        429 => Some((ErrorCode::RateLimit, "rate_limit")),
        500.. => Some((ErrorCode::ServiceError, "server_error")),
        _ => None,
    }
}

/// The standard's name where a server has one of its own for the same (GitHub, Slack).
fn standard_name(name: &str) -> &str {
    match name {
        "bad_refresh_token"
        | "bad_verification_code"
        | "incorrect_device_code"
        | "invalid_refresh_token"
        | "invalid_code"
        | "code_already_used"
        | "token_revoked" => "invalid_grant",
        "incorrect_client_credentials" | "bad_client_secret" | "invalid_client_id" => "invalid_client",
        "redirect_uri_mismatch" | "bad_redirect_uri" => "invalid_request",
        "device_flow_disabled" => "unauthorized_client",
        "ratelimited" => "rate_limit",
        "internal_error" | "fatal_error" => "server_error",
        // It becomes a code for programs; anything else would be text.
        name if is_word(name) => name,
        _ => "refused",
    }
}

fn is_word(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=40).contains(&name.len()) && name.bytes().all(is_letter)
}

/// What a body gives as the reason; `None` when it is about no error.
fn reason(members: &Map<String, Value>) -> Option<Reason> {
    let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(name) = text("error") {
        let told = text("error_description").or_else(|| text("message")).unwrap_or(name);
        let more = [text("hint").map(str::to_owned), microsoft(members)];
        return Some(Reason { name: name.to_owned(), text: with_details(told, more) });
    }
    if let Some(errors) = members.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty())
    {
        return of_list(errors);
    }
    let is_refused = members.get("ok").is_some_and(|ok| ok == false || ok == "false");
    is_refused.then(|| Reason { name: "refused".to_owned(), text: "the server says no".to_owned() })
}

fn with_details(text: &str, details: [Option<String>; 2]) -> String {
    let details: Vec<_> = details.into_iter().flatten().collect();
    let text = text.trim().trim_end_matches('.');
    if details.is_empty() { text.to_owned() } else { format!("{text} ({})", details.join("; ")) }
}

/// What Microsoft says more: which step failed, codes of its own, and that it wants to see more proof.
fn microsoft(members: &Map<String, Value>) -> Option<String> {
    let mut words = Vec::new();
    if let Some(part) = members.get("suberror").and_then(Value::as_str).filter(|part| !part.is_empty()) {
        words.push(part.to_owned());
    }
    let codes = members.get("error_codes").and_then(Value::as_array);
    words.extend(codes.into_iter().flatten().filter_map(Value::as_i64).map(|code| code.to_string()));
    if members.contains_key("claims") {
        words.push("the server asks for further proof of the person".to_owned());
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// The shape `{"errors":[{"code","title","meta":{"type","hint"}}]}`. The first that has a name tells the reason.
fn of_list(errors: &[Value]) -> Option<Reason> {
    let mut texts = Vec::new();
    let mut name = None;
    for error in errors {
        let of_meta = |name: &str| error.get("meta").and_then(|meta| meta.get(name)).and_then(Value::as_str);
        let title = error.get("title").and_then(Value::as_str).or_else(|| error.as_str());
        let hint = of_meta("hint").filter(|hint| !hint.is_empty());
        let code = error.get("code").and_then(Value::as_i64);
        let words = format!("{} {}", title.unwrap_or_default(), hint.unwrap_or_default()).to_lowercase();
        name = name.or_else(|| list_name(code, of_meta("type"), &words));
        if let Some(title) = title.or(of_meta("type")) {
            texts.push(with_details(title, [hint.map(str::to_owned), None]));
        }
    }
    if texts.is_empty() {
        return None;
    }
    Some(Reason { name: name.unwrap_or("refused").to_owned(), text: texts.join("; ") })
}

/// The name of one error of a list. The numbers are those of league/oauth2-server, which calls a dead refresh token an
/// `invalid_request` in some versions and an `invalid_grant` in others.
fn list_name<'a>(code: Option<i64>, kind: Option<&'a str>, words: &str) -> Option<&'a str> {
    let says_dead = ["invalid", "revoked", "expired", "decrypt"].iter().any(|word| words.contains(word));
    if code == Some(8) || (says_dead && words.contains("refresh token")) {
        return Some("invalid_grant");
    }
    if says_dead && words.contains("authorization code") {
        return Some("code_rejected");
    }
    kind.or(match code? {
        2 => Some("unsupported_grant_type"),
        3 => Some("invalid_request"),
        4 => Some("invalid_client"),
        5 => Some("invalid_scope"),
        6 | 10 => Some("invalid_grant"),
        7 => Some("server_error"),
        9 => Some("access_denied"),
        11 => Some("expired_token"),
        12 => Some("authorization_pending"),
        13 => Some("slow_down"),
        14 => Some("unauthorized_client"),
        _ => None,
    })
}
