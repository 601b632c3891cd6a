//! Where apps may send people back to, with a code in the address: to this server, to where its settings say, or to a
//! program on the machine of whoever agrees (RFC 9700, section 2.1; RFC 8252, section 7.3).

use connector_core::{ConnectorError, ErrorCode, Result};
use url::{Host, Url};

use super::CALLBACK;
use crate::serve::older;

/// The address of a path of ours, as browsers reach it.
pub(super) fn own(public_url: &Url, path: &str) -> String {
    format!("{}{path}", public_url.as_str().trim_end_matches('/'))
}

/// Refuses any other address than those. Letter for letter: a server that takes what only begins alike sends codes away.
pub(super) fn check(asked: &str, configured: Option<&str>, public_url: &Url) -> Result<()> {
    let is_ours = [CALLBACK, older::CALLBACK].into_iter().any(|path| own(public_url, path) == asked);
    if is_ours || configured == Some(asked) || is_on_this_machine(asked) {
        return Ok(());
    }
    let message = "redirect_uri must be the one of the settings, this server's, or http on 127.0.0.1, [::1] or localhost";
    Err(ConnectorError::new(ErrorCode::InvalidValue, message)
        .hint("leave it out, or name it as redirect_uri in the settings of the server"))
}

/// A program of whoever agrees, which listens on a port that it was given.
fn is_on_this_machine(asked: &str) -> bool {
    let Ok(url) = Url::parse(asked) else { return false };
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let has_more = url.fragment().is_some() || !url.username().is_empty() || url.password().is_some();
    url.scheme() == "http" && is_loopback && !has_more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_to_this_server_to_the_settings_or_to_this_machine() {
        let public_url = Url::parse("https://connect.example/base/").unwrap();
        let check = |asked| check(asked, Some("https://app.example/back?a=1"), &public_url).is_ok();
        for fine in [
            "https://connect.example/base/oauth/callback",
            "https://connect.example/base/sync/oauth",
            "https://app.example/back?a=1",
            "http://127.0.0.1:4711/cb",
            "http://[::1]/",
            "http://localhost:80/cb?x=1",
        ] {
            assert!(check(fine), "{fine}");
        }
        for wrong in [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://evil.example/cb",
            "https://app.example/back",
            "https://app.example/back?a=1&b",
            "https://APP.example/back?a=1",
            "https://connect.example/oauth/callback",
            "https://connect.example/base/oauth/callback/",
            "https://connect.example/base/oauth/callback?next=//evil.example",
            "https://connect.example@evil.example/base/oauth/callback",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1@evil.example/cb",
            "http://user@127.0.0.1/cb",
            "http://127.0.0.1/cb#part",
            "https://127.0.0.1/cb",
            "http://connect.example/base/oauth/callback",
            "myapp://127.0.0.1/cb",
        ] {
            assert!(!check(wrong), "{wrong}");
        }
    }
}
