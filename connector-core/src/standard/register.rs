//! Registration: one function for each standard capability, which takes a function of the right type.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{
    Account, ActivatedAccount, ActivityRecord, Application, ApplicationAccount, ApplicationActivityRecord,
    ApplicationAssociation, ApplicationEntitlement, ApplicationResource, AssignApplicationEntitlement,
    AssignEntitlement, AssignedApplication, AssignedEntitlement, Association, CreateAccount, CreatedAccount,
    Credential, CredentialLastActivity, CustomAttributeSchema, DataRecency, DeactivatedAccount,
    DeletedAccount, Done, Entitlement, EntitlementAssignment, EntitlementGraph, Everything, Expense,
    FindGraph, GetAccount, GetLastActivity, LastActivity, ListAccounts, ListActivityRecords, ListCredentials,
    ListEntitlements, ListExpenses, ListNonHumanAccounts, ListUpdatedAccounts, Listed, NonHumanAccount,
    NonHumanAccountLastActivity, OneAccount, OneApplication, OneApplicationAccount, Position,
    ProbeIntegration, ProbeResults, Resource, ResourceGraph, TransferData, UnassignApplicationEntitlement,
    UnassignEntitlement, UnassignedApplication, UnassignedEntitlement, UpdateAccount, UpdatedAccount,
    UpdatedAccounts, ValidateCredentialConfig, ValidatedCredentialConfig, ValidatedCredentials, Written,
    list, write,
};
use crate::call::Call;
use crate::capability::{Capability, names};
use crate::error::Result;

/// Asks for the credentials' account; there is nothing to choose.
pub type ValidateCredentials = Everything;

/// Makes a registering function for each line, by what the capability is: it reads one thing, reads a page of many, or
/// writes.
macro_rules! capabilities {
    ($($kind:ident $name:ident $constant:ident ($request:ty) -> $response:ty, $description:literal;)*) => {
        $(capabilities!(@$kind $name $constant ($request) -> $response, $description);)*
    };
    (@read $name:ident $constant:ident ($request:ty) -> $response:ty, $description:literal) => {
        #[doc = $description]
        pub fn $name<S, F, Fut>(handler: F) -> Capability<S>
        where
            S: Send + Sync + 'static,
            F: Fn(Call<S>, $request) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<$response>> + Send + 'static,
        {
            Capability::new(names::$constant, handler).description($description)
        }
    };
    (@list $name:ident $constant:ident ($request:ty) -> $response:ty, $description:literal) => {
        #[doc = $description]
        pub fn $name<S, F, Fut>(handler: F) -> Capability<S>
        where
            S: Send + Sync + 'static,
            F: Fn(Call<S>, $request, Position) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<Listed<$response>>> + Send + 'static,
        {
            list(names::$constant, handler).description($description)
        }
    };
    (@write $name:ident $constant:ident ($request:ty) -> $response:ty, $description:literal) => {
        #[doc = $description]
        pub fn $name<S, F, Fut>(handler: F) -> Capability<S>
        where
            S: Send + Sync + 'static,
            F: Fn(Call<S>, $request) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<Written<$response>>> + Send + 'static,
        {
            write(names::$constant, handler).description($description)
        }
    };
}

