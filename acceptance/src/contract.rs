//! The tables of the contract: error codes with what follows from them, and which HTTP status stands for which.

/// Who must act on an error, how it is counted, whether it passes by itself.
pub(crate) struct CodeRow {
    pub(crate) code: &'static str,
    pub(crate) fault: &'static str,
    pub(crate) category: &'static str,
    pub(crate) retryable: bool,
    pub(crate) throttled: bool,
    pub(crate) refreshable: bool,
    pub(crate) exit_code: i32,
}

const fn row(code: &'static str, fault: &'static str, category: &'static str, exit_code: i32) -> CodeRow {
    CodeRow { code, fault, category, retryable: false, throttled: false, refreshable: false, exit_code }
}

const fn transient(code: &'static str, fault: &'static str) -> CodeRow {
    let mut row = row(code, fault, "transient", 75);
    row.retryable = true;
    row
}

const fn throttled(code: &'static str) -> CodeRow {
    let mut row = transient(code, "upstream");
    row.throttled = true;
    row
}

const fn refreshable(code: &'static str) -> CodeRow {
    let mut row = row(code, "upstream", "authentication", 78);
    row.refreshable = true;
    row
}

const CODES: [CodeRow; 22] = [
    row("bad_request", "caller", "client", 64),
    row("invalid_value", "caller", "client", 64),
    row("unknown_value", "caller", "client", 64),
    row("not_found", "caller", "client", 69),
    row("conflict", "caller", "client", 69),
    row("invalid_page_token", "caller", "client", 64),
    row("integration_missing_parameter", "caller", "client", 64),
    refreshable("unauthorized"),
    refreshable("authentication_expired"),
    row("creds_revoked", "upstream", "authentication", 78),
    row("permission_denied", "upstream", "authorization", 77),
    throttled("rate_limit"),
    throttled("budget_exhausted"),
    transient("bad_gateway", "upstream"),
    transient("service_error", "upstream"),
    transient("request_timeout", "upstream"),
    transient("connection_timeout", "infrastructure"),
    transient("connection_rejected", "infrastructure"),
    transient("connection_closed", "infrastructure"),
    row("unsupported_operation", "connector", "internal", 64),
    row("internal_error", "connector", "internal", 70),
    row("invalid_response", "connector", "internal", 70),
];

/// Exit code of bad configuration: a person must act, whatever the error's code is.
pub(crate) const MISCONFIGURED: i32 = 78;

/// What the contract says about an error code; `None` for one that it does not know.
pub(crate) fn code(name: &str) -> Option<&'static CodeRow> {
    CODES.iter().find(|row| row.code == name)
}

/// Whether an error passes by itself, and so may be told instead of an answer while the app is in trouble.
pub(crate) fn is_retryable(name: &str) -> bool {
    code(name).is_some_and(|row| row.retryable)
}

/// Codes of requests that are refused before anything is sent.
pub(crate) fn is_refusal(name: &str) -> bool {
    code(name).is_some_and(|row| row.exit_code == 64)
}

/// Codes that an answer of an app with this status and nothing to read in it may become.
pub(crate) const STATUS_CODES: [(u16, &[&str]); 9] = [
    (401, &["unauthorized", "authentication_expired", "creds_revoked"]),
    (403, &["permission_denied"]),
    (404, &["not_found"]),
    (408, &["request_timeout"]),
    (409, &["conflict"]),
    (422, &["bad_request", "invalid_value"]),
    (500, &["bad_gateway", "service_error"]),
    (501, &["unsupported_operation"]),
    (503, &["service_error"]),
];

/// A text that fits into a report.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 300;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
