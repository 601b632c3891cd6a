//! Empties the queue: the records that hints are about are read again, in groups and until it works.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use connector_core::host::StopSignal;
use connector_core::{ConnectorError, Result};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::queue::{HintQueue, QueuedHint};
use super::reading::{Outcome, RecordReader, Records};

/// Records of one run. Runs are short, so that others get the lease in between.
const MOST_IN_RUN: usize = 100;

/// Hints in hand; refused ones that wait for another try are among them.
const MOST_IN_HAND: usize = 1000;

/// Times that a record is refused until its hint is given up. The next complete read finds the record anyway.
const MOST_REFUSALS: u32 = 5;

/// Apps tell of one change in several messages, and of many changes in a row.
const GATHERING: Duration = Duration::from_secs(1);

/// Another process may have queued hints, or left some.
const BETWEEN_LOOKS: Duration = Duration::from_mins(1);

const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// An app that asks for more is asked again all the same.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Longest time to put hints back when the program stops.
const LONGEST_RETURN: Duration = Duration::from_secs(1);

/// Empties the queue for as long as the program runs.
pub(super) struct Worker {
    queue: Arc<dyn HintQueue>,
    reader: Arc<dyn RecordReader>,
    arrived: Arc<Notify>,
    stop: StopSignal,
    /// Passes in a row that found reading impossible.
    postponed: u32,
    in_hand: Vec<Taken>,
}

/// A hint that was taken and is not done.
#[derive(Clone)]
struct Taken {
    hint: QueuedHint,
    refusals: u32,
    not_before: Instant,
}

/// What is waited for before the next pass.
#[derive(Debug, PartialEq, Eq)]
enum Pause {
    None,
    For(Duration),
    /// For a hint, but no longer than this.
    UntilHint(Duration),
}

impl Worker {
    pub(super) fn new(
        queue: Arc<dyn HintQueue>,
        reader: Arc<dyn RecordReader>,
        arrived: Arc<Notify>,
        stop: StopSignal,
    ) -> Self {
        Self { queue, reader, arrived, stop, postponed: 0, in_hand: Vec::new() }
    }

