//! The keys, as this process knows them: looked up again every second while they are in use, so that one that is taken
//! back is refused within seconds, and a request costs no work of the database.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::{AccessKey, AccessKeys, parts_of_access_key};
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::failures::Failures;
use super::scope::Scope;
use crate::rate::Rate;

/// What is known for less than this is not looked up.
const FRESH: Duration = Duration::from_secs(1);

/// What is known for longer than this is not believed. Between the two it is, while it is looked up.
const OLD: Duration = Duration::from_secs(3);

/// The use of a key is noted so often.
const BETWEEN_NOTES: i64 = 60;

/// The keys, as this process knows them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Access(Arc<Inner>);

struct Inner {
    keys: AccessKeys,
    requests_per_second: u32,
    known: RwLock<HashMap<String, Arc<Known>>>,
    /// One look into the store at a time.
    looking: Mutex<()>,
    failures: Failures,
}

/// A key that the store had when it was last asked.
pub(super) struct Known {
    pub(super) key: AccessKey,
    pub(super) scopes: Vec<Scope>,
    looked_at: Instant,
    being_renewed: AtomicBool,
    usage: Arc<Usage>,
}

/// What outlives the next look.
struct Usage {
    rate: Option<Rate>,
    noted_at: AtomicI64,
}

impl Access {
    /// The keys of a store. Each may send so many requests a second; 0 is no limit.
    pub(crate) fn new(keys: AccessKeys, requests_per_second: u32) -> Self {
        Self(Arc::new(Inner {
            keys,
            requests_per_second,
            known: RwLock::default(),
            looking: Mutex::default(),
            failures: Failures::default(),
        }))
    }

    /// The key with this text, sent from an address.
    ///
    /// Whoever shares an address with somebody who guesses is not locked out with him: a key that is in use is known
    /// here, and a secret of 256 bits is not guessed. All others wait, before the store is asked.
    pub(super) async fn by_text(&self, text: &str, address: IpAddr) -> Result<Arc<Known>> {
        let Some((id, secret)) = parts_of_access_key(text) else { return Err(self.refused(address)) };
        let known = match self.remembered(id) {
            Some(known) => Some(known),
            None => match self.0.failures.wait(address) {
                Some(wait) => return Err(too_many_failures(wait)),
                None => self.ask(id).await?,
            },
        };
        match known {
            Some(known) if known.key.is_opened_by(secret) && known.key.is_valid_at(Timestamp::now()) => {
                self.admit(known)
            }
            _ => Err(self.refused(address)),
        }
    }

    /// The key with this id, of somebody who proved it before.
    pub(super) async fn by_id(&self, id: &str) -> Result<Arc<Known>> {
        let known = match self.remembered(id) {
            Some(known) => Some(known),
            None => self.ask(id).await?,
        };
        match known {
            Some(known) if known.key.is_valid_at(Timestamp::now()) => self.admit(known),
            _ => Err(invalid_key()),
        }
    }

    /// Counts the request, and notes now and then that the key is used.
    fn admit(&self, known: Arc<Known>) -> Result<Arc<Known>> {
        if known.usage.rate.as_ref().is_some_and(|rate| !rate.take()) {
            return Err(ConnectorError::new(ErrorCode::RateLimit, "this key sends too many requests")
                .app_error_code("access.too_many_requests")
                .retry_after(Duration::from_secs(1)));
        }
        let now = Timestamp::now().as_second();
        let noted = known.usage.noted_at.load(Ordering::Relaxed);
        let is_due = now - noted >= BETWEEN_NOTES;
        let is_ours = || {
            known.usage.noted_at.compare_exchange(noted, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if is_due && is_ours() {
            let (keys, id) = (self.0.keys.clone(), known.key.id.clone());
            tokio::spawn(async move {
                if let Err(error) = keys.touch(&id).await {
                    tracing::warn!(?error, "the use of a key cannot be noted");
                }
            });
        }
        Ok(known)
    }

    fn refused(&self, address: IpAddr) -> ConnectorError {
        if let Some(wait) = self.0.failures.wait(address) {
            return too_many_failures(wait);
        }
        self.0.failures.add(address);
        invalid_key()
    }

    /// A key that may still be believed; looked up meanwhile when it is not quite fresh.
    fn remembered(&self, id: &str) -> Option<Arc<Known>> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()?;
        let age = known.looked_at.elapsed();
        if age >= OLD {
            return None;
        }
        if age >= FRESH && !known.being_renewed.swap(true, Ordering::Relaxed) {
            let (access, id) = (self.clone(), id.to_owned());
            tokio::spawn(async move {
                let looking = access.0.looking.lock().await;
                if let Err(error) = access.look_up(&id).await {
                    tracing::warn!(?error, "a key cannot be looked up");
                }
                drop(looking);
            });
        }
        Some(known)
    }

    /// The key as the store has it now.
    async fn ask(&self, id: &str) -> Result<Option<Arc<Known>>> {
        let _looking = self.0.looking.lock().await;
        // Somebody before us in the queue may have asked for the same key.
        if let Some(known) = self.remembered(id) {
            return Ok(Some(known));
        }
        self.look_up(id).await
    }

    async fn look_up(&self, id: &str) -> Result<Option<Arc<Known>>> {
        let found = self.0.keys.find(id).await?;
        let mut all = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = found else {
            all.remove(id);
            return Ok(None);
        };
        let usage = match all.get(id) {
            Some(known) => Arc::clone(&known.usage),
            None => Arc::new(self.usage(&key)),
        };
        let known = Arc::new(Known {
            scopes: key.scopes.iter().filter_map(|name| Scope::from_name(name)).collect(),
            looked_at: Instant::now(),
            being_renewed: AtomicBool::new(false),
            usage,
            key,
        });
        all.insert(id.to_owned(), Arc::clone(&known));
        Ok(Some(known))
    }

    fn usage(&self, key: &AccessKey) -> Usage {
        let per_second = self.0.requests_per_second;
        Usage {
            rate: (per_second > 0).then(|| Rate::new(per_second, per_second)),
            noted_at: AtomicI64::new(key.last_used_at.map_or(0, Timestamp::as_second)),
        }
    }
}

fn invalid_key() -> ConnectorError {
    ConnectorError::new(ErrorCode::Unauthorized, "the key is unknown, has ended or was taken back")
        .app_error_code("access.invalid_key")
        .hint("`keys list` shows the keys, `keys create` makes one")
}

fn too_many_failures(wait: Duration) -> ConnectorError {
    ConnectorError::new(ErrorCode::RateLimit, "too many wrong keys came from this address")
        .app_error_code("access.too_many_failures")
        .retry_after(wait)
}
