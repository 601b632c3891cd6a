//! The rows of an account: pre-rendered text, found by id, kept in the orders that lists ask for.

mod change;
mod order;
mod owner;
mod record;
mod scan;
mod table;

pub(crate) use change::ChangeError;
pub(crate) use record::Record;
pub(crate) use table::{Slot, Table};

use crate::catalog::{RESOURCES, position, position_of_entity};
use crate::data::World;
use crate::options::Options;

/// All tables, in the order of [`RESOURCES`].
pub(crate) struct Store {
    pub(crate) world: World,
    tables: Vec<Table>,
}

impl Store {
    pub(crate) fn generate(options: &Options) -> Self {
        let world = World::new(options);
        let tables = RESOURCES
            .iter()
            .map(|resource| {
                let wanted = options.only.is_empty() || options.only.iter().any(|name| name == resource.name);
                let rows = if wanted { world.rows(resource) } else { 0 };
                Table::generate(&world, resource, rows)
            })
            .collect();
        Self { world, tables }
    }

    pub(crate) fn table(&self, position: usize) -> &Table {
        &self.tables[position]
    }

    /// The table and, beside it, the world that its rows are made from.
    pub(crate) fn table_mut(&mut self, position: usize) -> (&mut Table, &World) {
        (&mut self.tables[position], &self.world)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Table> {
        position(name).map(|position| &self.tables[position])
    }

    pub(crate) fn of_entity(&self, entity: &str) -> Option<&Table> {
        position_of_entity(entity).map(|position| &self.tables[position])
    }
}
