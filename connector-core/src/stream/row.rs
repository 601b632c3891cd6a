//! Rows: a record decoded just far enough to be stored. The document itself is kept as it was sent.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::column::{Column, ColumnType, Columns};

/// Bytes of a content hash that are kept: enough that two contents of one row never collide by chance.
pub const HASH_BYTES: usize = 16;

/// Stands between the parts of a key that has several.
pub const KEY_SEPARATOR: char = '\u{1f}';

/// A digest of a record's content.
pub type ContentHash = [u8; HASH_BYTES];

/// What a column of a row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    /// A part of the document that needs no change.
    Document(Range<usize>),
    Text(String),
}

impl Cell {
    /// The value as text, the document being the one that the cell was made from.
    pub(super) fn text<'c>(&'c self, document: &'c str) -> Option<&'c str> {
        match self {
            Self::Null => None,
            Self::Document(range) => Some(&document[range.clone()]),
            Self::Text(text) => Some(text),
        }
    }
}

/// A record on its way into a table.
#[derive(Debug, Clone)]
pub struct Row {
    document: Box<RawValue>,
    hash: ContentHash,
    key: String,
    cells: Vec<Cell>,
}

impl Row {
    /// The record as the app sent it, as JSON.
    pub fn document(&self) -> &str {
        self.document.get()
    }

    /// Digest of the content; equal digests mean that there is nothing to write.
    pub fn hash(&self) -> &ContentHash {
        &self.hash
    }

    /// The value of the key, all its parts joined, to tell rows apart inside one stream.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value of the column at `index`, as text; `None` is null. A row may know fewer columns than its table.
    pub fn cell(&self, index: usize) -> Option<&str> {
        self.cells.get(index)?.text(self.document.get())
    }

    /// The same row with the digest of another content: what a list said of a record decides whether it changed, also
    /// where the row holds more than the list.
    #[must_use]
    pub fn with_hash(mut self, hash: ContentHash) -> Self {
        self.hash = hash;
        self
    }

    /// Rough size in memory, in bytes, to bound batches.
    pub fn size(&self) -> usize {
        self.document.get().len() + self.cells.len() * size_of::<Cell>()
    }
}

/// Why a record cannot become a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// Not a JSON object.
    #[error("the record is not a JSON object")]
    NotAnObject,
    /// A part of the primary key is absent, null or not a scalar.
    #[error("the record has no usable `{field}`, which is part of its key")]
    MissingKey {
        /// The field of the key.
        field: String,
    },
}

impl RowError {
    /// The reason as programs see it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::MissingKey { .. } => "missing_key",
        }
    }

    /// The field at fault.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NotAnObject => None,
            Self::MissingKey { field } => Some(field),
        }
    }
}

/// Turns records into rows and learns new columns on the way.
#[derive(Debug, Clone)]
pub struct RowDecoder {
    columns: Columns,
    /// Positions in `columns` of the key's parts.
    key: Vec<usize>,
    /// Distinguishes contents written under different declared columns, so that rows are rewritten when a release
    /// declares a new column for a field that was always there.
    seed: [u8; 32],
    /// For each column, how many values did not fit its type.
    misfits: Vec<u64>,
    /// Fields in the order of the last record with the columns each fills: the next record most often has the same.
    layout: Vec<Field>,
    /// Values of columns that the records at hand may leave to their request, by position.
    given: Vec<(usize, String)>,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    columns: Vec<usize>,
}

impl RowDecoder {
    /// A decoder for records with these declared columns and this key.
    ///
    /// # Panics
    /// When the key names a field without a column; the integration's builder refuses such streams.
    pub fn new(columns: Columns, key: &[&str]) -> Self {
        let position = |name: &&str| {
            let found = columns.as_slice().iter().position(|column| column.name == **name);
            found.unwrap_or_else(|| panic!("key field {name} has no column"))
        };
        let key = key.iter().map(position).collect();
        let mut digest = Sha256::new();
        for column in columns.as_slice() {
            digest.update(format!("{}:{:?};", column.name, column.kind));
        }
        let layout = layout_of(&columns);
        let misfits = vec![0; columns.as_slice().len()];
        let seed = digest.finalize().into();
        Self { key, seed, misfits, layout, columns, given: Vec::new() }
    }

    /// Distinguishes contents further: rows that were written without what `what` stands for are written again.
    pub fn distinguish(&mut self, what: &str) {
        self.seed = Sha256::new().chain_update(self.seed).chain_update(what).finalize().into();
    }

    /// What the coming records have in these columns unless they say otherwise: what their request asked for.
    pub fn give(&mut self, values: &[(String, String)]) {
        let position = |name: &str| self.columns.as_slice().iter().position(|column| column.name == name);
        self.given =
            values.iter().filter_map(|(column, value)| Some((position(column)?, value.clone()))).collect();
    }

