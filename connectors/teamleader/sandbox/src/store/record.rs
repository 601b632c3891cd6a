//! One row as filters and sorts see it: values found by path.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::{Map, Value};

use super::scan;
use super::table::{Row, Table};
use crate::catalog::Part;
use crate::data::World;

pub(crate) struct Record<'a> {
    table: &'a Table,
    world: &'a World,
    pub(crate) row: &'a Row,
    info: OnceCell<Vec<u8>>,
}

impl<'a> Record<'a> {
    pub(super) fn new(table: &'a Table, world: &'a World, row: &'a Row) -> Self {
        Self { table, world, row, info: OnceCell::new() }
    }

    /// The raw values at a path such as `lead.customer` or `emails[].email`.
    pub(crate) fn values(&self, path: &str) -> Vec<&[u8]> {
        let mut found = vec![self.source(path)];
        for step in path.split('.') {
            let (name, is_list) = match step.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (step, false),
            };
            let fields = found.into_iter().filter_map(|object| scan::field(object, name));
            found = if is_list { fields.flat_map(scan::elements).collect() } else { fields.collect() };
        }
        found
    }

    /// The texts at a path; values that are not text are passed over.
    pub(crate) fn texts(&self, path: &str) -> Vec<Cow<'_, str>> {
        self.values(path).into_iter().filter_map(scan::text).collect()
    }

    pub(crate) fn text(&self, path: &str) -> Option<Cow<'_, str>> {
        self.texts(path).into_iter().next()
    }

    /// The `type` and `id` of the relations at a path.
    pub(crate) fn relations(&self, path: &str) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let part = |object, name| scan::field(object, name).and_then(scan::text);
        self.values(path)
            .into_iter()
            .filter_map(|object| Some((part(object, "type")?, part(object, "id")?)))
            .collect()
    }

    /// The row or, when the first step of the path is shown by info only, what info adds.
    fn source(&self, path: &str) -> &[u8] {
        let first = path.split('.').next().unwrap_or(path).trim_end_matches("[]");
        let is_info = |attribute: &&crate::catalog::Attribute| attribute.part == Part::Info;
        let attributes = self.table.resource.attributes.iter();
        if attributes.filter(is_info).any(|attribute| attribute.name == first) {
            self.info()
        } else {
            self.stored()
        }
    }

    fn stored(&self) -> &[u8] {
        self.table.text(self.row)
    }

    pub(super) fn info(&self) -> &[u8] {
        match &self.row.info {
            Some(info) => info,
            None => self.info.get_or_init(|| self.table.drawn_info(self.world, self.row)),
        }
    }

    /// Every attribute, those of lists, of info and of all includes.
    pub(crate) fn decoded(&self) -> Map<String, Value> {
        let mut text = self.stored().to_vec();
        text.extend_from_slice(self.info());
        text.push(b'}');
        serde_json::from_slice(&text).unwrap_or_default()
    }
}
