//! What a caller needs of an access token, and whether a connection has it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::auth::Secret;
use crate::oauth::{AccountProof, Connection, ConnectionState, TokenSet};

/// Remaining life at which an access token is replaced, so that it does not end on the way, where the app's declaration
/// says nothing else.
pub(crate) const MARGIN: Duration = Duration::from_mins(1);

/// What a caller needs of an access token.
#[derive(Clone)]
pub(crate) struct Need {
    /// The life that it must have left.
    pub(crate) min_ttl: Duration,
    /// That is a margin, for which half of a short life will do, and not somebody's wish.
    pub(crate) is_margin: bool,
    /// It must be another than this one.
    pub(crate) other_than: Option<Secret>,
    /// The app refused that one: its own end does not matter, it is of no use any more.
    pub(crate) is_refused: bool,
}

impl Need {
    /// A token that lives this long.
    pub(crate) fn of(min_ttl: Duration) -> Self {
        Self { min_ttl, is_margin: min_ttl <= MARGIN, other_than: None, is_refused: false }
    }

    /// A token that does not end within the margin.
    pub(crate) fn with_margin(margin: Duration) -> Self {
        Self { is_margin: true, ..Self::of(margin) }
    }

    /// A token in the place of one that the app refused.
    pub(crate) fn instead_of(refused: &Secret, margin: Duration) -> Self {
        Self { other_than: Some(refused.clone()), is_refused: true, ..Self::with_margin(margin) }
    }

    /// Whether the connection's token will do.
    pub(crate) fn is_met_by(&self, connection: &Connection, now: Timestamp) -> bool {
        let tokens = &connection.tokens;
        is_usable(connection)
            && !self.is_known_token(tokens)
            && is_valid_for(tokens, self.life_of(tokens), now)
    }

    /// Whether the connection's token is better than none.
    pub(crate) fn is_served_by(&self, connection: &Connection, now: Timestamp) -> bool {
        let tokens = &connection.tokens;
        is_usable(connection)
            && !(self.is_refused && self.is_known_token(tokens))
            && is_valid_for(tokens, Duration::ZERO, now)
    }

    /// The life that can be asked of these tokens: what no new token has, no refresh brings.
    fn life_of(&self, tokens: &TokenSet) -> Duration {
        let Some(life) = lifetime(tokens) else { return self.min_ttl };
        if self.is_margin || self.min_ttl > life / 10 * 9 { self.min_ttl.min(life / 2) } else { self.min_ttl }
    }

    fn is_known_token(&self, tokens: &TokenSet) -> bool {
        self.other_than.as_ref().is_some_and(|known| known.expose() == tokens.access_token.expose())
    }
}

/// Whether the connection's tokens may be used at all. Those of an unknown state are for a later version to use.
fn is_usable(connection: &Connection) -> bool {
    connection.state != ConnectionState::Unknown && connection.proof != AccountProof::Awaited
}

/// Whether the app could be asked whose the tokens are.
pub(super) fn is_alive(tokens: &TokenSet, now: Timestamp) -> bool {
    is_valid_for(tokens, Duration::ZERO, now)
}

fn lifetime(tokens: &TokenSet) -> Option<Duration> {
    if let Some(seconds) = tokens.expires_in {
        return Some(Duration::from_secs(seconds));
    }
    Duration::try_from(tokens.expires_at?.duration_since(tokens.obtained_at?)).ok()
}

fn is_valid_for(tokens: &TokenSet, life: Duration, now: Timestamp) -> bool {
    let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
    tokens.expires_at.is_none_or(|expires_at| expires_at.duration_since(now) > life)
}
