//! What every row knows about the account around it: how many rows there are, their ids, their times.

use std::collections::HashMap;

use uuid::Uuid;

use crate::catalog::{RESOURCES, Resource, row_entity};
use crate::options::Options;
use crate::random::{hash, mix};

/// Years over which an account has grown.
const SPAN: i64 = 4 * 365 * 86_400;

/// Rows of an entity that is not a resource of the stand-in.
const UNLISTED: usize = 12;

/// The facts from which every generated row follows, without looking at any other row.
#[derive(Debug, Clone)]
pub(crate) struct World {
    seed: u64,
    records: usize,
    until: i64,
    /// How many rows of each entity relations may point at.
    counts: HashMap<&'static str, usize>,
    pub(crate) account: Uuid,
}

impl World {
    pub(crate) fn new(options: &Options) -> Self {
        let records = options.records.max(1);
        let counts = RESOURCES.iter().flat_map(|resource| known_as(resource, records)).collect();
        Self {
            seed: options.seed,
            records: options.records,
            until: options.until.as_second(),
            counts,
            account: id(options.seed, "account", 0),
        }
    }

    /// How many rows of its own a resource starts with.
    pub(crate) fn rows(&self, resource: &Resource) -> usize {
        resource.rows.count(self.records)
    }

    /// How many rows relations may point at.
    pub(crate) fn count(&self, entity: &str) -> usize {
        self.counts.get(row_entity(entity)).copied().unwrap_or(UNLISTED)
    }

    pub(crate) fn id(&self, entity: &str, number: u32) -> Uuid {
        id(self.seed, row_entity(entity), number)
    }

    /// The seed of everything random in one row.
    pub(crate) fn row_seed(&self, entity: &str, number: u32) -> u64 {
        mix(mix(self.seed ^ hash(entity)).wrapping_add(u64::from(number)))
    }

    /// Creation and last update: creations are strictly increasing, updates never precede them.
    pub(crate) fn times(&self, entity: &str, number: u32) -> (i64, i64) {
        let count = i64::try_from(self.count(entity)).unwrap_or(i64::MAX).max(1);
        let step = (SPAN / count).max(1);
        let chance = mix(self.row_seed(entity, number) ^ hash("times"));
        let jitter = i64::from(low(chance)) % step;
        let created = self.until - SPAN + i64::from(number) * step + jitter;
        let created = created.min(self.until);
        let age = self.until - created;
        let updated = match low(mix(chance)) % 10 {
            0..3 => created,
            // Recent changes are more likely than old ones.
            _ => created + age - (age * i64::from(low(chance >> 20) % 1000) / 1000).min(age) * 7 / 10,
        };
        (created, updated)
    }
}

/// The entities that relations know the rows as, and how many rows there are of each.
fn known_as(resource: &Resource, records: usize) -> Vec<(&'static str, usize)> {
    let rows = resource.rows.count(records);
    let turns = resource.kinds.len();
    let kind = |(turn, kind): (usize, &&'static str)| (*kind, (rows + turns - 1 - turn) / turns);
    let kinds = resource.kinds.iter().enumerate().map(kind);
    std::iter::once((resource.entity, rows)).chain(kinds).collect()
}

fn low(value: u64) -> u32 {
    u32::try_from(value & 0xFFFF_FFFF).unwrap_or_default()
}

/// An id as the service makes them: a UUID whose third group starts with 0, which no RFC version does.
pub(crate) fn id(seed: u64, entity: &str, number: u32) -> Uuid {
    let high = mix(mix(seed.wrapping_add(hash(entity))) ^ u64::from(number));
    let low = mix(high ^ hash(entity));
    let high = high & !0xF000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    Uuid::from_u64_pair(high, low)
}
