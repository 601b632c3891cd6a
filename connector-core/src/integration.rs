//! The declaration of one app, checked when it is built.

mod builder;
mod category;
mod check;
mod reserved;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::auth::{AuthKind, ErasedAuthentication, ErasedNamed, ExchangedTokens};
use crate::author::SettingsType;
use crate::call::{CallContext, error_of};
use crate::capability::Capability;
use crate::custom_fields::CustomFields;
use crate::error::{AppErrors, ConnectorError, ErrorRule, Result};
use crate::export::{Cells, ExportDeclaration, ExportEntry};
use crate::http::{BudgetScope, HttpOptions, HttpResponse, RateLimit};
use crate::oauth::{Grant, MetadataCache, OAuthClient};
use crate::schema;
use crate::settings::ServerUrl;
use crate::standard::{EntitlementType, ResourceType};
use crate::stream::{Columns, GetFn, ReadFn, RecordSchema, StreamDeclaration};
use crate::sync::DocumentTables;
use crate::webhook::Webhooks;

pub use builder::IntegrationBuilder;
pub use category::Category;
pub use check::DeclarationError;
pub use reserved::{check_app_id, check_stream_name};

/// What people read about an app.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(clippy::struct_field_names, reason = "the keys of `info`")]
pub struct Description {
    /// Id of the app, as in every answer.
    pub app_id: String,
    /// Version of the connector.
    pub version: String,
    /// Name of the app.
    pub user_friendly_name: String,
    /// What the app is.
    pub description: String,
    /// What kinds of app it is.
    pub categories: Vec<Category>,
    /// Address of a logo.
    pub logo_url: Option<&'static str>,
    /// Domain of whoever makes the app.
    pub app_vendor_domain: Option<&'static str>,
}

/// One app: what it is, how to sign in, what it can do.
///
/// ```
/// use connector_core::integration::Integration;
/// use connector_core::auth::AuthKind;
///
/// #[derive(Clone, serde::Deserialize, schemars::JsonSchema)]
/// struct Settings { api_url: Option<String> }
///
/// let integration = Integration::builder::<Settings>("example", "1.0.0")
///     .name("Example")
///     .auth(&[AuthKind::Token])
///     .build()
///     .expect("the declaration is sound");
/// assert_eq!(integration.description().app_id, "example");
/// ```
pub struct Integration {
    description: Description,
    auth: Vec<AuthKind>,
    authentications: Vec<(AuthKind, ErasedAuthentication)>,
    credentials: Vec<ErasedNamed>,
    exchanged: ExchangedTokens,
    settings: SettingsOfAnyType,
    oauth: Option<ErasedOAuth>,
    capabilities: BTreeMap<&'static str, Capability>,
    streams: Vec<StreamEntry>,
    documents: Option<DocumentTables>,
    exports: Vec<ExportEntry>,
    resource_types: Vec<ResourceType>,
    entitlement_types: Vec<EntitlementType>,
    map_error: fn(&HttpResponse) -> Option<ConnectorError>,
    errors: Option<AppErrors>,
    error_codes: &'static [ErrorRule],
    rate_limit: fn(&HeaderMap) -> Option<RateLimit>,
    base_url: Option<FromSettings<ServerUrl>>,
    http_options: FromSettings<HttpOptions>,
    page_size: FromSettings<u32>,
    concurrency: FromSettings<usize>,
    webhooks: Option<Webhooks>,
    custom_fields: Option<CustomFields>,
    leave_out: Option<LeaveOut>,
}

/// Tells which streams an account has no use for.
type LeaveOut = Arc<dyn Fn(CallContext) -> BoxFuture<'static, Result<Vec<&'static str>>> + Send + Sync>;

/// A stream without the type of its connector's settings.
pub(crate) struct StreamEntry {
    pub declaration: StreamDeclaration,
    pub record_schema: RecordSchema,
    pub read: ReadFn,
    pub get: Option<GetFn>,
}

