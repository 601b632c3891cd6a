//! The manifest of a connector that stands alone: what a member takes from the framework's workspace stands in it.

use connector_core::{ConnectorError, ErrorCode, Result};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::framework::{Framework, parse, read};
use super::templates::File;

/// Makes the files those of a crate outside of the framework's workspace.
///
/// # Errors
/// When the framework's manifest is not as it should be.
pub(super) fn stand_alone(framework: &Framework, files: &mut Vec<File>) -> Result<()> {
    let found =
        files.iter_mut().find(|file| file.path == "Cargo.toml").ok_or_else(|| broken("Cargo.toml"))?;
    found.text = inlined(framework, &found.text)?;
    files.push(File { path: "rustfmt.toml".into(), text: read(&framework.root.join("rustfmt.toml"))? });
    files.push(File { path: ".gitignore".into(), text: "/target/\n/sandbox.json\n*.db*\n".into() });
    // The framework was tested with these versions, and needs no registry to be asked for them.
    files.push(File { path: "Cargo.lock".into(), text: framework.lock()? });
    Ok(())
}

fn inlined(framework: &Framework, text: &str) -> Result<String> {
    let mut manifest = parse("Cargo.toml".as_ref(), text)?;
    let inherited = framework.table("package")?;
    let package = table_mut(&mut manifest, "package")?;
    // Its licence is for its maker to choose.
    package.remove("license");
    for (name, item) in package.iter_mut() {
        if is_inherited(item) {
            *item = plain(inherited.get(&name).ok_or_else(|| broken(&name))?);
        }
    }
    for dependencies in ["dependencies", "dev-dependencies"] {
        for (name, item) in table_mut(&mut manifest, dependencies)?.iter_mut() {
            if is_inherited(item) {
                *item = dependency(framework, &name)?;
            }
        }
    }
    // Nobody links the library alone, and lints are the taste of a workspace.
    for of_members in ["features", "test", "lints"] {
        manifest.remove(of_members);
    }
    if let Some(programs) = manifest.get_mut("bin").and_then(Item::as_array_of_tables_mut) {
        for program in programs.iter_mut() {
            program.remove("required-features");
        }
    }
    manifest.insert("workspace", Item::Table(Table::new()));
    // Built as the framework is, so that what was built for it serves here, too.
    if let Some(profile) = framework.manifest.get("profile").and_then(|all| all.get("dev")?.as_table_like()) {
        let mut profiles = Table::new();
        profiles.set_implicit(true);
        profiles.insert("dev", copied(profile));
        manifest.insert("profile", Item::Table(profiles));
    }
    Ok(manifest.to_string())
}

fn table_mut<'a>(manifest: &'a mut DocumentMut, name: &str) -> Result<&'a mut Table> {
    manifest.get_mut(name).and_then(Item::as_table_mut).ok_or_else(|| broken(name))
}

fn is_inherited(item: &Item) -> bool {
    item.get("workspace").and_then(Item::as_bool) == Some(true)
}

/// A dependency as the framework has it. The framework's own crates are found by their whole path.
fn dependency(framework: &Framework, name: &str) -> Result<Item> {
    let mut found = plain(framework.table("dependencies")?.get(name).ok_or_else(|| broken(name))?);
    if let Some(table) = found.as_inline_table_mut()
        && let Some(path) = table.get("path").and_then(Value::as_str)
    {
        let whole = framework.root.join(path);
        table.insert("path", whole.to_str().ok_or_else(|| broken(name))?.into());
    }
    Ok(found)
}

/// The same without comments around it.
fn plain(item: &Item) -> Item {
    let mut plain = item.clone();
    if let Some(value) = plain.as_value_mut() {
        value.decor_mut().clear();
    }
    plain
}

/// A table without its comments.
fn copied(found: &dyn TableLike) -> Item {
    let mut table = Table::new();
    for (name, item) in found.iter() {
        let item = item.as_table().map_or_else(|| plain(item), |inner| copied(inner));
        table.set_implicit(item.is_table());
        table.insert(name, item);
    }
    Item::Table(table)
}

fn broken(what: &str) -> ConnectorError {
    let message = format!("the framework's manifest lacks what a connector takes from it: {what}");
    ConnectorError::new(ErrorCode::InvalidValue, message)
}
