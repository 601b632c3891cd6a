//! A request to the broker: what it asks for, who asks, and the record of what came of it.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::Response;
use connector_core::host::Host;
use connector_core::integration::Integration;
use connector_core::oauth::Connection;
use connector_core::{ConnectorError, ErrorCode};
use connector_store::AuditEntry;
use tracing::Instrument;

use super::parameters::Parameters;
use super::refusal::Refusal;
use super::subject::Subject;
use crate::host::CliHost;
use crate::serve::access::{Caller, Scope, address_of};
use crate::serve::reads;
use crate::serve::request_log::RequestId;
use crate::serve::{App, Server};

/// A request, read as far as that needs no permission.
pub(super) struct Asked {
    pub(super) server: Arc<Server>,
    request_id: String,
    remote_addr: String,
    caller: Result<Caller, Option<Refusal>>,
    /// What the path names; none for a path that can name nothing.
    subject: Option<Subject>,
    pub(super) parameters: Parameters,
}

/// A request that may be answered.
pub(super) struct Allowed {
    pub(super) server: Arc<Server>,
    pub(super) integration: Arc<Integration>,
    pub(super) host: Arc<CliHost>,
    pub(super) caller: Caller,
    pub(super) subject: Subject,
    pub(super) parameters: Parameters,
}

/// What was done, for the caller and for the audit log.
pub(super) struct Done {
    pub(super) response: Response,
    pub(super) refreshed: bool,
    pub(super) generation: Option<u64>,
    pub(super) token_fp: Option<String>,
}

impl Done {
    /// Something without a token.
    pub(super) fn new(response: Response) -> Self {
        Self { response, refreshed: false, generation: None, token_fp: None }
    }
}

impl FromRequestParts<Arc<Server>> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Self::Rejection> {
        let parameters = Parameters::of(parts.uri.query());
        let subject = subject(parts, server, &parameters).await;
        let has_key = parts.headers.contains_key(AUTHORIZATION);
        let caller = Caller::with_key(parts, server).await;
        let caller = caller.map_err(|failure| Some(Refusal::of_access(failure.into_error(), has_key)));
        let request_id = parts.extensions.get::<RequestId>().map_or_else(String::new, |id| id.0.to_string());
        let remote_addr = address_of(parts).to_string();
        Ok(Self { server: Arc::clone(server), request_id, remote_addr, caller, subject, parameters })
    }
}

/// What the path names; a path without names is about everything.
async fn subject(parts: &mut Parts, server: &Arc<Server>, parameters: &Parameters) -> Option<Subject> {
    let path = RawPathParams::from_request_parts(parts, server).await.ok()?;
    let named = |name| path.iter().find(|(found, _)| *found == name).map(|(_, value)| value);
    match (named("app_id"), named("connector_type")) {
        (Some(app_id), Some(connector_type)) => {
            Subject::new(app_id, connector_type, parameters.text("connection"))
        }
        _ => Some(Subject::everything()),
    }
}

impl Asked {
    /// Who asks, if what is asked can be answered at all.
    pub(super) fn caller(&mut self) -> Result<&Caller, Refusal> {
        if self.subject.is_none() {
            return Err(Refusal::no_such_path());
        }
        self.parameters.check()?;
        match &mut self.caller {
            Ok(caller) => Ok(caller),
            Err(refusal) => Err(refusal.take().unwrap_or_else(Refusal::no_such_path)),
        }
    }

    /// Whether the request may be answered. Permission is decided before it is looked at what there is, so that a
    /// refusal tells nothing.
    pub(super) fn allowed(&mut self, scope: Scope) -> Result<Allowed, Refusal> {
        let caller = self.caller()?.clone();
        let Some(subject) = self.subject.clone() else { return Err(Refusal::no_such_path()) };
        caller
            .require(scope, &subject.app_id, &subject.connector_type)
            .map_err(|error| Refusal::of_access(error, true))?;
        let app = self.server.app(&subject.connector_type).ok_or_else(Refusal::unknown_connector_type)?;
        Ok(Allowed {
            integration: Arc::clone(&app.integration),
            host: Arc::clone(&app.host),
            server: Arc::clone(&self.server),
            parameters: self.parameters.clone(),
            caller,
            subject,
        })
    }

