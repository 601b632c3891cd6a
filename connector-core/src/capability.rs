//! Capabilities: named operations with typed requests and responses.

use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::author::{Answers, FirstArgument, RequestType, ResponseType};
use crate::call::{Call, CallContext};
use crate::envelope::Answer;
use crate::error::Result;
use crate::oauth::to_the_end;
use crate::schema;

/// Names that mean the same in every connector.
pub mod names {
    /// Says whether the credentials are good, and whose they are.
    pub const VALIDATE_CREDENTIALS: &str = "validate_credentials";
    /// Makes the address where somebody agrees.
    pub const GET_AUTHORIZATION_URL: &str = "get_authorization_url";
    /// Turns the address that they are sent back to into tokens.
    pub const HANDLE_AUTHORIZATION_CALLBACK: &str = "handle_authorization_callback";
    /// Gets a new access token for a refresh token.
    pub const REFRESH_ACCESS_TOKEN: &str = "refresh_access_token";
    /// Gets an access token for a client's own credentials.
    pub const HANDLE_CLIENT_CREDENTIALS_REQUEST: &str = "handle_client_credentials_request";
    /// Gets a code to type in on another device.
    pub const START_DEVICE_AUTHORIZATION: &str = "start_device_authorization";
    /// Asks whether it was typed in.
    pub const POLL_DEVICE_AUTHORIZATION: &str = "poll_device_authorization";
    /// Gets a token for another one.
    pub const EXCHANGE_TOKEN: &str = "exchange_token";
    /// Gives a token back.
    pub const REVOKE_TOKEN: &str = "revoke_token";
    /// Asks the app about a token.
    pub const INTROSPECT_TOKEN: &str = "introspect_token";
    /// Reads a token that the vault keeps for an account.
    pub const RETRIEVE_TOKEN: &str = "retrieve_token";
    /// Says how a token of the vault stands.
    pub const TOKEN_STATUS: &str = "token_status";
    /// Reads streams into a database.
    pub const SYNC: &str = "sync";
    /// Compares the database with the app.
    pub const VERIFY: &str = "verify";
    /// Tries records again that could not be stored.
    pub const RETRY_REJECTS: &str = "retry_rejects";

