//! Figures as people read them: what, how much, the bar.
#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::fmt::Display;
use std::time::Duration;

/// Begins a section.
pub(crate) fn section(title: &str) {
    println!("\n{title}");
}

/// One figure with its bar; an empty bar is none.
pub(crate) fn figure(what: &str, value: impl Display, bar: &str) {
    let line = format!("  {what:<60} {:>24}   {bar}", value.to_string());
    println!("{}", line.trim_end());
}

/// Something to know about the figures around it.
pub(crate) fn note(text: &str) {
    println!("  ({text})");
}

/// How busy the machine is with other things: then figures come out worse than they are.
pub(crate) fn machine() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = load.split(' ').next().unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores, {minute} processes at work on average during the last minute");
}

/// Milliseconds with one decimal.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// Seconds with two decimals.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Megabytes of 2^20 bytes.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", ratio(bytes, 1 << 20))
}

/// Records for each second.
pub(crate) fn rate(records: u64, time: Duration) -> String {
    format!("{:.0}/s", ratio(records, 1) / time.as_secs_f64())
}

/// A quotient of counts.
#[expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]
pub(crate) fn ratio(count: u64, of: u64) -> f64 {
    count as f64 / of as f64
}
