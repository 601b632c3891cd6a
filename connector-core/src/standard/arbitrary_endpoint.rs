//! `fulfill_arbitrary_endpoint`: a request of the caller's own to the app, inside bounds that the connector sets.

mod target;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::call::Call;
use crate::capability::{Capability, names};
use crate::error::{ConnectorError, ErrorCode, Fault, Result};
use crate::http::{HttpRequest, HttpResponse, RetryPolicy};

/// A request of the caller's own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FulfillArbitraryEndpoint {
    /// A path below the app's address, or an address on the same host.
    pub url: String,
    /// GET when absent.
    pub method: Option<ArbitraryMethod>,
    /// What is sent with a POST.
    pub body: Option<String>,
    /// Added to the address, where that is a path.
    pub query: Option<BTreeMap<String, Vec<String>>>,
    /// Headers, of those that the connector allows.
    pub headers: Option<BTreeMap<String, String>>,
}

/// How a request of the caller's own is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ArbitraryMethod {
    /// Reads; allowed for every path below the address of the app.
    Get,
    /// Allowed only for the paths that the connector lists.
    Post,
}

/// What the app answered, whatever its status, or why it was not asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ArbitraryResponse {
    /// Whether the app answered with a status of 200 to 299.
    pub ok: bool,
    /// The app's status; absent where it did not answer.
    pub status_code: Option<u16>,
    /// The app's headers; those that came more than once are joined with commas. Cookies are left out.
    pub headers: BTreeMap<String, String>,
    /// The app's answer as text.
    pub body: Option<String>,
    /// What the answer is.
    pub content_type: Option<String>,
    /// Why the app was not asked, or did not answer.
    pub error: Option<String>,
    /// When to try again, where that is known.
    pub retry_after_seconds: Option<f64>,
    /// The address that was asked.
    pub resolved_url: String,
}

/// What callers may ask of the app by themselves. GET of any path below the address is always allowed.
pub struct EndpointPolicy<S> {
    /// The app's address, from the settings.
    pub base_url: fn(&S) -> Result<Url>,
    /// Paths that may be posted to, and the content type of what is posted there.
    pub post_paths: &'static [(&'static str, &'static str)],
    /// Headers that callers may set, in lower case. Those that prove who asks are never theirs.
    pub headers: &'static [&'static str],
}

/// Headers that say who asks and whom.
const PROTECTED: [&str; 4] = ["authorization", "cookie", "host", "proxy-authorization"];

/// Sends a request of the caller's own to the app, with the credentials of the call.
///
/// Every status of the app is an answer but 401, which renews the token as everywhere. What the bounds do not allow is an
/// answer, too, with `error` saying why.
pub fn fulfill_arbitrary_endpoint<S: Send + Sync + 'static>(policy: EndpointPolicy<S>) -> Capability<S> {
    let policy = Arc::new(policy);
    Capability::new(names::FULFILL_ARBITRARY_ENDPOINT, move |call: Call<S>, request| {
        let policy = Arc::clone(&policy);
        async move { fulfill(&call, &policy, &request).await }
    })
    .description("Sends a request of the caller's own to the app.")
}

async fn fulfill<S: Send + Sync + 'static>(
    call: &Call<S>,
    policy: &EndpointPolicy<S>,
    request: &FulfillArbitraryEndpoint,
) -> Result<ArbitraryResponse> {
    let base = (policy.base_url)(call.settings())?;
    let target = match target::resolve(&base, request) {
        Ok(target) => target,
        Err(reason) => return Ok(refusal(reason, request.url.clone())),
    };
    let prepared = match prepare(policy, &base, target.clone(), request) {
        Ok(prepared) => prepared,
        Err(reason) => return Ok(refusal(reason, target.into())),
    };
    // What a caller sends may not be repeated by anybody else.
    let once = call.with_http(|options| options.retry = RetryPolicy::never());
    let answered = once.send_unclassified(&prepared, |response| match response.status {
        401 => once.integration().classify(response),
        _ => Ok(response),
    });
    match answered.await {
        Ok(response) => Ok(answer(call, &response, target)),
        Err(error) if is_silence(&error) => Ok(refusal(error.message(), target.into())),
        Err(error) => Err(error),
    }
}

/// Whether the app said nothing at all.
fn is_silence(error: &ConnectorError) -> bool {
    let network = error.code().metadata().fault == Fault::Infrastructure;
    error.http_status().is_none() && (network || error.code() == ErrorCode::RequestTimeout)
}

fn prepare<S>(
    policy: &EndpointPolicy<S>,
    base: &Url,
    target: Url,
    request: &FulfillArbitraryEndpoint,
) -> Result<HttpRequest, &'static str> {
    let mut prepared = match (request.method, &request.body) {
        (Some(ArbitraryMethod::Post), body) => {
            let path = target::below(base, &target).unwrap_or_default();
            let allowed = policy.post_paths.iter().find(|(allowed, _)| allowed.trim_matches('/') == path);
            let (_, content_type) = allowed.ok_or("POST is not allowed for this path")?;
            HttpRequest::post_text(target, body.clone().unwrap_or_default(), content_type)
        }
        (_, Some(_)) => return Err("only a POST has a body"),
        (_, None) => HttpRequest::get(target),
    };
    for (name, value) in request.headers.iter().flatten() {
        let name = name.to_ascii_lowercase();
        if !policy.headers.contains(&name.as_str()) || PROTECTED.contains(&name.as_str()) {
            return Err("a header is not one of those that callers may set");
        }
        prepared = prepared.named_header(&name, value).ok_or("a header has characters that none can hold")?;
    }
    Ok(prepared)
}

fn refusal(reason: &str, resolved_url: String) -> ArbitraryResponse {
    ArbitraryResponse { error: Some(reason.to_owned()), resolved_url, ..ArbitraryResponse::default() }
}

fn answer<S: Send + Sync + 'static>(
    call: &Call<S>,
    response: &HttpResponse,
    target: Url,
) -> ArbitraryResponse {
    let ok = (200..300).contains(&response.status);
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in response.headers.iter().filter(|(name, _)| *name != "set-cookie") {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|joined| *joined = format!("{joined}, {value}"))
            .or_insert_with(|| value.into_owned());
    }
    let told = || {
        let limited = matches!(response.status, 403 | 429);
        let limit =
            call.integration().rate_limit(&response.headers).filter(|limit| limited && limit.remaining == 0);
        response.retry_after().or_else(|| limit.map(|limit| limit.reset))
    };
    ArbitraryResponse {
        ok,
        status_code: Some(response.status),
        content_type: headers.get("content-type").cloned(),
        headers,
        body: Some(String::from_utf8_lossy(&response.body).into_owned()),
        error: None,
        retry_after_seconds: if ok { None } else { told().map(|wait| wait.as_secs_f64()) },
        resolved_url: target.into(),
    }
}
