//! The credentials of a call: what the envelope brings, or a connection of the vault.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::DEFAULT_CONNECTION;
use crate::auth::{self, Auth, Credential, Credentials, ErasedNamed};
use crate::envelope::RequestEnvelope;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::host::Host;
use crate::integration::Integration;
use crate::oauth::{Connection, ConnectionKey, RefreshCoordinator, StoredToken};
use crate::schema;

/// What a call brings, before its settings are known.
#[derive(Default)]
pub(super) struct Brought {
    auth: Option<Sent>,
    /// With its position among the declared ones.
    named: Vec<(usize, Sent)>,
    stored: Option<StoredToken>,
    /// What the settings of the connection say.
    pub(super) settings: Map<String, Value>,
}

/// A credential, and its JSON.
struct Sent {
    auth: Auth,
    json: String,
}

impl Brought {
    /// What a connection of the vault brings.
    pub(super) fn of_connection(
        tokens: Arc<RefreshCoordinator>,
        key: ConnectionKey,
        connection: &Connection,
    ) -> Self {
        let token = StoredToken::new(tokens, key, connection.account.as_deref());
        Self { stored: Some(token), settings: connection.settings.clone(), ..Self::default() }
    }

    /// The credentials as requests of the call carry them.
    pub(super) fn into_credentials(self, integration: &Integration, settings: &str) -> Credentials {
        let given = |sent: Sent, how| {
            Credential::given(sent.auth, how, integration.exchanged(), (&sent.json, settings))
        };
        let declared = integration.named_credentials();
        let mut named: Vec<_> = self
            .named
            .into_iter()
            .map(|(position, sent)| (position, given(sent, declared[position].how.clone())))
            .collect();
        named.sort_by_key(|(position, _)| *position);
        let stored =
            || self.stored.map(|token| Credential::stored(token, integration.stored_authentication()));
        let of_auth = self.auth.map(|sent| {
            let how = integration.authentication(sent.auth.kind());
            given(sent, how)
        });
        let first = || named.first().map(|(_, credential)| credential.clone());
        Credentials {
            chosen: of_auth.or_else(stored).or_else(first),
            named: named.into_iter().map(|(position, found)| (declared[position].id, found)).collect(),
        }
    }
}

/// What an envelope brings. A call without a credential of its own gets the connection that it names.
pub(super) async fn brought(
    integration: &Integration,
    envelope: &RequestEnvelope,
    needs_auth: bool,
    host: &Arc<dyn Host>,
) -> Result<Brought> {
    let listed = listed(envelope)?;
    let (mut brought, nameless) = if integration.named_credentials().is_empty() {
        (Brought::default(), listed)
    } else {
        let named = named(integration.named_credentials(), listed)?;
        if needs_auth {
            check_presence(integration.named_credentials(), &named)?;
        }
        (Brought { named, ..Brought::default() }, Vec::new())
    };
    if let Some(auth) = &envelope.auth {
        let json = Value::Object(auth.clone()).to_string();
        let auth: Auth = schema::strictly_typed(Value::Object(auth.clone()), "/auth")?;
        if let Auth::Stored(stored) = &auth {
            return self::stored(integration, &stored.connection, true, host).await;
        }
        check(integration, &auth, needs_auth, "/auth")?;
        brought.auth = Some(Sent { auth, json });
        return Ok(brought);
    }
    if !nameless.is_empty() {
        brought.auth = Some(only(integration, nameless, needs_auth)?);
        return Ok(brought);
    }
    if !needs_auth || integration.auth_kinds().is_empty() || !brought.named.is_empty() {
        return Ok(brought);
    }
    let connection = envelope.request.get("connection").and_then(Value::as_str);
    stored(integration, connection.unwrap_or(DEFAULT_CONNECTION), connection.is_some(), host).await
}

/// The elements of `credentials`, with their pointers and ids.
fn listed(envelope: &RequestEnvelope) -> Result<Vec<(String, Option<String>, Sent)>> {
    let read = |(position, element): (usize, &Value)| {
        let at = format!("/credentials/{position}");
        let (id, auth) = auth::read_named(element, &at)?;
        check_text(&auth, &at)?;
        Ok((at, id, Sent { auth, json: element.to_string() }))
    };
    envelope.credentials.iter().enumerate().map(read).collect()
}

