//! The capabilities that follow from what an integration's authorization server offers.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Grant, about_tokens, flow, grants, vault_tokens};
use crate::call::CallContext;
use crate::capability::{Capability, names};
use crate::envelope::Answer;
use crate::error::Result;
use crate::integration::ErasedOAuth;
use crate::schema;

pub(crate) fn capabilities(oauth: &ErasedOAuth) -> Vec<Capability> {
    let mut offered: Vec<_> = oauth.grants.iter().flat_map(|grant| of_grant(*grant)).collect();
    if oauth.revocation {
        offered.push(
            capability(names::REVOKE_TOKEN, about_tokens::revoke)
                .description("Gives a token back to the app, so that it works no more.")
                .writes(),
        );
    }
    if oauth.introspection {
        offered.push(
            capability(names::INTROSPECT_TOKEN, about_tokens::introspect)
                .description("Asks the app whether a token works, and what for."),
        );
    }
    offered.push(
        capability(names::RETRIEVE_TOKEN, vault_tokens::retrieve)
            .description("Gives an access token of a connection that works, renewed if need be."),
    );
    offered.push(
        capability(names::TOKEN_STATUS, vault_tokens::status)
            .description("Tells how the tokens of a connection are, and nothing secret."),
    );
    offered
}

fn of_grant(grant: Grant) -> Vec<Capability> {
    match grant {
        Grant::AuthorizationCode => vec![
            capability(names::GET_AUTHORIZATION_URL, flow::get_authorization_url)
                .description("Makes the address where somebody agrees that we may read the account."),
            capability(names::HANDLE_AUTHORIZATION_CALLBACK, flow::handle_callback)
                .description(
                    "Takes the address that the app sent somebody back to, and gets tokens for the code in it.",
                )
                .single_use(),
        ],
        Grant::RefreshToken => vec![
            capability(names::REFRESH_ACCESS_TOKEN, flow::refresh_access_token)
                .description("Gets new tokens for a refresh token.")
                .single_use(),
        ],
        Grant::ClientCredentials => vec![
            capability(names::HANDLE_CLIENT_CREDENTIALS_REQUEST, grants::client_credentials)
                .description("Gets a token for the client's own credentials."),
        ],
        Grant::DeviceCode => vec![
            capability(names::START_DEVICE_AUTHORIZATION, grants::start_device)
                .description("Gets a code with which somebody agrees on another device."),
            capability(names::POLL_DEVICE_AUTHORIZATION, grants::poll_device)
                .description(
                    "Asks whether somebody has agreed on another device, and gets tokens once it is so.",
                )
                .single_use(),
        ],
        Grant::TokenExchange => vec![
            capability(names::EXCHANGE_TOKEN, grants::exchange)
                .description("Gets a token for another one, as for a service behind the app."),
        ],
    }
}

/// A capability that needs no credentials of the app's API, since it is about how to come by them.
fn capability<Request, Response, F, Fut>(name: &'static str, handler: F) -> Capability
where
    Request: DeserializeOwned + JsonSchema + Send + 'static,
    Response: Serialize + JsonSchema + 'static,
    F: Fn(CallContext, Request) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<Response>> + Send + 'static,
{
    Capability::erased(
        name,
        Arc::new(schema::schema_of::<Request>),
        Arc::new(|| schema::text(&schema::output_schema_of::<Response>())),
        Arc::new(move |context, request| {
            Box::pin(async move {
                let request = schema::typed(Value::Object(request), "/request")?;
                Answer::new(&handler(context, request).await?)
            })
        }),
    )
    .without_auth()
}
