//! Teamleader's errors to ours.

mod problem;

use connector_core::error::ErrorRule;
use connector_core::http::HttpResponse;
use connector_core::{ConnectorError, ErrorCode};

use problem::{Problem, Problems, contains};

/// The error for an answer of status 400 or higher; `None` leaves it to the status alone.
pub(crate) fn map(response: &HttpResponse) -> Option<ConnectorError> {
    let problems = Problems::read(&response.body);
    let Meaning { code, app_code, hint, misconfigured } = meaning(response, &problems)?;
    let text = problems.text();
    let error = if misconfigured {
        // `upstream` masks and cuts the text.
        let shown = ConnectorError::upstream(code, &text);
        ConnectorError::misconfigured(code, shown.message())
    } else if text.is_empty() {
        ConnectorError::new(code, format!("Teamleader answered with HTTP status {}", response.status))
    } else {
        ConnectorError::upstream(code, &text)
    };
    let mut error = error.status(response.status).app_error_code(format!("teamleader.{app_code}"));
    if let Some(hint) = hint {
        error = error.hint(hint);
    }
    if let Some(wait) = response.retry_after() {
        error = error.retry_after(wait);
    }
    Some(error)
}

/// What Teamleader's own answer to a question about a record that is not there is called.
const MISSING_RECORD: &str = "not_found";

/// Whether Teamleader itself says that there is no such record; another 404 is about the address.
pub(crate) fn is_missing_record(error: &ConnectorError) -> bool {
    error.app_code().and_then(|code| code.strip_prefix("teamleader.")) == Some(MISSING_RECORD)
}

/// What an answer comes down to.
struct Meaning {
    code: ErrorCode,
    app_code: &'static str,
    hint: Option<&'static str>,
    misconfigured: bool,
}

impl Meaning {
    const fn new(code: ErrorCode, app_code: &'static str) -> Self {
        Self { code, app_code, hint: None, misconfigured: false }
    }

    const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    const fn misconfigured(mut self) -> Self {
        self.misconfigured = true;
        self
    }

    /// The same as people read about it.
    const fn rule(self) -> ErrorRule {
        let rule = ErrorRule::code(self.app_code, self.code);
        match self.hint {
            Some(hint) => rule.hint(hint),
            None => rule,
        }
    }
}

const UNAUTHORIZED: Meaning = Meaning::new(ErrorCode::Unauthorized, "unauthorized");
const FORBIDDEN: Meaning = Meaning::new(ErrorCode::PermissionDenied, "forbidden").hint(
    "the integration lacks the scope, or the account the module, or the user the right; see the integration's scopes \
     on the Teamleader Marketplace",
);
const UNKNOWN_ADDRESS: Meaning = Meaning::new(ErrorCode::NotFound, "unknown_address")
    .hint("if every call ends like this, the setting api_url is wrong");
const NOT_FOUND: Meaning = Meaning::new(ErrorCode::NotFound, MISSING_RECORD);
const RATE_LIMIT: Meaning = Meaning::new(ErrorCode::RateLimit, "rate_limit");
const BAD_REQUEST: Meaning = Meaning::new(ErrorCode::BadRequest, "bad_request");
const INVALID_AUTHORIZATION_CODE: Meaning = Meaning::new(ErrorCode::BadRequest, "invalid_authorization_code")
    .hint("a code works once, for ten minutes, and with the redirect URI that it was made for: log in again");
const INVALID_REFRESH_TOKEN: Meaning = Meaning::new(ErrorCode::CredsRevoked, "invalid_refresh_token").hint(
    "log in again: the token was used before, or the integration was uninstalled or saved anew on the Marketplace",
);
const INVALID_CLIENT: Meaning = Meaning::new(ErrorCode::Unauthorized, "invalid_client")
    .hint("check the settings client_id and client_secret against the Teamleader Marketplace")
    .misconfigured();
const INVALID_SCOPE: Meaning = Meaning::new(ErrorCode::PermissionDenied, "invalid_scope")
    .hint("scopes are chosen on the Teamleader Marketplace and not in a request");

