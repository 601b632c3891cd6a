//! The one error of the framework: a code, who must act, and what that person needs to know.

mod table;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::auth::Secret;

use crate::envelope::PageRequestEnvelope;
pub use table::{AppErrors, ErrorRule};

/// `Result` with a [`ConnectorError`].
pub type Result<T, E = ConnectorError> = std::result::Result<T, E>;

/// Longest text of an app that may appear in a message, in characters.
const LONGEST_UPSTREAM_TEXT: usize = 800;

/// What went wrong, as other programs see it. Everything else about an error follows from this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The request lacks something or is no request.
    BadRequest,
    /// A value is not of the form that is wanted.
    InvalidValue,
    /// A name or a value of a list that is not known here.
    UnknownValue,
    /// The thing that is asked for does not exist.
    NotFound,
    /// It cannot be done as things stand: somebody else is at it, or it would mix what must stay apart.
    Conflict,
    /// A page token that is damaged, or of another list.
    InvalidPageToken,
    /// Credentials or a setting that the app needs are missing.
    IntegrationMissingParameter,
    /// The app does not accept the credentials.
    Unauthorized,
    /// The credentials have ended and could not be renewed.
    AuthenticationExpired,
    /// Somebody took the access back: a new login is needed.
    CredsRevoked,
    /// The credentials are good, and do not allow this.
    PermissionDenied,
    /// The app asks to slow down.
    RateLimit,
    /// The time for waiting on the app's rate limit is used up.
    BudgetExhausted,
    /// The app, or a machine in front of it, failed.
    BadGateway,
    /// The app is away for now.
    ServiceError,
    /// The app took too long.
    RequestTimeout,
    /// No connection came about in time.
    ConnectionTimeout,
    /// Nobody takes connections there.
    ConnectionRejected,
    /// The connection broke off.
    ConnectionClosed,
    /// There is no such operation.
    UnsupportedOperation,
    /// A fault of this software.
    InternalError,
    /// The app's answer cannot be understood.
    InvalidResponse,
}

/// Who has to do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Whoever made the call.
    Caller,
    /// The app, or whoever runs it.
    Upstream,
    /// The network or the machines between.
    Infrastructure,
    /// This software.
    Connector,
}

/// The kind of trouble, for dashboards and alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The call itself is wrong.
    Client,
    /// Who asks is not accepted.
    Authentication,
    /// Who asks may not do this.
    Authorization,
    /// It passes by itself.
    Transient,
    /// This software is wrong.
    Internal,
}

/// What follows from an [`ErrorCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorMetadata {
    /// The code in `snake_case`, as in envelopes.
    pub name: &'static str,
    /// The code in `CamelCase`, as in `raised_by`.
    pub raised_by: &'static str,
    /// Who must act.
    pub fault: Fault,
    /// The kind of trouble.
    pub category: Category,
    /// Whether the same call may succeed later without anyone acting.
    pub retryable: bool,
    /// Whether the app asked to slow down.
    pub throttled: bool,
    /// Whether a new access token may help.
    pub refreshable: bool,
    /// HTTP status that stands for this code where the app sent none.
    pub status: u16,
    /// Exit code of a command that ends with this error.
    pub exit_code: u8,
}

