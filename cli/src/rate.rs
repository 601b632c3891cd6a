//! How many messages or requests are taken in a time.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// A bucket that fills steadily and from which each takes one.
pub(crate) struct Rate {
    per_second: f64,
    most: f64,
    bucket: Mutex<Bucket>,
}

struct Bucket {
    left: f64,
    filled_at: Instant,
}

impl Rate {
    /// So many a second in the long run, and `most` at once.
    pub(crate) fn new(per_second: u32, most: u32) -> Self {
        let bucket = Bucket { left: f64::from(most), filled_at: Instant::now() };
        Self { per_second: f64::from(per_second), most: f64::from(most), bucket: Mutex::new(bucket) }
    }

    /// Whether there is one left.
    pub(crate) fn take(&self) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let fresh = (now - bucket.filled_at).as_secs_f64() * self.per_second;
        bucket.filled_at = now;
        bucket.left = (bucket.left + fresh).min(self.most);
        if bucket.left < 1.0 {
            return false;
        }
        bucket.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_taken_and_then_the_steady_rate() {
        let rate = Rate::new(10, 3);
        let taken = || (0..100).filter(|_| rate.take()).count();
        assert_eq!(taken(), 3);
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(taken(), 2);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(taken(), 3);
    }
}
