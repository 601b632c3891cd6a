//! When a schedule is due: every so often, or by the hands of a clock.
//!
//! Nothing here looks at the clock: the time is told, so that its jumps can be tested.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use connector_core::{ConnectorError, ErrorCode, Result};

/// Nobody is served better by more, and an app's limits are soon reached.
const SHORTEST_INTERVAL: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_INTERVAL: SignedDuration = SignedDuration::from_hours(24 * 366);

/// The time zone when nobody names one.
pub(crate) const UTC: &str = "UTC";

/// When a schedule is due.
#[derive(Debug, Clone)]
pub(crate) enum Expression {
    Every(SignedDuration),
    Cron(Box<Cron>, TimeZone),
}

impl Expression {
    /// `every 1h30m`, or the five fields of cron in a time zone.
    pub(crate) fn parse(text: &str, time_zone: &str) -> Result<Self> {
        let zone = zone(time_zone)?;
        match text.trim().strip_prefix("every ") {
            Some(interval) => interval_of(interval).map(Self::Every),
            None => cron(text).map(|cron| Self::Cron(Box::new(cron), zone)),
        }
    }

    /// The first time after now. `last` is the time before, of which the phase of an interval is kept: however many
    /// times were missed since, there is one.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn next(&self, last: Option<Timestamp>, now: Timestamp) -> Result<Timestamp> {
        let next = match self {
            // A last time that lies ahead is of a clock that was wrong.
            Self::Every(interval) => match last.filter(|last| *last <= now) {
                None => now.checked_add(*interval).ok(),
                Some(last) => {
                    let missed = now.duration_since(last).as_secs() / interval.as_secs();
                    let ahead = i32::try_from(missed + 1).ok().and_then(|times| interval.checked_mul(times));
                    ahead.and_then(|ahead| last.checked_add(ahead).ok())
                }
            },
            Self::Cron(cron, zone) => {
                let found = cron.find_next_occurrence(&now.to_zoned(zone.clone()), false).ok();
                found.map(|next| next.timestamp())
            }
        };
        next.and_then(to_second)
            .ok_or_else(|| invalid("is never due").hint("is there such a day in a month that is named?"))
    }
}

/// Databases keep instants more coarsely than we do, and what is compared must come back as it was.
fn to_second(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(at.as_second()).ok()
}

fn zone(name: &str) -> Result<TimeZone> {
    if name == UTC {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| {
        ConnectorError::new(ErrorCode::UnknownValue, "/time_zone is not known on this machine").hint(
            "time zones are named as in `Europe/Brussels`; this machine's are in /usr/share/zoneinfo, of the package tzdata",
        )
    })
}

fn cron(text: &str) -> Result<Cron> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| {
        invalid("is neither `every …` nor five fields of cron")
            .source(error)
            .hint("such as `every 15m`, `every 1h30m`, or `0 6 * * MON-FRI`")
    })
}

fn interval_of(text: &str) -> Result<SignedDuration> {
    let interval = duration(text).ok_or_else(|| {
        invalid("has no interval after `every`").hint("such as `every 15m`, `every 1h30m`, `every 2d`")
    })?;
    if interval < SHORTEST_INTERVAL || interval > LONGEST_INTERVAL {
        return Err(invalid("has an interval under a minute or over a year"));
    }
    Ok(interval)
}

/// `15m`, `1h30m`, `2d`.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text.trim();
    let mut total = SignedDuration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let mut after = rest[digits..].chars();
        let seconds = match after.next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return None,
        };
        total = total.checked_add(SignedDuration::from_secs(number.checked_mul(seconds)?))?;
        rest = after.as_str().trim_start();
    }
    Some(total).filter(|total| *total > SignedDuration::ZERO)
}