    // Below: those of `standard`.
    /// `activate_account` of [`standard`](crate::standard).
    pub const ACTIVATE_ACCOUNT: &str = "activate_account";
    /// `assign_application` of [`standard`](crate::standard).
    pub const ASSIGN_APPLICATION: &str = "assign_application";
    /// `assign_application_entitlement` of [`standard`](crate::standard).
    pub const ASSIGN_APPLICATION_ENTITLEMENT: &str = "assign_application_entitlement";
    /// `assign_entitlement` of [`standard`](crate::standard).
    pub const ASSIGN_ENTITLEMENT: &str = "assign_entitlement";
    /// `create_account` of [`standard`](crate::standard).
    pub const CREATE_ACCOUNT: &str = "create_account";
    /// `deactivate_account` of [`standard`](crate::standard).
    pub const DEACTIVATE_ACCOUNT: &str = "deactivate_account";
    /// `delete_account` of [`standard`](crate::standard).
    pub const DELETE_ACCOUNT: &str = "delete_account";
    /// `downgrade_license` of [`standard`](crate::standard).
    pub const DOWNGRADE_LICENSE: &str = "downgrade_license";
    /// `find_entitlement_assignments` of [`standard`](crate::standard).
    pub const FIND_ENTITLEMENT_ASSIGNMENTS: &str = "find_entitlement_assignments";
    /// `find_entitlement_associations` of [`standard`](crate::standard).
    pub const FIND_ENTITLEMENT_ASSOCIATIONS: &str = "find_entitlement_associations";
    /// `find_entitlement_graph` of [`standard`](crate::standard).
    pub const FIND_ENTITLEMENT_GRAPH: &str = "find_entitlement_graph";
    /// `find_resource_graph` of [`standard`](crate::standard).
    pub const FIND_RESOURCE_GRAPH: &str = "find_resource_graph";
    /// `fulfill_arbitrary_endpoint` of [`standard`](crate::standard).
    pub const FULFILL_ARBITRARY_ENDPOINT: &str = "fulfill_arbitrary_endpoint";
    /// `get_account` of [`standard`](crate::standard).
    pub const GET_ACCOUNT: &str = "get_account";
    /// `get_account_entitlement_associations` of [`standard`](crate::standard).
    pub const GET_ACCOUNT_ENTITLEMENT_ASSOCIATIONS: &str = "get_account_entitlement_associations";
    /// `get_application` of [`standard`](crate::standard).
    pub const GET_APPLICATION: &str = "get_application";
    /// `get_application_account` of [`standard`](crate::standard).
    pub const GET_APPLICATION_ACCOUNT: &str = "get_application_account";
    /// `get_credential_last_activity` of [`standard`](crate::standard).
    pub const GET_CREDENTIAL_LAST_ACTIVITY: &str = "get_credential_last_activity";
    /// `get_data_recency` of [`standard`](crate::standard).
    pub const GET_DATA_RECENCY: &str = "get_data_recency";
    /// `get_last_activity` of [`standard`](crate::standard).
    pub const GET_LAST_ACTIVITY: &str = "get_last_activity";
    /// `get_non_human_account_last_activity` of [`standard`](crate::standard).
    pub const GET_NON_HUMAN_ACCOUNT_LAST_ACTIVITY: &str = "get_non_human_account_last_activity";
    /// `list_accounts` of [`standard`](crate::standard).
    pub const LIST_ACCOUNTS: &str = "list_accounts";
    /// `list_activity_records` of [`standard`](crate::standard).
    pub const LIST_ACTIVITY_RECORDS: &str = "list_activity_records";
    /// `list_applications` of [`standard`](crate::standard).
    pub const LIST_APPLICATIONS: &str = "list_applications";
    /// `list_applications_accounts` of [`standard`](crate::standard).
    pub const LIST_APPLICATIONS_ACCOUNTS: &str = "list_applications_accounts";
    /// `list_applications_activity_records` of [`standard`](crate::standard).
    pub const LIST_APPLICATIONS_ACTIVITY_RECORDS: &str = "list_applications_activity_records";
    /// `list_applications_entitlements` of [`standard`](crate::standard).
    pub const LIST_APPLICATIONS_ENTITLEMENTS: &str = "list_applications_entitlements";
    /// `list_applications_entitlement_associations` of [`standard`](crate::standard).
    pub const LIST_APPLICATIONS_ENTITLEMENT_ASSOCIATIONS: &str = "list_applications_entitlement_associations";
    /// `list_applications_resources` of [`standard`](crate::standard).
    pub const LIST_APPLICATIONS_RESOURCES: &str = "list_applications_resources";
    /// `list_credentials` of [`standard`](crate::standard).
    pub const LIST_CREDENTIALS: &str = "list_credentials";
    /// `list_custom_attributes_schema` of [`standard`](crate::standard).
    pub const LIST_CUSTOM_ATTRIBUTES_SCHEMA: &str = "list_custom_attributes_schema";
    /// `list_entitlements` of [`standard`](crate::standard).
    pub const LIST_ENTITLEMENTS: &str = "list_entitlements";
    /// `list_expenses` of [`standard`](crate::standard).
    pub const LIST_EXPENSES: &str = "list_expenses";
    /// `list_non_human_accounts` of [`standard`](crate::standard).
    pub const LIST_NON_HUMAN_ACCOUNTS: &str = "list_non_human_accounts";
    /// `list_resources` of [`standard`](crate::standard).
    pub const LIST_RESOURCES: &str = "list_resources";
    /// `list_updated_accounts` of [`standard`](crate::standard).
    pub const LIST_UPDATED_ACCOUNTS: &str = "list_updated_accounts";
    /// `probe_integration` of [`standard`](crate::standard).
    pub const PROBE_INTEGRATION: &str = "probe_integration";
    /// `release_resources` of [`standard`](crate::standard).
    pub const RELEASE_RESOURCES: &str = "release_resources";
    /// `transfer_data` of [`standard`](crate::standard).
    pub const TRANSFER_DATA: &str = "transfer_data";
    /// `unassign_application` of [`standard`](crate::standard).
    pub const UNASSIGN_APPLICATION: &str = "unassign_application";
    /// `unassign_application_entitlement` of [`standard`](crate::standard).
    pub const UNASSIGN_APPLICATION_ENTITLEMENT: &str = "unassign_application_entitlement";
    /// `unassign_entitlement` of [`standard`](crate::standard).
    pub const UNASSIGN_ENTITLEMENT: &str = "unassign_entitlement";
    /// `update_account` of [`standard`](crate::standard).
    pub const UPDATE_ACCOUNT: &str = "update_account";
    /// `validate_credential_config` of [`standard`](crate::standard).
    pub const VALIDATE_CREDENTIAL_CONFIG: &str = "validate_credential_config";
}

