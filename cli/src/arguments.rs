//! Arguments as typed, and the commands that they mean.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Subcommand, ValueEnum, value_parser};
use clap_complete::Shell;
use connector_core::ConnectorError;
use connector_core::integration::Integration;

use crate::audit::AuditCommand;
use crate::demo::DemoOptions;
use crate::environment::Environment;
use crate::export::ExportCommand;
use crate::help;
use crate::keys::KeysCommand;
use crate::logging::LogFormat;
use crate::login::LoginCommand;
use crate::logout::LogoutCommand;
use crate::man::ManCommand;
use crate::output::{Ended, Output};
use crate::refusal::refusal;
use crate::rejects::RejectsCommand;
use crate::sandbox::SandboxOptions;
use crate::schedule::ScheduleCommand;
use crate::serve::ServeCommand;
use crate::sync::SyncCommand;
use crate::vault::VaultCommand;
use crate::verify::VerifyCommand;
use crate::webhooks::WebhooksCommand;

/// Where commands and capabilities are listed.
const WHERE_ALL_ARE: &str = "`info` lists the capabilities";

/// What is to be done and how it is told.
pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) log_format: LogFormat,
}

/// What is to be done.
pub(crate) enum Command {
    Info(EnvelopeSource),
    AppInfo(EnvelopeSource),
    Capability(CapabilityCall),
    Audit(AuditCommand),
    Sync(SyncCommand),
    Verify(VerifyCommand),
    Rejects(RejectsCommand),
    Webhooks(WebhooksCommand),
    Keys(KeysCommand),
    Login(LoginCommand),
    Logout(LogoutCommand),
    Export(ExportCommand),
    Schedule(ScheduleCommand),
    Serve(ServeCommand),
    Spec,
    Status,
    Vault(VaultCommand),
    Sandbox(SandboxOptions),
    Demo(DemoOptions),
    Completions(Shell),
    Man(ManCommand),
}

impl Command {
    /// The word that was typed.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Info(_) => "info",
            Self::AppInfo(_) => "app_info",
            Self::Capability(call) => &call.name,
            Self::Audit(_) => "audit",
            Self::Sync(_) => "sync",
            Self::Verify(_) => "verify",
            Self::Rejects(_) => "rejects",
            Self::Webhooks(_) => "webhooks",
            Self::Keys(_) => "keys",
            Self::Login(_) => "login",
            Self::Logout(_) => "logout",
            Self::Export(_) => "export",
            Self::Schedule(_) => "schedule",
            Self::Serve(_) => "serve",
            Self::Spec => "spec",
            Self::Status => "status",
            Self::Vault(_) => "vault",
            Self::Sandbox(_) => "sandbox",
            Self::Demo(_) => "demo",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }
}

/// A capability and its envelope.
pub(crate) struct CapabilityCall {
    pub(crate) name: String,
    pub(crate) envelope: EnvelopeSource,
    pub(crate) all_pages: bool,
    pub(crate) form: Form,
}

/// Where an envelope comes from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EnvelopeSource {
    /// The request envelope, or `-` for standard input
    #[arg(long, value_name = "ENVELOPE", conflicts_with = "json_file")]
    pub(crate) json: Option<String>,
    /// A file with the request envelope, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) json_file: Option<PathBuf>,
}

impl EnvelopeSource {
    /// Whether an envelope was typed: whoever writes envelopes reads envelopes.
    pub(crate) fn is_given(&self) -> bool {
        self.json.is_some() || self.json_file.is_some()
    }
}

/// Form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// One envelope.
    Json,
    /// One record a line, then the envelope without them.
    Ndjson,
}

/// What became of the arguments.
pub(crate) enum Parsed {
    Arguments(Box<Arguments>, Output),
    /// Help or a version was asked for.
    Print(String),
    Refused(ConnectorError, Output),
}

