//! One stream of a run: what to read, reading it, writing it, telling how it went.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;

use super::progress::Progress;
use super::report::{Mode, Status, StreamReport};
use super::sink::{Batch, SinkRun, StreamState, StreamWriter, Table, UnfinishedRead, Written};
use super::walk::{Pager, WalkedPage};
use crate::call::CallContext;
use crate::envelope::error_json;
use crate::error::{ConnectorError, Result};
use crate::integration::{StreamEntry, columns_of};
use crate::stream::{Column, PageRequest, RowDecoder, StreamDeclaration, Walk};

/// Rows in a batch, at most. Each batch costs the database a commit, which waits for its disk.
const LARGEST_BATCH_ROWS: usize = 4000;

/// Bytes in a batch, roughly at most.
const LARGEST_BATCH_BYTES: usize = 8 << 20;

/// Pages that wait for the writer, at most. With the largest pages of an app this bounds the memory of a stream.
const WAITING_PAGES: usize = 40;

/// Subtracted from the start of a read: the app's own servers may disagree about the time by a little.
const OVERLAP: Duration = Duration::from_mins(1);

const DAY: Duration = Duration::from_hours(24);

/// Age at which an incremental stream is read completely again: not every change moves the app's own time of change,
/// and where a walk goes by page number, a delete during the first read can hide a record.
fn longest_without_full_read(walk: Walk) -> Duration {
    match walk {
        Walk::Value { .. } => 7 * DAY,
        Walk::Pages { .. } => DAY,
    }
}

/// Time for the last write after somebody asked to stop.
const LONGEST_LAST_WRITE: Duration = Duration::from_millis(2500);

/// One stream of a run.
pub(super) struct StreamSync<'a> {
    context: CallContext,
    stream: &'a StreamEntry,
    wanted: Option<Mode>,
    started: Instant,
    progress: Arc<dyn Progress>,
    report: StreamReport,
    adjusted: u64,
}

/// What is read, and from where.
struct Plan {
    mode: Mode,
    /// Start of the read by the app's clock; known with the first answer.
    started_at: Option<Timestamp>,
    since: Option<Timestamp>,
    position: Option<Timestamp>,
}

/// A page on its way to the writer, with the columns known when it was decoded.
struct Page {
    walked: WalkedPage,
    columns: Arc<[Column]>,
    requests: u64,
}

impl<'a> StreamSync<'a> {
    pub(super) fn new(context: &CallContext, stream: &'a StreamEntry, wanted: Option<Mode>) -> Self {
        let report = StreamReport {
            stream: stream.declaration.name.to_owned(),
            mode: Mode::Full,
            status: Status::Interrupted,
            requests: 0,
            received: 0,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            deleted: 0,
            rejected: 0,
            cursor: None,
            seconds: 0.0,
            error: None,
            warnings: Vec::new(),
        };
        Self {
            context: context.with_own_count(),
            stream,
            wanted,
            started: Instant::now(),
            progress: context.host().progress(),
            report,
            adjusted: 0,
        }
    }

