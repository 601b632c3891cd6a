//! Writing a stream: pages as they come, what the read did not see, and where it stands.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::batch::Batch;
use super::details::Details;
use super::findings::Findings;
use super::plan::Plan;
use super::progress::Progress;
use super::reader::{Message, Page, ParentOutcome};
use super::report::StreamReport;
use super::seen::SeenKeys;
use super::sink::{Standing, StreamWriter};
use super::state::{ParentProgress, StreamState};
use super::sweep::{self, Confirmed};
use crate::call::CallContext;
use crate::error::{ConnectorError, Result};
use crate::host::StopSignal;
use crate::integration::StreamEntry;

/// Rows in a batch, at most. Each batch costs the database a commit, which waits for its disk.
const LARGEST_BATCH_ROWS: usize = 4000;

/// The same where each new row costs a request.
const LARGEST_DETAILED_BATCH_ROWS: usize = 100;

/// Rows that are completed before they are written.
const ROWS_COMPLETED_AT_ONCE: usize = 10;

/// Keys that are remembered until another complete read, at most.
const MOST_REMEMBERED: usize = 1000;

/// Bytes in a batch, roughly at most.
const LARGEST_BATCH_BYTES: usize = 8 << 20;

/// Time for the last write after somebody asked to stop.
const LONGEST_LAST_WRITE: Duration = Duration::from_millis(2500);

/// Writes one stream.
pub(super) struct Writing<'a> {
    pub(super) context: &'a CallContext,
    pub(super) stream: &'a StreamEntry,
    pub(super) writer: &'a mut dyn StreamWriter,
    pub(super) state: StreamState,
    pub(super) plan: Plan,
    pub(super) details: Option<Details>,
    pub(super) findings: Option<&'a mut Findings>,
    pub(super) report: &'a mut StreamReport,
    pub(super) progress: Arc<dyn Progress>,
    /// Compares only.
    pub(super) writes: bool,
    /// Completes records also where nothing shows that they changed.
    pub(super) refreshes_details: bool,
    pub(super) allow_deletes: Option<u64>,
    /// Another connection that writes to the same table: what this read does not see is not gone.
    pub(super) shared_with: Option<String>,
    pub(super) tally: Tally,
}

/// What has been seen and done so far.
#[derive(Default)]
pub(super) struct Tally {
    seen: SeenKeys,
    seen_under_parent: SeenKeys,
    /// Live rows that were looked at under parents, and those of them that were gone.
    live: u64,
    gone: u64,
    /// Why the first record without a key has none: what such records are cannot be told from what is gone.
    nameless: Option<String>,
    adjusted: u64,
    refused_details: u64,
    /// Records that the app did not know when they were to be completed.
    unknown: Vec<String>,
    still_there: u64,
    /// Rows that were not seen were not looked for, since they may be another connection's.
    spared: bool,
    /// Deletes that were held back.
    held: Option<ConnectorError>,
}

/// How the writing of a stream ended.
pub(super) struct Ended {
    /// Whether the reader said that it is at its end, and everything was written.
    pub(super) complete: bool,
    pub(super) warnings: Vec<String>,
    /// Why deletes were held back.
    pub(super) held: Option<ConnectorError>,
}

