//! The layout `documents`: what an integration says about its tables, and what a request may ask of them.

use std::collections::HashMap;

use super::request::{Layout, SinkTarget};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::{Integration, StreamEntry, columns_of};
use crate::stream::{ColumnType, StreamDeclaration};

/// Longest name of a table or schema: PostgreSQL cuts identifiers at 63 bytes.
const LONGEST_NAME: usize = 63;

/// How the tables of the layout [`Documents`](Layout::Documents) are called: those of an older tool, for people who
/// have queries on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentTables {
    /// Column with the id of the record, a UUID.
    pub key: &'static str,
    /// Column with the record.
    pub content: &'static str,
    /// Column that tells what kind of record it is.
    pub kind: &'static str,
    /// Stands before the name of each stream that is not among `named`, and gives its table.
    pub prefix: &'static str,
    /// Streams whose table or kind has another name.
    pub named: &'static [DocumentTable],
}

/// The table of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentTable {
    /// Name of the stream.
    pub stream: &'static str,
    /// Name of the table.
    pub table: &'static str,
    /// What the rows are called in the table.
    pub kind: &'static str,
}

impl DocumentTables {
    /// The table of a stream, unless somebody names another.
    pub fn table_of(&self, stream: &str) -> String {
        self.named(stream).map_or_else(|| format!("{}{stream}", self.prefix), |named| named.table.to_owned())
    }

    /// What the rows of a stream are called.
    pub fn kind_of<'a>(&self, stream: &'a str) -> &'a str {
        self.named(stream).map_or(stream, |named| named.kind)
    }

    fn named(&self, stream: &str) -> Option<&'static DocumentTable> {
        self.named.iter().find(|named| named.stream == stream)
    }
}

/// Checks what a target says about the layout, and completes it with what the integration declares.
pub(super) fn complete(integration: &Integration, target: &SinkTarget) -> Result<SinkTarget> {
    let refused = |code, message: String| Err(ConnectorError::new(code, message));
    if target.layout != Some(Layout::Documents) {
        if target.table_names.is_empty() {
            return Ok(target.clone());
        }
        let message = "/request/sink/table_names is for the layout `documents`".to_owned();
        return refused(ErrorCode::InvalidValue, message);
    }
    let Some(tables) = integration.documents() else {
        let message =
            format!("/request/sink/layout: {} has no tables in the layout `documents`", integration.app_id());
        return refused(ErrorCode::UnsupportedOperation, message);
    };
    if target.children == Some(true) {
        let message = "/request/sink/children is for the layout `tables`: `documents` keeps records whole";
        return refused(ErrorCode::InvalidValue, message.to_owned());
    }
    for (stream, name) in &target.table_names {
        if integration.stream(stream).is_none() {
            let known: Vec<_> = integration.streams().map(|stream| stream.name).collect();
            let message =
                format!("/request/sink/table_names/{stream} is not a stream of {}", integration.app_id());
            return Err(ConnectorError::new(ErrorCode::UnknownValue, message)
                .hint(format!("streams are {}", known.join(", "))));
        }
        if !is_table_name(name) {
            let message =
                format!("/request/sink/table_names/{stream} must be the name of a table, or `schema.table`");
            return refused(ErrorCode::InvalidValue, message);
        }
    }
    each_has_its_own(integration, tables, target)?;
    Ok(SinkTarget { documents: Some(*tables), ..target.clone() })
}

fn is_table_name(name: &str) -> bool {
    let is_identifier = |part: &str| !part.is_empty() && part.len() <= LONGEST_NAME && !part.contains('\0');
    name.split('.').count() <= 2 && name.split('.').all(is_identifier)
}

/// Two streams in one table would take each other's records for deleted ones.
fn each_has_its_own(integration: &Integration, tables: &DocumentTables, target: &SinkTarget) -> Result<()> {
    let schema = target.schema.as_deref().unwrap_or(integration.app_id());
    let mut owners = HashMap::new();
    for stream in integration.streams() {
        let named = target.table_names.get(stream.name).cloned();
        let name = named.unwrap_or_else(|| tables.table_of(stream.name)).to_lowercase();
        let name = if name.contains('.') { name } else { format!("{}.{name}", schema.to_lowercase()) };
        if let Some(other) = owners.insert(name, stream.name) {
            let message =
                format!("/request/sink/table_names gives {other} and {} the same table", stream.name);
            return Err(ConnectorError::new(ErrorCode::InvalidValue, message));
        }
    }
    Ok(())
}

