//! Reads the manifests of the workspace's packages.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::TextFile;

/// A member of the workspace.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// Name of the package.
    pub name: String,
    /// Where its manifest stands, relative to the workspace's root.
    pub folder: String,
    /// Package names of what it is built from, build scripts and all targets included.
    pub dependencies: BTreeSet<String>,
    /// Package names of what only its tests use.
    pub test_dependencies: BTreeSet<String>,
    /// Whether it has the lints of the workspace.
    pub inherits_lints: bool,
    /// Whether its name is a word like any other, which those who do not know it may use.
    pub is_ordinary_word: bool,
}

/// The members that the root manifest among `files` lists.
pub(super) fn packages(files: &[TextFile]) -> Result<Vec<Package>, String> {
    let root = files.iter().find(|file| file.path == "Cargo.toml").ok_or("there is no Cargo.toml")?;
    let root = parse(root)?;
    let workspace =
        root.get("workspace").and_then(Value::as_table).ok_or("Cargo.toml declares no workspace")?;
    let members: Vec<&str> = workspace
        .get("members")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut packages = Vec::new();
    for file in files {
        let Some(folder) = file.path.strip_suffix("/Cargo.toml") else {
            continue;
        };
        if members.iter().any(|member| lists(member, folder)) {
            packages.push(package(folder, &parse(file)?, workspace)?);
        }
    }
    Ok(packages)
}

fn parse(file: &TextFile) -> Result<Table, String> {
    file.text.parse().map_err(|error| format!("{}: {error}", file.path))
}

/// Whether an entry of `members`, which may hold `*` in place of a folder's name, means this folder.
fn lists(member: &str, folder: &str) -> bool {
    let mut parts = folder.split('/');
    member.split('/').all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part))
        && parts.next().is_none()
}

fn package(folder: &str, manifest: &Table, workspace: &Table) -> Result<Package, String> {
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str)
        .ok_or_else(|| format!("{folder}/Cargo.toml: no package name"))?;
    let inherits_lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    let metadata = manifest.get("package").and_then(|package| package.get("metadata")?.get("connector"));
    let is_ordinary_word = metadata.and_then(|connector| connector.get("ordinary-word"));
    let is_set = |value: Option<&Value>| value.and_then(Value::as_bool).unwrap_or(false);
    let mut package = Package {
        name: name.to_owned(),
        folder: folder.to_owned(),
        inherits_lints: is_set(inherits_lints),
        is_ordinary_word: is_set(is_ordinary_word),
        ..Package::default()
    };
    let for_targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    for section in for_targets.filter_map(Value::as_table).chain([manifest]) {
        package.dependencies.extend(dependencies(section, "dependencies", workspace));
        package.dependencies.extend(dependencies(section, "build-dependencies", workspace));
        package.test_dependencies.extend(dependencies(section, "dev-dependencies", workspace));
    }
    Ok(package)
}

fn dependencies(section: &Table, kind: &str, workspace: &Table) -> Vec<String> {
    let shared = workspace.get("dependencies");
    section
        .get(kind)
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
        .map(|(key, entry)| {
            let inherited = entry.get("workspace").and_then(|_| shared?.get(key));
            // A dependency may be used under another name than its package's.
            let renamed = inherited.unwrap_or(entry).get("package").and_then(Value::as_str);
            renamed.unwrap_or(key).to_owned()
        })
        .collect()
}
