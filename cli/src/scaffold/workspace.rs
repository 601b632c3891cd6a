//! Making a connector a member of the framework's workspace, and a feature of the facade that links all connectors.

use std::path::{Path, PathBuf};

use connector_core::{ConnectorError, ErrorCode, Result};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Key, Table, Value, value};

use super::folder::Change;
use super::framework::{Framework, parse, read, unexpected};
use super::lock;
use super::name::Name;

/// The folder of connectors, which is also the facade's.
const CONNECTORS: &str = "connectors";

/// What changes in the workspace so that the connector, of this manifest, is a part of it. Nothing, where it is one.
///
/// # Errors
/// `invalid_value` for a folder that connectors do not live in, or a file that is not as it should be.
pub(super) fn changes(
    framework: &Framework,
    name: &Name,
    folder: &Path,
    manifest: &str,
) -> Result<Vec<Change>> {
    let home = framework.root.join(CONNECTORS).join(name.snake());
    if folder != home {
        let message = "in this workspace connectors live in folders of their own name";
        return Err(ConnectorError::new(ErrorCode::InvalidValue, message)
            .hint(format!("use {} for DIR", home.display())));
    }
    let facade = framework.root.join(CONNECTORS);
    let edits: [(PathBuf, Edit); 3] = [
        (framework.root.join("Cargo.toml"), members),
        (facade.join("Cargo.toml"), features),
        (facade.join("src/lib.rs"), exports),
    ];
    let mut changes = Vec::new();
    for (path, edit) in edits {
        let before = read(&path)?;
        let after = edit(&path, &before, name)?;
        if after != before {
            changes.push(Change { path, before, after });
        }
    }
    let path = framework.root.join("Cargo.lock");
    let before = read(&path)?;
    let after = locked(framework, &path, &before, name, manifest)?;
    if after != before {
        changes.push(Change { path, before, after });
    }
    Ok(changes)
}

/// The lock, which commands with `--locked` do not write themselves.
fn locked(framework: &Framework, path: &Path, text: &str, name: &Name, manifest: &str) -> Result<String> {
    let manifest = parse("Cargo.toml".as_ref(), manifest)?;
    let tables = ["dependencies", "dev-dependencies"].map(|table| manifest.get(table)?.as_table_like());
    let needs = tables.into_iter().flatten().flat_map(|table| table.iter().map(|(name, _)| name.to_owned()));
    let version = framework.table("package")?.get("version").and_then(Item::as_str);
    let member = lock::Member {
        package: &name.package(),
        version: version.ok_or_else(|| unexpected(&framework.root.join("Cargo.toml"), "version"))?,
        dependencies: &needs.collect::<Vec<_>>(),
        of: CONNECTORS,
    };
    lock::with(path, text, &member)
}

type Edit = fn(&Path, &str, &Name) -> Result<String>;

/// The workspace's manifest: a member, and where the others find it.
fn members(path: &Path, text: &str, name: &Name) -> Result<String> {
    let mut manifest = parse(path, text)?;
    let home = format!("{CONNECTORS}/{}", name.snake());
    let members = manifest["workspace"]["members"].as_array_mut();
    let members = members.ok_or_else(|| unexpected(path, "[workspace] members"))?;
    insert_sorted(members, &home, CONNECTORS);
    let dependencies = manifest["workspace"]["dependencies"].as_table_mut();
    let dependencies = dependencies.ok_or_else(|| unexpected(path, "[workspace.dependencies]"))?;
    let is_sibling = |item: &Item| {
        item.get("path")
            .and_then(Item::as_str)
            .is_some_and(|path| path.starts_with(&format!("{CONNECTORS}/")))
    };
    let mut library = InlineTable::from_iter([("path", Value::from(home))]);
    library.insert("default-features", false.into());
    insert_beside(dependencies, &name.package(), value(library), is_sibling);
    Ok(manifest.to_string())
}

/// The facade's manifest: a feature of the connector's name, which is on unless somebody says otherwise.
fn features(path: &Path, text: &str, name: &Name) -> Result<String> {
    let mut manifest = parse(path, text)?;
    let package = name.package();
    let features = table(&mut manifest, path, "features")?;
    let usual = features.get_mut("default").and_then(Item::as_array_mut);
    insert_sorted(usual.ok_or_else(|| unexpected(path, "features.default"))?, &package, "");
    let feature = value(Array::from_iter([format!("dep:{package}")]));
    insert_beside(features, &package, feature, |_| true);
    let dependencies = table(&mut manifest, path, "dependencies")?;
    let mut dependency = InlineTable::from_iter([("workspace", Value::from(true))]);
    dependency.insert("optional", true.into());
    insert_beside(dependencies, &package, value(dependency), |_| true);
    Ok(manifest.to_string())
}

fn table<'a>(manifest: &'a mut DocumentMut, path: &Path, name: &str) -> Result<&'a mut Table> {
    let found = manifest.get_mut(name).and_then(Item::as_table_mut);
    found.ok_or_else(|| unexpected(path, &format!("[{name}]")))
}

/// The facade itself. A crate that no code names is not linked, and then its connector is not registered.
fn exports(path: &Path, text: &str, name: &Name) -> Result<String> {
    let of = |krate: &str, package: &str| format!("#[cfg(feature = \"{package}\")]\npub use {krate};\n");
    let new = of(name.snake(), &name.package());
    let mut exports: Vec<(&str, String)> = Vec::new();
    for krate in text.lines().filter_map(|line| line.strip_prefix("pub use ")?.strip_suffix(';')) {
        exports.push((krate, of(krate, &krate.replace('_', "-"))));
    }
    let known: String = exports.iter().map(|(_, export)| export.as_str()).collect();
    if exports.is_empty() || !text.contains(&known) {
        return Err(unexpected(path, "block of `pub use`, each behind the feature of its connector"));
    }
    if !exports.iter().any(|(krate, _)| *krate == name.snake()) {
        exports.push((name.snake(), new));
    }
    // As rustfmt has it.
    exports.sort();
    let all: String = exports.iter().map(|(_, export)| export.as_str()).collect();
    Ok(text.replace(&known, &all))
}

