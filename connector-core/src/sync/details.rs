//! Details: completing records of a list with what only the reader of single records has.

use std::collections::HashSet;

use futures_util::StreamExt;
use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::batch::Batch;
use super::sink::Standing;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::StreamEntry;
use crate::stream::{ContentHash, HASH_BYTES, Row, RowDecoder};

/// Completes the rows of a stream that are new or changed; one request for each.
pub(super) struct Details {
    pub(super) decoder: RowDecoder,
    /// Requests at the same time; the pace is the budget's.
    pub(super) concurrency: usize,
}

/// What became of the rows of a batch.
#[derive(Default)]
pub(super) struct Completed {
    /// Rows that are stored as they are, and were not asked for.
    pub(super) unchanged: u64,
    /// Records whose details the app did not give. New ones are stored as the list has them, others stay as they are; all
    /// of them are asked for again by the next run.
    pub(super) refused: u64,
    /// Those among them that the app says not to know.
    pub(super) unknown: Vec<String>,
}

/// The digest of a row that lacks its details: no record has it, so that the next run asks again.
const INCOMPLETE: ContentHash = [0; HASH_BYTES];

enum Answer {
    Complete(Box<RawValue>),
    Unknown,
    Refused,
}

impl Details {
    /// Replaces the rows of a batch by complete ones and leaves out those that are stored already.
    pub(super) async fn complete(
        &mut self,
        context: &CallContext,
        stream: &StreamEntry,
        batch: &mut Batch,
        standings: &[Standing],
    ) -> Result<Completed> {
        let mut completed = Completed::default();
        let rows: Vec<(Row, Standing)> = batch.take_rows().zip(standings.iter().copied()).collect();
        completed.unchanged = rows.iter().filter(|(_, standing)| *standing == Standing::Same).count() as u64;
        let answers = futures_util::stream::iter(rows)
            .filter(|(_, standing)| std::future::ready(*standing != Standing::Same))
            .map(|(row, standing)| async move { (ask(context, stream, &row).await, row, standing) })
            .buffered(self.concurrency)
            .collect::<Vec<_>>()
            .await;
        for (answer, row, standing) in answers {
            match answer? {
                Answer::Complete(record) => {
                    batch.push(self.completed(&row, &record)?);
                    continue;
                }
                Answer::Unknown => completed.unknown.push(row.key().to_owned()),
                Answer::Refused => {}
            }
            completed.refused += 1;
            if standing == Standing::Missing {
                batch.push(self.as_listed(&row)?.with_hash(INCOMPLETE));
            }
        }
        batch.replace_columns(self.decoder.columns());
        Ok(completed)
    }

    /// The row again, in the columns of the complete ones.
    fn as_listed(&mut self, row: &Row) -> Result<Row> {
        let document = RawValue::from_string(row.document().to_owned())
            .map_err(|error| invalid("is no JSON").source(error))?;
        self.decoder.decode(document).map_err(|(error, _)| invalid(&error.to_string()))
    }

    /// The whole record, under the digest of what the list said: that is what tells whether it changed.
    fn completed(&mut self, row: &Row, record: &RawValue) -> Result<Row> {
        let merged = merge(record.get(), row.document())
            .map_err(|error| invalid("is no JSON object").source(error))?;
        let complete = self.decoder.decode(merged).map_err(|(error, _)| invalid(&error.to_string()))?;
        if complete.key() != row.key() {
            return Err(invalid("is another record than was asked for"));
        }
        Ok(complete.with_hash(*row.hash()))
    }
}

async fn ask(context: &CallContext, stream: &StreamEntry, row: &Row) -> Result<Answer> {
    let Some(get) = &stream.get else { return Ok(Answer::Refused) };
    match get(context.clone(), row.key().to_owned()).await {
        Ok(record) => Ok(Answer::Complete(record)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(Answer::Unknown),
        Err(error) if error.code() == ErrorCode::PermissionDenied => Ok(Answer::Refused),
        Err(error) => Err(error),
    }
}

/// The single record with those fields of the list's that it lacks, each as it was sent.
fn merge(single: &str, listed: &str) -> serde_json::Result<Box<RawValue>> {
    let single: IndexMap<String, &RawValue> = serde_json::from_str(single)?;
    let listed: IndexMap<String, &RawValue> = serde_json::from_str(listed)?;
    let known: HashSet<&String> = single.keys().collect();
    let added = listed.iter().filter(|(name, _)| !known.contains(name));
    let all: IndexMap<&String, &RawValue> =
        single.iter().chain(added).map(|(name, value)| (name, *value)).collect();
    serde_json::value::to_raw_value(&all)
}

fn invalid(what: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidResponse, format!("a single record {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_what_only_the_list_has() {
        let merged = merge(r#"{"id":"a","lines":[1.10]}"#, r#"{"id":"b","web_url":"x","lines":[]}"#).unwrap();
        assert_eq!(merged.get(), r#"{"id":"a","lines":[1.10],"web_url":"x"}"#);
        assert!(merge("[]", "{}").is_err());
    }
}
