//! Reads the records that hints are about, through the capability `sync`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connector_core::dispatch::dispatch;
use connector_core::envelope::RequestEnvelope;
use connector_core::error::Category;
use connector_core::host::Host;
use connector_core::integration::Integration;
use connector_core::{ConnectorError, ErrorCode, Result};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::target::Target;

/// Ids of records, by stream.
pub(super) type Records = BTreeMap<String, Vec<String>>;

/// What became of the records of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// They are as the app has them; those that it has no more are marked as deleted.
    Read,
    /// They could not be read now, whatever they are.
    Later { reason: String, wait: Option<Duration> },
    /// At least one of them cannot be read. Where `all` is set it is not the record's fault.
    Refused { reason: String, all: bool },
}

/// Reads records again and stores them.
pub(super) trait RecordReader: Send + Sync {
    /// What became of each stream.
    fn read<'a>(&'a self, records: &'a Records) -> BoxFuture<'a, BTreeMap<String, Outcome>>;
}

/// Reads them by a sync of just these records.
pub(super) struct SyncReader {
    pub(super) integration: Arc<Integration>,
    pub(super) host: Arc<dyn Host>,
    pub(super) target: Target,
}

impl RecordReader for SyncReader {
    fn read<'a>(&'a self, records: &'a Records) -> BoxFuture<'a, BTreeMap<String, Outcome>> {
        Box::pin(async move {
            match self.sync(records).await {
                Ok(report) => {
                    records.keys().map(|stream| (stream.clone(), report.outcome_of(stream))).collect()
                }
                Err(error) => {
                    let outcome = Failure::of_run(&error).outcome();
                    records.keys().map(|stream| (stream.clone(), outcome.clone())).collect()
                }
            }
        })
    }
}

impl SyncReader {
    async fn sync(&self, records: &Records) -> Result<Report> {
        let mut envelope = RequestEnvelope::default();
        envelope.request.insert("records".to_owned(), json!(records));
        self.target.put_into(&mut envelope.request);
        let answer = dispatch(&self.integration, "sync", envelope, &self.host).await?;
        serde_json::from_str(answer.response.get()).map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "the report of a sync cannot be read").source(error)
        })
    }
}

/// The report of a sync, as far as hints need it.
#[derive(Deserialize)]
struct Report {
    streams: Vec<StreamOutcome>,
}

#[derive(Deserialize)]
struct StreamOutcome {
    stream: String,
    status: String,
    error: Option<Value>,
}

impl Report {
    fn outcome_of(&self, stream: &str) -> Outcome {
        let Some(found) = self.streams.iter().find(|found| found.stream == stream) else {
            return Outcome::Refused { reason: "the sync left the stream out".to_owned(), all: true };
        };
        match (&found.error, found.status.as_str()) {
            (Some(error), _) => Failure::in_report(error).outcome(),
            (None, "unavailable") => {
                Outcome::Refused { reason: "the account does not have the stream".to_owned(), all: true }
            }
            // Records that cannot be stored are in the rejects, where people find them.
            (None, "succeeded" | "partial") => Outcome::Read,
            (None, status) => Outcome::Later { reason: format!("the sync was {status}"), wait: None },
        }
    }
}

/// Why records were not read.
struct Failure {
    code: ErrorCode,
    reason: String,
    wait: Option<Duration>,
    /// Nothing that a record could be to blame for.
    concerns_run: bool,
}

impl Failure {
    fn of_run(error: &ConnectorError) -> Self {
        Self {
            code: error.code(),
            reason: format!("{}: {}", error.code(), error.message()),
            wait: error.wait(),
            concerns_run: error.is_misconfigured()
                || matches!(error.code(), ErrorCode::Conflict | ErrorCode::IntegrationMissingParameter),
        }
    }

    fn in_report(error: &Value) -> Self {
        let code: ErrorCode =
            serde_json::from_value(error["error_code"].clone()).unwrap_or(ErrorCode::InternalError);
        let message = error["message"].as_str().unwrap_or_default();
        Self {
            code,
            reason: format!("{code}: {message}"),
            wait: error["error_metadata"]["retry_after_seconds"].as_u64().map(Duration::from_secs),
            concerns_run: code == ErrorCode::Conflict,
        }
    }

    fn outcome(self) -> Outcome {
        let Self { code, reason, wait, concerns_run } = self;
        match code.metadata().category {
            _ if concerns_run => Outcome::Later { reason, wait },
            // With an account that must be connected again, hints are worth keeping until somebody does.
            Category::Transient | Category::Authentication => Outcome::Later { reason, wait },
            Category::Authorization => Outcome::Refused { reason, all: true },
            _ if code == ErrorCode::UnsupportedOperation => Outcome::Refused { reason, all: true },
            Category::Client | Category::Internal => Outcome::Refused { reason, all: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_stream(stream: &Value) -> Outcome {
        let report: Report = serde_json::from_value(json!({"streams": [stream]})).unwrap();
        report.outcome_of("deals")
    }

    fn of_error(code: &str) -> Outcome {
        let error = json!({
            "error_code": code, "message": "no", "error_metadata": {"retry_after_seconds": 7}
        });
        of_stream(&json!({"stream": "deals", "status": "failed", "error": error}))
    }

    #[test]
    fn what_was_read_or_rejected_is_done() {
        for status in ["succeeded", "partial"] {
            assert_eq!(
                of_stream(&json!({"stream": "deals", "status": status, "error": null})),
                Outcome::Read
            );
        }
        let interrupted = of_stream(&json!({"stream": "deals", "status": "interrupted", "error": null}));
        assert!(matches!(interrupted, Outcome::Later { .. }));
        assert!(matches!(
            of_stream(&json!({"stream": "users", "status": "succeeded"})),
            Outcome::Refused { .. }
        ));
    }

    #[test]
    fn what_passes_by_itself_or_by_a_person_is_tried_later() {
        for code in ["conflict", "rate_limit", "bad_gateway", "connection_closed", "creds_revoked"] {
            let reason = format!("{code}: no");
            let wait = Some(Duration::from_secs(7));
            assert_eq!(of_error(code), Outcome::Later { reason, wait }, "{code}");
        }
        let missing = ConnectorError::new(ErrorCode::IntegrationMissingParameter, "no connection");
        assert!(matches!(Failure::of_run(&missing).outcome(), Outcome::Later { .. }));
        let wrong = ConnectorError::misconfigured(ErrorCode::InvalidValue, "no store");
        assert!(matches!(Failure::of_run(&wrong).outcome(), Outcome::Later { .. }));
    }

    #[test]
    fn what_a_record_is_to_blame_for_is_refused() {
        for (code, is_all) in [
            ("bad_request", false),
            ("invalid_response", false),
            ("unheard_of", false),
            ("permission_denied", true),
            ("unsupported_operation", true),
        ] {
            assert!(matches!(of_error(code), Outcome::Refused { all, .. } if all == is_all), "{code}");
        }
    }
}
