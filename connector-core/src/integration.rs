//! The declaration of one app, checked when it is built.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::auth::AuthKind;
use crate::call::{Call, CallContext, error_of};
use crate::capability::Capability;
use crate::custom_fields::CustomFields;
use crate::error::{ConnectorError, Result};
use crate::export::{Cells, Export, ExportDeclaration, ExportEntry};
use crate::http::{BudgetScope, HttpOptions, HttpResponse, RateLimit};
use crate::list::{self, RecordSchema};
use crate::oauth::{self, OAuth, OAuthClient};
use crate::schema;
use crate::stream::{Columns, GetFn, Paging, ReadFn, Stream, StreamDeclaration, Walk};
use crate::sync::{self, DocumentTables};
use crate::webhook::Webhooks;

/// What people read about an app.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(missing_docs, clippy::struct_field_names, reason = "the keys of `info`")]
pub struct Description {
    pub app_id: String,
    pub version: String,
    pub user_friendly_name: String,
    pub description: String,
    pub categories: Vec<&'static str>,
    pub logo_url: Option<&'static str>,
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
    settings: SettingsType,
    oauth: Option<ErasedOAuth>,
    capabilities: BTreeMap<&'static str, Capability>,
    streams: Vec<StreamEntry>,
    documents: Option<DocumentTables>,
    exports: Vec<ExportEntry>,
    map_error: fn(&HttpResponse) -> Option<ConnectorError>,
    rate_limit: fn(&HeaderMap) -> Option<RateLimit>,
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

struct SettingsType {
    schema: fn() -> Value,
    parse: fn(Map<String, Value>) -> Result<AnySettings>,
}

/// OAuth settings without the type of the connector's settings.
pub(crate) struct ErasedOAuth {
    pub sends_scope: bool,
    pub scopes: &'static [&'static str],
    pub client: FromSettings<Result<OAuthClient>>,
}

