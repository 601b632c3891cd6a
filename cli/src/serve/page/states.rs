//! What the state of a connection means to people, and what to do about it.

use connector_core::oauth::{ConnectionState, ConnectionSummary};
use jiff::Timestamp;
use serde::Serialize;

use super::instants::When;

/// The state of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct StateView {
    /// The state in a word or two.
    pub(super) label: &'static str,
    /// Its colour: `good`, `warn`, `bad` or `idle`.
    pub(super) tone: &'static str,
    /// What it means and what to do; none where all is well.
    pub(super) advice: Option<String>,
    /// Logging in again is what to do.
    pub(super) reconnect: bool,
}

impl StateView {
    /// Of a connection with tokens. `app` is the name of the app.
    pub(super) fn new(connection: &ConnectionSummary, app: &str, now: Timestamp) -> Self {
        let renewal = &connection.renewal;
        let view =
            |label, tone, advice| Self { label, tone, advice, reconnect: connection.state.needs_login() };
        match connection.state {
            ConnectionState::Active if renewal.failures > 0 => {
                let since =
                    renewal.failing_since.map(|since| format!(" since {}", When::new(since, now).exact()));
                let again = match renewal.retry_after.filter(|after| *after > now) {
                    Some(after) => format!("It is tried again after {}", When::new(after, now).exact()),
                    None => "It is tried again when a token is needed".to_owned(),
                };
                let times = if renewal.failures == 1 { "once" } else { "in a row" };
                let count = if renewal.failures == 1 {
                    String::new()
                } else {
                    format!("{} times ", renewal.failures)
                };
                let advice = format!(
                    "Renewing the access token failed {count}{times}{}. {again}; nothing has to be done yet.",
                    since.unwrap_or_default()
                );
                view("Renewal fails", "warn", Some(advice))
            }
            ConnectionState::Active => view("Connected", "good", None),
            ConnectionState::RefreshIndeterminate => {
                let advice = format!(
                    "An answer of {app} got lost while the token was renewed. It is tried once more when the \
                     access token ends; nothing has to be done unless that fails too."
                );
                view("Unsure", "warn", Some(advice))
            }
            ConnectionState::ReauthorizationRequired => {
                let advice = format!(
                    "{app} does not accept the stored login any more. Log in again: somebody with access to \
                     the account has to reconnect it. No data is lost; syncs wait until then."
                );
                view("Log in again", "bad", Some(advice))
            }
            ConnectionState::Misconfigured => {
                let advice = format!(
                    "{app} refuses this server's client id or secret. Whoever runs this server must correct \
                     the settings; logging in again does not help."
                );
                view("Settings wrong", "bad", Some(advice))
            }
            ConnectionState::Exhausted => {
                let advice = "Renewing the token failed on many days in a row and is not tried any more. \
                              Log in again.";
                view("Log in again", "bad", Some(advice.to_owned()))
            }
            // A later version of the framework knows more states than this page.
            other => view(other.name(), "warn", None),
        }
    }

    /// Of a name that rows were written for, without tokens in the vault.
    pub(super) fn without_login() -> Self {
        Self {
            label: "No stored login",
            tone: "idle",
            advice: Some(
                "Its syncs brought a token of their own. Connect the account to sync from here.".to_owned(),
            ),
            reconnect: false,
        }
    }

    /// Whether somebody should look at it.
    pub(super) fn needs_attention(&self) -> bool {
        matches!(self.tone, "bad" | "warn")
    }
}

/// The colour of how a run or a stream ended.
pub(super) fn tone_of(status: &str) -> &'static str {
    match status {
        "succeeded" | "repaired" | "equal" => "good",
        "partial" | "interrupted" => "warn",
        "failed" | "different" => "bad",
        "running" => "busy",
        _ => "idle",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::oauth::Renewal;

    fn connection(state: ConnectionState, failures: u32) -> ConnectionSummary {
        ConnectionSummary {
            name: "acme".to_owned(),
            account: None,
            state,
            renewal: Renewal { failures, ..Renewal::default() },
            generation: 1,
            expires_at: None,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn every_state_but_the_good_one_says_what_to_do() {
        let view = |state| StateView::new(&connection(state, 0), "Example", Timestamp::UNIX_EPOCH);
        assert_eq!(
            (view(ConnectionState::Active).tone, view(ConnectionState::Active).advice),
            ("good", None)
        );
        for state in [ConnectionState::ReauthorizationRequired, ConnectionState::Exhausted] {
            assert!(view(state).reconnect && view(state).advice.unwrap().contains("Log in again"));
        }
        let wrong = view(ConnectionState::Misconfigured);
        assert!(!wrong.reconnect && wrong.advice.unwrap().contains("runs this server"));
        assert_eq!(view(ConnectionState::RefreshIndeterminate).tone, "warn");
    }

    #[test]
    fn failures_of_renewal_tell_when_it_is_tried_again() {
        let mut failing = connection(ConnectionState::Active, 3);
        failing.renewal.retry_after = Some("2026-11-22T12:00:00Z".parse().unwrap());
        let before = "2026-11-22T11:00:00Z".parse().unwrap();
        let advice = StateView::new(&failing, "Example", before).advice.unwrap();
        assert!(
            advice.contains("failed 3 times in a row") && advice.contains("2026-11-22 12:00:00"),
            "{advice}"
        );
        let after = "2026-11-22T13:00:00Z".parse().unwrap();
        assert!(!StateView::new(&failing, "Example", after).advice.unwrap().contains("12:00"));
        let once = connection(ConnectionState::Active, 1);
        let advice = StateView::new(&once, "Example", after).advice.unwrap();
        assert!(advice.contains("failed once."), "{advice}");
    }
}
