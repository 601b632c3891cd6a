//! Teamleader's rate limit headers.

use std::time::Duration;

use connector_core::http::RateLimit;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap};

/// The window of the limit slides over a minute, so no reset lies farther away than this.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// What the headers of an answer say about the limit.
pub(crate) fn rate_limit(headers: &HeaderMap) -> Option<RateLimit> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let remaining = text("x-ratelimit-remaining")?.parse().ok()?;
    let reset = instant(text("x-ratelimit-reset")?)?;
    // Both instants by the server's clock, since ours may be off. Its header is cut to the second: the wait comes out
    // up to a second too long, never too short.
    let now = text(DATE.as_str()).and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp());
    let wait = reset.duration_since(now.unwrap_or_else(Timestamp::now));
    let wait = Duration::try_from(wait).unwrap_or_default().min(LONGEST_WAIT);
    Some(RateLimit { remaining, reset: wait })
}

/// An instant such as `2021-06-15T10:51:23.035+0100`: no RFC 3339, which wants a colon in the offset.
fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok().or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(remaining: &str, reset: &str, date: Option<&str>) -> Option<RateLimit> {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-remaining", remaining.parse().unwrap());
        headers.insert("x-ratelimit-reset", reset.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        rate_limit(&headers)
    }

    #[test]
    fn the_reset_is_measured_on_the_servers_clock() {
        let date = Some("Mon, 03 Feb 2025 08:15:00 GMT");
        let limit = |reset| read("7", reset, date).unwrap();
        let expected = RateLimit { remaining: 7, reset: Duration::from_millis(12_345) };
        assert_eq!(limit("2025-02-03T09:15:12.345+0100"), expected);
        assert_eq!(limit("2025-02-03T09:15:12.345+01:00"), expected, "should they mend their format");
        assert_eq!(limit("2025-02-03T08:15:03+0000").reset, Duration::from_secs(3));
    }

    #[test]
    fn a_reset_in_the_past_or_far_ahead_is_kept_within_the_window() {
        let date = Some("Mon, 03 Feb 2025 08:15:00 GMT");
        assert_eq!(read("0", "2025-02-03T08:14:00.000+0000", date).unwrap().reset, Duration::ZERO);
        assert_eq!(read("0", "2025-02-04T08:14:00.000+0000", date).unwrap().reset, LONGEST_WAIT);
    }

    #[test]
    fn without_a_date_our_clock_serves() {
        let reset =
            (Timestamp::now() + Duration::from_secs(30)).strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
        let wait = read("0", &reset, None).unwrap().reset;
        assert!((28..=30).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn headers_that_say_nothing_are_no_limit() {
        assert_eq!(rate_limit(&HeaderMap::new()), None);
        assert_eq!(read("many", "2025-02-03T08:15:03.000+0000", None), None);
        assert_eq!(read("3", "soon", None), None);
    }
}