    /// The columns known so far.
    pub fn columns(&self) -> &[Column] {
        self.columns.as_slice()
    }

    /// Tells which columns the table already has in the database.
    pub fn set_existing(&mut self, existing: Vec<(String, ColumnType)>) {
        self.columns.set_existing(existing);
    }

    /// Columns with values that did not fit, and how many; those values are in the document only.
    pub fn misfits(&self) -> impl Iterator<Item = (&str, u64)> {
        let counted = self.columns.as_slice().iter().zip(&self.misfits);
        counted.filter(|(_, count)| **count > 0).map(|(column, count)| (column.name.as_str(), *count))
    }

    /// Decodes one record. A record that cannot become a row is given back with the reason.
    pub fn decode(&mut self, record: Box<RawValue>) -> Result<Row, (RowError, Box<RawValue>)> {
        let json = record.get();
        if !json.starts_with('{') {
            return Err((RowError::NotAnObject, record));
        }
        let mut cells = vec![Cell::Null; self.columns.as_slice().len()];
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let fill = FillCells { decoder: self, json, cells: &mut cells };
        if deserializer.deserialize_map(fill).is_err() {
            return Err((RowError::NotAnObject, record));
        }
        for (index, value) in &self.given {
            if cells.get(*index) == Some(&Cell::Null) {
                cells[*index] = Cell::Text(value.clone());
            }
        }
        let digest = Sha256::new().chain_update(self.seed).chain_update(json.as_bytes()).finalize();
        let mut hash = ContentHash::default();
        hash.copy_from_slice(&digest[..HASH_BYTES]);
        let mut row = Row { document: record, hash, key: String::new(), cells };
        match self.key_of(&row) {
            Ok(key) => row.key = key,
            Err(error) => return Err((error, row.document)),
        }
        Ok(row)
    }

    fn key_of(&self, row: &Row) -> Result<String, RowError> {
        let mut key = String::new();
        for (part, index) in self.key.iter().enumerate() {
            let column = &self.columns.as_slice()[*index];
            // In the last part it separates nothing.
            let is_last = part + 1 == self.key.len();
            let is_usable = |value: &&str| {
                is_usable_in_key(column.kind, value) && (is_last || !value.contains(KEY_SEPARATOR))
            };
            let value = row.cell(*index).filter(is_usable);
            let Some(value) = value else {
                return Err(RowError::MissingKey { field: column.name.clone() });
            };
            if part > 0 {
                key.push(KEY_SEPARATOR);
            }
            key.push_str(value);
        }
        Ok(key)
    }

    /// The entry of `layout` for a field; learns the field when it is new.
    fn field(&mut self, name: &str, guess: usize, value: &RawValue) -> Option<usize> {
        if self.layout.get(guess).is_some_and(|field| field.name == name) {
            return Some(guess);
        }
        if let Some(found) = self.layout.iter().position(|field| field.name == name) {
            return Some(found);
        }
        let before = self.columns.as_slice().len();
        if !self.columns.discover(name, value) {
            return None;
        }
        let after = self.columns.as_slice().len();
        self.misfits.resize(after, 0);
        self.layout.push(Field { name: name.to_owned(), columns: (before..after).collect() });
        Some(self.layout.len() - 1)
    }
}

/// Whether this is the one way to write the value: `1.0` and `1e0` would be other keys than `1`, and one row for the
/// database.
fn is_usable_in_key(kind: ColumnType, value: &str) -> bool {
    match kind {
        ColumnType::Number => !value.contains(['.', 'e', 'E']) && value != "-0",
        _ => !value.is_empty(),
    }
}

fn layout_of(columns: &Columns) -> Vec<Field> {
    let mut layout: Vec<Field> = Vec::new();
    for (index, column) in columns.as_slice().iter().enumerate() {
        match layout.iter_mut().find(|field| field.name == column.field) {
            Some(field) => field.columns.push(index),
            None => layout.push(Field { name: column.field.clone(), columns: vec![index] }),
        }
    }
    layout
}

struct FillCells<'a> {
    decoder: &'a mut RowDecoder,
    json: &'a str,
    cells: &'a mut Vec<Cell>,
}

impl<'de> Visitor<'de> for FillCells<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut guess = 0;
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let value: &'de RawValue = members.next_value()?;
            let Some(found) = self.decoder.field(&name, guess, value) else {
                continue;
            };
            guess = found + 1;
            self.cells.resize(self.decoder.columns.as_slice().len(), Cell::Null);
            for position in 0..self.decoder.layout[found].columns.len() {
                let index = self.decoder.layout[found].columns[position];
                let column = &self.decoder.columns.as_slice()[index];
                match cell(column, value.get(), self.json) {
                    Ok(cell) => self.cells[index] = cell,
                    Err(Misfit) => self.decoder.misfits[index] += 1,
                }
            }
        }
        Ok(())
    }
}

