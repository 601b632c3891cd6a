//! What was asked: every request, and counters over all of them.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::request::Request;

/// Requests remembered; the oldest are forgotten first.
const KEPT: usize = 100_000;

/// One request and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequestRecord {
    /// `POST` or another method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query as sent, without the question mark.
    pub query: String,
    /// Body as sent.
    pub body: String,
    /// Number of the access token, if it was a valid one.
    pub token: Option<u64>,
    /// Time by the sandbox clock, in milliseconds since 1970.
    pub at: i64,
    /// Status of the answer; 0 when the connection was cut instead.
    pub status: u16,
}

/// Sums over all requests since the start or the last clearing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Requests per path.
    pub requests: BTreeMap<String, u64>,
    /// Answers per status; 0 counts cut connections.
    pub statuses: BTreeMap<u16, u64>,
    /// Names that a real account would silently ignore, as `companies.list filter.invented`.
    pub ignored: BTreeMap<String, u64>,
    /// Faults that were applied.
    pub faults: u64,
}

/// A name that the service does not know.
#[derive(Debug)]
pub(crate) struct Ignored {
    pub(crate) place: &'static str,
    pub(crate) name: String,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<RequestRecord>,
    pub(crate) counters: Counters,
}

impl Log {
    pub(crate) fn note(&mut self, request: &Request, token: Option<u64>, at: i64, status: u16) {
        *self.counters.requests.entry(request.path.clone()).or_default() += 1;
        *self.counters.statuses.entry(status).or_default() += 1;
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(RequestRecord {
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.query.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            token,
            at,
            status,
        });
    }

    pub(crate) fn ignored(&mut self, endpoint: &str, ignored: &[Ignored]) {
        for Ignored { place, name } in ignored {
            *self.counters.ignored.entry(format!("{endpoint} {place}.{name}")).or_default() += 1;
        }
    }

    pub(crate) fn requests(&self) -> Vec<RequestRecord> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
        self.counters = Counters::default();
    }
}
