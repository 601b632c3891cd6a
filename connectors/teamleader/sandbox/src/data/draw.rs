//! Drawing one row: walks the attribute table and writes each value.

use uuid::Uuid;

use super::{RowWriter, World, custom_fields};
use crate::catalog::{Absence, Attribute, Kind, Part, Resource};
use crate::random::{Random, hash, mix};

/// As a tag for choices, apart from those of the catalogue.
const PARENT: u64 = hash("parent entity");

/// So few rows that each of them may have rows of its own.
const FEW: usize = 40;

/// One row while it is made. Recipes in the catalogue ask it for chances and write through it.
pub(crate) struct Draw<'a> {
    pub(crate) world: &'a World,
    /// The row is the n-th of its resource, counted from 0.
    pub(crate) number: u32,
    pub(crate) id: Uuid,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    seed: u64,
    random: Random,
    out: &'a mut RowWriter,
}

impl<'a> Draw<'a> {
    pub(crate) fn new(
        world: &'a World,
        resource: &Resource,
        number: u32,
        (created, updated): (i64, i64),
        out: &'a mut RowWriter,
    ) -> Self {
        let seed = world.row_seed(resource.entity, number);
        let id = world.id(resource.entity, number);
        Self { world, number, id, created, updated, seed, random: Random::new(seed), out }
    }

    /// Everything that is stored: the row without what only info shows.
    pub(crate) fn stored_row(&mut self, attributes: &[Attribute]) {
        self.out.enter(Part::Row);
        self.raw("{");
        self.fields(attributes.iter().filter(|attribute| attribute.part != Part::Info));
    }

    /// What only info shows, each field with a leading comma.
    pub(crate) fn info_fields(&mut self, attributes: &[Attribute]) {
        // A stream of its own: these values do not depend on how the stored ones were drawn.
        self.random = Random::new(mix(self.seed ^ hash("info")));
        self.out.enter(Part::Row);
        for attribute in attributes.iter().filter(|attribute| attribute.part == Part::Info) {
            self.raw(",");
            self.field(attribute);
        }
    }

    pub(crate) fn object(&mut self, attributes: &[Attribute]) {
        self.raw("{");
        self.fields(attributes.iter());
        self.raw("}");
    }

