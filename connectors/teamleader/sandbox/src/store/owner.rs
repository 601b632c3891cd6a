//! Rows by the row that they belong to: a list for one parent does not scan the others' rows.

use std::collections::HashMap;

use uuid::Uuid;

use super::scan;
use super::table::{Slot, Table};

impl Table {
    /// The rows that belong to this row, in order of insertion.
    pub(crate) fn owned_by(&mut self, owner: Uuid) -> &[Slot] {
        if self.by_owner.is_none() {
            let mut by_owner: HashMap<Uuid, Vec<Slot>> = HashMap::new();
            for slot in &self.live {
                if let Some(owner) = self.owner(*slot) {
                    by_owner.entry(owner).or_default().push(*slot);
                }
            }
            self.by_owner = Some(by_owner);
        }
        self.by_owner.as_ref().and_then(|by_owner| by_owner.get(&owner)).map_or(&[], Vec::as_slice)
    }

    fn owner(&self, slot: Slot) -> Option<Uuid> {
        let relation = scan::field(self.text(self.row(slot)?), self.resource.owner?)?;
        scan::text(scan::field(relation, "id")?)?.parse().ok()
    }

    /// The row is in its place.
    pub(super) fn enter_owner(&mut self, slot: Slot) {
        let owner = self.owner(slot);
        if let (Some(by_owner), Some(owner)) = (&mut self.by_owner, owner) {
            let slots = by_owner.entry(owner).or_default();
            let place = slots.partition_point(|other| *other < slot);
            slots.insert(place, slot);
        }
    }

    /// The row is still in its place.
    pub(super) fn leave_owner(&mut self, slot: Slot) {
        let owner = self.owner(slot);
        if let (Some(by_owner), Some(owner)) = (&mut self.by_owner, owner)
            && let Some(slots) = by_owner.get_mut(&owner)
        {
            slots.retain(|other| *other != slot);
        }
    }
}
