//! What the command line lends to the framework: environment, store, vault, progress, the wish to stop.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use connector_core::host::{Host, StopSignal};
use connector_core::http::{BudgetScope, RequestBudget};
use connector_core::oauth::{AuthorizationStore, ConnectionKey, RefreshCoordinator, TokenStore};
use connector_core::sync::{Progress, Sink, SinkTarget};
use connector_core::{ConnectorError, Result, Secret};
use connector_store::{DocumentOptions, SinkOptions, Store, StoreOptions, VaultKeys, refuse_own_tables};
use futures_util::future::BoxFuture;

use crate::environment::Environment;

/// What is in use, by what names it; clones of a host share it.
type Shared<K, V> = Arc<Mutex<Vec<(K, V)>>>;

/// The command line as a host.
pub(crate) struct CliHost {
    app_id: String,
    environment: Arc<Environment>,
    progress: Arc<dyn Progress>,
    stop: StopSignal,
    /// Stores that are open, by URL: two doors to one SQLite file would get into each other's way.
    open: Shared<String, Store>,
    /// Budgets that are in use, by whose they are: each holds a connection, and a call for every page would make one.
    budgets: Shared<BudgetScope, Arc<dyn RequestBudget>>,
    /// Tokens that are in use, by the URL of their store: what one call learns of them serves all.
    tokens: Shared<String, Arc<RefreshCoordinator>>,
    store_url: Option<String>,
    vault_keys: Arc<Mutex<Option<VaultKeys>>>,
    reveals_tokens: bool,
}

impl CliHost {
    pub(crate) fn new(app_id: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            environment: Environment::of_process(),
            progress: Arc::new(()),
            stop: StopSignal::never(),
            open: Arc::default(),
            budgets: Arc::default(),
            tokens: Arc::default(),
            store_url: None,
            vault_keys: Arc::default(),
            reveals_tokens: false,
        }
    }

    /// A host for one more run in this process: what is open is shared, progress and the wish to stop are its own.
    pub(crate) fn sharing(&self) -> Self {
        Self {
            app_id: self.app_id.clone(),
            environment: Arc::clone(&self.environment),
            progress: Arc::new(()),
            stop: StopSignal::never(),
            open: Arc::clone(&self.open),
            budgets: Arc::clone(&self.budgets),
            tokens: Arc::clone(&self.tokens),
            store_url: self.store_url.clone(),
            vault_keys: Arc::clone(&self.vault_keys),
            reveals_tokens: false,
        }
    }

    /// The same for another app.
    pub(crate) fn for_app(&self, app_id: &str) -> Self {
        Self { app_id: app_id.to_owned(), ..self.sharing() }
    }

    pub(crate) fn with_progress(mut self, progress: Arc<dyn Progress>) -> Self {
        self.progress = progress;
        self
    }

    /// A host of somebody who may see tokens.
    pub(crate) fn revealing_tokens(mut self) -> Self {
        self.reveals_tokens = true;
        self
    }

    pub(crate) fn with_stop(mut self, stop: StopSignal) -> Self {
        self.stop = stop;
        self
    }

    /// A host for this store alone: neither another store nor an account of the environment can come into play.
    pub(crate) fn isolated(mut self, url: String) -> Self {
        self.store_url = Some(url);
        self.environment = Arc::new(Environment::empty());
        self.vault_keys = Arc::default();
        self
    }

    /// A host that reads this store, where one is named.
    pub(crate) fn reading(mut self, url: Option<String>) -> Self {
        self.store_url = url;
        self
    }

    /// The store that is configured, else a SQLite file named after the app in the working directory.
    pub(crate) fn store(&self) -> Result<Store> {
        self.open(&self.store_url())
    }

    /// The same, but `None` where it would have to be made first.
    pub(crate) fn existing_store(&self) -> Result<Option<Store>> {
        let is_there = self.configured_url().is_some() || Path::new(&self.default_file()).exists();
        if is_there { self.store().map(Some) } else { Ok(None) }
    }

    /// The vault of the store, made with its first connection.
    pub(crate) fn vault(&self) -> Result<Arc<dyn TokenStore>> {
        Ok(self.store()?.vault(self.vault_keys()?))
    }

    /// The coordinator of the store's tokens; `None` where there is no store yet.
    fn coordinator(&self) -> Result<Option<Arc<RefreshCoordinator>>> {
        let url = self.store_url();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, coordinator)) = tokens.iter().find(|(known, _)| *known == url) {
            return Ok(Some(Arc::clone(coordinator)));
        }
        if self.existing_store()?.is_none() {
            return Ok(None);
        }
        let coordinator = RefreshCoordinator::new(self.vault()?);
        tokens.push((url, Arc::clone(&coordinator)));
        Ok(Some(coordinator))
    }

    /// The vault's keys, looked for once: a command for them may ask somebody, or cost money.
    pub(crate) fn vault_keys(&self) -> Result<VaultKeys> {
        let mut known = self.vault_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = &*known {
            return Ok(keys.clone());
        }
        let keys = VaultKeys::from_environment(|name| self.environment.get(name))?;
        Ok(known.insert(keys).clone())
    }

    /// Whether connections can be sealed, told before there is anything to seal.
    pub(crate) fn require_vault_key(&self) -> Result<()> {
        self.store()?.require_vault_key(&self.vault_keys()?)
    }

    /// A secret that stays the same for a connection.
    pub(crate) async fn lasting_secret(&self, purpose: &str, connection: &ConnectionKey) -> Result<Secret> {
        self.store()?.lasting_secret(self.vault_keys()?, purpose, connection).await
    }

    /// The store that a command names, else the one that is configured.
    pub(crate) fn store_at(&self, url: Option<&str>) -> Result<Store> {
        url.map_or_else(|| self.store(), |url| self.open(url))
    }

    fn configured_url(&self) -> Option<String> {
        self.store_url.clone().or_else(|| self.environment.get("CONNECTOR_STORE_URL"))
    }

    /// The URL of the store: the one that is configured, else of a file named after the app.
    pub(crate) fn store_url(&self) -> String {
        self.configured_url().unwrap_or_else(|| format!("sqlite://{}", self.default_file()))
    }

    fn default_file(&self) -> String {
        format!("{}.db", self.app_id)
    }

    fn open(&self, url: &str) -> Result<Store> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, store)) = open.iter().find(|(known, _)| known == url) {
            return Ok(store.clone());
        }
        let store = Store::open(url, StoreOptions::default())?;
        open.push((url.to_owned(), store.clone()));
        Ok(store)
    }
}