/// Why a declaration cannot be built. The message names the mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// A name that is no lower-case identifier.
    #[error(
        "{what} `{name}` must be snake_case: lower-case letters, digits and single underscores, a letter first"
    )]
    BadName {
        /// What has the name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Two things of one name.
    #[error("{what} `{name}` is declared twice")]
    Duplicate {
        /// What has the name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A stream without a key: its rows could not be told apart.
    #[error("stream `{stream}` has no key")]
    NoKey {
        /// The stream.
        stream: String,
    },
    /// A stream whose declaration names a field, filter or include that it does not have.
    #[error("stream `{stream}` names `{name}` as its {what}, but has no such {kind}")]
    Unknown {
        /// The stream.
        stream: String,
        /// The role of the name.
        what: &'static str,
        /// The name.
        name: String,
        /// What should have the name.
        kind: &'static str,
    },
    /// An export of a stream that is not declared.
    #[error("export `{export}` is made of the stream `{stream}`, which is not declared")]
    UnknownStream {
        /// The export.
        export: String,
        /// The stream.
        stream: String,
    },
    /// OAuth credentials are accepted but nothing says where they come from, or the other way round.
    #[error("auth kind `oauth` and the OAuth settings must be declared together")]
    OAuthHalfDeclared,
}

impl Integration {
    /// Starts a declaration. `S` are the connector's settings.
    pub fn builder<S>(app_id: &str, version: &str) -> IntegrationBuilder<S>
    where
        S: DeserializeOwned + JsonSchema + Send + Sync + 'static,
    {
        let description =
            Description { app_id: app_id.into(), version: version.into(), ..Description::default() };
        IntegrationBuilder {
            settings_type: std::marker::PhantomData,
            replaced: BTreeSet::new(),
            capabilities: Vec::new(),
            integration: Self {
                description,
                auth: Vec::new(),
                settings: SettingsType {
                    schema: schema::schema_of::<S>,
                    parse: |settings| Ok(Arc::new(schema::typed::<S>(Value::Object(settings), "/settings")?)),
                },
                oauth: None,
                capabilities: BTreeMap::new(),
                streams: Vec::new(),
                documents: None,
                exports: Vec::new(),
                map_error: |_| None,
                rate_limit: |_| None,
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

    /// OAuth scopes that the connector needs.
    pub fn oauth_scopes(&self) -> &'static [&'static str] {
        self.oauth.as_ref().map_or(&[], |oauth| oauth.scopes)
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
    pub fn record_schema(&self, stream: &str) -> Option<Value> {
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

    pub(crate) fn oauth(&self) -> Option<&ErasedOAuth> {
        self.oauth.as_ref()
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
        (self.map_error)(response)
    }

    pub(crate) fn rate_limit(&self, headers: &HeaderMap) -> Option<RateLimit> {
        (self.rate_limit)(headers)
    }

    pub(crate) fn classify(&self, response: HttpResponse) -> Result<HttpResponse> {
        if response.status < 400 { Ok(response) } else { Err(error_of(self, &response)) }
    }
}

/// Builds an [`Integration`].
pub struct IntegrationBuilder<S> {
    integration: Integration,
    capabilities: Vec<Capability>,
    replaced: BTreeSet<&'static str>,
    settings_type: std::marker::PhantomData<fn(S)>,
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

    /// Categories, as `crm`.
    pub fn categories(mut self, categories: &[&'static str]) -> Self {
        self.integration.description.categories = categories.to_vec();
        self
    }

    /// Address of a logo.
    pub fn logo_url(mut self, url: &'static str) -> Self {
        self.integration.description.logo_url = Some(url);
        self
    }

    /// Accepted kinds of credential.
    pub fn auth(mut self, kinds: &[AuthKind]) -> Self {
        self.integration.auth = kinds.to_vec();
        self
    }

    /// OAuth: registers `get_authorization_url`, `handle_authorization_callback` and `refresh_access_token`.
    pub fn oauth(mut self, oauth: OAuth<S>) -> Self {
        self.integration.oauth = Some(oauth.erase());
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

    /// The app's own codes and messages to ours; `None` leaves it to the HTTP status.
    pub fn map_error(mut self, map: fn(&HttpResponse) -> Option<ConnectorError>) -> Self {
        self.integration.map_error = map;
        self
    }

    /// Adds streams. Each gives `list_<name>`, and `get_<singular>` where it can read one record.
    pub fn streams(mut self, streams: impl IntoIterator<Item = Stream<S>>) -> Self {
        self.integration.streams.extend(streams.into_iter().map(|stream| StreamEntry {
            declaration: stream.declaration,
            record_schema: RecordSchema::default(),
            read: stream.read,
            get: stream.get,
        }));
        self
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
    pub fn capability(mut self, capability: Capability) -> Self {
        self.capabilities.push(capability);
        self
    }

    /// Puts a capability in the place of the one that the framework registers under its name.
    pub fn replace(mut self, capability: Capability) -> Self {
        self.replaced.insert(capability.name());
        self.capabilities.push(capability);
        self
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
        let Self { mut integration, capabilities, replaced, .. } = self;
        check_name("app id", &integration.description.app_id)?;
        if integration.oauth.is_some() != integration.auth.contains(&AuthKind::Oauth) {
            return Err(DeclarationError::OAuthHalfDeclared);
        }
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
        check_exports(&integration.exports, &names)?;
        let mut derived = list::capabilities(&integration.streams);
        if integration.oauth.is_some() {
            derived.extend(oauth::capabilities());
        }
        if !integration.streams.is_empty() {
            derived.extend(sync::capabilities());
        }
        derived.retain(|capability| !replaced.contains(capability.name()));
        for capability in derived.into_iter().chain(capabilities) {
            check_name("capability", capability.name())?;
            let name = capability.name();
            if integration.capabilities.insert(name, capability).is_some() {
                return Err(duplicate("capability", name));
            }
        }
        Ok(integration)
    }
}

/// Reads settings of type `S` out of settings of any type.
pub(crate) fn of_settings<S: 'static, T: 'static>(read: fn(&S) -> T) -> FromSettings<T> {
    Arc::new(move |settings| read(settings.downcast_ref().expect("settings are of the builder's type")))
}

fn duplicate(what: &'static str, name: &str) -> DeclarationError {
    DeclarationError::Duplicate { what, name: name.to_owned() }
}

fn check_name(what: &'static str, name: &str) -> Result<(), DeclarationError> {
    let of_words = name
        .split('_')
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if of_words && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 63 {
        return Ok(());
    }
    Err(DeclarationError::BadName { what, name: name.to_owned() })
}

fn check_stream(stream: &StreamDeclaration) -> Result<(), DeclarationError> {
    check_name("stream", stream.name)?;
    check_name("singular of a stream", stream.singular)?;
    if stream.key.is_empty() {
        return Err(DeclarationError::NoKey { stream: stream.name.to_owned() });
    }
    let unknown = |what, name: &str, kind| {
        Err(DeclarationError::Unknown { stream: stream.name.to_owned(), what, name: name.to_owned(), kind })
    };
    let has_filter = |name: &str| stream.filters.iter().any(|filter| filter.name == name);
    let asked = stream
        .parents
        .iter()
        .map(|parent| parent.filter)
        .chain(stream.each.map(|each| each.filter))
        .chain(stream.window.map(|window| window.from))
        .chain(stream.window.and_then(|window| window.until))
        .chain(stream.ids);
    if let Some(filter) = asked.into_iter().find(|filter| !has_filter(filter)) {
        return unknown("way of reading", filter, "filter");
    }
    if let Some(filter) = stream.changed_since.filter(|filter| !has_filter(filter)) {
        return unknown("filter for changes", filter, "filter");
    }
    if let Some((filter, _)) = stream.default_filter.iter().find(|(name, _)| !has_filter(name)) {
        return unknown("default filter", filter, "filter");
    }
    if let Some(include) = stream.default_includes.iter().find(|include| !stream.includes.contains(include)) {
        return unknown("default include", include, "include");
    }
    match stream.walk {
        Walk::Pages { sort: Some(sort) } if !stream.sorts.contains(&sort) => {
            unknown("walk order", sort, "sort")
        }
        Walk::Value { field, .. } if !stream.sorts.contains(&field) => unknown("walk order", field, "sort"),
        Walk::Value { bound, .. } if !has_filter(bound) => unknown("walk bound", bound, "filter"),
        Walk::Value { field, .. } if !matches!(stream.paging, Paging::Number { .. }) => {
            unknown("walk order", field, "numbered pages")
        }
        _ => Ok(()),
    }
}

fn check_exports(exports: &[ExportEntry], streams: &BTreeSet<&str>) -> Result<(), DeclarationError> {
    for (position, ExportEntry { declaration, .. }) in exports.iter().enumerate() {
        check_name("export", declaration.name)?;
        if exports[..position].iter().any(|other| other.declaration.name == declaration.name) {
            return Err(duplicate("export", declaration.name));
        }
        let needed = [Some(declaration.stream), declaration.definitions];
        if let Some(unknown) = needed.into_iter().flatten().find(|stream| !streams.contains(stream)) {
            return Err(DeclarationError::UnknownStream {
                export: declaration.name.to_owned(),
                stream: unknown.to_owned(),
            });
        }
    }
    Ok(())
}

/// The table of a stream: its columns follow from the record's schema, the key, and what requests give to records.
pub(crate) fn columns_of(stream: &StreamDeclaration) -> Columns {
    let mut generator = schema::output_generator();
    let schema = (stream.schema)(&mut generator);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{PageRequest, RecordPage};
    use crate::{call::Call, error::Result};

    #[derive(serde::Deserialize, JsonSchema)]
    struct Settings {}

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Record {
        id: String,
    }

    async fn read(_: Call<Settings>, _: PageRequest) -> Result<RecordPage> {
        Ok(RecordPage::default())
    }

    fn stream(name: &'static str) -> Stream<Settings> {
        Stream::new::<Record, _, _>(name, "thing", read)
    }

    fn build(streams: Vec<Stream<Settings>>) -> Result<Integration, DeclarationError> {
        Integration::builder::<Settings>("example", "1").streams(streams).build()
    }

    #[test]
    fn mistakes_are_found_when_the_integration_is_built_and_named() {
        let error = build(vec![stream("Things")]).err().unwrap();
        assert_eq!(error, DeclarationError::BadName { what: "stream", name: "Things".into() });
        for name in ["", "2things", "a__b", "a-b", "_a"] {
            assert!(matches!(build(vec![stream(name)]), Err(DeclarationError::BadName { .. })), "{name}");
        }
        let twice = build(vec![stream("things"), stream("things")]).err().unwrap();
        assert_eq!(twice, duplicate("stream", "things"));
        let no_key = build(vec![stream("things").declare(|stream| stream.key = &[])]).err().unwrap();
        assert_eq!(no_key, DeclarationError::NoKey { stream: "things".into() });
        let unknown = build(vec![stream("things").declare(|stream| stream.changed_since = Some("since"))]);
        assert!(unknown.err().unwrap().to_string().contains("`since`"));
    }

    #[test]
    fn one_declaration_gives_the_list_and_the_sync() {
        let integration = build(vec![stream("things")]).unwrap();
        let names: Vec<_> = integration.capabilities().map(Capability::name).collect();
        assert_eq!(names, ["list_things", "retry_rejects", "sync", "verify"]);
    }
}
