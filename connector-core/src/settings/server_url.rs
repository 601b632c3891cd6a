//! Addresses of servers, checked where they come in: tokens and secrets go there.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

/// The address of a server that nobody can listen in on: `https`, or `http` on this machine. For settings such as
/// `api_url`.
///
/// ```
/// use connector_core::settings::ServerUrl;
///
/// let api: ServerUrl = "https://api.example.com/v2/".parse()?;
/// assert_eq!(api.at("users/me").as_str(), "https://api.example.com/v2/users/me");
/// assert!("http://api.example.com".parse::<ServerUrl>().is_err());
/// # Ok::<(), connector_core::settings::WrongServer>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

/// Why a text is no address or host that secrets may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongServer {
    /// It is no address of a server at all.
    #[error("must be the address of a server, as https://api.example.com")]
    NoAddress,
    /// Whoever is on the way could read along.
    #[error("must start with https:// unless it is on this machine")]
    Unprotected,
    /// A name or a password in front of the host.
    #[error("must not have a user name or a password in it")]
    WithUser,
    /// It is no host's name.
    #[error("must be the name of a host, as acme.example.com")]
    NoHost,
}

impl ServerUrl {
    /// An address that stands in the source.
    ///
    /// # Panics
    /// When it is none; the first test finds it.
    pub fn constant(url: &'static str) -> Self {
        url.parse().unwrap_or_else(|error| panic!("the address {url} {error}"))
    }

    /// The address of a path below this one. The parts of the path are escaped, and none leads upwards.
    pub fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/').filter(|segment| !segment.is_empty()));
        }
        url
    }

    /// Whether an address is on this server.
    pub fn serves(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }
}

impl std::str::FromStr for ServerUrl {
    type Err = WrongServer;

    fn from_str(text: &str) -> Result<Self, WrongServer> {
        let mut url = Url::parse(text).map_err(|_| WrongServer::NoAddress)?;
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine(&url) => {}
            "http" => return Err(WrongServer::Unprotected),
            _ => return Err(WrongServer::NoAddress),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(WrongServer::WithUser);
        }
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self(url))
    }
}

/// Whether what goes to the address stays on this machine.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl<'de> Deserialize<'de> for ServerUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// So that a default is shown in schemas.
impl Serialize for ServerUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ServerUrl {
    fn schema_name() -> Cow<'static, str> {
        "ServerUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri" })
    }
}

/// The host of a tenant, for apps that give each customer an address: `acme.example.com`. A part of a host's name, a
/// path, a port or a number is none.
///
/// ```
/// use connector_core::settings::TenantHost;
///
/// let tenant: TenantHost = "acme.example.com".parse()?;
/// assert_eq!(tenant.server().at("oauth/token").as_str(), "https://acme.example.com/oauth/token");
/// assert!(tenant.is_below("example.com") && !tenant.is_below("ample.com"));
/// for wrong in ["acme", "acme.example.com/x", "a@example.com", "10.0.0.1", "acme.example.com:8443", "-a.example.com"] {
///     assert!(wrong.parse::<TenantHost>().is_err(), "{wrong}");
/// }
/// # Ok::<(), connector_core::settings::WrongServer>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantHost {
    name: String,
    server: ServerUrl,
}

impl TenantHost {
    /// The server there.
    pub fn server(&self) -> ServerUrl {
        self.server.clone()
    }

    /// Whether the host is one of a domain.
    pub fn is_below(&self, domain: &str) -> bool {
        self.name.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
    }
}

impl std::str::FromStr for TenantHost {
    type Err = WrongServer;

    fn from_str(text: &str) -> Result<Self, WrongServer> {
        let name = text.to_ascii_lowercase();
        // Stand-ins are on this machine, and have ports.
        if let Ok(url) = Url::parse(&format!("http://{name}"))
            && is_this_machine(&url)
        {
            let server = ServerUrl(Url::parse(&url.origin().ascii_serialization()).unwrap_or(url));
            return Ok(Self { name, server });
        }
        let is_label = |label: &str| {
            let is_plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            is_plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
        };
        let is_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        if !name.contains('.') || name.len() > 253 || is_number || !name.split('.').all(is_label) {
            return Err(WrongServer::NoHost);
        }
        let server = format!("https://{name}").parse().map_err(|_| WrongServer::NoHost)?;
        Ok(Self { name, server })
    }
}

impl<'de> Deserialize<'de> for TenantHost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for TenantHost {
    fn schema_name() -> Cow<'static, str> {
        "TenantHost".into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// No format: a host with a port, as stand-ins have, is none of `hostname`.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, crate::schema::hint::SEMANTIC: "host" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_added_below_the_address_and_lead_nowhere_else() {
        for base in ["https://api.example.com/v1", "https://api.example.com/v1/?x=1#y"] {
            let server: ServerUrl = base.parse().unwrap();
            assert_eq!(server.at("/a b/../c?d").as_str(), "https://api.example.com/v1/a%20b/c%3Fd");
        }
    }

    #[test]
    fn what_others_could_read_or_what_is_no_server_is_refused() {
        let wrong = |url: &str| url.parse::<ServerUrl>().unwrap_err();
        assert_eq!(wrong("http://api.example.com"), WrongServer::Unprotected);
        assert_eq!(wrong("http://127.0.0.1.example.com"), WrongServer::Unprotected);
        assert_eq!(wrong("https://user:hunter2@example.com"), WrongServer::WithUser);
        assert_eq!(wrong("ftp://localhost"), WrongServer::NoAddress);
        assert_eq!(wrong("example.com"), WrongServer::NoAddress);
        assert!("http://127.0.0.1:8080".parse::<ServerUrl>().is_ok());
    }

    #[test]
    fn a_stand_in_on_this_machine_may_be_a_tenant() {
        let tenant: TenantHost = "127.0.0.1:8700".parse().unwrap();
        assert_eq!(tenant.server().at("token").as_str(), "http://127.0.0.1:8700/token");
    }
}