/// The elements under the ids that are declared, each with its position among those.
fn named(
    declared: &[ErasedNamed],
    listed: Vec<(String, Option<String>, Sent)>,
) -> Result<Vec<(usize, Sent)>> {
    let mut named: Vec<(usize, Sent)> = Vec::new();
    for (at, id, sent) in listed {
        let position = match (&id, declared) {
            // The only one needs no name.
            (None, [_]) => Some(0),
            _ => declared.iter().position(|one| Some(one.id) == id.as_deref()),
        };
        let refuse = |code, what: String| Err(ConnectorError::new(code, format!("{at}{what}")));
        let Some(position) = position else {
            let ids: Vec<_> = declared.iter().map(|one| format!("\"{}\"", one.id)).collect();
            return refuse(ErrorCode::UnknownValue, format!("/id must be one of {}", ids.join(", ")));
        };
        if sent.auth.kind() != Some(declared[position].kind) {
            let kind = declared[position].kind.name();
            return refuse(ErrorCode::UnknownValue, format!(" must be a credential of the kind `{kind}`"));
        }
        if named.iter().any(|(taken, _)| *taken == position) {
            return refuse(ErrorCode::InvalidValue, "/id is there twice".to_owned());
        }
        named.push((position, sent));
    }
    Ok(named)
}

fn check_presence(declared: &[ErasedNamed], named: &[(usize, Sent)]) -> Result<()> {
    let is_there = |position: usize| named.iter().any(|(there, _)| *there == position);
    let missing = declared
        .iter()
        .enumerate()
        .find(|(position, declared)| !declared.is_optional && !is_there(*position));
    missing.map_or(Ok(()), |(_, missing)| {
        let message = format!("/credentials lacks the one with the id `{}`", missing.id);
        Err(ConnectorError::new(ErrorCode::IntegrationMissingParameter, message)
            .hint("`info` lists the credentials under credentials_schema"))
    })
}

/// The one credential of a list, where the integration takes one: callers may send it in either place.
fn only(
    integration: &Integration,
    listed: Vec<(String, Option<String>, Sent)>,
    needs_auth: bool,
) -> Result<Sent> {
    let count = listed.len();
    match listed.into_iter().next() {
        Some((at, _, sent)) if count == 1 => {
            check(integration, &sent.auth, needs_auth, &at)?;
            Ok(sent)
        }
        _ => Err(ConnectorError::new(
            ErrorCode::InvalidValue,
            format!("/credentials has {count} credentials, and {} takes one", integration.app_id()),
        )),
    }
}

fn check(integration: &Integration, auth: &Auth, needs_auth: bool, at: &str) -> Result<()> {
    let unaccepted = auth.kind().filter(|kind| !integration.auth_kinds().contains(kind));
    if unaccepted.is_some() && needs_auth {
        return Err(ConnectorError::new(
            ErrorCode::UnknownValue,
            format!("{at} has a kind of credential that {} does not take", integration.app_id()),
        )
        .hint("`info` lists the kinds under authentication_schema"));
    }
    check_text(auth, at)
}

fn check_text(auth: &Auth, at: &str) -> Result<()> {
    if auth.token().is_some_and(|token| token.expose().trim().is_empty()) {
        let message = format!("{at} has an empty token");
        return Err(ConnectorError::new(ErrorCode::IntegrationMissingParameter, message));
    }
    Ok(())
}

async fn stored(
    integration: &Integration,
    name: &str,
    asked_for: bool,
    host: &Arc<dyn Host>,
) -> Result<Brought> {
    let key = ConnectionKey { app_id: integration.app_id().to_owned(), name: name.to_owned() };
    let tokens = host.tokens().await?;
    let connection = match &tokens {
        Some(tokens) => tokens.connection(&key).await?,
        None => None,
    };
    match (tokens, connection) {
        (Some(tokens), Some(connection)) => Ok(Brought::of_connection(tokens, key, &connection)),
        _ if asked_for => Err(ConnectorError::new(
            ErrorCode::IntegrationMissingParameter,
            format!("the vault has no connection `{name}`, named in the request"),
        )
        .hint("`login --connection NAME` makes one; `status` lists them")),
        _ => Err(ConnectorError::new(ErrorCode::IntegrationMissingParameter, "/auth is missing")
            .hint(how_to_bring_one(integration))),
    }
}

/// How a call comes by a credential that the app takes.
fn how_to_bring_one(integration: &Integration) -> String {
    let example = integration.auth_kinds().first().map_or("", |kind| kind.example());
    if integration.oauth().is_some() {
        format!("log in with `login`, or pass {{\"auth\":{example}}}")
    } else {
        format!("pass {{\"auth\":{example}}}")
    }
}
