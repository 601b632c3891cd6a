//! What a sandbox is started with.

use jiff::Timestamp;

/// How a [`Sandbox`](crate::Sandbox) starts. Everything has a default.
///
/// ```
/// let options = teamleader_sandbox::Options::default().records(250).seed(7).only(["companies", "users"]);
/// assert_eq!(options.records, 250);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Rows of each big resource. Small ones (users, departments) stay realistically small.
    pub records: usize,
    /// Names of the resources that have rows; empty means all. Relations to the others point at nothing.
    pub only: Vec<String>,
    /// Requests per sliding minute for one client and account; `None` lifts the limit.
    pub requests_per_minute: Option<u32>,
    /// Chooses the data. The same seed gives the same rows.
    pub seed: u64,
    /// The newest moment in the generated data. Fixed by default, so that rows do not depend on today.
    pub until: Timestamp,
}

/// 2026-01-01T00:00:00Z.
const NEWEST: Timestamp = Timestamp::constant(1_767_225_600, 0);

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            records: 100,
            only: Vec::new(),
            requests_per_minute: Some(200),
            seed: 1,
            until: NEWEST,
        }
    }
}

impl Options {
    /// Sets [`port`](Self::port).
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets [`records`](Self::records).
    pub fn records(mut self, records: usize) -> Self {
        self.records = records;
        self
    }

    /// Sets [`only`](Self::only).
    pub fn only<I: IntoIterator<Item: Into<String>>>(mut self, resources: I) -> Self {
        self.only = resources.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`requests_per_minute`](Self::requests_per_minute).
    pub fn requests_per_minute(mut self, limit: Option<u32>) -> Self {
        self.requests_per_minute = limit;
        self
    }

    /// Sets [`seed`](Self::seed).
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets [`until`](Self::until).
    pub fn until(mut self, newest: Timestamp) -> Self {
        self.until = newest;
        self
    }
}