fn invalid(what: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidValue, format!("/expression {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The times after one another, from an instant on.
    fn times(text: &str, time_zone: &str, from: &str, count: usize) -> Vec<String> {
        let expression = Expression::parse(text, time_zone).unwrap();
        let mut now = at(from);
        let mut times = Vec::new();
        for _ in 0..count {
            now = expression.next(Some(now), now).unwrap();
            times.push(now.to_string());
        }
        times
    }

    #[test]
    fn durations_are_added_up_from_their_parts() {
        for (text, minutes) in
            [("15m", 15), ("1h30m", 90), ("1h 30m", 90), ("2d", 2880), ("1w", 10_080), ("90s60s", 0)]
        {
            let expected = if minutes == 0 {
                SignedDuration::from_secs(150)
            } else {
                SignedDuration::from_mins(minutes)
            };
            assert_eq!(duration(text), Some(expected), "{text}");
        }
        for text in
            ["", "15", "m", "15x", "-5m", "0m", "1.5h", "99999999999999999999d", "9223372036854775807w"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_the_reason() {
        for (text, zone, place) in [
            ("", "UTC", "/expression"),
            ("hourly", "UTC", "/expression"),
            ("every", "UTC", "/expression"),
            ("every day", "UTC", "/expression"),
            ("every 30s", "UTC", "under a minute"),
            ("every 400d", "UTC", "over a year"),
            ("* * * *", "UTC", "/expression"),
            ("0 0 * * * *", "UTC", "/expression"),
            ("61 * * * *", "UTC", "/expression"),
            ("0 6 * * *", "Europe/Atlantis", "/time_zone"),
        ] {
            let error = Expression::parse(text, zone).unwrap_err();
            assert_eq!(error.exit_code(), 64, "{text}");
            assert!(error.message().contains(place), "{text}: {error}");
        }
        let never = Expression::parse("0 0 31 2 *", "UTC").unwrap();
        assert!(never.next(None, at("2026-01-01T00:00:00Z")).is_err());
    }

    #[test]
    fn intervals_keep_their_phase_and_missed_times_are_one() {
        let expression = Expression::parse("every 15m", "UTC").unwrap();
        let last = at("2026-03-01T06:00:00Z");
        for (now, next) in [
            ("2026-03-01T06:00:00Z", "2026-03-01T06:15:00Z"),
            ("2026-03-01T06:00:07.5Z", "2026-03-01T06:15:00Z"),
            ("2026-03-01T06:15:00Z", "2026-03-01T06:30:00Z"),
            // The server was away over night.
            ("2026-03-02T07:07:00Z", "2026-03-02T07:15:00Z"),
            // The clock was put back.
            ("2026-02-01T00:00:00Z", "2026-02-01T00:15:00Z"),
        ] {
            assert_eq!(expression.next(Some(last), at(now)).unwrap(), at(next), "{now}");
        }
        assert_eq!(expression.next(None, last).unwrap(), at("2026-03-01T06:15:00Z"));
    }

    #[test]
    fn cron_is_in_its_time_zone_and_missed_times_are_one() {
        assert_eq!(
            times("0 6 * * MON-FRI", "Europe/Brussels", "2026-01-08T12:00:00Z", 3),
            ["2026-01-09T05:00:00Z", "2026-01-12T05:00:00Z", "2026-01-13T05:00:00Z"]
        );
        assert_eq!(times("0 6 * * *", "UTC", "2026-01-08T12:00:00Z", 1), ["2026-01-09T06:00:00Z"]);
        let daily = Expression::parse("0 6 * * *", "UTC").unwrap();
        let next = daily.next(Some(at("2026-01-01T06:00:00Z")), at("2026-01-08T12:00:00Z")).unwrap();
        assert_eq!(next, at("2026-01-09T06:00:00Z"));
    }

    #[test]
    fn a_time_that_the_clock_skips_in_spring_comes_once() {
        // On 29 March 2026 the clocks of Brussels go from 2:00 to 3:00, which is 1:00 in UTC.
        assert_eq!(
            times("30 2 * * *", "Europe/Brussels", "2026-03-27T12:00:00Z", 3),
            ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        );
    }

    #[test]
    fn a_time_that_the_clock_shows_twice_in_autumn_comes_once() {
        // On 25 October 2026 the clocks of Brussels go from 3:00 back to 2:00, which is 1:00 in UTC.
        assert_eq!(
            times("30 2 * * *", "Europe/Brussels", "2026-10-23T12:00:00Z", 3),
            ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        // What is to happen all the time does so in both hours.
        let hourly = times("0 * * * *", "Europe/Brussels", "2026-10-24T23:30:00Z", 4);
        assert_eq!(hourly[0], "2026-10-25T00:00:00Z");
        assert_eq!(hourly[3], "2026-10-25T03:00:00Z");
    }
}
