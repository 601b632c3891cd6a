//! What the new connector reads: streams and their singulars.

use connector_core::integration::{DeclarationError, check_stream_name};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde::Serialize;

use super::identifier;
use super::name::title;

/// As [`super::name`] has it; tables may not be longer than 63 letters, and children of a stream add theirs.
const LONGEST: usize = 40;

/// Types that the file of streams uses beside those of their records.
const TYPES: &[&str] = &[
    "Filter",
    "FilterKind",
    "JsonSchema",
    "Option",
    "Paging",
    "R",
    "Settings",
    "Stream",
    "String",
    "Timestamp",
    "Vec",
];

/// A stream under all its names.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct StreamName {
    /// `tax_rates`
    pub(super) name: String,
    /// `tax_rate`
    pub(super) singular: String,
    /// `TaxRate`
    pub(super) record: String,
    /// `Tax rates`
    pub(super) title: String,
}

impl StreamName {
    /// Checks what was typed.
    ///
    /// # Errors
    /// `invalid_value`, with a name that would do.
    pub(super) fn check_all(typed: &[String]) -> Result<Vec<Self>> {
        let mut streams: Vec<Self> = Vec::new();
        for typed in typed {
            let stream = Self::check(typed.trim())?;
            if let Some(other) = streams.iter().find(|other| other.singular == stream.singular) {
                let message = if other.name == stream.name {
                    format!("--streams names `{}` twice", stream.name)
                } else {
                    let singular = &stream.singular;
                    format!("`{}` and `{}` of --streams both give `get_{singular}`", other.name, stream.name)
                };
                return Err(refusal(message, "leave one of them out"));
            }
            streams.push(stream);
        }
        Ok(streams)
    }

    fn check(typed: &str) -> Result<Self> {
        identifier::check("a name in --streams", typed, LONGEST, "_records")?;
        if let Err(DeclarationError::Reserved { why, instead, .. }) = check_stream_name(typed) {
            let message = format!("`{typed}` in --streams is taken, since {why}");
            return Err(refusal(message, &format!("use `{instead}`")));
        }
        let singular = singular(typed);
        for capability in [format!("list_{typed}"), format!("get_{singular}")] {
            if STANDARD.contains(&&*capability) {
                let message = format!(
                    "`{typed}` in --streams would give `{capability}`, which has a meaning of its own"
                );
                return Err(refusal(message, &format!("use `app_{typed}`")));
            }
        }
        let mut record: String = singular.split('_').map(title).collect();
        if TYPES.contains(&&*record) {
            record.push_str("Record");
        }
        Ok(Self { record, singular, name: typed.to_owned(), title: title(typed) })
    }
}

/// Capabilities that mean the same in every connector and begin as those of streams do.
const STANDARD: &[&str] = &["get_authorization_url"];

fn refusal(message: String, hint: &str) -> ConnectorError {
    ConnectorError::new(ErrorCode::InvalidValue, message).hint(hint.to_owned())
}

/// Plurals that follow no rule, and words that look like plurals of a rule but follow another.
const IRREGULAR: &[(&str, &str)] = &[
    ("aliases", "alias"),
    ("analyses", "analysis"),
    ("caches", "cache"),
    ("canvases", "canvas"),
    ("children", "child"),
    ("cookies", "cookie"),
    ("criteria", "criterion"),
    ("gases", "gas"),
    ("halves", "half"),
    ("indices", "index"),
    ("leaves", "leaf"),
    ("matrices", "matrix"),
    ("men", "man"),
    ("movies", "movie"),
    ("people", "person"),
    ("quizzes", "quiz"),
    ("shelves", "shelf"),
    ("women", "woman"),
];

/// Words that are one and many, or that cannot be counted.
const UNCOUNTED: &[&str] =
    &["data", "equipment", "feedback", "inventory", "media", "metadata", "news", "series", "staff"];

/// The singular of a stream, by its last word. What has none is a record of it: `data_record`.
fn singular(plural: &str) -> String {
    let (front, word) = match plural.rfind('_') {
        Some(at) => plural.split_at(at + 1),
        None => ("", plural),
    };
    match singular_of_word(word) {
        Some(singular) => format!("{front}{singular}"),
        None => format!("{plural}_record"),
    }
}

fn singular_of_word(word: &str) -> Option<String> {
    if UNCOUNTED.contains(&word) {
        return None;
    }
    if let Some((_, singular)) = IRREGULAR.iter().find(|(plural, _)| *plural == word) {
        return Some((*singular).to_owned());
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return Some(format!("{stem}y"));
    }
    let of_hiss = ["sses", "shes", "ches", "xes", "zzes"];
    // As in statuses, bonuses, campuses, viruses and buses, and not in houses, clauses or uses.
    let of_us = ["tuses", "nuses", "puses", "ruses", "buses"];
    if of_hiss.iter().chain(&of_us).any(|end| word.ends_with(end)) {
        return word.strip_suffix("es").map(ToOwned::to_owned);
    }
    let is_singular = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    word.strip_suffix('s').filter(|stem| !is_singular && !stem.is_empty()).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str) -> Result<Vec<StreamName>> {
        let typed: Vec<String> = typed.split(',').map(ToOwned::to_owned).collect();
        StreamName::check_all(&typed)
    }

    #[test]
    fn singulars_follow_english() {
        for (plural, expected) in [
            ("items", "item"),
            ("categories", "category"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("data", "data_record"),
            ("tax_rates", "tax_rate"),
            ("branches", "branch"),
            ("statuses", "status"),
            ("houses", "house"),
            ("expenses", "expense"),
            ("databases", "database"),
            ("movies", "movie"),
            ("people", "person"),
            ("custom_data", "custom_data_record"),
            ("status", "status_record"),
            ("business", "business_record"),
            ("inventory", "inventory_record"),
            ("sizes", "size"),
            ("keys", "key"),
            ("s", "s_record"),
        ] {
            assert_eq!(singular(plural), expected);
        }
    }

    #[test]
    fn a_stream_has_all_its_names() {
        let streams = check("tax_rates").unwrap();
        let stream = &streams[0];
        assert_eq!((&*stream.record, &*stream.title), ("TaxRate", "Tax rates"));
        assert_eq!(check("strings").unwrap()[0].record, "StringRecord", "`String` is another type");
        assert_eq!(check("items, people").unwrap().len(), 2);
    }

    #[test]
    fn names_that_clash_are_refused_with_what_to_do() {
        for (typed, message, hint) in [
            ("items,items", "twice", "leave one"),
            ("status,status_records", "both give `get_status_record`", "leave one"),
            ("connector_runs", "connector_", "use `runs`"),
            ("authorization_urls", "get_authorization_url", "app_authorization_urls"),
            ("Items", "snake_case", "use `items`"),
            ("types,use", "word of Rust", "use `use_records`"),
            ("", "empty", "acme"),
            ("a/b", "snake_case", "use `b`"),
        ] {
            let error = check(typed).unwrap_err();
            assert!(error.message().contains(message), "{typed}: {error}");
            assert!(error.hint_text().unwrap().contains(hint), "{typed}: {error:?}");
        }
    }
}
