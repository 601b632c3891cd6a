//! Addresses that keys were refused to: after some failures in a minute, the next ones cost us nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const MOST_FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_mins(1);

/// Addresses that are remembered. Who has more than that is not stopped by counting addresses.
const MOST_ADDRESSES: usize = 10_000;

/// Failures of the last minute, by address.
#[derive(Default)]
pub(super) struct Failures {
    by_address: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Clone, Copy)]
struct Window {
    since: Instant,
    count: u32,
}

impl Failures {
    /// How long an address has to wait; `None` while it may try.
    pub(super) fn wait(&self, address: IpAddr) -> Option<Duration> {
        let windows = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get(&network(address))?;
        let left = WINDOW.checked_sub(window.since.elapsed())?;
        (window.count >= MOST_FAILURES && !left.is_zero()).then_some(left)
    }

    /// Counts a failure.
    pub(super) fn add(&self, address: IpAddr) {
        let mut windows = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST_ADDRESSES {
            windows.retain(|_, window| window.since.elapsed() < WINDOW);
        }
        if windows.len() >= MOST_ADDRESSES {
            windows.clear();
        }
        let window = windows.entry(network(address)).or_insert(Window { since: Instant::now(), count: 0 });
        if window.since.elapsed() >= WINDOW {
            *window = Window { since: Instant::now(), count: 0 };
        }
        window.count += 1;
    }
}

/// One customer of a provider has a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_failures_in_a_minute_are_enough() {
        let failures = Failures::default();
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        for _ in 0..10 {
            assert_eq!(failures.wait(address), None);
            failures.add(address);
        }
        assert_eq!(failures.wait(address), Some(WINDOW));
        assert_eq!(failures.wait(neighbour), Some(WINDOW));
        assert_eq!(failures.wait("2001:db8:0:1::1".parse().unwrap()), None);
        tokio::time::advance(WINDOW).await;
        assert_eq!(failures.wait(address), None);
        failures.add(address);
        assert_eq!(failures.wait(address), None);
    }
}
