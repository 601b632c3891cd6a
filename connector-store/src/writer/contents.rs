//! How rows stand to what is stored by their values, which were written in one of several ways.

use connector_core::stream::Row;
use connector_core::sync::Standing;

use super::Writer;
use crate::contents::Contents;
use crate::fault::Class;
use crate::session::{Comparison, Relief, Session};

impl<S: Session> Writer<S> {
    /// Compares rows that were written in this way. The columns are laid out before.
    pub(super) async fn compare_values(&mut self, rows: &[&Row], relief: Relief) -> sqlx::Result<Comparison> {
        let existing = self.opening.existing.as_deref().unwrap_or_default();
        let is_there = |name: &str| existing.iter().any(|known| S::NAMES.are_same(&known.name, name));
        let (mut there, mut missing) = (Vec::new(), Vec::new());
        for (index, name) in self.layout.names().enumerate() {
            if is_there(name) { there.push(index) } else { missing.push(index) }
        }
        let contents = Contents { layout: &self.layout, there: &there, relief };
        let mut comparison = self.session.compare_contents(contents, rows).await?;
        // A value without a column is not stored.
        let is_stored = |position: &i32| {
            let row = usize::try_from(*position).ok().and_then(|at| rows.get(at));
            row.is_none_or(|row| missing.iter().all(|index| contents.cell(row, *index).is_none()))
        };
        let (unchanged, lacking) = comparison.unchanged.into_iter().partition(is_stored);
        comparison.unchanged = unchanged;
        comparison.differing.extend::<Vec<i32>>(lacking);
        Ok(comparison)
    }

    /// How a row stands that the database refuses as it is: it was written as what the database would take.
    pub(super) async fn relieved_standing(&mut self, row: &Row) -> sqlx::Result<Standing> {
        for relief in [Relief::Characters, Relief::Values] {
            match self.compare_values(&[row], relief).await {
                Ok(found) if !found.unchanged.is_empty() => return Ok(Standing::Same),
                Ok(found) if !found.differing.is_empty() => return Ok(Standing::Different),
                Ok(_) => return Ok(Standing::Missing),
                Err(error) if self.session.class(&error) == Class::Data => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Standing::Missing)
    }
}
