//! Views that show custom fields as columns, named from their labels and typed from their kinds.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::report::Status;
use super::sink::SinkRun;
use super::stored::{CustomFieldColumn, CustomFieldView};
use super::stream::{StreamEnd, table_of};
use crate::call::CallContext;
use crate::custom_fields::CustomFields;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::integration::columns_of;
use crate::stream::{RESERVED_COLUMNS, RowDecoder, StreamDeclaration};

/// Definitions that are taken from the store at a time.
const DEFINITIONS_AT_ONCE: u32 = 1000;

/// Longest name of a column in bytes; PostgreSQL cuts off more.
const LONGEST_NAME: usize = 63;

/// Columns of one view, at most: PostgreSQL has room for 1,600, and the table needs some.
const MOST_COLUMNS: usize = 1000;

/// A definition of a custom field, as far as it matters here.
struct Definition {
    id: String,
    context: String,
    kind: String,
    label: String,
}

/// Makes the views of all streams that have custom fields and ended well. A view that cannot be made is a warning, and
/// keeps no other from being made.
pub(super) async fn refresh(context: &CallContext, run: &dyn SinkRun, ended: &mut [StreamEnd]) {
    let integration = context.integration();
    let Some(custom_fields) = integration.custom_fields() else { return };
    // After an error the database may be gone, and is not waited for again.
    let written = |end: &StreamEnd| {
        end.error.is_none() && matches!(end.report.status, Status::Succeeded | Status::Partial)
    };
    let streams: Vec<&StreamDeclaration> = integration
        .streams()
        .filter(|stream| !stream.custom_field_contexts.is_empty())
        .filter(|stream| {
            ended.iter().any(|end| {
                written(end)
                    && (end.report.stream == stream.name || end.report.stream == custom_fields.definitions)
            })
        })
        .collect();
    if streams.is_empty() {
        return;
    }
    let definitions = match definitions(context, run, custom_fields).await {
        Ok(definitions) => definitions,
        Err(error) => return warn(ended, custom_fields.definitions, &error),
    };
    for stream in &streams {
        let view = view(stream, custom_fields, &definitions);
        if view.columns.is_empty() {
            continue;
        }
        let was_read = ended.iter().any(|end| written(end) && end.report.stream == stream.name);
        match run.create_view(&view).await {
            Ok(_) => {}
            // A stream that nobody has read so far has no table to make a view of.
            Err(error) if error.code() == ErrorCode::NotFound && !was_read => {}
            Err(error) => warn(ended, stream.name, &error),
        }
    }
}

/// Tells it in the report of the stream, or of the first one where this one was not read.
fn warn(ended: &mut [StreamEnd], stream: &str, error: &ConnectorError) {
    tracing::warn!(stream, ?error, "a view with custom fields could not be made");
    let position = ended.iter().position(|end| end.report.stream == stream).unwrap_or_default();
    if let Some(end) = ended.get_mut(position) {
        end.report.warnings.push(format!("a view with custom fields could not be made: {error}"));
    }
}

async fn definitions(
    context: &CallContext,
    run: &dyn SinkRun,
    custom_fields: &CustomFields,
) -> Result<Vec<Definition>> {
    let Some(stream) = context.integration().stream(custom_fields.definitions) else { return Ok(Vec::new()) };
    let decoder = RowDecoder::new(columns_of(&stream.declaration), stream.declaration.key);
    let table = table_of(&stream.declaration, &decoder);
    let mut definitions = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let documents = run.documents(&table, after.as_deref(), DEFINITIONS_AT_ONCE).await?;
        after = documents.last().map(|stored| stored.key.clone());
        let is_last = documents.len() < DEFINITIONS_AT_ONCE as usize;
        definitions.extend(documents.iter().filter_map(|stored| Definition::read(&stored.document)));
        if is_last {
            return Ok(definitions);
        }
    }
}

impl Definition {
    fn read(document: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(document).ok()?;
        let text = |name: &str| document[name].as_str().map(str::to_owned);
        Some(Self {
            id: text("id")?,
            context: text("context")?,
            kind: text("type").unwrap_or_default(),
            label: text("label").unwrap_or_default(),
        })
    }
}

