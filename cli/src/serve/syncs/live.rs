//! Progress of a run into the view that others look at.

use std::sync::{Mutex, PoisonError};

use connector_core::sync::{Mode, Progress, RunStart, StreamReport};
use tokio::sync::watch;

use super::view::RunView;

/// Called once the run holds its connection, with its view and the one place that changes it.
type Began = Box<dyn FnOnce(&RunStart) -> watch::Sender<RunView> + Send>;

/// Keeps the view of a run up to date, from the moment on that the run holds its connection.
pub(super) struct Live(Mutex<Step>);

enum Step {
    Before(Option<Began>),
    Under(watch::Sender<RunView>),
}

impl Live {
    pub(super) fn new(began: impl FnOnce(&RunStart) -> watch::Sender<RunView> + Send + 'static) -> Self {
        Self(Mutex::new(Step::Before(Some(Box::new(began)))))
    }

    /// Changes the view; `false` when there is none yet.
    pub(super) fn change(&self, change: impl FnOnce(&mut RunView)) -> bool {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Step::Before(_) => false,
            Step::Under(view) => {
                view.send_modify(change);
                true
            }
        }
    }
}

impl Progress for Live {
    fn began(&self, run: &RunStart) {
        let mut step = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Step::Before(began) = &mut *step
            && let Some(began) = began.take()
        {
            *step = Step::Under(began(run));
        }
    }

    fn planned(&self, streams: &[&str]) {
        self.change(|view| view.plan(streams));
    }

    fn started(&self, stream: &str, mode: Mode) {
        self.change(|view| view.start_stream(stream, mode));
    }

    fn advanced(&self, report: &StreamReport, total: Option<u64>) {
        self.change(|view| view.advance_stream(report, total));
    }

    fn finished(&self, report: &StreamReport) {
        self.change(|view| view.end_stream(report));
    }
}
