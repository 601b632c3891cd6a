//! Reading the children of parents: of those that changed, of those that an earlier run missed, or of all.

use jiff::Timestamp;
use serde_json::{Map, json};

use super::plan::DAY;
use super::reader::{Asked, Message, ParentOutcome, Reader};
use super::state::ParentProgress;
use super::stored::{ParentMark, ParentQuery};
use super::sweep;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::stream::Parent;

/// Parents that are taken from the store at a time.
const PARENTS_AT_ONCE: u32 = 500;

/// Age at which the children of all parents are read again: a new child need not change its parent.
const LONGEST_ROUND: std::time::Duration = DAY.saturating_mul(7);

/// Parents in a row whose children do not come, at which the stream is given up: then it is not the parents.
const MOST_REFUSED_IN_A_ROW: u32 = 5;

/// The same where the app is in trouble: each of them was asked for many times already.
const MOST_FAILED_IN_A_ROW: u32 = 2;

/// What came of the parents of one kind so far.
#[derive(Default)]
struct Tally {
    refused: u64,
    in_a_row: u32,
    last: Option<ConnectorError>,
}

impl<'a> Reader<'a> {
    /// The children of one kind of parent after the other.
    pub(super) async fn read_parents(&mut self) -> Result<bool> {
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
        let mut progress = self.parents.progress.get(&kind).cloned().unwrap_or_default();
        if self.parents.all || is_due(progress.round_at) {
            progress = ParentProgress::default();
            if self.pages.send(Message::Round { kind: kind.clone() }).await.is_err() {
                return Ok(false);
            }
        }
        let mut tally = Tally::default();
        for id in progress.missed {
            if !self.read_parent(parent, &id, None, &mut tally).await? {
                return Ok(false);
            }
        }
        let mut after = progress.mark;
        loop {
            let query = ParentQuery {
                table: parent.stream.to_owned(),
                id: parent.id.to_owned(),
                only: parent.only.map(|(column, value)| (column.to_owned(), value.to_owned())),
                after: after.take(),
                most: PARENTS_AT_ONCE,
            };
            let found = self.run.parents(&query).await?;
            let is_last = found.len() < PARENTS_AT_ONCE as usize;
            for row in found {
                if *left == Some(0) {
                    self.left_out = true;
                    self.warnings.push(format!("some of {} were left for the next run", parent.stream));
                    self.tell(parent, tally);
                    return Ok(true);
                }
                *left = left.map(|left| left - 1);
                after = Some(row.mark.clone());
                if !self.read_parent(parent, &row.id, Some(row.mark), &mut tally).await? {
                    return Ok(false);
                }
            }
            if is_last {
                self.tell(parent, tally);
                return Ok(true);
            }
        }
    }

    /// The children of one parent. One that the app refuses keeps nobody else's from being read.
    async fn read_parent(
        &mut self,
        parent: &Parent,
        id: &str,
        mark: Option<ParentMark>,
        tally: &mut Tally,
    ) -> Result<bool> {
        let asked = asked_of(parent, id);
        self.is_doubtful = false;
        let (outcome, error) = match self.read_values(&asked).await {
            Ok(false) => return Ok(false),
            Ok(true) if self.is_doubtful => (ParentOutcome::Doubtful, None),
            Ok(true) => (ParentOutcome::Whole(asked.given), None),
            Err(error) if is_about_parent(&error) && self.is_gone(parent, id).await? => {
                (ParentOutcome::Unknown, None)
            }
            Err(error) if is_about_parent(&error) || error.code().metadata().retryable => {
                (ParentOutcome::Missed, Some(error))
            }
            Err(error) => return Err(error),
        };
        let done = Message::Parent { kind: kind_of(parent), id: id.to_owned(), mark, outcome };
        if self.pages.send(done).await.is_err() {
            return Ok(false);
        }
        match error {
            None => tally.in_a_row = 0,
            Some(error) => {
                self.left_out = true;
                tally.refused += 1;
                tally.in_a_row += 1;
                let is_trouble = error.code().metadata().retryable;
                let most = if is_trouble { MOST_FAILED_IN_A_ROW } else { MOST_REFUSED_IN_A_ROW };
                if tally.in_a_row >= most {
                    return Err(error);
                }
                tally.last = Some(error);
            }
        }
        Ok(true)
    }

    /// Whether a parent is gone since it was read, and its children with it.
    async fn is_gone(&self, parent: &Parent, id: &str) -> Result<bool> {
        match self.context.integration().stream(parent.stream) {
            Some(stream) => sweep::is_gone(&self.context, stream, id).await,
            None => Ok(false),
        }
    }

    fn tell(&mut self, parent: &Parent, tally: Tally) {
        if let Some(error) = tally.last {
            self.refused += tally.refused;
            self.warnings.push(format!("the app refused {} of {}: {error}", tally.refused, parent.stream));
        }
    }
}

/// Whether the app may have refused a request for the sake of the parent that it names.
fn is_about_parent(error: &ConnectorError) -> bool {
    matches!(error.code(), ErrorCode::NotFound | ErrorCode::BadRequest | ErrorCode::PermissionDenied)
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
