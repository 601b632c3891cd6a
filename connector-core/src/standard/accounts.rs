//! Accounts of an app: who may sign in, and what becomes of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountStatus {
    /// It can.
    Active,
    /// It cannot, and may again.
    Inactive,
    /// Somebody stopped it for a while.
    Suspended,
    /// Its access was taken away.
    Deprovisioned,
    /// It was invited and has not answered.
    Pending,
    /// It is gone.
    Deleted,
}

/// Whom an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountType {
    /// A program.
    Service,
    /// A person.
    User,
}

/// An account as the app knows it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// The app's own id.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub integration_specific_id: String,
    /// Id of the account as a resource, where accounts are resources too.
    #[schemars(extend("x-semantic" = "resource-id"))]
    pub resource_id: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Name to sign in with.
    pub username: Option<String>,
    /// Whether it can be used.
    pub user_status: Option<AccountStatus>,
    /// What else the app says.
    pub extra_data: Option<Map<String, Value>>,
    /// Attributes that were asked for, by name.
    pub custom_attributes: Option<BTreeMap<String, String>>,
    /// Whom it is for.
    pub account_type: Option<AccountType>,
}

/// Asks for all accounts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListAccounts {
    /// Names of attributes to add.
    pub custom_attributes: Option<Vec<String>>,
}

/// Asks for one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct GetAccount {
    /// Which account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_id: String,
    /// Names of attributes to add.
    pub custom_attributes: Option<Vec<String>>,
}

/// Asks for accounts that changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListUpdatedAccounts {
    /// Since when, where there is no cursor yet.
    pub since: Option<Timestamp>,
    /// The cursor of the previous answer.
    pub cursor: Option<String>,
    /// Names of attributes to add.
    pub custom_attributes: Option<Vec<String>>,
}

/// Accounts that changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct UpdatedAccounts {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Where the next question continues.
    pub cursor: Option<String>,
}

/// Names one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct OneAccount {
    /// Which account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub account_id: String,
}

/// Asks for a new account. `Fields` are what this app wants to know of it, as a struct of the connector's own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CreateAccount")]
pub struct CreateAccount<Fields = Person> {
    /// What the account may do from the start.
    #[serde(default)]
    pub entitlements: Vec<FirstEntitlement>,
    /// What else this app wants to know.
    #[serde(flatten)]
    pub fields: Fields,
}

/// What most apps want to know of a new account.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// Address.
    pub email: Option<String>,
    /// Name to sign in with.
    pub username: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// The status to begin with, in the app's words.
    pub user_status: Option<String>,
}

/// An entitlement that an account has from the start.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FirstEntitlement {
    /// The resource it is for, where it is for one.
    pub integration_specific_resource_id: Option<String>,
    /// Its type, as declared in `entitlement_types`.
    #[schemars(extend("x-entitlement-type" = true))]
    pub entitlement_type: String,
    /// Its id.
    pub integration_specific_id: String,
}

/// A new account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CreatedAccount {
    /// The app's own id, where the app tells it at once.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub id: Option<String>,
    /// Whether it can be used.
    pub status: AccountStatus,
    /// Whether it was made.
    pub created: bool,
}

/// Asks for a change of an account. `Fields` are what can be changed in this app.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UpdateAccount")]
pub struct UpdateAccount<Fields = Person> {
    /// Which account.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub id: String,
    /// What it shall be.
    #[serde(flatten)]
    pub fields: Fields,
}

/// An account after a change.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct UpdatedAccount {
    /// The app's own id.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub id: String,
}

/// An account that was made usable.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ActivatedAccount {
    /// Whether it can be used now.
    pub status: AccountStatus,
    /// Whether it was done.
    pub activated: bool,
}

/// An account that was made unusable.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeactivatedAccount {
    /// Whether it can be used now.
    pub status: AccountStatus,
    /// Whether it was done.
    pub deactivated: bool,
}

/// An account that was removed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeletedAccount {
    /// What is left of it.
    pub status: AccountStatus,
    /// Whether it was done.
    pub deleted: bool,
}

/// Asks to hand what one account owns to another.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TransferData {
    /// Whose it is.
    #[schemars(extend("x-semantic" = "account-id"))]
    pub source_account_id: String,
    /// Whose it shall be.
    #[schemars(extend("x-semantic" = "auxiliary-account-id"))]
    pub target_account_id: String,
}

/// Whether something about an account was done.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// Whether it was.
    pub success: bool,
    /// Why not.
    pub reason: Option<String>,
}
