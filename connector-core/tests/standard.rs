//! Standard capabilities: names, pages and what writes tell.

use std::sync::Arc;

use connector_core::dispatch::dispatch;
use connector_core::envelope::{Answer, RequestEnvelope};
use connector_core::host::{Host, NoHost};
use connector_core::integration::Integration;
use connector_core::standard::{
    self, Account, AccountStatus, CreateAccount, CreatedAccount, DeactivatedAccount, Entitlement,
    ListAccounts, ListEntitlements, Listed, OneAccount, Person, Position, Written,
};
use connector_core::{Call, ErrorCode, Result};
use serde_json::{Value, json};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Settings {}

/// Five accounts; the app's positions are plain numbers.
async fn list_accounts(_: Call<Settings>, _: ListAccounts, at: Position) -> Result<Listed<Account>> {
    let first: usize = at.next.map_or(0, |next| next.parse().expect("a number"));
    let account = |n: usize| Account { integration_specific_id: n.to_string(), ..Account::default() };
    let after = first + at.size as usize;
    let next = (after < 5).then(|| after.to_string());
    Ok(Listed::page((first..after.min(5)).map(account).collect(), next))
}

async fn list_entitlements(
    _: Call<Settings>,
    _: ListEntitlements,
    _: Position,
) -> Result<Listed<Entitlement>> {
    Ok(Listed::last(Vec::new()))
}

async fn deactivate(_: Call<Settings>, request: OneAccount) -> Result<Written<DeactivatedAccount>> {
    let done = DeactivatedAccount { status: AccountStatus::Inactive, deactivated: true };
    Ok(match request.account_id.as_str() {
        "idle" => Written::unchanged(done).describe("It was inactive."),
        _ => Written::updated(done),
    })
}

async fn create(_: Call<Settings>, request: CreateAccount<Person>) -> Result<Written<CreatedAccount>> {
    let created = CreatedAccount { id: request.fields.email, status: AccountStatus::Pending, created: true };
    Ok(Written::created(created))
}

fn integration() -> Arc<Integration> {
    let integration = Integration::builder::<Settings>("directory", "1.0.0")
        .capability(standard::list_accounts(list_accounts))
        .capability(standard::list_entitlements(list_entitlements))
        .capability(standard::deactivate_account(deactivate))
        .capability(standard::create_account(create));
    Arc::new(integration.build().expect("the declaration is sound"))
}

async fn call(capability: &str, envelope: &Value) -> Result<Answer> {
    let host: Arc<dyn Host> = Arc::new(NoHost);
    dispatch(&integration(), capability, RequestEnvelope::parse(&envelope.to_string())?, &host).await
}

async fn answer(capability: &str, envelope: Value) -> Value {
    let answer = call(capability, &envelope).await.expect("an answer");
    serde_json::from_str(&answer.to_json()).expect("an envelope is JSON")
}

#[tokio::test]
async fn a_list_is_read_page_by_page_to_its_end() {
    let mut ids = Vec::new();
    let mut page = json!({"size": 2});
    while !page.is_null() {
        let answer = answer("list_accounts", json!({"page": page})).await;
        let accounts = answer["response"].as_array().unwrap();
        ids.extend(accounts.iter().map(|account| account["integration_specific_id"].clone()));
        page = answer["page"].clone();
        assert!(page.is_null() || page["size"] == 2, "{page}");
    }
    assert_eq!(json!(ids), json!(["0", "1", "2", "3", "4"]));
}

#[tokio::test]
async fn a_page_token_opens_its_own_list_only() {
    let first = answer("list_accounts", json!({"page": {"size": 2}})).await;
    let token = &first["page"]["token"];
    assert!(!token.as_str().unwrap().contains('2'), "the app's position shows: {token}");
    for (capability, envelope) in [
        ("list_entitlements", json!({"page": {"token": token}})),
        ("list_accounts", json!({"page": {"token": token}, "request": {"custom_attributes": ["floor"]}})),
        ("list_accounts", json!({"page": {"token": "4"}})),
    ] {
        let error = call(capability, &envelope).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidPageToken, "{capability} {envelope}");
    }
}

#[tokio::test]
async fn a_write_tells_what_it_did() {
    let changed = answer("deactivate_account", json!({"request": {"account_id": "ada"}})).await;
    let idle = answer("deactivate_account", json!({"request": {"account_id": "idle"}})).await;
    assert_eq!(changed["execution_summary"]["effect"], json!({"kind": "updated"}));
    assert_eq!(
        idle["execution_summary"]["effect"],
        json!({"kind": "noop", "reason": "state_already_matches"})
    );
    assert_eq!(idle["execution_summary"]["is_idempotent"], true);
    assert_eq!(idle["execution_summary"]["description"], "It was inactive.");
    let fingerprint = |answer: &Value| answer["execution_summary"]["request_fingerprint"].clone();
    assert_ne!(fingerprint(&changed), fingerprint(&idle));
    let again = answer("deactivate_account", json!({"request": {"account_id": "ada"}})).await;
    assert_eq!(fingerprint(&changed), fingerprint(&again));
}

#[tokio::test]
async fn fields_of_the_connectors_own_stand_beside_the_standard_ones() {
    let request = json!({"request": {"email": "ada@example.com", "entitlements": [
        {"entitlement_type": "role", "integration_specific_id": "admin"}]}});
    let created = answer("create_account", request).await;
    assert_eq!(created["response"]["id"], "ada@example.com");
    assert_eq!(created["execution_summary"]["is_idempotent"], false);
    let entitlement = json!({"request": {"entitlements": [{"entitlement_type": "role"}]}});
    let error = call("create_account", &entitlement).await.unwrap_err();
    assert_eq!(error.message(), "/request/entitlements/0/integration_specific_id is missing");
}

#[tokio::test]
async fn reads_and_writes_are_told_apart_and_only_writes_are_summed_up() {
    use connector_core::capability::Effect;
    let integration = integration();
    let effect = |name: &str| integration.capability(name).unwrap().effect();
    assert_eq!(effect("list_accounts"), Effect::Read);
    assert_eq!(effect("create_account"), Effect::Write);
    assert!(answer("list_accounts", json!({})).await.get("execution_summary").is_none());
}