type Handler =
    Arc<dyn Fn(CallContext, Map<String, Value>) -> BoxFuture<'static, Result<Answer>> + Send + Sync>;
pub(crate) type SchemaFn = Arc<dyn Fn() -> Value + Send + Sync>;
/// The schema as text: it is shown and never looked at, and copies of a text cost a fraction of copies of a value.
type SchemaTextFn = Arc<dyn Fn() -> Box<RawValue> + Send + Sync>;

/// What a capability does to what the app holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: it can be called as often as one likes.
    Read,
    /// It changes something there.
    Write,
}

/// In the place of a settings type that nobody needs to know any more.
#[derive(Debug)]
pub enum Erased {}

/// A named operation of a connector whose settings are `S`; `Capability` alone is one of an
/// [`Integration`](crate::integration::Integration), whose settings have no type any more.
///
/// ```
/// use connector_core::capability::Capability;
/// use connector_core::{Call, Result};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// struct Settings;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct RenameTag { id: String, name: String }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Renamed { name: String }
///
/// async fn rename_tag(call: Call<Settings>, request: RenameTag) -> Result<Renamed> {
///     // … tells the app …
///     # let (_, _) = (call, request.id);
///     Ok(Renamed { name: request.name })
/// }
///
/// let capability = Capability::new("rename_tag", rename_tag)
///     .description("Gives a tag another name.")
///     .scopes(&["tags.write"])
///     .writes();
/// assert_eq!(capability.display_name_text(), "Rename tag");
/// ```
pub struct Capability<S = Erased> {
    name: &'static str,
    display_name: String,
    description: String,
    needs_auth: bool,
    is_single_use: bool,
    effect: Effect,
    scopes: &'static [&'static str],
    /// Where it is told to have failed: the stream's name, or `capabilities`.
    module: &'static str,
    request_schema: SchemaFn,
    response_schema: SchemaTextFn,
    handler: Handler,
    settings: PhantomData<fn(&S)>,
}

impl<S: Send + Sync + 'static> Capability<S> {
    /// A capability from an `async fn(Call<S>, Request) -> Result<Response>`. The types give the schemas.
    pub fn new<First, Request, Response, F, Fut>(name: &'static str, handler: F) -> Self
    where
        First: FirstArgument<S>,
        Request: RequestType,
        Response: ResponseType,
        F: Fn(First, Request) -> Fut + Send + Sync + 'static,
        Fut: Answers<Response> + Send + 'static,
    {
        let handler = Arc::new(handler);
        Self::typed::<Request, Response>(
            name,
            Arc::new(move |context, request| {
                let handler = Arc::clone(&handler);
                Box::pin(async move {
                    let request = schema::typed(Value::Object(request), "/request")?;
                    Answer::new(&handler(First::of(Call::new(context)), request).answer().await?)
                })
            }),
        )
    }

    /// The capability without the type of its settings.
    pub(crate) fn erase(self) -> Capability {
        Capability {
            name: self.name,
            display_name: self.display_name,
            description: self.description,
            needs_auth: self.needs_auth,
            is_single_use: self.is_single_use,
            effect: self.effect,
            scopes: self.scopes,
            module: self.module,
            request_schema: self.request_schema,
            response_schema: self.response_schema,
            handler: self.handler,
            settings: PhantomData,
        }
    }
}

