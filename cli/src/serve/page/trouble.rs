//! Errors as people need them: what happened, what to do, and who must do it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Trouble {
    /// The streams that it happened to; none when it is about the whole run.
    pub(super) streams: Vec<String>,
    pub(super) message: String,
    /// What to do.
    pub(super) hint: Option<String>,
    pub(super) code: String,
    /// Who must act, in a sentence.
    pub(super) who: String,
    /// Nobody must act: the next run tries again.
    pub(super) passes: bool,
    /// Logging in again helps.
    pub(super) reconnect: bool,
}

/// The part of an error envelope that is about the error; everything may be missing in what other versions wrote.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    message: String,
    error_code: String,
    error_metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    category: String,
    hint: Option<String>,
}

impl Trouble {
    /// From the `error` of an envelope. `app` is the name of the app.
    pub(super) fn new(error: &Value, app: &str) -> Self {
        let written = Written::deserialize(error).unwrap_or_default();
        let category = written.error_metadata.category.as_str();
        let who = match category {
            "transient" => "Nobody has to act: the next run tries again.".to_owned(),
            "authentication" => format!("Somebody with a login to {app} must connect the account again."),
            "authorization" => {
                format!("An administrator of the account in {app} must grant the missing right.")
            }
            "client" => "Whoever runs this server must change the request or a setting.".to_owned(),
            _ => "The makers of the connector must mend it: report it, with the id of the run.".to_owned(),
        };
        let message =
            if written.message.is_empty() { "It failed without a reason." } else { &written.message };
        Self {
            streams: Vec::new(),
            message: sentence(message),
            hint: written.error_metadata.hint.as_deref().map(sentence),
            who,
            passes: category == "transient",
            reconnect: category == "authentication",
            code: written.error_code,
        }
    }

    /// The troubles of a run's streams, each told once however many streams it hit.
    pub(super) fn grouped<'s>(
        errors: impl IntoIterator<Item = (&'s str, &'s Value)>,
        app: &str,
    ) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for (stream, error) in errors {
            let trouble = Self::new(error, app);
            match found
                .iter_mut()
                .find(|known| known.code == trouble.code && known.message == trouble.message)
            {
                Some(known) => known.streams.push(stream.to_owned()),
                None => found.push(Self { streams: vec![stream.to_owned()], ..trouble }),
            }
        }
        found
    }
}

/// Messages are parts of sentences elsewhere; here they stand alone.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    let end = if text.ends_with(['.', '!', '?', '`']) { "" } else { "." };
    let first_word = text.split(' ').next().unwrap_or_default();
    // An address or a name at the beginning stays as it is.
    if !first_word.chars().all(|letter| letter.is_ascii_lowercase()) {
        return format!("{text}{end}");
    }
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::envelope::error_envelope;
    use connector_core::{ConnectorError, ErrorCode};

    fn written(error: &ConnectorError) -> Value {
        let envelope: Value = serde_json::from_str(&error_envelope(error, "example", "x")).unwrap();
        envelope["error"].clone()
    }

    #[test]
    fn every_error_says_who_must_act() {
        let of = |code| Trouble::new(&written(&ConnectorError::new(code, "it broke")), "Example");
        assert!(of(ErrorCode::RateLimit).passes && of(ErrorCode::BadGateway).passes);
        let revoked = of(ErrorCode::CredsRevoked);
        assert!(revoked.reconnect && revoked.who.contains("login to Example"));
        assert!(of(ErrorCode::PermissionDenied).who.contains("administrator"));
        assert!(of(ErrorCode::InvalidValue).who.contains("runs this server"));
        assert!(of(ErrorCode::InternalError).who.contains("makers"));
    }

    #[test]
    fn message_and_hint_become_sentences() {
        let error = ConnectorError::new(ErrorCode::Conflict, "40 rows are gone").hint("run `sync`");
        let trouble = Trouble::new(&written(&error), "Example");
        assert_eq!(trouble.message, "40 rows are gone.".to_owned());
        assert_eq!(trouble.hint.as_deref(), Some("Run `sync`"));
        assert_eq!(trouble.code, "conflict");
        let named = ConnectorError::new(ErrorCode::Conflict, "sqlite://x.db is away");
        assert_eq!(Trouble::new(&written(&named), "Example").message, "sqlite://x.db is away.");
    }

    #[test]
    fn the_same_trouble_of_many_streams_is_told_once() {
        let down = written(&ConnectorError::new(ErrorCode::BadGateway, "the app is down"));
        let denied = written(&ConnectorError::new(ErrorCode::PermissionDenied, "no"));
        let found = Trouble::grouped([("a", &down), ("b", &denied), ("c", &down)], "Example");
        let streams: Vec<_> = found.iter().map(|trouble| trouble.streams.join(" ")).collect();
        assert_eq!(streams, ["a c", "b"]);
    }

    #[test]
    fn an_error_of_another_version_is_still_told() {
        let trouble = Trouble::new(&serde_json::json!({"message": 7}), "Example");
        assert_eq!(trouble.message, "It failed without a reason.");
    }
}