/// What [`map`] tells apart. An answer with another status has the name of our own code.
pub(crate) const CODES: &[ErrorRule] = &[
    BAD_REQUEST.rule(),
    UNAUTHORIZED.rule(),
    FORBIDDEN.rule(),
    NOT_FOUND.rule(),
    UNKNOWN_ADDRESS.rule(),
    RATE_LIMIT.rule(),
    INVALID_CLIENT.rule(),
    INVALID_SCOPE.rule(),
    INVALID_AUTHORIZATION_CODE.rule(),
    INVALID_REFRESH_TOKEN.rule(),
];

fn meaning(response: &HttpResponse, problems: &Problems) -> Option<Meaning> {
    if let Some(meaning) = authorization_meaning(response.status, problems) {
        return Some(meaning);
    }
    Some(match response.status {
        401 => UNAUTHORIZED,
        403 => FORBIDDEN,
        // The API names its version in every answer. One without may come from the router before it, which does not
        // know the address.
        404 if !response.headers.contains_key("x-api-version") => UNKNOWN_ADDRESS,
        404 => NOT_FOUND,
        429 => RATE_LIMIT,
        status if !problems.is_empty() => match ErrorCode::from_status(status) {
            ErrorCode::BadRequest => BAD_REQUEST,
            code => Meaning::new(code, code.metadata().name),
        },
        _ => return None,
    })
}

