//! Requests to the app below its address, in one line each.

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use super::CallContext;
use crate::error::{ConnectorError, ErrorCode, Result};
use crate::http::{HttpRequest, HttpResponse};

/// A request to the app, below the address that the integration declares with
/// [`base_url`](crate::integration::IntegrationBuilder::base_url).
///
/// ```
/// use connector_core::{Call, Result};
/// # struct Settings;
/// #[derive(serde::Deserialize)]
/// struct User { name: String }
///
/// async fn rename(call: Call<Settings>, id: &str, name: &str) -> Result<User> {
///     call.patch("users").segment(id).json(&serde_json::json!({"name": name})).read().await
/// }
///
/// async fn user(call: Call<Settings>, id: &str) -> Result<User> {
///     call.get("users").segment(id).query("with", "groups").read().await
/// }
/// ```
#[must_use = "a request is sent by `read`, `read_with`, `raw` or `done`"]
pub struct AppRequest<'c> {
    call: &'c CallContext,
    method: Method,
    /// What cannot be sent is told when it is to be.
    url: Result<Url>,
    headers: Vec<(&'static str, String)>,
    body: Option<Result<serde_json::Value>>,
    is_repeatable: bool,
}

impl CallContext {
    /// A GET of a path. What comes from a caller belongs in [`AppRequest::segment`] and [`AppRequest::query`].
    pub fn get(&self, path: &str) -> AppRequest<'_> {
        self.request(Method::GET, path)
    }

    /// A POST to a path. It is sent once, unless it is [`AppRequest::repeatable`].
    pub fn post(&self, path: &str) -> AppRequest<'_> {
        AppRequest { is_repeatable: false, ..self.request(Method::POST, path) }
    }

    /// A PUT to a path.
    pub fn put(&self, path: &str) -> AppRequest<'_> {
        self.request(Method::PUT, path)
    }

    /// A PATCH of a path. It is sent once, unless it is [`AppRequest::repeatable`].
    pub fn patch(&self, path: &str) -> AppRequest<'_> {
        AppRequest { is_repeatable: false, ..self.request(Method::PATCH, path) }
    }

    /// A DELETE of a path.
    pub fn delete(&self, path: &str) -> AppRequest<'_> {
        self.request(Method::DELETE, path)
    }

    fn request(&self, method: Method, path: &str) -> AppRequest<'_> {
        let base = self.integration().base_url(self.settings_any());
        let url = base.map(|base| base.at(path)).ok_or_else(|| {
            ConnectorError::new(
                ErrorCode::InternalError,
                "the declaration does not say where the app is: it lacks `.base_url(…)`",
            )
        });
        AppRequest { call: self, method, url, headers: Vec::new(), body: None, is_repeatable: true }
    }

    /// A GET of an address that the app itself gave, which must be on its own server: the credentials go there.
    pub(crate) fn get_given(&self, address: &str) -> AppRequest<'_> {
        let mut request = self.request(Method::GET, "");
        request.url = request.url.and_then(|below| {
            let base = self.integration().base_url(self.settings_any());
            let given = below.join(address).ok();
            given.filter(|given| base.is_some_and(|base| base.serves(given))).ok_or_else(|| {
                let message = "the app names a next page that is not on its own server";
                ConnectorError::new(ErrorCode::InvalidResponse, message)
            })
        });
        request
    }
}

impl AppRequest<'_> {
    /// Adds one part to the path, whatever characters are in it.
    pub fn segment(mut self, part: &str) -> Self {
        if let Ok(url) = &mut self.url
            && let Ok(mut segments) = url.path_segments_mut()
        {
            // `..` would lead to another place than the one that is meant, escaped or not.
            segments.push(if matches!(part, "." | "..") { "" } else { part });
        }
        self
    }

    /// Adds a parameter to the query.
    #[expect(clippy::needless_pass_by_value, reason = "callers write numbers and texts as they are")]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        if let Ok(url) = &mut self.url {
            url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    /// Adds a header.
    #[expect(clippy::needless_pass_by_value, reason = "callers write numbers and texts as they are")]
    pub fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The body, as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_value(body).map_err(|error| {
            ConnectorError::new(ErrorCode::InternalError, "a request cannot be written as JSON").source(error)
        }));
        self
    }

    /// It does no harm twice, so that it is sent again when its answer is lost.
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    /// Sends it and reads the JSON of the answer.
    ///
    /// # Errors
    /// As [`CallContext::send`]; `invalid_response` for an answer of another form.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T> {
        self.read_with(|response| typed(&response)).await
    }

    /// Sends it and gives the JSON of the answer as it was sent.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn raw(self) -> Result<Box<RawValue>> {
        self.read().await
    }

    /// Sends it, whatever a success says.
    ///
    /// # Errors
    /// As [`CallContext::send`].
    pub async fn done(self) -> Result<()> {
        self.read_with(|_| Ok(())).await
    }

    /// Sends it and makes something of the answer.
    ///
    /// # Errors
    /// As [`CallContext::send`], and what `read` says.
    pub async fn read_with<T>(self, read: impl Fn(HttpResponse) -> Result<T>) -> Result<T> {
        let (call, request) = self.build()?;
        call.send(&request, read).await
    }
}

impl<'c> AppRequest<'c> {
    fn build(self) -> Result<(&'c CallContext, HttpRequest)> {
        let mut request = HttpRequest::new(self.method, self.url?);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.json_body(&body?);
        }
        Ok((self.call, if self.is_repeatable { request } else { request.once() }))
    }
}

fn typed<T: DeserializeOwned>(response: &HttpResponse) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(&response.body);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let place = error.path().to_string();
        let place = if place == "." { String::new() } else { format!(" at `{place}`") };
        ConnectorError::new(ErrorCode::InvalidResponse, format!("the answer is not what was expected{place}"))
            .status(response.status)
            .source(error.into_inner())
    })
}