impl StreamEntry {
    /// Whether records can be read by their ids.
    pub(crate) fn reads_single_records(&self) -> bool {
        self.declaration.ids.is_some() || self.get.is_some()
    }
}

/// A connector's settings without their type.
pub(crate) type AnySettings = Arc<dyn Any + Send + Sync>;

/// Something that a connector takes from its settings.
pub(crate) type FromSettings<T> = Arc<dyn Fn(&dyn Any) -> T + Send + Sync>;

struct SettingsOfAnyType {
    schema: fn() -> Value,
    parse: fn(Map<String, Value>) -> Result<AnySettings>,
}

/// OAuth settings without the type of the connector's settings.
pub(crate) struct ErasedOAuth {
    pub sends_scope: bool,
    pub scopes: &'static [&'static str],
    pub grants: &'static [Grant],
    pub revocation: bool,
    pub introspection: bool,
    pub client: FromSettings<Result<OAuthClient>>,
    pub metadata: MetadataCache,
}

impl Integration {
    /// Starts a declaration. `S` are the connector's settings.
    pub fn builder<S>(app_id: &str, version: &str) -> IntegrationBuilder<S>
    where
        S: SettingsType,
    {
        let description =
            Description { app_id: app_id.into(), version: version.into(), ..Description::default() };
        IntegrationBuilder {
            settings_type: std::marker::PhantomData,
            replaced: BTreeSet::new(),
            needs_base_url: None,
            pointers: Vec::new(),
            capabilities: Vec::new(),
            integration: Self {
                description,
                auth: Vec::new(),
                authentications: Vec::new(),
                credentials: Vec::new(),
                exchanged: ExchangedTokens::default(),
                settings: SettingsOfAnyType {
                    schema: schema::schema_of::<S>,
                    parse: |settings| {
                        Ok(Arc::new(schema::strictly_typed::<S>(Value::Object(settings), "/settings")?))
                    },
                },
                oauth: None,
                capabilities: BTreeMap::new(),
                streams: Vec::new(),
                documents: None,
                exports: Vec::new(),
                resource_types: Vec::new(),
                entitlement_types: Vec::new(),
                map_error: |_| None,
                errors: None,
                error_codes: &[],
                rate_limit: |_| None,
                base_url: None,
                http_options: Arc::new(|_| HttpOptions::default()),
                page_size: Arc::new(|_| u32::MAX),
                concurrency: Arc::new(|_| 4),
                webhooks: None,
                custom_fields: None,
                leave_out: None,
            },
        }
    }

    /// What people read about the app.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Id of the app, as in `app_id` of every answer.
    pub fn app_id(&self) -> &str {
        &self.description.app_id
    }

    /// Accepted kinds of credential.
    pub fn auth_kinds(&self) -> &[AuthKind] {
        &self.auth
    }

    /// Credentials that callers send beside each other: their ids, kinds and descriptions, and whether a call may come
    /// without.
    pub fn credentials(&self) -> impl Iterator<Item = (&'static str, AuthKind, &'static str, bool)> {
        self.credentials.iter().map(|one| (one.id, one.kind, one.description, one.is_optional))
    }

