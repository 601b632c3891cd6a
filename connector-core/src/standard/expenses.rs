//! Expenses: what was spent, by whom, and whether it was paid.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Asks for expenses.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListExpenses {
    /// Which ones.
    pub filters: ExpenseFilters,
}

/// Which expenses.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExpenseFilters {
    /// Those of this time.
    pub transaction_date: Option<TimeRange>,
}

/// A time, both ends as ISO 8601 texts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct TimeRange {
    /// From then on.
    pub start_date: Option<String>,
    /// Until then.
    pub end_date: Option<String>,
}

/// An expense.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Expense {
    /// The app's own id.
    pub id: String,
    /// The report that it is part of.
    pub report_id: Option<String>,
    /// When it was spent, as an ISO 8601 text.
    pub transaction_date: String,
    /// When it was paid, as an ISO 8601 text.
    pub payment_date: Option<String>,
    /// How much it was.
    pub total_amount: Amount,
    /// How much was paid.
    pub paid_amount: Option<Amount>,
    /// To whom it went.
    pub seller: Vendor,
    /// What it was for.
    pub description: String,
    /// Who spent it.
    pub submitter: SpendUser,
    /// How it was spent.
    pub r#type: ExpenseType,
    /// Whether it was agreed to.
    pub approval_status: ApprovalStatus,
    /// Whether it was paid.
    pub payment_status: PaymentStatus,
    /// Where people see it.
    pub url: Option<String>,
    /// What else the app says.
    pub attributes: Option<Map<String, Value>>,
    /// Attributes that the account added.
    pub custom_attributes: Option<Map<String, Value>>,
}

/// Money.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Amount {
    /// The number as a text, so that no digit is lost.
    pub amount: String,
    /// ISO 4217 code.
    pub currency: String,
}

/// Who sold something.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Vendor {
    /// The app's own id; absent where the app knows only a name.
    pub id: Option<String>,
    /// Its name, as on the receipt.
    pub name: Option<String>,
    /// What the app says about it beyond the name.
    pub description: Option<String>,
}

/// Who spent something.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct SpendUser {
    /// The app's own id of the account.
    pub id: Option<String>,
    /// The address by which the account is matched with those of other apps.
    pub email: Option<String>,
    /// The name in one piece, where the app does not tell its parts.
    pub full_name: Option<String>,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
}

/// How something was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpenseType {
    /// Somebody paid and gets it back.
    Reimbursement,
    /// With a card of the company.
    CardTransaction,
}

/// Whether an expense was agreed to: in the app's words, and in ours.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalStatus {
    /// The app's own id.
    pub id: Option<String>,
    /// The app's word for people.
    pub display_value: Option<String>,
    /// The app's word.
    pub value: Option<String>,
    /// Our word.
    pub normalized_value: Approval,
}

/// Whether an expense was agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Nobody decided yet.
    Pending,
    /// It may be paid.
    Approved,
    /// It was refused.
    Rejected,
    /// It was taken back before anybody decided.
    Canceled,
    /// The app's word has no counterpart here.
    Unknown,
}

/// Whether an expense was paid: in the app's words, and in ours.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PaymentStatus {
    /// The app's own id.
    pub id: Option<String>,
    /// The app's word for people.
    pub display_value: Option<String>,
    /// The app's word.
    pub value: Option<String>,
    /// Our word.
    pub normalized_value: Payment,
}

/// Whether an expense was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    /// The money was sent.
    Paid,
    /// The money is owed, in whole or in part.
    Unpaid,
}