    /// Reads and writes the stream. The error is in the report too, in the form of envelopes.
    pub(super) async fn run(mut self, run: &dyn SinkRun) -> (StreamReport, Option<ConnectorError>) {
        self.started = Instant::now();
        let result = if self.context.host().stop().is_given() { Ok(false) } else { self.sync(run).await };
        let error = match result {
            Ok(complete) => {
                self.report.status = match (complete, self.report.rejected) {
                    (false, _) => Status::Interrupted,
                    (true, 0) => Status::Succeeded,
                    (true, _) => Status::Partial,
                };
                None
            }
            Err(error) => {
                let wrote = self.report.inserted + self.report.updated + self.report.unchanged > 0;
                self.report.status = if wrote { Status::Partial } else { Status::Failed };
                let app_id = self.context.integration().app_id();
                let raised_in = format!("{app_id}::{}:sync", self.report.stream);
                self.report.error = Some(error_json(&error, app_id, &raised_in));
                tracing::error!(stream = self.report.stream, ?error, "stream failed");
                Some(error)
            }
        };
        self.report.requests = self.context.requests();
        self.report.seconds = (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        self.progress.finished(&self.report);
        (self.report, error)
    }

    /// Whether the read got to its end.
    async fn sync(&mut self, run: &dyn SinkRun) -> Result<bool> {
        let declaration = &self.stream.declaration;
        let mut decoder = RowDecoder::new(columns_of(declaration), declaration.key);
        let table = Table {
            name: declaration.name.to_owned(),
            key: declaration.key.iter().map(|key| (*key).to_owned()).collect(),
            columns: decoder.columns().to_vec(),
            children: Vec::new(),
        };
        let mut opened = run.open_stream(&table).await?;
        decoder.set_existing(opened.existing);
        let plan = plan(declaration, &opened.state, self.wanted);
        self.report.mode = plan.mode;
        self.report.cursor = opened.state.cursor;
        self.progress.started(declaration.name, plan.mode);

        let (sender, receiver) = mpsc::channel(WAITING_PAGES);
        let reader = Reader {
            context: self.context.clone(),
            stream: self.stream,
            pager: Pager::new(declaration, first_page(&self.context, declaration, plan.since), plan.position),
            decoder,
        };
        let writing = self.write(&mut *opened.writer, opened.state, plan, receiver);
        let (read, written) = tokio::join!(reader.read(sender), writing);
        // A writer that failed makes the reader stop early, so its error is the cause.
        let complete = written?;
        let (finished, warnings) = read?;
        self.report.warnings = warnings;
        if self.adjusted > 0 {
            self.report.warnings.push(format!(
                "{} records hold characters or values that the database refuses; they were stored without them",
                self.adjusted
            ));
        }
        Ok(complete && finished)
    }

    /// Writes pages as they come, as many at a time as are waiting. Whether the reader said that it is at the end.
    async fn write(
        &mut self,
        writer: &mut dyn StreamWriter,
        mut state: StreamState,
        mut plan: Plan,
        mut pages: mpsc::Receiver<Option<Page>>,
    ) -> Result<bool> {
        let mut stop = self.context.host().stop();
        let mut at_end = false;
        while let Some(message) = pages.recv().await {
            let mut batch = Batch::default();
            let mut position = None;
            let mut total = None;
            let mut next = Some(message);
            while let Some(message) = next.take() {
                let Some(page) = message else {
                    at_end = true;
                    break;
                };
                plan.started_at = plan.started_at.or_else(|| Some(start_of_read(page.walked.date)));
                position = page.walked.position.or(position);
                total = page.walked.total.or(total);
                self.report.received += (page.walked.rows.len() + page.walked.rejects.len()) as u64;
                self.report.requests = page.requests;
                add(&mut batch, page);
                if batch.rows().len() < LARGEST_BATCH_ROWS && batch.size() < LARGEST_BATCH_BYTES {
                    next = pages.try_recv().ok();
                }
            }
            if at_end {
                complete(&mut state, &plan);
            } else {
                mark_unfinished(&mut state, &plan, position);
            }
            if !batch.is_empty() || at_end {
                let write = writer.write(batch, &state);
                let written = tokio::select! {
                    written = write => written?,
                    () = too_late(&mut stop) => return Ok(false),
                };
                self.count(written);
                self.report.cursor = state.cursor;
                self.progress.advanced(
                    &self.report.stream,
                    self.report.received,
                    self.report.requests,
                    total,
                );
            }
        }
        Ok(at_end)
    }

    fn count(&mut self, written: Written) {
        self.report.inserted += written.inserted;
        self.report.updated += written.updated;
        self.report.unchanged += written.unchanged;
        self.report.deleted += written.deleted;
        self.report.rejected += written.rejected;
        self.adjusted += written.adjusted;
    }
}

/// Fetches pages ahead of the writer.
struct Reader<'a> {
    context: CallContext,
    stream: &'a StreamEntry,
    pager: Pager,
    decoder: RowDecoder,
}

