//! What the app saw of a backfill: how many requests each sliding minute held, and how many it refused.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::Outcome;
use crate::figures::ratio;
use crate::sandbox::Sandbox;

/// Milliseconds.
const MINUTE: i64 = 60_000;

/// Between two minutes that are looked at, in milliseconds.
const STEP: usize = 100;

/// The requests that count against the limit.
pub(crate) struct RequestLog {
    /// When they came, in milliseconds of the app's clock, which is this machine's.
    accepted: Vec<i64>,
    until: i64,
    refused: Vec<i64>,
}

impl RequestLog {
    /// What the sandbox has noted until now.
    pub(crate) fn of(sandbox: &Sandbox) -> Outcome<Self> {
        let until = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let log = sandbox.control("GET", "requests", &Value::Null)?;
        let requests = log["requests"].as_array().ok_or("the sandbox tells no requests")?;
        // Those for tokens do not count.
        let (refused, accepted): (Vec<&Value>, Vec<&Value>) = requests
            .iter()
            .filter(|request| !request["token"].is_null())
            .partition(|request| request["status"] == 429);
        let instants = |requests: Vec<&Value>| -> Vec<i64> {
            let mut instants: Vec<i64> =
                requests.iter().filter_map(|request| request["at"].as_i64()).collect();
            instants.sort_unstable();
            instants
        };
        Ok(Self { accepted: instants(accepted), until, refused: instants(refused) })
    }

    /// When requests were refused, in seconds since the first one.
    pub(crate) fn refusals(&self) -> Vec<i64> {
        let first = self.accepted.first().copied().unwrap_or_default();
        self.refused.iter().map(|at| (at - first) / 1000).collect()
    }

    /// All that was accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.len()
    }

    /// How many requests the minutes held that lie between the first request and now: on average, at least, at most.
    pub(crate) fn minutes(&self) -> Outcome<(f64, usize, usize)> {
        let first = *self.accepted.first().ok_or("there was no request")?;
        let counts: Vec<usize> =
            (first + MINUTE..=self.until).step_by(STEP).map(|end| self.in_minute_before(end)).collect();
        let (Some(least), Some(most)) = (counts.iter().min(), counts.iter().max()) else {
            return Err("that was less than a minute".into());
        };
        let sum: usize = counts.iter().sum();
        Ok((ratio(sum as u64, counts.len() as u64), *least, *most))
    }

    fn in_minute_before(&self, end: i64) -> usize {
        let up_to = |instant: i64| self.accepted.partition_point(|at| *at < instant);
        up_to(end) - up_to(end - MINUTE)
    }
}