impl Capability {
    /// A capability that follows from a declaration, whatever the settings.
    pub(crate) fn erased(
        name: &'static str,
        request_schema: SchemaFn,
        response_schema: SchemaTextFn,
        handler: Handler,
    ) -> Self {
        Self::with_schemas(name, request_schema, response_schema, handler)
    }
}

impl<S> Capability<S> {
    /// A capability whose schemas are those of types.
    pub(crate) fn typed<Request: JsonSchema + 'static, Response: JsonSchema + 'static>(
        name: &'static str,
        handler: Handler,
    ) -> Self {
        Self::with_schemas(
            name,
            Arc::new(schema::schema_of::<Request>),
            Arc::new(|| schema::text(&schema::output_schema_of::<Response>())),
            handler,
        )
    }

    fn with_schemas(
        name: &'static str,
        request_schema: SchemaFn,
        response_schema: SchemaTextFn,
        handler: Handler,
    ) -> Self {
        let mut display_name = name.replace('_', " ");
        if let Some(first) = display_name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self {
            name,
            display_name,
            description: String::new(),
            needs_auth: true,
            is_single_use: false,
            effect: Effect::Read,
            scopes: &[],
            module: "capabilities",
            request_schema,
            response_schema,
            handler,
            settings: PhantomData,
        }
    }

    /// Name for people, where the words of the name are not it.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = name.into();
        self
    }

    /// One line for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// It works without credentials.
    pub fn without_auth(mut self) -> Self {
        self.needs_auth = false;
        self
    }

    /// It changes something in the app; a capability reads where nothing is said.
    pub fn writes(mut self) -> Self {
        self.effect = Effect::Write;
        self
    }

    /// Scopes that the credentials must have for it. A refusal by the app names them.
    pub fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// It spends what works once, as a code that somebody agreed to, and the app's answer is nowhere else: once begun it
    /// comes to its end, though its caller goes away or the program is told to stop.
    pub(crate) fn single_use(mut self) -> Self {
        self.is_single_use = true;
        self
    }

    pub(crate) fn in_module(mut self, module: &'static str) -> Self {
        self.module = module;
        self
    }

    /// Name, `snake_case`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Name for people.
    pub fn display_name_text(&self) -> &str {
        &self.display_name
    }

    /// One line for people.
    pub fn description_text(&self) -> &str {
        &self.description
    }

    /// Whether it needs credentials.
    pub fn needs_auth(&self) -> bool {
        self.needs_auth
    }

    /// Whether it spends what works once, as a code or a refresh token. Such a call is not given up in the middle.
    pub fn is_single_use(&self) -> bool {
        self.is_single_use
    }

    /// Whether it changes something in the app.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Scopes that the credentials must have for it.
    pub fn required_scopes(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// Where it is told to have failed, as `companies`.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// JSON Schema of the `request` part.
    pub fn request_schema(&self) -> Value {
        (self.request_schema)()
    }

    /// JSON Schema of the `response` part.
    pub fn response_schema(&self) -> Value {
        serde_json::from_str(self.response_schema_text().get()).unwrap_or_default()
    }

    /// The same as text.
    pub fn response_schema_text(&self) -> Box<RawValue> {
        (self.response_schema)()
    }

    pub(crate) async fn run(&self, context: CallContext, request: Map<String, Value>) -> Result<Answer> {
        let work = (self.handler)(context, request);
        if self.is_single_use { to_the_end(work).await } else { work.await }
    }
}
