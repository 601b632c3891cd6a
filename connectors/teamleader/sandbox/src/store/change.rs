//! Inserting, updating and deleting rows, as if somebody worked in the account.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::record::Record;
use super::table::{Row, Slot, Table};
use crate::catalog::{Attribute, Kind, Part};
use crate::data::{Draw, RowWriter, World};

/// Why a change was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error("there is no row {0}")]
    NoRow(Uuid),
    #[error("{0} is not a UUID")]
    NotAnId(Value),
    #[error("{0} exists already")]
    Exists(Uuid),
}

impl Table {
    /// A new row, drawn like the others, with these fields instead of the drawn ones.
    pub(crate) fn insert(
        &mut self,
        world: &World,
        now: i64,
        fields: Map<String, Value>,
    ) -> Result<Uuid, ChangeError> {
        let slot = Slot::try_from(self.rows.len()).unwrap_or(Slot::MAX);
        let mut row = self.drawn(world, slot, now);
        let mut values = Record::new(self, world, &row).decoded();
        values.extend(fields);
        let id = id_of(values.get(self.resource.id_attribute()))?;
        if self.slots.contains_key(&id) {
            return Err(ChangeError::Exists(id));
        }
        self.render(&mut row, &values);
        self.rows.push(Some(row));
        self.slots.insert(id, slot);
        self.enter_orders(slot, true);
        Ok(id)
    }

    fn drawn(&self, world: &World, slot: Slot, now: i64) -> Row {
        let mut writer = RowWriter::default();
        Draw::new(world, self.resource, slot, (now, now), &mut writer).stored_row(self.resource.attributes);
        let (stored, _) = writer.finish();
        Row { stored, info: None, number: slot, created: now, updated: now }
    }

    /// Replaces these fields. `touched` is the new time of the last update, if the change counts as one.
    pub(crate) fn update(
        &mut self,
        world: &World,
        id: Uuid,
        fields: Map<String, Value>,
        touched: Option<i64>,
    ) -> Result<(), ChangeError> {
        let slot = self.slot(id).ok_or(ChangeError::NoRow(id))?;
        let old = self.row(slot).ok_or(ChangeError::NoRow(id))?;
        let mut values = Record::new(self, world, old).decoded();
        let updated = touched.unwrap_or(old.updated);
        let mut row =
            Row { stored: Box::default(), info: None, number: old.number, created: old.created, updated };
        if let Some(attribute) = self.resource.attributes.iter().find(|it| matches!(it.kind, Kind::Updated)) {
            values.insert(attribute.name.into(), Value::String(crate::data::rfc3339(updated)));
        }
        values.extend(fields);
        values.insert(self.resource.id_attribute().into(), Value::String(id.to_string()));
        self.render(&mut row, &values);
        self.leave_orders(slot, false);
        self.rows[slot as usize] = Some(row);
        self.enter_orders(slot, false);
        Ok(())
    }

    pub(crate) fn delete(&mut self, id: Uuid) -> Result<(), ChangeError> {
        let slot = self.slot(id).ok_or(ChangeError::NoRow(id))?;
        self.leave_orders(slot, true);
        self.rows[slot as usize] = None;
        self.slots.remove(&id);
        Ok(())
    }

    /// Writes the values in the cut of the table. Times given as values become the times of the row.
    fn render(&self, row: &mut Row, values: &Map<String, Value>) {
        let attributes = self.resource.attributes;
        for attribute in attributes {
            let given = values.get(attribute.name).and_then(Value::as_str);
            let given =
                given.and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second);
            match attribute.kind {
                Kind::Created => row.created = given.unwrap_or(row.created),
                Kind::Updated => row.updated = given.unwrap_or(row.updated),
                _ => {}
            }
        }
        let mut writer = RowWriter::default();
        writer.enter(Part::Row);
        writer.raw("{");
        write_fields(&mut writer, attributes, values, true);
        row.stored = writer.finish().0;

        writer.enter(Part::Row);
        for attribute in attributes.iter().filter(|attribute| attribute.part == Part::Info) {
            if let Some(value) = values.get(attribute.name) {
                writer.raw(",");
                write_pair(&mut writer, attribute.name, value);
            }
        }
        row.info = Some(std::mem::take(&mut writer.bytes).into_boxed_slice());
    }
}

fn id_of(id: Option<&Value>) -> Result<Uuid, ChangeError> {
    let id = id.unwrap_or(&Value::Null);
    id.as_str().and_then(|id| Uuid::parse_str(id).ok()).ok_or_else(|| ChangeError::NotAnId(id.clone()))
}

/// Enters the same parts in the same order as drawing does, also for fields that are left out.
fn write_fields(writer: &mut RowWriter, attributes: &[Attribute], values: &Map<String, Value>, is_row: bool) {
    let mut current = Part::Row;
    let mut first = true;
    for attribute in attributes.iter().filter(|attribute| !is_row || attribute.part != Part::Info) {
        if attribute.part != current {
            writer.enter(attribute.part);
            current = attribute.part;
        }
        if let Some(value) = values.get(attribute.name) {
            if !first {
                writer.raw(",");
            }
            write_attribute(writer, attribute, value);
            if first && is_row {
                write_unknown(writer, attributes, values);
            }
            first = false;
        }
    }
    if current != Part::Row {
        writer.enter(Part::Row);
    }
}

/// Objects whose fields are parts of their own need the same cuts, even when the object is not one.
fn write_attribute(writer: &mut RowWriter, attribute: &Attribute, value: &Value) {
    let fields = match attribute.kind {
        Kind::Object(fields) if fields.iter().any(|field| field.part != Part::Row) => fields,
        _ => return write_pair(writer, attribute.name, value),
    };
    if let Value::Object(values) = value {
        writer.string(attribute.name);
        writer.raw(":{");
        write_fields(writer, fields, values, false);
        writer.raw("}");
    } else {
        write_pair(writer, attribute.name, value);
        for field in fields {
            writer.enter(field.part);
        }
        writer.enter(Part::Row);
    }
}

/// Fields that the table does not know stay with the row, right behind the id.
fn write_unknown(writer: &mut RowWriter, attributes: &[Attribute], values: &Map<String, Value>) {
    for (name, value) in values {
        if attributes.iter().all(|attribute| attribute.name != name) {
            writer.raw(",");
            write_pair(writer, name, value);
        }
    }
}

fn write_pair(writer: &mut RowWriter, name: &str, value: &Value) {
    writer.string(name);
    writer.raw(":");
    writer.raw(&value.to_string());
}
