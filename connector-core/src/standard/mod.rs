//! Capabilities that mean the same in every connector, with their requests and responses.
//!
//! Programs that know Lumos connectors drive any connector that has these, whatever the app. An author writes a function
//! of the right type and registers it under its name; metadata, paging and what a write did follow from the type.
//!
//! ```
//! use connector_core::standard::{self, Account, ListAccounts, Listed, Position};
//! use connector_core::{Call, Result};
//!
//! async fn list_accounts(_: Call<()>, _: ListAccounts, _: Position) -> Result<Listed<Account>> {
//!     let ada = Account { integration_specific_id: "1".into(), ..Account::default() };
//!     Ok(Listed::last(vec![ada]))
//! }
//!
//! let capability = standard::list_accounts(list_accounts);
//! assert_eq!(capability.name(), "list_accounts");
//! ```
#![expect(clippy::struct_field_names, reason = "fields have the names of the wire")]

mod accounts;
mod activity;
mod applications;
mod arbitrary_endpoint;
mod associations;
mod credentials;
mod custom_attributes;
mod default_probe;
mod entitlements;
mod expenses;
mod graph;
mod listed;
mod non_human_accounts;
mod probe;
mod register;
mod resources;
mod written;

pub use accounts::{
    Account, AccountStatus, AccountType, ActivatedAccount, CreateAccount, CreatedAccount, DeactivatedAccount,
    DeletedAccount, Done, FirstEntitlement, GetAccount, ListAccounts, ListUpdatedAccounts, OneAccount,
    Person, TransferData, UpdateAccount, UpdatedAccount, UpdatedAccounts,
};
pub use activity::{
    ActivityEvent, ActivityRecord, ActivityTarget, Actor, DataRecency, GetLastActivity, LastActivity,
    ListActivityRecords, TargetedEntitlement,
};
pub use applications::{
    Application, ApplicationAccount, ApplicationActivityRecord, ApplicationAssociation,
    ApplicationEntitlement, ApplicationResource, ApplicationStatus, AssignApplicationEntitlement,
    AssignedApplication, AssignmentMode, OfApplication, OneApplication, OneApplicationAccount, SignOnMode,
    UnassignApplicationEntitlement, UnassignedApplication,
};
pub use arbitrary_endpoint::{
    ArbitraryMethod, ArbitraryResponse, EndpointPolicy, FulfillArbitraryEndpoint, fulfill_arbitrary_endpoint,
};
pub use associations::{Association, Everything};
pub use credentials::{
    Credential, CredentialLastActivity, CredentialStatus, ListCredentials, ValidateCredentialConfig,
    ValidatedCredentialConfig, ValidatedCredentials,
};
pub use custom_attributes::{
    CustomAttribute, CustomAttributeParameter, CustomAttributeSchema, CustomAttributeType, CustomizedType,
};
pub(crate) use default_probe::capability as default_probe;
pub use entitlements::{
    AssignEntitlement, AssignedEntitlement, Entitlement, EntitlementRequirement, EntitlementType,
    ListEntitlements, UnassignEntitlement, UnassignedEntitlement,
};
pub use expenses::{
    Amount, Approval, ApprovalStatus, Expense, ExpenseFilters, ExpenseType, ListExpenses, Payment,
    PaymentStatus, SpendUser, TimeRange, Vendor,
};
pub use graph::{
    EntitlementAssignment, EntitlementGraph, EntitlementIdentifier, EntitlementRule, FindGraph,
    GraphEntitlement, GraphResource, ImpliedAccess, ImpliedAccessRule, Reference, ReferenceType,
    ResourceGraph, ResourceRelationship,
};
pub use listed::{Listed, Position, list};
pub use non_human_accounts::{ListNonHumanAccounts, NonHumanAccount, NonHumanAccountLastActivity};
pub use probe::{
    ConfigurationFinding, ConfigurationStatus, Coverage, FindingSeverity, ProbeCheck, ProbeCheckName,
    ProbeCheckSource, ProbeCheckStatus, ProbeIntegration, ProbeResults, ProbeSample, ProbeStatus,
    ProbedCapabilityType, ProbedCustomAttribute, ProbedEntitlementType, SampledAccount, SampledAssociation,
    SampledConfiguration, SampledCustomAttribute, SampledEntitlement,
};
pub use register::{
    ValidateCredentials, activate_account, assign_application, assign_application_entitlement,
    assign_entitlement, create_account, deactivate_account, delete_account, downgrade_license,
    find_entitlement_assignments, find_entitlement_associations, find_entitlement_graph, find_resource_graph,
    get_account, get_account_entitlement_associations, get_application, get_application_account,
    get_credential_last_activity, get_data_recency, get_last_activity, get_non_human_account_last_activity,
    list_accounts, list_activity_records, list_applications, list_applications_accounts,
    list_applications_activity_records, list_applications_entitlement_associations,
    list_applications_entitlements, list_applications_resources, list_credentials,
    list_custom_attributes_schema, list_entitlements, list_expenses, list_non_human_accounts, list_resources,
    list_updated_accounts, probe_integration, release_resources, transfer_data, unassign_application,
    unassign_application_entitlement, unassign_entitlement, update_account, validate_credential_config,
    validate_credentials,
};
pub use resources::{Resource, ResourceType};
pub use written::{Written, write};
