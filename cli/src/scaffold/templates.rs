//! The templates of a connector's files, which are parts of this program.

use connector_core::{ConnectorError, ErrorCode, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context};

use super::name::Name;
use super::streams::StreamName;

macro_rules! templates {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../scaffold-templates/", $path, ".jinja")))),+]
    };
}

/// In the order in which one reads them.
const TEMPLATES: &[(&str, &str)] = templates![
    "README.md",
    "Cargo.toml",
    "src/lib.rs",
    "src/main.rs",
    "src/settings.rs",
    "src/error.rs",
    "src/resources.rs",
    "src/capabilities.rs",
    "src/integration.rs",
    "src/sandbox.rs",
    "tests/behaviour.rs",
];

/// The one that some connectors do without.
const OF_CREDENTIALS: &str = "src/capabilities.rs";

/// What is known of a new connector.
pub(super) struct Crate<'a> {
    pub(super) name: &'a Name,
    pub(super) auth: &'a str,
    /// Whether the framework that it becomes a part of uses the name for something else.
    pub(super) is_ordinary_word: bool,
    pub(super) streams: &'a [StreamName],
}

/// A file that is to be written.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Below the connector's folder.
    pub(super) path: String,
    pub(super) text: String,
}

/// The files of a connector.
///
/// # Errors
/// `internal_error` for a template with a mistake, which tests exclude.
pub(super) fn render(new: &Crate<'_>) -> Result<Vec<File>> {
    let environment = environment().map_err(|error| broken(&error))?;
    let context = context! {
        name => new.name.snake(),
        package => new.name.package(),
        program => new.name.program(),
        variable => new.name.variable(),
        title => new.name.title(),
        auth => new.auth,
        is_ordinary_word => new.is_ordinary_word,
        streams => Value::from(Serde(new.streams)),
    };
    let needed = TEMPLATES.iter().filter(|(template, _)| *template != OF_CREDENTIALS || new.auth != "none");
    let render = |(path, _): &(&str, &str)| {
        let text = environment.get_template(path).and_then(|template| template.render(context.clone()));
        Ok(File { path: (*path).to_owned(), text: text.map_err(|error| broken(&error))? })
    };
    needed.map(render).collect()
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    environment.set_syntax(syntax.build()?);
    for (path, template) in TEMPLATES {
        environment.add_template(path, template)?;
    }
    Ok(environment)
}

fn broken(error: &minijinja::Error) -> ConnectorError {
    ConnectorError::new(ErrorCode::InternalError, "a template has a mistake").source(format!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    #[test]
    fn every_template_of_the_folder_is_listed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scaffold-templates");
        let mut folders: Vec<PathBuf> = vec![folder.clone()];
        let mut found = BTreeSet::new();
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let path = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                    found.insert(path.strip_suffix(".jinja").unwrap().to_owned());
                }
            }
        }
        assert_eq!(found, TEMPLATES.iter().map(|(path, _)| (*path).to_owned()).collect());
    }
}
