//! `meta` of a list: the page and the number of rows where they are told, and what some lists add.

use serde_json::{Map, Value, json};

use super::query::Query;
use super::select::Selection;
use crate::catalog::{Meta, Paging, RESOURCES};
use crate::state::State;
use crate::store::Table;

/// Appends `,"meta":{…}`, if there is anything to tell.
pub(super) fn write(
    state: &State,
    position: usize,
    query: &Query,
    selection: &Selection,
    body: &mut Vec<u8>,
) {
    let resource = RESOURCES[position];
    let everywhere = state.switches.meta_everywhere && resource.paging != Paging::None;
    let is_told = query.wants_totals || everywhere;
    let mut meta = Map::new();
    if let Some(page) = query.page.filter(|_| is_told) {
        meta.insert("page".into(), json!({"size": page.size, "number": page.number}));
        meta.insert("matches".into(), selection.matches.into());
    }
    let table = state.store.table(position);
    match resource.meta {
        Meta::Default if is_told || resource.paging == Paging::None => {
            meta.insert("default".into(), default(state, table));
        }
        Meta::Total(path) => {
            meta.insert("total".into(), json!({"amount": total(state, table, selection, path)}));
        }
        _ => {}
    }
    if !meta.is_empty() {
        body.extend_from_slice(b",\"meta\":");
        body.extend_from_slice(Value::Object(meta).to_string().as_bytes());
    }
}

fn default(state: &State, table: &Table) -> Value {
    let oldest = table.live().first().and_then(|slot| table.record(&state.store.world, *slot));
    oldest.and_then(|record| Some(record.text("id")?.into_owned())).into()
}

/// Added up in cents, so that no fractions of them appear.
fn total(state: &State, table: &Table, selection: &Selection, path: &str) -> f64 {
    let cents = |slot: &u32| -> Option<f64> {
        let record = table.record(&state.store.world, *slot)?;
        let amount = std::str::from_utf8(record.values(path).first()?).ok()?.parse::<f64>().ok()?;
        Some((amount * 100.0).round())
    };
    selection.slots.iter().filter_map(cents).sum::<f64>() / 100.0
}