/// A value that its column cannot hold.
#[derive(Debug)]
pub(super) struct Misfit;

/// What a column holds of its field's value; `document` is the record that the value is a part of.
pub(super) fn cell(column: &Column, value: &str, document: &str) -> Result<Cell, Misfit> {
    let value = match column.member {
        None => value,
        Some(_) if value == "null" => return Ok(Cell::Null),
        Some(member) => match member_of(value, member)? {
            Some(value) => value,
            None => return Ok(Cell::Null),
        },
    };
    if value == "null" {
        return Ok(Cell::Null);
    }
    match column.kind {
        ColumnType::Json => Ok(part(value, document)),
        ColumnType::Number => number(value, document),
        ColumnType::Boolean if matches!(value, "true" | "false") => Ok(part(value, document)),
        ColumnType::Boolean => Err(Misfit),
        ColumnType::Text => text(value, document),
        ColumnType::Uuid => {
            let text = string(value)?;
            if text.len() != 36 || uuid::Uuid::try_parse(&text).is_err() {
                return Err(Misfit);
            }
            // As databases print it, so that keys can be compared as text.
            if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return Ok(Cell::Text(text.to_ascii_lowercase()));
            }
            Ok(text_cell(text, document))
        }
        ColumnType::Timestamp => {
            let instant: jiff::Timestamp = string(value)?.parse().map_err(|_| Misfit)?;
            Ok(Cell::Text(instant.to_string()))
        }
        ColumnType::Date => {
            let text = string(value)?;
            let day: jiff::civil::Date = text.parse().map_err(|_| Misfit)?;
            if day.year() < 1 {
                return Err(Misfit);
            }
            Ok(Cell::Text(day.to_string()))
        }
    }
}

/// One member of an object; `None` when it is absent, an error when the value is no object.
pub(super) fn member_of<'a>(object: &'a str, member: &str) -> Result<Option<&'a str>, Misfit> {
    struct Find<'m>(&'m str);
    impl<'de> Visitor<'de> for Find<'_> {
        type Value = Option<&'de RawValue>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                let value: &'de RawValue = members.next_value()?;
                if name == self.0 {
                    found = Some(value);
                }
            }
            Ok(found)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(object);
    deserializer.deserialize_map(Find(member)).map(|found| found.map(RawValue::get)).map_err(|_| Misfit)
}

/// A part of the document, by where it stands in it.
fn part(value: &str, document: &str) -> Cell {
    let start = value.as_ptr() as usize - document.as_ptr() as usize;
    debug_assert_eq!(&document[start..start + value.len()], value);
    Cell::Document(start..start + value.len())
}

fn text_cell(text: Cow<'_, str>, document: &str) -> Cell {
    match text {
        Cow::Borrowed(text) => part(text, document),
        Cow::Owned(text) => Cell::Text(text),
    }
}

fn string(value: &str) -> Result<Cow<'_, str>, Misfit> {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).ok_or(Misfit)?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(value).map(Cow::Owned).map_err(|_| Misfit);
    }
    Ok(Cow::Borrowed(inner))
}

/// Texts, and scalars of other types as they are written.
fn text(value: &str, document: &str) -> Result<Cell, Misfit> {
    match value.as_bytes()[0] {
        b'"' => Ok(text_cell(string(value)?, document)),
        b'{' | b'[' => Err(Misfit),
        _ => Ok(part(value, document)),
    }
}

