//! The address that the app posts to: public, but not to be guessed.

use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use subtle::ConstantTimeEq;
use url::{Host, Url};

/// The secret last segment of the address.
#[derive(Debug, Clone)]
pub(super) struct SecretPath(Secret);

impl SecretPath {
    pub(super) fn new(secret: Secret) -> Self {
        Self(secret)
    }

    /// Whether a request's path ends in the secret. What stands before it is the business of proxies, which keep or
    /// remove it.
    pub(super) fn is_in(&self, path: &str) -> bool {
        let last = path.rsplit('/').next().unwrap_or_default();
        last.as_bytes().ct_eq(self.0.expose().as_bytes()).into()
    }

    /// The path below the public address.
    pub(super) fn path(&self) -> String {
        format!("/{}", self.0.expose())
    }

    /// The whole address.
    pub(super) fn below(&self, public: &PublicUrl) -> String {
        format!("{}{}", public.0.as_str().trim_end_matches('/'), self.path())
    }

    /// An error without the secret: apps repeat in their answers what they do not like.
    pub(super) fn removed_from(&self, error: ConnectorError) -> ConnectorError {
        if !format!("{error:?}").contains(self.0.expose()) {
            return error;
        }
        let message = error.message().replace(self.0.expose(), "********");
        ConnectorError::new(error.code(), message)
    }
}

/// Where the app reaches this machine.
#[derive(Debug, Clone)]
pub(super) struct PublicUrl(Url);

impl PublicUrl {
    /// # Errors
    /// `invalid_value` for what an app cannot, or should not, post to.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let refused = |why: &str| ConnectorError::new(ErrorCode::InvalidValue, format!("--public-url {why}"));
        let url = Url::parse(text).map_err(|_| refused("is not a URL"))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("must end with its path"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("must not hold a user name or password"));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => {
                Err(refused("must begin with https://").hint("the address is a secret, and http shows it"))
            }
            _ => Err(refused("must begin with https://")),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> SecretPath {
        SecretPath::new(Secret::new("s3cret-part"))
    }

    #[test]
    fn the_secret_stands_at_the_end_of_the_public_address() {
        for public in ["https://hooks.example.com", "https://hooks.example.com/"] {
            let address = path().below(&PublicUrl::parse(public).unwrap());
            assert_eq!(address, "https://hooks.example.com/s3cret-part");
        }
        let below = path().below(&PublicUrl::parse("https://example.com/hooks/").unwrap());
        assert_eq!(below, "https://example.com/hooks/s3cret-part");
        assert_eq!(path().path(), "/s3cret-part");
    }

    #[test]
    fn a_path_is_right_only_with_the_whole_secret_at_its_end() {
        assert!(path().is_in("/s3cret-part") && path().is_in("/kept/by/a/proxy/s3cret-part"));
        for wrong in
            ["", "/", "/s3cret-par", "/s3cret-part1", "/s3cret-part/", "/S3CRET-PART", "/s3cret-part/a"]
        {
            assert!(!path().is_in(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_address_that_would_show_the_secret_is_refused() {
        assert!(PublicUrl::parse("http://127.0.0.1:8099").is_ok());
        for wrong in [
            "hooks.example.com",
            "http://hooks.example.com",
            "ftp://hooks.example.com",
            "https://hooks.example.com/?a=1",
            "https://user:hunter2@hooks.example.com",
        ] {
            let error = PublicUrl::parse(wrong).unwrap_err();
            assert_eq!(error.exit_code(), 64);
            assert!(!error.message().contains("hunter2"));
        }
    }

    #[test]
    fn what_the_app_says_about_the_address_does_not_show_the_secret() {
        let error =
            ConnectorError::new(ErrorCode::BadRequest, "https://a.example/s3cret-part is not reachable");
        let shown = path().removed_from(error.context("posting to s3cret-part"));
        assert_eq!(shown.code(), ErrorCode::BadRequest);
        assert_eq!(shown.message(), "https://a.example/******** is not reachable");
        assert!(!format!("{shown:?}").contains("s3cret-part"));
        let other = ConnectorError::new(ErrorCode::RateLimit, "slower").hint("wait");
        assert_eq!(path().removed_from(other).hint_text(), Some("wait"));
    }
}
