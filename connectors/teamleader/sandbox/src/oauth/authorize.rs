//! `GET /oauth2/authorize`: the page where the user consents, here answered at once.

use axum::http::Method;
use url::{Host, Url};

use super::{invalid_request, invalid_scope};
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;
use crate::switches::Consent;

pub(crate) fn authorize(state: &mut State, request: &Request) -> Reply {
    if request.method != Method::GET {
        return Reply::html(405, "Method Not Allowed");
    }
    let parameters = Parameters::read(&request.query);
    if parameters.client_id.as_deref() != Some(&state.client.id) {
        return Reply::html(401, "Unknown client");
    }
    let Some(redirect_uri) =
        parameters.redirect_uri.filter(|uri| is_allowed(uri, &state.switches.redirect_uris))
    else {
        return Reply::html(400, "Unknown redirect URI");
    };
    let Ok(mut target) = Url::parse(&redirect_uri) else {
        return Reply::html(400, "Unknown redirect URI");
    };
    let scopes = match parameters.scope {
        None => state.switches.scopes.clone(),
        Some(scope) => {
            let asked: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
            if asked.iter().any(|scope| !state.switches.scopes.contains(scope)) {
                return invalid_scope();
            }
            asked
        }
    };
    if parameters.challenge.is_some() && parameters.challenge_method.as_deref() != Some("S256") {
        return invalid_request("Code challenge method must be S256");
    }
    let response_type = parameters.response_type.unwrap_or_default();
    if !["code", "token"].contains(&response_type.as_str()) {
        return Reply::html(400, "Unsupported response type");
    }
    let now = state.clock.now();
    if state.switches.consent == Consent::Deny {
        target.query_pairs_mut().append_pair("error", "access_denied");
    } else if response_type == "token" {
        let token = state.grants.issue_implicit(scopes, state.account, now);
        let mut fragment = url::form_urlencoded::Serializer::new(String::new());
        fragment.append_pair("access_token", &token);
        fragment.append_pair("token_type", "Bearer").append_pair("expires_in", "900");
        if let Some(given) = &parameters.state {
            fragment.append_pair("state", given);
        }
        target.set_fragment(Some(&fragment.finish()));
        return redirect(&target);
    } else {
        let code = state.grants.issue_code(redirect_uri, parameters.challenge, scopes, now);
        target.query_pairs_mut().append_pair("code", &code);
    }
    if let Some(given) = &parameters.state {
        target.query_pairs_mut().append_pair("state", given);
    }
    redirect(&target)
}

fn redirect(target: &Url) -> Reply {
    Reply::empty(302).header("location", target.as_str())
}

#[derive(Default)]
struct Parameters {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    challenge: Option<String>,
    challenge_method: Option<String>,
}

impl Parameters {
    fn read(query: &str) -> Self {
        let mut parameters = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "client_id" => &mut parameters.client_id,
                "redirect_uri" => &mut parameters.redirect_uri,
                "response_type" => &mut parameters.response_type,
                "state" => &mut parameters.state,
                "scope" => &mut parameters.scope,
                "code_challenge" => &mut parameters.challenge,
                "code_challenge_method" => &mut parameters.challenge_method,
                _ => continue,
            };
            *field = Some(value.into_owned());
        }
        parameters
    }
}

/// Loopback addresses are allowed with any port; others must be listed.
fn is_allowed(uri: &str, listed: &[String]) -> bool {
    let is_loopback = Url::parse(uri).is_ok_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    });
    is_loopback || listed.iter().any(|allowed| allowed == uri)
}
