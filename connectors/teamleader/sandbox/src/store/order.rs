//! Orders of rows: the two that are kept up to date, and the ones made for a request.

use std::cmp::Ordering;
use std::sync::Arc;

use super::table::{Slot, Table};
use crate::catalog::{By, Order};
use crate::data::World;

impl Table {
    /// All rows by time of the last update; rows of the same second by insertion.
    pub(crate) fn by_update(&mut self) -> &[Slot] {
        let rows = &self.rows;
        self.by_update.get_or_insert_with(|| {
            let mut slots = self.live.clone();
            slots.sort_by_key(|slot| (rows[*slot as usize].as_ref().map(|row| row.updated), *slot));
            slots
        })
    }

    /// Where, in that order, the rows begin that were updated at `since` or later.
    pub(crate) fn first_updated_since(&mut self, since: i64) -> usize {
        self.by_update();
        self.place_by_update(since, 0)
    }

    fn place_by_update(&self, updated: i64, slot: Slot) -> usize {
        let slots = self.by_update.as_deref().unwrap_or_default();
        let key = |slot: Slot| (self.row(slot).map_or(i64::MIN, |row| row.updated), slot);
        slots.partition_point(|other| key(*other) < (updated, slot))
    }

    /// A selection made earlier, if nothing changed since.
    pub(crate) fn selection(&self, key: &str) -> Option<Arc<[Slot]>> {
        self.selections.get(key).cloned()
    }

    pub(crate) fn keep_selection(&mut self, key: String, selection: Arc<[Slot]>, most: usize) -> Arc<[Slot]> {
        if self.selections.len() >= most {
            self.selections.clear();
        }
        self.selections.insert(key, Arc::clone(&selection));
        selection
    }

    /// The row is in its place; the kept orders learn of it.
    pub(super) fn enter_orders(&mut self, slot: Slot, is_new: bool) {
        if is_new {
            self.live.push(slot);
        }
        let updated = self.row(slot).map_or(i64::MIN, |row| row.updated);
        let place = self.place_by_update(updated, slot);
        if let Some(slots) = &mut self.by_update {
            slots.insert(place, slot);
        }
        self.enter_owner(slot);
        self.selections.clear();
    }

    /// The row is still in its place; the kept orders forget it.
    pub(super) fn leave_orders(&mut self, slot: Slot, for_good: bool) {
        if for_good && let Ok(place) = self.live.binary_search(&slot) {
            self.live.remove(place);
        }
        let updated = self.row(slot).map_or(i64::MIN, |row| row.updated);
        let place = self.place_by_update(updated, slot);
        if let Some(slots) = &mut self.by_update {
            slots.remove(place);
        }
        self.leave_owner(slot);
        self.selections.clear();
    }

    /// Sorts places stably, so that equal rows stay in order of insertion.
    pub(crate) fn sort(&self, world: &World, slots: &mut Vec<Slot>, orders: &[(&By, Order)]) {
        let mut keyed: Vec<(Vec<Key>, Slot)> =
            slots.iter().map(|slot| (self.keys(world, *slot, orders), *slot)).collect();
        keyed.sort_by(|(left, left_slot), (right, right_slot)| {
            compare(left, right, orders).then(left_slot.cmp(right_slot))
        });
        *slots = keyed.into_iter().map(|(_, slot)| slot).collect();
    }

    fn keys(&self, world: &World, slot: Slot, orders: &[(&By, Order)]) -> Vec<Key> {
        let Some(record) = self.record(world, slot) else {
            return Vec::new();
        };
        let key = |(by, _): &(&By, Order)| match by {
            By::Created => Key::Integer(record.row.created),
            By::Updated => Key::Integer(record.row.updated),
            By::Text(paths) => {
                let texts: Vec<_> = paths.iter().filter_map(|path| record.text(path)).collect();
                if texts.is_empty() { Key::Missing } else { Key::Text(texts.join(" ").to_lowercase()) }
            }
            By::Numbered(path) => record.text(path).map_or(Key::Missing, |text| Key::Numbers(numbers(&text))),
            By::Number(path) => {
                let raw =
                    record.values(path).into_iter().next().and_then(|raw| std::str::from_utf8(raw).ok());
                raw.and_then(|raw| raw.parse().ok()).map_or(Key::Missing, Key::Number)
            }
        };
        orders.iter().map(key).collect()
    }
}

/// Missing values come first when ascending.
#[derive(PartialEq, PartialOrd)]
enum Key {
    Missing,
    Integer(i64),
    Number(f64),
    Text(String),
    Numbers(Vec<u64>),
}

fn compare(left: &[Key], right: &[Key], orders: &[(&By, Order)]) -> Ordering {
    for ((left, right), (_, order)) in left.iter().zip(right).zip(orders) {
        let ordering = left.partial_cmp(right).unwrap_or(Ordering::Equal);
        let ordering = if *order == Order::Descending { ordering.reverse() } else { ordering };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

fn numbers(text: &str) -> Vec<u64> {
    text.split(|character: char| !character.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}
