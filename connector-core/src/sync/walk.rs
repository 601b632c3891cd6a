//! A walk over all pages of a stream that loses nothing while records are inserted, updated and deleted.
//!
//! Two dangers lie in page numbers. Deleting a record that was already read shifts all later ones forward, and the
//! first of the next page is never seen. And a list has no end mark: a page with fewer records than were asked for may
//! be the last, or a short answer.
//!
//! **By value.** Where a list can be sorted by an instant and bounded by it, the next request asks for what lies at or
//! beyond the last value instead of the next number. Each page then begins with the record that ended the one before,
//! and nothing that happens elsewhere can shift it. That one record costs room in each page, so a list of N records
//! needs N/99 requests instead of N/100; the walk allows itself one page of such overlap in total and goes on by
//! number between bounds that are farther apart when it is used up. When it then sees that the app changed meanwhile,
//! it reads what was walked by number once more.
//!
//! Records without a value are behind every bound and never in an answer. They would be last in the whole list, so the
//! walk ends with a look at its last page by number: it must not hold more records than were counted. (Left out where
//! overlap has used up the spare request.)
//!
//! **By page.** Elsewhere pages are asked for by number, in an order that new records join at the end. The pages of the
//! first thousand records shrink by one record each (page 2 of 99 begins at 99, page 3 of 98 at 196), so that each must
//! begin with what ended the one before; a longer list goes on without overlap, since more of it would cost more than the
//! one spare request. A page that does not join, a record that appears on two pages, or a total that changes tells that
//! the list moved; it is walked once more then. An app that gives pages of its own size, whatever it is asked for, counts
//! them by that: its pages cannot overlap, so that a record which a delete hides is found by the next complete read.
//!
//! What a walk gives again since it went over the list once more, and is as it was, goes no further.
//!
//! **A feed** comes once and is taken as it comes: what it brings twice is meant twice.
//!
//! **The end** is an empty page, or a short one after which nothing comes.

mod delivered;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::batch::Reject;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::stream::{
    ContentHash, Direction, PageRequest, Paging, RecordPage, Row, RowDecoder, RowError, StreamDeclaration,
    Walk,
};
use delivered::Delivered;
use seen::{Repetition, Seen};

const MOVED: &str = "the list moved while it was read and was read again";

/// Times that the same page may come again before the list is given up as one without end.
const MOST_REPEATS: u32 = 3;

/// Pages in a row without a record that was not there before, at which the list is given up.
const MOST_STALE_PAGES: u32 = 20;

/// Times that a list which moves is walked again.
const MOST_PASSES: u32 = 3;

/// Records with one and the same instant at the end of a page, above which a new bound costs more than it brings.
const LARGEST_TIE: usize = 20;

/// Pages that are read of what changes while the walk is at its end; the next run reads the rest.
const MOST_PAGES_OF_NEWS: u32 = 20;

/// What a walk gives for one page.
#[derive(Default)]
pub(crate) struct WalkedPage {
    pub rows: Vec<Row>,
    pub rejects: Vec<Reject>,
    /// Everything before this instant is read; a later run may continue here.
    pub position: Option<Timestamp>,
    pub total: Option<u64>,
    /// The app's clock when it answered.
    pub date: Option<Timestamp>,
}

/// Where a walk is.
pub(crate) struct Pager {
    walk: Walk,
    paging: Paging,
    /// Whether the app gives pages of any size, and counts them by that.
    any_size: bool,
    first: PageRequest,
    /// First request of the pass, which counts pages from there.
    base: PageRequest,
    next: Option<PageRequest>,
    bound: Option<Timestamp>,
    /// Where a walk by value had to go on by number, if it had to.
    by_number: Option<Stretch>,
    /// When this walk began, by the app's clock: what changes later need not be waited for.
    began: Option<Timestamp>,
    pages_of_news: u32,
    passes: u32,
    pass: Pass,
    habits: Habits,
    delivered: Delivered,
    total: Option<u64>,
    pub(super) warnings: Vec<String>,
}

