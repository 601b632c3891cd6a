//! Columns: how a record's fields become the columns of a table.
//!
//! Declared columns follow from the JSON Schema of the record; a field that no schema mentions becomes a column
//! when the first record brings it. Both ways end in the same rules:
//!
//! | field | columns |
//! |---|---|
//! | scalar | one, under the field's name, with its natural type |
//! | relation `{type, id}` | `<field>_type`, `<field>_id` |
//! | money `{amount, currency}` | `<field>_amount`, `<field>_currency` |
//! | other objects, arrays | one, as JSON |

use std::collections::HashSet;

use serde_json::Value;
use serde_json::value::RawValue;

/// Longest column name: PostgreSQL cuts identifiers at 63 bytes.
pub(crate) const LONGEST_NAME: usize = 63;

/// Columns that undeclared fields may add to one table; further fields stay in the document only.
///
/// PostgreSQL allows 1,600 columns; an app that invents a field for each record must not reach that.
const MOST_DISCOVERED: usize = 400;

/// Names that every table has for itself.
pub const RESERVED_COLUMNS: [&str; 6] =
    ["_doc", "_hash", "_synced_at", "_first_seen_at", "_deleted_at", "_run_id"];

/// The type of a column, independent of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `uuid`
    Uuid,
    /// An instant, `timestamptz`
    Timestamp,
    /// A day, `date`
    Date,
    /// An exact decimal, `numeric`
    Number,
    /// `boolean`
    Boolean,
    /// `text`
    Text,
    /// `jsonb`
    Json,
}

/// One column and the place in the record that fills it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name in the table.
    pub name: String,
    /// Type in the table.
    pub kind: ColumnType,
    /// Top-level field of the record.
    pub field: String,
    /// Member of the field, for the two halves of a relation or an amount of money.
    pub member: Option<&'static str>,
}

/// The columns of one table, in order. Grows while records bring fields that it does not know.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    all: Vec<Column>,
    /// Lower-cased: SQLite compares column names without case.
    names: HashSet<String>,
    discovered: usize,
    /// Types that the table already has in the database: they win over what a first value suggests.
    existing: Vec<(String, ColumnType)>,
}

/// The shape of a field, from its schema or from a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Scalar(ColumnType),
    Relation,
    Money,
}

impl Columns {
    /// The columns of a record type, from its JSON Schema. Fields of the key come first.
    pub fn from_schema(schema: &Value, key: &[&str]) -> Self {
        let mut columns = Self::default();
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return columns;
        };
        let is_key = |name: &str| key.contains(&name);
        for name in key {
            if let Some(property) = properties.get(*name) {
                columns.push(name, shape_of_key(property, schema));
            }
        }
        for (name, property) in properties.iter().filter(|(name, _)| !is_key(name)) {
            columns.push(name, shape_of_schema(property, schema));
        }
        columns
    }

    /// Makes sure that there is a column of this name; a text column where there was none.
    pub fn require(&mut self, name: &str) {
        if !self.all.iter().any(|column| column.name == name) {
            self.push_column(name, name, None, ColumnType::Text);
        }
    }

    /// All columns, in the order in which they were added.
    pub fn as_slice(&self) -> &[Column] {
        &self.all
    }

    /// Tells which columns the table already has: a field met later takes their type rather than its first value's.
    pub fn set_existing(&mut self, existing: Vec<(String, ColumnType)>) {
        for column in &mut self.all {
            if let Some((_, kind)) = existing.iter().find(|(name, _)| *name == column.name) {
                column.kind = *kind;
            }
        }
        self.existing = existing;
    }

    /// Adds the columns for a field that no schema mentions. Says whether it got any: `null` tells no type yet, and
    /// past a limit fields stay in the document only.
    pub fn discover(&mut self, field: &str, value: &RawValue) -> bool {
        let Some(shape) = shape_of_value(field, value.get()) else {
            return false;
        };
        if self.discovered >= MOST_DISCOVERED {
            return false;
        }
        self.discovered += 1;
        self.push(field, shape);
        true
    }

    fn push(&mut self, field: &str, shape: Shape) {
        match shape {
            Shape::Scalar(kind) => self.push_column(field, field, None, kind),
            Shape::Relation => {
                self.push_column(&format!("{field}_type"), field, Some("type"), ColumnType::Text);
                self.push_column(&format!("{field}_id"), field, Some("id"), ColumnType::Text);
            }
            Shape::Money => {
                self.push_column(&format!("{field}_amount"), field, Some("amount"), ColumnType::Number);
                self.push_column(&format!("{field}_currency"), field, Some("currency"), ColumnType::Text);
            }
        }
    }

    fn push_column(&mut self, wanted: &str, field: &str, member: Option<&'static str>, kind: ColumnType) {
        let name = self.free_name(wanted);
        let kind =
            self.existing.iter().find(|(existing, _)| *existing == name).map_or(kind, |(_, kind)| *kind);
        self.names.insert(name.to_lowercase());
        self.all.push(Column { name, kind, field: field.to_owned(), member });
    }

    /// A name that no other column has: cut to length, without characters that identifiers cannot hold.
    fn free_name(&self, wanted: &str) -> String {
        let mut base: String = wanted.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
        if base.is_empty() {
            base.push('_');
        }
        let taken = |name: &str| {
            let lower = name.to_lowercase();
            RESERVED_COLUMNS.contains(&lower.as_str()) || self.names.contains(&lower)
        };
        let mut name = cut(&base, LONGEST_NAME).to_owned();
        let mut number = 2;
        while taken(&name) {
            let suffix = format!("_{number}");
            name = format!("{}{suffix}", cut(&base, LONGEST_NAME - suffix.len()));
            number += 1;
        }
        name
    }
}

