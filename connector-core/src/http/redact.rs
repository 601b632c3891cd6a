//! Masking of secrets in text that comes from outside and may be shown.

use std::borrow::Cow;

/// What stands where a secret was.
pub(crate) const MASK: &str = "********";

/// Shortest run of token characters that is taken for a secret. Longer than a UUID (36), which people need to see.
const SHORTEST_TOKEN: usize = 40;

/// Names whose value is masked, in JSON, form bodies, queries and headers.
const SECRET_NAMES: [&str; 8] = [
    "access_token",
    "refresh_token",
    "client_secret",
    "password",
    "code_verifier",
    "bearer",
    "basic",
    "code",
];

/// The text without what looks like a secret: values of the usual names, and long runs of token characters.
///
/// ```
/// assert_eq!(connector_core::http::redact("Bearer abc: refused"), "Bearer ********: refused");
/// ```
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut output = String::new();
    let mut copied = 0;
    let mut after_name = None;
    for (start, end) in words(text) {
        let word = &text[start..end];
        let name = SECRET_NAMES.iter().copied().find(|name| word.eq_ignore_ascii_case(name));
        let is_value = match after_name {
            Some(name) => joins(name, &text[gap_start(text, start)..start]),
            None => false,
        };
        let is_secret = is_value && !is_number_of_an_error(after_name, word);
        if name.is_none() && (is_secret || word.len() >= SHORTEST_TOKEN) {
            output.push_str(&text[copied..start]);
            output.push_str(MASK);
            copied = end;
        }
        after_name = name;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    output.push_str(&text[copied..]);
    Cow::Owned(output)
}

/// Whether this is the number behind `code` by which databases and systems name an error: people look it up.
fn is_number_of_an_error(name: Option<&str>, word: &str) -> bool {
    name == Some("code") && word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Runs of characters that tokens are made of.
fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.~+/%".contains(c);
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(is_token)?;
        let end = text[start..].find(|c| !is_token(c)).map_or(text.len(), |length| start + length);
        rest = end;
        Some((start, end))
    })
}

/// Where the characters between the previous word and this one begin.
fn gap_start(text: &str, start: usize) -> usize {
    text[..start]
        .rfind(|c: char| c.is_ascii_alphanumeric() || "-_.~+/%".contains(c))
        .map_or(0, |last| last + 1)
}

/// Whether the gap is what stands between this name and its value in JSON, forms and headers. A space alone does so
/// only behind the name of a scheme: "the code has expired" tells no secret.
fn joins(name: &str, gap: &str) -> bool {
    let is_scheme = matches!(name, "bearer" | "basic");
    let only_joints = gap.len() <= 6 && gap.chars().all(|c| "\"'=: \\".contains(c));
    only_joints && !gap.is_empty() && (is_scheme || gap.contains(['=', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_without_secrets_is_left_alone() {
        let text = "id 018f3c1e-0000-0000-0000-000000000001 invalid uuid, see the documentation";
        assert!(matches!(redact(text), Cow::Borrowed(_)));
    }

    #[test]
    fn words_about_secrets_are_not_secrets() {
        assert_eq!(redact("Authorization code has been revoked"), "Authorization code has been revoked");
    }

    #[test]
    fn numbers_of_errors_stay() {
        let text = "error returned from database: (code: 14) unable to open database file";
        assert_eq!(redact(text), text);
        assert_eq!(redact("SQLite (code: 2067), errno code=28"), "SQLite (code: 2067), errno code=28");
        assert_eq!(redact("/callback?code=123456789"), "/callback?code=********");
        assert_eq!(redact("password: 1234"), "password: ********");
    }

    proptest! {
        #[test]
        fn a_secret_never_survives(secret in "[A-Za-z0-9._~-]{12,120}", shape in 0..7_usize) {
            let text = match shape {
                0 => format!(r#"{{"access_token":"{secret}","x":1}}"#),
                1 => format!(r#"{{"refresh_token": "{secret}"}}"#),
                2 => format!("client_secret={secret}&grant_type=refresh_token"),
                3 => format!("Authorization: Bearer {secret}"),
                4 => format!("GET /callback?code={secret}&state=x"),
                5 => format!(r#"\"password\":\"{secret}\""#),
                _ => format!("token {secret}{} refused", "x".repeat(SHORTEST_TOKEN)),
            };
            prop_assert!(!redact(&text).contains(&secret), "{}", redact(&text));
        }
    }
}
