//! Where a request of a caller's own may go: below the app's address, and nowhere else.

use url::Url;

use super::FulfillArbitraryEndpoint;

/// The address that is meant, or why it may not be asked.
pub(super) fn resolve(base: &Url, request: &FulfillArbitraryEndpoint) -> Result<Url, &'static str> {
    let written = request.url.split('#').next().unwrap_or_default();
    // Servers read a backslash as a slash, and some leave out white space.
    if written.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control()) {
        return Err("the address has characters that no address has");
    }
    let (path, query) = written.split_once('?').unwrap_or((written, ""));
    if climbs(path) {
        return Err("the path must not climb with `..`");
    }
    if path.starts_with("//") {
        return Err("the address must be a path, or one on the app's own host");
    }
    match Url::parse(written) {
        Ok(absolute) => on_the_same_host(base, absolute),
        Err(url::ParseError::RelativeUrlWithoutBase) => Ok(relative(base, path, query, request)),
        Err(_) => Err("the address cannot be read"),
    }
}

fn on_the_same_host(base: &Url, absolute: Url) -> Result<Url, &'static str> {
    if !absolute.username().is_empty() || absolute.password().is_some() {
        return Err("the address must not hold credentials");
    }
    let is_same = absolute.origin() == base.origin() && matches!(absolute.scheme(), "http" | "https");
    if is_same { Ok(absolute) } else { Err("the address must be a path, or one on the app's own host") }
}

fn relative(base: &Url, path: &str, query: &str, request: &FulfillArbitraryEndpoint) -> Url {
    let mut target = base.clone();
    target.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/')));
    target.set_query(Some(query).filter(|query| !query.is_empty()));
    for (name, values) in request.query.iter().flatten() {
        for value in values {
            target.query_pairs_mut().append_pair(name, value);
        }
    }
    target
}

/// Whether a path has a part that leads upwards, however it is written.
fn climbs(path: &str) -> bool {
    // An encoded percent sign may be decoded twice on the way.
    let plain = path
        .to_ascii_lowercase()
        .replace("%25", "%")
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    plain.split('/').any(|part| part == "..")
}

/// The path below the base's, without slashes at its ends.
pub(super) fn below<'t>(base: &Url, target: &'t Url) -> Option<&'t str> {
    let rest = target.path().strip_prefix(base.path().trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(url: &str) -> Result<String, &'static str> {
        let base = Url::parse("https://api.example.com/v2").unwrap();
        let request = FulfillArbitraryEndpoint {
            url: url.to_owned(),
            query: Some([("page".to_owned(), vec!["1".to_owned(), "2".to_owned()])].into()),
            ..FulfillArbitraryEndpoint::default()
        };
        resolve(&base, &request).map(Into::into)
    }

    #[test]
    fn a_path_is_taken_below_the_address_and_the_query_is_added() {
        let expected = "https://api.example.com/v2/users?active=1&page=1&page=2";
        assert_eq!(resolved("/users?active=1#top").unwrap(), expected);
        assert_eq!(resolved("users?active=1").unwrap(), expected);
        assert_eq!(resolved("https://api.example.com/v3/x?y").unwrap(), "https://api.example.com/v3/x?y");
    }

    #[test]
    fn nothing_leads_elsewhere() {
        for url in [
            "https://evil.example/users",
            "http://api.example.com/users",
            "https://api.example.com:8443/users",
            "https://user:secret@api.example.com/users",
            "https://api.example.com@evil.example/",
            "//evil.example/users",
            "\\\\evil.example/users",
            "/\\evil.example",
            "../admin",
            "users/../../admin",
            "users/%2e%2E/admin",
            "users/%252e%252e/admin",
            "users%2f..%2fadmin",
            "https://api.example.com/v2/../admin",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "users\n/admin",
        ] {
            assert!(resolved(url).is_err(), "{url} leads to {:?}", resolved(url));
        }
    }
}
