//! Instants and spans of time in words.

use jiff::Timestamp;
use serde::Serialize;

/// An instant as people read it, and as programs do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct When {
    /// For `datetime`.
    iso: String,
    /// `4 min ago`, `in 2 h`, or the day when that is far.
    text: String,
    /// The day and the minute, for rows that stand under each other.
    minute: String,
    /// To the second, in UTC.
    exact: String,
}

impl When {
    pub(super) fn new(instant: Timestamp, now: Timestamp) -> Self {
        Self {
            iso: instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text: relative(instant, now),
            minute: minute(instant, now),
            exact: instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }

    pub(super) fn exact(&self) -> &str {
        &self.exact
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn relative(instant: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - instant.as_second();
    let (distance, is_past) = (seconds.abs(), seconds >= 0);
    let (count, unit) = match distance {
        0..45 => return if is_past { "just now".to_owned() } else { "in a moment".to_owned() },
        45..HOUR => ((distance + MINUTE / 2) / MINUTE, "min"),
        HOUR..DAY => ((distance + HOUR / 2) / HOUR, "h"),
        _ => match (distance + DAY / 2) / DAY {
            1 => (1, "day"),
            days if days <= 14 => (days, "days"),
            _ => return instant.strftime("%Y-%m-%d").to_string(),
        },
    };
    if is_past { format!("{count} {unit} ago") } else { format!("in {count} {unit}") }
}

fn minute(instant: Timestamp, now: Timestamp) -> String {
    let is_near = now.as_second() - instant.as_second() < 300 * DAY;
    instant.strftime(if is_near { "%b %-d, %H:%M" } else { "%Y-%m-%d" }).to_string()
}

/// A time taken: `0.4 s`, `3 min 4 s`.
pub(super) fn taken(from: Timestamp, to: Timestamp) -> String {
    let milliseconds = (to.as_millisecond() - from.as_millisecond()).max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        10..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min {} s", seconds / MINUTE, seconds % MINUTE),
        _ => format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn near_instants_are_told_by_their_distance_and_far_ones_by_their_day() {
        let now = at("2026-11-22T12:00:00Z");
        for (instant, expected) in [
            ("2026-11-22T11:59:30Z", "just now"),
            ("2026-11-22T12:00:20Z", "in a moment"),
            ("2026-11-22T11:55:40Z", "4 min ago"),
            ("2026-11-22T12:15:00Z", "in 15 min"),
            ("2026-11-22T09:10:00Z", "3 h ago"),
            ("2026-11-21T11:00:00Z", "1 day ago"),
            ("2026-11-18T12:00:00Z", "4 days ago"),
            ("2026-01-02T12:00:00Z", "2026-01-02"),
        ] {
            assert_eq!(When::new(at(instant), now).text, expected, "{instant}");
        }
        assert_eq!(When::new(at("2026-11-02T09:05:40Z"), now).minute, "Nov 2, 09:05");
        assert_eq!(When::new(at("2025-11-02T09:05:40Z"), now).minute, "2025-11-02");
        assert_eq!(When::new(at("2026-11-22T11:55:40.7Z"), now).exact, "2026-11-22 11:55:40 UTC");
    }

    #[test]
    fn spans_get_coarser_as_they_grow() {
        let start = at("2026-11-22T12:00:00Z");
        for (end, expected) in [
            ("2026-11-22T12:00:00.44Z", "0.4 s"),
            ("2026-11-22T12:00:42Z", "42 s"),
            ("2026-11-22T12:03:04Z", "3 min 4 s"),
            ("2026-11-22T13:05:00Z", "1 h 5 min"),
            ("2026-11-22T11:00:00Z", "0.0 s"),
        ] {
            assert_eq!(taken(start, at(end)), expected, "{end}");
        }
    }
}
