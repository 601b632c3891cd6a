//! The export `contacts`: the file that `teamleader2db` wrote, with the columns filled that it left empty.

use connector_core::export::{Cells, Export, ExportDeclaration};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde_json::Value;

use crate::settings::{ExportCustomFields, Settings};

/// What definitions call the fields of contacts.
const CONTEXT: &str = "contact";

pub(crate) fn contacts() -> Export<Settings> {
    let declaration = ExportDeclaration {
        name: "contacts",
        stream: "contacts",
        definitions: Some("custom_field_definitions"),
        separator: b';',
        header: &[
            "or_id",
            "cp_name_catpro",
            "email",
            "phone",
            "website",
            "form_url",
            "description",
            "accountmanager",
        ],
    };
    Export::new(declaration, |settings, definitions| cells(&settings.export_custom_fields, definitions))
}

fn cells(columns: &ExportCustomFields, definitions: &[Value]) -> Result<Cells> {
    let field = |column, name: &Option<String>| {
        name.as_deref().map(|name| CustomField::find(column, name, definitions)).transpose()
    };
    let or_id = field("or_id", &columns.or_id)?;
    let cp_name = field("cp_name_catpro", &columns.cp_name_catpro)?;
    let account_manager = field("accountmanager", &columns.accountmanager)?;
    Ok(Box::new(move |contact| {
        let custom = |field: &Option<CustomField>| field.as_ref().map_or_else(String::new, |f| f.of(contact));
        vec![
            custom(&or_id),
            custom(&cp_name),
            first_of(contact, "emails", &["primary"], "email"),
            first_of(contact, "telephones", &["phone", "mobile"], "number"),
            text(&contact["website"]),
            text(&contact["web_url"]),
            // Part of single records only: empty unless details were synced.
            text(&contact["remarks"]),
            custom(&account_manager),
        ]
    }))
}

/// The first item of a list that has one of these types, the first type that any has.
fn first_of(record: &Value, list: &str, types: &[&str], member: &str) -> String {
    let of_type =
        |wanted: &&str| record[list].as_array().into_iter().flatten().find(|item| item["type"] == **wanted);
    types.iter().find_map(of_type).map_or_else(String::new, |item| text(&item[member]))
}

/// A custom field of contacts.
struct CustomField {
    definition: String,
    /// Ids of the options of a selection, with their texts.
    options: Vec<(String, String)>,
}

impl CustomField {
    /// The field with this id or label.
    fn find(column: &str, name: &str, definitions: &[Value]) -> Result<Self> {
        let refused = |reason: String, hint: &'static str| {
            let message = format!("/settings/export_custom_fields/{column} {reason}");
            Err(ConnectorError::new(ErrorCode::InvalidValue, message).hint(hint))
        };
        let is_id = |definition: &&Value| {
            definition["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(name.trim()))
        };
        if let Some(definition) = definitions.iter().find(is_id) {
            return Ok(Self::new(definition));
        }
        let is_label = |definition: &&Value| {
            definition["context"] == CONTEXT
                && definition["label"].as_str().is_some_and(|label| label.trim() == name.trim())
        };
        let labelled: Vec<&Value> = definitions.iter().filter(is_label).collect();
        match labelled[..] {
            [only] => Ok(Self::new(only)),
            [] if definitions.is_empty() && uuid::Uuid::try_parse(name.trim()).is_ok() => {
                Ok(Self { definition: name.trim().to_ascii_lowercase(), options: Vec::new() })
            }
            [] if definitions.is_empty() => refused(
                "cannot be looked up: no definitions of custom fields are stored".to_owned(),
                "sync custom_field_definitions first",
            ),
            [] => refused(
                "is neither the label of a custom field of contacts nor the id of one".to_owned(),
                "labels count letter for letter; the stream custom_field_definitions has them all",
            ),
            _ => refused(
                format!("is the label of {} custom fields of contacts", labelled.len()),
                "give the id of the definition instead",
            ),
        }
    }

    fn new(definition: &Value) -> Self {
        let options = definition["configuration"]["options"].as_array().into_iter().flatten();
        Self {
            definition: text(&definition["id"]),
            options: options.map(|option| (text(&option["id"]), text(&option["value"]))).collect(),
        }
    }

    /// The value in a record.
    fn of(&self, record: &Value) -> String {
        let fields = record["custom_fields"].as_array().into_iter().flatten();
        let mut values = fields.filter(|field| field["definition"]["id"] == *self.definition);
        values.next().map_or_else(String::new, |field| self.shown(&field["value"]))
    }

