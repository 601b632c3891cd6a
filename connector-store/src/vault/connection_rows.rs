//! Rows of connections, as both databases send them: instants as text.

use connector_core::Result;
use connector_core::oauth::{
    Connection, ConnectionState, ConnectionSummary, RefreshAttempt, Renewal, tell_open_attempt,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::Sealed;
use crate::status::instant;

type Text = Option<String>;

/// A row with a connection: account, state, end of the tokens, generation, id of the key, tokens, settings, begin of an
/// attempt; then what [`renewal`] reads.
pub(crate) type SealedRow =
    (Text, String, Text, i64, String, Vec<u8>, Vec<u8>, Text, Text, i32, Text, i32, Text, Text, Text, Text);

/// A row with what anyone may know: name, account, state, end of the tokens, last change, generation, begin of an
/// attempt; then what [`renewal`] reads.
pub(crate) type SummaryRow =
    (String, Text, String, Text, String, i64, Text, Text, i32, Text, i32, Text, Text, Text, Text);

/// A row with a refresh that was begun: id, digest of the token, start.
pub(crate) type AttemptRow = (String, String, String);

/// Reason, failures, failing since, days with failures, not before, last success, last failure, refused client.
type RenewalColumns = (Text, i32, Text, i32, Text, Text, Text, Text);

impl Sealed {
    pub(crate) fn from_row(row: SealedRow) -> Result<Self> {
        let (account, state, expires_at, generation, key_id, tokens, settings, ..) = row;
        let (.., reason, failures, since, days, retry_after, refreshed_at, failed_at, rejected_client) = row;
        let columns = (reason, failures, since, days, retry_after, refreshed_at, failed_at, rejected_client);
        Ok(Self {
            account,
            state,
            renewal: renewal(columns)?,
            expires_at: optional_instant(expires_at)?,
            generation,
            key_id,
            tokens,
            settings,
        })
    }
}

pub(crate) fn summary(row: SummaryRow) -> Result<ConnectionSummary> {
    let (name, account, state, expires_at, updated_at, generation, begun_at, ..) = row;
    let (.., reason, failures, since, days, retry_after, refreshed_at, failed_at, rejected_client) = row;
    let columns = (reason, failures, since, days, retry_after, refreshed_at, failed_at, rejected_client);
    let mut state = ConnectionState::from_name(&state).unwrap_or(ConnectionState::Unknown);
    let mut renewal = renewal(columns)?;
    tell_open_attempt(&mut state, &mut renewal, optional_instant(begun_at)?, Timestamp::now());
    Ok(ConnectionSummary {
        name,
        account,
        state,
        renewal,
        generation: generation.unsigned_abs(),
        expires_at: optional_instant(expires_at)?,
        updated_at: instant(&updated_at)?,
    })
}

/// The begin of an attempt that is written down for a connection.
pub(crate) fn begun_at(row: &SealedRow) -> Result<Option<Timestamp>> {
    optional_instant(row.7.clone())
}

/// A connection as it is told, with the begin of an attempt that is written down for it.
pub(crate) fn told(mut connection: Connection, begun_at: Option<Timestamp>) -> Connection {
    let Connection { state, renewal, .. } = &mut connection;
    tell_open_attempt(state, renewal, begun_at, Timestamp::now());
    connection
}

pub(crate) fn attempt((id, token_digest, started_at): AttemptRow) -> Result<RefreshAttempt> {
    // The id is for people who look into the table; nothing hangs on it here.
    let id = id.parse::<Uuid>().unwrap_or_default();
    Ok(RefreshAttempt { id, token_digest, started_at: instant(&started_at)? })
}

fn renewal(columns: RenewalColumns) -> Result<Renewal> {
    let (reason, failures, since, days, retry_after, refreshed_at, failed_at, rejected_client) = columns;
    Ok(Renewal {
        failures: failures.unsigned_abs(),
        failing_since: optional_instant(since)?,
        failing_days: days.unsigned_abs(),
        retry_after: optional_instant(retry_after)?,
        succeeded_at: optional_instant(refreshed_at)?,
        failed_at: optional_instant(failed_at)?,
        reason,
        rejected_client,
    })
}

fn optional_instant(text: Text) -> Result<Option<Timestamp>> {
    text.map(|text| instant(&text)).transpose()
}
