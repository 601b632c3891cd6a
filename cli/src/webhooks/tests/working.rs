//! The worker, with a reader that says what it is told to. Time is paused: pauses pass as soon as nothing else happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use connector_core::host::StopSignal;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::queue::HintQueue;
use super::super::reading::{Outcome, RecordReader, Records};
use super::super::worker::Worker;
use super::memory_queue::MemoryQueue;

type Say = Box<dyn Fn(usize, &Records) -> BTreeMap<String, Outcome> + Send + Sync>;

/// Says what became of the records, by the number of the run, from 1.
struct ScriptedReader {
    say: Say,
    runs: Mutex<Vec<(Instant, Records)>>,
}

impl RecordReader for ScriptedReader {
    fn read<'a>(&'a self, records: &'a Records) -> BoxFuture<'a, BTreeMap<String, Outcome>> {
        let mut runs = self.runs.lock().unwrap();
        runs.push((Instant::now(), records.clone()));
        let said = (self.say)(runs.len(), records);
        Box::pin(async { said })
    }
}

struct Working {
    queue: Arc<MemoryQueue>,
    reader: Arc<ScriptedReader>,
    arrived: Arc<Notify>,
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

async fn start(
    hints: &[(&str, &str)],
    say: impl Fn(usize, &Records) -> BTreeMap<String, Outcome> + Send + Sync + 'static,
) -> Working {
    let queue = Arc::new(MemoryQueue::default());
    for (stream, id) in hints {
        queue.add(stream, id).await.unwrap();
    }
    let reader = Arc::new(ScriptedReader { say: Box::new(say), runs: Mutex::default() });
    let arrived = Arc::new(Notify::new());
    let (stop, signal) = StopSignal::new();
    let worker = Worker::new(queue.clone(), reader.clone(), Arc::clone(&arrived), signal);
    Working { queue, reader, arrived, stop, worker: tokio::spawn(worker.run()) }
}

impl Working {
    /// Records of each run.
    fn runs(&self) -> Vec<Records> {
        self.reader.runs.lock().unwrap().iter().map(|(_, records)| records.clone()).collect()
    }

