//! Reading a stream: one walk over all of it, one for each value of a filter, or one for each parent.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::sink::SinkRun;
use super::state::ParentProgress;
use super::stored::ParentMark;
use super::walk::{Pager, WalkedPage};
use crate::call::CallContext;
use crate::error::Result;
use crate::host::StopSignal;
use crate::integration::StreamEntry;
use crate::stream::{Column, PageRequest, RowDecoder};

/// What the reader tells the writer.
pub(super) enum Message {
    Page(Page),
    /// A round over all parents of this kind begins.
    Round {
        kind: String,
    },
    /// One parent is done with.
    Parent {
        kind: String,
        id: String,
        mark: Option<ParentMark>,
        outcome: ParentOutcome,
    },
    /// The end of the read. `saw_all`: no parent was left out.
    End {
        saw_all: bool,
    },
}

/// What came of the children of one parent.
pub(super) enum ParentOutcome {
    /// All of them were read; these columns tell which rows are theirs.
    Whole(Vec<(String, String)>),
    /// They were read, and some may have been left out.
    Doubtful,
    /// The app knows no such parent.
    Unknown,
    /// They have to be read another time.
    Missed,
}

/// A page, with the columns known when it was decoded.
pub(super) struct Page {
    pub(super) walked: WalkedPage,
    pub(super) columns: Arc<[Column]>,
    pub(super) requests: u64,
}

/// Fetches pages ahead of the writer.
pub(super) struct Reader<'a> {
    pub(super) context: CallContext,
    pub(super) stream: &'a StreamEntry,
    pub(super) run: &'a dyn SinkRun,
    pub(super) first: PageRequest,
    pub(super) position: Option<Timestamp>,
    pub(super) decoder: RowDecoder,
    pub(super) parents: ParentsPlan,
    pub(super) pages: mpsc::Sender<Message>,
    pub(super) warnings: Vec<String>,
    /// Some parents were not read, or some pages came short.
    pub(super) left_out: bool,
    /// The list at hand came short in its middle: more of it may be missing.
    pub(super) is_doubtful: bool,
    /// Parents whose children the app did not give.
    pub(super) refused: u64,
}

/// How a read ended.
pub(super) struct ReadEnd {
    /// Whether the end was reached.
    pub(super) finished: bool,
    /// The app did not give the children of a parent that is there.
    pub(super) has_refused: bool,
    /// What people should know.
    pub(super) warnings: Vec<String>,
}

/// Which parents' children are read.
pub(super) struct ParentsPlan {
    /// Where earlier runs arrived, by kind of parent.
    pub(super) progress: BTreeMap<String, ParentProgress>,
    /// All of them.
    pub(super) all: bool,
    /// No more than this many.
    pub(super) most: Option<u64>,
}

/// What a walk asks for, and what its records have from that.
#[derive(Clone, Default)]
pub(super) struct Asked {
    pub(super) filter: Map<String, Value>,
    pub(super) given: Vec<(String, String)>,
}

impl Reader<'_> {
    /// Reads to the end, if nothing comes between.
    pub(super) async fn read(mut self) -> Result<ReadEnd> {
        let has_parents = !self.stream.declaration.parents.is_empty();
        let finished = if has_parents {
            self.read_parents().await?
        } else {
            self.read_values(&Asked::default()).await?
        };
        let saw_all = !self.left_out && (!has_parents || self.parents.all);
        let finished = finished && self.pages.send(Message::End { saw_all }).await.is_ok();
        let misfits = self.decoder.misfits().map(|(column, count)| {
            format!("{count} values did not fit the type of column {column}; they are in _doc only")
        });
        let warnings = self.warnings.drain(..).chain(misfits).collect();
        Ok(ReadEnd { finished, has_refused: self.refused > 0, warnings })
    }

    /// One walk, or one for each value that must be asked for.
    pub(super) async fn read_values(&mut self, asked: &Asked) -> Result<bool> {
        let Some(each) = self.stream.declaration.each else {
            return self.walk(asked).await;
        };
        for value in each.values {
            let mut with_value = asked.clone();
            with_value.filter.insert(each.filter.to_owned(), json!(value));
            with_value.given.push((each.filter.to_owned(), (*value).to_owned()));
            if !self.walk(&with_value).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// All pages of one list. Whether its end was reached.
    async fn walk(&mut self, asked: &Asked) -> Result<bool> {
        let mut stop: StopSignal = self.context.host().stop();
        let mut first = self.first.clone();
        first.filter.extend(asked.filter.clone());
        self.decoder.give(&asked.given);
        let mut columns: Arc<[Column]> = self.decoder.columns().into();
        let mut pager = Pager::new(&self.stream.declaration, first, self.position.take());
        while let Some(request) = pager.next_request().cloned() {
            let fetched = tokio::select! {
                page = (self.stream.read)(self.context.clone(), request) => page,
                () = stop.given() => return Ok(false),
                // The writer gave up: what is being fetched, or waited for, is of no use any more.
                () = self.pages.closed() => return Ok(false),
            };
            let walked = pager.take(fetched?, &mut self.decoder)?;
            if self.decoder.columns().len() != columns.len() {
                columns = self.decoder.columns().into();
            }
            let page = Page { walked, columns: Arc::clone(&columns), requests: self.context.requests() };
            if self.pages.send(Message::Page(page)).await.is_err() {
                return Ok(false);
            }
        }
        if pager.gives_short_answers() {
            self.is_doubtful = true;
            self.left_out = true;
        }
        for warning in pager.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        Ok(true)
    }
}
