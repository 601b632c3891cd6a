//! The lists inside rows, in SQLite: tables of their own, and what is in them.

use connector_core::Result;
use connector_core::stream::ColumnType;
use connector_core::sync::Table;
use sqlx::SqliteConnection;

use super::keys::{key_matches, key_values};
use super::session::{SqliteSession, statement_sizes};
use super::table::{self, Described};
use crate::identifier::{quoted, quoted_list, sql};
use crate::items::{ItemRow, ItemSession, ItemTable};
use crate::keys::{Key, KeyParts};
use crate::layout::Names;
use crate::shape::POSITION;

/// The tables of the lists in the records of `table`, made and extended as they are wanted.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    table: &Table,
    described: &Described,
    shown: &str,
) -> Result<Vec<ItemTable>> {
    let key = Key::new(&table.key, &described.columns, Names::Folded);
    let mut tables = Vec::with_capacity(table.children.len());
    for child in &table.children {
        let shape = table::of_items(child, key.renamed(&child.parent_key));
        let described = table::prepare(connection, &shape, shown).await?;
        tables.push(ItemTable::new(quoted(&child.name), child, &described.columns, Names::Folded));
    }
    Ok(tables)
}

impl ItemSession for SqliteSession {
    async fn remove_items(&mut self, table: &ItemTable, parents: &[&KeyParts<'_>]) -> sqlx::Result<()> {
        let statement = format!("DELETE FROM {} WHERE {}", table.name, key_matches(&table.parent_key));
        let query = sqlx::query(sql(statement)).bind(key_values(&table.parent_key, parents));
        query.execute(self.connection().await?).await?;
        Ok(())
    }

    async fn insert_items(&mut self, table: &ItemTable, items: &[ItemRow<'_>]) -> sqlx::Result<()> {
        let values = table.parent_key.len() + table.layout.targets.len() + 2;
        let mut rest = items;
        for size in statement_sizes(values) {
            let statement = sql(insert_statement(table, size));
            while rest.len() >= size {
                let (chunk, others) = rest.split_at(size);
                rest = others;
                let mut query = sqlx::query(statement.clone());
                for item in chunk {
                    let key = item.parent.key.iter().map(|part| Some(part.clone()));
                    let cells = (0..table.layout.targets.len()).map(|index| item.cell(&table.layout, index));
                    let targets = table.layout.targets.iter().map(|target| &target.column);
                    for (column, value) in table.parent_key.iter().chain(targets).zip(key.chain(cells)) {
                        query = match column.kind {
                            ColumnType::Boolean => query.bind(value.map(|text| text == "true")),
                            _ => query.bind(value.map(std::borrow::Cow::into_owned)),
                        };
                    }
                    query = query.bind(item.document().into_owned()).bind(item.position);
                }
                query.execute(self.connection().await?).await?;
            }
        }
        Ok(())
    }
}

fn insert_statement(table: &ItemTable, rows: usize) -> String {
    let cells = table.layout.targets.iter().map(|target| &target.column);
    let names: Vec<_> = table.parent_key.iter().chain(cells).map(|column| column.name.as_str()).collect();
    let row = format!("({})", vec!["?"; names.len() + 2].join(","));
    let values = vec![row.as_str(); rows].join(",");
    format!("INSERT INTO {} ({}, _doc, {POSITION}) VALUES {values}", table.name, quoted_list(names))
}