    /// Options by their text, relations by their id, several values with commas between.
    fn shown(&self, value: &Value) -> String {
        match value {
            Value::Array(values) => {
                let shown: Vec<String> = values.iter().map(|value| self.shown(value)).collect();
                shown.join(", ")
            }
            // A selection may carry its option whole.
            Value::Object(parts) => ["value", "id", "amount"]
                .iter()
                .find_map(|part| parts.get(*part))
                .map_or_else(String::new, |part| self.shown(part)),
            scalar => {
                let shown = text(scalar);
                let option = self.options.iter().find(|(id, _)| !id.is_empty() && *id == shown);
                option.map_or(shown, |(_, value)| value.clone())
            }
        }
    }
}

/// A scalar as it is read; nothing for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn definitions() -> Vec<Value> {
        vec![
            json!({"id": "11111111-0000-0000-0000-000000000001", "context": "contact", "label": "OR-id"}),
            json!({"id": "11111111-0000-0000-0000-000000000002", "context": "company", "label": "OR-id"}),
            json!({"id": "11111111-0000-0000-0000-000000000003", "context": "contact", "label": "Partner",
                   "configuration": {"options": [{"id": "7", "value": "Archive"}, {"id": "8", "value": "Museum"}]}}),
            json!({"id": "11111111-0000-0000-0000-000000000004", "context": "contact", "label": "Twice"}),
            json!({"id": "11111111-0000-0000-0000-000000000005", "context": "contact", "label": "Twice"}),
        ]
    }

    fn with(or_id: &str, cp_name: &str, manager: &str) -> ExportCustomFields {
        let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        ExportCustomFields {
            or_id: named(or_id),
            cp_name_catpro: named(cp_name),
            accountmanager: named(manager),
        }
    }

    fn line(columns: &ExportCustomFields, contact: &Value) -> Vec<String> {
        let cells = cells(columns, &definitions()).unwrap();
        cells(contact)
    }

    #[test]
    fn a_contact_has_its_first_primary_address_and_telephone() {
        let contact = json!({
            "emails": [{"type": "invoicing", "email": "i@x"}, {"type": "primary", "email": "a@x"},
                       {"type": "primary", "email": "b@x"}],
            "telephones": [{"type": "mobile", "number": "+32 470"}, {"type": "phone", "number": "+32 9"}],
            "website": "https://x", "web_url": "https://focus/1", "remarks": null, "or_id": "never sent",
        });
        let shown = line(&with("", "", ""), &contact);
        assert_eq!(shown, ["", "", "a@x", "+32 9", "https://x", "https://focus/1", "", ""]);
        let mobile =
            json!({"telephones": [{"type": "fax", "number": "1"}, {"type": "mobile", "number": "2"}]});
        assert_eq!(line(&with("", "", ""), &mobile)[3], "2");
        assert_eq!(line(&with("", "", ""), &json!({"emails": null})), [""; 8]);
    }

    #[test]
    fn custom_fields_fill_the_columns_that_they_are_named_for() {
        let field = |number: u8, value: Value| {
            json!({"definition": {"type": "customFieldDefinition", "id": format!("11111111-0000-0000-0000-00000000000{number}")},
                   "value": value})
        };
        let columns = with("OR-id", "Partner", "11111111-0000-0000-0000-000000000004");
        let of = |one, three, four| {
            let contact = json!({"custom_fields": [field(1, one), field(3, three), field(4, four)]});
            let shown = line(&columns, &contact);
            [shown[0].clone(), shown[1].clone(), shown[7].clone()]
        };
        assert_eq!(of(json!("x"), json!("7"), json!({"type": "user", "id": "u1"})), ["x", "Archive", "u1"]);
        assert_eq!(of(json!(12.5), json!(["8", "free"]), json!(true)), ["12.5", "Museum, free", "true"]);
        assert_eq!(of(json!(null), json!([]), json!("")), ["", "", ""]);
        assert_eq!(of(json!(0), json!({"id": "9", "value": "Whole"}), json!(null)), ["0", "Whole", ""]);
    }

    #[test]
    fn a_field_that_is_not_there_is_refused_by_its_column() {
        for (columns, reason) in [
            (with("or-ID", "", ""), "or_id is neither"),
            (with("", "Twice", ""), "cp_name_catpro is the label of 2"),
        ] {
            let error = cells(&columns, &definitions()).err().unwrap();
            assert_eq!(error.code(), ErrorCode::InvalidValue);
            assert!(error.message().contains(reason), "{error}");
        }
        let error = cells(&with("OR-id", "", ""), &[]).err().unwrap();
        assert!(error.hint_text().unwrap().contains("custom_field_definitions"));
        let by_id = with("11111111-0000-0000-0000-000000000001", "", "");
        assert!(cells(&by_id, &[]).is_ok(), "an id needs no definitions");
    }
}
