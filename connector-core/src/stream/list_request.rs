//! What callers of a list may ask for: its schema, and the first page as it is asked of the reader.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Direction, PageRequest, StreamDeclaration, group_schema};
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::schema;

/// The `request` part of a list.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct ListRequest {
    filter: Map<String, Value>,
    sort: Vec<Sort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    includes: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Sort {
    field: String,
    #[serde(default = "ascending")]
    order: Direction,
}

fn ascending() -> Direction {
    Direction::Ascending
}

/// The request as meant, out of the request as typed.
pub(super) fn first_page(
    declaration: &StreamDeclaration,
    context: &CallContext,
    request: Map<String, Value>,
) -> Result<PageRequest> {
    let largest = context.integration().page_size(context.settings_any());
    let size = context.page().size.unwrap_or(largest);
    let mut page = declaration.first_page(size.min(largest));
    if request.is_empty() && !declaration.filters.iter().any(|filter| filter.required) {
        return Ok(page);
    }
    let request = Value::Object(request);
    schema::check(&request_schema(declaration), &request, "/request")?;
    let request: ListRequest = serde_json::from_value(request).map_err(|error| {
        ConnectorError::new(ErrorCode::InternalError, "a list request passed its schema and not its type")
            .source(error)
    })?;
    page.filter.extend(request.filter);
    page.sort = request.sort.into_iter().map(|sort| (sort.field, sort.order)).collect();
    if let Some(includes) = request.includes {
        page.includes = includes;
    }
    Ok(page)
}

pub(super) fn request_schema(declaration: &StreamDeclaration) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    if !declaration.filters.is_empty() {
        properties.insert("filter".into(), group_schema(declaration.filters));
        if declaration.filters.iter().any(|filter| filter.required) {
            required.push("filter");
        }
    }
    if !declaration.sorts.is_empty() {
        let sort = json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"enum": declaration.sorts}, "order": {"enum": ["asc", "desc"]}},
                "required": ["field"],
                "additionalProperties": false
            }
        });
        properties.insert("sort".into(), sort);
    }
    if !declaration.includes.is_empty() {
        let includes = json!({
            "type": "array",
            "items": {"enum": declaration.includes},
            "default": declaration.default_includes
        });
        properties.insert("includes".into(), includes);
    }
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}
