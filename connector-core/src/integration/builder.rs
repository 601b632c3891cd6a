//! Building an integration: one call for each thing that an app has.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::header::HeaderMap;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::check::{
    DeclarationError, check_authentication, check_credentials, check_exports, check_links, check_pointers,
    check_stream, duplicate,
};
use super::reserved::{check_app_id, check_capability_name};
use super::{Category, Integration, StreamEntry, of_settings};
use crate::auth::{AuthKind, Authentication, NamedCredential};
use crate::call::Call;
use crate::capability::{Capability, names};
use crate::custom_fields::CustomFields;
use crate::error::{AppErrors, ConnectorError, ErrorRule, Result};
use crate::export::Export;
use crate::http::{HttpOptions, HttpResponse, RateLimit};
use crate::oauth::{self, OAuth};
use crate::settings::ServerUrl;
use crate::standard::{self, EntitlementType, ResourceType};
use crate::stream::{self, DeclaredPointer, RecordSchema, Stream};
use crate::sync::{self, DocumentTables};
use crate::webhook::Webhooks;

/// Builds an [`Integration`].
#[must_use = "a declaration ends with `.build()`"]
pub struct IntegrationBuilder<S> {
    pub(super) integration: Integration,
    pub(super) capabilities: Vec<Capability>,
    pub(super) replaced: BTreeSet<&'static str>,
    /// The first stream that is read below the app's address.
    pub(super) needs_base_url: Option<&'static str>,
    /// Where streams find what they need in the app's answers.
    pub(super) pointers: Vec<(&'static str, DeclaredPointer)>,
    pub(super) settings_type: std::marker::PhantomData<fn(S)>,
}

impl<S: DeserializeOwned + JsonSchema + Send + Sync + 'static> IntegrationBuilder<S> {
    /// Name for people.
    pub fn name(mut self, name: &str) -> Self {
        self.integration.description.user_friendly_name = name.into();
        self
    }

    /// What the app is, in a sentence or two.
    pub fn description(mut self, description: &str) -> Self {
        self.integration.description.description = description.into();
        self
    }

    /// What the app is for.
    pub fn categories(mut self, categories: &[Category]) -> Self {
        self.integration.description.categories = categories.to_vec();
        self
    }

    /// Address of a logo.
    pub fn logo_url(mut self, url: &'static str) -> Self {
        self.integration.description.logo_url = Some(url);
        self
    }

    /// Domain of whoever offers the app, as `example.com`.
    pub fn vendor_domain(mut self, domain: &'static str) -> Self {
        self.integration.description.app_vendor_domain = Some(domain);
        self
    }

    /// Kinds of resources that `list_resources` and others tell of.
    pub fn resource_types(mut self, types: impl IntoIterator<Item = ResourceType>) -> Self {
        self.integration.resource_types = types.into_iter().collect();
        self
    }

    /// Kinds of entitlements that `list_entitlements` and others tell of.
    pub fn entitlement_types(mut self, types: impl IntoIterator<Item = EntitlementType>) -> Self {
        self.integration.entitlement_types = types.into_iter().collect();
        self
    }

    /// Accepted kinds of credential, which requests carry in the usual way: tokens as `Bearer`, user names and passwords
    /// as `Basic`.
    pub fn auth(mut self, kinds: &[AuthKind]) -> Self {
        for kind in kinds {
            self.accept(*kind);
        }
        self
    }

    /// Accepts a kind of credential, and says how requests carry it.
    pub fn authenticate(mut self, kind: AuthKind, how: Authentication<S>) -> Self {
        self.accept(kind);
        self.integration.authentications.retain(|(declared, _)| *declared != kind);
        self.integration.authentications.push((kind, how.erase().for_kind(kind)));
        self
    }

    fn accept(&mut self, kind: AuthKind) {
        if !self.integration.auth.contains(&kind) {
            self.integration.auth.push(kind);
        }
    }

    /// Adds a credential that callers send beside others, under its id.
    pub fn credential(mut self, credential: NamedCredential<S>) -> Self {
        self.integration.credentials.push(credential.erase());
        self
    }

    /// OAuth: registers `get_authorization_url`, `handle_authorization_callback` and `refresh_access_token`, or what
    /// else follows from the declared grants.
    pub fn oauth(mut self, oauth: OAuth<S>) -> Self {
        self.integration.oauth = Some(oauth.erase());
        self
    }

    /// Where the app is, from the settings: requests by [`call.get`](crate::call::CallContext::get) and declared lists go
    /// below it.
    pub fn base_url(mut self, url: fn(&S) -> ServerUrl) -> Self {
        self.integration.base_url = Some(of_settings(url));
        self
    }

    /// HTTP behaviour, from the settings. The rate limit's headers are declared with [`Self::rate_limit`].
    pub fn http(mut self, options: fn(&S) -> HttpOptions) -> Self {
        self.integration.http_options = of_settings(options);
        self
    }

    /// Records in a page, from the settings.
    pub fn page_size(mut self, size: fn(&S) -> u32) -> Self {
        self.integration.page_size = of_settings(size);
        self
    }

    /// Streams that a sync reads at the same time, from the settings.
    pub fn concurrency(mut self, concurrency: fn(&S) -> usize) -> Self {
        self.integration.concurrency = of_settings(concurrency);
        self
    }

    /// Reads the app's rate limit headers.
    pub fn rate_limit(mut self, read: fn(&HeaderMap) -> Option<RateLimit>) -> Self {
        self.integration.rate_limit = read;
        self
    }

    /// What the app's own error codes mean, as a table.
    pub fn errors(mut self, errors: AppErrors) -> Self {
        self.integration.errors = Some(errors);
        self
    }