/// The longest start of `text` that fits into `bytes` and ends between characters.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A part of a key is one scalar, kept as text where its type is left open.
fn shape_of_key(property: &Value, root: &Value) -> Shape {
    match shape_of_schema(property, root) {
        Shape::Scalar(kind) if kind != ColumnType::Json => Shape::Scalar(kind),
        _ => Shape::Scalar(ColumnType::Text),
    }
}

fn shape_of_schema(property: &Value, root: &Value) -> Shape {
    let property = resolve(property, root);
    if let Some(members) = property.get("properties").and_then(Value::as_object) {
        let has_exactly =
            |a: &str, b: &str| members.len() == 2 && members.contains_key(a) && members.contains_key(b);
        return if has_exactly("type", "id") {
            Shape::Relation
        } else if has_exactly("amount", "currency") {
            Shape::Money
        } else {
            Shape::Scalar(ColumnType::Json)
        };
    }
    let format = property.get("format").and_then(Value::as_str);
    Shape::Scalar(match (type_of_schema(property), format) {
        ("string", Some("uuid")) => ColumnType::Uuid,
        ("string", Some("date-time")) => ColumnType::Timestamp,
        ("string", Some("date")) => ColumnType::Date,
        ("string", _) => ColumnType::Text,
        ("number" | "integer", _) => ColumnType::Number,
        ("boolean", _) => ColumnType::Boolean,
        _ => ColumnType::Json,
    })
}

/// References that are followed one after the other: a schema may lead in a circle.
const MOST_REFERENCES: u32 = 32;

/// Follows `$ref` and looks through "this or null".
pub(crate) fn resolve<'a>(property: &'a Value, root: &'a Value) -> &'a Value {
    resolve_within(property, root, MOST_REFERENCES)
}

fn resolve_within<'a>(property: &'a Value, root: &'a Value, left: u32) -> &'a Value {
    let Some(left) = left.checked_sub(1) else { return property };
    if let Some(pointer) = property.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#')) {
        return root.pointer(pointer).map_or(property, |target| resolve_within(target, root, left));
    }
    let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) != Some("null");
    match property.get("anyOf").and_then(Value::as_array) {
        Some(choices) if choices.len() == 2 => {
            choices.iter().find(is_null).map_or(property, |choice| resolve_within(choice, root, left))
        }
        _ => property,
    }
}

fn type_of_schema(property: &Value) -> &str {
    match property.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            let mut others = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            match (others.next(), others.next()) {
                (Some(only), None) => only,
                _ => "",
            }
        }
        _ => "",
    }
}

/// The shape that a first value suggests; `null` suggests none.
fn shape_of_value(field: &str, json: &str) -> Option<Shape> {
    Some(match json.as_bytes().first()? {
        b'n' => return None,
        b't' | b'f' => Shape::Scalar(ColumnType::Boolean),
        b'"' => Shape::Scalar(type_of_text(field, json.trim_matches('"'))),
        b'{' => {
            let has = |a: &str, b: &str| {
                serde_json::from_str::<std::collections::HashMap<String, &RawValue>>(json).is_ok_and(
                    |members| members.len() == 2 && members.contains_key(a) && members.contains_key(b),
                )
            };
            if has("type", "id") {
                Shape::Relation
            } else if has("amount", "currency") {
                Shape::Money
            } else {
                Shape::Scalar(ColumnType::Json)
            }
        }
        b'[' => Shape::Scalar(ColumnType::Json),
        _ => Shape::Scalar(ColumnType::Number),
    })
}

