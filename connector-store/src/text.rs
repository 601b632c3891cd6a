//! Text as databases take it.

use std::borrow::Cow;

/// JSON that `jsonb` accepts: an escaped NUL, which no PostgreSQL text can hold, becomes the replacement character.
///
/// For what we write about ourselves; for records see [`storable`].
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

/// Text or JSON that PostgreSQL accepts: NUL and halves of surrogate pairs, plain or escaped, become U+FFFD.
///
/// The last resort for a record that would not be stored otherwise; the report says that it was needed.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if !text.contains('\0') && !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\0']) {
        clean.push_str(&rest[..at]);
        rest = &rest[at..];
        let (kept, length) = match (escape_at(rest), rest.get(6..).and_then(escape_at)) {
            _ if rest.starts_with('\0') => ("\u{fffd}", 1),
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (&rest[..12], 12),
            (Some(0 | 0xd800..=0xdfff), _) => ("\\ufffd", 6),
            (Some(_), _) => (&rest[..6], 6),
            // Any other escape is of two characters; a lone backslash is no JSON but text.
            (None, _) => {
                let length = rest.chars().take(2).map(char::len_utf8).sum();
                (&rest[..length], length)
            }
        };
        clean.push_str(kept);
        rest = &rest[length..];
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// The code unit of an escape such as `\u00e9` at the beginning.
fn escape_at(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

/// Text without NUL, which no PostgreSQL text can hold.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_postgresql_text_holds_is_replaced() {
        let cases = [
            (r#""a\u0000b""#, r#""a\ufffdb""#),
            (r#""\ud83d\ude00 \u00e9""#, r#""\ud83d\ude00 \u00e9""#),
            (r#""\ud83d!""#, r#""\ufffd!""#),
            (r#""\udc00\ud800""#, r#""\ufffd\ufffd""#),
            (r#""\\u0000 \\\u0000""#, r#""\\u0000 \\\ufffd""#),
            ("a\0é\\", "a\u{fffd}é\\"),
        ];
        for (text, clean) in cases {
            assert_eq!(storable(text), clean);
        }
    }

    #[test]
    fn only_an_escaped_nul_is_replaced() {
        let json = serde_json::to_string("a\0b\\u0000c\n").unwrap();
        let clean = without_escaped_nul(json);
        assert_eq!(serde_json::from_str::<String>(&clean).unwrap(), "a\u{fffd}b\\u0000c\n");
    }
}