    /// Takes over the connection that a body names.
    pub(super) fn name(&mut self, connection: Option<String>) {
        if let (Some(name), Some(subject)) = (connection, &self.subject) {
            self.subject = Subject::new(&subject.app_id, &subject.connector_type, Some(&name));
        }
    }

    /// The same request, for what comes of it later.
    pub(super) fn again(&self) -> Self {
        let caller = self.caller.as_ref().map(Caller::clone).map_err(|_| None);
        Self {
            server: Arc::clone(&self.server),
            request_id: self.request_id.clone(),
            remote_addr: self.remote_addr.clone(),
            caller,
            subject: self.subject.clone(),
            parameters: self.parameters.clone(),
        }
    }

    /// Writes down what is about to be done, for what cannot be taken back.
    pub(super) async fn begin(&self, action: &'static str) -> Result<(), Refusal> {
        let entry = AuditEntry { outcome: "begun".to_owned(), ..self.entry(action) };
        Ok(self.server.broker.audit.record(entry).await?)
    }

    /// Writes down what came of it, and only then lets the answer go.
    pub(super) async fn end(self, action: &'static str, outcome: Result<Done, Refusal>) -> Response {
        let Some(subject) = &self.subject else {
            // Nothing was asked for.
            return Refusal::no_such_path().into_answer("broker", action);
        };
        let named = subject.shown_type();
        let entry = match &outcome {
            Ok(done) => AuditEntry {
                outcome: "ok".to_owned(),
                refreshed: done.refreshed,
                generation: done.generation,
                token_fp: done.token_fp.clone(),
                ..self.entry(action)
            },
            Err(refusal) => AuditEntry {
                outcome: "refused".to_owned(),
                error_code: Some(refusal.code.clone()),
                ..self.entry(action)
            },
        };
        let is_strangers = self.caller.is_err() && outcome.is_err();
        if is_strangers && !self.server.broker.strangers.take() {
            tracing::warn!(
                remote_addr = entry.remote_addr,
                action,
                "more callers without a key than the audit log takes"
            );
        } else if let Err(error) = self.server.broker.audit.record(entry).await {
            return Refusal::from(error).into_answer(named, action);
        }
        match outcome {
            Ok(done) => done.response,
            Err(refusal) => refusal.into_answer(named, action),
        }
    }

    fn entry(&self, action: &'static str) -> AuditEntry {
        let subject = self.subject.clone().unwrap_or_else(Subject::everything);
        AuditEntry {
            request_id: self.request_id.clone(),
            actor_key_id: self.caller.as_ref().ok().map(|caller| caller.key_id.clone()),
            remote_addr: Some(self.remote_addr.clone()),
            app_id: subject.app_id,
            connector_type: subject.connector_type,
            connection: subject.connection,
            action: action.to_owned(),
            ..AuditEntry::default()
        }
    }
}

impl Allowed {
    /// The host as the framework has it.
    pub(super) fn lent(&self) -> Arc<dyn Host> {
        Arc::clone(&self.host) as Arc<dyn Host>
    }

    /// What is served of the connector.
    pub(super) fn app(&self) -> Result<&App, Refusal> {
        self.server.app(&self.subject.connector_type).ok_or_else(Refusal::unknown_connector_type)
    }

    /// The connection as it is in the store.
    pub(super) async fn load(&self) -> Result<Option<Connection>, ConnectorError> {
        self.host.vault()?.load(&self.subject.key()).await
    }
}

/// Does what only looks, for as long as a caller should have to wait for that.
pub(super) async fn in_time(look: impl Future<Output = Result<Done, Refusal>>) -> Result<Done, Refusal> {
    reads::in_time(look).await?
}

/// Does what must not end in the middle though the caller goes away.
pub(super) async fn detached(work: impl Future<Output = Response> + Send + 'static) -> Response {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|error| {
        let error = ConnectorError::new(ErrorCode::InternalError, "the work was cut off").source(error);
        Refusal::from(error).into_answer("broker", "work")
    })
}
