//! `.info`: one row with everything it has.

use serde_json::{Map, Value};

use super::condition::uuid;
use super::list::reshape;
use super::problem::Problem;
use super::sideload;
use crate::catalog::Meta;
use crate::reply::{JSON, Reply};
use crate::state::State;

pub(super) fn answer(
    state: &State,
    position: usize,
    parameters: &Map<String, Value>,
    version: &str,
) -> Result<Reply, Vec<Problem>> {
    let id = parameters.get("id").unwrap_or(&Value::Null);
    let id = uuid("id", id).map_err(|problem| vec![problem])?;
    let table = state.store.table(position);
    let Some((slot, row)) = table.slot(id).and_then(|slot| Some((slot, table.row(slot)?))) else {
        return Ok(Reply::error(404, "Not found"));
    };
    let name = table.resource.name;
    let is_bare = state.switches.bare_info.iter().any(|resource| resource == name);
    let mut body = if is_bare { Vec::new() } else { b"{\"data\":".to_vec() };
    let start = body.len();
    table.write_info(&state.store.world, row, &mut body);
    reshape(state, position, version, &mut body, start);
    if is_bare {
        return Ok(Reply::new(200, JSON, body));
    }
    if table.resource.meta == Meta::Updatable {
        body.extend_from_slice(b",\"meta\":{\"updatable\":true}");
    }
    let paths = parameters.get("include").and_then(Value::as_str).unwrap_or_default();
    if state.switches.sideloading && !paths.is_empty() {
        let paths: Vec<String> = paths.split(',').map(|path| path.trim().to_owned()).collect();
        sideload::write(&state.store, position, &[slot], &paths, &mut body);
    }
    body.push(b'}');
    Ok(Reply::new(200, JSON, body))
}