    /// OAuth scopes that the connector needs.
    pub fn oauth_scopes(&self) -> &'static [&'static str] {
        self.oauth.as_ref().map_or(&[], |oauth| oauth.scopes)
    }

    /// Scopes that the credentials need for a capability: its own, else those of the whole connector.
    pub fn scopes_of(&self, capability: &Capability) -> &'static [&'static str] {
        match capability.required_scopes() {
            [] if capability.needs_auth() => self.oauth_scopes(),
            own => own,
        }
    }

    /// What the app's own codes mean, as far as the declaration says.
    pub fn error_codes(&self) -> impl Iterator<Item = &'static ErrorRule> {
        let of_table = self.errors.as_ref().map_or(&[][..], AppErrors::declared);
        of_table.iter().chain(self.error_codes)
    }

    /// Kinds of resources that the connector tells of.
    pub fn resource_types(&self) -> &[ResourceType] {
        &self.resource_types
    }

    /// Kinds of entitlements that the connector tells of.
    pub fn entitlement_types(&self) -> &[EntitlementType] {
        &self.entitlement_types
    }

    /// Capabilities, by name.
    pub fn capabilities(&self) -> impl Iterator<Item = &Capability> {
        self.capabilities.values()
    }

    /// A capability by its name.
    pub fn capability(&self, name: &str) -> Option<&Capability> {
        self.capabilities.get(name)
    }

    /// Streams, in the order of their declaration.
    pub fn streams(&self) -> impl Iterator<Item = &StreamDeclaration> {
        self.streams.iter().map(|entry| &entry.declaration)
    }

    /// What is known of the app's webhooks; `None` where it has none.
    pub fn webhooks(&self) -> Option<&Webhooks> {
        self.webhooks.as_ref()
    }

    /// The tables of the layout `documents`; `None` where there is no older tool to follow.
    pub fn documents(&self) -> Option<&DocumentTables> {
        self.documents.as_ref()
    }

    /// Files of a fixed form that the app's records can be exported to.
    pub fn exports(&self) -> impl Iterator<Item = &ExportDeclaration> {
        self.exports.iter().map(|entry| &entry.declaration)
    }

    /// What makes the lines of an export; `None` when there is no such export.
    ///
    /// # Errors
    /// What the settings are refused for.
    pub fn export_cells(
        &self,
        name: &str,
        settings: Map<String, Value>,
        definitions: &[Value],
    ) -> Result<Option<Cells>> {
        let Some(entry) = self.exports.iter().find(|entry| entry.declaration.name == name) else {
            return Ok(None);
        };
        let settings = self.parse_settings(settings)?;
        (entry.cells)(&*settings, definitions).map(Some)
    }

    /// Columns that a stream declares; `None` when there is no such stream.
    pub fn columns(&self, stream: &str) -> Option<Columns> {
        self.stream(stream).map(|entry| columns_of(&entry.declaration))
    }

    /// Streams that messages can be about, since single records of them can be read: what the app calls such a record,
    /// and the stream's name.
    pub fn hinted_streams(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.streams
            .iter()
            .filter(|entry| entry.reads_single_records())
            .filter_map(|entry| Some((entry.declaration.entity?, entry.declaration.name)))
    }

    /// JSON Schema of a stream's records; `None` when there is no such stream.
    pub fn record_schema(&self, stream: &str) -> Option<&RawValue> {
        self.stream(stream).map(|entry| entry.record_schema.of(&entry.declaration))
    }

    /// JSON Schema of the settings.
    pub fn settings_schema(&self) -> Value {
        (self.settings.schema)()
    }

    /// Streams that a sync reads when nobody names any.
    pub(crate) fn default_streams(&self) -> impl Iterator<Item = &StreamEntry> {
        self.streams.iter().filter(|entry| entry.declaration.synced_by_default)
    }

    /// All streams, in the order of their declaration.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &StreamEntry> {
        self.streams.iter()
    }

    /// Streams of the default set that this account has no use for.
    pub(crate) async fn left_out(&self, context: &CallContext) -> Result<Vec<&'static str>> {
        match &self.leave_out {
            Some(leave_out) => leave_out(context.clone()).await,
            None => Ok(Vec::new()),
        }
    }

    /// How custom fields become columns.
    pub(crate) fn custom_fields(&self) -> Option<&CustomFields> {
        self.custom_fields.as_ref()
    }

    pub(crate) fn stream(&self, name: &str) -> Option<&StreamEntry> {
        self.streams.iter().find(|entry| entry.declaration.name == name)
    }

    pub(crate) fn parse_settings(&self, settings: Map<String, Value>) -> Result<AnySettings> {
        (self.settings.parse)(settings)
    }

    /// How requests carry a credential of this kind; `None` stands for one of the vault.
    pub(crate) fn authentication(&self, kind: Option<AuthKind>) -> ErasedAuthentication {
        let kind = kind.unwrap_or(AuthKind::Oauth);
        let declared = self.authentications.iter().find(|(declared, _)| *declared == kind);
        declared.map_or_else(|| ErasedAuthentication::default_of(kind), |(_, how)| how.clone())
    }

    /// How requests carry the token of a connection of the vault.
    pub(crate) fn stored_authentication(&self) -> ErasedAuthentication {
        let kinds = [AuthKind::Oauth, AuthKind::OauthClientCredentials];
        self.authentication(kinds.into_iter().find(|kind| self.auth.contains(kind)))
    }

    /// Credentials that callers send beside each other.
    pub(crate) fn named_credentials(&self) -> &[ErasedNamed] {
        &self.credentials
    }

    /// Tokens that credentials were exchanged for.
    pub(crate) fn exchanged(&self) -> &ExchangedTokens {
        &self.exchanged
    }

    pub(crate) fn oauth(&self) -> Option<&ErasedOAuth> {
        self.oauth.as_ref()
    }

    /// Where the app is, where the declaration says so.
    pub(crate) fn base_url(&self, settings: &dyn Any) -> Option<ServerUrl> {
        self.base_url.as_ref().map(|base_url| base_url(settings))
    }

    pub(crate) fn http_options(&self, settings: &dyn Any) -> HttpOptions {
        HttpOptions { rate_limit: self.rate_limit, ..(self.http_options)(settings) }
    }

    pub(crate) fn page_size(&self, settings: &dyn Any) -> u32 {
        (self.page_size)(settings)
    }

    pub(crate) fn concurrency(&self, settings: &dyn Any) -> usize {
        (self.concurrency)(settings).max(1)
    }

    /// The OAuth client that the settings name.
    pub(crate) fn client_id(&self, settings: &dyn Any) -> Option<String> {
        let client = (self.oauth.as_ref()?.client)(settings).ok()?;
        client.client_id
    }

    /// Whose requests those of an account count as.
    pub(crate) fn budget_scope(&self, settings: &dyn Any, account: String) -> BudgetScope {
        let client = self.client_id(settings).unwrap_or_default();
        BudgetScope { app_id: self.app_id().to_owned(), client, account }
    }

    pub(crate) fn map_error(&self, response: &HttpResponse) -> Option<ConnectorError> {
        let of_table = || self.errors?.error_of(self.app_id(), response);
        (self.map_error)(response).or_else(of_table)
    }

    pub(crate) fn rate_limit(&self, headers: &HeaderMap) -> Option<RateLimit> {
        (self.rate_limit)(headers)
    }

    pub(crate) fn classify(&self, response: HttpResponse) -> Result<HttpResponse> {
        if response.status < 400 { Ok(response) } else { Err(error_of(self, &response)) }
    }
}

/// Reads settings of type `S` out of settings of any type.
pub(crate) fn of_settings<S: 'static, T: 'static>(read: fn(&S) -> T) -> FromSettings<T> {
    Arc::new(move |settings| read(typed_settings(settings)))
}

/// The settings with the type that the integration was built with.
pub(crate) fn typed_settings<S: 'static>(settings: &dyn Any) -> &S {
    settings.downcast_ref().expect("settings are of the builder's type")
}

/// The table of a stream: its columns follow from the record's schema, the key, and what requests give to records.
pub(crate) fn columns_of(stream: &StreamDeclaration) -> Columns {
    let mut generator = schema::output_generator();
    let schema = stream.schema.schema(&mut generator);
    let root = schema::inline(schema.to_value(), &mut generator);
    let mut columns = Columns::from_schema(&root, stream.key);
    for name in stream.given_columns() {
        columns.require(&name);
    }
    // A key that the record type forgot is still a column.
    for key in stream.key {
        columns.require(key);
    }
    columns
}
