//! The workspace's lock with one package more, so that `cargo … --locked` works at once.

use std::path::Path;

use connector_core::Result;

use super::framework::unexpected;

const BETWEEN: &str = "\n\n[[package]]\n";

/// A member that the lock does not know yet.
pub(super) struct Member<'a> {
    pub(super) package: &'a str,
    /// That of all members.
    pub(super) version: &'a str,
    /// Packages that it depends on, in tests and otherwise. Other members have them all.
    pub(super) dependencies: &'a [String],
    /// The member that depends on it.
    pub(super) of: &'a str,
}

/// The lock as cargo would write it. One that has the member stays as it is.
///
/// # Errors
/// `invalid_value` when the lock is not cut as cargo cuts it.
pub(super) fn with(path: &Path, text: &str, member: &Member<'_>) -> Result<String> {
    let (head, packages) = text.split_once(BETWEEN).ok_or_else(|| unexpected(path, "[[package]]"))?;
    let mut packages: Vec<String> = packages.trim_end().split(BETWEEN).map(ToOwned::to_owned).collect();
    if packages.iter().any(|package| name(package) == member.package) {
        return Ok(text.to_owned());
    }
    let spelled = |dependency: &String| {
        spelling(&packages, dependency).ok_or_else(|| unexpected(path, &format!("package {dependency}")))
    };
    let needs = member.dependencies.iter().map(spelled).collect::<Result<Vec<_>>>()?;
    let of = packages.iter_mut().find(|package| name(package) == member.of);
    let of = of.ok_or_else(|| unexpected(path, &format!("package {}", member.of)))?;
    let mut needs_of: Vec<String> = needed_by(of).map(ToOwned::to_owned).collect();
    needs_of.push(member.package.to_owned());
    *of = package(member.of, member.version, needs_of);
    packages.push(package(member.package, member.version, needs));
    packages.sort_by(|one, other| name(one).cmp(name(other)));
    Ok(format!("{head}{BETWEEN}{}\n", packages.join(BETWEEN)))
}

/// A member of the workspace, as cargo writes it.
fn package(name: &str, version: &str, mut needs: Vec<String>) -> String {
    needs.sort();
    let needs = needs.join("\",\n \"");
    format!("name = \"{name}\"\nversion = \"{version}\"\ndependencies = [\n \"{needs}\",\n]")
}

fn name(package: &str) -> &str {
    package.strip_prefix("name = \"").and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

/// What a package depends on: by name, and by version too where there are several.
fn needed_by(package: &str) -> impl Iterator<Item = &str> {
    package.lines().filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","))
}

/// A dependency as members of the workspace have it: only they have no source.
fn spelling(packages: &[String], dependency: &str) -> Option<String> {
    let members = || packages.iter().filter(|package| !package.contains("\nsource = "));
    let mut known = members().flat_map(|member| needed_by(member).chain([name(member)]));
    known.find(|known| known.split(' ').next() == Some(dependency)).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"# Generated.
version = 4

[[package]]
name = "axum"
version = "0.8.1"
source = "registry"
dependencies = [
 "syn 1.0.0",
]

[[package]]
name = "connectors"
version = "0.1.0"
dependencies = [
 "axum",
 "syn 2.0.0",
 "teapot",
]

[[package]]
name = "syn"
version = "1.0.0"
source = "registry"

[[package]]
name = "syn"
version = "2.0.0"
source = "registry"

[[package]]
name = "teapot"
version = "0.1.0"
dependencies = [
 "axum",
]
"#;

    fn member(dependencies: &[String]) -> Member<'_> {
        Member { package: "notes", version: "0.1.0", dependencies, of: "connectors" }
    }

    #[test]
    fn a_member_stands_in_its_place_and_under_what_links_it() {
        let dependencies = ["syn", "axum", "teapot"].map(ToOwned::to_owned);
        let after = with("Cargo.lock".as_ref(), LOCK, &member(&dependencies)).unwrap();
        let new = "[[package]]\nname = \"notes\"\nversion = \"0.1.0\"\ndependencies = [\n \"axum\",\n \"syn 2.0.0\",\n \"teapot\",\n]\n\n[[package]]\nname = \"syn\"\nversion = \"1.0.0\"";
        let expected = LOCK
            .replace(" \"syn 2.0.0\",\n", " \"notes\",\n \"syn 2.0.0\",\n")
            .replace("[[package]]\nname = \"syn\"\nversion = \"1.0.0\"", new);
        assert_eq!(after, expected);
        assert_eq!(with("Cargo.lock".as_ref(), &after, &member(&dependencies)).unwrap(), after);
    }

    #[test]
    fn a_lock_that_does_not_know_a_dependency_is_not_guessed_at() {
        let dependencies = ["serde".to_owned()];
        let error = with("Cargo.lock".as_ref(), LOCK, &member(&dependencies)).unwrap_err();
        assert!(error.message().contains("serde"), "{error}");
    }
}