/// What the token endpoint means. Its server is league/oauth2-server, whose codes these are; the names are those of
/// RFC 6749, section 5.2, which it sends in `meta.type`.
fn authorization_meaning(status: u16, problems: &Problems) -> Option<Meaning> {
    if !matches!(status, 400 | 401) {
        return None;
    }
    let is = |name: &str, code: i64| {
        problems.any(|problem| match &problem.kind {
            Some(kind) => kind == name,
            None => problem.is_of_server(code),
        })
    };
    // The title of a dead grant names codes and refresh tokens alike; its hint says which it was.
    if problems.any(|problem| contains(problem.hint.as_deref(), "authorization code")) {
        return Some(INVALID_AUTHORIZATION_CODE);
    }
    // Code 8 comes with the type `invalid_request`, which by itself says too little.
    let is_dead = |problem: &Problem| {
        problem.is_of_server(8)
            || problem.mentions("invalid_grant")
            || problem.mentions("refresh token")
            || problem.mentions("has been revoked")
    };
    if problems.any(is_dead) || is("invalid_grant", 10) {
        return Some(INVALID_REFRESH_TOKEN);
    }
    if is("invalid_client", 4) {
        return Some(INVALID_CLIENT);
    }
    if is("invalid_scope", 5) {
        return Some(INVALID_SCOPE);
    }
    // Code 9 of the API: the access token is missing, expired or revoked.
    if status == 401 && is("access_denied", 9) {
        return Some(UNAUTHORIZED);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    fn answer(status: u16, body: &'static str) -> HttpResponse {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-version", "2023-09-26".parse().unwrap());
        HttpResponse { status, headers, body: Bytes::from_static(body.as_bytes()) }
    }

    fn mapped(status: u16, body: &'static str) -> (ErrorCode, String, String) {
        let error = map(&answer(status, body)).unwrap();
        assert_eq!(error.status_code(), status);
        let app_code = error.app_code().unwrap().strip_prefix("teamleader.").unwrap();
        let is_told =
            CODES.iter().any(|rule| rule.app_code() == Some(app_code) && rule.means() == error.code());
        assert!(is_told || app_code == error.code().metadata().name, "{app_code} is not in CODES");
        (error.code(), error.app_code().unwrap().to_owned(), error.message().to_owned())
    }

    fn code(status: u16, body: &'static str) -> ErrorCode {
        mapped(status, body).0
    }

    #[test]
    fn several_problems_are_all_told_with_their_fields() {
        let (code, app_code, message) = mapped(
            400,
            r#"{"errors":[{"title":"oneOf rule failed","meta":{"field":"subject"}},{"code":0,"title":"id invalid uuid","meta":{"field":"id"}},{"status":400}]}"#,
        );
        assert_eq!((code, app_code.as_str()), (ErrorCode::BadRequest, "teamleader.bad_request"));
        assert_eq!(message, "subject: oneOf rule failed; id invalid uuid");
    }

    #[test]
    fn a_missing_record_may_be_a_missing_address() {
        let body = r#"{"errors":[{"title":"Not found","status":404}]}"#;
        assert_eq!(
            mapped(404, body),
            (ErrorCode::NotFound, "teamleader.not_found".into(), "Not found".into())
        );
        assert!(is_missing_record(&map(&answer(404, body)).unwrap()));
        let mut router = answer(404, body);
        router.headers.clear();
        let error = map(&router).unwrap();
        assert_eq!(error.code(), ErrorCode::NotFound);
        assert!(!is_missing_record(&error));
        assert!(error.hint_text().unwrap().contains("api_url"));
    }

    #[test]
    fn a_refusal_says_what_may_be_missing_even_without_words() {
        for body in ["", "<html>", r#"{"errors":[{"title":"Forbidden"}]}"#] {
            let error = map(&answer(403, body)).unwrap();
            assert_eq!(error.code(), ErrorCode::PermissionDenied);
            assert!(error.hint_text().unwrap().contains("scope") && !error.message().contains("html"));
        }
    }

    #[test]
    fn a_dead_refresh_token_is_known_in_every_form() {
        for (status, body) in [
            (
                400,
                r#"{"errors":[{"code":8,"title":"The refresh token is invalid.","status":400,"meta":{"type":"invalid_request"}}]}"#,
            ),
            (
                400,
                r#"{"errors":[{"code":10,"title":"The grant is invalid.","meta":{"type":"invalid_grant"}}]}"#,
            ),
            (401, r#"{"errors":[{"code":8,"title":"No."}]}"#),
            (400, r#"{"error":"invalid_grant","error_description":"Gone"}"#),
        ] {
            assert_eq!(code(status, body), ErrorCode::CredsRevoked, "{body}");
        }
        let of_the_api = r#"{"errors":[{"code":8,"title":"name must be present","meta":{"field":"name"}}]}"#;
        assert_eq!(code(400, of_the_api), ErrorCode::BadRequest);
    }

    #[test]
    fn the_other_answers_of_the_token_endpoint_are_told_apart() {
        let client = r#"{"errors":[{"code":4,"title":"Client authentication failed","meta":{"type":"invalid_client"}}]}"#;
        let error = map(&answer(401, client)).unwrap();
        assert_eq!((error.code(), error.exit_code()), (ErrorCode::Unauthorized, 78));
        assert!(error.is_misconfigured() && error.hint_text().unwrap().contains("client_secret"));
        let used = r#"{"errors":[{"code":3,"title":"Invalid request.","meta":{"type":"invalid_request","hint":"Authorization code has been revoked"}}]}"#;
        assert_eq!(code(400, used), ErrorCode::BadRequest);
        assert_eq!(code(400, r#"{"error":"invalid_scope"}"#), ErrorCode::PermissionDenied);
        let expired = r#"{"errors":[{"code":9,"title":"Denied","meta":{"type":"access_denied","hint":"Access token could not be verified"}}]}"#;
        assert_eq!(code(401, expired), ErrorCode::Unauthorized);
    }

    #[test]
    fn what_is_not_understood_is_left_to_the_status() {
        for body in ["", "<html>", "[]", r#"{"errors":{}}"#, r#"{"errors":[7]}"#] {
            assert!(map(&answer(500, body)).is_none(), "{body}");
            assert_eq!(code(429, body), ErrorCode::RateLimit, "{body}");
        }
        assert_eq!(code(503, r#"{"errors":["Down for maintenance"]}"#), ErrorCode::ServiceError);
    }
}
