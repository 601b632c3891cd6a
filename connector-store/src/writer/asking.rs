//! What a writer asks of its table, and what it makes of the answers. Writes nothing.

use connector_core::Result;
use connector_core::stream::Row;
use connector_core::sync::{Batch, Standing, Written};

use super::Writer;
use crate::attempts::Attempts;
use crate::bisect::Halves;
use crate::fault::Class;
use crate::keys::{Key, KeyParts};
use crate::session::{Relief, Session};

/// Rows of a batch by what is to be done with them.
#[derive(Default)]
pub(super) struct Sorted<'b> {
    pub(super) new: Vec<&'b Row>,
    pub(super) differing: Vec<&'b Row>,
    pub(super) unchanged: u64,
}

/// What rows are compared by.
#[derive(Clone, Copy)]
pub(super) enum Measure {
    /// The digests of their contents.
    Digests,
    /// The contents themselves.
    Contents,
}

/// Keys of rows that are to be marked as deleted, each once, in order; without those that no row can have.
pub(super) fn deleted_keys<'b>(key: &Key, batch: &'b Batch) -> Vec<KeyParts<'b>> {
    let mut texts: Vec<&str> = batch.deleted().collect();
    texts.sort_unstable();
    texts.dedup();
    texts.into_iter().filter_map(|text| key.parts(text)).collect()
}

impl<S: Session> Writer<S> {
    /// The rows by how they stand to those of the table; `hopeful` takes all of them for new.
    pub(super) async fn sort<'b>(&mut self, batch: &'b Batch, hopeful: bool) -> sqlx::Result<Sorted<'b>> {
        let mut rows: Vec<&Row> = batch.rows().collect();
        // Keys in order meet the index in order, and two writers the rows in the same order.
        rows.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        if hopeful {
            return Ok(Sorted { new: rows, ..Sorted::default() });
        }
        let standings = self.standings(&rows, Measure::Digests).await?;
        let mut sorted = Sorted::default();
        for (row, standing) in rows.into_iter().zip(standings) {
            match standing {
                Standing::Missing => sorted.new.push(row),
                Standing::Different => sorted.differing.push(row),
                Standing::Same if batch.is_rewritten(row) => sorted.differing.push(row),
                Standing::Same => sorted.unchanged += 1,
            }
        }
        Ok(sorted)
    }

    /// How these rows stand to those of the table. The columns are laid out before.
    async fn standings(&mut self, rows: &[&Row], measure: Measure) -> sqlx::Result<Vec<Standing>> {
        let mut standings = vec![Standing::Missing; rows.len()];
        let numbered: Vec<(usize, &Row)> = rows.iter().copied().enumerate().collect();
        let mut halves = Halves::new(&numbered);
        while let Some(part) = halves.next() {
            let asked: Vec<&Row> = part.iter().map(|(_, row)| *row).collect();
            let outcome = match measure {
                Measure::Digests => self.session.compare(&self.layout, &asked).await,
                Measure::Contents => self.compare_values(&asked, Relief::None).await,
            };
            let comparison = match outcome {
                Ok(comparison) => comparison,
                Err(error) if self.session.class(&error) == Class::Data => {
                    let refused = halves.refused(part);
                    // A key that cannot even be asked for is no row's.
                    if let (Some((at, row)), Measure::Contents) = (refused, measure) {
                        standings[*at] = self.relieved_standing(row).await?;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            let differing = comparison.differing.iter().map(|position| (position, Standing::Different));
            let unchanged = comparison.unchanged.iter().map(|position| (position, Standing::Same));
            for (position, standing) in differing.chain(unchanged) {
                if let Some((at, _)) = usize::try_from(*position).ok().and_then(|at| part.get(at)) {
                    standings[*at] = standing;
                }
            }
        }
        Ok(standings)
    }

    /// How the rows of a batch, in their order, stand to those of the table.
    pub(super) async fn standings_of(&mut self, batch: &Batch, measure: Measure) -> Result<Vec<Standing>> {
        let mut standings = vec![Standing::Missing; batch.rows().len()];
        if self.opening.existing.is_none() || standings.is_empty() {
            return Ok(standings);
        }
        let missing = self.missing_columns(batch);
        self.lay_out(batch, &missing);
        let mut rows: Vec<(usize, &Row)> = batch.rows().enumerate().collect();
        rows.sort_unstable_by(|(_, a), (_, b)| a.key().cmp(b.key()));
        let (places, rows): (Vec<usize>, Vec<&Row>) = rows.into_iter().unzip();
        let mut attempts = Attempts::default();
        let sorted = loop {
            match self.standings(&rows, measure).await {
                Ok(standings) => break standings,
                Err(error) => self.recover(error, &mut attempts).await?,
            }
        };
        for (place, standing) in places.into_iter().zip(sorted) {
            standings[place] = standing;
        }
        Ok(standings)
    }

    /// What writing the batch would do.
    pub(super) async fn preview(&mut self, batch: &Batch) -> Result<Written> {
        let mut written = Written { rejected: batch.rejects().len() as u64, ..Written::default() };
        for standing in self.standings_of(batch, Measure::Digests).await? {
            match standing {
                Standing::Missing => written.inserted += 1,
                Standing::Different => written.updated += 1,
                Standing::Same => written.unchanged += 1,
            }
        }
        written.deleted = self.count_deleted(batch).await?;
        Ok(written)
    }

    async fn count_deleted(&mut self, batch: &Batch) -> Result<u64> {
        if self.opening.existing.is_none() {
            return Ok(0);
        }
        let keys = deleted_keys(&self.key, batch);
        let (mut count, mut halves, mut attempts) = (0, Halves::new(&keys), Attempts::default());
        while let Some(part) = halves.next() {
            loop {
                match self.session.count_live(&self.key, part).await {
                    Ok(live) => count += live,
                    Err(error) if self.session.class(&error) == Class::Data => {
                        halves.refused(part);
                    }
                    Err(error) => {
                        self.recover(error, &mut attempts).await?;
                        continue;
                    }
                }
                break;
            }
        }
        Ok(count)
    }

    /// Makes ready for another attempt after an error that passes; any other is handed out.
    pub(super) async fn recover(&mut self, error: sqlx::Error, attempts: &mut Attempts) -> Result<()> {
        if self.session.class(&error) == Class::Transient && attempts.next().await {
            tracing::debug!(table = %self.opening.table, %error, "asking again");
            self.disconnect();
            return Ok(());
        }
        Err(self.session.explain(error).context(format!("reading {}", self.opening.table)))
    }
}
