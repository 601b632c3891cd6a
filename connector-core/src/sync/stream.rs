//! One stream of a run: what to do with it, doing it, telling how it went.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tracing::field::Empty;
use tracing::{Instrument, info_span};

use super::account::other_account;
use super::children;
use super::details::Details;
use super::findings::Findings;
use super::plan::Plan;
use super::progress::Progress;
use super::reader::{ParentsPlan, ReadEnd, Reader};
use super::report::{Mode, Status, StreamReport};
use super::sink::{OpenedStream, SinkRun, StreamWriter, Table};
use super::state::StreamState;
use super::work::{Task, Work};
use super::writing::{Tally, Writing};
use super::{records, rejects};
use crate::call::CallContext;
use crate::envelope::error_json;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::{StreamEntry, columns_of};
use crate::stream::{RowDecoder, StreamDeclaration, Walk};
use crate::telemetry;

/// Pages that wait for the writer, at most. With the largest pages of an app this bounds the memory of a stream.
const WAITING_PAGES: usize = 40;

/// The same of a feed: nothing has to be asked for ahead of time.
const WAITING_PAGES_OF_A_FEED: usize = 4;

/// One stream of a run.
pub(super) struct StreamSync<'a> {
    pub(super) context: CallContext,
    pub(super) stream: &'a StreamEntry,
    pub(super) work: &'a Work,
    started: Instant,
    progress: Arc<dyn Progress>,
    pub(super) report: StreamReport,
    pub(super) findings: Findings,
    /// Rejects that need no further attempt.
    pub(super) superseded: u64,
    /// The app did not give everything that was asked for.
    is_incomplete: bool,
}

/// How a stream ended.
pub(super) struct StreamEnd {
    pub(super) report: StreamReport,
    pub(super) findings: Findings,
    pub(super) superseded: u64,
    /// Also in the report, in the form of envelopes.
    pub(super) error: Option<ConnectorError>,
}

/// A stream that is ready to be written.
pub(super) struct Ready {
    pub(super) writer: Box<dyn StreamWriter>,
    pub(super) state: StreamState,
    pub(super) decoder: RowDecoder,
    /// The rows that are there have to be written again, since more of each record is wanted now.
    pub(super) wants_more: bool,
    /// Another connection that writes to the same table.
    pub(super) shared_with: Option<String>,
}

