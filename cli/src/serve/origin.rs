//! Where a browser's request comes from: a page of ours, or anybody's.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use url::Url;

/// Whether a page of this server sent a request. A browser says so, and no page can make it say otherwise.
pub(crate) fn is_of_our_pages(request: &Parts, public_url: &Url) -> bool {
    let text = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = text(ORIGIN.as_str()).and_then(|origin| Url::parse(origin).ok()) else { return false };
    origin.origin() == public_url.origin() || is_authority(&origin, &request.headers)
}

/// Whether a browser says that a page of somebody else's sent a request. Programs say nothing, and neither does a browser
/// about an address that somebody typed.
pub(crate) fn is_of_foreign_page(request: &Parts, public_url: &Url) -> bool {
    match request.headers.get("sec-fetch-site") {
        Some(site) => site != "same-origin" && site != "none",
        None => request.headers.contains_key(ORIGIN) && !is_of_our_pages(request, public_url),
    }
}

/// Whether an origin is the very host that was asked.
fn is_authority(origin: &Url, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let asked = host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    asked.is_some_and(|asked| asked.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn asked(headers: &[(&str, &str)], whether: fn(&Parts, &Url) -> bool) -> bool {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        whether(&parts, &Url::parse("https://connect.example/").unwrap())
    }

    fn is_ours(headers: &[(&str, &str)]) -> bool {
        asked(headers, is_of_our_pages)
    }

    #[test]
    fn a_foreign_page_is_told_from_a_program() {
        let is_foreign = |headers| asked(headers, is_of_foreign_page);
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site"), ("origin", "https://connect.example")],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
        ] {
            assert!(is_foreign(foreign), "{foreign:?}");
        }
        for other in [
            &[][..],
            &[("host", "127.0.0.1:8080")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin")],
            &[("origin", "https://connect.example")],
        ] {
            assert!(!is_foreign(other), "{other:?}");
        }
    }

    #[test]
    fn only_a_page_of_ours_is_one() {
        assert!(is_ours(&[("sec-fetch-site", "same-origin")]));
        assert!(is_ours(&[("origin", "https://connect.example")]));
        assert!(is_ours(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        for foreign in [
            &[][..],
            &[("host", "127.0.0.1:8080")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://connect.example")],
            &[("origin", "null"), ("host", "127.0.0.1:8080")],
            &[("origin", "http://connect.example")],
            &[("origin", "http://127.0.0.1:9090"), ("host", "127.0.0.1:8080")],
        ] {
            assert!(!is_ours(foreign), "{foreign:?}");
        }
    }
}
