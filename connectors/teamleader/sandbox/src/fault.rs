//! Faults: what goes wrong, on which path, how often.

use serde::{Deserialize, Serialize};

use crate::random::Random;
use crate::switches::ErrorBody;

/// Something that goes wrong with the requests it matches.
///
/// ```
/// use teamleader_sandbox::{Fault, FaultKind};
///
/// // The third page of companies answers 503, once.
/// let fault = Fault::on("/companies.list", FaultKind::status(503)).nth(3).times(1);
/// # let _ = fault;
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
#[expect(clippy::struct_field_names, reason = "`fault` is what the JSON form is best called")]
pub struct Fault {
    /// A path, or the beginning of one followed by `*`.
    pub path: String,
    /// Requests that match before this one (counted from 1) are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How often it happens; always, when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The chance with which a matching request is hit; certain, when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What goes wrong.
    pub fault: FaultKind,
}

impl Fault {
    /// Hits every request to the path.
    pub fn on(path: impl Into<String>, fault: FaultKind) -> Self {
        Self { path: path.into(), nth: None, times: None, probability: None, fault }
    }

    /// Starts with the n-th matching request, counted from 1.
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Ends after so many hits.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Hits with this chance, from 0 to 1.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }
}

/// Whether the request is processed although it fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum When {
    /// Nothing happened on the server.
    #[default]
    Before,
    /// The server did its work (a refresh token is used up) and the answer is lost.
    After,
}

/// How the length of a truncated answer is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Framing {
    /// The length of the whole answer; the connection ends early.
    #[default]
    ContentLength,
    /// Chunks; the last one never comes.
    Chunked,
    /// The length of what is sent: correct HTTP, broken JSON.
    Complete,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultKind {
    /// Another status than the request deserves.
    Status {
        /// The status.
        status: u16,
        /// The form of the body.
        #[serde(default)]
        body: ErrorBody,
        /// Seconds in `Retry-After`.
        #[serde(default)]
        retry_after: Option<u64>,
        /// Whether the request is processed first.
        #[serde(default)]
        when: When,
    },
    /// The connection is reset.
    Reset {
        /// Whether the request is processed first.
        #[serde(default)]
        when: When,
    },
    /// The answer is late.
    SlowHeaders {
        /// How late.
        millis: u64,
    },
    /// The body trickles in eight pieces.
    SlowBody {
        /// The time before each piece.
        millis: u64,
    },
    /// Half of the body is missing.
    Truncated {
        /// How its length is told.
        #[serde(default)]
        framing: Framing,
    },
    /// The body is compressed, asked or not.
    Gzip,
    /// An HTML page with status 200.
    Html,
    /// An empty body with the status that the request deserves.
    EmptyBody,
    /// `data` is `null`.
    DataNull,
    /// There is no `data`.
    DataMissing,
    /// Rows and answer have fields that nobody documented.
    ExtraFields,
    /// A field of every row has a value that nobody documented.
    Value {
        /// The field.
        field: String,
        /// Its value.
        value: serde_json::Value,
    },
    /// Pages after the first begin one row early: the last row of the page before comes again.
    DuplicatedRow,
    /// Whatever page is asked, the first one is answered.
    RepeatedPage,
    /// The `Date` header is off by so many seconds.
    ClockSkew {
        /// Ahead of the sandbox clock when positive.
        seconds: i64,
    },
    /// All access tokens expire just before this request.
    TokenExpiry,
    /// From this request on tokens belong to another account.
    AccountSwitch,
}

impl FaultKind {
    /// A status with the errors array, before anything is processed.
    pub fn status(status: u16) -> Self {
        Self::Status { status, body: ErrorBody::Json, retry_after: None, when: When::Before }
    }

    /// A connection reset.
    pub fn reset(when: When) -> Self {
        Self::Reset { when }
    }

    /// Half an answer.
    pub fn truncated(framing: Framing) -> Self {
        Self::Truncated { framing }
    }
}

/// The faults that are set, with what they have seen so far.
#[derive(Debug)]
pub(crate) struct Faults {
    set: Vec<Watch>,
    random: Random,
}

#[derive(Debug)]
struct Watch {
    fault: Fault,
    seen: u64,
    hits: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { set: Vec::new(), random: Random::new(seed) }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.set.push(Watch { fault, seen: 0, hits: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.set.clear();
    }

    /// What hits this request.
    pub(crate) fn hit(&mut self, path: &str) -> Vec<FaultKind> {
        let random = &mut self.random;
        self.set.iter_mut().filter_map(|watch| watch.hit(path, random)).collect()
    }
}

impl Watch {
    fn hit(&mut self, path: &str, random: &mut Random) -> Option<FaultKind> {
        if !matches(&self.fault.path, path) {
            return None;
        }
        self.seen += 1;
        let is_due = self.fault.nth.is_none_or(|nth| self.seen >= nth);
        let is_left = self.fault.times.is_none_or(|times| self.hits < times);
        let is_certain = self.fault.probability.is_none_or(|probability| random.fraction() < probability);
        if !(is_due && is_left && is_certain) {
            return None;
        }
        self.hits += 1;
        Some(self.fault.fault.clone())
    }
}

/// Whether a path is meant by a pattern.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => path.starts_with(beginning),
        None => pattern == path,
    }
}
