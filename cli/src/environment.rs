//! The environment: variables of the process, then those of a `.env` file in the working directory.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The file that is read beside the variables of the process.
const FILE: &str = ".env";

/// Variables, process first.
#[derive(Debug)]
pub(crate) struct Environment {
    file: HashMap<String, String>,
    /// Whether a line of the file could not be read.
    is_damaged: bool,
    of_process: bool,
}

impl Environment {
    /// An environment without variables, for what must not depend on whose machine it runs on.
    pub(crate) fn empty() -> Self {
        Self { file: HashMap::new(), is_damaged: false, of_process: false }
    }

    /// The environment of this process. Its file is read once, at the first question: before the command line is
    /// understood, since flags ask.
    pub(crate) fn of_process() -> Arc<Self> {
        static OF_PROCESS: OnceLock<Arc<Environment>> = OnceLock::new();
        Arc::clone(OF_PROCESS.get_or_init(|| Arc::new(Self::with_file(Path::new(FILE)))))
    }

    fn with_file(path: &Path) -> Self {
        let mut environment = Self { of_process: true, ..Self::empty() };
        let lines = path.is_file().then(|| dotenvy::from_path_iter(path).ok()).flatten();
        for line in lines.into_iter().flatten() {
            match line {
                Ok((name, value)) => {
                    environment.file.insert(name, value);
                }
                Err(_) => environment.is_damaged = true,
            }
        }
        environment
    }

    /// Says what is wrong with the file, once there is a log. The text of an error would hold the line, which may hold a
    /// secret.
    pub(crate) fn warn(&self) {
        if self.is_damaged {
            tracing::warn!("a line of {FILE} cannot be read and was left out");
        }
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let of_process = if self.of_process { std::env::var(name).ok() } else { None };
        of_process
            .filter(|value| !value.is_empty())
            .or_else(|| self.file.get(name).cloned())
            .filter(|value| !value.is_empty())
    }

    /// Whether a variable says yes.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == "1" || value == "true")
    }

    /// Gives flags what the file says for the variables that they stand for. Those of the process clap reads itself.
    pub(crate) fn fill(&self, command: clap::Command) -> clap::Command {
        if self.file.is_empty() {
            return command;
        }
        let said = |arg: &clap::Arg| {
            let name = arg.get_env()?.to_str()?;
            self.file.get(name).filter(|value| !value.is_empty()).cloned()
        };
        command
            .mut_args(|arg| match said(&arg) {
                Some(value) => arg.default_value(value),
                None => arg,
            })
            .mut_subcommands(|subcommand| self.fill(subcommand))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str) -> Environment {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        Environment::with_file(&path)
    }

    #[test]
    fn a_file_says_what_the_process_does_not() {
        let environment = with_file("EXAMPLE_A=1\nEXAMPLE_B=\nPATH=/nowhere\nnot a line 'at all\n");
        assert_eq!(environment.get("EXAMPLE_A").as_deref(), Some("1"));
        assert!(environment.is_on("EXAMPLE_A") && environment.is_damaged);
        assert_eq!((environment.get("EXAMPLE_B"), environment.get("EXAMPLE_C")), (None, None));
        assert_ne!(environment.get("PATH").as_deref(), Some("/nowhere"));
        assert!(with_file("").file.is_empty());
    }

    #[test]
    fn a_flag_takes_what_the_file_says_unless_it_is_typed() {
        let flag = || clap::Arg::new("at").long("at").default_value("usual").env("EXAMPLE_AT_OF_A_FLAG");
        let serve = || clap::Command::new("serve").arg(flag());
        let at = |environment: &Environment, words: &[&str]| {
            let command = environment.fill(clap::Command::new("example").subcommand(serve()));
            let matches = command.get_matches_from(words);
            matches.subcommand_matches("serve").unwrap().get_one::<String>("at").cloned().unwrap()
        };
        let environment = with_file("EXAMPLE_AT_OF_A_FLAG=file");
        assert_eq!(at(&environment, &["example", "serve"]), "file");
        assert_eq!(at(&environment, &["example", "serve", "--at", "typed"]), "typed");
        assert_eq!(at(&Environment::empty(), &["example", "serve"]), "usual");
    }
}
