//! Behaviour of the real service that is unknown or differs between accounts, each as a switch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the user answers on the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Consent {
    /// The user agrees.
    Allow,
    /// The user refuses: the redirect carries `error=access_denied`.
    Deny,
}

/// How a dead refresh token is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefreshError {
    /// The errors array with code 8 and `invalid_request`: the form seen on the live service.
    Legacy,
    /// The errors array with code 10 and `invalid_grant`.
    Grant,
    /// The object of RFC 6749.
    Rfc,
}

/// The body of a refusal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorBody {
    /// The errors array.
    #[default]
    Json,
    /// A page for people.
    Html,
    /// Nothing.
    Empty,
}

/// Everything that can be switched while the sandbox runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "a panel of independent switches")]
pub struct Switches {
    /// Answer of the user on the consent page.
    pub consent: Consent,
    /// Redirect URIs allowed besides loopback ones.
    pub redirect_uris: Vec<String>,
    /// Scopes of the integration; new tokens carry them.
    pub scopes: Vec<String>,
    /// Form of the error for a dead refresh token.
    pub refresh_error: RefreshError,
    /// A refresh also kills the access token it replaces.
    pub refresh_kills_access_token: bool,
    /// A code used twice also revokes the tokens made from it.
    pub reused_code_revokes: bool,
    /// Requests per sliding minute; `null` lifts the limit.
    pub requests_per_minute: Option<u32>,
    /// Body of a 429.
    pub limit_body: ErrorBody,
    /// A 429 carries `Retry-After`.
    pub limit_retry_after: bool,
    /// Requests answered 429 count against the window too.
    pub limit_counts_refused: bool,
    /// Whether GET still works on lists and info.
    pub get_allowed: bool,
    /// Version of the API client; requests may only ask for it or a newer one.
    pub client_version: String,
    /// Resources (as `projects`, `files`) or paths answered 403: a module the account lacks.
    pub forbidden: Vec<String>,
    /// Fields per resource that the user may not see: they are left out.
    pub omitted: BTreeMap<String, Vec<String>>,
    /// Unknown filters, sort fields and includes are 400 instead of ignored.
    pub strict_fields: bool,
    /// Date-times with `Z` or fractions of a second are 400.
    pub strict_dates: bool,
    /// `page.size` above the maximum is lowered instead of 400.
    pub clamp_page_size: bool,
    /// An empty `ids` filter is ignored instead of matching nothing.
    pub empty_ids_ignored: bool,
    /// A list for a parent that does not exist is refused instead of empty.
    pub unknown_parent_refused: bool,
    /// `updated_since` sees deactivated rows.
    pub updated_since_sees_deactivated: bool,
    /// Resources whose list shows only active rows unless `status` is asked, as that of users always does.
    pub active_only: Vec<String>,
    /// Every list carries `meta`, asked or not.
    pub meta_everywhere: bool,
    /// `include` (sideloading) works; otherwise it is ignored.
    pub sideloading: bool,
    /// Resources whose info comes without the envelope `data`.
    pub bare_info: Vec<String>,
    /// Answer of `accounts.projects-v2-status`: `projects-v2` or `legacy`.
    pub projects_status: String,
    /// The day on which the account will be switched to the new projects, if it is known.
    pub projects_switched_on: Option<String>,
    /// A timer runs; otherwise `timers.current` finds none.
    pub timer_runs: bool,
    /// Seconds after which the location of a download is refused.
    pub download_seconds: i64,
    /// How often a webhook is sent until it is answered with success.
    pub webhook_tries: u32,
    /// The pause before the second try; every further one is twice as long.
    pub webhook_retry_millis: u64,
    /// The pause before the first try.
    pub webhook_delay_millis: u64,
    /// This many of a hundred webhooks are lost.
    pub webhook_drop_percent: u8,
    /// This many of a hundred webhooks are sent twice.
    pub webhook_duplicate_percent: u8,
    /// Webhooks of the same moment arrive with the last one first.
    pub webhook_reorder: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            consent: Consent::Allow,
            redirect_uris: Vec::new(),
            scopes: SCOPES.iter().map(ToString::to_string).collect(),
            refresh_error: RefreshError::Legacy,
            refresh_kills_access_token: false,
            reused_code_revokes: true,
            requests_per_minute: Some(200),
            limit_body: ErrorBody::Json,
            limit_retry_after: false,
            limit_counts_refused: false,
            get_allowed: true,
            client_version: "2023-09-26".into(),
            forbidden: Vec::new(),
            omitted: BTreeMap::new(),
            strict_fields: false,
            strict_dates: false,
            clamp_page_size: false,
            empty_ids_ignored: false,
            unknown_parent_refused: false,
            updated_since_sees_deactivated: true,
            active_only: Vec::new(),
            meta_everywhere: false,
            sideloading: true,
            bare_info: vec!["tickets".into()],
            projects_status: "projects-v2".into(),
            projects_switched_on: None,
            timer_runs: true,
            download_seconds: 900,
            webhook_tries: 3,
            webhook_retry_millis: 500,
            webhook_delay_millis: 0,
            webhook_drop_percent: 0,
            webhook_duplicate_percent: 0,
            webhook_reorder: false,
        }
    }
}

const SCOPES: [&str; 12] = [
    "companies",
    "contacts",
    "deals",
    "departments",
    "events",
    "invoices",
    "orders",
    "products",
    "projects",
    "settings",
    "tickets",
    "users",
];