/// What one pass over the list has seen. A list that moves is passed over again.
#[derive(Default)]
struct Pass {
    /// The page before, to drop the records that a new bound repeats and to notice what moved.
    previous: HashMap<String, ContentHash>,
    seen: Seen,
    repeats: u32,
    requests: u32,
    records: usize,
    overlap: usize,
    /// A short page: when something comes after it, it was no end.
    short: Option<Short>,
    /// Records that the last page by number holds, if it is the one that is asked for.
    counted: Option<usize>,
    /// By number: where the page before ended, and with which record.
    covered: usize,
    last_key: Option<String>,
    /// An empty answer that cannot be right was asked for once more.
    doubted: bool,
    moved: bool,
}

/// What the app does otherwise than declared.
#[derive(Default)]
struct Habits {
    gives_short_answers: bool,
    /// Records in its pages, where it is not asked for a size or leaves that out of account.
    own_size: Option<usize>,
    /// Its pages lack records for good: only an empty one is an end.
    short_pages_are_normal: bool,
    /// Number and size of a short page that was asked for once more.
    read_again: Option<(u32, usize)>,
}

impl Pager {
    /// A walk that starts with `first`; `position` is where an interrupted one had arrived.
    pub(super) fn new(
        declaration: &StreamDeclaration,
        first: PageRequest,
        position: Option<Timestamp>,
    ) -> Self {
        let mut pager = Self {
            walk: declaration.walk,
            paging: declaration.paging,
            any_size: !matches!(declaration.paging, Paging::Number { any_size: false, .. }),
            base: first.clone(),
            first,
            next: None,
            bound: None,
            by_number: None,
            began: None,
            pages_of_news: 0,
            passes: 1,
            pass: Pass::default(),
            habits: Habits::default(),
            delivered: Delivered::default(),
            total: None,
            warnings: Vec::new(),
        };
        match pager.walk {
            Walk::Value { field, direction, .. } => pager.first.sort = vec![(field.to_owned(), direction)],
            Walk::Pages { sort: Some(field) } => {
                pager.first.sort = vec![(field.to_owned(), Direction::Ascending)];
            }
            Walk::Pages { sort: None } | Walk::Feed { .. } => {}
        }
        pager.base = match position {
            Some(position) => pager.beyond(position),
            None => pager.first.clone(),
        };
        pager.next = Some(pager.base.clone());
        pager
    }

    /// The request for the next page; `None` at the end.
    pub(super) fn next_request(&self) -> Option<&PageRequest> {
        self.next.as_ref()
    }

    /// Whether a page came short that was not the last: what it left out may be missing from others too.
    pub(super) fn gives_short_answers(&self) -> bool {
        self.habits.gives_short_answers
    }

    /// Takes the answer to [`Self::next_request`].
    ///
    /// # Errors
    /// `invalid_response` for a list that repeats itself for ever.
    pub(super) fn take(&mut self, page: RecordPage, decoder: &mut RowDecoder) -> Result<WalkedPage> {
        let mut walked = self.walked(page, decoder)?;
        if !matches!(self.walk, Walk::Feed { .. }) {
            walked.rows.retain(|row| self.delivered.is_news(row));
            walked.rejects.retain(|reject| self.delivered.is_new_reject(reject));
        }
        Ok(walked)
    }

