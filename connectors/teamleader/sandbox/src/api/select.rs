//! Which rows a list shows: the cheap ways first, a scan of all rows last.

use std::sync::Arc;

use uuid::Uuid;

use super::condition::Condition;
use super::query::{Page, Query};
use crate::catalog::{By, Order};
use crate::data::World;
use crate::store::{Slot, Table};
use crate::switches::Switches;

/// Selections kept per table; enough for a few clients walking at once.
const KEPT: usize = 32;

/// The rows of one page and the number of all that match.
pub(crate) struct Selection {
    pub(crate) slots: Vec<Slot>,
    pub(crate) matches: usize,
}

/// `shift` moves the start of the page, as rows inserted meanwhile would.
pub(crate) fn select(
    table: &mut Table,
    world: &World,
    switches: &Switches,
    query: &Query,
    page: Option<Page>,
    shift: usize,
) -> Selection {
    let since = match query.conditions.as_slice() {
        [] => Some(None),
        [Condition::UpdatedSince(since)] if switches.updated_since_sees_deactivated => Some(Some(*since)),
        _ => None,
    };
    match (since, query.orders.as_slice()) {
        (Some(None), []) => cut(table.live(), page, shift),
        (Some(since), [(By::Updated, Order::Ascending)]) => {
            let first = since.map_or(0, |since| table.first_updated_since(since));
            cut(&table.by_update()[first..], page, shift)
        }
        _ => cut(&kept(table, world, switches, query), page, shift),
    }
}

fn cut(all: &[Slot], page: Option<Page>, shift: usize) -> Selection {
    let slots = match page {
        None => all,
        Some(page) => {
            let from = ((page.number - 1).saturating_mul(page.size)).saturating_sub(shift).min(all.len());
            &all[from..from.saturating_add(page.size).min(all.len())]
        }
    };
    Selection { slots: slots.to_vec(), matches: all.len() }
}

fn kept(table: &mut Table, world: &World, switches: &Switches, query: &Query) -> Arc<[Slot]> {
    let key = format!("{}{}", query.key, u8::from(switches.updated_since_sees_deactivated));
    if let Some(selection) = table.selection(&key) {
        return selection;
    }
    let slots = scanned(table, world, switches, query);
    table.keep_selection(key, slots.into(), KEPT)
}

fn scanned(table: &mut Table, world: &World, switches: &Switches, query: &Query) -> Vec<Slot> {
    let mut slots = candidates(table, query);
    let hides_deactivated = !switches.updated_since_sees_deactivated
        && query.conditions.iter().any(|condition| matches!(condition, Condition::UpdatedSince(_)));
    slots.retain(|slot| {
        table.record(world, *slot).is_some_and(|record| {
            query.conditions.iter().all(|condition| condition.holds(&record))
                && !(hides_deactivated && record.text("status").is_some_and(|status| status == "deactivated"))
        })
    });
    slots.sort_unstable();
    slots.dedup();
    if !query.orders.is_empty() {
        table.sort(world, &mut slots, &query.orders);
    }
    slots
}

/// The rows that can match, by the index that narrows them most.
fn candidates(table: &mut Table, query: &Query) -> Vec<Slot> {
    for condition in &query.conditions {
        match condition {
            Condition::Ids(ids) => return ids.iter().filter_map(|id| table.slot(*id)).collect(),
            Condition::UpdatedSince(since) => {
                let first = table.first_updated_since(*since);
                return table.by_update()[first..].to_vec();
            }
            _ => {}
        }
        if let Some(owners) = owners(table, condition) {
            return owners.iter().flat_map(|owner| table.owned_by(*owner).to_vec()).collect();
        }
    }
    table.live().to_vec()
}

/// The rows that the wanted ones belong to, when the condition names them.
fn owners(table: &Table, condition: &Condition) -> Option<Vec<Uuid>> {
    let owner = table.resource.owner?;
    let ids: Vec<&String> = match condition {
        Condition::Reference(path, wanted) if *path == owner => wanted.iter().map(|(_, id)| id).collect(),
        Condition::HasAny(path, ids) if path.strip_suffix(".id") == Some(owner) => ids.iter().collect(),
        _ => return None,
    };
    Some(ids.into_iter().filter_map(|id| id.parse().ok()).collect())
}
