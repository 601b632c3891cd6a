//! What a list request asks: filters, sort, page, includes. Unknown names are noted and ignored.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::condition::Condition;
use super::problem::Problem;
use crate::catalog::{By, Filter, Order, Paging, Place, Resource, Test};
use crate::log::Ignored;
use crate::switches::Switches;

pub(crate) struct Query {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) orders: Vec<(&'static By, Order)>,
    /// Tells selections apart: the known filters and the sort, as they were sent.
    pub(crate) key: String,
    pub(crate) page: Option<Page>,
    /// Names of the parts that the rows show besides their own.
    pub(crate) parts: Vec<&'static str>,
    pub(crate) wants_totals: bool,
    /// Dot paths of `include`.
    pub(crate) sideloads: Vec<String>,
}

#[derive(Clone, Copy)]
pub(crate) struct Page {
    pub(crate) size: usize,
    pub(crate) number: usize,
}

const LARGEST_PAGE: i64 = 100;

/// What every list accepts beside the filters of its body.
const PARAMETERS: [&str; 5] = ["filter", "sort", "page", "includes", "include"];

/// Reads a request, noting what is wrong and what is unknown.
pub(crate) struct Reader<'a> {
    pub(crate) resource: &'static Resource,
    pub(crate) switches: &'a Switches,
    pub(crate) now: i64,
    pub(crate) problems: Vec<Problem>,
    pub(crate) ignored: Vec<Ignored>,
}