/// Puts a text into a sorted list, among those that begin alike.
fn insert_sorted(list: &mut Array, text: &str, beginning: &str) {
    let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    if texts.contains(&text) {
        return;
    }
    let is_before = |other: &str| other.starts_with(beginning) && other < text;
    let last_alike = texts.iter().rposition(|other| other.starts_with(beginning));
    let place = texts.iter().rposition(|other| is_before(other)).or(last_alike).map_or(0, |at| at + 1);
    // Each stands in a line of its own, or all in one.
    let decor = list.get(place.saturating_sub(1)).map(|before| before.decor().clone());
    let mut new = Value::from(text);
    if let Some(decor) = decor {
        *new.decor_mut() = decor;
    }
    if place == 1
        && !list.get(0).is_some_and(|first| {
            first.decor().prefix().is_some_and(|p| p.as_str().is_some_and(|p| p.contains('\n')))
        })
    {
        new.decor_mut().set_prefix(" ");
    }
    list.insert_formatted(place, new);
}

/// Puts an entry into a table: in its place by the alphabet among the entries that are like it.
fn insert_beside(table: &mut Table, name: &str, item: Item, is_like: impl Fn(&Item) -> bool) {
    if table.contains_key(name) {
        return;
    }
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let alike = |key: &&String| table.get(key).is_some_and(&is_like);
    let before = keys.iter().rfind(|key| alike(key) && key.as_str() < name).or(keys.iter().rfind(alike));
    let place = before.and_then(|before| keys.iter().position(|key| key == before)).map_or(0, |at| at + 1);
    let behind: Vec<(Key, Item)> = keys[place..].iter().filter_map(|key| table.remove_entry(key)).collect();
    table.insert(name, item);
    for (key, item) in behind {
        table.insert_formatted(&key, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"[workspace]
members = [
    "connector-core",
    "connectors",
    "connectors/teapot",
    "connectors/teapot/sandbox",
    "tests",
]

[workspace.dependencies]
connector-core = { path = "connector-core" }
teapot = { path = "connectors/teapot", default-features = false }
teapot-sandbox = { path = "connectors/teapot/sandbox" }

# Others.
axum = "0.8"
"#;
    const FACADE: &str = r#"[features]
default = ["binary", "teapot"]
# The program.
binary = ["dep:connector-cli"]
teapot = ["dep:teapot"]

[dependencies]
connector-cli = { workspace = true, optional = true }
teapot = { workspace = true, optional = true }
"#;
    const EXPORTS: &str = "//! All.\n\n#[cfg(feature = \"teapot\")]\npub use teapot;\n";

    fn name(text: &str) -> Name {
        Name::unchecked(text)
    }

    fn added(edit: Edit, before: &str, name: &Name) -> (String, Vec<String>) {
        let after = edit("Cargo.toml".as_ref(), before, name).unwrap();
        let new = after.lines().filter(|line| !before.lines().any(|other| other == *line));
        (after.clone(), new.map(ToOwned::to_owned).collect())
    }

    #[test]
    fn members_and_dependencies_join_their_like() {
        for (new, before, behind) in
            [("acme_crm", "connectors", "teapot"), ("zoo", "teapot/sandbox", "tests")]
        {
            let (after, lines) = added(members, MANIFEST, &name(new));
            let package = new.replace('_', "-");
            assert_eq!(
                lines,
                [
                    format!("    \"connectors/{new}\","),
                    format!("{package} = {{ path = \"connectors/{new}\", default-features = false }}"),
                ]
            );
            let place = |text: &str| after.find(&format!("{text}\",\n")).unwrap();
            assert!(place(before) < place(new) && place(new) < place(behind), "{after}");
            let (dependency, others) = (after.find(&format!("\n{package} =")), after.find("# Others."));
            assert!(dependency < others, "{after}");
            assert_eq!(
                members("Cargo.toml".as_ref(), &after, &name(new)).unwrap(),
                after,
                "it is one already"
            );
        }
    }

    #[test]
    fn the_facade_gets_a_feature_that_is_on() {
        let (after, lines) = added(features, FACADE, &name("acme_crm"));
        assert_eq!(
            lines,
            [
                r#"default = ["binary", "teapot", "acme-crm"]"#,
                r#"acme-crm = ["dep:acme-crm"]"#,
                "acme-crm = { workspace = true, optional = true }",
            ],
            "{after}"
        );
        assert!(after.contains("# The program.\nbinary ="), "{after}");
        let (_, lines) = added(features, FACADE, &name("zoo"));
        assert_eq!(lines[0], r#"default = ["binary", "teapot", "zoo"]"#);
    }

    #[test]
    fn the_facade_names_the_crate_so_that_it_is_linked() {
        let (after, _) = added(exports, EXPORTS, &name("acme_crm"));
        assert_eq!(
            after,
            "//! All.\n\n#[cfg(feature = \"acme-crm\")]\npub use acme_crm;\n#[cfg(feature = \"teapot\")]\npub use teapot;\n"
        );
        assert_eq!(exports("lib.rs".as_ref(), &after, &name("acme_crm")).unwrap(), after);
        let odd = EXPORTS.replace("#[cfg(feature = \"teapot\")]\n", "");
        assert!(exports("lib.rs".as_ref(), &odd, &name("zoo")).is_err(), "it is not guessed at");
    }
}
