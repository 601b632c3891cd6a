//! Waiting for what a test cannot be told about: asked again and again, with a limit that tells a hang.

use std::{
    thread,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_mins(1);

/// Returns once it is so.
///
/// # Panics
/// When it is not so within a minute.
#[expect(clippy::disallowed_methods, reason = "a database and another process can only be asked again")]
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < limit, "not so within a minute: {what}");
        thread::sleep(Duration::from_millis(3));
    }
}
