//! A little chance, so that many processes do not all come back at the same moment.

use std::time::Duration;

/// The duration, up to a tenth shorter or longer.
pub(super) fn jittered(duration: Duration) -> Duration {
    let mut byte = [128];
    // Without chance the duration stays about as it is.
    let _ = getrandom::fill(&mut byte);
    duration.mul_f64(0.9 + 0.2 * f64::from(byte[0]) / 255.0)
}
