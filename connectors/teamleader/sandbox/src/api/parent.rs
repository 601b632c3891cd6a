//! Rows asked for a parent that does not exist: an empty list or a refusal, as the switch says.

use super::condition::Condition;
use super::query::Query;
use crate::catalog::{Kind, Resource};
use crate::reply::Reply;
use crate::state::State;
use crate::store::Store;

/// The refusal, when the list needs a parent and the one that is named is not there.
pub(super) fn refusal(state: &State, resource: &Resource, query: &Query) -> Option<Reply> {
    let needs_parent = resource.filters.iter().any(|filter| filter.is_required);
    if !state.switches.unknown_parent_refused || !needs_parent {
        return None;
    }
    let owner = resource.owner?;
    query.conditions.iter().find_map(|condition| match condition {
        Condition::Reference(path, wanted) if *path == owner => {
            let is_unknown =
                wanted.iter().any(|(entity, id)| is_unknown(&state.store, &[entity.as_str()], id));
            is_unknown.then(|| Reply::error(400, "Invalid subject"))
        }
        Condition::HasAny(path, ids) if path.strip_suffix(".id") == Some(owner) => {
            let entities = entities(resource, owner);
            let is_unknown = ids.iter().any(|id| is_unknown(&state.store, entities, id));
            is_unknown.then(|| Reply::error(404, "Not found"))
        }
        _ => None,
    })
}

fn entities(resource: &Resource, owner: &str) -> &'static [&'static str] {
    let attribute = resource.attributes.iter().find(|attribute| attribute.name == owner);
    match attribute.map(|attribute| &attribute.kind) {
        Some(
            Kind::Parent(entities) | Kind::Relation(entities) | Kind::Written(Kind::Relation(entities), _),
        ) => entities,
        _ => &[],
    }
}

/// Of entities that no list shows, nothing can be said.
fn is_unknown(store: &Store, entities: &[&str], id: &str) -> bool {
    !entities.is_empty()
        && entities.iter().all(|entity| {
            let slot = |table: &crate::store::Table| id.parse().ok().and_then(|id| table.slot(id));
            store.of_entity(entity).is_some_and(|table| slot(table).is_none())
        })
}
