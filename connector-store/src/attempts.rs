//! Waiting between attempts of a transaction that failed for a passing reason.

use std::time::Duration;

/// Waits before the second, third, … attempt: six seconds in all, enough for a server that restarts.
const WAITS: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1500),
    Duration::from_secs(3),
];

/// Counts the attempts of one piece of work.
#[derive(Debug, Default)]
pub(crate) struct Attempts(usize);

impl Attempts {
    /// Waits for the next attempt; says no when there have been enough.
    pub(crate) async fn next(&mut self) -> bool {
        let Some(wait) = WAITS.get(self.0) else {
            return false;
        };
        self.0 += 1;
        tokio::time::sleep(*wait).await;
        true
    }
}
