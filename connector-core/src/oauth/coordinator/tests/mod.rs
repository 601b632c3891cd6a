//! The coordinator against a provider that rotates, on a clock that obeys.

mod failures;
mod keeping;
mod lost_answers;
mod proof;
mod provider;
mod sharing;
mod sweeping;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Granted, MARGIN, Need, RefreshCoordinator, Renewer};
use crate::auth::Secret;
use crate::error::Result;
use crate::oauth::{AccountProof, Connection, ConnectionKey, ConnectionState, Renewal, TokenSet, TokenStore};
use crate::testing::MemoryTokens;

use provider::{Answer, Hidden, Provider};

const HOUR: Duration = Duration::from_hours(1);

/// A vault with one connection, the app behind it, and a process.
struct World {
    vault: MemoryTokens,
    provider: Arc<Provider>,
    start: Instant,
    process: Arc<RefreshCoordinator>,
}

impl World {
    /// The connection's token has an hour to live.
    async fn new() -> Self {
        let (vault, start) = (MemoryTokens::new(), Instant::now());
        let process = process_of(&vault, start);
        let world = Self { vault, provider: Arc::new(Provider::new(start)), start, process };
        let connection = Connection {
            tokens: world.provider.tokens(1),
            settings: serde_json::Map::new(),
            account: None,
            proof: AccountProof::Whole,
            state: ConnectionState::Active,
            renewal: Renewal::default(),
            generation: 0,
        };
        world.vault.save(&key(), &connection).await.unwrap();
        world
    }

    /// The same, with a token that has ended.
    async fn expired() -> Self {
        let world = Self::new().await;
        tokio::time::advance(HOUR).await;
        world
    }

    fn another_process(&self) -> Arc<RefreshCoordinator> {
        process_of(&self.vault, self.start)
    }

    fn now(&self) -> Timestamp {
        instant(self.start)
    }

    fn renewer(&self) -> Arc<dyn Renewer> {
        Arc::clone(&self.provider) as _
    }

    async fn get(&self) -> Result<Granted> {
        self.get_for(&Need::of(MARGIN)).await
    }

    async fn get_for(&self, need: &Need) -> Result<Granted> {
        self.process.get(&key(), need, &self.renewer()).await
    }

    async fn row(&self) -> Connection {
        self.vault.load(&key()).await.unwrap().unwrap()
    }
}

fn process_of(vault: &MemoryTokens, start: Instant) -> Arc<RefreshCoordinator> {
    RefreshCoordinator::with_clock(Arc::new(vault.clone()), move || instant(start))
}

/// The instant by the clock of the tests, which began in 2030.
fn instant(start: Instant) -> Timestamp {
    "2030-01-01T12:00:00Z".parse::<Timestamp>().unwrap() + start.elapsed()
}

fn key() -> ConnectionKey {
    ConnectionKey { app_id: "example".to_owned(), name: "default".to_owned() }
}

fn token(granted: &Granted) -> &str {
    granted.connection.tokens.access_token.expose()
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}
