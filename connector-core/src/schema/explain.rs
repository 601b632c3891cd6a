//! What is wrong with a value that does not fit its schema, in words that never show the value.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::{Map, Value};

use crate::error::{ConnectorError, ErrorCode};

/// `root` is the value that was checked.
pub(super) fn explain(error: &ValidationError<'_>, root: &Value, at: &str) -> ConnectorError {
    let path = pointer(at, error.instance_path().as_str());
    let refuse = |code, message: String| ConnectorError::new(code, message).at(&*path);
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unknown(&path, unexpected.first().map_or("", String::as_str))
        }
        // An object that takes no fields at all.
        ValidationErrorKind::FalseSchema => {
            let object = root.pointer(error.instance_path().as_str()).and_then(Value::as_object);
            let first = object.and_then(|fields| fields.keys().next());
            unknown(&path, first.map_or("", String::as_str))
        }
        ValidationErrorKind::Required { property } => {
            let field = pointer(&path, &format!("/{}", property.as_str().unwrap_or_default()));
            refuse(ErrorCode::BadRequest, format!("{field} is missing")).at(field)
        }
        ValidationErrorKind::Enum { options } => one_of(&path, options.as_array().into_iter().flatten()),
        ValidationErrorKind::Constant { expected_value } => one_of(&path, [&**expected_value]),
        ValidationErrorKind::Type { kind } => {
            let expected = match kind {
                TypeKind::Single(expected) => expected.to_string(),
                TypeKind::Multiple(expected) => {
                    expected.iter().map(|expected| expected.to_string()).collect::<Vec<_>>().join(" or ")
                }
            };
            refuse(ErrorCode::InvalidValue, format!("{path} must be of type {expected}"))
        }
        ValidationErrorKind::Format { format } => {
            refuse(ErrorCode::InvalidValue, format!("{path} must be a {format}"))
        }
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MinItems { .. } => {
            refuse(ErrorCode::InvalidValue, format!("{path} must not be empty"))
        }
        ValidationErrorKind::Minimum { limit } => {
            refuse(ErrorCode::InvalidValue, format!("{path} must be at least {limit}"))
        }
        ValidationErrorKind::Maximum { limit } => {
            refuse(ErrorCode::InvalidValue, format!("{path} must be at most {limit}"))
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            explain_choice(context, &path, root, at)
        }
        _ => unfit(&path),
    }
}

/// The error for a value of which no more is known than that it does not fit.
pub(super) fn unfit(path: &str) -> ConnectorError {
    let message = format!("{path} does not have the form that is expected");
    ConnectorError::new(ErrorCode::InvalidValue, message).at(path)
}

fn unknown(path: &str, name: &str) -> ConnectorError {
    let field = pointer(path, &format!("/{name}"));
    let error =
        ConnectorError::new(ErrorCode::UnknownValue, format!("{field} is not known here")).at(&*field);
    if field.starts_with("/settings/") {
        return error.hint("`info` lists the settings under request_settings_schema");
    }
    error.hint("`info` lists what the capability takes")
}

/// Why none of several forms fits: the form that fits best tells, which is the one whose fault lies deepest.
fn explain_choice(forms: &[Vec<ValidationError<'_>>], path: &str, root: &Value, at: &str) -> ConnectorError {
    let faults: Vec<&ValidationError<'_>> =
        forms.iter().flatten().filter(|fault| !is_about_null(fault)).collect();
    let depth = |fault: &ValidationError<'_>| fault.instance_path().as_str().matches('/').count();
    let is_list = !faults.is_empty()
        && faults.iter().all(|fault| matches!(fault.kind(), ValidationErrorKind::Constant { .. }));
    if is_list {
        let values = faults.iter().filter_map(|fault| match fault.kind() {
            ValidationErrorKind::Constant { expected_value } => Some(&**expected_value),
            _ => None,
        });
        return one_of(path, values);
    }
    let place = path.strip_prefix(at).unwrap_or_default().trim_end_matches('/');
    if let Some(names) = alternatives(forms, place) {
        let is_empty = root.pointer(place).and_then(Value::as_object).is_some_and(Map::is_empty);
        let code = if is_empty { ErrorCode::BadRequest } else { ErrorCode::UnknownValue };
        return ConnectorError::new(code, format!("{path} must hold one of {}", names.join(", "))).at(path);
    }
    // An unknown name says less than what is wrong with a name that is known.
    let says_more = |fault: &ValidationError<'_>| {
        !matches!(
            fault.kind(),
            ValidationErrorKind::AdditionalProperties { .. } | ValidationErrorKind::Required { .. }
        )
    };
    match faults.into_iter().max_by_key(|fault| (depth(fault), says_more(fault))) {
        Some(fault) => explain(fault, root, at),
        None => unfit(path),
    }
}

/// The members of which each form wants another one, where the value has none of them: which form was meant, nothing
/// tells.
fn alternatives<'f>(forms: &'f [Vec<ValidationError<'_>>], place: &str) -> Option<Vec<&'f str>> {
    let wanted = |form: &'f Vec<ValidationError<'_>>| {
        let is_here = |fault: &ValidationError<'_>| fault.instance_path().as_str() == place;
        let is_unknown = |fault: &ValidationError<'_>| {
            matches!(fault.kind(), ValidationErrorKind::AdditionalProperties { .. })
        };
        let mut names = form.iter().filter(|fault| !(is_here(fault) && is_unknown(fault))).map(|fault| {
            match fault.kind() {
                ValidationErrorKind::Required { property } if is_here(fault) => property.as_str(),
                _ => None,
            }
        });
        match (names.next(), names.next()) {
            (Some(name), None) => name,
            _ => None,
        }
    };
    let is_asked = |form: &&Vec<ValidationError<'_>>| !form.iter().all(is_about_null);
    forms.iter().filter(is_asked).map(wanted).collect::<Option<Vec<_>>>().filter(|names| names.len() > 1)
}

/// `null` is a form of everything optional; nobody who sent something else meant it.
fn is_about_null(fault: &ValidationError<'_>) -> bool {
    matches!(fault.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(expected) } if expected.to_string() == "null")
}

fn one_of<'a>(path: &str, values: impl IntoIterator<Item = &'a Value>) -> ConnectorError {
    let values: Vec<String> = values.into_iter().map(Value::to_string).collect();
    ConnectorError::new(ErrorCode::UnknownValue, format!("{path} must be one of {}", values.join(", ")))
        .at(path)
}

pub(super) fn pointer(at: &str, below: &str) -> String {
    let path = format!("{}{}", at.trim_end_matches('/'), below.trim_end_matches('/'));
    if path.is_empty() { "/".to_owned() } else { path }
}
