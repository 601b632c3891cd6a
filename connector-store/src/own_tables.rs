//! The names of the store's own tables, which no records are written under.

use std::collections::BTreeMap;

use connector_core::{ConnectorError, ErrorCode, Result};

/// Schema of the store's own tables in PostgreSQL.
const SCHEMA: &str = "connector";

/// What their names begin with in SQLite, which has no schemas.
const PREFIX: &str = "connector_";

/// Refuses a target whose records would stand among or in the place of the store's own tables: keys, tokens, the audit log.
///
/// `schema` is that of a request, `tables` are its names of tables by stream, with a schema in front or without one.
///
/// # Errors
/// When one of them is the store's own, in small letters or capitals.
///
/// ```
/// use std::collections::BTreeMap;
/// use connector_store::refuse_own_tables;
///
/// let tables = BTreeMap::from([("companies".to_owned(), "crm.connector_audit".to_owned())]);
/// assert!(refuse_own_tables(Some("crm"), &BTreeMap::new()).is_ok());
/// assert!(refuse_own_tables(Some("crm"), &tables).is_err());
/// ```
pub fn refuse_own_tables(schema: Option<&str>, tables: &BTreeMap<String, String>) -> Result<()> {
    let refused = |place: &str| {
        let message = format!("{place} names tables of the store itself");
        Err(ConnectorError::new(ErrorCode::InvalidValue, message)
            .hint("choose a schema other than `connector`, and names that do not begin with `connector_`"))
    };
    if schema.is_some_and(is_own_schema) {
        return refused("/request/sink/schema");
    }
    match tables.iter().find(|(_, name)| is_own_table(name)) {
        Some((stream, _)) => refused(&format!("/request/sink/table_names/{stream}")),
        None => Ok(()),
    }
}

fn is_own_schema(schema: &str) -> bool {
    schema.eq_ignore_ascii_case(SCHEMA)
}

fn is_own_table(name: &str) -> bool {
    let (schema, table) = name.rsplit_once('.').map_or((None, name), |(schema, table)| (Some(schema), table));
    let begins_like_ours = table.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    schema.is_some_and(is_own_schema) || begins_like_ours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(schema: &str, table: &str) -> Option<String> {
        let tables = BTreeMap::from([("things".to_owned(), table.to_owned())]);
        refuse_own_tables(Some(schema), &tables).err().map(|error| error.message().to_owned())
    }

    #[test]
    fn no_records_stand_among_keys_and_tokens() {
        for (schema, table) in
            [("crm", "things"), ("connectors", "crm.things"), ("crm", "connector"), ("crm", "ü")]
        {
            assert_eq!(refused(schema, table), None, "{schema} {table}");
        }
        for schema in ["connector", "Connector"] {
            assert!(
                refused(schema, "things").is_some_and(|message| message.starts_with("/request/sink/schema"))
            );
        }
        for table in
            ["connector.audit", "CONNECTOR.things", "connector_audit", "Connector_keys", "crm.connector_x"]
        {
            let message = refused("crm", table).unwrap();
            assert!(message.starts_with("/request/sink/table_names/things"), "{table}: {message}");
        }
    }
}