    /// The app's own codes and messages to ours, where that takes more than a table; `None` leaves it to the table and
    /// the HTTP status.
    pub fn map_error(mut self, map: fn(&HttpResponse) -> Option<ConnectorError>) -> Self {
        self.integration.map_error = map;
        self
    }

    /// Codes that [`map_error`](Self::map_error) tells apart, for people who read about them. A table tells of its own.
    pub fn error_codes(mut self, codes: &'static [ErrorRule]) -> Self {
        self.integration.error_codes = codes;
        self
    }

    /// Adds streams. Each gives `list_<name>`, and `get_<singular>` where it can read one record.
    pub fn streams(mut self, streams: impl IntoIterator<Item = Stream<S>>) -> Self {
        for stream in streams {
            self.pointers.extend(stream.pointers.iter().map(|pointer| (stream.declaration.name, *pointer)));
            if stream.needs_base_url {
                self.needs_base_url.get_or_insert(stream.declaration.name);
            }
            self.integration.streams.push(StreamEntry {
                declaration: stream.declaration,
                record_schema: RecordSchema::default(),
                read: stream.read,
                get: stream.get,
            });
        }
        self
    }

    /// Adds one stream.
    pub fn stream(self, stream: Stream<S>) -> Self {
        self.streams([stream])
    }

    /// The webhooks of the app.
    pub fn webhooks(mut self, webhooks: Webhooks) -> Self {
        self.integration.webhooks = Some(webhooks);
        self
    }

    /// How custom fields become columns of a view.
    pub fn custom_fields(mut self, custom_fields: CustomFields) -> Self {
        self.integration.custom_fields = Some(custom_fields);
        self
    }

    /// Asks the account which streams of the default set it has no use for. A sync that names its streams does not ask.
    pub fn leave_out<F, Fut>(mut self, ask: F) -> Self
    where
        F: Fn(Call<S>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<&'static str>>> + Send + 'static,
    {
        self.integration.leave_out = Some(Arc::new(move |context| Box::pin(ask(Call::new(context)))));
        self
    }

    /// Offers the layout `documents`, with tables of these names.
    pub fn documents(mut self, tables: DocumentTables) -> Self {
        self.integration.documents = Some(tables);
        self
    }

    /// Adds a file of a fixed form that the app's records can be exported to.
    pub fn export(mut self, export: Export<S>) -> Self {
        self.integration.exports.push(export.erase());
        self
    }

    /// Adds a capability.
    pub fn capability(mut self, capability: Capability<S>) -> Self {
        self.capabilities.push(capability.erase());
        self
    }

    /// Puts a capability in the place of the one that the framework registers under its name.
    pub fn replace(mut self, capability: Capability<S>) -> Self {
        self.replaced.insert(capability.name());
        self.capability(capability)
    }

    /// Switches a capability off that the framework registers.
    pub fn without(mut self, name: &'static str) -> Self {
        self.replaced.insert(name);
        self
    }

    /// Checks the declaration.
    ///
    /// # Errors
    /// The first mistake, by name.
    pub fn build(self) -> Result<Integration, DeclarationError> {
        let Self { mut integration, capabilities, replaced, needs_base_url, pointers, .. } = self;
        check_app_id(&integration.description.app_id)?;
        let takes_oauth = [AuthKind::Oauth, AuthKind::OauthClientCredentials]
            .iter()
            .any(|kind| integration.auth.contains(kind));
        match (&integration.oauth, takes_oauth) {
            (None, true) => return Err(DeclarationError::OAuthWithoutServer),
            (Some(_), false) => return Err(DeclarationError::OAuthNotAccepted),
            _ => {}
        }
        for (kind, how) in &integration.authentications {
            check_authentication(*kind, how)?;
        }
        check_credentials(&integration.credentials)?;
        if let (Some(stream), None) = (needs_base_url, &integration.base_url) {
            return Err(DeclarationError::NoBaseUrl { stream: stream.to_owned() });
        }
        check_pointers(&pointers)?;
        let mut names = BTreeSet::new();
        for entry in &integration.streams {
            check_stream(&entry.declaration)?;
            if !names.insert(entry.declaration.name) {
                return Err(duplicate("stream", entry.declaration.name));
            }
        }
        let mut types = BTreeSet::new();
        for declared in integration.webhooks.iter().flat_map(|webhooks| webhooks.types) {
            if !types.insert(declared) {
                return Err(duplicate("type of webhooks", declared));
            }
        }
        for entry in &integration.streams {
            check_links(&entry.declaration, &names)?;
        }
        check_exports(&integration.exports, &names)?;
        let mut derived = stream::capabilities(&integration.streams);
        if let Some(declared) = &integration.oauth {
            derived.extend(oauth::capabilities(declared));
        }
        if !integration.streams.is_empty() {
            let streams: Vec<&'static str> = names.iter().copied().collect();
            derived.extend(sync::capabilities(&streams));
        }
        derived.retain(|capability| !replaced.contains(capability.name()));
        for capability in derived.into_iter().chain(capabilities) {
            check_capability_name(&integration.description.app_id, capability.name())?;
            let name = capability.name();
            if integration.capabilities.insert(name, capability).is_some() {
                return Err(duplicate("capability", name));
            }
        }
        add_default_probe(&mut integration, &replaced);
        Ok(integration)
    }
}

/// A connector's own probe knows more than the framework's.
fn add_default_probe(integration: &mut Integration, replaced: &BTreeSet<&'static str>) {
    let name = names::PROBE_INTEGRATION;
    if replaced.contains(name) || integration.capabilities.contains_key(name) {
        return;
    }
    if let Some(probe) = standard::default_probe(integration.capabilities.values()) {
        integration.capabilities.insert(name, probe);
    }
}
