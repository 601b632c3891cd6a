//! What a run reads of a stream, and from where.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::report::Mode;
use super::state::{StreamState, UnfinishedRead};
use crate::stream::{FilterKind, StreamDeclaration, Walk, Window};

/// Subtracted from the start of a read: the app's own servers may disagree about the time by a little.
const OVERLAP: Duration = Duration::from_mins(1);

pub(super) const DAY: Duration = Duration::from_hours(24);

/// What is read, and from where.
pub(super) struct Plan {
    pub(super) mode: Mode,
    /// Start of the read by the app's clock; known with the first answer.
    pub(super) started_at: Option<Timestamp>,
    /// Filters that bound the read, where it does not read everything.
    pub(super) bounds: Map<String, Value>,
    /// Where an interrupted read goes on.
    pub(super) position: Option<Timestamp>,
}

impl Plan {
    /// Incremental where the app can tell what changed, or what lies close to today, and an earlier read was complete;
    /// else everything. An interrupted read is taken up again.
    pub(super) fn new(declaration: &StreamDeclaration, state: &StreamState, wanted: Option<Mode>) -> Self {
        let now = Timestamp::now();
        let longest = longest_without_full_read(declaration).try_into().unwrap_or_default();
        let is_due = |at: Timestamp| now.duration_since(at) > longest;
        let may_be_partial = wanted != Some(Mode::Full) && !state.full_read_at.is_none_or(is_due);
        let bounds = match (declaration.changed_since, declaration.window, state.cursor) {
            (Some(filter), _, Some(cursor)) if may_be_partial => {
                Some(Map::from_iter([(filter.to_owned(), Value::String(cursor.to_string()))]))
            }
            (None, Some(window), _) if may_be_partial => Some(around_today(declaration, &window)),
            _ => None,
        };
        let mode = if bounds.is_some() { Mode::Incremental } else { mode_without_bounds(declaration) };
        let unfinished = state.unfinished.as_ref().filter(|unfinished| {
            unfinished.full == (mode == Mode::Full)
                && unfinished.position.is_some()
                && !is_due(unfinished.started_at)
        });
        Self {
            mode,
            started_at: unfinished.map(|unfinished| unfinished.started_at),
            bounds: bounds.unwrap_or_else(|| bounds_of_everything(declaration)),
            position: unfinished.and_then(|unfinished| unfinished.position),
        }
    }

    /// Everything, from the start: for a comparison of all that is there. From a day on where the app can bound it.
    pub(super) fn of_everything(declaration: &StreamDeclaration, from: Option<Date>) -> Self {
        let bounds = between(declaration, from, None);
        if bounds.is_empty() {
            let bounds = bounds_of_everything(declaration);
            let mode = mode_without_bounds(declaration);
            return Self { mode, started_at: None, bounds, position: None };
        }
        Self { mode: Mode::Incremental, started_at: None, bounds, position: None }
    }

    /// Whether the read, once it is at its end, has seen every record that there is.
    pub(super) fn sees_everything(&self) -> bool {
        self.mode == Mode::Full && self.position.is_none() && self.bounds.is_empty()
    }

    /// Notes that the first answer came.
    pub(super) fn begin(&mut self, date: Option<Timestamp>) {
        // The earlier of the app's clock and ours: reading a little twice is harmless, a gap is not.
        let now = Timestamp::now();
        self.started_at.get_or_insert(date.map_or(now, |date| date.min(now)));
    }

    pub(super) fn mark_unfinished(&self, state: &mut StreamState, position: Option<Timestamp>) {
        let Some(started_at) = self.started_at else { return };
        let before = state.unfinished.take().and_then(|unfinished| unfinished.position);
        let position = position.or(before).or(self.position);
        state.unfinished = Some(UnfinishedRead { started_at, full: self.mode == Mode::Full, position });
    }

    /// Notes that the read is at its end. `in_full`: and that nothing of it was left undone.
    pub(super) fn complete(&self, state: &mut StreamState, in_full: bool) {
        let started_at = self.started_at.unwrap_or_else(Timestamp::now);
        state.cursor = Some(started_at.checked_sub(OVERLAP).unwrap_or(started_at));
        if self.mode == Mode::Full && in_full {
            state.full_read_at = Some(started_at);
        }
        state.unfinished = None;
    }
}

fn mode_without_bounds(declaration: &StreamDeclaration) -> Mode {
    match declaration.walk {
        Walk::Feed { complete: false } => Mode::Incremental,
        _ => Mode::Full,
    }
}

/// Age at which a stream that is read in part is read completely again: not every change moves the app's own time of
/// change, deletes show in a complete read only, and where a walk goes by page number, a delete during the first read
/// can hide a record.
fn longest_without_full_read(declaration: &StreamDeclaration) -> Duration {
    match (declaration.window, declaration.walk) {
        (Some(window), _) => u32::from(window.full_every) * DAY,
        (None, Walk::Value { .. }) => 7 * DAY,
        (None, Walk::Pages { .. } | Walk::Feed { .. }) => DAY,
    }
}

