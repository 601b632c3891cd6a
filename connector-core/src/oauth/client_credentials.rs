//! Client credentials that a request brings, exchanged for a token.

use std::sync::Arc;

use super::authorization_url::asked_scopes;
use super::{exchange, flow};
use crate::auth::{AccessToken, Auth, ExchangeFn};
use crate::call::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};

pub(crate) fn exchange_client_credentials() -> ExchangeFn {
    Arc::new(|context, auth| Box::pin(async move { access_token(&context, &auth).await }))
}

async fn access_token(context: &CallContext, auth: &Auth) -> Result<AccessToken> {
    let Auth::OauthClientCredentials(credentials) = auth else {
        return Err(ConnectorError::new(
            ErrorCode::InternalError,
            "there are no client credentials to exchange",
        ));
    };
    let (oauth, registration) = flow::settings(context)?;
    let scopes = asked_scopes(oauth, &credentials.scopes);
    let (id, secret) = (credentials.client_id.clone(), credentials.client_secret.clone());
    let client = flow::client(context, Some(id), Some(secret))?;
    let tokens = exchange::client_credentials(context, client, scopes).await?;
    Ok(AccessToken::of(tokens, registration.refresh_margin))
}