    fn fields<'b>(&mut self, attributes: impl Iterator<Item = &'b Attribute>) {
        let mut current = Part::Row;
        for (position, attribute) in attributes.enumerate() {
            if attribute.part != current {
                self.out.enter(attribute.part);
                current = attribute.part;
            }
            if position > 0 {
                self.raw(",");
            }
            self.field(attribute);
        }
        if current != Part::Row {
            self.out.enter(Part::Row);
        }
    }

    fn field(&mut self, attribute: &Attribute) {
        self.out.raw("\"");
        self.out.raw(attribute.name);
        self.out.raw("\":");
        if self.is_absent(&attribute.absence) {
            self.raw("null");
        } else {
            self.value(&attribute.kind);
        }
    }

    fn is_absent(&mut self, absence: &Absence) -> bool {
        match absence {
            Absence::Never => false,
            Absence::Percent(percent) => self.chance(*percent),
            Absence::When(missing) => missing(self),
        }
    }

    fn value(&mut self, kind: &Kind) {
        match kind {
            Kind::Id => {
                let id = self.id;
                self.uuid(id);
            }
            Kind::Created => self.out.time(self.created),
            Kind::Updated => self.out.time(self.updated),
            Kind::Text(write) | Kind::Written(_, write) => write(self),
            Kind::Choice(texts) => {
                let text = *self.pick(texts);
                self.string(text);
            }
            Kind::Chosen(_, choose) => {
                let text = choose(self);
                self.string(text);
            }
            Kind::Bool(percent) => {
                let value = self.chance(*percent);
                self.boolean(value);
            }
            Kind::Decided(decide) => {
                let value = decide(self);
                self.boolean(value);
            }
            Kind::Integer(make) => {
                let value = make(self);
                self.out.integer(value);
            }
            Kind::Decimal(make) => {
                let value = make(self);
                self.out.hundredths(value);
            }
            Kind::Date(make) => {
                let value = make(self);
                self.out.date(value);
            }
            Kind::Time(make) => {
                let value = make(self);
                self.out.time(value);
            }
            Kind::Money(make) => {
                let cents = make(self);
                self.raw("{\"amount\":");
                self.out.hundredths(cents);
                self.raw(",\"currency\":\"EUR\"}");
            }
            Kind::Relation(entities) => {
                let entity = *self.pick(entities);
                self.relation(entity);
            }
            Kind::Parent(entities) => {
                let (entity, number) = self.parent(entities);
                self.reference_to(entity, number);
            }
            Kind::Itself(kinds) => {
                let turns = u32::try_from(kinds.len()).unwrap_or(1);
                let kind = kinds[(self.number % turns) as usize];
                self.reference_to(kind, self.number / turns);
            }
            Kind::Account => {
                self.raw("{\"type\":\"account\",\"id\":");
                let account = self.world.account;
                self.uuid(account);
                self.raw("}");
            }
            Kind::Object(attributes) => self.object(attributes),
            Kind::List(least, most, kind) => self.list(*least, *most, kind),
            Kind::CustomFields(context, percent) => custom_fields::write(self, context, *percent),
            Kind::Anything => self.raw("null"),
        }
    }

    fn list(&mut self, least: u8, most: u8, kind: &Kind) {
        let length = self.between(i64::from(least), i64::from(most));
        self.raw("[");
        for position in 0..length {
            if position > 0 {
                self.raw(",");
            }
            self.value(kind);
        }
        self.raw("]");
    }

    pub(crate) fn relation(&mut self, entity: &'static str) {
        let number = self.related(entity);
        self.reference_to(entity, number);
    }

    /// `{type, id}` of that row.
    pub(crate) fn reference_to(&mut self, entity: &str, number: u32) {
        self.raw("{\"type\":\"");
        self.raw(entity);
        self.raw("\",\"id\":");
        let id = self.world.id(entity, number);
        self.uuid(id);
        self.raw("}");
    }

    /// The id of any row of this entity.
    pub(crate) fn related_id(&mut self, entity: &str) {
        let number = self.related(entity);
        let id = self.world.id(entity, number);
        self.uuid(id);
    }

    fn related(&mut self, entity: &str) -> u32 {
        let count = self.world.count(entity).max(1);
        u32::try_from(self.random.below(count as u64)).unwrap_or_default()
    }

    /// The row that this one belongs to, the same wherever in the row it is asked. Where there are many
    /// candidates, only every fourth one has such rows, so that some parents have several and most none.
    pub(crate) fn parent(&self, entities: &[&'static str]) -> (&'static str, u32) {
        let entity = self.settled(PARENT, entities);
        let count = self.world.count(entity).max(1);
        let mut random = Random::new(mix(self.seed ^ hash("parent")));
        let number = u32::try_from(random.below(count as u64)).unwrap_or_default();
        (entity, if count > FEW { number - number % 4 } else { number })
    }

    pub(crate) fn uuid(&mut self, id: Uuid) {
        self.raw("\"");
        self.out.raw(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        self.raw("\"");
    }

    pub(crate) fn web_url(&mut self, page: &str) {
        self.raw("\"https://focus.teamleader.eu/");
        self.raw(page);
        self.raw("?id=");
        let id = self.id;
        self.out.raw(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        self.raw("\"");
    }

    /// `2017/5`: the year and the number of the row, with `gap` around the slash.
    pub(crate) fn reference(&mut self, gap: &str) {
        let year = 1970 + self.created.div_euclid(31_556_952);
        let text = format!("{year}{gap}/{gap}{}", self.number + 1);
        self.string(&text);
    }

    pub(crate) fn numbered(&mut self, prefix: &str) {
        let text = format!("{prefix}{}", self.number + 1);
        self.string(&text);
    }

    pub(crate) fn raw(&mut self, text: &str) {
        self.out.raw(text);
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.out.string(text);
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    pub(crate) fn integer(&mut self, value: i64) {
        self.out.integer(value);
    }

    pub(crate) fn hundredths(&mut self, value: i64) {
        self.out.hundredths(value);
    }

    pub(crate) fn date(&mut self, seconds: i64) {
        self.out.date(seconds);
    }

    pub(crate) fn chance(&mut self, percent: u8) -> bool {
        self.random.below(100) < u64::from(percent)
    }

    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        let position = self.random.below(from.len() as u64);
        &from[usize::try_from(position).unwrap_or_default()]
    }

    /// Both bounds are possible.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = u64::try_from(most - least + 1).unwrap_or(1);
        least + i64::try_from(self.random.below(width)).unwrap_or_default()
    }

    /// A choice that is the same wherever in the row it is asked.
    pub(crate) fn settled<T: Copy>(&self, tag: u64, from: &[T]) -> T {
        let position = Random::new(mix(self.seed ^ tag)).below(from.len() as u64);
        from[usize::try_from(position).unwrap_or_default()]
    }

    /// A number that is the same wherever in the row it is asked.
    pub(crate) fn settled_amount(&self, tag: u64, least: i64, most: i64) -> i64 {
        let width = u64::try_from(most - least + 1).unwrap_or(1);
        least + i64::try_from(Random::new(mix(self.seed ^ tag)).below(width)).unwrap_or_default()
    }
}
