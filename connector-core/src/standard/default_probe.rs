//! The probe of a connector that has none of its own: it reads a page of each standard list and tells what came.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout};

use super::probe::{
    Coverage, ProbeCheck, ProbeCheckName, ProbeCheckSource, ProbeCheckStatus, ProbeIntegration, ProbeResults,
    ProbeSample, ProbeStatus, ProbedCustomAttribute, ProbedEntitlementType, SampledAccount,
    SampledAssociation, SampledCustomAttribute, SampledEntitlement,
};
use super::{Account, Association, CustomAttributeSchema, CustomizedType, Entitlement};
use crate::call::CallContext;
use crate::capability::{Capability, names};
use crate::envelope::{Answer, PageRequestEnvelope, error_json};
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::schema;

/// Records that a check looks at: several to recognize, and few to wait for.
const PAGE: u32 = 10;
/// Pages of entitlements that are searched for one of each declared type.
const PAGES_OF_ENTITLEMENTS: usize = 5;
/// Accounts whose entitlements are asked for.
const ACCOUNTS_WITH_ENTITLEMENTS: usize = 3;
/// A person waits for a probe; a check that takes longer has failed.
const LONGEST_CHECK: Duration = Duration::from_mins(3);

const CHECKS: [ProbeCheckName; 3] =
    [ProbeCheckName::Accounts, ProbeCheckName::Entitlements, ProbeCheckName::EntitlementAssociations];

/// The lists that a check can be made with.
const TRIED: [&str; 4] = [
    names::LIST_ACCOUNTS,
    names::LIST_ENTITLEMENTS,
    names::FIND_ENTITLEMENT_ASSOCIATIONS,
    names::GET_ACCOUNT_ENTITLEMENT_ASSOCIATIONS,
];

/// The probe, for a connector with these capabilities; `None` where there is nothing to try.
pub(crate) fn capability<'c>(mut registered: impl Iterator<Item = &'c Capability>) -> Option<Capability> {
    registered.find(|capability| TRIED.contains(&capability.name()) && is_standard(capability))?;
    let handler =
        |context: CallContext, request| -> futures_util::future::BoxFuture<'static, Result<Answer>> {
            Box::pin(async move {
                let request: ProbeIntegration = schema::typed(Value::Object(request), "/request")?;
                Answer::new(&Probe { context, request }.run().await)
            })
        };
    let capability = Capability::erased(
        names::PROBE_INTEGRATION,
        Arc::new(schema::schema_of::<ProbeIntegration>),
        Arc::new(|| schema::text(&schema::output_schema_of::<ProbeResults>())),
        Arc::new(handler),
    );
    Some(capability.description("Tries whether the integration works for this account."))
}

/// A stream that happens to be called `accounts` lists records of another form.
fn is_standard(capability: &Capability) -> bool {
    capability.module() == "capabilities"
}

struct Probe {
    context: CallContext,
    request: ProbeIntegration,
}

/// What a check saw; the name, the source and the time are added for all alike.
#[derive(Default)]
struct Seen {
    capability: &'static str,
    count: usize,
    message: String,
    samples: Vec<ProbeSample>,
    entitlement_types: Vec<ProbedEntitlementType>,
    custom_attributes: Vec<ProbedCustomAttribute>,
}