/// Numbers as they are written, so that no digit is lost. Sizes that no app means are left in the document.
fn number(value: &str, document: &str) -> Result<Cell, Misfit> {
    let first = value.as_bytes()[0];
    let exponent = value.split_once(['e', 'E']).map_or(Ok(0), |(_, exponent)| exponent.parse::<i32>());
    let fits = value.len() <= 1000 && exponent.is_ok_and(|exponent| exponent.abs() <= 1000);
    if (first == b'-' || first.is_ascii_digit()) && fits { Ok(part(value, document)) } else { Err(Misfit) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn decoder() -> RowDecoder {
        let schema = json!({"properties": {
            "id": {"type": "string", "format": "uuid"},
            "name": {"type": "string"},
            "added_at": {"type": "string", "format": "date-time"},
            "total": {"type": "object", "properties": {"amount": {}, "currency": {}}},
            "owner": {"type": "object", "properties": {"type": {}, "id": {}}},
        }});
        RowDecoder::new(Columns::from_schema(&schema, &["id"]), &["id"])
    }

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn value<'a>(decoder: &RowDecoder, row: &'a Row, column: &str) -> Option<&'a str> {
        row.cell(decoder.columns().iter().position(|c| c.name == column).unwrap())
    }

    const ID: &str = "00000000-0000-0000-0000-000000000001";

    #[test]
    fn a_record_becomes_typed_cells_and_keeps_its_document() {
        let mut decoder = decoder();
        let json = format!(
            r#"{{"id":"{ID}","name":"Zo\u00eb \"x\"","added_at":"2024-05-01T10:00:00+02:00","total":{{"amount":123.30,"currency":"EUR"}},"owner":null}}"#
        );
        let row = decoder.decode(raw(&json)).unwrap();
        assert_eq!(row.document(), json);
        assert_eq!(row.key(), ID);
        assert_eq!(value(&decoder, &row, "name"), Some("Zoë \"x\""));
        assert_eq!(value(&decoder, &row, "added_at"), Some("2024-05-01T08:00:00Z"));
        assert_eq!(value(&decoder, &row, "total_amount"), Some("123.30"));
        assert_eq!(value(&decoder, &row, "owner_id"), None);
    }

    #[test]
    fn a_value_that_does_not_fit_is_null_and_counted_and_stays_in_the_document() {
        let mut decoder = decoder();
        let json = format!(r#"{{"id":"{ID}","name":{{"first":"a"}},"added_at":"yesterday","total":5}}"#);
        let row = decoder.decode(raw(&json)).unwrap();
        assert_eq!(value(&decoder, &row, "added_at"), None);
        assert!(row.document().contains("yesterday"));
        let misfits: Vec<_> = decoder.misfits().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(misfits.len(), 4);
    }

    #[test]
    fn an_unknown_field_adds_a_column_for_this_row_and_the_next() {
        let mut decoder = decoder();
        let before = decoder.columns().len();
        let row = decoder.decode(raw(&format!(r#"{{"rating":4,"id":"{ID}"}}"#))).unwrap();
        assert_eq!(decoder.columns().len(), before + 1);
        assert_eq!(value(&decoder, &row, "rating"), Some("4"));
    }

    #[test]
    fn a_record_without_its_key_is_refused_by_name() {
        let mut decoder = decoder();
        for json in [r#"{"name":"a"}"#, r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":"nonsense"}"#] {
            assert_eq!(decoder.decode(raw(json)).unwrap_err().0, RowError::MissingKey { field: "id".into() });
        }
        assert_eq!(decoder.decode(raw("[]")).unwrap_err().0, RowError::NotAnObject);
    }

    #[test]
    fn parts_of_a_key_cannot_be_read_as_other_parts() {
        let schema = json!({"properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
        let decoder = |key: &[&str]| RowDecoder::new(Columns::from_schema(&schema, key), key);
        let mut two = decoder(&["a", "b"]);
        let refused = two.decode(raw(r#"{"a":"x\u001fy","b":"z"}"#)).unwrap_err().0;
        assert_eq!(refused, RowError::MissingKey { field: "a".into() });
        let last = two.decode(raw(r#"{"a":"x","b":"y\u001fz"}"#)).unwrap();
        assert_eq!(last.key(), "x\u{1f}y\u{1f}z");
        let mut one = decoder(&["a"]);
        assert_eq!(one.decode(raw(r#"{"a":"x\u001fy"}"#)).unwrap().key(), "x\u{1f}y");
    }

    #[test]
    fn a_number_in_a_key_is_written_in_one_way() {
        let schema = json!({"properties": {"id": {"type": "integer"}}});
        let mut decoder = RowDecoder::new(Columns::from_schema(&schema, &["id"]), &["id"]);
        assert_eq!(decoder.decode(raw(r#"{"id":-12}"#)).unwrap().key(), "-12");
        for json in [r#"{"id":1.0}"#, r#"{"id":1e3}"#, r#"{"id":-0}"#, r#"{"id":true}"#] {
            assert_eq!(decoder.decode(raw(json)).unwrap_err().0.code(), "missing_key", "{json}");
        }
    }

    #[test]
    fn the_hash_tells_contents_apart_and_nothing_else() {
        let mut decoder = decoder();
        let one = decoder.decode(raw(&format!(r#"{{"id":"{ID}","name":"a"}}"#))).unwrap();
        let same = decoder.decode(raw(&format!(r#"{{"id":"{ID}","name":"a"}}"#))).unwrap();
        let other = decoder.decode(raw(&format!(r#"{{"id":"{ID}","name":"b"}}"#))).unwrap();
        assert_eq!(one.hash(), same.hash());
        assert_ne!(one.hash(), other.hash());
    }
}
