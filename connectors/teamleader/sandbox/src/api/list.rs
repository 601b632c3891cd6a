//! `.list`: filter, sort, page, then rows copied as they lie in memory.

use serde_json::{Map, Value};

use super::problem::Problem;
use super::query::{Page, Query, Reader};
use super::select::{Selection, select};
use super::{Bend, meta, parent, sideload, version};
use crate::catalog::RESOURCES;
use crate::reply::{JSON, Reply};
use crate::state::State;

pub(super) fn answer(
    state: &mut State,
    position: usize,
    parameters: &Map<String, Value>,
    bend: Bend,
    version: &str,
) -> Result<Reply, Vec<Problem>> {
    let resource = RESOURCES[position];
    let now = state.clock.seconds();
    let mut reader =
        Reader { resource, switches: &state.switches, now, problems: Vec::new(), ignored: Vec::new() };
    let query = reader.read(parameters);
    let Reader { problems, ignored, .. } = reader;
    if !ignored.is_empty() {
        state.log.ignored(&format!("{}.list", resource.name), &ignored);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if let Some(refusal) = parent::refusal(state, resource, &query) {
        return Ok(refusal);
    }
    let (page, shift) = bent(query.page, bend);
    let (table, world) = state.store.table_mut(position);
    let selection = select(table, world, &state.switches, &query, page, shift);
    Ok(Reply::new(200, JSON, rendered(state, position, &query, &selection, version)))
}

fn bent(page: Option<Page>, bend: Bend) -> (Option<Page>, usize) {
    let first = |page: Page| Page { number: 1, ..page };
    let page = if bend.repeat_first_page { page.map(first) } else { page };
    let is_later = page.is_some_and(|page| page.number > 1);
    (page, usize::from(bend.duplicate_row && is_later))
}

fn rendered(state: &State, position: usize, query: &Query, selection: &Selection, version: &str) -> Vec<u8> {
    let table = state.store.table(position);
    let pieces = table.list_pieces(&query.parts);
    let mut body = Vec::with_capacity(64 + selection.slots.len() * 1024);
    body.extend_from_slice(b"{\"data\":[");
    let plain = body.len();
    for row in selection.slots.iter().filter_map(|slot| table.row(*slot)) {
        if body.len() > plain {
            body.push(b',');
        }
        let start = body.len();
        table.write(row, &pieces, &mut body);
        reshape(state, position, version, &mut body, start);
    }
    body.push(b']');
    meta::write(state, position, query, selection, &mut body);
    if state.switches.sideloading && !query.sideloads.is_empty() {
        sideload::write(&state.store, position, &selection.slots, &query.sideloads, &mut body);
    }
    body.push(b'}');
    body
}

/// Rows that are not shown as they are stored: an older version, or fields the user may not see.
pub(super) fn reshape(state: &State, position: usize, version: &str, body: &mut Vec<u8>, start: usize) {
    let name = RESOURCES[position].name;
    let omitted = state.switches.omitted.get(name);
    if omitted.is_none() && !version::reshapes(name, version) {
        return;
    }
    let mut row: Map<String, Value> = serde_json::from_slice(&body[start..]).unwrap_or_default();
    for field in omitted.into_iter().flatten() {
        row.remove(field);
    }
    if version::reshapes(name, version) {
        version::reshape(name, &mut row);
    }
    body.truncate(start);
    body.extend_from_slice(Value::Object(row).to_string().as_bytes());
}
