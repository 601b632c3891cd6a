//! Patterns of names, with `*` for any text.

/// Longest pattern, in bytes.
const LONGEST: usize = 64;

/// Whether a text can be a pattern: what names are made of, and `*`.
pub(crate) fn is_pattern(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-*".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(is_allowed)
}

/// Whether a name fits a pattern.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts = rest.split('*');
    let tail = parts.next_back().unwrap_or_default();
    // The leftmost place of each part leaves the most room for those after it.
    for part in parts {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let cases = [
            ("*", "anything", true),
            ("*", "", true),
            ("acme", "acme", true),
            ("acme", "acme2", false),
            ("acme-*", "acme-eu", true),
            ("acme-*", "acme", false),
            ("*-eu", "acme-eu", true),
            ("*-eu", "acme-eu-2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("*ab*", "cab", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_is_made_of_what_names_are_made_of() {
        assert!(is_pattern("acme-*") && is_pattern("*"));
        for wrong in ["", "a b", "a/b", "a?", &"a".repeat(65)] {
            assert!(!is_pattern(wrong), "{wrong}");
        }
    }
}
