//! How the cells of a batch meet the columns of a table: which column takes what, and what does not fit.

use std::borrow::Cow;

use connector_core::stream::{Column, ColumnType, Row};

/// A column that the table has.
#[derive(Debug, Clone)]
pub(crate) struct TableColumn {
    /// Its name.
    pub(crate) name: String,
    /// The type that its values are treated as.
    pub(crate) kind: ColumnType,
    /// Its type in the words of the database.
    pub(crate) sql_type: String,
    /// Whether the database takes every value of `kind`; a narrower or unknown type may refuse some.
    pub(crate) exact: bool,
}

impl TableColumn {
    /// A column that is made now, of the type that its values need.
    pub(crate) fn new(column: &Column, sql_type: &str) -> Self {
        let (name, sql_type) = (column.name.clone(), sql_type.to_owned());
        Self { name, kind: column.kind, sql_type, exact: true }
    }
}

/// How a database compares names of columns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Names {
    Exact,
    /// Without the case of ASCII letters.
    Folded,
}

impl Names {
    pub(crate) fn are_same(self, a: &str, b: &str) -> bool {
        match self {
            Self::Exact => a == b,
            Self::Folded => a.eq_ignore_ascii_case(b),
        }
    }
}

/// Where the cells of a batch go.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// In the order of the cells.
    pub(crate) targets: Vec<Target>,
    /// Positions of the key's parts.
    pub(crate) key: Vec<usize>,
}

/// The column that one cell of each row goes to.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) column: TableColumn,
    /// The cells were made for a column of another type.
    differs: bool,
}

impl Layout {
    /// The layout for cells of these columns, all of which `existing`, the table's, has.
    pub(crate) fn new(columns: &[Column], key: &[String], existing: &[TableColumn], names: Names) -> Self {
        let target = |column: &Column| {
            let known = existing.iter().find(|known| names.are_same(&known.name, &column.name));
            let known = known.expect("missing columns are added before");
            Target { column: known.clone(), differs: known.kind != column.kind }
        };
        let position = |name: &String| columns.iter().position(|column| column.name == *name);
        Self { targets: columns.iter().map(target).collect(), key: key.iter().filter_map(position).collect() }
    }

    /// Names of the columns, in the order of the cells.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|target| target.column.name.as_str())
    }

    /// The targets of the key's parts.
    pub(crate) fn key_targets(&self) -> impl Iterator<Item = &Target> {
        self.key.iter().map(|index| &self.targets[*index])
    }

    /// What goes into the column at `index`.
    pub(crate) fn cell<'r>(&self, row: &'r Row, index: usize) -> Option<Cow<'r, str>> {
        self.fitted(index, row.cell(index)?)
    }

    /// What of a cell's text goes into the column at `index`.
    pub(crate) fn fitted<'t>(&self, index: usize, text: &'t str) -> Option<Cow<'t, str>> {
        let target = &self.targets[index];
        if target.differs { fit(target.column.kind, text) } else { Some(Cow::Borrowed(text)) }
    }

    /// Whether the database may refuse a value of this column although it is well-formed.
    pub(crate) fn is_fragile(&self, index: usize) -> bool {
        let column = &self.targets[index].column;
        let bounded = matches!(column.kind, ColumnType::Timestamp | ColumnType::Date | ColumnType::Number);
        (bounded || !column.exact) && !self.key.contains(&index)
    }
}

/// A value in a column of a type that it was not made for; `None` when it does not fit.
pub(crate) fn fit(kind: ColumnType, text: &str) -> Option<Cow<'_, str>> {
    let fits = match kind {
        ColumnType::Text => true,
        ColumnType::Boolean => matches!(text, "true" | "false"),
        ColumnType::Uuid => uuid::Uuid::try_parse(text).is_ok(),
        ColumnType::Date => text.parse::<jiff::civil::Date>().is_ok_and(|day| day.year() > 0),
        ColumnType::Timestamp => {
            return text.parse::<jiff::Timestamp>().ok().map(|instant| instant.to_string().into());
        }
        ColumnType::Number => {
            text.len() < 100
                && !text.starts_with('"')
                && serde_json::from_str::<serde_json::Number>(text)
                    .is_ok_and(|number| number.as_f64().is_some())
        }
        ColumnType::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
    };
    fits.then_some(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_for_another_type_fits_or_is_left_out() {
        let accepted = |kind, text| fit(kind, text).map(Cow::into_owned);
        assert_eq!(accepted(ColumnType::Number, "12.50").as_deref(), Some("12.50"));
        assert_eq!(accepted(ColumnType::Number, "twelve"), None);
        assert_eq!(accepted(ColumnType::Number, "NaN"), None);
        assert_eq!(accepted(ColumnType::Boolean, "yes"), None);
        assert_eq!(accepted(ColumnType::Date, "2024-02-30"), None);
        assert_eq!(
            accepted(ColumnType::Timestamp, "2024-02-03T04:05:06+01:00").as_deref(),
            Some("2024-02-03T03:05:06Z")
        );
        assert_eq!(accepted(ColumnType::Json, "{\"a\":1}").as_deref(), Some("{\"a\":1}"));
        assert_eq!(accepted(ColumnType::Json, "a"), None);
        assert_eq!(accepted(ColumnType::Text, "{").as_deref(), Some("{"));
    }
}
