//! `include`: rows that the answer points at, beside the answer.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::store::{Slot, Store};

type Found = BTreeMap<String, BTreeSet<Slot>>;

/// Appends `,"included":{…}` with the rows at these dot paths, by type and without repetition.
pub(super) fn write(store: &Store, position: usize, slots: &[Slot], paths: &[String], body: &mut Vec<u8>) {
    let entity = store.table(position).resource.entity;
    let mut found = Found::new();
    for path in paths {
        let steps: Vec<&str> = path.split('.').collect();
        follow(store, entity, slots, &steps, &mut found);
    }
    body.extend_from_slice(b",\"included\":{");
    for (number, (entity, slots)) in found.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        body.extend_from_slice(format!("\"{entity}\":[").as_bytes());
        write_rows(store, entity, slots, body);
        body.push(b']');
    }
    body.push(b'}');
}

/// The longest beginning of the path that is a relation; the rest starts at what it points at.
fn follow(store: &Store, entity: &str, slots: &[Slot], steps: &[&str], found: &mut Found) {
    let Some(table) = store.of_entity(entity) else {
        return;
    };
    for length in 1..=steps.len() {
        let mut targets = Found::new();
        for record in slots.iter().filter_map(|slot| table.record(&store.world, *slot)) {
            let path = steps[..length].join(".");
            for (entity, id) in
                [path.clone(), format!("{path}[]")].iter().flat_map(|path| record.relations(path))
            {
                let table = store.of_entity(&entity);
                let slot = Uuid::parse_str(&id).ok().and_then(|id| table?.slot(id));
                if let Some(slot) = slot {
                    targets.entry(entity.into_owned()).or_default().insert(slot);
                }
            }
        }
        for (entity, slots) in targets {
            let rest = &steps[length..];
            if !rest.is_empty() {
                let slots: Vec<Slot> = slots.iter().copied().collect();
                follow(store, &entity, &slots, rest, found);
            }
            found.entry(entity).or_default().extend(slots);
        }
    }
}

fn write_rows(store: &Store, entity: &str, slots: &BTreeSet<Slot>, body: &mut Vec<u8>) {
    let Some(table) = store.of_entity(entity) else {
        return;
    };
    let pieces = table.list_pieces(&[]);
    for (number, row) in slots.iter().filter_map(|slot| table.row(*slot)).enumerate() {
        if number > 0 {
            body.push(b',');
        }
        table.write(row, &pieces, body);
    }
}
