//! Credentials beside each other, each under a name, for apps that need more than one.

use serde_json::{Map, Value};

use super::{Auth, AuthKind, Authentication, ErasedAuthentication};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::schema;

/// A credential that callers send in `credentials`, under its id: `{"id":"reports","token":{"token":"…"}}`.
///
/// A call uses the first that is declared, unless the connector says
/// [`call.using("reports")`](crate::Call::using).
///
/// ```
/// use connector_core::auth::{AuthKind, Authentication, NamedCredential};
/// # #[derive(serde::Deserialize, schemars::JsonSchema)]
/// # struct Settings {}
///
/// let integration = connector_core::integration::Integration::builder::<Settings>("example", "1.0.0")
///     .credential(NamedCredential::new("api", AuthKind::Token).description("The key of the API."))
///     .credential(
///         NamedCredential::new("reports", AuthKind::Token)
///             .description("The key of the reports, where they are wanted.")
///             .carried(Authentication::query("key"))
///             .optional(),
///     )
///     .build();
/// # assert!(integration.is_ok());
/// ```
pub struct NamedCredential<S> {
    id: &'static str,
    kind: AuthKind,
    description: &'static str,
    is_optional: bool,
    how: Option<Authentication<S>>,
}

impl<S: Send + Sync + 'static> NamedCredential<S> {
    /// A credential that every call must bring.
    pub fn new(id: &'static str, kind: AuthKind) -> Self {
        Self { id, kind, description: "", is_optional: false, how: None }
    }

    /// One line for people.
    pub fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Calls may come without it.
    pub fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// How requests carry it; in the usual way of its kind, when nobody says.
    pub fn carried(mut self, how: Authentication<S>) -> Self {
        self.how = Some(how);
        self
    }

    pub(crate) fn erase(self) -> ErasedNamed {
        let how = self.how.map_or_else(|| ErasedAuthentication::default_of(self.kind), Authentication::erase);
        ErasedNamed {
            id: self.id,
            kind: self.kind,
            description: self.description,
            is_optional: self.is_optional,
            how: how.for_kind(self.kind),
        }
    }
}

/// The same without the type of the settings.
pub(crate) struct ErasedNamed {
    pub id: &'static str,
    pub kind: AuthKind,
    pub description: &'static str,
    pub is_optional: bool,
    pub how: ErasedAuthentication,
}

/// One element of `credentials`, at a JSON pointer: its id, and the credential.
pub(crate) fn read(element: &Value, at: &str) -> Result<(Option<String>, Auth)> {
    let wrong = |what: &str| ConnectorError::new(ErrorCode::InvalidValue, format!("{at}{what}"));
    let mut element: Map<String, Value> =
        element.as_object().cloned().ok_or_else(|| wrong(" must be of type object"))?;
    // Callers that serialize every kind send `null` for all but one.
    element.retain(|_, part| !part.is_null());
    let id = match element.shift_remove("id") {
        None => None,
        Some(Value::String(id)) => Some(id),
        Some(_) => return Err(wrong("/id must be of type string")),
    };
    let auth: Auth = schema::typed(Value::Object(element), at)?;
    match auth {
        // A connection is chosen in one place, where doors look for what a caller may use.
        Auth::Stored(_) => Err(ConnectorError::new(
            ErrorCode::UnknownValue,
            format!("{at}/stored is not known here: a connection of the vault is named in /auth"),
        )),
        auth => Ok((id, auth)),
    }
}