impl ErrorCode {
    /// Everything that follows from the code. One table, so that no two places can disagree.
    pub const fn metadata(self) -> ErrorMetadata {
        use Category::{Authentication, Authorization, Client, Internal, Transient};
        use Fault::{Caller, Connector, Infrastructure, Upstream};

        const fn row(
            name: &'static str,
            raised_by: &'static str,
            fault: Fault,
            category: Category,
            status: u16,
            exit_code: u8,
        ) -> ErrorMetadata {
            let retryable = matches!(category, Transient);
            ErrorMetadata {
                name,
                raised_by,
                fault,
                category,
                retryable,
                throttled: false,
                refreshable: false,
                status,
                exit_code,
            }
        }
        const fn throttled(mut row: ErrorMetadata) -> ErrorMetadata {
            row.throttled = true;
            row
        }
        const fn refreshable(mut row: ErrorMetadata) -> ErrorMetadata {
            row.refreshable = true;
            row
        }

        match self {
            Self::BadRequest => row("bad_request", "BadRequest", Caller, Client, 400, 64),
            Self::InvalidValue => row("invalid_value", "InvalidValue", Caller, Client, 400, 64),
            Self::UnknownValue => row("unknown_value", "UnknownValue", Caller, Client, 400, 64),
            Self::NotFound => row("not_found", "NotFound", Caller, Client, 404, 69),
            Self::Conflict => row("conflict", "Conflict", Caller, Client, 409, 69),
            Self::InvalidPageToken => row("invalid_page_token", "InvalidPageToken", Caller, Client, 400, 64),
            Self::IntegrationMissingParameter => {
                row("integration_missing_parameter", "IntegrationMissingParameter", Caller, Client, 400, 64)
            }
            Self::Unauthorized => {
                refreshable(row("unauthorized", "Unauthorized", Upstream, Authentication, 401, 78))
            }
            Self::AuthenticationExpired => refreshable(row(
                "authentication_expired",
                "AuthenticationExpired",
                Upstream,
                Authentication,
                401,
                78,
            )),
            Self::CredsRevoked => row("creds_revoked", "CredsRevoked", Upstream, Authentication, 401, 78),
            Self::PermissionDenied => {
                row("permission_denied", "PermissionDenied", Upstream, Authorization, 403, 77)
            }
            Self::RateLimit => throttled(row("rate_limit", "RateLimit", Upstream, Transient, 429, 75)),
            Self::BudgetExhausted => {
                throttled(row("budget_exhausted", "BudgetExhausted", Upstream, Transient, 429, 75))
            }
            Self::BadGateway => row("bad_gateway", "BadGateway", Upstream, Transient, 502, 75),
            Self::ServiceError => row("service_error", "ServiceError", Upstream, Transient, 503, 75),
            Self::RequestTimeout => row("request_timeout", "RequestTimeout", Upstream, Transient, 408, 75),
            Self::ConnectionTimeout => {
                row("connection_timeout", "ConnectionTimeout", Infrastructure, Transient, 504, 75)
            }
            Self::ConnectionRejected => {
                row("connection_rejected", "ConnectionRejected", Infrastructure, Transient, 503, 75)
            }
            Self::ConnectionClosed => {
                row("connection_closed", "ConnectionClosed", Infrastructure, Transient, 503, 75)
            }
            Self::UnsupportedOperation => {
                row("unsupported_operation", "UnsupportedOperation", Connector, Internal, 501, 64)
            }
            Self::InternalError => row("internal_error", "InternalError", Connector, Internal, 500, 70),
            Self::InvalidResponse => row("invalid_response", "InvalidResponse", Connector, Internal, 502, 70),
        }
    }

    /// The code that an HTTP status stands for when the app says nothing better.
    pub const fn from_status(status: u16) -> Self {
        match status {
            400 | 413 | 415 | 422 => Self::BadRequest,
            401 => Self::Unauthorized,
            403 => Self::PermissionDenied,
            404 | 410 => Self::NotFound,
            405 | 406 | 501 => Self::UnsupportedOperation,
            408 => Self::RequestTimeout,
            409 | 412 => Self::Conflict,
            429 => Self::RateLimit,
            500 | 502 | 504 => Self::BadGateway,
            503 => Self::ServiceError,
            _ => Self::InvalidResponse,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metadata().name)
    }
}

/// An error that knows who must act.
///
/// ```
/// use connector_core::{ConnectorError, ErrorCode};
///
/// let error = ConnectorError::new(ErrorCode::NotFound, "no company has this id").hint("list_companies shows the ids");
/// assert_eq!(error.code(), ErrorCode::NotFound);
/// assert_eq!(error.exit_code(), 69);
/// ```
#[derive(Clone)]
pub struct ConnectorError(Box<Details>);