pub(crate) fn parse(
    binary: &'static str,
    integration: &Integration,
    sandbox: bool,
    typed: &[OsString],
) -> Parsed {
    // Also for what is refused before the flags are understood: an agent that reads only the JSON set it for that.
    let output = Output { exit_zero: wants_exit_zero(typed), ..Output::default() };
    let wants_help = typed.iter().any(|word| word == "--help" || word == "-h" || word == "help");
    // A connector has a hundred capabilities, and most calls are of one.
    let is_shown = |name: &str| wants_help || typed.iter().any(|word| word == name);
    let mut command = Environment::of_process().fill(command(binary, integration, sandbox, is_shown));
    if wants_help {
        command = help::explain(command, binary, integration, typed);
    }
    match command.try_get_matches_from(typed) {
        Ok(matches) => match understand(&matches) {
            Ok(arguments) => {
                let file = matches.subcommand().and_then(|(_, matches)| result_file(matches));
                let exit_skip = matches.get_flag("exit_skip");
                Parsed::Arguments(Box::new(arguments), Output { exit_skip, file, ..output })
            }
            Err(error) => Parsed::Refused(refusal(&error, WHERE_ALL_ARE), output),
        },
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Parsed::Print(error.render().to_string()),
            _ => Parsed::Refused(refusal(&error, WHERE_ALL_ARE), output),
        },
    }
}

/// A script that completes commands in a shell.
pub(crate) fn completions(
    binary: &'static str,
    integration: &Integration,
    sandbox: bool,
    shell: Shell,
) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut whole(binary, integration, sandbox), binary, &mut script);
    Ended::Text(String::from_utf8_lossy(&script).into_owned())
}

/// The command line with the flags of every capability.
pub(crate) fn whole(binary: &'static str, integration: &Integration, sandbox: bool) -> clap::Command {
    command(binary, integration, sandbox, |_| true)
}

pub(crate) fn wants_exit_zero(typed: &[OsString]) -> bool {
    Environment::of_process().is_on("CONNECTOR_EXIT_ZERO") || typed.iter().any(|word| word == "--exit-zero")
}

fn result_file(matches: &ArgMatches) -> Option<PathBuf> {
    matches.try_get_one::<PathBuf>("result_file_path").ok().flatten().cloned()
}

/// `is_shown` tells the capabilities that are more than a name: those that are typed, or that somebody reads about.
fn command(
    binary: &'static str,
    integration: &Integration,
    sandbox: bool,
    is_shown: impl Fn(&str) -> bool,
) -> clap::Command {
    let description = integration.description();
    let mut command =
        clap::Command::new(binary)
            .version(description.version.clone())
            .about(description.description.clone())
            .subcommand_required(true)
            .arg_required_else_help(false)
            .disable_help_subcommand(true)
            .subcommand_value_name("COMMAND")
            .arg(
                Arg::new("exit_zero")
                    .long("exit-zero")
                    .global(true)
                    .action(ArgAction::SetTrue)
                    .help("Exit with 0 whenever an envelope was printed [env: CONNECTOR_EXIT_ZERO]"),
            )
            .arg(Arg::new("exit_skip").long("exit-skip").global(true).action(ArgAction::SetTrue).help(
                "Exit with 99 when there was nothing to do: no record came, or none was new or changed",
            ))
            .arg(
                Arg::new("log_format")
                    .long("log-format")
                    .global(true)
                    .value_parser(value_parser!(LogFormat))
                    .help("Form of the lines on standard error: text on a terminal, else JSON"),
            );
    // What it is about comes last: deriving arguments puts the type's own documentation in its place.
    let named = |name: &'static str| clap::Command::new(name);
    let mut for_people = vec![
        LoginCommand::augment_args(named("login")).about("Connect an account"),
        LogoutCommand::augment_args(named("logout")).about("Give an account's tokens back and forget them"),
        result_arguments(SyncCommand::augment_args(named("sync"))).about("Read streams into a database"),
        result_arguments(VerifyCommand::augment_args(named("verify")))
            .about("Compare the database with the app"),
        RejectsCommand::augment_subcommands(named("rejects").subcommand_required(true))
            .about("Show the records that could not be stored, and try again"),
        WebhooksCommand::augment_subcommands(named("webhooks").subcommand_required(true))
            .about("Take the app's messages about changes, and read what changed"),
        ExportCommand::augment_args(named("export")).about("Write stored records to a file"),
        ScheduleCommand::augment_subcommands(named("schedule").subcommand_required(true))
            .about("Show and change when `serve` syncs by itself"),
        ServeCommand::augment_args(named("serve"))
            .about("Do everything over HTTP, by the clock, and for people"),
        KeysCommand::augment_subcommands(named("keys").subcommand_required(true))
            .about("Make, show and take back keys to the server"),
        named("spec").about("Print the OpenAPI document of the connector and its server"),
        AuditCommand::augment_subcommands(named("audit").subcommand_required(true))
            .about("Show who was handed which token, and whether the log of it is whole"),
        named("status").about("Show connections, streams and the last runs"),
        VaultCommand::augment_subcommands(named("vault").subcommand_required(true))
            .about("Show the keys that seal tokens, and change to another"),
    ];
    if sandbox {
        let options = SandboxOptions::augment_args(named("sandbox"));
        for_people.push(options.about("Run a stand-in for the app on this machine"));
        let options = DemoOptions::augment_args(named("demo"));
        for_people.push(options.about("Show everything at work against the sandbox"));
    }
    for_people.push(
        named("completions")
            .about("Print a script that completes commands in a shell")
            .arg(Arg::new("shell").required(true).value_parser(value_parser!(Shell))),
    );
    for_people.push(ManCommand::augment_args(named("man")).about("Write manual pages, one for each command"));
    for_people.push(call_arguments(named("app_info")).about("Give the OpenAPI document as an answer"));
    for_people.push(call_arguments(named("info")).about("Print everything about the connector"));
    command = command.subcommands(for_people);
    // Those have a command of the same name above, with friendlier words.
    let derived = integration.capabilities().filter(|found| !["sync", "verify"].contains(&found.name()));
    command.subcommands(derived.map(|capability| match capability.name() {
        name if is_shown(name) => call_arguments(named(name)).about(capability.description_text().to_owned()),
        name => named(name),
    }))
}

