//! What a door lends to the framework: environment, vault, sinks, progress, the wish to stop.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::{BudgetScope, RequestBudget};
use crate::oauth::{AuthorizationStore, RefreshCoordinator};
use crate::sync::{Progress, Sink, SinkTarget};

/// What a door lends to the framework. Everything is asked for when it is needed and not before.
pub trait Host: Send + Sync {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// The access tokens of the vault's connections, the same for all calls of a process; `None` when there is no vault
    /// yet.
    fn tokens(&self) -> BoxFuture<'_, Result<Option<Arc<RefreshCoordinator>>>> {
        Box::pin(async { Ok(None) })
    }

    /// Where authorizations under way are kept; `None` where nobody can come back later.
    fn authorizations(&self) -> BoxFuture<'_, Result<Option<Arc<dyn AuthorizationStore>>>> {
        Box::pin(async { Ok(None) })
    }

    /// The database that a sync writes to.
    fn sink<'a>(&'a self, target: &'a SinkTarget) -> BoxFuture<'a, Result<Arc<dyn Sink>>> {
        let _ = target;
        Box::pin(async {
            Err(ConnectorError::new(ErrorCode::UnsupportedOperation, "this door has no sinks"))
        })
    }

    /// The request budget of a connection, where several processes share one; `None` where nothing is shared.
    fn request_budget<'a>(
        &'a self,
        scope: &'a BudgetScope,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn RequestBudget>>>> {
        let _ = scope;
        Box::pin(async { Ok(None) })
    }

    /// Whether `retrieve_token` may answer with access tokens of the vault, as to somebody who has the vault's key anyway.
    fn reveals_tokens(&self) -> bool {
        false
    }

    /// Where a sync shows how far it is.
    fn progress(&self) -> Arc<dyn Progress> {
        Arc::new(())
    }

    /// Tells long work to end.
    fn stop(&self) -> StopSignal {
        StopSignal::never()
    }
}

/// A host that lends nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHost;

impl Host for NoHost {}

/// What a host lends, but for the wish to stop.
pub(crate) struct Stoppable {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) stop: StopSignal,
}

impl Host for Stoppable {
    fn variable(&self, name: &str) -> Option<String> {
        self.host.variable(name)
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Option<Arc<RefreshCoordinator>>>> {
        self.host.tokens()
    }

    fn authorizations(&self) -> BoxFuture<'_, Result<Option<Arc<dyn AuthorizationStore>>>> {
        self.host.authorizations()
    }

    fn sink<'a>(&'a self, target: &'a SinkTarget) -> BoxFuture<'a, Result<Arc<dyn Sink>>> {
        self.host.sink(target)
    }

    fn request_budget<'a>(
        &'a self,
        scope: &'a BudgetScope,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn RequestBudget>>>> {
        self.host.request_budget(scope)
    }

    fn reveals_tokens(&self) -> bool {
        self.host.reveals_tokens()
    }

    fn progress(&self) -> Arc<dyn Progress> {
        self.host.progress()
    }

    fn stop(&self) -> StopSignal {
        self.stop.clone()
    }
}

/// Tells long work to end, once.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    /// A signal and the switch that gives it.
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// A signal that never comes.
    pub fn never() -> Self {
        Self::new().1
    }

    /// Whether it came.
    pub fn is_given(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for it, for ever if it never comes.
    pub async fn given(&mut self) {
        if self.0.wait_for(|given| *given).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
