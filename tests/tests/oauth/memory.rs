//! The memory of a process that holds secrets: in no file after a crash, and not for others to read.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::{
        fs::PermissionsExt,
        process::{CommandExt, ExitStatusExt},
    },
    process::{Child, Command, Stdio},
};

use system_tests::{account::VAULT_KEY, binary::Connector};

use super::print_figure;
use super::secrets::{NOBODY, WRONG_SECRET, as_somebody_else, is_root};

/// A server with secrets in its environment, of a user without rights; whether core files may be left is up to it.
fn start_as_nobody(connector: &Connector) -> Child {
    let work = connector.working_folder();
    let folder = work.parent().expect("it stands in one");
    for (path, mode) in [(folder, 0o755), (&*work, 0o777), (&folder.join("home"), 0o777)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own folder");
    }
    let mut command = Command::new("/bin/sh");
    let bare = connector.command();
    command.env_clear().envs(bare.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(["-c", r#"ulimit -c unlimited; exec "$0" serve --listen 127.0.0.1:0"#]);
    command.arg(connector.program()).current_dir(&work).stdout(Stdio::piped()).stderr(Stdio::null());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut process = command.spawn().expect("a shell");
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line).expect("a line");
    assert!(line.contains("\"ready\""), "{line}");
    process
}

#[test]
fn a_crash_leaves_no_core_and_the_memory_is_nobodys() {
    let connector = Connector::new("tl-connector")
        .environment("CONNECTOR_STORE_URL", "sqlite://nobody.db")
        .environment("CONNECTOR_VAULT_KEY", VAULT_KEY)
        .environment("TEAMLEADER_CLIENT_SECRET", WRONG_SECRET);
    let mut other = Command::new("/bin/sleep");
    other.arg("600");
    if is_root() {
        other.uid(NOBODY).gid(NOBODY);
    }
    let mut other = other.spawn().expect("a process as others are");
    let open = |id: u32, file: &str| as_somebody_else(&format!("exec 3</proc/{id}/{file}")).status.success();
    assert!(open(other.id(), "mem") && open(other.id(), "environ"), "of others this user may read it");
    // Not SEGV: Rust's own handler lets the first one that is merely sent go by.
    for signal in ["ABRT", "ILL", "QUIT"] {
        let mut process = start_as_nobody(&connector);
        assert!(!open(process.id(), "mem") && !open(process.id(), "environ"), "but not of ours");
        let sent = as_somebody_else(&format!("kill -s {signal} {}", process.id()));
        assert!(sent.status.success(), "{sent:?}");
        let ended = process.wait().expect("a child");
        assert!(ended.signal().is_some() && !ended.core_dumped(), "{signal}: {ended:?}");
    }
    other.kill().and_then(|()| other.wait()).expect("a child");
    assert_eq!(cores(&connector), 0);

    let connector = connector.environment("CONNECTOR_ALLOW_DEBUGGER", "1");
    let mut allowed = start_as_nobody(&connector);
    assert!(open(allowed.id(), "mem"), "it is our doing that the others are closed");
    as_somebody_else(&format!("kill -s ABRT {}", allowed.id()));
    let ended = allowed.wait().expect("a child");
    print_figure(&format!(
        "secrets: 3 crashes left 0 core files, one with a debugger allowed left {}; memory and environment of 3 \
         processes unreadable",
        u32::from(ended.core_dumped())
    ));
}

/// Core files that were left where the connector runs.
fn cores(connector: &Connector) -> usize {
    let files = fs::read_dir(connector.working_folder()).expect("a folder");
    let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with("core")).count()
}