fn call_arguments(command: clap::Command) -> clap::Command {
    result_arguments(EnvelopeSource::augment_args(command))
}

fn result_arguments(command: clap::Command) -> clap::Command {
    command
        .arg(
            Arg::new("all_pages")
                .long("all-pages")
                .action(ArgAction::SetTrue)
                .help("Read every page of a list, from the first on"),
        )
        .arg(
            Arg::new("result_file_path")
                .long("result-file-path")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write the envelope to this file, compressed when it ends in .gz"),
        )
        .arg(
            Arg::new("output")
                .long("output")
                .value_parser(value_parser!(Form))
                .default_value("json")
                .help("One envelope, or one record a line and then the envelope without them"),
        )
}

fn understand(matches: &ArgMatches) -> Result<Arguments, clap::Error> {
    let log_format = matches
        .get_one::<LogFormat>("log_format")
        .copied()
        .unwrap_or_else(|| if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json });
    let Some((name, matches)) = matches.subcommand() else {
        return Err(clap::Error::new(ErrorKind::MissingSubcommand));
    };
    let command = match name {
        "app_info" => Command::AppInfo(EnvelopeSource::from_arg_matches(matches)?),
        "info" => Command::Info(EnvelopeSource::from_arg_matches(matches)?),
        "login" => Command::Login(LoginCommand::from_arg_matches(matches)?),
        "logout" => Command::Logout(LogoutCommand::from_arg_matches(matches)?),
        "sync" => Command::Sync(SyncCommand { log_format, ..SyncCommand::from_arg_matches(matches)? }),
        "verify" => {
            Command::Verify(VerifyCommand { log_format, ..VerifyCommand::from_arg_matches(matches)? })
        }
        "rejects" => Command::Rejects(RejectsCommand::from_arg_matches(matches)?),
        "webhooks" => Command::Webhooks(WebhooksCommand::from_arg_matches(matches)?),
        "audit" => Command::Audit(AuditCommand::from_arg_matches(matches)?),
        "export" => Command::Export(ExportCommand::from_arg_matches(matches)?),
        "keys" => Command::Keys(KeysCommand::from_arg_matches(matches)?),
        "schedule" => Command::Schedule(ScheduleCommand::from_arg_matches(matches)?),
        "serve" => Command::Serve(ServeCommand::from_arg_matches(matches)?),
        "spec" => Command::Spec,
        "status" => Command::Status,
        "vault" => Command::Vault(VaultCommand::from_arg_matches(matches)?),
        "sandbox" => Command::Sandbox(SandboxOptions::from_arg_matches(matches)?),
        "demo" => Command::Demo(DemoOptions::from_arg_matches(matches)?),
        "completions" => match matches.get_one::<Shell>("shell") {
            Some(shell) => Command::Completions(*shell),
            None => return Err(clap::Error::new(ErrorKind::MissingRequiredArgument)),
        },
        "man" => Command::Man(ManCommand::from_arg_matches(matches)?),
        capability => Command::Capability(CapabilityCall {
            name: capability.to_owned(),
            envelope: EnvelopeSource::from_arg_matches(matches)?,
            all_pages: matches.get_flag("all_pages"),
            form: matches.get_one::<Form>("output").copied().unwrap_or(Form::Json),
        }),
    };
    Ok(Arguments { command, log_format })
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_core::capability::Capability;
    use connector_core::{Call, ErrorCode};

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Settings {}

    fn integration() -> Integration {
        Integration::builder::<Settings>("example", "1.0.0").build().unwrap()
    }

    fn refused(words: &[&str]) -> ConnectorError {
        let typed: Vec<OsString> = std::iter::once(&"example").chain(words).map(OsString::from).collect();
        match parse("example", &integration(), true, &typed) {
            Parsed::Refused(error, _) => error,
            _ => panic!("{words:?} must be refused"),
        }
    }

    #[test]
    fn the_commands_fit_together() {
        command("example", &integration(), true, |_| true).debug_assert();
    }

    #[test]
    fn no_capability_can_be_called_as_a_command_is() {
        #[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
        struct Asked {}
        let with_capability = |name: &'static str| {
            let handler = |_: Call<Settings>, _: Asked| async { Ok(Asked {}) };
            Integration::builder::<Settings>("example", "1")
                .capability(Capability::new(name, handler))
                .build()
        };
        let whole = command("example", &integration(), true, |_| true);
        // Those of the same name do the same.
        let commands =
            whole.get_subcommands().filter(|found| !["sync", "verify"].contains(&found.get_name()));
        for found in commands {
            let name: &'static str = Box::leak(found.get_name().to_owned().into_boxed_str());
            assert!(with_capability(name).is_err(), "{name}");
        }
        assert!(with_capability("list_exports").is_ok());
    }

    #[test]
    fn no_app_can_be_called_as_an_address_of_the_server_is() {
        let document = crate::spec::document(&[&integration()]);
        let paths = document["paths"].as_object().unwrap().keys();
        let firsts = paths.filter_map(|path| path.split('/').nth(1)).filter(|first| !first.starts_with('{'));
        for first in firsts {
            let built = Integration::builder::<Settings>(first, "1").build();
            assert!(first == "example" || built.is_err(), "{first}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused_without_its_value() {
        assert_eq!(refused(&["sinc"]).code(), ErrorCode::UnsupportedOperation);
        assert!(refused(&["sinc"]).hint_text().unwrap().contains("`sync`"));
        assert_eq!(refused(&[]).code(), ErrorCode::BadRequest);
        for words in
            [&["sync", "--token=s3cret"][..], &["sandbox", "--port", "s3cret"], &["status", "s3cret"]]
        {
            assert!(!refused(words).message().contains("s3cret"), "{words:?}");
            assert_eq!(refused(words).exit_code(), 64);
        }
    }

    #[test]
    fn flags_that_need_or_exclude_each_other_are_told_apart() {
        for (words, expected) in [
            (&["webhooks", "listen", "--register"][..], "--public-url is missing"),
            (&["sync", "deals", "--all"], "excludes another flag"),
            (&["webhooks", "listen", "--listen", "8099"], "--listen cannot have this value: an address"),
            (&["rejects", "list", "--most", "0"], "--most cannot have this value: is not in 1"),
            (&["rejects", "list", "--most", "x"], "--most cannot have this value: a number"),
            (&["sync", "--table", "x"], "--table cannot have this value: a stream and a table"),
            (&["keys", "create", "--label", "a", "--scope", "x"], "--scope cannot have this value: "),
            (&["keys", "create", "--label", "a", "--expires", "x"], "--expires cannot have this value: "),
            (&["audit", "list", "--since", "x"], "--since cannot have this value: "),
            (&["completions", "fis"], "shell cannot have this value: one of bash, "),
            (&["completions"], "shell is missing"),
            (&["webhooks"], "a command is missing"),
            (&["rejects"], "a command is missing"),
        ] {
            let error = refused(words);
            assert!(error.message().contains(expected), "{words:?}: {error}");
            assert_eq!(error.exit_code(), 64);
        }
    }

    #[test]
    fn webhooks_are_listened_for_on_this_machine_unless_told_otherwise() {
        let typed: Vec<OsString> = ["example", "webhooks", "listen"].map(OsString::from).into();
        let Parsed::Arguments(arguments, _) = parse("example", &integration(), true, &typed) else {
            panic!("the arguments must be understood")
        };
        assert_eq!(arguments.command.name(), "webhooks");
        let Command::Webhooks(WebhooksCommand::Listen(listen)) = arguments.command else {
            panic!("another command was understood")
        };
        assert_eq!(listen.address.to_string(), "127.0.0.1:8099");
        assert!(!listen.register && listen.public_url.is_none());
    }
}
