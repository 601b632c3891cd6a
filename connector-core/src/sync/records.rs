//! Reading single records again: what a webhook hinted at, or somebody named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use serde_json::value::RawValue;

use super::batch::Batch;
use super::details::Details;
use super::seen::SeenKeys;
use super::sink::{SinkRun, StreamWriter};
use super::state::StreamState;
use super::stream::{Ready, StreamSync};
use super::sweep::is_gone;
use super::walk::reject;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::stream::{PageRequest, RowDecoder};

/// Ids that one request asks for, at most.
pub(super) const MOST_IDS: usize = 100;

/// Reads these records of the stream. Those that the app does not know are marked as deleted.
pub(super) async fn read(
    sync: &mut StreamSync<'_>,
    run: &dyn SinkRun,
    wanted: &BTreeMap<String, Vec<String>>,
) -> Result<bool> {
    let declaration = &sync.stream.declaration;
    let Some(ids) = wanted.get(declaration.name) else { return Ok(true) };
    if !sync.stream.reads_single_records() {
        return Err(ConnectorError::new(
            ErrorCode::UnsupportedOperation,
            format!("single records of {} cannot be read", declaration.name),
        ));
    }
    let ids: Vec<String> = ids.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let Ready { writer, state, decoder, .. } = sync.open(run).await?;
    sync.report.cursor = state.cursor;
    let (integration, settings) = (sync.context.integration(), sync.context.settings_any());
    let first = declaration.first_page(integration.page_size(settings));
    let concurrency = integration.concurrency(settings);
    let details = state.details.then(|| Details { decoder: decoder.clone(), concurrency });
    let mut reading = Reading { first, decoder, details, writer, state };
    let mut stop = sync.context.host().stop();
    for some in ids.chunks((reading.first.size as usize).min(MOST_IDS)) {
        let batch = tokio::select! {
            batch = reading.fetch(sync, some) => batch?,
            () = stop.given() => return Ok(false),
        };
        sync.report.received += (batch.rows().len() + batch.rejects().len()) as u64;
        let written = reading.writer.write(batch, &reading.state).await?;
        sync.report.count(written);
    }
    Ok(true)
}

struct Reading {
    first: PageRequest,
    decoder: RowDecoder,
    details: Option<Details>,
    writer: Box<dyn StreamWriter>,
    state: StreamState,
}

impl Reading {
    async fn fetch(&mut self, sync: &mut StreamSync<'_>, ids: &[String]) -> Result<Batch> {
        let mut batch = Batch::default();
        match sync.stream.declaration.ids {
            Some(filter) => self.list(sync, filter, ids, &mut batch).await?,
            None => self.get(sync, ids, &mut batch).await?,
        }
        batch.set_columns(self.decoder.columns());
        Ok(batch)
    }

    /// As their list has them, many at once.
    async fn list(
        &mut self,
        sync: &mut StreamSync<'_>,
        filter: &str,
        ids: &[String],
        batch: &mut Batch,
    ) -> Result<()> {
        let mut request = self.first.clone();
        request.filter.insert(filter.to_owned(), json!(ids));
        let page = (sync.stream.read)(sync.context.clone(), request).await?;
        let mut there = SeenKeys::default();
        for record in page.records {
            if let Some(key) = self.take(record, batch) {
                there.add(&key);
            }
        }
        // What the list does not have is gone, or hidden from lists.
        for id in ids.iter().filter(|id| !there.contains(id)) {
            if is_gone(&sync.context, sync.stream, id).await? {
                batch.push_deleted(id.clone());
            }
        }
        if let Some(details) = &mut self.details {
            batch.set_columns(self.decoder.columns());
            let standings = self.writer.compare(batch).await?;
            let completed = details.complete(&sync.context, sync.stream, batch, &standings).await?;
            sync.report.unchanged += completed.unchanged;
        }
        Ok(())
    }

    /// One by one.
    async fn get(&mut self, sync: &StreamSync<'_>, ids: &[String], batch: &mut Batch) -> Result<()> {
        let Some(get) = &sync.stream.get else { return Ok(()) };
        for id in ids {
            match get(sync.context.clone(), id.clone()).await {
                Ok(record) => {
                    self.take(record, batch);
                }
                Err(error) if error.code() == ErrorCode::NotFound => batch.push_deleted(id.clone()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The key of the row that a record became.
    fn take(&mut self, record: Box<RawValue>, batch: &mut Batch) -> Option<String> {
        match self.decoder.decode(record) {
            Ok(row) => {
                let key = row.key().to_owned();
                batch.push(row);
                Some(key)
            }
            Err((error, record)) => {
                batch.push_reject(reject(&error, &record));
                None
            }
        }
    }
}
