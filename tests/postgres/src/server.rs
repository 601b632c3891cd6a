//! One private PostgreSQL server: started, interrupted, started again, removed.

use std::{
    env,
    ffi::OsStr,
    io::{self, BufRead, BufReader, Read},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::OnceLock,
};

use crate::{TestDatabase, account::Account, installation};

const SUPERVISOR: &str = include_str!("serve.sh");

/// What names the socket's file; no TCP port is opened for it.
const SOCKET_PORT: u16 = 5432;

/// A running server that no other process knows of. Dropping it stops the server and removes its files.
///
/// Durability is off (`fsync = off`): [`Server::stop`] is a crash of the server that loses nothing, not one of
/// the machine.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    account: Option<Account>,
    loopback_port: Option<u16>,
    supervisor: Child,
    /// Closing this pipe is what ends the server.
    lifeline: Option<ChildStdin>,
}

impl Server {
    /// The server shared by all tests of this process, started by the first one that asks.
    ///
    /// # Panics
    /// When no server can be started.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            Self::start().unwrap_or_else(|error| panic!("no PostgreSQL server for the tests: {error}"))
        })
    }

    /// Starts a server that is reached through its socket only.
    pub fn start() -> io::Result<Self> {
        Self::launch(None)
    }

    /// Starts a server that also listens on a free port of 127.0.0.1.
    pub fn start_on_loopback() -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        Self::launch(Some(port))
    }

    fn launch(loopback_port: Option<u16>) -> io::Result<Self> {
        let programs = installation::programs()?;
        // From here on the supervisor owns the folder: it outlives this process and removes it.
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir()?.keep();
        let account = Account::for_owner_of(&folder)?;
        if let Some(account) = account {
            account.take_over(&folder)?;
        }

        let mut command = server_command("/bin/sh", &folder, account);
        command
            .args(["-c", SUPERVISOR, "serve.sh"])
            .args([&programs, &folder])
            .arg(loopback_port.unwrap_or(SOCKET_PORT).to_string())
            .arg(if loopback_port.is_some() { "127.0.0.1" } else { "" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal must reach the tests, and not the one who cleans up after them.
            .process_group(0);
        let mut supervisor = command.spawn()?;
        let lifeline = supervisor.stdin.take();
        let mut said = BufReader::new(supervisor.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let mut answer = String::new();
        said.read_line(&mut answer)?;
        if answer != "ready\n" {
            said.read_to_string(&mut answer)?;
            supervisor.wait()?;
            return Err(io::Error::other(format!(
                "{} did not start a server:\n{answer}",
                programs.display()
            )));
        }
        Ok(Self { programs, folder, account, loopback_port, supervisor, lifeline })
    }

    /// A fresh, empty database.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn create_database(&self) -> TestDatabase {
        TestDatabase::create(&self.url("postgres"))
    }

    /// The connection URL of a database: over loopback where the server listens there, else through its socket.
    pub fn url(&self, database: &str) -> String {
        match self.loopback_port {
            Some(port) => format!("postgres://postgres@127.0.0.1:{port}/{database}"),
            None => format!(
                "postgres://postgres@localhost:{SOCKET_PORT}/{database}?host={}",
                self.folder.display()
            ),
        }
    }

    /// The folder that holds the server's files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops the server at once, as a crash does: sessions are cut, open transactions are lost.
    pub fn stop(&self) -> io::Result<()> {
        self.control(&["stop", "--mode=immediate"])
    }

    /// Starts the server again after [`Server::stop`], at the same address and with its databases.
    pub fn start_again(&self) -> io::Result<()> {
        self.control(&["start", "--log=server.log"])
    }

    fn control(&self, arguments: &[&str]) -> io::Result<()> {
        let status = server_command(self.programs.join("pg_ctl"), &self.folder, self.account)
            .args(arguments)
            .args(["--wait", "--silent", "--pgdata=data"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("pg_ctl {} failed: {status}", arguments.join(" "))))
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // Waiting makes "dropped" mean "gone"; there is nobody to tell if it fails.
        let _ = self.supervisor.wait();
    }
}

/// A command that runs as the server's account, untouched by the caller's locale and `PG…` variables.
fn server_command(program: impl AsRef<OsStr>, folder: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(folder);
    if let Some(path) = env::var_os("PATH") {
        command.env("PATH", path);
    }
    if let Some(account) = account {
        account.run_as(&mut command);
    }
    command
}
