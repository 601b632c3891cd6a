//! The tables of `teamleader2db`, for those who have queries on them.

use connector_core::sync::{DocumentTable, DocumentTables};

/// Names as that tool has them. Its table of projects has the old module's, the only ones that it knew.
pub(crate) const TABLES: DocumentTables = DocumentTables {
    key: "tl_uuid",
    content: "tl_content",
    kind: "tl_type",
    prefix: "tl_",
    named: &[
        DocumentTable {
            stream: "custom_field_definitions",
            table: "tl_custom_fields",
            kind: "custom_fields",
        },
        DocumentTable { stream: "legacy_projects", table: "tl_projects", kind: "projects" },
        DocumentTable { stream: "projects", table: "tl_nextgen_projects", kind: "nextgen_projects" },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_eight_tables_of_the_older_tool_keep_their_names_and_types() {
        for (stream, table, kind) in [
            ("companies", "tl_companies", "companies"),
            ("contacts", "tl_contacts", "contacts"),
            ("custom_field_definitions", "tl_custom_fields", "custom_fields"),
            ("departments", "tl_departments", "departments"),
            ("events", "tl_events", "events"),
            ("invoices", "tl_invoices", "invoices"),
            ("legacy_projects", "tl_projects", "projects"),
            ("users", "tl_users", "users"),
        ] {
            assert_eq!((TABLES.table_of(stream).as_str(), TABLES.kind_of(stream)), (table, kind));
        }
    }

    #[test]
    fn no_two_streams_share_a_table() {
        let integration = crate::integration();
        let streams: Vec<_> = integration.streams().map(|stream| TABLES.table_of(stream.name)).collect();
        assert_eq!(streams.iter().collect::<BTreeSet<_>>().len(), streams.len());
    }
}
