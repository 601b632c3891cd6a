//! Text as databases take it.

use std::borrow::Cow;

/// JSON that `jsonb` accepts: an escaped NUL, which no PostgreSQL text can hold, becomes the replacement character.
///
/// For what we write about ourselves only; a record is stored as it was sent or not at all.
pub(crate) fn without_escaped_nul(json: String) -> String {
    if !json.contains("\\u0000") {
        return json;
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        clean.push_str(&rest[..at]);
        let (escape, after) =
            if rest[at..].starts_with("\\u0000") { ("\\ufffd", at + 6) } else { (&rest[at..at + 2], at + 2) };
        clean.push_str(escape);
        rest = &rest[after..];
    }
    clean.push_str(rest);
    clean
}

/// Text without NUL, which no PostgreSQL text can hold.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_escaped_nul_is_replaced() {
        let json = serde_json::to_string("a\0b\\u0000c\n").unwrap();
        let clean = without_escaped_nul(json);
        assert_eq!(serde_json::from_str::<String>(&clean).unwrap(), "a\u{fffd}b\\u0000c\n");
    }
}
