//! What an app's own error codes mean, as a table.

use std::time::Duration;

use serde_json::Value;

use super::{ConnectorError, ErrorCode};
use crate::http::HttpResponse;

/// Longest code of an app that is passed on, in characters.
const LONGEST_CODE: usize = 64;

/// Where an app's answers say what went wrong, and what its codes mean.
///
/// ```
/// use connector_core::ErrorCode;
/// use connector_core::error::{AppErrors, ErrorRule};
///
/// // {"error": {"type": "plan_limit", "text": "Your plan has no projects"}}
/// const ERRORS: AppErrors = AppErrors::at("/error/type", "/error/text").rules(&[
///     ErrorRule::code("plan_limit", ErrorCode::PermissionDenied).hint("the account's plan does not include this"),
///     ErrorRule::code("token_revoked", ErrorCode::CredsRevoked).hint("log in again"),
///     ErrorRule::status(402, ErrorCode::PermissionDenied).hint("an invoice of the app is open"),
/// ]);
/// # let _ = ERRORS;
/// ```
///
/// Given to [`IntegrationBuilder::errors`](crate::integration::IntegrationBuilder::errors). What no rule is for means
/// what its HTTP status means; the app's code is passed on in any case, as `example.plan_limit`.
#[derive(Debug, Clone, Copy)]
pub struct AppErrors {
    code: &'static str,
    message: &'static str,
    rules: &'static [ErrorRule],
}

/// What one code or status of an app means. The first rule that fits counts.
#[derive(Debug, Clone, Copy)]
pub struct ErrorRule {
    code: Option<&'static str>,
    status: Option<u16>,
    means: ErrorCode,
    hint: Option<&'static str>,
}

impl ErrorRule {
    /// The app's code, whatever the status.
    pub const fn code(code: &'static str, means: ErrorCode) -> Self {
        Self { code: Some(code), status: None, means, hint: None }
    }

    /// The HTTP status, whatever the app's code.
    pub const fn status(status: u16, means: ErrorCode) -> Self {
        Self { code: None, status: Some(status), means, hint: None }
    }

    /// The same with this status only.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// What to do next, in one sentence.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The app's code that it is for; `None` where the status alone counts.
    pub const fn app_code(&self) -> Option<&'static str> {
        self.code
    }

    /// The HTTP status that it is for; `None` for every one.
    pub const fn http_status(&self) -> Option<u16> {
        self.status
    }

    /// What it means.
    pub const fn means(&self) -> ErrorCode {
        self.means
    }

    /// What to do next, where that is known.
    pub const fn hint_text(&self) -> Option<&'static str> {
        self.hint
    }

    fn fits(&self, status: u16, code: Option<&str>) -> bool {
        self.status.is_none_or(|own| own == status) && self.code.is_none_or(|own| Some(own) == code)
    }
}

impl AppErrors {
    /// JSON pointers to the app's code and to its words in the body of an error.
    pub const fn at(code: &'static str, message: &'static str) -> Self {
        Self { code, message, rules: &[] }
    }

    /// What the codes mean.
    #[must_use]
    pub const fn rules(mut self, rules: &'static [ErrorRule]) -> Self {
        self.rules = rules;
        self
    }

    /// What the codes mean, as declared.
    pub(crate) const fn declared(&self) -> &'static [ErrorRule] {
        self.rules
    }

    /// The error for an answer; `None` where neither the body nor a rule says more than the status.
    pub(crate) fn error_of(&self, app_id: &str, response: &HttpResponse) -> Option<ConnectorError> {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |pointer| match body.pointer(pointer) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let (code, message) = (text(self.code), text(self.message));
        let rule = self.rules.iter().find(|rule| rule.fits(response.status, code.as_deref()));
        if rule.is_none() && code.is_none() && message.is_none() {
            return None;
        }
        let means = rule.map_or_else(|| ErrorCode::from_status(response.status), |rule| rule.means);
        let mut error = ConnectorError::upstream(means, message.as_deref().unwrap_or_default());
        error = error.status(response.status);
        if let Some(code) = code.as_deref().and_then(as_code) {
            error = error.app_error_code(format!("{app_id}.{code}"));
        }
        if let Some(hint) = rule.and_then(|rule| rule.hint) {
            error = error.hint(hint);
        }
        let wait: Option<Duration> = response.retry_after();
        Some(wait.into_iter().fold(error, ConnectorError::retry_after))
    }
}

/// A code as other programs compare it. What could as well be a sentence, or a secret, is none.
fn as_code(text: &str) -> Option<String> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/".contains(c));
    (is_plain && !text.is_empty() && text.len() <= LONGEST_CODE).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERRORS: AppErrors = AppErrors::at("/error/code", "/error/text").rules(&[
        ErrorRule::code("gone", ErrorCode::CredsRevoked).with_status(401).hint("log in again"),
        ErrorRule::code("17", ErrorCode::Conflict),
        ErrorRule::status(402, ErrorCode::PermissionDenied).hint("pay"),
    ]);

    fn mapped(status: u16, body: &'static str) -> Option<ConnectorError> {
        let headers = reqwest::header::HeaderMap::new();
        ERRORS.error_of("example", &HttpResponse { status, headers, body: body.into() })
    }

    #[test]
    fn the_first_rule_that_fits_says_what_an_answer_means() {
        let error = mapped(401, r#"{"error":{"code":"gone","text":"No token"}}"#).unwrap();
        assert_eq!((error.code(), error.hint_text()), (ErrorCode::CredsRevoked, Some("log in again")));
        assert_eq!((error.message(), error.app_code()), ("No token", Some("example.gone")));
        assert_eq!(mapped(400, r#"{"error":{"code":17}}"#).unwrap().code(), ErrorCode::Conflict);
        assert_eq!(mapped(402, "<html>").unwrap().code(), ErrorCode::PermissionDenied);
    }

    #[test]
    fn what_no_rule_is_for_means_what_its_status_means() {
        let error = mapped(404, r#"{"error":{"code":"gone","text":"No thing"}}"#).unwrap();
        assert_eq!((error.code(), error.status_code()), (ErrorCode::NotFound, 404));
        assert!(mapped(500, "{}").is_none() && mapped(503, "").is_none());
    }

    #[test]
    fn words_in_the_place_of_a_code_are_not_passed_on_as_one() {
        let error = mapped(400, r#"{"error":{"code":"the key s3cret is wrong"}}"#).unwrap();
        assert_eq!(error.app_code(), None);
    }
}
