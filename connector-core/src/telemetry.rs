//! What is counted, for how long it took, and spans for traces. Nothing is kept unless a door installed a recorder.
//!
//! Labels are names that the program's authors chose, never those of customers: each value is kept for good.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use tracing::Span;

use crate::error::{ConnectorError, Result};
use crate::http::HttpResponse;
use crate::oauth::TokenFailure;
use crate::sync::{Status, StreamReport};

/// Target of all spans, so that a door can have them without anything else, and logs can do without them.
pub const SPANS: &str = "connector_spans";

const RUNS_STARTED: &str = "connector_runs_started_total";
const RUNS_ENDED: &str = "connector_runs_ended_total";
const ROWS: &str = "connector_rows_total";
const APP_REQUESTS: &str = "connector_app_requests_total";
const APP_REQUEST_SECONDS: &str = "connector_app_request_duration_seconds";
const REFRESHES: &str = "connector_refreshes_total";
const REFRESH_SECONDS: &str = "connector_refresh_duration_seconds";

/// Writes into its span how work failed: the code alone, since a message may tell more than who reads traces may know.
pub fn note_failure<T>(span: &Span, outcome: &Result<T>) {
    if let Err(error) = outcome {
        note_error_type(span, error.code().metadata().name);
    }
}

/// The same with what the error is called.
pub fn note_error_type(span: &Span, error_type: &str) {
    span.record("error.type", error_type);
    span.record("otel.status_code", "ERROR");
}

/// Tells the recorder what everything means that this crate counts.
pub fn describe_metrics() {
    describe_counter!(RUNS_STARTED, "Runs of a sync that began");
    describe_counter!(RUNS_ENDED, "Runs of a sync that ended, by status");
    describe_counter!(ROWS, "Rows of streams that ended, by what became of them");
    describe_counter!(APP_REQUESTS, "Requests sent to apps, retries included, by status of the answer");
    describe_histogram!(APP_REQUEST_SECONDS, Unit::Seconds, "Time to the last byte of an app's answer");
    describe_counter!(REFRESHES, "Requests for new access tokens, by what became of them");
    describe_histogram!(REFRESH_SECONDS, Unit::Seconds, "Time of a request for new access tokens");
}

pub(crate) fn count_run_start(app_id: &str) {
    counter!(RUNS_STARTED, "connector" => app_id.to_owned()).increment(1);
}

pub(crate) fn count_run_end(app_id: &str, status: Status) {
    counter!(RUNS_ENDED, "connector" => app_id.to_owned(), "status" => status.name()).increment(1);
}

/// Counts the rows of a stream, once it ended.
pub(crate) fn count_rows(app_id: &str, report: &StreamReport) {
    let outcomes = [
        ("inserted", report.inserted),
        ("updated", report.updated),
        ("unchanged", report.unchanged),
        ("deleted", report.deleted),
        ("rejected", report.rejected),
    ];
    for (outcome, rows) in outcomes {
        counter!(
            ROWS,
            "connector" => app_id.to_owned(), "stream" => report.stream.clone(), "outcome" => outcome
        )
        .increment(rows);
    }
}

/// Counts a request that was sent to an app; `error` stands for the status of one without a whole answer.
pub(crate) fn count_app_request(answer: &Result<HttpResponse>, took: Duration) {
    let status = answer.as_ref().map_or_else(|_| "error".to_owned(), |answer| answer.status.to_string());
    counter!(APP_REQUESTS, "status" => status).increment(1);
    histogram!(APP_REQUEST_SECONDS).record(took);
}

/// Counts a request for new access tokens.
pub(crate) fn count_refresh<T>(app_id: &str, outcome: &Result<T>, took: Duration) {
    let outcome = outcome.as_ref().err().map_or("refreshed", refresh_failure);
    counter!(REFRESHES, "connector" => app_id.to_owned(), "outcome" => outcome).increment(1);
    histogram!(REFRESH_SECONDS, "connector" => app_id.to_owned()).record(took);
}

fn refresh_failure(error: &ConnectorError) -> &'static str {
    match TokenFailure::of(error) {
        TokenFailure::Permanent => "permanent",
        TokenFailure::Configuration => "misconfigured",
        TokenFailure::Transient => "transient",
        TokenFailure::LostAnswer => "indeterminate",
    }
}
