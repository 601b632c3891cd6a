//! The vault's key from a command: the client of a key service, or a password manager.
//!
//! The line is split as a POSIX shell splits words, quotes and backslashes included, and nothing in it is expanded; the
//! first word is the program, looked for in `PATH`. No shell runs.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use connector_core::{ConnectorError, ErrorCode, Result, Secret};
use zeroize::Zeroizing;

use super::VaultKey;

const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A key takes 64 characters, with a line end; more is no key.
const LONGEST_OUTPUT: usize = 1024;

/// The key that the command prints.
pub(super) fn key(line: &str) -> Result<VaultKey> {
    let text = printed(line, TIME_LIMIT)?;
    VaultKey::parse(&text)
}

/// Standard output of the command. It reads nothing, and what it says on standard error is nobody's to repeat: a
/// client may well quote what it was given.
fn printed(line: &str, limit: Duration) -> Result<Secret> {
    let words = shlex::split(line)
        .filter(|words| !words.is_empty())
        .ok_or_else(|| failed("a quote is open, or there is no program").hint("quote it as for a shell"))?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let until = Instant::now() + limit;
    let child = command.spawn().map_err(|error| failed(&format!("{} cannot be run: {error}", words[0])))?;
    let mut running = Running(child);
    let output = running.output(until).and_then(|output| Some((running.end(until)?, output)));
    let Some((status, output)) = output else {
        return Err(failed(&format!("{} did not end within {} s", words[0], limit.as_secs())));
    };
    if output.len() > LONGEST_OUTPUT {
        return Err(failed(&format!("{} prints more than a key", words[0])));
    }
    if !status.success() {
        return Err(failed(&format!("{} ended with {status}", words[0])));
    }
    let text = std::str::from_utf8(&output).map_err(|_| failed(&format!("{} prints no text", words[0])))?;
    Ok(Secret::new(text))
}

fn failed(why: &str) -> ConnectorError {
    ConnectorError::misconfigured(ErrorCode::InvalidValue, format!("the command for the vault key: {why}"))
        .hint("run it by hand to see what it says")
}

/// A command that does not outlive this value.
struct Running(Child);

impl Running {
    /// All that it prints, up to one byte too many.
    fn output(&mut self, until: Instant) -> Option<Zeroizing<Vec<u8>>> {
        let pipe = self.0.stdout.take()?;
        let (sender, receiver) = mpsc::channel();
        // Nobody can wait for a pipe and look at the clock; the thread ends with the command at the latest.
        std::thread::spawn(move || {
            let mut output = Zeroizing::new(Vec::with_capacity(LONGEST_OUTPUT + 1));
            let read = pipe.take(LONGEST_OUTPUT as u64 + 1).read_to_end(&mut output);
            drop(sender.send(read.map(|_| output)));
        });
        receiver.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?.ok()
    }

    #[expect(clippy::disallowed_methods, reason = "a process that closed its output is about to end")]
    fn end(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            match self.0.try_wait() {
                Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
                ended => return ended.ok().flatten(),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn refused(line: &str) -> String {
        let error = printed(line, LONG).unwrap_err();
        assert_eq!(error.exit_code(), 78, "{line}");
        format!("{error} {error:?}")
    }

    #[test]
    fn words_are_split_as_a_shell_does_and_nothing_is_expanded() {
        for (line, expected) in [
            ("printf %s key", "key"),
            (r#"printf '%s|' 'a b' "c \" d" e\ f ''"#, "a b|c \" d|e f||"),
            ("printf '%s|' $HOME ~ `id` a;b c|d *", "$HOME|~|`id`|a;b|c|d|*|"),
            ("  printf\t%s\nkey ", "key"),
            ("sh -c 'printf %s \"$0$1\"' a b", "ab"),
        ] {
            assert_eq!(printed(line, LONG).unwrap().expose(), expected, "{line}");
        }
    }

    #[test]
    fn a_key_is_read_off_the_output() {
        let line = format!("printf '{}\\n'", "ab".repeat(32));
        assert_eq!(key(&line).unwrap().bytes(), &[0xab; 32]);
        assert_eq!(key("printf secret").unwrap_err().exit_code(), 78);
    }

    #[test]
    fn a_command_that_fails_is_named_and_what_it_says_is_not_repeated() {
        assert!(
            refused("sh -c 'echo s3cret; echo s3cret >&2; exit 3' s3cret")
                .contains("sh ended with exit status: 3")
        );
        assert!(refused("/nowhere/kms s3cret").contains("/nowhere/kms cannot be run"));
        assert!(refused("'s3cret").contains("a quote is open"));
        assert!(refused("  ").contains("no program"));
        assert!(refused("yes s3cret").contains("prints more than a key"));
        assert!(refused("printf '\\377s3cret'").contains("prints no text"));
        for line in ["sh -c 'echo s3cret >&2; exit 3'", "yes s3cret", "printf '\\377s3cret'", "'s3cret"] {
            assert!(!refused(line).contains("s3cret"), "{line}");
        }
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        for line in ["sleep 3600", "sh -c 'exec >&-; exec sleep 3600'", "sh -c 'sleep 3600; true'"] {
            let error = printed(line, Duration::from_millis(100)).unwrap_err();
            assert!(error.message().contains("did not end"), "{line}: {error}");
        }
    }
}