/// Why a check could not be made.
enum Unmade {
    /// The connector lacks this capability.
    Unsupported(&'static str),
    /// This capability failed.
    Failed(&'static str, ConnectorError),
}

type Made = std::result::Result<Seen, Unmade>;

impl Probe {
    async fn run(&self) -> ProbeResults {
        let start = Instant::now();
        let mut checks = Vec::new();
        for name in CHECKS {
            checks.push(self.check(name).await);
        }
        ProbeResults { status: status(&checks), checks, duration_ms: milliseconds(start) }
    }

    async fn check(&self, name: ProbeCheckName) -> ProbeCheck {
        if self.request.checks.as_ref().is_some_and(|wanted| !wanted.contains(&name)) {
            return ended(name, ProbeCheckStatus::Skipped, Some("Nobody asked for it."));
        }
        let start = Instant::now();
        let check = timeout(LONGEST_CHECK, async {
            match name {
                ProbeCheckName::Accounts => self.accounts().await,
                ProbeCheckName::Entitlements => self.entitlements().await,
                _ => self.associations().await,
            }
        });
        let check = match check.await {
            Ok(Ok(seen)) => passed_if_any(name, seen),
            Ok(Err(Unmade::Unsupported(capability))) => {
                let message = format!("The connector has no {capability}.");
                ProbeCheck {
                    capability: Some(capability.to_owned()),
                    ..ended(name, ProbeCheckStatus::Unsupported, Some(&message))
                }
            }
            Ok(Err(Unmade::Failed(capability, error))) => self.failed(name, capability, &error),
            Err(_) => {
                let error = ConnectorError::new(ErrorCode::RequestTimeout, "the check took too long");
                self.failed(name, names::PROBE_INTEGRATION, &error)
            }
        };
        ProbeCheck { duration_ms: milliseconds(start), ..check }
    }

    fn failed(&self, name: ProbeCheckName, capability: &str, error: &ConnectorError) -> ProbeCheck {
        let app_id = self.context.integration().app_id();
        let told = error_json(error, app_id, &format!("{app_id}::capabilities:{capability}"));
        let message = error.hint_text().unwrap_or(error.message());
        ProbeCheck {
            capability: Some(capability.to_owned()),
            error: told.as_object().cloned(),
            ..ended(name, ProbeCheckStatus::Failed, Some(message))
        }
    }

    async fn accounts(&self) -> Made {
        let capability = names::LIST_ACCOUNTS;
        let known = self.attributes().await;
        let wanted = |attribute: &&CustomAttributeSchema| {
            let wanted = self.request.custom_attributes.as_ref().filter(|wanted| !wanted.is_empty());
            wanted.is_none_or(|wanted| wanted.contains(&attribute.name))
        };
        let attributes: Vec<&CustomAttributeSchema> = known.iter().filter(wanted).collect();
        let names: Vec<&str> = attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        let request = if names.is_empty() { json!({}) } else { json!({"custom_attributes": names}) };
        let (accounts, _) = self.list::<Account>(capability, &request, None).await?;
        let has = |account: &Account, name: &str| {
            account
                .custom_attributes
                .as_ref()
                .is_some_and(|values| values.get(name).is_some_and(|value| !value.is_empty()))
        };
        let covered = |name: &&str| ProbedCustomAttribute {
            name: (*name).to_owned(),
            status: found(accounts.iter().any(|account| has(account, name))),
        };
        Ok(Seen {
            capability,
            count: accounts.len(),
            message: "No account was listed: the credentials may not be allowed to see any.".into(),
            custom_attributes: names.iter().map(covered).collect(),
            samples: accounts.iter().map(|account| sampled(account, &attributes)).collect(),
            ..Seen::default()
        })
    }

    /// What accounts can have. Without it the check tells of accounts all the same.
    async fn attributes(&self) -> Vec<CustomAttributeSchema> {
        let listed = self.list(names::LIST_CUSTOM_ATTRIBUTES_SCHEMA, &json!({}), None).await;
        let (mut attributes, _): (Vec<CustomAttributeSchema>, _) = listed.unwrap_or_default();
        attributes.retain(|attribute| attribute.customized_type == CustomizedType::Account);
        attributes
    }

    async fn entitlements(&self) -> Made {
        let capability = names::LIST_ENTITLEMENTS;
        let declared = self.context.integration().entitlement_types();
        let mut entitlements: Vec<Entitlement> = Vec::new();
        let mut missing: BTreeSet<&str> = declared.iter().map(|declared| declared.type_id.as_str()).collect();
        let mut token = None;
        let mut is_all = false;
        for page in 0..PAGES_OF_ENTITLEMENTS {
            let listed = self.list::<Entitlement>(capability, &json!({}), token.take()).await;
            let (records, next) = match listed {
                Ok(listed) => listed,
                Err(unmade) if page == 0 => return Err(unmade),
                // Entitlements can be listed, which is what was asked. Of the types, fewer are known.
                Err(_) => break,
            };
            for record in &records {
                missing.remove(record.entitlement_type.as_str());
            }
            entitlements.extend(records);
            token = next;
            is_all = token.is_none();
            if is_all || missing.is_empty() {
                break;
            }
        }
        let status = |type_id: &str| match (missing.contains(type_id), is_all) {
            (false, _) => Coverage::Found,
            (true, true) => Coverage::NotFound,
            (true, false) => Coverage::NotChecked,
        };
        let probed = |type_id: &String| ProbedEntitlementType {
            status: status(type_id),
            entitlement_type: type_id.clone(),
        };
        Ok(Seen {
            capability,
            count: entitlements.len(),
            message: "No entitlement was listed.".into(),
            entitlement_types: declared.iter().map(|declared| probed(&declared.type_id)).collect(),
            samples: entitlements.into_iter().map(sampled_entitlement).collect(),
            ..Seen::default()
        })
    }

    async fn associations(&self) -> Made {
        let listed = self.list::<Account>(names::LIST_ACCOUNTS, &json!({}), None).await;
        let accounts: Vec<String> = listed
            .map(|(accounts, _)| {
                accounts.into_iter().map(|account| account.integration_specific_id).collect()
            })
            .unwrap_or_default();
        let by_account = names::GET_ACCOUNT_ENTITLEMENT_ASSOCIATIONS;
        let (capability, associations) = if !accounts.is_empty() && self.has(by_account) {
            (by_account, self.associations_of(&accounts).await?)
        } else {
            let find = names::FIND_ENTITLEMENT_ASSOCIATIONS;
            (find, self.list::<Association>(find, &json!({}), None).await?.0)
        };
        let linked = |association: &Association| {
            capability == by_account || accounts.contains(&association.account_id)
        };
        Ok(Seen {
            capability,
            count: associations.len(),
            message: "No account has an entitlement, as far as these credentials can see.".into(),
            samples: associations
                .into_iter()
                .map(|one| {
                    let linked_to_sampled_account = linked(&one);
                    sampled_association(one, linked_to_sampled_account)
                })
                .collect(),
            ..Seen::default()
        })
    }

    async fn associations_of(&self, accounts: &[String]) -> std::result::Result<Vec<Association>, Unmade> {
        let capability = names::GET_ACCOUNT_ENTITLEMENT_ASSOCIATIONS;
        let mut associations: Vec<Association> = Vec::new();
        for account in accounts.iter().take(ACCOUNTS_WITH_ENTITLEMENTS) {
            match self.list(capability, &json!({"account_id": account}), None).await {
                Ok((found, _)) => associations.extend(found),
                Err(unmade) if associations.is_empty() => return Err(unmade),
                // That accounts have entitlements has been seen.
                Err(_) => break,
            }
        }
        Ok(associations)
    }

    fn has(&self, capability: &str) -> bool {
        self.context.integration().capability(capability).is_some_and(is_standard)
    }

    /// A page of a list, and the token of the next.
    async fn list<T: DeserializeOwned>(
        &self,
        name: &'static str,
        request: &Value,
        token: Option<String>,
    ) -> std::result::Result<(Vec<T>, Option<String>), Unmade> {
        let registered = self.context.integration().capability(name);
        let capability = registered.filter(|found| is_standard(found)).ok_or(Unmade::Unsupported(name))?;
        let request = request.as_object().cloned().unwrap_or_else(Map::new);
        let context = self.context.at_page(PageRequestEnvelope { token, size: Some(PAGE) });
        let answer = capability.run(context, request).await.map_err(|error| Unmade::Failed(name, error))?;
        let records = serde_json::from_str(answer.response.get()).map_err(|error| {
            let message = "the answer is not that of a standard list";
            Unmade::Failed(name, ConnectorError::new(ErrorCode::InvalidResponse, message).source(error))
        })?;
        Ok((records, answer.page.map(|page| page.token)))
    }
}

fn ended(check: ProbeCheckName, status: ProbeCheckStatus, message: Option<&str>) -> ProbeCheck {
    ProbeCheck {
        check,
        status,
        source: ProbeCheckSource::Default,
        capability: None,
        observed_count: 0,
        message: message.map(ToOwned::to_owned),
        error: None,
        samples: Vec::new(),
        entitlement_types: None,
        custom_attributes: None,
        duration_ms: None,
    }
}

/// A list that is empty proves nothing, not even what its records lack: most often the credentials may not see what is
/// there.
fn passed_if_any(check: ProbeCheckName, seen: Seen) -> ProbeCheck {
    let capability = Some(seen.capability.to_owned());
    if seen.count == 0 {
        return ProbeCheck { capability, ..ended(check, ProbeCheckStatus::Failed, Some(&seen.message)) };
    }
    ProbeCheck {
        capability,
        observed_count: i32::try_from(seen.count).unwrap_or(i32::MAX),
        entitlement_types: Some(seen.entitlement_types).filter(|types| !types.is_empty()),
        custom_attributes: Some(seen.custom_attributes).filter(|attributes| !attributes.is_empty()),
        samples: seen.samples,
        ..ended(check, ProbeCheckStatus::Passed, None)
    }
}

/// How all checks together ended: one that failed decides, and so does it when nothing could be tried.
fn status(checks: &[ProbeCheck]) -> ProbeStatus {
    let any = |status| checks.iter().any(|check| check.status == status);
    let is_covered = |check: &ProbeCheck| {
        let types = check.entitlement_types.iter().flatten().map(|probed| probed.status);
        let attributes = check.custom_attributes.iter().flatten().map(|probed| probed.status);
        types.chain(attributes).all(|status| status == Coverage::Found)
    };
    let nothing_tried = any(ProbeCheckStatus::Unsupported) && !any(ProbeCheckStatus::Passed);
    if any(ProbeCheckStatus::Failed) || nothing_tried {
        ProbeStatus::Failed
    } else if checks.iter().all(is_covered) {
        ProbeStatus::Passed
    } else {
        ProbeStatus::Partial
    }
}

fn found(is_found: bool) -> Coverage {
    if is_found { Coverage::Found } else { Coverage::NotFound }
}

fn sampled(account: &Account, attributes: &[&CustomAttributeSchema]) -> ProbeSample {
    let value = |name: &str| account.custom_attributes.as_ref()?.get(name).cloned();
    let attributes = attributes.iter().map(|attribute| SampledCustomAttribute {
        name: attribute.name.clone(),
        value: value(&attribute.name),
        customized_type: Some(attribute.customized_type),
        attribute_type: Some(attribute.attribute_type),
    });
    let attributes: Vec<SampledCustomAttribute> = attributes.collect();
    ProbeSample::Account(SampledAccount {
        integration_specific_id: account.integration_specific_id.clone(),
        email: account.email.clone(),
        username: account.username.clone(),
        user_status: account.user_status,
        custom_attributes: Some(attributes).filter(|attributes| !attributes.is_empty()),
    })
}

fn sampled_entitlement(entitlement: Entitlement) -> ProbeSample {
    ProbeSample::Entitlement(SampledEntitlement {
        integration_specific_id: entitlement.integration_specific_id,
        integration_specific_resource_id: entitlement.integration_specific_resource_id,
        entitlement_type: entitlement.entitlement_type,
        label: entitlement.label,
    })
}

fn sampled_association(association: Association, linked_to_sampled_account: bool) -> ProbeSample {
    ProbeSample::Association(SampledAssociation {
        account_id: association.account_id,
        integration_specific_entitlement_id: association.integration_specific_entitlement_id,
        integration_specific_resource_id: association.integration_specific_resource_id,
        linked_to_sampled_account,
    })
}

fn milliseconds(start: Instant) -> Option<i32> {
    i32::try_from(start.elapsed().as_millis()).ok()
}
