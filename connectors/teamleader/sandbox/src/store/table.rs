//! One resource: its rows as they go over the wire, and where to find them.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::record::Record;
use crate::catalog::{Part, Resource};
use crate::data::{Draw, RowWriter, World};

/// A place in the table. Rows keep theirs for life, so the order of places is the order of insertion.
pub(crate) type Slot = u32;

/// A row as it is sent, cut into parts. With a million rows, every byte here is a megabyte.
pub(crate) struct Row {
    /// The ends of the parts (four bytes each), then their text without the closing brace.
    pub(super) stored: Box<[u8]>,
    /// What only info shows, when it can no longer be made from the number.
    pub(super) info: Option<Box<[u8]>>,
    pub(super) number: u32,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

pub(crate) struct Table {
    pub(crate) resource: &'static Resource,
    /// Which part each piece of a stored row belongs to; the same for all rows.
    pub(super) parts: Vec<Part>,
    pub(super) rows: Vec<Option<Row>>,
    pub(super) slots: HashMap<Uuid, Slot>,
    /// Places that hold a row, in order of insertion.
    pub(super) live: Vec<Slot>,
    /// The same by time of the last update. Made when first asked for, then kept up to date.
    pub(super) by_update: Option<Vec<Slot>>,
    /// Places by the row that theirs belong to. Made when first asked for, then kept up to date.
    pub(super) by_owner: Option<HashMap<Uuid, Vec<Slot>>>,
    /// Selections already made, forgotten with every change.
    pub(super) selections: HashMap<String, Arc<[Slot]>>,
}

impl Table {
    pub(crate) fn generate(world: &World, resource: &'static Resource, rows: usize) -> Self {
        let mut writer = RowWriter::default();
        let mut table = Self {
            resource,
            parts: Vec::new(),
            rows: Vec::with_capacity(rows),
            slots: HashMap::with_capacity(rows),
            live: Vec::with_capacity(rows),
            by_update: None,
            by_owner: None,
            selections: HashMap::new(),
        };
        // The first row is drawn even for an empty table: it tells the parts.
        for number in 0..u32::try_from(rows.max(1)).unwrap_or(u32::MAX) {
            let times = world.times(resource.entity, number);
            let mut draw = Draw::new(world, resource, number, times, &mut writer);
            let id = draw.id;
            draw.stored_row(resource.attributes);
            let (stored, parts) = writer.finish();
            if number == 0 {
                table.parts = parts;
            }
            if rows > 0 {
                table.slots.insert(id, number);
                table.live.push(number);
                table.rows.push(Some(Row { stored, info: None, number, created: times.0, updated: times.1 }));
            }
        }
        table
    }

    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    pub(crate) fn slot(&self, id: Uuid) -> Option<Slot> {
        self.slots.get(&id).copied()
    }

    pub(crate) fn live(&self) -> &[Slot] {
        &self.live
    }

    pub(crate) fn row(&self, slot: Slot) -> Option<&Row> {
        self.rows.get(slot as usize)?.as_ref()
    }

    pub(crate) fn record<'a>(&'a self, world: &'a World, slot: Slot) -> Option<Record<'a>> {
        self.row(slot).map(|row| Record::new(self, world, row))
    }

    /// Which pieces a list shows, given the parts that were asked for.
    pub(crate) fn list_pieces(&self, asked: &[&str]) -> Vec<bool> {
        let wanted = |part: &Part| match part {
            Part::Row | Part::List => true,
            Part::Info | Part::Hidden => false,
            Part::Include(name) | Part::ListInclude(name) => asked.contains(name),
        };
        self.parts.iter().map(wanted).collect()
    }

    /// Which pieces the control shows: what a list with every include shows, and what is hidden.
    pub(crate) fn all_pieces(&self) -> Vec<bool> {
        self.parts.iter().map(|part| *part != Part::Info).collect()
    }

    fn info_pieces(&self) -> Vec<bool> {
        self.parts.iter().map(|part| matches!(part, Part::Row | Part::Include(_) | Part::Info)).collect()
    }

    /// Appends the row with the wanted pieces.
    pub(crate) fn write(&self, row: &Row, pieces: &[bool], out: &mut Vec<u8>) {
        let text = self.text(row);
        let mut from = 0;
        let mut start = 0;
        for (piece, wanted) in pieces.iter().enumerate() {
            let end = end_of_piece(row, piece);
            // Neighbouring pieces go out in one copy.
            if !wanted {
                out.extend_from_slice(&text[start..from]);
                start = end;
            }
            from = end;
        }
        out.extend_from_slice(&text[start..from]);
        out.push(b'}');
    }

    /// Appends the row as info shows it.
    pub(crate) fn write_info(&self, world: &World, row: &Row, out: &mut Vec<u8>) {
        self.write(row, &self.info_pieces(), out);
        out.pop();
        match &row.info {
            Some(info) => out.extend_from_slice(info),
            None => out.extend_from_slice(&self.drawn_info(world, row)),
        }
        out.push(b'}');
    }

    /// What info adds to an untouched row: each field with a leading comma.
    pub(super) fn drawn_info(&self, world: &World, row: &Row) -> Vec<u8> {
        let mut writer = RowWriter::default();
        let times = (row.created, row.updated);
        Draw::new(world, self.resource, row.number, times, &mut writer).info_fields(self.resource.attributes);
        writer.bytes
    }

    /// The text of all pieces.
    pub(super) fn text<'r>(&self, row: &'r Row) -> &'r [u8] {
        &row.stored[self.parts.len() * 4..]
    }
}

fn end_of_piece(row: &Row, piece: usize) -> usize {
    let mut end = [0; 4];
    end.copy_from_slice(&row.stored[piece * 4..piece * 4 + 4]);
    u32::from_le_bytes(end) as usize
}