    fn walked(&mut self, page: RecordPage, decoder: &mut RowDecoder) -> Result<WalkedPage> {
        let Some(request) = self.next.take() else {
            return Ok(WalkedPage::default());
        };
        self.pass.requests += 1;
        self.began = self.began.or(page.date);
        let received = page.records.len();
        let (rows, rejects) = decode(page.records, decoder);
        if let Walk::Feed { .. } = self.walk {
            self.next = page.next_token.map(|token| PageRequest { token: Some(token), ..request });
            let rejects = page.rejects.into_iter().chain(rejects).collect();
            return Ok(WalkedPage { rows, rejects, total: page.total, date: page.date, position: None });
        }
        self.notice_total(page.total);
        self.notice_size(&request, received);
        let counted = self.pass.counted.take();
        let order = self.order(&rows, decoder, self.bound.filter(|_| counted.is_none()));
        if counted.is_some_and(|counted| received <= counted) && !matches!(order, Order::Broken) {
            self.next = self.end();
            return Ok(WalkedPage {
                position: self.position(),
                total: page.total,
                date: page.date,
                ..WalkedPage::default()
            });
        }
        if !self.joins(&request, &rows) && self.passes < MOST_PASSES {
            self.passes += 1;
            match received {
                // Where the app leaves the size out of account, nothing follows a full page that is the last.
                0 => self.any_size = false,
                _ => self.warn(MOVED.to_owned()),
            }
            self.next = Some(self.start_over());
            return Ok(WalkedPage { rows, rejects, total: page.total, date: page.date, position: None });
        }
        let repetition = self.pass.seen.note(&rows);
        let overlap = self.pass.covered.saturating_sub(self.offset_of(&request));
        self.pass.covered = self.offset_of(&request) + received;
        self.pass.last_key = rows.last().map(|row| row.key().to_owned());
        let fresh = self.drop_overlap(rows, overlap);
        self.pass.records += fresh.len() + rejects.len();
        self.next = match self.paging {
            Paging::None => None,
            Paging::Token { .. } => Self::after_token(&request, page.next_token, repetition.is_repeated)?,
            Paging::Number { .. } => {
                let nothing_new = fresh.is_empty() && rejects.is_empty();
                self.after_page(request, received, &repetition, nothing_new, order)?
            }
        };
        Ok(WalkedPage { rows: fresh, rejects, position: self.position(), total: page.total, date: page.date })
    }

    /// Everything before this instant is read; only ascending walks can say that.
    fn position(&self) -> Option<Timestamp> {
        let ascending = matches!(self.walk, Walk::Value { direction: Direction::Ascending, .. });
        match self.by_number {
            _ if !ascending => None,
            Some(stretch) => stretch.since,
            None => self.bound,
        }
    }

    fn after_token(
        request: &PageRequest,
        next: Option<String>,
        repeated: bool,
    ) -> Result<Option<PageRequest>> {
        let Some(token) = next else { return Ok(None) };
        if repeated || request.token.as_ref() == Some(&token) {
            return Err(endless("the next page is the same page again"));
        }
        Ok(Some(PageRequest { token: Some(token), ..request.clone() }))
    }

    fn after_page(
        &mut self,
        request: PageRequest,
        received: usize,
        repetition: &Repetition,
        nothing_new: bool,
        order: Order,
    ) -> Result<Option<PageRequest>> {
        let size = self.size_of(&request);
        if matches!(order, Order::Broken) && self.fall_back_to_numbers(&request) {
            return Ok(Some(self.start_over()));
        }
        if received == 0 {
            return Ok(self.after_empty_page(request));
        }
        self.pass.doubted = false;
        let is_short = received < size;
        if received > request.size as usize && repetition.is_repeated {
            let asked = self.first.size;
            self.warn(format!("the app ignores paging: it sent {received} records for a page of {asked}"));
            return Ok(self.end());
        }
        if is_short && nothing_new {
            return Ok(self.end());
        }
        if repetition.stale_pages >= MOST_STALE_PAGES {
            return Err(endless("the app sends the same records over and over"));
        }
        if repetition.is_repeated {
            return self.after_repeated_page(&request);
        }
        if is_short && self.habits.read_again == Some((request.number, received)) {
            // The same twice: this app leaves records out of its pages, so only an empty page is an end.
            self.habits.short_pages_are_normal = true;
        }
        if let Some(short) = self.pass.short.take()
            && let Some(again) = self.after_short_answer(short, received)?
        {
            return Ok(Some(again));
        }
        if is_short && self.has_spent_its_spare_request() {
            return Ok(self.end());
        }
        if self.is_far_enough_into_news() {
            return Ok(None);
        }
        if is_short && matches!(self.walk, Walk::Value { .. }) && self.pass.records >= size {
            return Ok(Some(self.last_page_by_number()));
        }
        let by_page = matches!(self.walk, Walk::Pages { .. });
        let next = if is_short && by_page { next_number(&request) } else { self.next_page(&request, order) };
        if is_short {
            self.pass.short = Some(Short { by_number: next.number > request.number, received, request });
        }
        Ok(Some(next))
    }

