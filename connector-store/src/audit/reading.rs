//! Reading the log: entries for people, and whether the chain is whole.

use connector_core::{ConnectorError, ErrorCode, Result};
use jiff::Timestamp;
use serde::Serialize;

use super::{AuditLog, AuditRecord, AuditRow, Backend, Head, hexadecimal};

/// Rows that are read at a time.
const PAGE: u32 = 2000;

/// What a look at the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VerifiedAudit {
    /// Rows that are as they were written.
    pub entries: i64,
    /// Hash of the last of them. Whoever notes it elsewhere can tell later that nothing before was written anew.
    pub hash: String,
    /// The first row that is not; none when the chain is whole.
    pub broken: Option<Broken>,
}

/// Where the chain breaks first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Broken {
    /// The number of the row.
    pub seq: i64,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl AuditLog {
    /// Entries with greater numbers than `after`, in order.
    pub async fn entries(&self, after: i64, most: u32) -> Result<Vec<AuditRecord>> {
        let rows = self.rows(after, most).await?;
        rows.into_iter().map(|(seq, entry, _)| read(seq, &entry)).collect()
    }

    /// The number of the last entry; 0 when there is none.
    pub async fn last(&self) -> Result<i64> {
        Ok(self.head().await?.map_or(0, |head| head.seq))
    }

    /// The number after which the entries since an instant stand. Those of several machines are in the order of
    /// writing, whatever their clocks say.
    pub async fn before(&self, since: Timestamp) -> Result<i64> {
        let Some(head) = self.head().await? else { return Ok(0) };
        // Numbers go up with time, so that a few rows tell: all up to `earlier` are before, all after `later` are not.
        let (mut earlier, mut later) = (0, head.seq);
        while earlier < later {
            let middle = earlier + (later - earlier) / 2;
            match self.entries(middle, 1).await?.first() {
                Some(record) if record.ts < since => earlier = record.seq,
                _ => later = middle,
            }
        }
        Ok(earlier)
    }

    /// Looks at every row: one that was changed, taken out, put in, moved or cut off the end is found.
    pub async fn verify(&self) -> Result<VerifiedAudit> {
        let mut chain = Head::of_nothing();
        let broken = loop {
            let rows = self.rows(chain.seq, PAGE).await?;
            if rows.is_empty() {
                // Read after the rows, so that what was added meanwhile is told from what was cut off.
                let Some(head) = self.head().await? else {
                    break (chain.seq > 0).then(|| broken(1, "the end of the chain is not known"));
                };
                match head.seq.cmp(&chain.seq) {
                    std::cmp::Ordering::Greater if !self.rows(chain.seq, 1).await?.is_empty() => continue,
                    std::cmp::Ordering::Greater => break Some(broken(chain.seq + 1, "it is missing")),
                    std::cmp::Ordering::Less => {
                        break Some(broken(head.seq + 1, "it was not written by this program"));
                    }
                    std::cmp::Ordering::Equal if head.hash == chain.hash => break None,
                    std::cmp::Ordering::Equal => {
                        break Some(broken(chain.seq.max(1), "the end of the chain is of another row"));
                    }
                }
            }
            if let Some(found) = follow(&mut chain, &rows) {
                break Some(found);
            }
        };
        Ok(VerifiedAudit { entries: chain.seq, hash: hexadecimal(&chain.hash), broken })
    }

    /// The hash of a row, to be compared with one that was noted elsewhere.
    pub async fn hash_of(&self, seq: i64) -> Result<Option<String>> {
        let rows = self.rows(seq - 1, 1).await?;
        Ok(rows.into_iter().find(|row| row.0 == seq).map(|(_, _, hash)| hexadecimal(&hash)))
    }

    async fn rows(&self, after: i64, most: u32) -> Result<Vec<AuditRow>> {
        match &self.backend {
            Backend::Postgres(database) => database.audit_rows(after, most).await,
            Backend::Sqlite(database) => database.audit_rows(after, most).await,
        }
    }

    async fn head(&self) -> Result<Option<Head>> {
        let row = match &self.backend {
            Backend::Postgres(database) => database.audit_head().await?,
            Backend::Sqlite(database) => database.audit_head().await?,
        };
        Ok(row.map(Head::from_row))
    }
}

/// Goes along some rows as far as they hold, and tells of the first that does not.
fn follow(chain: &mut Head, rows: &[AuditRow]) -> Option<Broken> {
    for (seq, entry, hash) in rows {
        if *seq != chain.seq + 1 {
            return Some(broken(chain.seq + 1, "it is missing"));
        }
        let next = chain.next(entry);
        if next.hash != *hash {
            return Some(broken(*seq, "it is not as it was written"));
        }
        *chain = next;
    }
    None
}

fn broken(seq: i64, problem: &'static str) -> Broken {
    Broken { seq, problem }
}

fn read(seq: i64, entry: &str) -> Result<AuditRecord> {
    serde_json::from_str(entry).map_err(|error| {
        let message = format!("entry {seq} of the audit log cannot be read");
        ConnectorError::new(ErrorCode::InternalError, message)
            .hint("`audit verify` tells whether it was changed")
            .source(error)
    })
}
