//! Passwords from a terminal or a pipe, never from an argument: arguments are seen by everybody on the machine.

use std::io::{IsTerminal, Read};

use clap::Args;
use portcullis_identity::passwords::Password;
use zeroize::Zeroizing;

use super::Failure;

/// Where a new password comes from; without any of these it is asked for.
#[derive(Debug, Args)]
pub(super) struct Secret {
    /// Read the password from standard input
    #[arg(long, conflicts_with = "no_password")]
    password_stdin: bool,
    /// None: its owner asks for one by mail, or signs in otherwise
    #[arg(long)]
    no_password: bool,
}

/// What was given.
pub(super) enum Given {
    Password(Password),
    Nothing,
}

impl Secret {
    /// Asks, twice and without an echo, where nothing else was said.
    pub(super) fn ask(&self, whose: &str) -> Result<Given, Failure> {
        if self.no_password {
            return Ok(Given::Nothing);
        }
        let typed = if self.password_stdin {
            let mut text = Zeroizing::new(String::new());
            let most = u64::try_from(Password::LONGEST).unwrap_or(u64::MAX).saturating_add(2);
            std::io::stdin()
                .take(most)
                .read_to_string(&mut text)
                .map_err(|error| Failure::Wrong(format!("the password cannot be read: {error}")))?;
            // What `echo` puts behind it does not belong to it.
            let end = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text));
            Zeroizing::new(end.unwrap_or(&text).to_owned())
        } else if std::io::stdin().is_terminal() {
            let first = prompt(&format!("New password for {whose}: "))?;
            let again = prompt("Once more: ")?;
            if *first != *again {
                return Err(Failure::Wrong("these are two different passwords".to_owned()));
            }
            first
        } else {
            return Err(Failure::Wrong(
                "nobody can be asked here: say `--password-stdin` or `--no-password`".to_owned(),
            ));
        };
        if typed.is_empty() {
            return Err(Failure::Wrong("the password is empty".to_owned()));
        }
        Password::new(typed.as_str())
            .map(Given::Password)
            .ok_or_else(|| Failure::Wrong(format!("the password is longer than {} bytes", Password::LONGEST)))
    }
}

fn prompt(words: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(words)
        .map(Zeroizing::new)
        .map_err(|error| Failure::Broken(format!("the password cannot be asked for: {error}")))
}
