//! The templates of the pages: parts of the binary, made ready when the first page is asked for.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, HtmlEscape, Value};
use serde::Serialize;

use super::assets::{SCRIPT, STYLE};

const CONTENT_SECURITY_POLICY: HeaderName = HeaderName::from_static("content-security-policy");

/// Nothing inline, nothing from elsewhere, no frames. Forms stay here: that also holds for where they redirect to,
/// which is why an account is connected by a link.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_filter("number", |number: u64| number_in_groups(number));
    environment.add_filter("breakable", |text: String| breakable(&text));
    environment.add_filter("with_code", |text: String| with_code(&text));
    environment.add_filter("query", |text: String| query_part(&text));
    environment.add_global("style", &*STYLE.path);
    environment.add_global("script", &*SCRIPT.path);
    for (name, source) in SOURCES {
        // Each of them is rendered in a test.
        environment.add_template(name, source).unwrap_or_else(|error| panic!("{name}: {error:#}"));
    }
    environment
});

macro_rules! sources {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("templates/", $name)))),+]
    };
}

const SOURCES: &[(&str, &str)] = sources![
    "base.html",
    "parts.html",
    "overview.html",
    "connection.html",
    "connect.html",
    "connected.html",
    "streams.html",
    "runs.html",
    "run.html",
    "rejects.html",
    "message.html",
    "sign_in.html",
];

/// A page, as an answer.
pub(super) fn page(status: StatusCode, template: &str, view: impl Serialize) -> Response {
    match render(template, view) {
        Ok(html) => (
            status,
            [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CACHE_CONTROL, "no-store"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                // Without any, browsers would send `Origin: null` with forms.
                (REFERRER_POLICY, "same-origin"),
            ],
            html,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(template, error = format!("{error:#}"), "a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown; the log says why.")
                .into_response()
        }
    }
}

/// The text of a page.
pub(super) fn render(template: &str, view: impl Serialize) -> Result<String, minijinja::Error> {
    TEMPLATES.get_template(template)?.render(Serde(view))
}

fn number_in_groups(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A name that may be broken after its underscores, and nowhere else.
fn breakable(text: &str) -> Value {
    Value::from_safe_string(HtmlEscape(text).to_string().replace('_', "_<wbr>"))
}

/// What stands between backticks is code.
fn with_code(text: &str) -> Value {
    let part = |(at, part): (usize, &str)| {
        let part = HtmlEscape(part);
        if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_string() }
    };
    Value::from_safe_string(text.split('`').enumerate().map(part).collect())
}

fn query_part(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_groups_of_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number_in_groups(number), text);
        }
    }

    #[test]
    fn long_names_break_at_their_parts_and_stay_texts() {
        assert_eq!(breakable("a_<b>").to_string(), "a_<wbr>&lt;b&gt;");
        assert_eq!(with_code("run `a <b>` now").to_string(), "run <code>a &lt;b&gt;</code> now");
    }

    #[test]
    fn every_page_forbids_what_is_inline_and_what_is_not_ours() {
        for (name, source) in SOURCES {
            for forbidden in
                [" style=", "<style", "onclick", "onload", "javascript:", "http://", "https://", "|safe"]
            {
                assert!(!source.contains(forbidden), "{name} has {forbidden}");
            }
            let scripts = source.matches("<script").count();
            assert_eq!(scripts, source.matches("<script src=\"{{ script }}\" defer>").count(), "{name}");
        }
    }
}
