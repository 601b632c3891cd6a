//! The lists inside rows, in PostgreSQL: tables of their own, and what is in them.

use connector_core::Result;
use connector_core::sync::Table;
use sqlx::PgConnection;

use super::keys::{key_arrays, key_columns, key_matches};
use super::session::PgSession;
use super::table::{self, Described};
use crate::identifier::{quoted_list, sql};
use crate::items::{ItemRow, ItemSession, ItemTable};
use crate::keys::{Key, KeyParts};
use crate::layout::Names;
use crate::shape::POSITION;
use crate::statements::listed;

/// Items sent at once.
const MOST_ITEMS: usize = 1000;

/// The tables of the lists in the records of `table`, made and extended as they are wanted.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    schema: &str,
    table: &Table,
    described: &Described,
    shown: &str,
) -> Result<Vec<ItemTable>> {
    let key = Key::new(&table.key, &described.columns, Names::Exact);
    let mut tables = Vec::with_capacity(table.children.len());
    for child in &table.children {
        let shape = table::of_items(child, key.renamed(&child.parent_key));
        let described = table::prepare(connection, schema, &shape, shown).await?;
        let name = table::full_name(schema, &child.name);
        tables.push(ItemTable::new(name, child, &described.columns, Names::Exact));
    }
    Ok(tables)
}

impl ItemSession for PgSession {
    async fn remove_items(&mut self, table: &ItemTable, parents: &[&KeyParts<'_>]) -> sqlx::Result<()> {
        let count = table.parent_key.len();
        let matches = key_matches(&table.parent_key);
        let statement = format!("DELETE FROM {} t USING {} WHERE {matches}", table.name, key_arrays(count));
        let mut query = sqlx::query(sql(statement));
        for part in key_columns(count, parents) {
            query = query.bind(part);
        }
        query.execute(self.connection().await?).await?;
        Ok(())
    }

    async fn insert_items(&mut self, table: &ItemTable, items: &[ItemRow<'_>]) -> sqlx::Result<()> {
        let statement = sql(insert_statement(table));
        for items in items.chunks(MOST_ITEMS) {
            let mut query = sqlx::query(statement.clone());
            for part in 0..table.parent_key.len() {
                query =
                    query.bind(items.iter().map(|item| item.parent.key[part].as_ref()).collect::<Vec<_>>());
            }
            for index in 0..table.layout.targets.len() {
                query =
                    query.bind(items.iter().map(|item| item.cell(&table.layout, index)).collect::<Vec<_>>());
            }
            let query = query
                .bind(items.iter().map(ItemRow::document).collect::<Vec<_>>())
                .bind(items.iter().map(|item| item.position).collect::<Vec<_>>());
            query.execute(self.connection().await?).await?;
        }
        Ok(())
    }
}

fn insert_statement(table: &ItemTable) -> String {
    let cells = table.layout.targets.iter().map(|target| &target.column);
    let columns: Vec<_> = table.parent_key.iter().chain(cells).collect();
    let count = columns.len();
    let values = listed(columns.iter().zip(1..).map(|(column, n)| format!("r.c{n}::{}", column.sql_type)));
    format!(
        "INSERT INTO {} ({}, _doc, {POSITION}) SELECT {values}, r.doc::jsonb, r.n
         FROM unnest({}, ${}::int4[]) AS r({}, doc, n)",
        table.name,
        quoted_list(columns.iter().map(|column| column.name.as_str())),
        listed((1..=count + 1).map(|n| format!("${n}::text[]"))),
        count + 2,
        listed((1..=count).map(|n| format!("c{n}"))),
    )
}