impl Reader<'_> {
    pub(crate) fn read(&mut self, parameters: &Map<String, Value>) -> Query {
        let mut key = String::new();
        let conditions = self.conditions(parameters, &mut key);
        let orders = self.orders(parameters.get("sort"), &mut key);
        let page = self.page(parameters.get("page"));
        let (parts, wants_totals) = self.includes(parameters.get("includes"));
        let sideloads = names(parameters.get("include"));
        for name in parameters.keys() {
            if !PARAMETERS.contains(&name.as_str()) && !self.knows(Place::Body, name) {
                self.ignore("body", name);
            }
        }
        Query { conditions, orders, key, page, parts, wants_totals, sideloads }
    }

    fn conditions(&mut self, parameters: &Map<String, Value>, key: &mut String) -> Vec<Condition> {
        let filter = parameters.get("filter");
        let empty = Map::new();
        let given = match filter {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(given)) => given,
            // PHP cannot tell an empty object from an empty list.
            Some(Value::Array(list)) if list.is_empty() => &empty,
            Some(_) => {
                self.problems.push(Problem::new("filter", "must be an object"));
                &empty
            }
        };
        for name in given.keys() {
            if !self.knows(Place::Filter, name) {
                self.ignore("filter", name);
            }
        }
        self.resource
            .filters
            .iter()
            .filter_map(|filter| {
                let place = if filter.place == Place::Body { parameters } else { given };
                self.condition(filter, place.get(filter.name), key)
            })
            .collect()
    }

    fn knows(&self, place: Place, name: &str) -> bool {
        self.resource.filters.iter().any(|filter| filter.place == place && filter.name == name)
    }

    fn condition(&mut self, filter: &Filter, value: Option<&Value>, key: &mut String) -> Option<Condition> {
        if filter.is_required && value.is_none_or(Value::is_null) {
            self.problems.push(Problem::new(filter.name, "must be present"));
            return None;
        }
        let Some(value) = value else {
            return Condition::unasked(filter).or_else(|| self.only_active(filter, key));
        };
        // The status of a nextgen project depends on the day, so it is not one selection.
        let moment = if matches!(filter.test, Test::ProjectStatus(_)) { self.now / 86_400 } else { 0 };
        // Writing into a `String` cannot fail.
        let _ = write!(key, "{}={value}@{moment};", filter.name);
        match Condition::parse(filter, value, self.switches, self.now) {
            Ok(condition) => condition,
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// Whether lists hide what is no longer active is known of users only; for others it is a switch.
    fn only_active(&self, filter: &Filter, key: &mut String) -> Option<Condition> {
        let is_hidden = self.switches.active_only.iter().any(|name| name == self.resource.name);
        match filter.test {
            Test::AnyOf(path, ..) | Test::OneOf(path, _) if is_hidden && filter.name == "status" => {
                key.push_str("active;");
                Some(Condition::HasAny(path, vec!["active".into()]))
            }
            _ => None,
        }
    }

    fn orders(&mut self, sort: Option<&Value>, key: &mut String) -> Vec<(&'static By, Order)> {
        let mut orders = Vec::new();
        match sort {
            None | Some(Value::Null) => {}
            Some(Value::Array(sorts)) => {
                for sort in sorts {
                    orders.extend(self.order(sort, key));
                }
            }
            Some(_) => self.problems.push(Problem::new("sort", "must be an array")),
        }
        if orders.is_empty() {
            let default = |sort: &'static crate::catalog::Sort| Some((&sort.by, sort.default?));
            orders.extend(self.resource.sorts.iter().filter_map(default));
        }
        orders
    }

    fn order(&mut self, sort: &Value, key: &mut String) -> Option<(&'static By, Order)> {
        let field = sort.get("field").and_then(Value::as_str).unwrap_or_default();
        let known = self.resource.sorts.iter().find(|known| known.field == field);
        let Some(known) = known else {
            self.ignore("sort", field);
            return None;
        };
        let order = match sort.get("order").and_then(Value::as_str) {
            None | Some("asc") => Order::Ascending,
            Some("desc") => Order::Descending,
            Some(_) => {
                self.problems.push(Problem::not_among("order", &["asc", "desc"]));
                return None;
            }
        };
        if known.only.is_some_and(|only| only != order) {
            self.ignore("sort", field);
            return None;
        }
        let _ = write!(key, "{field}:{order:?};");
        Some((&known.by, order))
    }

    fn page(&mut self, page: Option<&Value>) -> Option<Page> {
        if self.resource.paging == Paging::None {
            return None;
        }
        let mut number = |name: &str, default: i64, most: i64| {
            let value = match page.and_then(|page| page.get(name)) {
                None | Some(Value::Null) => default,
                Some(value) => value.as_i64().unwrap_or(0),
            };
            let clamped = if self.switches.clamp_page_size { value.min(most) } else { value };
            if !(1..=most).contains(&clamped) {
                let rule = if most == LARGEST_PAGE {
                    "must be between 1 and 100"
                } else {
                    "must be greater than or equal to 1"
                };
                self.problems.push(Problem::new(name, rule));
            }
            usize::try_from(clamped.max(1)).unwrap_or(1)
        };
        Some(Page {
            size: number("size", 20, LARGEST_PAGE),
            number: number("number", 1, i64::from(i32::MAX)),
        })
    }

    fn includes(&mut self, includes: Option<&Value>) -> (Vec<&'static str>, bool) {
        let mut parts = Vec::new();
        let mut wants_totals = false;
        for name in names(includes) {
            if name == "pagination" && self.resource.paging == Paging::PagesWithTotals {
                wants_totals = true;
            } else if let Some(include) = self.resource.includes.iter().find(|include| include.name == name) {
                parts.extend(include.parts);
            } else {
                self.ignore("includes", &name);
            }
        }
        (parts, wants_totals)
    }

    fn ignore(&mut self, place: &'static str, name: &str) {
        if self.switches.strict_fields {
            self.problems.push(Problem::new(name, "is not allowed"));
        }
        self.ignored.push(Ignored { place, name: name.to_owned() });
    }
}

/// A comma-separated list, or what PHP makes of a repeated parameter.
fn names(value: Option<&Value>) -> Vec<String> {
    let split = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    match value {
        Some(Value::String(text)) => split(text),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).flat_map(split).collect(),
        _ => Vec::new(),
    }
}
