//! Looking into rendered rows without decoding them: a million rows are scanned, not parsed.

use std::borrow::Cow;

/// The raw value of a field. Rows may lack their closing brace; what info adds begins with a comma.
pub(super) fn field<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    if !matches!(object.first(), Some(b'{' | b',')) {
        return None;
    }
    let mut at = 1;
    while object.get(at) == Some(&b'"') {
        let key_end = value_end(object, at);
        let value_start = key_end + 1;
        let end = value_end(object, value_start);
        if &object[at + 1..key_end - 1] == name.as_bytes() {
            return Some(&object[value_start..end]);
        }
        at = end + 1;
    }
    None
}

/// The raw elements of a list; none of anything else.
pub(super) fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let list = if list.first() == Some(&b'[') { list } else { b"" };
    let mut at = 1;
    std::iter::from_fn(move || {
        let first = list.get(at)?;
        if *first == b']' {
            return None;
        }
        let end = value_end(list, at);
        let element = &list[at..end];
        at = end + 1;
        Some(element)
    })
}

/// Where the value that starts at `start` ends. Rows are written here, so they have no white space.
fn value_end(text: &[u8], start: usize) -> usize {
    match text.get(start) {
        Some(b'"') => string_end(text, start),
        Some(b'{' | b'[') => nested_end(text, start),
        _ => {
            let rest = text.get(start..).unwrap_or_default();
            let length =
                rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(rest.len());
            start + length
        }
    }
}

fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn nested_end(text: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at = string_end(text, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The text of a raw JSON string; nothing for any other value.
pub(super) fn text(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice::<String>(raw).ok().map(Cow::Owned);
    }
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &[u8] = br#"{"id":"a","tags":["x,\"]","y"],"lead":{"customer":{"id":"b"}},"n":null,"x":1.5"#;

    #[test]
    fn fields_are_found_behind_nested_values() {
        assert_eq!(field(ROW, "n"), Some(&b"null"[..]));
        assert_eq!(field(ROW, "x"), Some(&b"1.5"[..]));
        assert_eq!(field(ROW, "customer"), None);
        assert_eq!(field(field(ROW, "lead").unwrap(), "customer"), Some(&br#"{"id":"b"}"#[..]));
    }

    #[test]
    fn elements_may_hold_brackets_and_quotes() {
        let tags: Vec<_> = elements(field(ROW, "tags").unwrap()).filter_map(text).collect();
        assert_eq!(tags, ["x,\"]", "y"]);
        assert_eq!(elements(b"[]").count(), 0);
    }

    #[test]
    fn values_of_another_kind_have_no_fields_and_no_elements() {
        assert_eq!(field(b"\"text\"", "text"), None);
        assert_eq!(elements(b"{\"a\":1}").count(), 0);
    }
}
