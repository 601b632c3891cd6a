//! Deletes: rows that a complete read did not see, and the doubts that keep them.
//!
//! No list says what is gone; it only does not come any more. That may have many reasons, so a row is marked as deleted
//! only when a complete read of everything did not have it, the app does not know its id either, and there are not so
//! many of them that something else must be wrong.

use serde_json::json;

use super::records::MOST_IDS;
use super::seen::SeenKeys;
use super::sink::StreamWriter;
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::{StreamEntry, columns_of};
use crate::stream::{RowDecoder, Walk};

/// Deletes that a sweep may make however small the table is.
const ALWAYS_ALLOWED: u64 = 20;

/// Keys that are taken from the store at a time.
const KEYS_AT_ONCE: u32 = 10_000;

/// Records that are asked for one by one, at most, where the list was asked for their ids already.
const MOST_ASKED_ONE_BY_ONE: usize = 100;

/// Live rows that a read did not see.
pub(super) struct Unseen {
    pub(super) keys: Vec<String>,
    /// All live rows that were looked at.
    pub(super) live: u64,
}

/// The live rows with these values in these columns, or all, that were not seen.
pub(super) async fn unseen(
    writer: &mut dyn StreamWriter,
    within: &[(String, String)],
    seen: &mut SeenKeys,
) -> Result<Unseen> {
    let mut unseen = Unseen { keys: Vec::new(), live: 0 };
    let mut after: Option<String> = None;
    loop {
        let keys = writer.live_keys(within, after.as_deref(), KEYS_AT_ONCE).await?;
        unseen.live += keys.len() as u64;
        let is_last = keys.len() < KEYS_AT_ONCE as usize;
        after = keys.last().cloned();
        unseen.keys.extend(keys.into_iter().filter(|key| !seen.contains(key)));
        if is_last {
            return Ok(unseen);
        }
    }
}

/// Says no when so many rows would be deleted that it looks like a fault.
pub(super) fn guard(gone: u64, live: u64, allowed: Option<u64>) -> Result<()> {
    let most = allowed.unwrap_or_else(|| ALWAYS_ALLOWED.max(live / 10));
    if gone <= most {
        return Ok(());
    }
    Err(ConnectorError::new(
        ErrorCode::Conflict,
        format!("{gone} of {live} rows are not in the app any more, which looks like a fault: none was marked as deleted"),
    )
    .hint(format!("if they are really gone, run it again with `--allow-deletes {gone}`")))
}

/// What the app says of records that a read did not see.
#[derive(Default)]
pub(super) struct Confirmed {
    /// It does not know them.
    pub(super) gone: Vec<String>,
    /// It cannot be asked.
    pub(super) unsure: Vec<String>,
}

/// Asks the app for records that a read did not see: a list that moved while it was read, or came short, may have left
/// out records that are there. A feed cannot move, and is believed when it says that it brings everything.
pub(super) async fn confirm(
    context: &CallContext,
    stream: &StreamEntry,
    keys: Vec<String>,
) -> Result<Confirmed> {
    if let Walk::Feed { .. } = stream.declaration.walk {
        return Ok(Confirmed { gone: keys, ..Confirmed::default() });
    }
    let has_plain_key = stream.declaration.key.len() == 1;
    let can_be_asked = stream.declaration.ids.is_some() || stream.get.is_some();
    if !has_plain_key || !can_be_asked || !stream.declaration.parents.is_empty() {
        return Ok(Confirmed { unsure: keys, ..Confirmed::default() });
    }
    let mut gone = not_listed(context, stream, keys).await?;
    // A list may hide what is there, also from those who ask for it by id.
    if stream.get.is_some() && (gone.len() <= MOST_ASKED_ONE_BY_ONE || stream.declaration.ids.is_none()) {
        gone = confirm_one_by_one(context, stream, gone).await?;
    }
    Ok(Confirmed { gone, ..Confirmed::default() })
}

/// Those that the list does not have when it is asked for them by id; all where it cannot be.
pub(super) async fn not_listed(
    context: &CallContext,
    stream: &StreamEntry,
    keys: Vec<String>,
) -> Result<Vec<String>> {
    match stream.declaration.ids {
        Some(filter) => confirm_by_list(context, stream, filter, keys).await,
        None => Ok(keys),
    }
}

async fn confirm_by_list(
    context: &CallContext,
    stream: &StreamEntry,
    filter: &str,
    keys: Vec<String>,
) -> Result<Vec<String>> {
    let declaration = &stream.declaration;
    let first = declaration.first_page(context.integration().page_size(context.settings_any()));
    let mut decoder = RowDecoder::new(columns_of(declaration), declaration.key);
    let mut gone = Vec::new();
    for some in keys.chunks((first.size as usize).min(MOST_IDS)) {
        let mut request = first.clone();
        request.includes = Vec::new();
        request.filter.insert(filter.to_owned(), json!(some));
        let page = (stream.read)(context.clone(), request).await?;
        let mut there = SeenKeys::default();
        for row in page.records.into_iter().filter_map(|record| decoder.decode(record).ok()) {
            there.add(row.key());
        }
        gone.extend(some.iter().filter(|key| !there.contains(key)).cloned());
    }
    Ok(gone)
}

async fn confirm_one_by_one(
    context: &CallContext,
    stream: &StreamEntry,
    keys: Vec<String>,
) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for key in keys {
        if is_gone(context, stream, &key).await? {
            gone.push(key);
        }
    }
    Ok(gone)
}

/// Whether the app says that there is no such record. A record that may not be read is there.
pub(super) async fn is_gone(context: &CallContext, stream: &StreamEntry, id: &str) -> Result<bool> {
    let Some(get) = &stream.get else { return Ok(false) };
    match get(context.clone(), id.to_owned()).await {
        Ok(_) => Ok(false),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(true),
        Err(error) if error.code() == ErrorCode::PermissionDenied => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_deletes_are_always_allowed_and_a_tenth_of_a_large_table() {
        assert!(guard(20, 21, None).is_ok());
        assert!(guard(100, 1000, None).is_ok());
        let error = guard(101, 1000, None).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Conflict);
        assert!(error.hint_text().is_some_and(|hint| hint.contains("--allow-deletes 101")));
        assert!(guard(6, 1000, Some(5)).is_err(), "what somebody says is meant");
        assert!(guard(101, 1000, Some(101)).is_ok());
        assert!(guard(102, 1000, Some(101)).is_err());
    }
}