impl Reader<'_> {
    /// Whether the end was reached, and what people should know. `None` through the channel says that it was.
    async fn read(mut self, pages: mpsc::Sender<Option<Page>>) -> Result<(bool, Vec<String>)> {
        let mut stop = self.context.host().stop();
        let mut columns: Arc<[Column]> = self.decoder.columns().into();
        while let Some(request) = self.pager.next_request().cloned() {
            let fetched = tokio::select! {
                page = (self.stream.read)(self.context.clone(), request) => page,
                () = stop.given() => return Ok((false, self.warnings())),
                // The writer gave up: what is being fetched, or waited for, is of no use any more.
                () = pages.closed() => return Ok((false, self.warnings())),
            };
            let walked = self.pager.take(fetched?, &mut self.decoder)?;
            if self.decoder.columns().len() != columns.len() {
                columns = self.decoder.columns().into();
            }
            let page = Page { walked, columns: Arc::clone(&columns), requests: self.context.requests() };
            if pages.send(Some(page)).await.is_err() {
                return Ok((false, self.warnings()));
            }
        }
        let delivered = pages.send(None).await.is_ok();
        Ok((delivered, self.warnings()))
    }

    fn warnings(&mut self) -> Vec<String> {
        let misfits = self.decoder.misfits().map(|(column, count)| {
            format!("{count} values did not fit the type of column {column}; they are in _doc only")
        });
        std::mem::take(&mut self.pager.warnings).into_iter().chain(misfits).collect()
    }
}

fn add(batch: &mut Batch, page: Page) {
    batch.set_columns(&page.columns);
    for row in page.walked.rows {
        batch.push(row);
    }
    for reject in page.walked.rejects {
        batch.push_reject(reject);
    }
}

/// Comes true some time after somebody asked to stop.
async fn too_late(stop: &mut crate::host::StopSignal) {
    stop.given().await;
    tokio::time::sleep(LONGEST_LAST_WRITE).await;
}

/// Incremental where the app can tell what changed and an earlier read was complete; else everything. An interrupted
/// read is taken up again.
fn plan(declaration: &StreamDeclaration, state: &StreamState, wanted: Option<Mode>) -> Plan {
    let now = Timestamp::now();
    let longest = longest_without_full_read(declaration.walk).try_into().unwrap_or_default();
    let is_due = |at: Timestamp| now.duration_since(at) > longest;
    let cursor = state.cursor.filter(|_| declaration.changed_since.is_some() && wanted != Some(Mode::Full));
    let incremental = cursor.filter(|_| !state.full_read_at.is_none_or(is_due));
    let mode = if incremental.is_some() { Mode::Incremental } else { Mode::Full };
    let unfinished = state.unfinished.as_ref().filter(|unfinished| {
        unfinished.full == (mode == Mode::Full)
            && unfinished.position.is_some()
            && !is_due(unfinished.started_at)
    });
    Plan {
        mode,
        started_at: unfinished.map(|unfinished| unfinished.started_at),
        since: incremental,
        position: unfinished.and_then(|unfinished| unfinished.position),
    }
}

fn first_page(
    context: &CallContext,
    declaration: &StreamDeclaration,
    since: Option<Timestamp>,
) -> PageRequest {
    let mut first = declaration.first_page(context.integration().page_size(context.settings_any()));
    if let (Some(filter), Some(since)) = (declaration.changed_since, since) {
        first.filter.insert(filter.to_owned(), Value::String(since.to_string()));
    }
    first
}

/// The earlier of the app's clock and ours: reading a little twice is harmless, a gap is not.
fn start_of_read(date: Option<Timestamp>) -> Timestamp {
    let now = Timestamp::now();
    date.map_or(now, |date| date.min(now))
}

fn mark_unfinished(state: &mut StreamState, plan: &Plan, position: Option<Timestamp>) {
    let Some(started_at) = plan.started_at else { return };
    let before = state.unfinished.take().and_then(|unfinished| unfinished.position);
    let position = position.or(before).or(plan.position);
    state.unfinished = Some(UnfinishedRead { started_at, full: plan.mode == Mode::Full, position });
}

fn complete(state: &mut StreamState, plan: &Plan) {
    let started_at = plan.started_at.unwrap_or_else(Timestamp::now);
    state.cursor = Some(started_at.checked_sub(OVERLAP).unwrap_or(started_at));
    if plan.mode == Mode::Full {
        state.full_read_at = Some(started_at);
    }
    state.unfinished = None;
}
