//! Accounts, what they did, and whether the credentials for all this are good.

use connector_core::http::HttpRequest;
use connector_core::integration::IntegrationBuilder;
use connector_core::standard::{
    self, Account, AccountStatus, AccountType, ActivatedAccount, ActivityEvent, ActivityRecord,
    ActivityTarget, Actor, CreateAccount, CreatedAccount, CustomAttributeSchema, CustomAttributeType,
    CustomizedType, DataRecency, DeactivatedAccount, DeletedAccount, Done, GetLastActivity, LastActivity,
    ListAccounts, Listed, NonHumanAccount, NonHumanAccountLastActivity, Person, Position, UpdateAccount,
    UpdatedAccount, UpdatedAccounts, ValidatedCredentialConfig, ValidatedCredentials, Written,
};
use connector_core::{Call, ConnectorError, ErrorCode, Result};

use crate::Settings;

const LONG_AGO: &str = "2026-01-15T09:30:00Z";

pub(crate) fn declare(directory: IntegrationBuilder<Settings>) -> IntegrationBuilder<Settings> {
    directory
        .capability(standard::list_accounts(list_accounts))
        .capability(standard::get_account(|call, request| async move { found(&call, &request.account_id) }))
        .capability(standard::list_updated_accounts(|_, request| async move {
            let accounts = if request.cursor.is_some() { Vec::new() } else { vec![account(0)] };
            Ok(UpdatedAccounts { accounts, cursor: Some("1".into()) })
        }))
        .capability(standard::create_account(|_, request: CreateAccount<Person>| async move {
            let id = request.fields.email;
            Ok(Written::created(CreatedAccount { id, status: AccountStatus::Pending, created: true }))
        }))
        .capability(standard::update_account(|_, request: UpdateAccount<Person>| async move {
            Ok(Written::updated(UpdatedAccount { id: request.id }).describe("Its name is another."))
        }))
        .capability(standard::activate_account(|_, _| async {
            Ok(Written::unchanged(ActivatedAccount { status: AccountStatus::Active, activated: true }))
        }))
        .capability(standard::deactivate_account(|_, _| async {
            let done = DeactivatedAccount { status: AccountStatus::Inactive, deactivated: true };
            let caught = ConnectorError::new(ErrorCode::NotFound, "it had no sessions to end");
            Ok(Written::updated(done).caught(caught))
        }))
        .capability(standard::delete_account(|_, _| async {
            Ok(Written::deleted(DeletedAccount { status: AccountStatus::Deleted, deleted: true }))
        }))
        .capability(standard::transfer_data(|_, _| async { Ok(Written::updated(done())) }))
        .capability(standard::release_resources(|_, _| async { Ok(Written::updated(done())) }))
        .capability(standard::downgrade_license(|_, _| async {
            let reason = Some("there is no cheaper one".into());
            Ok(Written::unchanged(Done { success: false, reason }))
        }))
        .capability(standard::get_last_activity(get_last_activity))
        .capability(standard::list_activity_records(|_, request, _| async move {
            Ok(Listed::last(request.actors.into_iter().map(record).collect()))
        }))
        .capability(standard::get_data_recency(|_, _| async {
            let read = LONG_AGO.parse().ok();
            Ok(DataRecency { data: [("list_accounts".into(), read), ("list_resources".into(), None)].into() })
        }))
        .capability(standard::list_non_human_accounts(|_, _, _| async {
            Ok(Listed::last(vec![non_human_account()]))
        }))
        .capability(standard::get_non_human_account_last_activity(|_, _, _| async {
            Ok(Listed::last(vec![NonHumanAccountLastActivity {
                non_human_account_id: "deploy".into(),
                event_type: ActivityEvent::LastLogin,
                happened_at: LONG_AGO.into(),
            }]))
        }))
        .capability(standard::list_custom_attributes_schema(|_, _, _| async {
            Ok(Listed::last(vec![CustomAttributeSchema {
                customized_type: CustomizedType::Account,
                name: "floor".into(),
                attribute_type: CustomAttributeType::Integer,
                description: None,
            }]))
        }))
        .capability(standard::validate_credentials(|_, _| async {
            Ok(ValidatedCredentials { valid: true, unique_tenant_id: "example".into() })
        }))
        .capability(standard::validate_credential_config(|_, request| async move {
            let valid = request.credential.contains_key("token");
            let errors = (!valid).then(|| vec!["a token is missing".into()]);
            Ok(ValidatedCredentialConfig { valid, validation_errors: errors })
        }))
}

/// Positions are plain numbers; callers see them sealed.
async fn list_accounts(call: Call<Settings>, _: ListAccounts, at: Position) -> Result<Listed<Account>> {
    let first: u32 = at.next.and_then(|next| next.parse().ok()).unwrap_or(0);
    let end = first.saturating_add(at.size).min(call.settings().accounts);
    let next = (end < call.settings().accounts).then(|| end.to_string());
    Ok(Listed::page((first..end).map(account).collect(), next))
}

fn found(call: &Call<Settings>, id: &str) -> Result<Account> {
    let number = id.parse().ok().filter(|number| *number < call.settings().accounts);
    number.map(account).ok_or_else(|| ConnectorError::new(ErrorCode::NotFound, "no account has this id"))
}

/// The one thing that the app itself is asked for.
async fn get_last_activity(
    call: Call<Settings>,
    request: GetLastActivity,
    _: Position,
) -> Result<Listed<LastActivity>> {
    call.send(&HttpRequest::get(call.settings().api_url.clone()), |_| Ok(())).await?;
    let activity = |account_id| LastActivity {
        account_id,
        event_type: "last_login".into(),
        happened_at: LONG_AGO.into(),
    };
    Ok(Listed::last(request.account_ids.into_iter().map(activity).collect()))
}

fn account(number: u32) -> Account {
    Account {
        integration_specific_id: number.to_string(),
        email: Some(format!("person{number}@example.com")),
        user_status: Some(AccountStatus::Active),
        account_type: Some(AccountType::User),
        custom_attributes: Some([("floor".into(), "3".into())].into()),
        extra_data: Some([("badge".to_owned(), number.into())].into_iter().collect()),
        ..Account::default()
    }
}

fn record(actor: Actor) -> ActivityRecord {
    let targets = vec![ActivityTarget { account_id: Some(actor.account_id.clone()), entitlement: None }];
    ActivityRecord {
        id: "1".into(),
        activity_type: "ACCOUNT_LOGIN".into(),
        timestamp: LONG_AGO.into(),
        actor,
        targets,
        metadata: None,
    }
}

fn non_human_account() -> NonHumanAccount {
    NonHumanAccount {
        resource_id: "nha:deploy".into(),
        id: "deploy".into(),
        label: "Deploy".into(),
        workload_name: "builds".into(),
        workload_id: "builds/1".into(),
        r#type: "runner".into(),
        status: AccountStatus::Active,
        created_at: Some(LONG_AGO.into()),
        updated_at: None,
        last_login: None,
        last_activity: None,
        custom_attributes: None,
        extra_data: None,
    }
}

fn done() -> Done {
    Done { success: true, reason: None }
}
