//! Tables of the lists inside records, as they follow from the record's schema.

use serde_json::{Value, json};

use super::sink::ChildTable;
use crate::stream::{Child, Column, Columns, StreamDeclaration, record_schema, resolve};

/// One table for each list at the top of a record, and for those that the declaration finds deeper.
pub(super) fn tables(declaration: &StreamDeclaration) -> Vec<ChildTable> {
    let root = record_schema(declaration);
    let tables = Tables { declaration, root: &root };
    let properties = root.get("properties").and_then(Value::as_object);
    let tops = properties.into_iter().flatten().filter_map(|(field, property)| {
        let items = tables.items_of(property)?;
        Some(tables.table(field, vec![field.clone()], items))
    });
    tops.chain(declaration.children.iter().filter_map(|child| tables.deep(child))).collect()
}

struct Tables<'a> {
    declaration: &'a StreamDeclaration,
    root: &'a Value,
}

impl<'a> Tables<'a> {
    /// The table of a list to which several fields lead.
    fn deep(&self, child: &Child) -> Option<ChildTable> {
        let items = child.path.iter().try_fold(self.root, |at, field| {
            let property = resolve(at, self.root).get("properties")?.get(field)?;
            Some(self.items_of(property).unwrap_or(property))
        })?;
        let path = child.path.iter().map(|field| (*field).to_owned()).collect();
        Some(self.table(child.name, path, items))
    }

    fn table(&self, name: &str, path: Vec<String>, items: &Value) -> ChildTable {
        let StreamDeclaration { name: stream, singular, key, .. } = self.declaration;
        let parent_key: Vec<String> = key.iter().map(|key| format!("{singular}_{key}")).collect();
        let columns = self.columns(items, &parent_key);
        ChildTable { name: format!("{stream}_{name}"), parent_key, columns, path }
    }

    /// The columns of the items. One that has the name of ours gets another.
    fn columns(&self, items: &Value, parent_key: &[String]) -> Vec<Column> {
        let items = resolve(items, self.root);
        let properties = items.get("properties").cloned().unwrap_or_else(|| json!({"value": items}));
        let schema = json!({"properties": properties, "$defs": self.root.get("$defs")});
        let mut columns = Columns::from_schema(&schema, &[]).as_slice().to_vec();
        for column in &mut columns {
            if column.name == "position" || parent_key.contains(&column.name) {
                column.name = format!("item_{}", column.name);
            }
        }
        columns
    }

    /// What the items of a list are; `None` for what is no list.
    fn items_of(&self, property: &'a Value) -> Option<&'a Value> {
        resolve(property, self.root).get("items")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{RecordPage, Stream};
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Invoice {
        id: String,
        tags: Option<Vec<String>>,
        payments: Option<Vec<Payment>>,
        groups: Option<Vec<Group>>,
        remark: Option<String>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Payment {
        invoice_id: Option<String>,
        amount: Option<f64>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Group {
        items: Option<Vec<Item>>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Item {
        text: Option<String>,
    }

    #[test]
    fn every_list_of_a_record_gets_a_table() {
        let read = |_: crate::Call<()>, _| async { Ok(RecordPage::default()) };
        let stream = Stream::new::<Invoice, _, _>("invoices", "invoice", read)
            .declare(|stream| stream.children = &[Child { name: "lines", path: &["groups", "items"] }]);
        let mut tables = tables(&stream.declaration);
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let shown: Vec<_> = tables
            .iter()
            .map(|table| {
                let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
                (table.name.as_str(), table.parent_key[0].as_str(), columns)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("invoices_groups", "invoice_id", vec!["items"]),
                ("invoices_lines", "invoice_id", vec!["text"]),
                ("invoices_payments", "invoice_id", vec!["item_invoice_id", "amount"]),
                ("invoices_tags", "invoice_id", vec!["value"]),
            ]
        );
    }
}