    /// Time between the runs.
    fn pauses(&self) -> Vec<Duration> {
        let runs = self.reader.runs.lock().unwrap();
        runs.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }
}

fn all(records: &Records, outcome: &Outcome) -> BTreeMap<String, Outcome> {
    records.keys().map(|stream| (stream.clone(), outcome.clone())).collect()
}

fn later(seconds: Option<u64>) -> Outcome {
    Outcome::Later { reason: "busy".to_owned(), wait: seconds.map(Duration::from_secs) }
}

fn refused(all: bool) -> Outcome {
    Outcome::Refused { reason: "bad".to_owned(), all }
}

fn records(groups: &[(&str, &[&str])]) -> Records {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    groups.iter().map(|(stream, ids)| ((*stream).to_owned(), owned(ids))).collect()
}

#[tokio::test(start_paused = true)]
async fn hints_that_wait_are_read_in_one_run_by_stream() {
    let hints = [("deals", "1"), ("users", "2"), ("deals", "3")];
    let working = start(&hints, |_, records| all(records, &Outcome::Read)).await;
    working.queue.until_waiting(0).await;
    assert_eq!(working.runs(), [records(&[("deals", &["1", "3"]), ("users", &["2"])])]);
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_arrives_wakes_the_worker_and_one_that_nobody_told_of_is_found() {
    let working = start(&[], |_, records| all(records, &Outcome::Read)).await;
    working.queue.add("deals", "1").await.unwrap();
    working.arrived.notify_one();
    working.queue.until_waiting(0).await;
    working.queue.add("deals", "2").await.unwrap();
    working.queue.until_waiting(0).await;
    assert_eq!(working.runs(), [records(&[("deals", &["1"])]), records(&[("deals", &["2"])])]);
}

#[tokio::test(start_paused = true)]
async fn many_hints_are_read_in_several_runs() {
    let ids: Vec<String> = (0..250).map(|id| id.to_string()).collect();
    let hints: Vec<_> = ids.iter().map(|id| ("deals", id.as_str())).collect();
    let working = start(&hints, |_, records| all(records, &Outcome::Read)).await;
    working.queue.until_waiting(0).await;
    let sizes: Vec<_> = working.runs().iter().map(|records| records["deals"].len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
}

#[tokio::test(start_paused = true)]
async fn while_nothing_can_be_read_hints_stay_and_the_pauses_grow() {
    let say = |run: usize, records: &Records| match run {
        1..=3 => all(records, &later(None)),
        4 => all(records, &later(Some(60))),
        _ => all(records, &Outcome::Read),
    };
    let working = start(&[("deals", "1")], say).await;
    working.queue.until_waiting(0).await;
    assert_eq!(working.pauses(), [1, 2, 4, 60].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn a_hint_does_not_cut_the_pause_short() {
    let say = |run, records: &Records| {
        let outcome = if run == 1 { later(Some(90)) } else { Outcome::Read };
        all(records, &outcome)
    };
    let working = start(&[("deals", "1")], say).await;
    while working.runs().is_empty() {
        tokio::task::yield_now().await;
    }
    working.queue.add("deals", "2").await.unwrap();
    working.arrived.notify_one();
    working.queue.until_waiting(0).await;
    assert_eq!(working.pauses(), [Duration::from_secs(90)]);
}

#[tokio::test(start_paused = true)]
async fn one_bad_record_keeps_no_other_from_being_read_and_is_given_up() {
    let say = |_, records: &Records| {
        let is_bad = |ids: &Vec<String>| ids.iter().any(|id| id == "bad");
        let outcome = |ids| if is_bad(ids) { refused(false) } else { Outcome::Read };
        records.iter().map(|(stream, ids)| (stream.clone(), outcome(ids))).collect()
    };
    let hints = [("deals", "1"), ("deals", "2"), ("deals", "bad"), ("deals", "3"), ("users", "4")];
    let working = start(&hints, say).await;
    working.queue.until_waiting(1).await;
    assert_eq!(working.queue.waiting(), ["deals/bad"]);
    working.queue.until_waiting(0).await;
    let alone = records(&[("deals", &["bad"])]);
    assert_eq!(working.runs().iter().filter(|run| **run == alone).count(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_allowed_is_not_searched_for_a_bad_record() {
    let hints = [("deals", "1"), ("deals", "2"), ("users", "3")];
    let say = |_, records: &Records| {
        let outcome = |stream: &str| if stream == "deals" { refused(true) } else { Outcome::Read };
        records.keys().map(|stream| (stream.clone(), outcome(stream))).collect()
    };
    let working = start(&hints, say).await;
    working.queue.until_waiting(0).await;
    assert_eq!(working.runs().len(), 5);
    assert!(working.runs()[1..].iter().all(|run| *run == records(&[("deals", &["1", "2"])])));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_changes_while_it_is_read_is_read_again() {
    let queue = Arc::new(OnceLock::<Arc<MemoryQueue>>::new());
    let during_run = Arc::clone(&queue);
    let say = move |run, records: &Records| {
        if run == 1 {
            let added = during_run.get().unwrap().add("deals", "1").now_or_never();
            assert!(added.unwrap().unwrap());
        }
        all(records, &Outcome::Read)
    };
    let working = start(&[("deals", "1")], say).await;
    assert!(queue.set(Arc::clone(&working.queue)).is_ok());
    working.queue.until_waiting(0).await;
    assert_eq!(working.runs(), [records(&[("deals", &["1"])]), records(&[("deals", &["1"])])]);
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_is_handed_out_twice_is_read_once() {
    let say = |run, records: &Records| all(records, &if run < 3 { later(Some(1000)) } else { Outcome::Read });
    let working = start(&[("deals", "1")], say).await;
    while working.runs().is_empty() {
        tokio::task::yield_now().await;
    }
    working.queue.hand_out_again();
    working.queue.until_waiting(0).await;
    assert!(working.runs().iter().all(|run| *run == records(&[("deals", &["1"])])));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_fails_for_a_while_loses_nothing() {
    let working = start(&[], |_, records| all(records, &Outcome::Read)).await;
    working.queue.add("deals", "1").await.unwrap();
    working.queue.fail(true);
    working.arrived.notify_one();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(working.runs().is_empty());
    working.queue.fail(false);
    working.queue.until_waiting(0).await;
    assert_eq!(working.runs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_it_is_told_to_and_keeps_what_it_did_not_read() {
    let working = start(&[("deals", "1")], |_, records| all(records, &later(Some(3600)))).await;
    while working.runs().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(working.queue.available().is_empty());
    working.stop.send_replace(true);
    working.worker.await.unwrap();
    assert_eq!(working.queue.available(), ["deals/1"]);
    assert_eq!(working.reader.runs.lock().unwrap().len(), 1);
}
