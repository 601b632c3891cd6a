//! Lists inside a record: each item on its way into a row of its own.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::column::Column;
use super::row::{Cell, cell, member_of};

/// The column that takes items which are no objects.
const SCALAR_COLUMN: &str = "value";

/// An item of a list inside a record.
#[derive(Debug, Clone)]
pub struct Item<'d> {
    record: &'d str,
    document: &'d str,
    cells: Vec<Cell>,
}

impl<'d> Item<'d> {
    /// The item as the app sent it, as JSON.
    pub fn document(&self) -> &'d str {
        self.document
    }

    /// The value of the column at `index`, as text; `None` is null.
    pub fn cell(&self, index: usize) -> Option<&str> {
        self.cells.get(index)?.text(self.record)
    }
}

/// The items that a path of fields leads to, in order; lists on the way are flattened.
///
/// Nothing is left out: what is no object has its value in the column `value`, if there is one and it fits, and what
/// fits no column is in the item's document.
pub fn items<'d>(record: &'d str, path: &[String], columns: &[Column]) -> Vec<Item<'d>> {
    let mut found = vec![record];
    for field in path {
        found = found.into_iter().flat_map(elements).filter_map(|object| member(object, field)).collect();
    }
    let item = |document| Item { record, document, cells: cells(document, record, columns) };
    found.into_iter().flat_map(elements).map(item).collect()
}

/// The elements of a list, or the value itself when it is none.
fn elements(json: &str) -> Vec<&str> {
    if !json.starts_with('[') {
        return vec![json];
    }
    let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    elements.into_iter().map(RawValue::get).collect()
}

/// A field of an object; a field that is null leads to no items.
fn member<'d>(object: &'d str, field: &str) -> Option<&'d str> {
    let value = member_of(object, field).unwrap_or_default();
    value.filter(|value| *value != "null")
}

fn cells(document: &str, record: &str, columns: &[Column]) -> Vec<Cell> {
    let mut cells = vec![Cell::Null; columns.len()];
    let fill = FillCells { record, columns, cells: &mut cells };
    if document.starts_with('{') {
        let mut deserializer = serde_json::Deserializer::from_str(document);
        // The record was read as JSON before: this cannot fail.
        let _ = deserializer.deserialize_map(fill);
    } else if let Some(index) = columns.iter().position(|column| column.name == SCALAR_COLUMN) {
        cells[index] = cell(&columns[index], document, record).unwrap_or(Cell::Null);
    }
    cells
}

struct FillCells<'a> {
    record: &'a str,
    columns: &'a [Column],
    cells: &'a mut [Cell],
}

impl<'de> Visitor<'de> for FillCells<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let value: &'de RawValue = members.next_value()?;
            for (column, slot) in self.columns.iter().zip(&mut *self.cells) {
                if column.field == name {
                    *slot = cell(column, value.get(), self.record).unwrap_or(Cell::Null);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Columns;
    use serde_json::json;

    fn columns() -> Columns {
        let schema = json!({"properties": {
            "value": {"type": "string"},
            "quantity": {"type": "number"},
            "price": {"type": "object", "properties": {"amount": {}, "currency": {}}},
        }});
        Columns::from_schema(&schema, &[])
    }

    /// Each item's value, quantity, amount and document.
    fn read<'d>(record: &'d str, path: &[&str]) -> Vec<([Option<String>; 3], &'d str)> {
        let columns = columns();
        let path: Vec<String> = path.iter().map(|field| (*field).to_owned()).collect();
        let index = |name: &str| columns.as_slice().iter().position(|column| column.name == name).unwrap();
        let wanted = ["value", "quantity", "price_amount"].map(index);
        let cells = |item: &Item<'_>| wanted.map(|index| item.cell(index).map(str::to_owned));
        let items = items(record, &path, columns.as_slice());
        items.iter().map(|item| (cells(item), item.document())).collect()
    }

    fn documents<'d>(record: &'d str, path: &[&str]) -> Vec<&'d str> {
        read(record, path).into_iter().map(|(_, document)| document).collect()
    }

    #[test]
    fn an_items_fields_are_typed_as_a_records_are() {
        let record = r#"{"lines":[{"quantity":1.50,"price":{"amount":2,"currency":"EUR"},"more":1}, {"value":"a\"b"}]}"#;
        let read = read(record, &["lines"]);
        assert_eq!(read[0].0, [None, Some("1.50".to_owned()), Some("2".to_owned())]);
        assert_eq!(read[0].1, r#"{"quantity":1.50,"price":{"amount":2,"currency":"EUR"},"more":1}"#);
        assert_eq!(read[1].0, [Some("a\"b".to_owned()), None, None]);
    }

    #[test]
    fn lists_on_the_way_are_flattened_in_order() {
        let record =
            r#"{"groups":[{"lines":[1,2]},{"lines":[]},{"other":0},{"lines":null},7,null,{"lines":[3]}]}"#;
        assert_eq!(documents(record, &["groups", "lines"]), ["1", "2", "3"]);
        assert_eq!(documents(r#"{"group":{"lines":[4]}}"#, &["group", "lines"]), ["4"]);
    }

    #[test]
    fn what_is_no_object_is_an_item_too() {
        let record = r#"{"tags":["a", null ,[1,{}],2,{"quantity":"many"}]}"#;
        let read = read(record, &["tags"]);
        let values: Vec<_> = read.iter().map(|(cells, _)| cells[0].as_deref()).collect();
        assert_eq!(values, [Some("a"), None, None, Some("2"), None]);
        assert_eq!(documents(record, &["tags"])[1..3], ["null", "[1,{}]"]);
        assert_eq!(read[4].0[1], None);
    }

    #[test]
    fn a_field_that_holds_no_list_holds_one_item_or_none() {
        assert_eq!(documents(r#"{"tags":{"a":1}}"#, &["tags"]), [r#"{"a":1}"#]);
        assert_eq!(documents(r#"{"tags":"a"}"#, &["tags"]), ["\"a\""]);
        for record in [r#"{"tags":null}"#, r#"{"tags":[]}"#, "{}"] {
            assert_eq!(documents(record, &["tags"]), Vec::<&str>::new());
        }
    }
}
