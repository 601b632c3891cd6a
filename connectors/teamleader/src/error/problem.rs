//! What Teamleader writes into an answer that is an error.
//!
//! The API and the token endpoint share one shape, of which only `title` is promised:
//! `{"errors":[{"code","title","status","meta":{"field","type","hint"}}]}`. Teamleader may change it without a new
//! version of the API, so everything else is taken where it is there.

use serde_json::Value;

/// What went wrong, in Teamleader's words. Empty when the body has none that we know.
pub(super) struct Problems(Vec<Problem>);

/// One of the errors of an answer.
pub(super) struct Problem {
    code: Option<i64>,
    title: String,
    field: Option<String>,
    /// The name of RFC 6749, from the authorization server.
    pub(super) kind: Option<String>,
    pub(super) hint: Option<String>,
}

impl Problems {
    pub(super) fn read(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return Self(Vec::new());
        };
        if let Some(errors) = body.get("errors").and_then(Value::as_array) {
            return Self(errors.iter().filter_map(Problem::read).collect());
        }
        Self(Problem::read_rfc(&body).into_iter().collect())
    }

    /// One sentence for each problem.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(Problem::text).collect::<Vec<_>>().join("; ")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn any(&self, is: impl Fn(&Problem) -> bool) -> bool {
        self.0.iter().any(is)
    }
}

impl Problem {
    fn read(error: &Value) -> Option<Self> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let meta = error.get("meta");
        let of_meta = |name: &str| text(meta.and_then(|meta| meta.get(name)));
        Some(Self {
            code: error.get("code").and_then(Value::as_i64),
            title: text(error.get("title")).or_else(|| text(Some(error)))?,
            field: of_meta("field"),
            kind: of_meta("type"),
            hint: of_meta("hint"),
        })
    }

    /// The shape of RFC 6749, which Teamleader's OAuth server can speak as well.
    fn read_rfc(body: &Value) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind = text("error")?;
        let title = text("error_description").or_else(|| text("message")).unwrap_or_else(|| kind.clone());
        Some(Self { code: None, title, field: None, kind: Some(kind), hint: text("hint") })
    }

    /// Whether the authorization server sent it under this code. The API numbers its own errors, and names a field.
    pub(super) fn is_of_server(&self, code: i64) -> bool {
        self.code == Some(code) && self.field.is_none()
    }

    pub(super) fn mentions(&self, words: &str) -> bool {
        let texts = [Some(self.title.as_str()), self.kind.as_deref(), self.hint.as_deref()];
        texts.into_iter().any(|text| contains(text, words))
    }

    fn text(&self) -> String {
        let title = self.title.trim_end_matches('.');
        let mut text = match &self.field {
            // Most titles begin with their field: "id must be present".
            Some(field) if !title.contains(field.as_str()) => format!("{field}: {title}"),
            _ => title.to_owned(),
        };
        if let Some(hint) = self.hint.as_deref().filter(|hint| !hint.is_empty()) {
            text = format!("{text} ({})", hint.trim_end_matches('.'));
        }
        text
    }
}

pub(super) fn contains(text: Option<&str>, words: &str) -> bool {
    text.is_some_and(|text| text.to_lowercase().contains(words))
}
