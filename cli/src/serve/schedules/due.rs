//! Whether a schedule is due now. The time is told, so that its jumps can be tested.

use std::hash::{DefaultHasher, Hash, Hasher};

use connector_core::Result;
use connector_store::Schedule;
use jiff::{SignedDuration, Timestamp};

use super::expression::Expression;

/// What is to be done about a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing, ever.
    Off,
    /// Nothing before this instant.
    At(Timestamp),
    /// It starts now, and is due next at this instant.
    Due(Timestamp),
    /// Its time is of a clock that was put back since: this one is right.
    Wrong(Timestamp),
}

/// How a schedule stands now.
pub(super) fn standing(schedule: &Schedule, now: Timestamp) -> Result<Standing> {
    let (true, Some(next_at), Some(start)) = (schedule.enabled, schedule.next_at, starts_at(schedule)) else {
        return Ok(Standing::Off);
    };
    let expression = Expression::parse(&schedule.expression, &schedule.time_zone)?;
    if start <= now {
        return expression.next(Some(next_at), now).map(Standing::Due);
    }
    let from_now = expression.next(None, now)?;
    Ok(if next_at > from_now { Standing::Wrong(from_now) } else { Standing::At(start) })
}

/// When a schedule starts next: when it is due, or up to the jitter later. Every process comes to the same, so that they
/// do not need to agree.
pub(super) fn starts_at(schedule: &Schedule) -> Option<Timestamp> {
    let due = schedule.next_at?;
    let mut hasher = DefaultHasher::new();
    let key = &schedule.key;
    (&key.app_id, &key.connection, &key.name, due.as_second()).hash(&mut hasher);
    let seconds = hasher.finish() % (u64::from(schedule.jitter_seconds) + 1);
    due.checked_add(SignedDuration::from_secs(seconds.cast_signed())).ok()
}

#[cfg(test)]
mod tests {
    use connector_store::ScheduleKey;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(expression: &str, next_at: &str) -> Schedule {
        Schedule {
            key: ScheduleKey { app_id: "example".into(), connection: "acme".into(), name: "often".into() },
            expression: expression.into(),
            time_zone: "UTC".into(),
            jitter_seconds: 0,
            request: serde_json::Map::new(),
            enabled: true,
            next_at: Some(at(next_at)),
        }
    }

    #[test]
    fn a_schedule_waits_and_is_due_and_missed_times_are_one() {
        let hourly = schedule("every 1h", "2026-03-01T06:00:00Z");
        for (now, expected) in [
            ("2026-03-01T05:59:59Z", Standing::At(at("2026-03-01T06:00:00Z"))),
            ("2026-03-01T06:00:00Z", Standing::Due(at("2026-03-01T07:00:00Z"))),
            ("2026-03-04T09:30:00Z", Standing::Due(at("2026-03-04T10:00:00Z"))),
        ] {
            assert_eq!(standing(&hourly, at(now)).unwrap(), expected, "{now}");
        }
        let off = Schedule { enabled: false, ..hourly.clone() };
        assert_eq!(standing(&off, at("2026-03-04T09:30:00Z")).unwrap(), Standing::Off);
        let never = Schedule { next_at: None, ..hourly };
        assert_eq!(standing(&never, at("2026-03-04T09:30:00Z")).unwrap(), Standing::Off);
    }

    #[test]
    fn a_clock_that_is_put_back_stops_nothing() {
        // Somebody set the clock right: what was due in a year is due in an hour.
        for expression in ["every 1h", "0 * * * *"] {
            let ahead = schedule(expression, "2027-03-01T06:00:00Z");
            assert_eq!(
                standing(&ahead, at("2026-03-01T06:00:00Z")).unwrap(),
                Standing::Wrong(at("2026-03-01T07:00:00Z")),
                "{expression}"
            );
        }
        // An hour back in autumn is no change of the clock that counts.
        let nightly = Schedule {
            time_zone: "Europe/Brussels".into(),
            ..schedule("30 2 * * *", "2026-10-26T01:30:00Z")
        };
        let now = at("2026-10-25T00:30:01Z");
        assert_eq!(standing(&nightly, now).unwrap(), Standing::At(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn a_clock_that_jumps_ahead_starts_what_was_missed_once() {
        let hourly = schedule("0 * * * *", "2026-03-01T06:00:00Z");
        let now = at("2026-09-01T06:30:00Z");
        let Standing::Due(next) = standing(&hourly, now).unwrap() else { panic!("it is due") };
        assert_eq!(next, at("2026-09-01T07:00:00Z"));
        let taken = Schedule { next_at: Some(next), ..hourly };
        assert_eq!(standing(&taken, now).unwrap(), Standing::At(next));
    }

    #[test]
    fn jitter_puts_the_start_off_by_no_more_than_it_says_and_for_everybody_the_same() {
        let due = at("2026-03-01T06:00:00Z");
        let mut starts = std::collections::BTreeSet::new();
        for number in 0..50 {
            let mut schedule = schedule("every 1h", "2026-03-01T06:00:00Z");
            schedule.jitter_seconds = 600;
            schedule.key.name = format!("schedule-{number}");
            let start = starts_at(&schedule).unwrap();
            assert_eq!(starts_at(&schedule), Some(start));
            assert!(start >= due && start <= due + SignedDuration::from_mins(10));
            // Between the time and the start it is still this time that counts.
            assert_eq!(standing(&schedule, start).unwrap(), Standing::Due(at("2026-03-01T07:00:00Z")));
            starts.insert(start);
        }
        assert!(starts.len() > 20, "they are spread: {starts:?}");
    }
}
