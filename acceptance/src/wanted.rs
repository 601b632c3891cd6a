//! What somebody would have to give so that more checks can be made: a configuration to begin with.

use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::report::Finding;
use crate::schema;

/// Each part that some check wants, with made-up values to put others in the place of.
pub(crate) fn configuration(context: &Context, findings: &[Finding]) -> Map<String, Value> {
    let wants = |part: &'static str| findings.iter().filter(move |finding| finding.wants == Some(part));
    let mut configuration = Map::new();
    for (part, example) in [
        ("stand_in", json!({"command": ["./the-stand-in"]})),
        ("addresses", json!(["the_setting_with_the_address"])),
        ("changes", json!([{"method": "PUT", "path": "/a/record/of/the/stand-in", "body": {}}])),
    ] {
        if wants(part).next().is_some() {
            configuration.insert(part.to_owned(), example);
        }
    }
    if wants("auth").next().is_some() {
        let authentication = &context.declared.authentication;
        configuration.insert("auth".to_owned(), schema::sample(authentication, authentication));
    }
    let asked = wants("requests").filter_map(|finding| finding.capability.as_ref());
    let requests: Map<String, Value> =
        asked.map(|capability| (capability.clone(), context.request(capability))).collect();
    if !requests.is_empty() {
        configuration.insert("requests".to_owned(), requests.into());
    }
    configuration
}
