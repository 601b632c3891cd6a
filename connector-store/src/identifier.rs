//! Identifiers in SQL: the one place where text that was put together becomes a statement.

use std::sync::Arc;

use sqlx::{SqlSafeStr, SqlStr};

/// A name as an identifier, whatever characters it has.
pub(crate) fn quoted(name: &str) -> String {
    // Both databases take the statement as a C string: what follows a NUL would be lost, the closing quote with it.
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

/// Names as a list of identifiers.
pub(crate) fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// A statement put together from literal SQL and identifiers that went through [`quoted`]; cheap to clone.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn sql(text: impl Into<Arc<str>>) -> SqlStr {
    sqlx::AssertSqlSafe(text.into()).into_sql_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted(r#"a"; DROP TABLE x; --"#), r#""a""; DROP TABLE x; --""#);
        assert_eq!(quoted("a\0b"), "\"ab\"");
    }
}