/// The streams that the layout can take. Of those that somebody named, all must fit.
pub(super) fn fitting(streams: Vec<&StreamEntry>, are_named: bool) -> Result<Vec<&StreamEntry>> {
    let mut fitting = Vec::with_capacity(streams.len());
    for stream in streams {
        let name = stream.declaration.name;
        if has_uuid_key(&stream.declaration) {
            fitting.push(stream);
        } else if are_named {
            let message = format!(
                "the stream {name} does not fit the layout `documents`: its key ({}) is not one UUID",
                stream.declaration.key.join(", ")
            );
            return Err(ConnectorError::new(ErrorCode::InvalidValue, message)
                .app_error_code("sync.layout")
                .hint("sync it in the layout `tables`"));
        } else {
            tracing::warn!(
                stream = name,
                "left out: its key is not one UUID, which the layout `documents` needs"
            );
        }
    }
    Ok(fitting)
}

fn has_uuid_key(stream: &StreamDeclaration) -> bool {
    let [key] = stream.key else { return false };
    let columns = columns_of(stream);
    columns.as_slice().iter().any(|column| column.name == *key && column.kind == ColumnType::Uuid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::stream::{PageRequest, RecordPage, Stream};
    use serde_json::json;

    const TABLES: DocumentTables = DocumentTables {
        key: "ex_uuid",
        content: "ex_content",
        kind: "ex_type",
        prefix: "ex_",
        named: &[DocumentTable { stream: "old_things", table: "ex_things_then", kind: "things" }],
    };

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Settings {}

    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only the schema is of interest")]
    struct WithUuid {
        id: uuid::Uuid,
    }

    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only the schema is of interest")]
    struct WithText {
        id: String,
    }

    async fn read(_: Call<Settings>, _: PageRequest) -> Result<RecordPage> {
        Ok(RecordPage::default())
    }

    fn integration() -> Integration {
        let streams = [
            Stream::new::<WithUuid, _, _>("things", "thing", read),
            Stream::new::<WithUuid, _, _>("old_things", "old_thing", read),
            Stream::new::<WithText, _, _>("notes", "note", read),
        ];
        Integration::builder::<Settings>("example", "1").streams(streams).documents(TABLES).build().unwrap()
    }

    fn target(json: serde_json::Value) -> SinkTarget {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_stream_has_the_declared_table_or_one_with_the_prefix() {
        assert_eq!((TABLES.table_of("things").as_str(), TABLES.kind_of("things")), ("ex_things", "things"));
        let named = (TABLES.table_of("old_things"), TABLES.kind_of("old_things"));
        assert_eq!(named, ("ex_things_then".to_owned(), "things"));
    }

    #[test]
    fn what_does_not_go_with_the_layout_is_refused_by_name() {
        let integration = integration();
        for (json, place) in [
            (json!({"table_names": {"things": "t"}}), "/request/sink/table_names"),
            (json!({"layout": "documents", "children": true}), "/request/sink/children"),
            (json!({"layout": "documents", "table_names": {"thing": "t"}}), "/table_names/thing"),
            (json!({"layout": "documents", "table_names": {"things": "a.b.c"}}), "/table_names/things"),
            (json!({"layout": "documents", "table_names": {"things": ""}}), "/table_names/things"),
            (json!({"layout": "documents", "table_names": {"things": "ex_notes"}}), "same table"),
            (json!({"layout": "documents", "table_names": {"things": "Example.EX_notes"}}), "same table"),
        ] {
            let error = complete(&integration, &target(json.clone())).unwrap_err();
            assert_eq!(error.exit_code(), 64, "{json}");
            assert!(error.message().contains(place), "{error}");
        }
        let fine = json!({"layout": "documents", "table_names": {"things": "shared.ex_notes"}});
        assert_eq!(complete(&integration, &target(fine)).unwrap().documents, Some(TABLES));
        let bare = Integration::builder::<Settings>("example", "1").build().unwrap();
        let error = complete(&bare, &target(json!({"layout": "documents"}))).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnsupportedOperation);
    }

    #[test]
    fn a_stream_without_a_uuid_is_left_out_unless_somebody_named_it() {
        let integration = integration();
        let all: Vec<_> = integration.default_streams().collect();
        let names: Vec<_> =
            fitting(all.clone(), false).unwrap().iter().map(|stream| stream.declaration.name).collect();
        assert_eq!(names, ["things", "old_things"]);
        let error = fitting(all, true).err().unwrap();
        assert_eq!(error.code(), ErrorCode::InvalidValue);
        assert!(error.message().contains("notes"), "{error}");
    }
}