    /// Works until the stop signal.
    pub(super) async fn run(mut self) {
        while !self.stop.is_given() {
            let pause = match self.pass().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(?error, "the queue of hints cannot be used");
                    self.postpone(None)
                }
            };
            self.rest(pause).await;
        }
        self.put_back().await;
    }

    async fn rest(&mut self, pause: Pause) {
        let arrived = Arc::clone(&self.arrived);
        let wait = async {
            match pause {
                Pause::None => {}
                Pause::For(time) => sleep(time).await,
                Pause::UntilHint(time) => tokio::select! {
                    () = arrived.notified() => sleep(GATHERING).await,
                    () = sleep(time) => {}
                },
            }
        };
        tokio::select! {
            () = wait => {}
            () = self.stop.given() => {}
        }
    }

    /// Reads the records of the hints that are due.
    async fn pass(&mut self) -> Result<Pause> {
        let now = Instant::now();
        let room = MOST_IN_RUN.saturating_sub(self.due(now).count());
        self.take(room.min(MOST_IN_HAND.saturating_sub(self.in_hand.len())), now).await?;
        let due: Vec<QueuedHint> = self.due(now).take(MOST_IN_RUN).cloned().collect();
        let may_be_more = due.len() == MOST_IN_RUN;
        if let Some(pause) = self.read(due).await? {
            return Ok(pause);
        }
        self.postponed = 0;
        Ok(if may_be_more { Pause::None } else { Pause::UntilHint(self.until_next_try()) })
    }

    async fn take(&mut self, most: usize, now: Instant) -> Result<()> {
        if most == 0 {
            return Ok(());
        }
        for hint in self.queue.take(u32::try_from(most).unwrap_or(u32::MAX)).await? {
            let is_same = |known: &&mut Taken| {
                known.hint.stream == hint.stream && known.hint.record_id == hint.record_id
            };
            match self.in_hand.iter_mut().find(is_same) {
                // The app told of it again, or it was in hand for so long that the queue handed it out once more.
                Some(known) => known.hint = hint,
                None => self.in_hand.push(Taken { hint, refusals: 0, not_before: now }),
            }
        }
        Ok(())
    }

    fn due(&self, now: Instant) -> impl Iterator<Item = &QueuedHint> {
        self.in_hand.iter().filter(move |taken| taken.not_before <= now).map(|taken| &taken.hint)
    }

    fn until_next_try(&self) -> Duration {
        let now = Instant::now();
        let next = self.in_hand.iter().map(|taken| taken.not_before.duration_since(now)).min();
        next.map_or(BETWEEN_LOOKS, |next| next.min(BETWEEN_LOOKS))
    }

    /// Reads records; where one of several is refused, by halves until it is known which. Gives the pause to make when
    /// nothing can be read now.
    async fn read(&mut self, hints: Vec<QueuedHint>) -> Result<Option<Pause>> {
        let mut groups = vec![hints];
        while let Some(group) = groups.pop().filter(|group| !group.is_empty() && !self.stop.is_given()) {
            let outcomes = self.reader.read(&by_stream(&group)).await;
            let (mut done, mut suspects, mut postponed) = (Vec::new(), Vec::new(), None);
            for hint in group {
                match outcomes.get(&hint.stream) {
                    Some(Outcome::Read) => done.push(hint.id),
                    Some(Outcome::Later { reason, wait }) => postponed = Some((reason, *wait)),
                    Some(Outcome::Refused { reason, all: false }) => suspects.push((hint, reason)),
                    Some(Outcome::Refused { reason, all: true }) => done.extend(self.refuse(&hint, reason)),
                    None => done.extend(self.refuse(&hint, "nothing is known about it")),
                }
            }
            if let [(hint, reason)] = &suspects[..] {
                done.extend(self.refuse(hint, reason));
            } else {
                let mut first: Vec<_> = suspects.into_iter().map(|(hint, _)| hint).collect();
                let second = first.split_off(first.len() / 2);
                groups.extend([second, first].into_iter().filter(|half| !half.is_empty()));
            }
            self.finish(&done).await?;
            if let Some((reason, wait)) = postponed {
                let pause = self.postpone(wait);
                tracing::warn!(reason, ?pause, "hinted records are read later");
                return Ok(Some(pause));
            }
        }
        Ok(None)
    }

    async fn finish(&mut self, ids: &[i64]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.queue.done(ids).await?;
        tracing::info!(hints = ids.len(), "hints are done");
        let ids: HashSet<i64> = ids.iter().copied().collect();
        self.in_hand.retain(|taken| !ids.contains(&taken.hint.id));
        Ok(())
    }

    /// The id of the hint when it was refused often enough.
    fn refuse(&mut self, hint: &QueuedHint, reason: &str) -> Option<i64> {
        let taken = self.in_hand.iter_mut().find(|taken| taken.hint.id == hint.id)?;
        taken.refusals += 1;
        taken.not_before = Instant::now() + pause_after(taken.refusals);
        let QueuedHint { stream, record_id: record, .. } = hint;
        if taken.refusals < MOST_REFUSALS {
            tracing::warn!(stream, record, reason, "a hinted record cannot be read");
            return None;
        }
        tracing::error!(stream, record, reason, tries = taken.refusals, "a hint was given up");
        Some(hint.id)
    }

    fn postpone(&mut self, wait: Option<Duration>) -> Pause {
        self.postponed = self.postponed.saturating_add(1);
        Pause::For(pause_after(self.postponed).max(wait.unwrap_or_default().min(LONGEST_WAIT)))
    }

    /// Makes what is in hand available at once to whoever comes next; the queue would do so only after a while.
    async fn put_back(&self) {
        let add_all = async {
            for Taken { hint, .. } in &self.in_hand {
                self.queue.add(&hint.stream, &hint.record_id).await?;
            }
            Ok::<_, ConnectorError>(())
        };
        if !matches!(timeout(LONGEST_RETURN, add_all).await, Ok(Ok(()))) {
            tracing::warn!("hints in hand could not be put back; the queue hands them out later");
        }
    }
}

/// Twice as long after each time.
fn pause_after(times: u32) -> Duration {
    SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1))).min(LONGEST_PAUSE)
}

fn by_stream(hints: &[QueuedHint]) -> Records {
    let mut records = Records::new();
    for hint in hints {
        records.entry(hint.stream.clone()).or_default().push(hint.record_id.clone());
    }
    records
}