impl<'a> StreamSync<'a> {
    pub(super) fn new(context: &CallContext, stream: &'a StreamEntry, work: &'a Work) -> Self {
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
            work,
            started: Instant::now(),
            progress: context.host().progress(),
            report,
            findings: Findings::default(),
            superseded: 0,
            is_incomplete: false,
        }
    }

    /// Does the work.
    pub(super) async fn run(mut self, run: &dyn SinkRun) -> StreamEnd {
        self.started = Instant::now();
        let span = info_span!(
            target: telemetry::SPANS, "stream",
            "otel.name" = format!("stream {}", self.report.stream), "connector.stream" = self.report.stream,
            "connector.status" = Empty, "connector.received" = Empty,
            "otel.status_code" = Empty, "error.type" = Empty
        );
        let is_stopping = self.context.host().stop().is_given();
        let result = if is_stopping { Ok(false) } else { self.work(run).instrument(span.clone()).await };
        telemetry::note_failure(&span, &result);
        let error = match result {
            Ok(complete) => {
                self.report.status = match (complete, self.report.rejected) {
                    (false, _) => Status::Interrupted,
                    (true, 0) if !self.is_incomplete => Status::Succeeded,
                    (true, _) => Status::Partial,
                };
                None
            }
            Err(error) => Some(self.fail(error)),
        };
        self.report.requests = self.context.requests();
        self.report.seconds = (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        span.record("connector.status", self.report.status.name());
        span.record("connector.received", self.report.received.cast_signed());
        telemetry::count_rows(self.context.integration().app_id(), &self.report);
        self.progress.finished(&self.report);
        StreamEnd { report: self.report, findings: self.findings, superseded: self.superseded, error }
    }

    fn fail(&mut self, error: ConnectorError) -> ConnectorError {
        let error = error.needing(self.stream.declaration.scopes);
        let app_id = self.context.integration().app_id();
        let raised_in = format!("{app_id}::{}:sync", self.report.stream);
        self.report.error = Some(error_json(&error, app_id, &raised_in));
        // Nothing came: the account has no such module, the credentials no such scope, or the app no such list.
        let is_closed = matches!(error.code(), ErrorCode::PermissionDenied | ErrorCode::NotFound);
        if is_closed && self.report.received == 0 {
            self.report.status = Status::Unavailable;
            tracing::warn!(stream = self.report.stream, %error, "stream unavailable");
            return error;
        }
        let wrote = self.report.inserted + self.report.updated + self.report.unchanged > 0;
        self.report.status = if wrote { Status::Partial } else { Status::Failed };
        tracing::error!(stream = self.report.stream, ?error, "stream failed");
        error
    }

    /// Whether it got to its end.
    async fn work(&mut self, run: &dyn SinkRun) -> Result<bool> {
        match &self.work.task {
            Task::Read | Task::Verify { .. } => self.read(run).await,
            Task::Records(wanted) => records::read(self, run, wanted).await,
            Task::Rejects => rejects::retry(self, run).await,
        }
    }

    /// Opens the table, with what an earlier run chose once.
    pub(super) async fn open(&self, run: &dyn SinkRun) -> Result<Ready> {
        let declaration = &self.stream.declaration;
        let mut decoder = RowDecoder::new(columns_of(declaration), declaration.key);
        let mut table = table_of(declaration, &decoder);
        if self.work.children == Some(true) {
            table.children = children::tables(declaration);
        }
        let mut opened = run.open_stream(&table).await?;
        if opened.state.children && self.work.children.is_none() {
            table.children = children::tables(declaration);
            opened = run.open_stream(&table).await?;
        }
        let OpenedStream { writer, mut state, existing, shared_with, account } = opened;
        self.require_account(account).await?;
        decoder.set_existing(existing);
        let before = (state.children, state.details);
        state.children = !table.children.is_empty();
        let asked = self.work.details.as_ref().and_then(|details| details.of(declaration.name));
        state.details = declaration.details && asked.unwrap_or(state.details);
        // What was written without them is written again.
        if state.children {
            decoder.distinguish("children");
        }
        if state.details {
            decoder.distinguish("details");
        }
        let wants_more = (state.children && !before.0) || (state.details && !before.1);
        if wants_more {
            // Also for the next run, should this one not get to its end.
            (state.cursor, state.full_read_at, state.unfinished) = (None, None, None);
        }
        Ok(Ready { writer, state, decoder, wants_more, shared_with })
    }

    /// Where a token of the caller's own is used, the sink cannot know whose rows come.
    async fn require_account(&self, stored: Option<String>) -> Result<()> {
        let Some(stored) = stored else { return Ok(()) };
        match self.context.account().await? {
            Some(account) if account != stored => {
                Err(other_account(self.stream.declaration.name, &stored, &account))
            }
            _ => Ok(()),
        }
    }

    async fn read(&mut self, run: &dyn SinkRun) -> Result<bool> {
        let declaration = &self.stream.declaration;
        let Ready { mut writer, state, decoder, wants_more, shared_with } = self.open(run).await?;
        let (plan, writes) = match self.work.task {
            Task::Verify { from, repair } => (Plan::of_everything(declaration, from), repair),
            _ => (Plan::new(declaration, &state, self.work.mode), !self.work.dry_run),
        };
        self.report.mode = plan.mode;
        self.report.cursor = state.cursor;
        self.progress.started(declaration.name, plan.mode);

        let (pages, messages) = mpsc::channel(waiting_pages(declaration));
        let mut first =
            declaration.first_page(self.context.integration().page_size(self.context.settings_any()));
        first.filter.extend(plan.bounds.clone());
        let verifies = matches!(self.work.task, Task::Verify { .. });
        let reader = Reader {
            context: self.context.clone(),
            stream: self.stream,
            run,
            first,
            position: plan.position,
            decoder: decoder.clone(),
            parents: ParentsPlan {
                progress: state.parents.clone(),
                all: verifies
                    || wants_more
                    || declaration.reads_all_parents
                    || self.work.mode == Some(Mode::Full),
                most: self.work.most_parents,
            },
            pages,
            warnings: Vec::new(),
            left_out: false,
            is_doubtful: false,
            refused: 0,
        };
        let concurrency = self.context.integration().concurrency(self.context.settings_any());
        let writing = Writing {
            context: &self.context,
            stream: self.stream,
            writer: &mut *writer,
            details: state.details.then_some(Details { decoder, concurrency }),
            state,
            plan,
            findings: verifies.then_some(&mut self.findings),
            report: &mut self.report,
            progress: Arc::clone(&self.progress),
            writes,
            refreshes_details: self.work.mode == Some(Mode::Full),
            allow_deletes: self.work.allow_deletes,
            shared_with,
            tally: Tally::default(),
        };
        let (read, written) = tokio::join!(reader.read(), writing.run(messages));
        // A writer that failed makes the reader stop early, so its error is the cause.
        let ended = written?;
        let ReadEnd { finished, has_refused, warnings } = read?;
        self.is_incomplete = has_refused;
        self.report.warnings = warnings;
        self.report.warnings.extend(ended.warnings);
        match ended.held {
            Some(error) => Err(error),
            None => Ok(ended.complete && finished),
        }
    }
}

fn waiting_pages(declaration: &StreamDeclaration) -> usize {
    match declaration.walk {
        Walk::Feed { .. } => WAITING_PAGES_OF_A_FEED,
        _ => WAITING_PAGES,
    }
}

/// The table of a stream, without tables for the lists inside its records.
pub(super) fn table_of(declaration: &StreamDeclaration, decoder: &RowDecoder) -> Table {
    Table {
        name: declaration.name.to_owned(),
        key: declaration.key.iter().map(|key| (*key).to_owned()).collect(),
        columns: decoder.columns().to_vec(),
        children: Vec::new(),
    }
}