impl Host for CliHost {
    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name)
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Option<Arc<RefreshCoordinator>>>> {
        Box::pin(async { self.coordinator() })
    }

    fn authorizations(&self) -> BoxFuture<'_, Result<Option<Arc<dyn AuthorizationStore>>>> {
        Box::pin(async {
            let keys = self.vault_keys()?;
            let store = self.store()?;
            store.require_vault_key(&keys)?;
            Ok(Some(store.authorizations(keys)))
        })
    }

    fn sink<'a>(&'a self, target: &'a SinkTarget) -> BoxFuture<'a, Result<Arc<dyn Sink>>> {
        Box::pin(async {
            refuse_own_tables(target.schema.as_deref(), &target.table_names)?;
            let store = match &target.url {
                // Here the request is to blame and not a setting of the operator.
                Some(url) => self.open(url).map_err(|error| {
                    let message = format!("/request/sink/url: {}", error.message());
                    let refused = ConnectorError::new(error.code(), message).at("/request/sink/url");
                    error.hint_text().map(ToOwned::to_owned).into_iter().fold(refused, ConnectorError::hint)
                })?,
                None => self.store()?,
            };
            let schema = target.schema.clone().unwrap_or_else(|| self.app_id.clone());
            let options = SinkOptions::new(schema);
            Ok(store.sink(match target.documents {
                Some(tables) => {
                    options.documents(DocumentOptions { tables, names: target.table_names.clone() })
                }
                None => options,
            }))
        })
    }

    fn request_budget<'a>(
        &'a self,
        scope: &'a BudgetScope,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn RequestBudget>>>> {
        Box::pin(async move {
            let Some(store) = self.existing_store()? else { return Ok(None) };
            let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, budget)) = budgets.iter().find(|(known, _)| known == scope) {
                return Ok(Some(Arc::clone(budget)));
            }
            let budget = store.request_budget(scope.clone());
            budgets.push((scope.clone(), Arc::clone(&budget)));
            Ok(Some(budget))
        })
    }

    fn reveals_tokens(&self) -> bool {
        self.reveals_tokens
    }

    fn progress(&self) -> Arc<dyn Progress> {
        Arc::clone(&self.progress)
    }

    fn stop(&self) -> StopSignal {
        self.stop.clone()
    }
}
