//! The streams of a connector: how each is read, and its columns.

use std::fmt::Write;

use connector_core::integration::Integration;
use connector_core::stream::{ColumnType, Paging, StreamDeclaration, Walk};

use super::markdown::{code, codes, prose, table};

pub(super) fn streams(integration: &Integration) -> String {
    let mut text = String::new();
    for stream in integration.streams() {
        let _ = write!(text, "### {}\n\n{}\n\n", stream.name, prose(stream.description));
        let facts = facts(stream).into_iter().map(|(name, fact)| vec![name.to_owned(), fact]);
        let _ = writeln!(text, "{}", table(&["", ""], facts));
        text.push_str(&columns(integration, stream));
    }
    text
}

fn facts(stream: &StreamDeclaration) -> Vec<(&'static str, String)> {
    let mut facts =
        vec![("key", codes(stream.key.iter().copied())), ("pages", pages(stream)), ("read", reading(stream))];
    let names = |names: &[&'static str]| codes(names.iter().copied());
    let filters: Vec<&str> = stream.filters.iter().map(|filter| filter.name).collect();
    for (name, values) in [("filters", &filters[..]), ("sorts", stream.sorts), ("includes", stream.includes)]
    {
        if !values.is_empty() {
            facts.push((name, names(values)));
        }
    }
    if stream.details {
        facts.push(("details", "single records have more than the list: `sync --details`".to_owned()));
    }
    if !stream.synced_by_default {
        facts.push(("by default", "only read when named, or with `--all`".to_owned()));
    }
    facts
}

fn pages(stream: &StreamDeclaration) -> String {
    match stream.paging {
        Paging::Number { largest, any_size: true } => format!("by number, up to {largest} records each"),
        Paging::Number { largest, .. } => format!("by number, {largest} records each"),
        Paging::Token { largest } => format!("by token, up to {largest} records each"),
        _ => "everything at once".to_owned(),
    }
}

fn reading(stream: &StreamDeclaration) -> String {
    let mut words = Vec::new();
    words.push(match (stream.changed_since, stream.window) {
        (Some(filter), _) => format!("what changed, by {}", code(filter)),
        (None, Some(window)) => format!(
            "{} days back and {} ahead, by {}; everything every {} days",
            window.back,
            window.ahead,
            code(window.from),
            window.full_every
        ),
        (None, None) => "everything in each run".to_owned(),
    });
    if let Walk::Value { field, .. } = stream.walk {
        words.push(format!("in the order of {}", code(field)));
    }
    for parent in stream.parents {
        words.push(format!("for each record of {}, by {}", code(parent.stream), code(parent.filter)));
    }
    if let Some(each) = stream.each {
        words.push(format!("for each {} of {}", code(each.filter), codes(each.values.iter().copied())));
    }
    words.join("; ")
}

fn columns(integration: &Integration, stream: &StreamDeclaration) -> String {
    let Some(columns) = integration.columns(stream.name) else { return String::new() };
    let row = |column: &connector_core::stream::Column| {
        let from = match column.member {
            Some(member) => code(&format!("{}.{member}", column.field)),
            None if column.field == column.name => String::new(),
            None => code(&column.field),
        };
        vec![code(&column.name), type_name(column.kind).to_owned(), from]
    };
    format!("{}\n", table(&["column", "type", "of the field"], columns.as_slice().iter().map(row)))
}

/// As PostgreSQL calls it.
const fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Uuid => "uuid",
        ColumnType::Timestamp => "timestamptz",
        ColumnType::Date => "date",
        ColumnType::Number => "numeric",
        ColumnType::Boolean => "boolean",
        ColumnType::Text => "text",
        ColumnType::Json => "jsonb",
    }
}
