//! Finds names in a line of source: crates by their identifier, apps in any spelling.

/// Whether the line names this crate: `sqlx` is in `use sqlx::Row` and `sqlx-core = "1"`, not in `sqlxml`.
pub(super) fn word_in(name: &str, line: &str) -> bool {
    line.split(|character: char| !character.is_alphanumeric() && character != '_')
        .any(|word| word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

/// Whether the line names this app: `acme-books` is in `AcmeBooks`, `acme_books::` and "Acme Books".
pub(super) fn phrase_in(name: &str, line: &str) -> bool {
    let name = parts(name);
    parts(line).windows(name.len()).any(|window| window == name)
}

/// Splits at everything that is no letter or digit, and where a capital follows a small letter.
fn parts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut after_small_letter = false;
    for character in text.chars() {
        let starts_part = after_small_letter && character.is_uppercase();
        if (starts_part || !character.is_alphanumeric()) && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        if character.is_alphanumeric() {
            part.extend(character.to_lowercase());
        }
        after_small_letter = character.is_lowercase();
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_found_as_a_whole_word_and_with_its_satellites() {
        for line in ["use sqlx::Row;", "sqlx-core = \"1\"", "sqlx_core::x", "sqlx.workspace = true"] {
            assert!(word_in("sqlx", line), "{line}");
        }
        assert!(!word_in("sqlx", "let sqlxml = 1;"));
        assert!(!word_in("connector_store", "the connector store, or `connector-store`"));
    }

    #[test]
    fn an_app_is_found_in_any_spelling() {
        for line in ["Teamleader's", "TeamleaderSettings", "teamleader_sandbox", "TEAMLEADER_CLIENT_ID"] {
            assert!(phrase_in("teamleader", line), "{line}");
        }
        for line in ["struct AcmeBooks;", "acme_books::load()", "in Acme Books"] {
            assert!(phrase_in("acme-books", line), "{line}");
        }
        assert!(!phrase_in("hr", "through the hall"));
    }
}
