//! Names that Rust, SQL and the command line all take: `snake_case`.

use connector_core::{ConnectorError, ErrorCode, Result};

/// Words of Rust, those that are only reserved included.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Checks a name. `suffix` is what a word that is taken already may end in instead.
///
/// # Errors
/// `invalid_value`, with a name that would do wherever there is one.
pub(super) fn check(what: &str, typed: &str, longest: usize, suffix: &str) -> Result<()> {
    let refuse = |message: &str| {
        ConnectorError::new(ErrorCode::InvalidValue, format!("{what} {message}"))
            .hint(instead(typed, longest, suffix))
    };
    if typed.is_empty() {
        return Err(refuse("is empty"));
    }
    if typed.len() > longest {
        return Err(refuse(&format!("is longer than {longest} letters")));
    }
    if !is_snake_case(typed) {
        return Err(refuse(
            "must be snake_case: lower-case letters, digits and single underscores, a letter first",
        ));
    }
    if KEYWORDS.contains(&typed) {
        return Err(refuse("is a word of Rust"));
    }
    Ok(())
}

fn is_snake_case(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.split('_').all(is_word)
}

/// What to use instead.
fn instead(typed: &str, longest: usize, suffix: &str) -> String {
    let mut close = snake_case(typed);
    if close.starts_with(|first: char| first.is_ascii_digit()) {
        close.insert_str(0, "app_");
    }
    close.truncate(longest);
    let mut close = close.trim_end_matches('_').to_owned();
    if KEYWORDS.contains(&&*close) {
        close.push_str(suffix);
    }
    if close.is_empty() || !typed.is_ascii() {
        return "use lower-case letters of ASCII, as in `acme_crm`".to_owned();
    }
    format!("use `{close}`")
}

/// The words of a text in `snake_case`: of a path its last part.
fn snake_case(text: &str) -> String {
    let last = text.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let mut snake = String::new();
    let mut after_lower = false;
    for letter in last.chars() {
        let starts_word = letter.is_ascii_uppercase() && after_lower;
        if (starts_word || !letter.is_ascii_alphanumeric()) && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        if letter.is_ascii_alphanumeric() {
            snake.push(letter.to_ascii_lowercase());
        }
        after_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_do_is_refused_with_one_that_does() {
        for (typed, instead) in [
            ("", "as in `acme_crm`"),
            ("Acme CRM", "use `acme_crm`"),
            ("acme-crm", "use `acme_crm`"),
            ("acme_", "use `acme`"),
            ("acme-", "use `acme`"),
            ("acme__crm", "use `acme_crm`"),
            ("AcmeCrm", "use `acme_crm`"),
            ("../x", "use `x`"),
            ("/tmp/acme/", "use `acme`"),
            ("1abc", "use `app_1abc`"),
            ("fn", "use `fn_app`"),
            ("self", "use `self_app`"),
            ("café", "as in `acme_crm`"),
            ("顧客", "as in `acme_crm`"),
            ("a\0b", "use `a_b`"),
            ("--help", "use `help`"),
        ] {
            let error = check("NAME", typed, 30, "_app").unwrap_err();
            assert!(error.hint_text().unwrap().contains(instead), "{typed}: {error:?}");
            assert_eq!(error.exit_code(), 64);
        }
        let error = check("NAME", &"a".repeat(200), 30, "_app").unwrap_err();
        assert_eq!(error.hint_text(), Some(&*format!("use `{}`", "a".repeat(30))));
        for typed in ["acme", "acme_crm2", "a"] {
            check("NAME", typed, 30, "_app").unwrap();
        }
    }
}
