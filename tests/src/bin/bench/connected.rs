//! An account that was logged in: calls use the stored tokens, and with them the request budget of the store.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use system_tests::account::VAULT_KEY;
use system_tests::browser::visit;

use crate::Outcome;
use crate::program::{Folder, Program};
use crate::sandbox::Sandbox;

/// A sandbox, a store with a connection to it, and the folder to call the program in.
pub(crate) struct Connected {
    pub(crate) sandbox: Sandbox,
    folder: Folder,
    store: String,
}

impl Connected {
    /// Logs in, with somebody who agrees.
    pub(crate) fn new(program: &Program, sandbox: Sandbox, store: &str) -> Outcome<Self> {
        let connected = Self { sandbox, folder: program.folder()?, store: store.to_owned() };
        let mut login = connected.command()?;
        login.args(["login", "--no-browser"]).stdin(Stdio::null()).stdout(Stdio::null());
        let mut login = login.stderr(Stdio::piped()).spawn()?;
        let said = login.stderr.take().ok_or("the login has no standard error")?;
        let address = BufReader::new(said)
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("/oauth2/authorize"))
            .ok_or("the login prints no address")?;
        let agreed = visit(address.trim());
        visit(&agreed.location.ok_or("the app does not redirect")?);
        match login.wait()? {
            status if status.success() => Ok(connected),
            status => Err(format!("the login ended with {status}").into()),
        }
    }

    /// The program, with the account in its environment.
    pub(crate) fn command(&self) -> Outcome<Command> {
        let mut command = self.folder.command();
        command.env("CONNECTOR_STORE_URL", &self.store).env("CONNECTOR_VAULT_KEY", VAULT_KEY);
        for setting in ["api_url", "auth_url", "client_id", "client_secret"] {
            let name = format!("TEAMLEADER_{}", setting.to_uppercase());
            command.env(name, self.sandbox.setting(setting)?);
        }
        Ok(command)
    }
}
