//! `portcullis reload`, `portcullis upgrade` and `portcullis ban`: orders to a gate that stands.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use portcullis_tower::lend::Banned;

use super::{Failure, print};
use crate::Settings;
use crate::admin::client;

/// Read the policy again and take it into force, without dropping a request.
///
/// The policy is checked whole first; one that does not hold changes nothing, and what is wrong with it is told
/// here. `kill -HUP` does the same.
#[derive(Debug, Args)]
pub(super) struct Reload {
    /// Where the gate's state lives
    #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
    data_dir: PathBuf,
}

/// Hand every listener over to a new program: the one that now lies where this one was started from.
///
/// The old one accepts no more, lets its requests end and goes. `kill -USR2` does the same.
#[derive(Debug, Args)]
pub(super) struct Upgrade {
    /// Where the gate's state lives
    #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
    data_dir: PathBuf,
}

/// Who is banned, and how to end it.
#[derive(Debug, Args)]
pub(super) struct Ban {
    #[command(subcommand)]
    what: BanCommand,
}

#[derive(Debug, Subcommand)]
enum BanCommand {
    /// List the bans that hold
    List {
        /// Where the gate's state lives
        #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
        data_dir: PathBuf,
    },
    /// End bans
    Lift {
        /// The id of a ban, an address with everybody behind it, or `all`
        #[arg(value_name = "ID|ADDRESS|all")]
        which: String,
        /// Where the gate's state lives
        #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
        data_dir: PathBuf,
    },
}

impl Reload {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        order(&self.data_dir, "/reload")
    }
}

impl Upgrade {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        order(&self.data_dir, "/upgrade")
    }
}

impl Ban {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        match self.what {
            BanCommand::List { data_dir } => {
                let list = bans(&ask(&data_dir, "GET", "/bans")?)?;
                print(&if list.is_empty() { "nobody is banned\n".to_owned() } else { table(&list) })
            }
            BanCommand::Lift { which, data_dir } => {
                let which: String = url::form_urlencoded::byte_serialize(which.as_bytes()).collect();
                let list = bans(&ask(&data_dir, "POST", &format!("/bans/lift?which={which}"))?)?;
                if list.is_empty() {
                    return Err(Failure::Broken(
                        "there is no such ban: `portcullis ban list` has them".to_owned(),
                    ));
                }
                print(&format!("lifted:\n{}", table(&list)))
            }
        }
    }
}

pub(super) fn ask(data_dir: &std::path::Path, method: &str, target: &str) -> Result<String, Failure> {
    match client::ask(data_dir, method, target) {
        Ok((200, body)) => Ok(body),
        Ok((_, body)) => Err(Failure::Broken(body)),
        Err(error) => Err(Failure::Broken(error.to_string())),
    }
}

fn order(data_dir: &std::path::Path, target: &str) -> Result<ExitCode, Failure> {
    match client::ask(data_dir, "POST", target) {
        Ok((200, body)) => print(&body),
        // As if it had been checked here: faults with their place.
        Ok((409, body)) => Err(Failure::Wrong(body)),
        Ok((_, body)) => Err(Failure::Broken(body)),
        Err(error) => Err(Failure::Broken(error.to_string())),
    }
}

fn bans(text: &str) -> Result<Vec<Banned>, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::Broken(format!("the gate's answer cannot be read: {error}")))
}

fn table(list: &[Banned]) -> String {
    let mut text = String::new();
    for ban in list {
        let left = match ban.seconds_left {
            seconds if seconds >= 3600 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
            seconds if seconds >= 60 => format!("{} min", seconds.div_ceil(60)),
            seconds => format!("{seconds} s"),
        };
        let observed = if ban.observed { "  (only recorded)" } else { "" };
        let _ = writeln!(
            text,
            "{}  {left:>10} left  ban {}  for {}  {}{observed}",
            ban.id, ban.times, ban.reason, ban.who
        );
    }
    text
}
