//! What every request must pass before anything is done for it: the right host, no secret in its address.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use connector_core::{ConnectorError, ErrorCode, Result};
use connector_store::parts_of_access_key;
use url::{Host, Url};

use super::answer::Failure;
use super::connections::PeerAddress;
use super::listen::ClientAddress;

/// Names of parameters that secrets are put into by mistake. An address ends in logs, histories and other people's pages.
const SECRET_PARAMETERS: [&str; 10] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "client_secret",
    "key",
    "password",
    "refresh_token",
    "secret",
    "token",
];

/// The rules of the gate.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    /// A proxy in front tells who the client is, and answers for the host.
    pub(super) behind_proxy: bool,
    /// Where browsers reach us.
    pub(super) public_url: Url,
}

/// Lets a request pass, or answers it.
pub(super) async fn pass(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    if let Err(error) = gate.check(&request) {
        let status = match error.code() {
            ErrorCode::PermissionDenied => StatusCode::MISDIRECTED_REQUEST,
            _ => StatusCode::BAD_REQUEST,
        };
        let error = error.status(status.as_u16());
        return Failure::new(error, "server", "gate").status(status).into_response();
    }
    if let Some(address) = gate.client_address(&request) {
        request.extensions_mut().insert(ClientAddress(address));
    }
    next.run(request).await
}

impl Gate {
    fn check(&self, request: &Request) -> Result<()> {
        if let Some(name) = secret_parameter(request.uri().query().unwrap_or_default()) {
            let message = format!("{name} does not belong into the address of a request");
            return Err(ConnectorError::new(ErrorCode::BadRequest, message)
                .app_error_code("access.secret_in_query")
                .hint(
                    "send the key as `Authorization: Bearer …`, and replace it: addresses are written down",
                ));
        }
        if self.behind_proxy || self.is_our_host(request.headers()) {
            return Ok(());
        }
        // A page of a foreign name that points here could ask in the name of whoever reads it.
        let message = "this server does not answer under this host name";
        Err(ConnectorError::new(ErrorCode::PermissionDenied, message)
            .app_error_code("access.foreign_host")
            .hint("--public-url names the address under which browsers reach it"))
    }

    fn is_our_host(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let Some(url) = host.to_str().ok().and_then(|host| Url::parse(&format!("http://{host}/")).ok())
        else {
            return false;
        };
        match url.host() {
            Some(Host::Ipv4(address)) if address.is_loopback() => true,
            Some(Host::Ipv6(address)) if address.is_loopback() => true,
            Some(Host::Domain("localhost")) => true,
            host => host.is_some() && host == self.public_url.host(),
        }
    }

    /// The address of the client: of the connection, or what the proxy said last, since all before may be invented.
    fn client_address(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0);
        if !self.behind_proxy {
            return peer;
        }
        let last = request.headers().get_all("x-forwarded-for").iter().next_back();
        let told = last.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        told.or(peer)
    }
}

/// The name as we know it, of a parameter that secrets are put into.
pub(super) fn secret_name(name: &str) -> Option<&'static str> {
    SECRET_PARAMETERS.into_iter().find(|secret| name.eq_ignore_ascii_case(secret))
}

/// What there is of secrets in a query: a name that they go by, or a key of ours under any name.
fn secret_parameter(query: &str) -> Option<&'static str> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs
        .find_map(|(name, value)| secret_name(&name).or_else(|| parts_of_access_key(&value).map(|_| "a key")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn gate(behind_proxy: bool) -> Gate {
        Gate { behind_proxy, public_url: Url::parse("https://connect.example/").unwrap() }
    }

    fn request(path: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().uri(path).extension(PeerAddress("192.0.2.9".parse().unwrap()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn a_foreign_host_name_is_refused_unless_a_proxy_answers_for_it() {
        for host in ["127.0.0.1:8080", "localhost", "[::1]:8080", "LOCALHOST:1", "connect.example"] {
            assert!(gate(false).check(&request("/", &[("host", host)])).is_ok(), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "192.0.2.1", "a b", "", "localhost@evil.example"]
        {
            assert!(gate(false).check(&request("/", &[("host", host)])).is_err(), "{host}");
            assert!(gate(true).check(&request("/", &[("host", host)])).is_ok(), "{host}");
        }
        assert!(gate(false).check(&request("/", &[])).is_err());
        assert!(gate(false).check(&request("/", &[("host", "localhost"), ("host", "localhost")])).is_err());
    }

    #[test]
    fn a_secret_in_the_address_is_refused_and_not_repeated() {
        let key = format!("bk_gw4gd8ju_s3cret{}", "a".repeat(37));
        let under_any_name = format!("/a?cursor={key}");
        for path in [
            "/a?access_token=s3cret",
            "/a?b=1&KEY=s3cret",
            "/?%74oken=s3cret",
            "/?client_secret=s3cret",
            &under_any_name,
        ] {
            let error = gate(true).check(&request(path, &[])).unwrap_err();
            assert_eq!(error.code(), ErrorCode::BadRequest, "{path}");
            assert!(!error.message().contains("s3cret"));
        }
        assert!(gate(true).check(&request("/a?code=1&state=2&keyboard=3&cursor=bk_3", &[])).is_ok());
    }

    #[test]
    fn only_a_proxy_is_believed_about_the_client_and_only_its_last_word() {
        let forwarded = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "10.0.0.1, 203.0.113.5")];
        let of = |behind_proxy, headers: &[(&str, &str)]| {
            gate(behind_proxy).client_address(&request("/", headers)).unwrap().to_string()
        };
        assert_eq!(of(false, &forwarded), "192.0.2.9");
        assert_eq!(of(true, &forwarded), "203.0.113.5");
        assert_eq!(of(true, &[("x-forwarded-for", "nobody")]), "192.0.2.9");
    }
}