impl Writing<'_> {
    /// Writes pages as they come, as many at a time as are waiting.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) -> Result<Ended> {
        let mut at_end = false;
        while let Some(message) = messages.recv().await {
            let before = self.state.clone();
            let mut batch = Batch::default();
            let mut position = None;
            let mut total = None;
            let mut next = Some(message);
            while let Some(message) = next.take() {
                match message {
                    Message::Page(page) => {
                        position = page.walked.position.or(position);
                        total = page.walked.total.or(total);
                        self.note(&mut batch, page);
                    }
                    Message::Round { kind } => {
                        let progress =
                            ParentProgress { round_at: Some(Timestamp::now()), ..ParentProgress::default() };
                        self.state.parents.insert(kind, progress);
                    }
                    Message::Parent { kind, id, mark, outcome } => {
                        if let ParentOutcome::Whole(within) = &outcome {
                            self.sweep_parent(&mut batch, within).await?;
                        }
                        self.tally.seen_under_parent.clear();
                        let was_missed = matches!(outcome, ParentOutcome::Missed);
                        self.state.parents.entry(kind).or_default().note(id, mark, was_missed);
                    }
                    Message::End { saw_all } => {
                        // Which records the app does not know shows when the last of them are completed.
                        if self.details.is_some() && !batch.is_empty() {
                            self.plan.mark_unfinished(&mut self.state, position);
                            if !self.commit(std::mem::take(&mut batch), &before, total).await? {
                                return Ok(self.ended(false));
                            }
                        }
                        at_end = true;
                        self.end(&mut batch, saw_all).await?;
                        break;
                    }
                }
                if self.has_room(&batch) {
                    next = messages.try_recv().ok();
                }
            }
            if !at_end {
                self.plan.mark_unfinished(&mut self.state, position);
            }
            if (!batch.is_empty() || at_end) && !self.commit(batch, &before, total).await? {
                return Ok(self.ended(false));
            }
        }
        Ok(self.ended(at_end))
    }

    fn note(&mut self, batch: &mut Batch, page: Page) {
        self.plan.begin(page.walked.date);
        self.report.received += (page.walked.rows.len() + page.walked.rejects.len()) as u64;
        self.report.requests = page.requests;
        batch.set_columns(&page.columns);
        let (sees_everything, has_parents) =
            (self.plan.sees_everything(), !self.stream.declaration.parents.is_empty());
        for row in page.walked.rows {
            if sees_everything {
                self.tally.seen.add(row.key());
            }
            if has_parents {
                self.tally.seen_under_parent.add(row.key());
            }
            batch.push(row);
        }
        for reject in page.walked.rejects {
            self.tally.nameless.get_or_insert_with(|| reject.reason.clone());
            batch.push_reject(reject);
        }
    }

    fn has_room(&self, batch: &Batch) -> bool {
        let most = if self.details.is_some() { LARGEST_DETAILED_BATCH_ROWS } else { LARGEST_BATCH_ROWS };
        batch.rows().len() < most && batch.size() < LARGEST_BATCH_BYTES
    }

    /// Rows under a parent that its list, which was read whole, did not have.
    async fn sweep_parent(&mut self, batch: &mut Batch, within: &[(String, String)]) -> Result<()> {
        let is_whole = self.plan.bounds.is_empty() && self.tally.nameless.is_none();
        if is_whole && self.tally.held.is_none() && self.may_sweep() {
            let unseen = sweep::unseen(self.writer, within, &mut self.tally.seen_under_parent).await?;
            self.tally.live += unseen.live;
            self.tally.gone += unseen.keys.len() as u64;
            match sweep::guard(self.tally.gone, self.tally.live, self.allow_deletes) {
                Ok(()) => self.delete(batch, unseen.keys),
                Err(error) => self.tally.held = Some(error),
            }
        }
        Ok(())
    }

    /// Ends the read: rows that it did not see are gone, if it saw everything else.
    async fn end(&mut self, batch: &mut Batch, saw_all: bool) -> Result<()> {
        self.delete_unknown(batch).await?;
        if saw_all && self.plan.sees_everything() && self.tally.nameless.is_none() && self.may_sweep() {
            self.sweep(batch).await?;
        }
        let in_full =
            self.tally.held.is_none() && self.tally.still_there == 0 && self.state.unseen.is_empty();
        self.plan.complete(&mut self.state, in_full);
        Ok(())
    }

    async fn sweep(&mut self, batch: &mut Batch) -> Result<()> {
        let unseen = sweep::unseen(self.writer, &[], &mut self.tally.seen).await?;
        // Comparing says what it found, however much it is; only mending has to be careful.
        let compares_only = self.findings.is_some() && !self.writes;
        if let Err(error) = sweep::guard(unseen.keys.len() as u64, unseen.live, self.allow_deletes)
            && !compares_only
        {
            for key in &unseen.keys {
                self.find_extra(key);
            }
            self.tally.held = Some(error);
            return Ok(());
        }
        let asked = unseen.keys.len();
        let Confirmed { mut gone, unsure } = sweep::confirm(self.context, self.stream, unseen.keys).await?;
        self.tally.still_there = (asked - gone.len() - unsure.len()) as u64;
        // Nobody can be asked, so one more complete read has to say the same; unless somebody wants it mended now.
        let (again, once): (Vec<_>, Vec<_>) = unsure
            .into_iter()
            .partition(|key| self.findings.is_some() || self.state.unseen.iter().any(|unseen| unseen == key));
        gone.extend(again);
        self.state.unseen = once;
        self.state.unseen.truncate(MOST_REMEMBERED);
        self.delete(batch, gone);
        Ok(())
    }

    /// Records that were in the list and that the app did not know when it was asked for them: asked for once more,
    /// since a fault that says so of all would look the same.
    async fn delete_unknown(&mut self, batch: &mut Batch) -> Result<()> {
        let unknown = std::mem::take(&mut self.tally.unknown);
        if unknown.is_empty() {
            return Ok(());
        }
        let gone = sweep::not_listed(self.context, self.stream, unknown).await?;
        match sweep::guard(gone.len() as u64, self.report.received, self.allow_deletes) {
            Ok(()) => self.delete(batch, gone),
            Err(error) => self.tally.held = Some(error),
        }
        Ok(())
    }

    /// Whether rows that were not seen can only be this connection's own.
    fn may_sweep(&mut self) -> bool {
        self.tally.spared |= self.shared_with.is_some();
        self.shared_with.is_none()
    }

    fn delete(&mut self, batch: &mut Batch, keys: Vec<String>) {
        for key in keys {
            self.find_extra(&key);
            batch.push_deleted(key);
        }
    }

    fn find_extra(&mut self, key: &str) {
        if let Some(findings) = &mut self.findings {
            findings.extra.add(key);
        }
    }

    /// Whether there was time enough. Where each row costs a request they are written a few at a time, under the state
    /// of `before`: what was asked for is then soon safe.
    async fn commit(&mut self, mut batch: Batch, before: &StreamState, total: Option<u64>) -> Result<bool> {
        let completes = self.details.is_some() && self.writes;
        while completes && batch.rows().len() > ROWS_COMPLETED_AT_ONCE {
            let part = batch.split_off_first(ROWS_COMPLETED_AT_ONCE);
            if !self.write(part, before).await? {
                return Ok(false);
            }
        }
        let state = self.state.clone();
        if !self.write(batch, &state).await? {
            return Ok(false);
        }
        self.report.cursor = self.state.cursor;
        self.progress.advanced(self.report, total);
        Ok(true)
    }

    async fn write(&mut self, mut batch: Batch, state: &StreamState) -> Result<bool> {
        if !self.prepare(&mut batch).await? {
            return Ok(false);
        }
        if self.writes || self.findings.is_none() {
            let mut stop = self.context.host().stop();
            let written = tokio::select! {
                written = self.writer.write(batch, state) => written?,
                () = too_late(&mut stop) => return Ok(false),
            };
            self.report.count(written);
            self.tally.adjusted += written.adjusted;
        }
        Ok(true)
    }

    /// Compares a batch with what is stored, where that is wanted, and completes its records. Whether there was time.
    async fn prepare(&mut self, batch: &mut Batch) -> Result<bool> {
        // Of completed records the list says too little to compare contents: only its digest tells.
        if let Some(findings) = &mut self.findings {
            let standings = match self.details {
                Some(_) => self.writer.compare(batch).await?,
                None => self.writer.compare_contents(batch).await?,
            };
            findings.note(batch, &standings);
            self.report.unchanged += batch.keep_changed(&standings);
        }
        if self.details.is_some() && self.writes {
            return self.complete(batch).await;
        }
        Ok(true)
    }

    /// Completes the records of a batch one by one. Whether there was time.
    async fn complete(&mut self, batch: &mut Batch) -> Result<bool> {
        let Some(details) = &mut self.details else { return Ok(true) };
        let standings = if self.refreshes_details {
            vec![Standing::Different; batch.rows().len()]
        } else {
            self.writer.compare(batch).await?
        };
        let mut stop: StopSignal = self.context.host().stop();
        let completed = tokio::select! {
            completed = details.complete(self.context, self.stream, batch, &standings) => completed?,
            () = stop.given() => return Ok(false),
        };
        self.report.unchanged += completed.unchanged;
        self.tally.refused_details += completed.refused;
        self.tally.unknown.extend(completed.unknown);
        self.report.requests = self.context.requests();
        if self.refreshes_details {
            let standings = self.writer.compare_contents(batch).await?;
            self.report.unchanged += batch.keep_changed(&standings);
        }
        Ok(true)
    }

    fn ended(self, complete: bool) -> Ended {
        let sees_deletes = self.plan.sees_everything() || !self.stream.declaration.parents.is_empty();
        let Tally { adjusted, refused_details, still_there, nameless, spared, held, .. } = self.tally;
        let mut warnings = Vec::new();
        let mut warn = |count: u64, what: &str| {
            if count > 0 {
                warnings.push(format!("{count} {what}"));
            }
        };
        warn(
            adjusted,
            "records hold characters or values that the database refuses; they were stored without them",
        );
        warn(refused_details, "records could not be completed; the next run asks for them again");
        warn(
            still_there,
            "records were missing from the list although the app knows them; the next run reads everything again",
        );
        if let Some(reason) = nameless {
            warnings.push(format!("records were rejected, the first since {reason}"));
            if complete && sees_deletes {
                warnings.push("deletes were left alone, since records without a usable key came".to_owned());
            }
        }
        if let Some(other) = self.shared_with.filter(|_| spared) {
            warnings.push(format!(
                "deletes were left alone, since connection `{other}` writes to the same tables"
            ));
        }
        Ended { complete, warnings, held }
    }
}

/// Comes true some time after somebody asked to stop.
async fn too_late(stop: &mut StopSignal) {
    stop.given().await;
    tokio::time::sleep(LONGEST_LAST_WRITE).await;
}
