//! The manifest of a connector that stands alone: a workspace of its own, with what the framework's would give it.

use connector_core::{ConnectorError, ErrorCode, Result};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::framework::{Framework, parse};
use super::templates::File;

/// The tables of the framework's workspace that its members take from, in the order in which they are written.
const INHERITED: &[&str] = &["package", "lints"];

/// Makes the files those of a crate outside of the framework's workspace.
///
/// # Errors
/// When the framework's manifest is not as it should be.
pub(super) fn stand_alone(framework: &Framework, files: &mut Vec<File>) -> Result<()> {
    let manifests: Vec<DocumentMut> = files
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml"))
        .map(|file| parse(file.path.as_ref(), &file.text))
        .collect::<Result<_>>()?;
    let own = own_packages(&manifests);
    let mut workspace = Table::new();
    workspace.insert("members", value(Array::from_iter(["sandbox"])));
    workspace.insert("resolver", value("3"));
    for name in INHERITED {
        workspace.insert(name, table(framework.table(name)?));
    }
    let mut dependencies = Table::new();
    for name in inherited_dependencies(&manifests) {
        let dependency = if let Some((_, path)) = own.iter().find(|(package, _)| *package == name) {
            path_dependency(path)
        } else {
            dependency(framework, &name)?
        };
        dependencies.insert(&name, dependency);
    }
    workspace.insert("dependencies", Item::Table(dependencies));
    let mut added = DocumentMut::new();
    added.insert("workspace", Item::Table(workspace));
    // Built as the framework is, so that what was built for it serves here, too.
    if let Some(profile) = framework.manifest.get("profile").and_then(|all| all.get("dev")) {
        let mut profiles = Table::new();
        profiles.set_implicit(true);
        profiles.insert("dev", table(profile.as_table_like().ok_or_else(|| broken("profile.dev"))?));
        added.insert("profile", Item::Table(profiles));
    }
    let manifest =
        files.iter_mut().find(|file| file.path == "Cargo.toml").ok_or_else(|| broken("manifest"))?;
    manifest.text = format!("{}\n{added}", manifest.text);
    files.push(File { path: "Cargo.lock".into(), text: framework.lock()? });
    files.push(File {
        path: "rustfmt.toml".into(),
        text: super::framework::read(&framework.root.join("rustfmt.toml"))?,
    });
    files.push(File { path: ".gitignore".into(), text: "/target/\n*.db*\n".into() });
    Ok(())
}

/// The packages of the manifests and their folders.
fn own_packages(manifests: &[DocumentMut]) -> Vec<(String, &'static str)> {
    let names = manifests.iter().filter_map(|manifest| manifest.get("package")?.get("name")?.as_str());
    names.map(ToOwned::to_owned).zip([".", "sandbox"]).collect()
}

/// Dependencies whose version is the workspace's.
fn inherited_dependencies(manifests: &[DocumentMut]) -> Vec<String> {
    let tables = manifests.iter().flat_map(|manifest| {
        ["dependencies", "dev-dependencies"]
            .into_iter()
            .filter_map(|table| manifest.get(table)?.as_table_like())
    });
    let inherits = |item: &Item| item.get("workspace").and_then(Item::as_bool) == Some(true);
    let mut names: Vec<String> = tables
        .flat_map(|table| table.iter().filter(|(_, item)| inherits(item)).map(|(name, _)| name.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// A dependency as the framework has it. Its own crates are found by their whole path.
fn dependency(framework: &Framework, name: &str) -> Result<Item> {
    let found = framework.table("dependencies")?.get(name).ok_or_else(|| broken(name))?;
    let Some(path) = found.get("path").and_then(Item::as_str) else {
        let mut plain = found.clone();
        if let Some(value) = plain.as_value_mut() {
            value.decor_mut().clear();
        }
        return Ok(plain);
    };
    let whole = framework.root.join(path);
    Ok(path_dependency(whole.to_str().ok_or_else(|| broken("path of UTF-8"))?))
}

fn path_dependency(path: &str) -> Item {
    value(InlineTable::from_iter([("path", Value::from(path))]))
}

/// The same table without comments, and with its tables of one line as they were.
fn table(found: &dyn TableLike) -> Item {
    let mut table = Table::new();
    for (name, item) in found.iter() {
        let copied = match item {
            Item::Table(inner) => self::table(inner),
            Item::Value(value) => {
                let mut value = value.clone();
                value.decor_mut().clear();
                Item::Value(value)
            }
            _ => continue,
        };
        table.insert(name, copied);
    }
    Item::Table(table)
}

fn broken(what: &str) -> ConnectorError {
    ConnectorError::new(
        ErrorCode::InvalidValue,
        format!("the framework's manifest lacks what a connector needs: {what}"),
    )
}
