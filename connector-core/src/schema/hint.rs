//! What a form for settings should know of a field beyond its type, as attributes of the field.
//!
//! ```
//! use connector_core::Secret;
//! use connector_core::schema::{hint, schema_of};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Settings {
//!     /// Whom to write to when something is wrong.
//!     #[schemars(transform = hint::semantic("email"))]
//!     contact: Option<String>,
//!     /// What the app is told with each request.
//!     #[schemars(transform = hint::multiline, transform = hint::group("Advanced"))]
//!     note: Option<String>,
//!     /// Signs webhooks. A [`Secret`] is marked as one by itself.
//!     signing_key: Option<Secret>,
//! }
//!
//! let schema = schema_of::<Settings>();
//! assert_eq!(schema["properties"]["contact"]["x-semantic"], "email");
//! assert_eq!(schema["properties"]["note"]["x-group"], "Advanced");
//! assert_eq!(schema["properties"]["signing_key"]["x-secret"], true);
//! ```

use schemars::Schema;
use schemars::transform::Transform;

/// Key of [`secret`] in a schema.
pub const SECRET: &str = "x-secret";
/// Key of [`hidden`] in a schema.
pub const HIDDEN: &str = "x-hidden";
/// Key of [`multiline`] in a schema.
pub const MULTILINE: &str = "x-multiline";
/// Key of [`group`] in a schema.
pub const GROUP: &str = "x-group";
/// Key of [`semantic`] in a schema.
pub const SEMANTIC: &str = "x-semantic";

/// Where agents for Lumos connectors look for the same, beside the keys above.
const FIELD_TYPE: &str = "x-field_type";
const FIELD_GROUP: &str = "x-field_group";

/// Never shown again once it is typed in. For secrets inside of other values: a field of type
/// [`Secret`](crate::Secret) is marked by itself.
pub fn secret(schema: &mut Schema) {
    schema.insert(SECRET.to_owned(), true.into());
    schema.insert(FIELD_TYPE.to_owned(), "SECRET".into());
}

/// Not asked of people: whoever runs the connector sets it.
pub fn hidden(schema: &mut Schema) {
    schema.insert(HIDDEN.to_owned(), true.into());
    schema.insert(FIELD_TYPE.to_owned(), "HIDDEN".into());
}

/// A text of several lines.
pub fn multiline(schema: &mut Schema) {
    schema.insert(MULTILINE.to_owned(), true.into());
    // What must not be seen stays so, however many lines it has.
    if !schema.get(SECRET).is_some_and(|secret| secret == true) {
        schema.insert(FIELD_TYPE.to_owned(), "MULTI_LINES".into());
    }
}

/// Shown together with the other fields of the group, under its name.
pub fn group(name: &'static str) -> impl Transform {
    move |schema: &mut Schema| {
        schema.insert(GROUP.to_owned(), name.into());
        schema.insert(FIELD_GROUP.to_owned(), name.into());
    }
}

/// What the value is, where its type does not tell: `email`, `account-id`.
pub fn semantic(meaning: &'static str) -> impl Transform {
    move |schema: &mut Schema| {
        schema.insert(SEMANTIC.to_owned(), meaning.into());
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde_json::json;

    use crate::schema::{hint, schema_of};

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the schema is looked at")]
    struct Nested {
        host: String,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the schema is looked at")]
    struct Settings {
        #[schemars(transform = hint::hidden)]
        internal: u32,
        #[schemars(transform = hint::secret)]
        headers: Vec<String>,
        #[schemars(transform = hint::group("Proxy"))]
        proxy: Nested,
        plain: String,
    }

    #[test]
    fn hints_stand_beside_the_type_even_where_that_is_a_reference() {
        let properties = schema_of::<Settings>()["properties"].clone();
        assert_eq!(
            (&properties["internal"]["type"], &properties["internal"]["x-hidden"]),
            (&json!("integer"), &json!(true))
        );
        assert_eq!(properties["headers"]["x-secret"], true);
        assert_eq!(
            properties["proxy"],
            json!({"$ref": "#/$defs/Nested", "x-group": "Proxy", "x-field_group": "Proxy"})
        );
        assert_eq!(properties["plain"], json!({"type": "string"}));
    }
}