    /// The page of the whole list on which the last of the records stands that were counted, to see that it is the last
    /// one. Only once a full page came: an app whose pages are smaller counts them otherwise.
    fn last_page_by_number(&mut self) -> PageRequest {
        let size = self.full_size();
        self.pass.counted = Some(self.pass.records % size);
        let number = u32::try_from(self.pass.records / size).unwrap_or(u32::MAX).saturating_add(1);
        PageRequest { number, ..self.base.clone() }
    }

    /// By value, an answer holds at least the record that its bound was taken from, unless that was just changed.
    fn after_empty_page(&mut self, request: PageRequest) -> Option<PageRequest> {
        if self.bound.is_some() && request.number == 1 && !self.pass.doubted {
            self.pass.doubted = true;
            return Some(request);
        }
        self.end()
    }

    /// Whether asking once more after a short page would cost more than the one request that a walk allows itself
    /// beyond the pages that the records fill. An app that gave a short answer before is asked in any case.
    fn has_spent_its_spare_request(&self) -> bool {
        !self.habits.gives_short_answers
            && self.pass.requests as usize > self.pass.records.div_ceil(self.full_size())
    }

    /// A full page that was there before. A list that moves may do that; one that keeps doing it has no end.
    fn after_repeated_page(&mut self, request: &PageRequest) -> Result<Option<PageRequest>> {
        self.pass.repeats += 1;
        self.pass.moved = true;
        if self.pass.repeats >= MOST_REPEATS {
            return Err(endless("the app sends the same page for every number"));
        }
        Ok(Some(next_number(request)))
    }

    /// Something came after a page that looked like the last one: that was a short answer. What it left out has to be
    /// asked for again, unless the walk goes by value and went on where it ended.
    fn after_short_answer(&mut self, short: Short, received: usize) -> Result<Option<PageRequest>> {
        if short.received == received && received < self.full_size() {
            self.warn(format!("the app sends no more than {received} records a page"));
            if self.any_size {
                self.first.size = u32::try_from(received).unwrap_or(u32::MAX);
            } else {
                self.habits.own_size = Some(received);
            }
            let bound = self.bound;
            let first = self.start_over();
            self.base = bound.map_or(first, |bound| self.beyond(bound));
            return Ok(Some(self.base.clone()));
        }
        self.habits.gives_short_answers = true;
        if !short.by_number || self.habits.short_pages_are_normal {
            return Ok(None);
        }
        self.warn(format!("page {} came short and was read again", short.request.number));
        self.pass.repeats += 1;
        if self.pass.repeats > MOST_REPEATS {
            return Err(endless("a page in its middle keeps coming short"));
        }
        self.delivered.begin_again();
        self.pass.seen = Seen::default();
        self.pass.previous.clear();
        self.pass.covered = 0;
        self.pass.last_key = None;
        self.habits.read_again = Some((short.request.number, short.received));
        Ok(Some(short.request))
    }

    fn next_page(&mut self, request: &PageRequest, order: Order) -> PageRequest {
        let (Walk::Value { .. }, Order::Sorted { last: Some(last), ties }) = (self.walk, order) else {
            return self.next_joining_page(request);
        };
        if self.bound != Some(last) && ties <= LARGEST_TIE && self.pass.overlap + ties < self.size_of(request)
        {
            self.pass.overlap += ties;
            return self.beyond(last);
        }
        self.by_number = self.by_number.or(Some(Stretch { since: self.bound }));
        next_number(request)
    }