#[derive(Clone)]
struct Details {
    code: ErrorCode,
    message: String,
    status: Option<u16>,
    app_error_code: Option<String>,
    hint: Option<Cow<'static, str>>,
    retry_after: Option<Duration>,
    misconfigured: bool,
    pointer: Option<String>,
    page: Option<PageRequestEnvelope>,
    context: Vec<Cow<'static, str>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl ConnectorError {
    /// An error with a message for the person who must act. Text from outside belongs in [`Self::upstream`].
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            status: None,
            app_error_code: None,
            hint: None,
            retry_after: None,
            misconfigured: false,
            pointer: None,
            page: None,
            context: Vec::new(),
            source: None,
        }))
    }

    /// An error that repeats what an app said: secrets are masked, the text is cut.
    pub fn upstream(code: ErrorCode, text: &str) -> Self {
        let redacted = crate::http::redact(text);
        let mut message: String =
            redacted.chars().filter(|c| !c.is_control()).take(LONGEST_UPSTREAM_TEXT).collect();
        if message.trim().is_empty() {
            message = format!("the app answered with {code} and no further words");
        }
        Self::new(code, message)
    }

    /// A setting of the operator is wrong: no retry and no other call helps until a person changes it (exit code 78).
    pub fn misconfigured(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut error = Self::new(code, message);
        error.0.misconfigured = true;
        error
    }

    /// The same where an operator set what is wrong, and not the caller.
    pub(crate) fn of_operator(mut self) -> Self {
        self.0.misconfigured = true;
        self
    }

    /// The JSON pointer of the part of the envelope that is to blame, as `/request/from`.
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.0.pointer = Some(pointer.into());
        self
    }

    /// What to do next, in one sentence.
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The HTTP status that the app answered with.
    pub fn status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The app's own code, prefixed with the app's id: `example.not_found`.
    pub fn app_error_code(mut self, code: impl Into<String>) -> Self {
        self.0.app_error_code = Some(code.into());
        self
    }

    /// How long to wait before the call may succeed.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// The page of a list with which to go on; none for the first.
    pub fn at_page(mut self, page: impl Into<Option<PageRequestEnvelope>>) -> Self {
        self.0.page = page.into();
        self
    }

    /// Where it happened, added on the way up; shown in logs, outermost last.
    pub fn context(mut self, context: impl Into<Cow<'static, str>>) -> Self {
        self.0.context.push(context.into());
        self
    }

    /// The error underneath, for logs. It must not carry secrets.
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// The same without a secret that an app repeated. One of a few characters would be found inside of words.
    pub(crate) fn without(mut self, secret: &Secret) -> Self {
        const SHORTEST: usize = 5;
        let secret = secret.expose().trim();
        if secret.len() >= SHORTEST && self.0.message.contains(secret) {
            self.0.message = self.0.message.replace(secret, crate::http::MASK);
        }
        self
    }

    /// A refusal together with the scopes that were needed: which of them is missing, few apps say.
    pub(crate) fn needing(mut self, scopes: &[&str]) -> Self {
        if self.0.code == ErrorCode::PermissionDenied && !scopes.is_empty() {
            let needed = format!("it needs the scopes {}", scopes.join(", "));
            self.0.hint = Some(match self.0.hint.take() {
                Some(hint) => format!("{hint}; {needed}").into(),
                None => needed.into(),
            });
        }
        self
    }

    /// What went wrong.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The message for the person who must act.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next, if known.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The JSON pointer of the part of the envelope that is to blame, where it is one.
    pub fn pointer(&self) -> Option<&str> {
        self.0.pointer.as_deref()
    }

    /// HTTP status: the app's, else the one that stands for the code.
    pub fn status_code(&self) -> u16 {
        self.0.status.unwrap_or(self.0.code.metadata().status)
    }

    /// The HTTP status that the app answered with, where an answer of the app is to blame.
    pub fn http_status(&self) -> Option<u16> {
        self.0.status
    }

    /// The app's own code, if it sent one.
    pub fn app_code(&self) -> Option<&str> {
        self.0.app_error_code.as_deref()
    }

    /// How long to wait, if known.
    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The page of a list with which to go on, where the error came in the middle of one.
    pub fn page(&self) -> Option<&PageRequestEnvelope> {
        self.0.page.as_ref()
    }

    /// Where it happened, innermost first.
    pub fn contexts(&self) -> impl Iterator<Item = &str> {
        self.0.context.iter().map(AsRef::as_ref)
    }

    /// Whether a setting of the operator is to blame.
    pub fn is_misconfigured(&self) -> bool {
        self.0.misconfigured
    }

    /// Exit code of a command that ends with this error.
    pub fn exit_code(&self) -> u8 {
        if self.0.misconfigured { 78 } else { self.0.code.metadata().exit_code }
    }
}

impl fmt::Display for ConnectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// Everything for logs: code, message, context and sources.
impl fmt::Debug for ConnectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)?;
        for context in self.contexts() {
            write!(f, ", {context}")?;
        }
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            write!(f, "; caused by: {}", crate::http::redact(&error.to_string()))?;
            source = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for ConnectorError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_the_table_is_the_name_on_the_wire() {
        for status in 100..600 {
            let code = ErrorCode::from_status(status);
            assert_eq!(serde_json::to_value(code).unwrap(), code.metadata().name);
        }
        for code in
            [ErrorCode::CredsRevoked, ErrorCode::IntegrationMissingParameter, ErrorCode::BudgetExhausted]
        {
            assert_eq!(serde_json::to_value(code).unwrap(), code.metadata().name);
        }
    }

    #[test]
    fn a_wrong_setting_of_the_operator_exits_with_78_whatever_its_code() {
        let error = ConnectorError::misconfigured(ErrorCode::ConnectionRejected, "no such host");
        assert_eq!(error.exit_code(), 78);
        assert_eq!(ConnectorError::new(ErrorCode::ConnectionRejected, "busy").exit_code(), 75);
    }

    #[test]
    fn text_of_the_app_is_cut_and_masked() {
        let text =
            format!("Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.abcdefgh.ijklmnop {}", "x ".repeat(2000));
        let error = ConnectorError::upstream(ErrorCode::BadRequest, &text);
        assert!(error.message().chars().count() <= LONGEST_UPSTREAM_TEXT);
        assert!(!error.message().contains("eyJ0eXAi"));
    }
}
