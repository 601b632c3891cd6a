//! Reading a stream: one walk over all of it, one for each value of a filter, or one for each parent.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::plan::DAY;
use super::sink::SinkRun;
use super::state::ParentProgress;
use super::stored::{ParentMark, ParentQuery};
use super::sweep;
use super::walk::{Pager, WalkedPage};
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::StopSignal;
use crate::integration::StreamEntry;
use crate::stream::{Column, PageRequest, Parent, RowDecoder};

/// Parents that are taken from the store at a time.
const PARENTS_AT_ONCE: u32 = 500;

/// Age at which the children of all parents are read again: a new child need not change its parent.
const LONGEST_ROUND: std::time::Duration = DAY.saturating_mul(7);

/// What the reader tells the writer.
pub(super) enum Message {
    Page(Page),
    /// A round over all parents of this kind begins.
    Round {
        kind: String,
    },
    /// All records under one parent have been read: `within` are the columns that tell them.
    Parent {
        kind: String,
        mark: ParentMark,
        within: Vec<(String, String)>,
    },
    /// The end of the read. `saw_all`: no parent was left out.
    End {
        saw_all: bool,
    },
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
    /// Some parents were not read.
    pub(super) left_out: bool,
    /// The app did not give the children of a parent that is there.
    pub(super) has_refused: bool,
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
struct Asked {
    filter: Map<String, Value>,
    given: Vec<(String, String)>,
}

impl<'a> Reader<'a> {
    /// Reads to the end, if nothing comes between.
    pub(super) async fn read(mut self) -> Result<ReadEnd> {
        let has_parents = !self.stream.declaration.parents.is_empty();
        let finished = if has_parents {
            self.read_parents().await?
        } else {
            self.read_values(&Asked::default()).await?
        };
        let saw_all = !has_parents || (self.parents.all && !self.left_out);
        let finished = finished && self.pages.send(Message::End { saw_all }).await.is_ok();
        let misfits = self.decoder.misfits().map(|(column, count)| {
            format!("{count} values did not fit the type of column {column}; they are in _doc only")
        });
        let warnings = self.warnings.drain(..).chain(misfits).collect();
        Ok(ReadEnd { finished, has_refused: self.has_refused, warnings })
    }

    /// The children of one kind of parent after the other.
    async fn read_parents(&mut self) -> Result<bool> {
        let stream = self.stream;
        let mut left = self.parents.most;
        for parent in stream.declaration.parents {
            if !self.read_kind(parent, &mut left).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn read_kind(&mut self, parent: &'a Parent, left: &mut Option<u64>) -> Result<bool> {
        let kind = kind_of(parent);
        let progress = self.parents.progress.get(&kind).cloned();
        let mut after = progress.as_ref().and_then(|progress| progress.mark.clone());
        if self.parents.all || progress.is_none_or(|progress| is_due(progress.round_at)) {
            after = None;
            if self.pages.send(Message::Round { kind: kind.clone() }).await.is_err() {
                return Ok(false);
            }
        }
        let mut refused: Option<(u64, ConnectorError)> = None;
        let mut read = 0_u64;
        loop {
            let query = ParentQuery {
                table: parent.stream.to_owned(),
                id: parent.id.to_owned(),
                only: parent.only.map(|(column, value)| (column.to_owned(), value.to_owned())),
                after: after.clone(),
                most: PARENTS_AT_ONCE,
            };
            let found = self.run.parents(&query).await?;
            let is_last = found.len() < PARENTS_AT_ONCE as usize;
            for row in found {
                if *left == Some(0) {
                    self.left_out = true;
                    self.warnings.push(format!("some of {} were left for the next run", parent.stream));
                    return Ok(true);
                }
                *left = left.map(|left| left - 1);
                let asked = asked_of(parent, &row.id);
                match self.read_values(&asked).await {
                    Ok(true) => read += 1,
                    Ok(false) => return Ok(false),
                    // Gone since it was read, or a parent that the app does not know in this place.
                    Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::BadRequest) => {
                        let count = refused.as_ref().map_or(0, |(count, _)| *count);
                        refused = Some((count + 1, error));
                        self.left_out = true;
                        self.has_refused = self.has_refused || !self.is_gone(parent, &row.id).await?;
                        after = Some(row.mark);
                        continue;
                    }
                    Err(error) => return Err(error),
                }
                let done =
                    Message::Parent { kind: kind.clone(), mark: row.mark.clone(), within: asked.given };
                if self.pages.send(done).await.is_err() {
                    return Ok(false);
                }
                after = Some(row.mark);
            }
            if is_last {
                break;
            }
        }
        match refused {
            // Every one of them: then the request is wrong and not the parent.
            Some((count, error)) if read == 0 && count > 2 => Err(error),
            Some((count, error)) => {
                self.warnings.push(format!("the app refused {count} of {}: {error}", parent.stream));
                Ok(true)
            }
            None => Ok(true),
        }
    }

    /// Whether a parent is gone since it was read, and its children with it.
    async fn is_gone(&self, parent: &Parent, id: &str) -> Result<bool> {
        match self.context.integration().stream(parent.stream) {
            Some(stream) => sweep::is_gone(&self.context, stream, id).await,
            None => Ok(false),
        }
    }

    /// One walk, or one for each value that must be asked for.
    async fn read_values(&mut self, asked: &Asked) -> Result<bool> {
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
        for warning in pager.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        Ok(true)
    }
}

/// A name for a kind of parent that stays the same from release to release.
fn kind_of(parent: &Parent) -> String {
    match parent.only {
        Some((_, value)) => format!("{}:{value}", parent.stream),
        None => parent.stream.to_owned(),
    }
}

fn asked_of(parent: &Parent, id: &str) -> Asked {
    let column = parent.column;
    let (value, given) = match parent.entity {
        Some(entity) => (
            json!({"type": entity, "id": id}),
            vec![(format!("{column}_type"), entity.to_owned()), (format!("{column}_id"), id.to_owned())],
        ),
        None => (json!(id), vec![(column.to_owned(), id.to_owned())]),
    };
    Asked { filter: Map::from_iter([(parent.filter.to_owned(), value)]), given }
}

fn is_due(round_at: Option<Timestamp>) -> bool {
    let longest = LONGEST_ROUND.try_into().unwrap_or_default();
    round_at.is_none_or(|at| Timestamp::now().duration_since(at) > longest)
}
