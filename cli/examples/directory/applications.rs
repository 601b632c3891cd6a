//! Applications behind the directory.

use connector_core::integration::IntegrationBuilder;
use connector_core::standard::{
    self, AccountStatus, ActivityRecord, Application, ApplicationAccount, ApplicationEntitlement,
    ApplicationStatus, AssignedApplication, AssignedEntitlement, AssignmentMode, Association, Listed,
    OfApplication, Resource, SignOnMode, UnassignedApplication, UnassignedEntitlement, Written,
};

use crate::Settings;

pub(crate) fn declare(directory: IntegrationBuilder<Settings>) -> IntegrationBuilder<Settings> {
    directory
        .capability(standard::list_applications(|_, _, _| async { Ok(Listed::last(vec![wiki()])) }))
        .capability(standard::get_application(|_, _| async { Ok(wiki()) }))
        .capability(standard::get_application_account(
            |_, request| async move { Ok(account(request.account_id)) },
        ))
        .capability(standard::list_applications_accounts(|_, _, _| async {
            Ok(Listed::last(vec![account("0".into())]))
        }))
        .capability(standard::list_applications_activity_records(|_, _, _| async {
            Ok(Listed::last(vec![of_wiki(ActivityRecord::default())]))
        }))
        .capability(standard::list_applications_entitlements(|_, _, _| async {
            Ok(Listed::last(vec![ApplicationEntitlement {
                application_instance_id: "wiki".into(),
                entitlement_type: "role".into(),
                integration_specific_id: "editor".into(),
                ..ApplicationEntitlement::default()
            }]))
        }))
        .capability(standard::list_applications_resources(|_, _, _| async {
            Ok(Listed::last(vec![of_wiki(Resource::default())]))
        }))
        .capability(standard::list_applications_entitlement_associations(|_, _, _| async {
            Ok(Listed::last(vec![of_wiki(Association::default())]))
        }))
        .capability(standard::assign_application(|_, _| async {
            Ok(Written::created(AssignedApplication { assigned: true, provisioned: true }))
        }))
        .capability(standard::unassign_application(|_, _| async {
            Ok(Written::deleted(UnassignedApplication {
                unassigned: true,
                deprovisioned: false,
                status: AccountStatus::Suspended,
            }))
        }))
        .capability(standard::assign_application_entitlement(|_, _| async {
            Ok(Written::updated(AssignedEntitlement { assigned: true }))
        }))
        .capability(standard::unassign_application_entitlement(|_, _| async {
            Ok(Written::updated(UnassignedEntitlement { unassigned: true }))
        }))
}

fn wiki() -> Application {
    Application {
        id: "wiki".into(),
        name: "wiki".into(),
        display_name: Some("The wiki".into()),
        description: None,
        status: ApplicationStatus::Active,
        logo: None,
        sign_on_mode: SignOnMode::Oidc,
        sso_login_url: None,
        assignment_modes: vec![AssignmentMode::Account, AssignmentMode::Entitlement],
    }
}

fn account(account_id: String) -> ApplicationAccount {
    ApplicationAccount { account_id, application_instance_id: "wiki".into(), status: AccountStatus::Active }
}

fn of_wiki<T>(content: T) -> OfApplication<T> {
    OfApplication { application_instance_id: "wiki".into(), content }
}
