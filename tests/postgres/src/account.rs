//! The account that the server runs under: PostgreSQL refuses to run as root.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// An account without privileges, taken when the tests run as root (containers, CI).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The account to switch to, or `None` when the owner of `folder` (who made it just now) is not root.
    pub(crate) fn for_owner_of(folder: &Path) -> io::Result<Option<Self>> {
        if fs::metadata(folder)?.uid() != 0 {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd")?;
        ["postgres", "nobody"].iter().find_map(|name| Self::named(name, &accounts)).map(Some).ok_or_else(
            || {
                io::Error::other(
                    "running as root, and there is no account postgres or nobody to run PostgreSQL",
                )
            },
        )
    }

    fn named(name: &str, accounts: &str) -> Option<Self> {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != name {
                return None;
            }
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            Some(Self { user, group })
        })
    }

    pub(crate) fn take_over(self, folder: &Path) -> io::Result<()> {
        chown(folder, Some(self.user), Some(self.group))
    }

    pub(crate) fn run_as(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

#[cfg(test)]
mod tests {
    use super::Account;

    const ACCOUNTS: &str =
        "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(Account::named("postgres", ACCOUNTS), Some(Account { user: 101, group: 104 }));
        assert_eq!(Account::named("post", ACCOUNTS), None);
    }
}
