//! Walks over a simulated list that changes between two requests, and over lists that misbehave.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::stream::{Columns, Filter, FilterKind, PageRequest, RecordPage, Stream};

const SIZE: u32 = 100;

/// When everything begins, in seconds.
const START: i64 = 1_700_000_000;

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a second of this century")
}

#[derive(Debug, Clone, PartialEq)]
struct Record {
    id: u32,
    created_at: i64,
    updated_at: i64,
}

/// How the simulated app answers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manners {
    Good,
    /// Leaves `sort` and filters out of account.
    IgnoresSort,
    /// Sends everything for every page.
    IgnoresPaging,
    /// Sends the first page for every number.
    RepeatsFirstPage,
    /// Sends half of the page asked for, at this request.
    ShortAt(usize),
    /// Sends nothing, at this request.
    EmptyAt(usize),
    /// Sends no more than 50 records, and counts its pages by that.
    AtMostFifty,
    /// Sends pages of so many records, whatever size is asked for.
    OwnSize(usize),
    /// Refuses to give pages of other sizes than 100.
    OneSize,
    /// Sends any 100 records, whatever is asked.
    Random,
}

/// An app with one list.
struct App {
    records: Vec<Record>,
    now: i64,
    next_id: u32,
    manners: Manners,
    requests: usize,
    /// Records that have no time of change, and whether they are sorted before the others.
    without_value: (BTreeSet<u32>, bool),
}

impl App {
    fn new(count: u32, manners: Manners) -> Self {
        // Later records were created later but changed in another order; some share a second.
        let record = |id: u32| Record {
            id,
            created_at: START + i64::from(id),
            updated_at: START + 100_000 + i64::from(id.wrapping_mul(7919) % (count.max(1) * 2) / 2),
        };
        Self {
            records: (0..count).map(record).collect(),
            now: START + 1_000_000,
            next_id: count,
            manners,
            requests: 0,
            without_value: (BTreeSet::new(), false),
        }
    }

    fn answer(&mut self, request: &PageRequest) -> RecordPage {
        self.requests += 1;
        self.now += 1;
        let mut rows: Vec<&Record> = self.records.iter().collect();
        let (without_value, first) = &self.without_value;
        let second = |name: &str| {
            let text = request.filter.get(name)?.as_str()?;
            text.parse::<Timestamp>().ok().map(Timestamp::as_second)
        };
        if !matches!(self.manners, Manners::IgnoresSort | Manners::Random) {
            if let Some(since) = second("updated_since") {
                rows.retain(|row| row.updated_at >= since && !without_value.contains(&row.id));
            }
            if let Some(before) = second("created_before") {
                rows.retain(|row| row.created_at < before);
            }
            if let Some((field, direction)) = request.sort.first() {
                let key = |row: &&Record| {
                    if field == "updated_at" { row.updated_at } else { row.created_at }
                };
                rows.sort_unstable_by_key(|row| {
                    (without_value.contains(&row.id) != *first, key(row), row.id)
                });
                if *direction == Direction::Descending {
                    rows.reverse();
                }
            }
        }
        assert!(self.manners != Manners::OneSize || request.size == SIZE, "{} records a page", request.size);
        let number = if self.manners == Manners::RepeatsFirstPage { 1 } else { request.number };
        let (skip, take) = match self.manners {
            Manners::IgnoresPaging => (0, usize::MAX),
            Manners::ShortAt(at) if at == self.requests => (page_start(number, SIZE), SIZE as usize / 2),
            Manners::EmptyAt(at) if at == self.requests => (0, 0),
            Manners::AtMostFifty => (page_start(number, request.size.min(50)), request.size.min(50) as usize),
            Manners::OwnSize(size) => ((number as usize - 1) * size, size),
            Manners::Random => ((self.requests * 37) % (rows.len() - SIZE as usize), SIZE as usize),
            _ => (page_start(number, request.size), request.size as usize),
        };
        let json = |row: &&Record| {
            let record = json!({
                "id": row.id.to_string(),
                "created_at": instant(row.created_at),
                "updated_at": (!without_value.contains(&row.id)).then(|| instant(row.updated_at)),
            });
            RawValue::from_string(record.to_string()).expect("JSON")
        };
        RecordPage {
            records: rows.iter().skip(skip).take(take).map(json).collect(),
            date: Some(instant(self.now)),
            ..RecordPage::default()
        }
    }

