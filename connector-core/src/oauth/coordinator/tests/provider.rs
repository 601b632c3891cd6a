//! An app whose refresh tokens work once: using one twice is the end of the whole family.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::{Connection, HOUR, Renewer, TokenSet, instant, secret};
use crate::auth::Secret;
use crate::error::{ConnectorError, ErrorCode, Result};

/// What comes of one request; new tokens when nothing else is said.
pub(super) enum Answer {
    /// The app answers with an error.
    Error(ConnectorError),
    /// The request arrives and is acted on, and the answer does not come back.
    LostOnTheWayBack,
    /// The request leaves and does not arrive.
    LostOnTheWayThere,
    /// Nobody is there to connect to.
    Unreachable,
}

/// What it can be asked, and does not tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    /// Whose tokens are.
    Account,
    /// Where tokens are asked for.
    Address,
}

pub(super) struct Provider {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    /// Number of the refresh token that works, less one.
    rotations: u32,
    is_family_dead: bool,
    requests: u32,
    delay: Duration,
    are_born_dead: bool,
    client: String,
    account: Option<String>,
    hidden: Option<Hidden>,
    questions: u32,
}

impl Provider {
    pub(super) fn new(start: Instant) -> Self {
        Self { start, state: Mutex::default() }
    }

    pub(super) fn next(&self, answer: Answer) {
        self.state().answers.push_back(answer);
    }

    pub(super) fn answers_after(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// New tokens have ended when they come.
    pub(super) fn issue_dead_tokens(&self) {
        self.state().are_born_dead = true;
    }

    pub(super) fn use_client(&self, client: &str) {
        client.clone_into(&mut self.state().client);
    }

    /// Somebody used the refresh token, and the answer reached nobody.
    pub(super) fn rotate_unseen(&self) {
        self.state().rotations += 1;
    }

    /// It tells whose tokens are, which it does not otherwise.
    pub(super) fn tell_account(&self, account: &str) {
        self.state().account = Some(account.to_owned());
    }

    /// It does not tell this, from now on.
    pub(super) fn hide(&self, hidden: Hidden) {
        self.state().hidden = Some(hidden);
    }

    /// It tells everything.
    pub(super) fn hide_nothing(&self) {
        self.state().hidden = None;
    }

    /// How often it was asked that.
    pub(super) fn questions(&self) -> u32 {
        self.state().questions
    }

    pub(super) fn requests(&self) -> u32 {
        self.state().requests
    }

    pub(super) fn tokens(&self, number: u32) -> TokenSet {
        let now = instant(self.start);
        TokenSet {
            access_token: secret(&format!("access-{number}")),
            refresh_token: Some(secret(&format!("refresh-{number}"))),
            token_type: "Bearer".to_owned(),
            expires_in: Some(HOUR.as_secs()),
            expires_at: Some(now + HOUR),
            scope: None,
            obtained_at: Some(now),
            refresh_expires_at: None,
            id_token: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Takes a refresh token for the next one, or kills the family.
    fn rotate(&self, refresh_token: &Secret) -> Result<TokenSet> {
        let mut state = self.state();
        if state.is_family_dead || refresh_token.expose() != format!("refresh-{}", state.rotations + 1) {
            state.is_family_dead = true;
            return Err(ConnectorError::new(ErrorCode::CredsRevoked, "invalid_grant").status(400));
        }
        state.rotations += 1;
        let number = state.rotations + 1;
        let are_born_dead = state.are_born_dead;
        drop(state);
        let mut tokens = self.tokens(number);
        if are_born_dead {
            (tokens.expires_in, tokens.expires_at) = (Some(0), tokens.obtained_at);
        }
        Ok(tokens)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Renewer for Provider {
    fn client(&self) -> Result<String> {
        Ok(self.state().client.clone())
    }

    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            if self.state().hidden != Some(Hidden::Address) {
                return Ok(());
            }
            Err(ConnectorError::new(ErrorCode::ServiceError, "nobody tells")
                .app_error_code("oauth.metadata_unreachable"))
        })
    }

    fn renew<'a>(&'a self, refresh_token: &'a Secret) -> BoxFuture<'a, Result<TokenSet>> {
        Box::pin(async {
            let (answer, delay) = {
                let mut state = self.state();
                state.requests += 1;
                (state.answers.pop_front(), state.delay)
            };
            tokio::time::sleep(delay).await;
            let lost = || ConnectorError::new(ErrorCode::RequestTimeout, "no answer");
            match answer {
                None => self.rotate(refresh_token),
                Some(Answer::Error(error)) => Err(error),
                Some(Answer::LostOnTheWayBack) => self.rotate(refresh_token).and_then(|_| Err(lost())),
                Some(Answer::LostOnTheWayThere) => Err(lost()),
                Some(Answer::Unreachable) => {
                    Err(ConnectorError::new(ErrorCode::ConnectionRejected, "nobody is there"))
                }
            }
        })
    }

    fn account_of<'a>(&'a self, _: &'a Connection) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async {
            let mut state = self.state();
            state.questions += 1;
            if state.hidden == Some(Hidden::Account) {
                return Err(ConnectorError::new(ErrorCode::ServiceError, "busy"));
            }
            Ok(state.account.clone())
        })
    }
}
