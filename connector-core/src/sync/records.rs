//! Reading single records again: what a webhook hinted at, or somebody named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::details::Details;
use super::seen::SeenKeys;
use super::sink::{Batch, SinkRun};
use super::stream::{Ready, StreamSync};
use super::sweep::is_gone;
use crate::error::{ConnectorError, ErrorCode, Result};

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
    let Ready { mut writer, state, mut decoder } = sync.open(run).await?;
    sync.report.cursor = state.cursor;
    let first = declaration.first_page(sync.context.integration().page_size(sync.context.settings_any()));
    let concurrency = sync.context.integration().concurrency(sync.context.settings_any());
    let mut details = state.details.then(|| Details { decoder: decoder.clone(), concurrency });
    let mut stop = sync.context.host().stop();
    for some in ids.chunks(first.size.min(100) as usize) {
        let mut batch = Batch::default();
        let reading = async {
            let records = match declaration.ids {
                Some(filter) => {
                    let mut request = first.clone();
                    request.filter.insert(filter.to_owned(), json!(some));
                    (sync.stream.read)(sync.context.clone(), request).await?.records
                }
                None => Vec::new(),
            };
            let mut there = SeenKeys::default();
            for record in records {
                match decoder.decode(record) {
                    Ok(row) => {
                        there.add(row.key());
                        batch.push(row);
                    }
                    Err((error, record)) => batch.push_reject(super::walk::reject(&error, &record)),
                }
            }
            for id in some.iter().filter(|id| !there.contains(id)) {
                match &sync.stream.get {
                    // What the list does not have is gone, or hidden from lists.
                    Some(_) if declaration.ids.is_some() => {
                        if is_gone(&sync.context, sync.stream, id).await? {
                            batch.push_deleted(id.clone());
                        }
                    }
                    Some(get) => match get(sync.context.clone(), id.clone()).await {
                        Ok(record) => match decoder.decode(record) {
                            Ok(row) => batch.push(row),
                            Err((error, record)) => batch.push_reject(super::walk::reject(&error, &record)),
                        },
                        Err(error) if error.code() == ErrorCode::NotFound => batch.push_deleted(id.clone()),
                        Err(error) => return Err(error),
                    },
                    None => {}
                }
            }
            batch.set_columns(decoder.columns());
            if let Some(details) = details.as_mut().filter(|_| declaration.ids.is_some()) {
                let standings = writer.compare(&batch).await?;
                let completed = details.complete(&sync.context, sync.stream, &mut batch, &standings).await?;
                sync.report.unchanged += completed.unchanged;
            }
            Ok(())
        };
        tokio::select! {
            read = reading => read?,
            () = stop.given() => return Ok(false),
        }
        sync.report.received += (batch.rows().len() + batch.rejects().len()) as u64;
        let written = writer.write(batch, &state).await?;
        sync.report.inserted += written.inserted;
        sync.report.updated += written.updated;
        sync.report.unchanged += written.unchanged;
        sync.report.deleted += written.deleted;
        sync.report.rejected += written.rejected;
    }
    Ok(true)
}