    fn change(&mut self, change: &Change) {
        self.now += 1;
        let count = self.records.len();
        match *change {
            Change::Insert => {
                let (id, now) = (self.next_id, self.now);
                self.next_id += 1;
                self.records.push(Record { id, created_at: now, updated_at: now });
            }
            Change::Update(at) if count > 0 => self.records[at % count].updated_at = self.now,
            Change::Delete(at) if count > 0 => {
                self.records.remove(at % count);
            }
            _ => {}
        }
    }

    fn ids(&self) -> BTreeSet<u32> {
        self.records.iter().map(|record| record.id).collect()
    }
}

fn page_start(number: u32, size: u32) -> usize {
    (number as usize - 1) * size as usize
}

#[derive(Debug, Clone)]
enum Change {
    Nothing,
    Insert,
    Update(usize),
    Delete(usize),
}

const BY_CHANGE: Walk =
    Walk::Value { field: "updated_at", direction: Direction::Ascending, bound: "updated_since" };
const BY_CREATION: Walk =
    Walk::Value { field: "created_at", direction: Direction::Descending, bound: "created_before" };
const BY_PAGE: Walk = Walk::Pages { sort: Some("created_at") };

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct Schema {
    id: String,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

fn declaration(walk: Walk, paging: Paging) -> StreamDeclaration {
    let stream =
        Stream::<()>::new::<Schema, _, _>("things", "thing", |_, _| async { Ok(RecordPage::default()) });
    let date_time = |name| Filter::new(name, FilterKind::DateTime);
    let filters: &'static [Filter] =
        Box::leak(Box::new([date_time("updated_since"), date_time("created_before")]));
    let declare = |stream: &mut StreamDeclaration| {
        stream.paging = paging;
        stream.walk = walk;
        stream.filters = filters;
        stream.sorts = &["created_at", "updated_at"];
    };
    stream.declare(declare).declaration
}

const ANY_SIZE: Paging = Paging::Number { largest: SIZE, any_size: true };
const ONE_SIZE: Paging = Paging::Number { largest: SIZE, any_size: false };

struct Walked {
    ids: BTreeSet<u32>,
    /// Rows that were given, each as often as it was.
    rows: usize,
    is_doubtful: bool,
    requests: usize,
    warnings: Vec<String>,
    last: Vec<(u32, i64)>,
}

fn walk(app: &mut App, walk: Walk, changes: &[Change], position: Option<Timestamp>) -> Result<Walked> {
    walk_in(ANY_SIZE, app, walk, changes, position)
}

fn walk_in(
    paging: Paging,
    app: &mut App,
    walk: Walk,
    changes: &[Change],
    position: Option<Timestamp>,
) -> Result<Walked> {
    let declaration = declaration(walk, paging);
    let columns = Columns::from_schema(&crate::schema::output_schema_of::<Schema>(), &["id"]);
    let mut decoder = RowDecoder::new(columns, &["id"]);
    let mut pager = Pager::new(&declaration, declaration.first_page(SIZE), position);
    let mut walked = Walked {
        ids: BTreeSet::new(),
        rows: 0,
        is_doubtful: false,
        requests: 0,
        warnings: vec![],
        last: vec![],
    };
    let mut changes = changes.iter();
    while let Some(request) = pager.next_request().cloned() {
        let page = pager.take(app.answer(&request), &mut decoder)?;
        walked.rows += page.rows.len();
        for row in &page.rows {
            let record: Value = serde_json::from_str(row.document()).expect("JSON");
            let id: u32 = row.key().parse().expect("a number");
            walked.ids.insert(id);
            if let Some(updated) = record["updated_at"].as_str() {
                walked.last.push((id, updated.parse::<Timestamp>().expect("an instant").as_second()));
            }
        }
        walked.requests += 1;
        assert!(walked.requests < 2000, "a walk must end");
        if let Some(change) = changes.next() {
            app.change(change);
        }
    }
    walked.is_doubtful = pager.gives_short_answers();
    walked.warnings = pager.warnings;
    Ok(walked)
}

#[test]
fn a_list_that_stands_still_costs_one_request_beyond_its_pages() {
    for order in [BY_CHANGE, BY_CREATION, BY_PAGE] {
        for count in [0, 1, 2, 99, 100, 101, 199, 200, 201, 250, 999, 1000, 1001, 9_900, 11_000] {
            let mut app = App::new(count, Manners::Good);
            let walked = walk(&mut app, order, &[], None).unwrap();
            assert_eq!(walked.ids, app.ids(), "{order:?} {count}");
            // By page, overlap costs a whole page where the last one of a long list is exactly full.
            let full_last = order == BY_PAGE && count > 1000 && count % SIZE == 0;
            let most = count.div_ceil(SIZE) as usize + 1 + usize::from(full_last);
            assert!(walked.requests <= most, "{order:?}: {} requests for {count} records", walked.requests);
            assert_eq!(walked.warnings, Vec::<String>::new());
        }
    }
}

#[test]
fn records_of_one_second_are_all_read() {
    for order in [BY_CHANGE, BY_CREATION] {
        let mut app = App::new(1234, Manners::Good);
        for record in &mut app.records {
            record.created_at = START;
            record.updated_at = START;
        }
        assert_eq!(walk(&mut app, order, &[], None).unwrap().ids.len(), 1234);
    }
}

#[test]
fn an_app_that_ignores_the_sort_is_read_by_number() {
    for order in [BY_CHANGE, BY_CREATION] {
        let mut app = App::new(777, Manners::IgnoresSort);
        app.records.reverse();
        app.records.swap(3, 500);
        let walked = walk(&mut app, order, &[], None).unwrap();
        assert_eq!(walked.ids.len(), 777);
        assert!(walked.warnings[0].contains("does not sort"));
    }
}

#[test]
fn an_app_that_ignores_paging_is_read_once() {
    for count in [50, 100, 250] {
        let mut app = App::new(count, Manners::IgnoresPaging);
        let walked = walk(&mut app, BY_PAGE, &[], None).unwrap();
        assert_eq!((walked.ids.len(), walked.requests <= 2), (count as usize, true));
    }
}

#[test]
fn an_app_that_repeats_its_first_page_for_ever_is_an_error() {
    let mut app = App::new(250, Manners::RepeatsFirstPage);
    let error = walk(&mut app, BY_PAGE, &[], None).err().unwrap();
    assert_eq!(error.code(), ErrorCode::InvalidResponse);
    assert!(app.requests < 40, "{}", app.requests);
}

#[test]
fn records_without_a_value_are_read_wherever_they_stand() {
    for first in [true, false] {
        for (with, without) in [(0, 5), (3, 1), (99, 1), (150, 67), (333, 67), (333, 1), (450, 700)] {
            let mut app = App::new(with + without, Manners::Good);
            app.without_value =
                (app.records[with as usize..].iter().map(|record| record.id).collect(), first);
            let walked = walk(&mut app, BY_CHANGE, &[], None).unwrap();
            assert_eq!(
                walked.ids.len(),
                (with + without) as usize,
                "{with} with, {without} without, first: {first}"
            );
        }
    }
}

#[test]
fn an_app_that_sends_the_same_records_in_any_order_for_ever_is_an_error() {
    for order in [BY_CHANGE, BY_PAGE] {
        let mut app = App::new(350, Manners::Random);
        let error = walk(&mut app, order, &[], None).err().unwrap();
        assert_eq!(error.code(), ErrorCode::InvalidResponse);
        assert!(app.requests < 100);
    }
}

#[test]
fn an_app_with_smaller_pages_than_asked_for_is_read_whole() {
    for order in [BY_CHANGE, BY_CREATION, BY_PAGE] {
        for count in [49, 50, 51, 400] {
            let mut app = App::new(count, Manners::AtMostFifty);
            let walked = walk(&mut app, order, &[], None).unwrap();
            assert_eq!((walked.ids.len(), walked.rows), (count as usize, count as usize), "{order:?}");
            // Two pages of one size tell that it is the app's; a last one that is shorter may have come short.
            assert_eq!(walked.is_doubtful, count == 51, "{order:?} {count}");
        }
    }
}

#[test]
fn an_app_that_takes_one_size_is_asked_for_no_other() {
    for order in [BY_CHANGE, BY_CREATION, BY_PAGE] {
        for count in [0, 1, 99, 100, 101, 230, 1000, 1001] {
            let mut app = App::new(count, Manners::OneSize);
            let walked = walk_in(ONE_SIZE, &mut app, order, &[], None).unwrap();
            assert_eq!((walked.ids, walked.rows), (app.ids(), count as usize), "{order:?} {count}");
            assert!(walked.requests <= count.div_ceil(SIZE) as usize + 1, "{} requests", walked.requests);
            assert_eq!(walked.warnings, Vec::<String>::new());
        }
    }
}

#[test]
fn an_app_with_pages_of_its_own_size_is_read_whole_and_does_not_seem_to_move() {
    for (paging, order) in [ANY_SIZE, ONE_SIZE].into_iter().flat_map(|p| [BY_PAGE, BY_CHANGE].map(|o| (p, o)))
    {
        for (size, count) in
            [20, 100, 250].into_iter().flat_map(|s| [0, 1, 20, 100, 230, 501].map(|c| (s, c)))
        {
            let mut app = App::new(count, Manners::OwnSize(size));
            let walked = walk_in(paging, &mut app, order, &[], None).unwrap();
            let what = format!("{order:?} {paging:?}, {count} in pages of {size}: {:?}", walked.warnings);
            assert_eq!((walked.ids, walked.rows), (app.ids(), count as usize), "{what}");
            assert!(!walked.is_doubtful && !walked.warnings.iter().any(|warning| warning == MOVED), "{what}");
            assert!(walked.requests <= (count as usize).div_ceil(size) + 4, "{what}: {}", walked.requests);
        }
    }
}

#[test]
fn without_overlap_a_list_shows_that_it_moved_by_a_record_that_comes_again() {
    // Newest first: what is new puts the last record of a page on the next one once more.
    const NEWEST_FIRST: Walk = Walk::Pages { sort: None };
    let mut app = App::new(400, Manners::OneSize);
    let declaration = declaration(NEWEST_FIRST, ONE_SIZE);
    let columns = Columns::from_schema(&crate::schema::output_schema_of::<Schema>(), &["id"]);
    let mut decoder = RowDecoder::new(columns, &["id"]);
    let mut pager = Pager::new(&declaration, declaration.first_page(SIZE), None);
    let mut rows = 0;
    while let Some(request) = pager.next_request().cloned() {
        rows += pager.take(app.answer(&request), &mut decoder).unwrap().rows.len();
        if app.requests == 1 {
            let new = Record { id: 400, created_at: app.now, updated_at: app.now };
            app.records.insert(0, new);
        }
    }
    assert_eq!((rows, pager.warnings), (401, vec![MOVED.to_owned()]));
}

#[test]
fn pages_that_name_the_next_are_each_read_once() {
    for count in [0, 1, 100, 250, 1000] {
        let mut app = App::new(count, Manners::Good);
        let declaration = declaration(Walk::Pages { sort: None }, Paging::Token { largest: SIZE });
        let columns = Columns::from_schema(&crate::schema::output_schema_of::<Schema>(), &["id"]);
        let mut decoder = RowDecoder::new(columns, &["id"]);
        let mut pager = Pager::new(&declaration, declaration.first_page(SIZE), None);
        let (mut rows, mut requests) = (0, 0);
        while let Some(request) = pager.next_request().cloned() {
            let number: u32 = request.token.as_ref().map_or(1, |token| token.parse().unwrap());
            let mut page = app.answer(&PageRequest { number, ..request });
            page.next_token = (number * SIZE < count).then(|| (number + 1).to_string());
            rows += pager.take(page, &mut decoder).unwrap().rows.len();
            requests += 1;
        }
        assert_eq!((rows, requests), (count as usize, count.div_ceil(SIZE).max(1)));
        assert_eq!(pager.warnings, Vec::<String>::new());
    }
}

#[test]
fn by_value_an_empty_answer_in_the_middle_is_not_the_end() {
    for order in [BY_CHANGE, BY_CREATION] {
        for at in 2..=6 {
            let mut app = App::new(600, Manners::EmptyAt(at));
            assert_eq!(walk(&mut app, order, &[], None).unwrap().ids.len(), 600, "{order:?} at {at}");
        }
    }
}

#[test]
fn a_short_answer_in_the_middle_is_not_the_end() {
    for order in [BY_CHANGE, BY_CREATION, BY_PAGE] {
        // By page the last one is out of reach: a short last page and a shorter list look the same.
        let last = if order == BY_PAGE { 5 } else { 6 };
        for at in 1..=last {
            let mut app = App::new(600, Manners::ShortAt(at));
            assert_eq!(walk(&mut app, order, &[], None).unwrap().ids.len(), 600, "{order:?} at {at}");
        }
    }
}

#[test]
fn a_walk_goes_on_where_an_earlier_one_was_cut() {
    let mut app = App::new(1000, Manners::Good);
    let mut all: Vec<_> = app.records.iter().map(|record| record.updated_at).collect();
    all.sort_unstable();
    let walked = walk(&mut app, BY_CHANGE, &[], Some(instant(all[600]))).unwrap();
    let rest = app.records.iter().filter(|record| record.updated_at >= all[600]).count();
    assert_eq!(walked.ids.len(), rest);
    assert!(walked.requests <= 6);
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Nothing),
        Just(Change::Insert),
        (0..5000_usize).prop_map(Change::Update),
        (0..5000_usize).prop_map(Change::Delete),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The promise: whatever was there from the beginning to the end is read, and by change nothing newer is missed.
    #[test]
    fn by_value_nothing_is_lost_whatever_changes(count in 0..1500_u32, changes in changes(), by_change: bool) {
        let mut app = App::new(count, Manners::Good);
        let before = app.ids();
        let order = if by_change { BY_CHANGE } else { BY_CREATION };
        let walked = walk(&mut app, order, &changes, None).unwrap();
        let stayed: BTreeSet<u32> = before.intersection(&app.ids()).copied().collect();
        prop_assert!(walked.ids.is_superset(&stayed), "lost {:?}", stayed.difference(&walked.ids).collect::<Vec<_>>());
    }

    /// By page the first thousand records are as safe.
    #[test]
    fn by_page_nothing_of_a_short_list_is_lost(count in 0..900_u32, changes in prop::collection::vec(change(), 0..8)) {
        let mut app = App::new(count, Manners::Good);
        let before = app.ids();
        let walked = walk(&mut app, BY_PAGE, &changes, None).unwrap();
        let stayed: BTreeSet<u32> = before.intersection(&app.ids()).copied().collect();
        let gave_up = !walked.warnings.is_empty() && changes.len() > 4;
        prop_assert!(gave_up || walked.ids.is_superset(&stayed), "lost {:?}", stayed.difference(&walked.ids).collect::<Vec<_>>());
    }

    /// In longer lists a delete can hide a record until the next complete read, but inserts and updates cannot.
    #[test]
    fn by_page_inserts_and_updates_lose_nothing(count in 0..1500_u32, changes in changes()) {
        let mut app = App::new(count, Manners::Good);
        let before = app.ids();
        let harmless: Vec<_> =
            changes.into_iter().map(|change| if matches!(change, Change::Delete(_)) { Change::Nothing } else { change }).collect();
        let walked = walk(&mut app, BY_PAGE, &harmless, None).unwrap();
        prop_assert!(walked.ids.is_superset(&before));
    }

    /// The version of a record that is read last is at least as new as the one at the walk's beginning.
    #[test]
    fn a_later_version_is_never_followed_by_an_older_one(count in 1..800_u32, changes in changes()) {
        let mut app = App::new(count, Manners::Good);
        let walked = walk(&mut app, BY_CHANGE, &changes, None).unwrap();
        let mut newest = HashMap::new();
        for (id, updated) in walked.last {
            let before = newest.insert(id, updated);
            prop_assert!(before.is_none_or(|before| before <= updated));
        }
    }
}
