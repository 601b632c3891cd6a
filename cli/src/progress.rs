//! Progress of a sync: bars on a terminal, log lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connector_core::sync::{Mode, Progress, Status, StreamReport};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Time between two log lines of one stream.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// What suits standard error.
pub(crate) fn for_standard_error(json: bool) -> Arc<dyn Progress> {
    if std::io::stderr().is_terminal() && !json {
        Arc::new(Bars { keeps_summaries: true, ..Bars::default() })
    } else {
        Arc::new(Lines::default())
    }
}

/// The same for whoever tells at the end what happened: on a terminal, nothing stays.
pub(crate) fn passing() -> Arc<dyn Progress> {
    if std::io::stderr().is_terminal() { Arc::new(Bars::default()) } else { Arc::new(Lines::default()) }
}

/// One bar for each stream that is being read. There are more streams than a terminal has lines, so a bar goes when its
/// stream ends, and what it came to is printed above the others.
#[derive(Default)]
struct Bars {
    keeps_summaries: bool,
    all: MultiProgress,
    of_streams: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    fn bar(&self, stream: &str) -> Option<ProgressBar> {
        self.of_streams.lock().unwrap_or_else(PoisonError::into_inner).get(stream).cloned()
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for Bars {
    fn started(&self, stream: &str, _: Mode) {
        let bar = self.all.add(ProgressBar::no_length());
        bar.set_style(style("{spinner} {prefix:26} {human_pos:>9} rows  {msg}"));
        bar.set_prefix(stream.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.of_streams.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.to_owned(), bar);
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn advanced(&self, report: &StreamReport, total: Option<u64>) {
        let StreamReport { stream, received, requests, .. } = report;
        let Some(bar) = self.bar(stream) else { return };
        if let Some(total) = total
            && bar.length() != Some(total)
        {
            bar.set_length(total);
            bar.set_style(style(
                "{spinner} {prefix:26} {human_pos:>9} of {human_len} rows  {msg}, {eta} left",
            ));
        }
        bar.set_position(*received);
        let rate = *received as f64 / bar.elapsed().as_secs_f64().max(0.001);
        bar.set_message(format!("{rate:.0}/s, {requests} requests"));
    }

    fn finished(&self, report: &StreamReport) {
        let Some(bar) = self.bar(&report.stream) else {
            return;
        };
        bar.finish_and_clear();
        self.all.remove(&bar);
        if self.keeps_summaries {
            // A terminal that is gone has nobody to tell.
            let _ = self.all.println(format!("{:28} {}", report.stream, summary(report)));
        }
    }
}

/// One line for people.
pub(crate) fn summary(report: &StreamReport) -> String {
    let outcome = match report.status {
        Status::Succeeded => "",
        Status::Partial => "  PARTIAL",
        Status::Failed => "  FAILED",
        Status::Unavailable => "  not available",
        _ => "  interrupted",
    };
    format!(
        "{:>9} rows: {} new, {} changed, {} deleted, {} unchanged, {} rejected in {} requests, {:.1} s{outcome}",
        report.received,
        report.inserted,
        report.updated,
        report.deleted,
        report.unchanged,
        report.rejected,
        report.requests,
        report.seconds
    )
}

#[derive(Default)]
struct Lines {
    last: Mutex<HashMap<String, Instant>>,
}

impl Progress for Lines {
    fn started(&self, stream: &str, mode: Mode) {
        let mode = if mode == Mode::Full { "full" } else { "incremental" };
        tracing::info!(stream, mode, "stream started");
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.to_owned(), Instant::now());
    }

    fn advanced(&self, report: &StreamReport, total: Option<u64>) {
        let StreamReport { stream, received, requests, .. } = report;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(stream).is_some_and(|last| last.elapsed() < BETWEEN_LINES) {
            return;
        }
        last.insert(stream.clone(), Instant::now());
        tracing::info!(stream, received, requests, total, "stream advanced");
    }

    fn finished(&self, report: &StreamReport) {
        // Work that looks at every stream tells only of those that it had something to do for.
        let started = self.last.lock().unwrap_or_else(PoisonError::into_inner).remove(&report.stream);
        if started.is_none() && report.error.is_none() {
            return;
        }
        tracing::info!(
            stream = report.stream,
            received = report.received,
            inserted = report.inserted,
            updated = report.updated,
            unchanged = report.unchanged,
            deleted = report.deleted,
            rejected = report.rejected,
            requests = report.requests,
            seconds = report.seconds,
            "stream finished"
        );
    }
}
