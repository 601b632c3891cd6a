//! Entitlements, resources, credentials and expenses, and requests of the caller's own. The probe is the framework's.

use connector_core::integration::IntegrationBuilder;
use connector_core::standard::{
    self, ActivityEvent, Amount, Approval, ApprovalStatus, AssignedEntitlement, Association, Credential,
    CredentialLastActivity, CredentialStatus, CustomAttribute, CustomizedType, EndpointPolicy, Entitlement,
    EntitlementAssignment, EntitlementGraph, Expense, ExpenseType, GraphEntitlement, GraphResource, Listed,
    Payment, PaymentStatus, Reference, ReferenceType, Resource, ResourceGraph, ResourceRelationship,
    SpendUser, UnassignedEntitlement, Vendor, Written,
};

use crate::Settings;

const POLICY: EndpointPolicy<Settings> = EndpointPolicy {
    base_url: |settings| Ok(settings.api_url.clone()),
    post_paths: &[("/search", "application/json")],
    headers: &["x-api-version"],
};

pub(crate) fn declare(directory: IntegrationBuilder<Settings>) -> IntegrationBuilder<Settings> {
    directory
        .capability(standard::list_entitlements(|_, _, _| async { Ok(Listed::last(vec![entitlement()])) }))
        .capability(standard::find_entitlement_associations(|_, _, _| async {
            Ok(Listed::last(vec![association("0".into())]))
        }))
        .capability(standard::get_account_entitlement_associations(|_, request, _| async move {
            Ok(Listed::last(vec![association(request.account_id)]))
        }))
        .capability(standard::assign_entitlement(|_, _| async {
            Ok(Written::updated(AssignedEntitlement { assigned: true }))
        }))
        .capability(standard::unassign_entitlement(|_, _| async {
            Ok(Written::unchanged(UnassignedEntitlement { unassigned: true }))
        }))
        .capability(standard::list_resources(|_, _, _| async { Ok(Listed::last(vec![resource()])) }))
        .capability(standard::find_resource_graph(|_, _| async { Ok(resource_graph()) }))
        .capability(standard::find_entitlement_graph(|_, _| async {
            let nodes = vec![GraphEntitlement { id: "admin".into(), ..GraphEntitlement::default() }];
            Ok(EntitlementGraph { nodes, ..EntitlementGraph::default() })
        }))
        .capability(standard::find_entitlement_assignments(|_, _, _| async {
            Ok(Listed::last(vec![EntitlementAssignment::default()]))
        }))
        .capability(standard::list_credentials(|_, _, _| async { Ok(Listed::last(vec![credential()])) }))
        .capability(standard::get_credential_last_activity(|_, _, _| async {
            Ok(Listed::last(vec![CredentialLastActivity {
                credential_id: "key".into(),
                event_type: ActivityEvent::LastActivity,
                happened_at: "2026-01-15T09:30:00Z".into(),
            }]))
        }))
        .capability(standard::list_expenses(|_, _, _| async { Ok(Listed::last(vec![expense()])) }))
        .capability(standard::fulfill_arbitrary_endpoint(POLICY))
}

fn entitlement() -> Entitlement {
    Entitlement {
        entitlement_type: "role".into(),
        integration_specific_id: "admin".into(),
        integration_specific_resource_id: "staff".into(),
        label: "Administrator".into(),
        is_assignable: Some(true),
        ..Entitlement::default()
    }
}

fn association(account_id: String) -> Association {
    Association {
        account_id,
        integration_specific_entitlement_id: "admin".into(),
        integration_specific_resource_id: "staff".into(),
    }
}

fn resource() -> Resource {
    Resource {
        integration_specific_id: "staff".into(),
        label: "Staff".into(),
        resource_type: "group".into(),
        ..Resource::default()
    }
}

fn resource_graph() -> ResourceGraph {
    let reference = Some(Reference { id: "0".into(), r#type: ReferenceType::Account });
    ResourceGraph {
        resources: vec![GraphResource { id: "staff".into(), reference, ..GraphResource::default() }],
        resource_relationships: vec![ResourceRelationship::default()],
        custom_attributes: vec![CustomAttribute {
            record_id: "staff".into(),
            label: "floor".into(),
            value: 3.into(),
            r#type: CustomizedType::Resource,
        }],
    }
}

fn credential() -> Credential {
    Credential {
        resource_id: "cred:key".into(),
        external_id: "key".into(),
        label: "Builds".into(),
        credential_type: "api_key".into(),
        status: Some(CredentialStatus::Stale),
        ..Credential::default()
    }
}

fn expense() -> Expense {
    let amount = Amount { amount: "12.50".into(), currency: "EUR".into() };
    Expense {
        id: "1".into(),
        report_id: None,
        transaction_date: "2026-01-15".into(),
        payment_date: None,
        total_amount: amount.clone(),
        paid_amount: Some(amount),
        seller: Vendor::default(),
        description: "Lunch".into(),
        submitter: SpendUser::default(),
        r#type: ExpenseType::Reimbursement,
        approval_status: ApprovalStatus {
            id: None,
            display_value: Some("Yes".into()),
            value: None,
            normalized_value: Approval::Approved,
        },
        payment_status: PaymentStatus {
            id: None,
            display_value: None,
            value: None,
            normalized_value: Payment::Paid,
        },
        url: None,
        attributes: None,
        custom_attributes: None,
    }
}