    /// The next page by number: one record smaller for as long as the spare request pays for the overlap, then of the
    /// size that was reached, and at last of full size.
    fn next_joining_page(&self, request: &PageRequest) -> PageRequest {
        if !self.any_size {
            return next_number(request);
        }
        let (full, size, number) = (self.first.size as usize, request.size as usize, request.number as usize);
        let shrinking_pages = (1..full).take_while(|pages| pages * pages + 2 * pages < full).count();
        let has_shrunk_each_time = size + number == full + 1;
        if has_shrunk_each_time && number <= shrinking_pages {
            return PageRequest { size: request.size - 1, number: request.number + 1, ..request.clone() };
        }
        let spent = (number * full).saturating_sub(self.pass.covered);
        if size == full || spent + (full - size) < full {
            return next_number(request);
        }
        let number = u32::try_from(self.pass.covered / full).unwrap_or(u32::MAX).saturating_add(1);
        PageRequest { size: self.first.size, number, ..request.clone() }
    }

    fn beyond(&mut self, last: Timestamp) -> PageRequest {
        let Walk::Value { direction, bound, .. } = self.walk else {
            return self.first.clone();
        };
        self.bound = Some(last);
        let mut request = self.first.clone();
        // "Before" leaves the instant itself out, "since" has it; apps compare whole seconds.
        let value = match direction {
            Direction::Ascending => last,
            Direction::Descending => last.checked_add(Duration::from_secs(1)).unwrap_or(last),
        };
        request.filter.insert(bound.to_owned(), Value::String(value.to_string()));
        request
    }

    /// The app does not sort or bound as declared, so no order is trusted any more. Whether the walk must start over:
    /// what was read by number so far is as good as any.
    fn fall_back_to_numbers(&mut self, request: &PageRequest) -> bool {
        self.warn("the app does not sort as declared; the list was read by page number".to_owned());
        self.walk = Walk::Pages { sort: None };
        self.by_number = None;
        let was_bound = self.bound.take().is_some();
        was_bound || request.number > 1
    }

    fn start_over(&mut self) -> PageRequest {
        self.pass = Pass::default();
        self.delivered.begin_again();
        self.base = self.first.clone();
        self.first.clone()
    }

    /// The end of a pass: the end of the walk, unless the list moved under it.
    fn end(&mut self) -> Option<PageRequest> {
        let is_incomplete = self.total.is_some_and(|total| total > self.pass.records as u64);
        if !(self.pass.moved || is_incomplete) || self.passes >= MOST_PASSES {
            return None;
        }
        self.passes += 1;
        self.warn(MOVED.to_owned());
        let since = self.by_number.take().and_then(|stretch| stretch.since);
        let first = self.start_over();
        self.bound = None;
        self.base = since.map_or(first, |since| self.beyond(since));
        Some(self.base.clone())
    }

    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Records that changed after the walk began come last in ascending order, for as long as somebody changes some.
    fn is_far_enough_into_news(&mut self) -> bool {
        let news = matches!(self.walk, Walk::Value { direction: Direction::Ascending, .. })
            && self.bound.zip(self.began).is_some_and(|(bound, began)| bound > began);
        self.pages_of_news += u32::from(news);
        self.pages_of_news > MOST_PAGES_OF_NEWS
    }

    fn notice_total(&mut self, total: Option<u64>) {
        let Some(total) = total else { return };
        if self.total.is_some_and(|before| before != total) {
            self.pass.moved = true;
        }
        self.total = Some(total);
    }

    /// More records than were asked for: the app leaves the size out of account.
    fn notice_size(&mut self, request: &PageRequest, received: usize) {
        if matches!(self.paging, Paging::Number { .. }) && received > self.size_of(request) {
            self.any_size = false;
            self.habits.own_size = Some(received);
        }
    }

    /// Records in a page that was asked for so, if it is not the last.
    fn size_of(&self, request: &PageRequest) -> usize {
        self.habits.own_size.unwrap_or(request.size as usize)
    }

    /// Records in a page that is not the last.
    fn full_size(&self) -> usize {
        self.size_of(&self.first)
    }

    /// Where a page by number begins.
    fn offset_of(&self, request: &PageRequest) -> usize {
        (request.number as usize).saturating_sub(1) * self.size_of(request)
    }