/// Where the app insists on dates, everything is what lies close to today.
fn bounds_of_everything(declaration: &StreamDeclaration) -> Map<String, Value> {
    let is_required =
        |name: &str| declaration.filters.iter().any(|filter| filter.name == name && filter.required);
    match declaration.window {
        Some(window) if is_required(window.from) => around_today(declaration, &window),
        _ => Map::new(),
    }
}

fn around_today(declaration: &StreamDeclaration, window: &Window) -> Map<String, Value> {
    let today = today();
    let from = today.checked_sub(i64::from(window.back).days()).ok();
    let until = today.checked_add(i64::from(window.ahead).days()).ok();
    between(declaration, from, until)
}

/// The day in UTC.
pub(super) fn today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The filters for days, as far as the stream has such.
fn between(declaration: &StreamDeclaration, from: Option<Date>, until: Option<Date>) -> Map<String, Value> {
    let since = declaration.changed_since.or(declaration.window.map(|window| window.from));
    let last = declaration.window.and_then(|window| window.until);
    let mut bounds = Map::new();
    let mut bound = |filter: Option<&'static str>, day: Option<Date>, is_end| {
        if let (Some(filter), Some(day)) = (filter, day) {
            bounds.insert(filter.to_owned(), day_as_asked(declaration, filter, day, is_end));
        }
    };
    bound(since, from, false);
    bound(last, until, true);
    bounds
}

fn day_as_asked(declaration: &StreamDeclaration, filter: &str, day: Date, is_end: bool) -> Value {
    let kind = declaration.filters.iter().find(|known| known.name == filter).map(|filter| filter.kind);
    match kind {
        Some(FilterKind::DateTime) => {
            let time = if is_end { "23:59:59" } else { "00:00:00" };
            Value::String(format!("{day}T{time}Z"))
        }
        // "After" leaves the day itself out.
        Some(FilterKind::DateOperator) => {
            let before = day.checked_sub(1.day()).unwrap_or(day);
            json!({"operator": "after", "value": before.to_string()})
        }
        _ => Value::String(day.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Filter, RecordPage, Stream};

    const CHANGED: &[Filter] = &[Filter::new("since", FilterKind::DateTime)];
    const DATED: &[Filter] =
        &[Filter::new("after", FilterKind::Date), Filter::new("before", FilterKind::Date)];

    fn declaration(change: impl FnOnce(&mut StreamDeclaration)) -> StreamDeclaration {
        let read = |_: crate::Call<()>, _| async { Ok(RecordPage::default()) };
        Stream::new::<Value, _, _>("things", "thing", read).declare(change).declaration
    }

    fn windowed() -> StreamDeclaration {
        declaration(|stream| {
            stream.filters = DATED;
            stream.window =
                Some(Window { from: "after", until: Some("before"), back: 30, ahead: 10, full_every: 7 });
        })
    }

    fn read_days_ago(days: i64) -> StreamState {
        let at = Timestamp::now() - (days * 24).hours();
        StreamState { cursor: Some(at), full_read_at: Some(at), ..StreamState::default() }
    }

    #[test]
    fn a_first_read_and_one_that_is_asked_for_see_everything() {
        let changed = declaration(|stream| {
            stream.filters = CHANGED;
            stream.changed_since = Some("since");
        });
        for declaration in [changed, windowed(), declaration(|_| {})] {
            assert!(Plan::new(&declaration, &StreamState::default(), None).sees_everything());
            assert!(Plan::new(&declaration, &read_days_ago(0), Some(Mode::Full)).sees_everything());
        }
    }

    #[test]
    fn a_window_lies_around_today_until_everything_is_due() {
        let plan = Plan::new(&windowed(), &read_days_ago(6), None);
        assert_eq!(plan.mode, Mode::Incremental);
        assert!(!plan.sees_everything());
        let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        assert_eq!(plan.bounds["after"], (today - 30.days()).to_string());
        assert_eq!(plan.bounds["before"], (today + 10.days()).to_string());
        assert_eq!(Plan::new(&windowed(), &read_days_ago(8), None).mode, Mode::Full);
    }

    #[test]
    fn a_feed_sees_everything_only_where_it_says_so() {
        for complete in [false, true] {
            let feed = declaration(|stream| stream.walk = Walk::Feed { complete });
            assert_eq!(Plan::new(&feed, &StreamState::default(), None).sees_everything(), complete);
            assert_eq!(Plan::of_everything(&feed, None).sees_everything(), complete);
        }
    }

    #[test]
    fn where_the_app_insists_on_dates_there_is_no_complete_read() {
        const REQUIRED: &[Filter] = &[Filter::new("after", FilterKind::Date).required()];
        let declaration = declaration(|stream| {
            stream.filters = REQUIRED;
            stream.window = Some(Window { from: "after", until: None, back: 0, ahead: 0, full_every: 1 });
        });
        let plan = Plan::new(&declaration, &StreamState::default(), Some(Mode::Full));
        assert!(plan.bounds.contains_key("after") && !plan.sees_everything());
    }
}