fn view(
    stream: &StreamDeclaration,
    custom_fields: &CustomFields,
    definitions: &[Definition],
) -> CustomFieldView {
    let of_stream: Vec<&Definition> = definitions
        .iter()
        .filter(|definition| stream.custom_field_contexts.contains(&definition.context.as_str()))
        .take(MOST_COLUMNS)
        .collect();
    let mut taken: HashSet<String> =
        columns_of(stream).as_slice().iter().map(|column| column.name.to_lowercase()).collect();
    taken.extend(RESERVED_COLUMNS.map(str::to_owned));
    let mut uses: HashMap<String, usize> = HashMap::new();
    for definition in &of_stream {
        *uses.entry(name_of(&definition.label)).or_default() += 1;
    }
    let column = |definition: &&Definition| {
        let plain = name_of(&definition.label);
        // Every one of those with the same label gets its id, so that none is renamed when another comes or goes.
        let is_unique = uses[&plain] == 1 && !taken.contains(&plain);
        let name = if is_unique { plain } else { with_id(&plain, &definition.id) };
        let (kind, member) = (custom_fields.column)(&definition.kind);
        CustomFieldColumn { name, definition: definition.id.clone(), kind, member }
    };
    CustomFieldView {
        name: format!("{}_with_custom_fields", stream.name),
        table: stream.name.to_owned(),
        source: custom_fields.field.to_owned(),
        columns: of_stream.iter().map(column).collect(),
    }
}

/// A label as the name of a column: letters and digits of any script in lower case, `_` for all else.
fn name_of(label: &str) -> String {
    let mut name = String::new();
    for character in label.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = cut(name.trim_end_matches('_'), LONGEST_NAME);
    if name.is_empty() || name.starts_with(|first: char| first.is_numeric()) {
        return cut(&format!("field_{name}"), LONGEST_NAME).trim_end_matches('_').to_owned();
    }
    name.to_owned()
}

fn with_id(name: &str, id: &str) -> String {
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("{}_{id}", cut(name, LONGEST_NAME - 1 - id.len()))
}

fn cut(name: &str, most: usize) -> &str {
    let end = (0..=most.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{ColumnType, RecordPage, Stream};
    use proptest::prelude::*;

    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Company {
        id: String,
        name: Option<String>,
    }

    fn columns(labels: &[(&str, &str)]) -> Vec<String> {
        let read = |_: crate::Call<()>, _| async { Ok(RecordPage::default()) };
        let stream = Stream::new::<Company, _, _>("companies", "company", read)
            .declare(|stream| stream.custom_field_contexts = &["company"]);
        let definitions: Vec<Definition> = labels
            .iter()
            .map(|(id, label)| Definition {
                id: (*id).to_owned(),
                context: "company".to_owned(),
                kind: "single_line".to_owned(),
                label: (*label).to_owned(),
            })
            .collect();
        let custom_fields = CustomFields {
            definitions: "custom_field_definitions",
            field: "custom_fields",
            column: |_| (ColumnType::Text, None),
        };
        let view = view(&stream.declaration, &custom_fields, &definitions);
        view.columns.into_iter().map(|column| column.name).collect()
    }

    #[test]
    fn a_label_becomes_a_name_that_can_be_typed() {
        assert_eq!(
            columns(&[("1", "Größe (in m²)"), ("2", "  VIP?"), ("3", "2nd phone"), ("4", "???")]),
            ["größe_in_m²", "vip", "field_2nd_phone", "field"]
        );
    }

    #[test]
    fn labels_that_collide_are_told_apart_by_their_ids() {
        let names =
            columns(&[("0aff-11", "Region"), ("1bcd-22", "region "), ("2eee-33", "Name"), ("4", "Size")]);
        assert_eq!(names, ["region_0aff11", "region_1bcd22", "name_2eee33", "size"]);
    }

    proptest! {
        #[test]
        fn every_column_fits_and_is_alone(labels in prop::collection::vec(".{0,90}", 1..30)) {
            let ids: Vec<String> = (0..labels.len()).map(|n| format!("{n:08x}-0000")).collect();
            let pairs: Vec<(&str, &str)> = ids.iter().map(String::as_str).zip(labels.iter().map(String::as_str)).collect();
            let names = columns(&pairs);
            let distinct: HashSet<&String> = names.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
            prop_assert!(names.iter().all(|name| !name.is_empty() && name.len() <= LONGEST_NAME));
        }
    }
}