/// A text is an instant or a day only if both its name and its value say so: a title may look like a date by chance.
fn type_of_text(field: &str, text: &str) -> ColumnType {
    if field.ends_with("_at") && text.parse::<jiff::Timestamp>().is_ok() {
        ColumnType::Timestamp
    } else if (field.ends_with("_on") || field.ends_with("date")) && text.parse::<jiff::civil::Date>().is_ok()
    {
        ColumnType::Date
    } else {
        ColumnType::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn names(columns: &Columns) -> Vec<&str> {
        columns.as_slice().iter().map(|column| column.name.as_str()).collect()
    }

    #[test]
    fn a_schema_gives_typed_columns_with_the_key_first() {
        let schema = json!({
            "properties": {
                "name": {"type": ["string", "null"]},
                "owner": {"anyOf": [{"$ref": "#/$defs/Relation"}, {"type": "null"}]},
                "id": {"type": "string", "format": "uuid"},
                "total": {"$ref": "#/$defs/Money"},
                "added_at": {"type": ["string", "null"], "format": "date-time"},
                "tags": {"type": "array"},
            },
            "$defs": {
                "Relation": {"type": "object", "properties": {"type": {}, "id": {}}},
                "Money": {"type": "object", "properties": {"amount": {}, "currency": {}}},
            }
        });
        let columns = Columns::from_schema(&schema, &["id"]);
        assert_eq!(columns.as_slice()[0].kind, ColumnType::Uuid);
        let mut sorted = names(&columns);
        sorted[1..].sort_unstable();
        assert_eq!(
            sorted,
            ["id", "added_at", "name", "owner_id", "owner_type", "tags", "total_amount", "total_currency"]
        );
    }

    #[test]
    fn references_that_lead_in_a_circle_end_somewhere() {
        let schema =
            json!({"properties": {"a": {"$ref": "#/properties/b"}, "b": {"$ref": "#/properties/a"}}});
        let columns = Columns::from_schema(&schema, &[]);
        assert_eq!(names(&columns), ["a", "b"]);
    }

    #[test]
    fn a_field_nobody_declared_takes_the_type_of_its_first_value() {
        let mut columns = Columns::default();
        assert!(!columns.discover("unknown", &raw("null")));
        assert!(columns.discover("paid_at", &raw(r#""2024-01-02T03:04:05+00:00""#)));
        assert!(columns.discover("ends_at", &raw(r#""soon""#)));
        assert!(columns.discover("price", &raw(r#"{"amount":1.5,"currency":"EUR"}"#)));
        let kinds: Vec<_> = columns.as_slice().iter().map(|column| column.kind).collect();
        assert_eq!(kinds, [ColumnType::Timestamp, ColumnType::Text, ColumnType::Number, ColumnType::Text]);
    }

    #[test]
    fn the_type_in_the_database_wins_over_a_first_value() {
        let mut columns = Columns::default();
        columns.set_existing(vec![("size".into(), ColumnType::Text)]);
        columns.discover("size", &raw("12"));
        assert_eq!(columns.as_slice()[0].kind, ColumnType::Text);
    }

    #[test]
    fn an_app_that_invents_fields_for_ever_does_not_grow_the_table_for_ever() {
        let mut columns = Columns::default();
        let added = (0..10_000).filter(|n| columns.discover(&format!("field_{n}"), &raw("1"))).count();
        assert_eq!(added, MOST_DISCOVERED);
    }

    proptest! {
        #[test]
        fn every_column_has_a_name_of_its_own_that_a_database_accepts(fields in prop::collection::vec(".{0,90}", 1..40)) {
            let mut columns = Columns::default();
            for field in &fields {
                columns.discover(field, &raw(r#"{"type":"a","id":"b"}"#));
            }
            let lower: HashSet<String> = names(&columns).iter().map(|name| name.to_lowercase()).collect();
            prop_assert_eq!(lower.len(), columns.as_slice().len());
            for name in names(&columns) {
                prop_assert!(!name.is_empty() && name.len() <= LONGEST_NAME && !name.contains('\0'));
                prop_assert!(!RESERVED_COLUMNS.contains(&name));
            }
        }
    }
}