capabilities! {
    list list_accounts LIST_ACCOUNTS (ListAccounts) -> Account, "Lists accounts.";
    read list_updated_accounts LIST_UPDATED_ACCOUNTS (ListUpdatedAccounts) -> UpdatedAccounts, "Lists accounts that changed.";
    read get_account GET_ACCOUNT (GetAccount) -> Account, "Reads one account.";
    write activate_account ACTIVATE_ACCOUNT (OneAccount) -> ActivatedAccount, "Makes an account usable.";
    write deactivate_account DEACTIVATE_ACCOUNT (OneAccount) -> DeactivatedAccount, "Makes an account unusable.";
    write delete_account DELETE_ACCOUNT (OneAccount) -> DeletedAccount, "Removes an account.";
    write transfer_data TRANSFER_DATA (TransferData) -> Done, "Hands what one account owns to another.";
    write release_resources RELEASE_RESOURCES (OneAccount) -> Done, "Frees what an account holds.";
    write downgrade_license DOWNGRADE_LICENSE (OneAccount) -> Done, "Gives an account a cheaper license.";

    list list_entitlements LIST_ENTITLEMENTS (ListEntitlements) -> Entitlement, "Lists entitlements.";
    list find_entitlement_associations FIND_ENTITLEMENT_ASSOCIATIONS (Everything) -> Association, "Lists which account has which entitlement.";
    list get_account_entitlement_associations GET_ACCOUNT_ENTITLEMENT_ASSOCIATIONS (OneAccount) -> Association, "Lists the entitlements of one account.";
    write assign_entitlement ASSIGN_ENTITLEMENT (AssignEntitlement) -> AssignedEntitlement, "Gives an account an entitlement.";
    write unassign_entitlement UNASSIGN_ENTITLEMENT (UnassignEntitlement) -> UnassignedEntitlement, "Takes an entitlement from an account.";

    list list_resources LIST_RESOURCES (Everything) -> Resource, "Lists resources.";
    list list_custom_attributes_schema LIST_CUSTOM_ATTRIBUTES_SCHEMA (Everything) -> CustomAttributeSchema, "Lists attributes that can be asked for.";
    list list_expenses LIST_EXPENSES (ListExpenses) -> Expense, "Lists expenses.";

    list get_last_activity GET_LAST_ACTIVITY (GetLastActivity) -> LastActivity, "Tells when accounts did something last.";
    list list_activity_records LIST_ACTIVITY_RECORDS (ListActivityRecords) -> ActivityRecord, "Lists what accounts did.";
    read get_data_recency GET_DATA_RECENCY (Everything) -> DataRecency, "Tells how old the app's data is.";

    list list_applications LIST_APPLICATIONS (Everything) -> Application, "Lists applications.";
    read get_application GET_APPLICATION (OneApplication) -> Application, "Reads one application.";
    read get_application_account GET_APPLICATION_ACCOUNT (OneApplicationAccount) -> ApplicationAccount, "Reads one account of an application.";
    list list_applications_accounts LIST_APPLICATIONS_ACCOUNTS (Everything) -> ApplicationAccount, "Lists accounts of applications.";
    list list_applications_activity_records LIST_APPLICATIONS_ACTIVITY_RECORDS (ListActivityRecords) -> ApplicationActivityRecord, "Lists what accounts did in applications.";
    list list_applications_entitlements LIST_APPLICATIONS_ENTITLEMENTS (ListEntitlements) -> ApplicationEntitlement, "Lists entitlements in applications.";
    list list_applications_resources LIST_APPLICATIONS_RESOURCES (Everything) -> ApplicationResource, "Lists resources of applications.";
    list list_applications_entitlement_associations LIST_APPLICATIONS_ENTITLEMENT_ASSOCIATIONS (Everything) -> ApplicationAssociation, "Lists which account has which entitlement in which application.";
    write assign_application ASSIGN_APPLICATION (OneApplicationAccount) -> AssignedApplication, "Lets an account into an application.";
    write unassign_application UNASSIGN_APPLICATION (OneApplicationAccount) -> UnassignedApplication, "Puts an account out of an application.";
    write assign_application_entitlement ASSIGN_APPLICATION_ENTITLEMENT (AssignApplicationEntitlement) -> AssignedEntitlement, "Gives an account an entitlement in an application.";
    write unassign_application_entitlement UNASSIGN_APPLICATION_ENTITLEMENT (UnassignApplicationEntitlement) -> UnassignedEntitlement, "Takes an entitlement in an application from an account.";

    list list_credentials LIST_CREDENTIALS (ListCredentials) -> Credential, "Lists credentials that the app has given out.";
    list get_credential_last_activity GET_CREDENTIAL_LAST_ACTIVITY (Everything) -> CredentialLastActivity, "Tells when credentials were used last.";
    read validate_credentials VALIDATE_CREDENTIALS (ValidateCredentials) -> ValidatedCredentials, "Tells whose credentials these are.";
    read validate_credential_config VALIDATE_CREDENTIAL_CONFIG (ValidateCredentialConfig) -> ValidatedCredentialConfig, "Tells whether a credential has everything that the app needs.";
    list list_non_human_accounts LIST_NON_HUMAN_ACCOUNTS (ListNonHumanAccounts) -> NonHumanAccount, "Lists what workloads run as.";
    list get_non_human_account_last_activity GET_NON_HUMAN_ACCOUNT_LAST_ACTIVITY (Everything) -> NonHumanAccountLastActivity, "Tells when non-human accounts did something last.";

    list find_entitlement_assignments FIND_ENTITLEMENT_ASSIGNMENTS (Everything) -> EntitlementAssignment, "Lists which resource has which entitlement.";
    read find_resource_graph FIND_RESOURCE_GRAPH (FindGraph) -> ResourceGraph, "Reads resources and how they belong together.";
    read find_entitlement_graph FIND_ENTITLEMENT_GRAPH (FindGraph) -> EntitlementGraph, "Reads entitlements and which of them imply others.";
    read probe_integration PROBE_INTEGRATION (ProbeIntegration) -> ProbeResults, "Tries whether the integration works for this account.";
}

/// Makes an account. `Fields` are what this app wants to know of it; [`Person`](super::Person) suits most.
pub fn create_account<S, Fields, F, Fut>(handler: F) -> Capability<S>
where
    S: Send + Sync + 'static,
    Fields: DeserializeOwned + JsonSchema + Send + 'static,
    F: Fn(Call<S>, CreateAccount<Fields>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Written<CreatedAccount>>> + Send + 'static,
{
    write(names::CREATE_ACCOUNT, handler).description("Makes an account.")
}

/// Changes an account. `Fields` are what can be changed in this app.
pub fn update_account<S, Fields, F, Fut>(handler: F) -> Capability<S>
where
    S: Send + Sync + 'static,
    Fields: DeserializeOwned + JsonSchema + Send + 'static,
    F: Fn(Call<S>, UpdateAccount<Fields>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Written<UpdatedAccount>>> + Send + 'static,
{
    write(names::UPDATE_ACCOUNT, handler).description("Changes an account.")
}