    /// Whether a page by number that overlaps the one before has the record that ended that one. Otherwise records moved
    /// forward between the two, and some were never seen.
    fn joins(&self, request: &PageRequest, rows: &[Row]) -> bool {
        let is_numbered = matches!(self.paging, Paging::Number { .. });
        let by_page = is_numbered && matches!(self.walk, Walk::Pages { .. });
        if !by_page || self.pass.covered <= self.offset_of(request) {
            return true;
        }
        self.pass.last_key.as_deref().is_none_or(|last| rows.iter().any(|row| row.key() == last))
    }

    /// Drops the records that the page before had already, with the same content. More of them than the two pages
    /// overlap tell that the list moved.
    fn drop_overlap(&mut self, rows: Vec<Row>, overlap: usize) -> Vec<Row> {
        let previous = std::mem::take(&mut self.pass.previous);
        self.pass.previous = rows.iter().map(|row| (row.key().to_owned(), *row.hash())).collect();
        let by_number = matches!(self.walk, Walk::Pages { .. });
        let before = rows.len();
        let rows: Vec<Row> =
            rows.into_iter().filter(|row| previous.get(row.key()) != Some(row.hash())).collect();
        // A page that is the same as a whole is no sign of movement: the app does not page.
        if by_number && rows.len() + overlap < before && !rows.is_empty() {
            self.pass.moved = true;
        }
        rows
    }

    /// Whether the page is sorted as the walk needs it and what its last value is.
    fn order(&mut self, rows: &[Row], decoder: &RowDecoder, bound: Option<Timestamp>) -> Order {
        let Walk::Value { field, direction, .. } = self.walk else {
            return Order::Sorted { last: None, ties: 0 };
        };
        let Some(index) = decoder.columns().iter().position(|column| column.name == field) else {
            return Order::Broken;
        };
        let mut last = bound;
        let mut ties = 0;
        for row in rows {
            let Some(value) = row.cell(index).and_then(|text| text.parse::<Timestamp>().ok()) else {
                return Order::Broken;
            };
            let backwards = |last: Timestamp| match direction {
                Direction::Ascending => value < last,
                Direction::Descending => value > last,
            };
            if last.is_some_and(backwards) {
                return Order::Broken;
            }
            ties = if last == Some(value) { ties + 1 } else { 1 };
            last = Some(value);
        }
        if let (Some(_), Some(began), Some(last)) = (self.by_number, self.began, last)
            && last > began
        {
            self.pass.moved = true;
        }
        Order::Sorted { last, ties }
    }
}

/// A page with fewer records than were asked for.
struct Short {
    request: PageRequest,
    received: usize,
    /// Whether the request after it went on by number, which leaves out what was missing.
    by_number: bool,
}

/// A part of a walk by value that goes by number, from a bound on; from the start of the list where there is none.
#[derive(Clone, Copy)]
struct Stretch {
    since: Option<Timestamp>,
}

/// How a page is sorted.
#[derive(Clone, Copy)]
enum Order {
    /// As needed; `ties` records have the last value.
    Sorted { last: Option<Timestamp>, ties: usize },
    /// Not as needed, or some records have no value.
    Broken,
}

fn next_number(request: &PageRequest) -> PageRequest {
    PageRequest { number: request.number.saturating_add(1), ..request.clone() }
}

fn endless(what: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidResponse, format!("the list has no end: {what}"))
}

fn decode(
    records: Vec<Box<serde_json::value::RawValue>>,
    decoder: &mut RowDecoder,
) -> (Vec<Row>, Vec<Reject>) {
    let mut rows = Vec::with_capacity(records.len());
    let mut rejects = Vec::new();
    for record in records {
        match decoder.decode(record) {
            Ok(row) => rows.push(row),
            Err((error, record)) => rejects.push(reject(&error, &record)),
        }
    }
    (rows, rejects)
}

/// A record that cannot become a row.
pub(super) fn reject(error: &RowError, record: &serde_json::value::RawValue) -> Reject {
    Reject {
        payload: record.get().to_owned(),
        code: error.code().to_owned(),
        path: error.field().map(|field| format!("/{field}")),
        reason: error.to_string(),
    }
}
