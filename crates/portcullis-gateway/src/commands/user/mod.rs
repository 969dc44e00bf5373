//! `portcullis user …`: the accounts, from a terminal or a script.
//!
//! They work on the stores that the policy names, whether a gate stands or not. A gate that stands answers from its
//! memory for as long as `session.memory` says (two seconds by default); then it sees what was changed here.

mod account;
mod export;
mod import;
mod invite;
mod opened;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::secret::Secret;
use super::{Failure, print};
use crate::Settings;
use opened::Opened;

/// The accounts.
#[derive(Debug, Args)]
pub(super) struct User {
    #[command(subcommand)]
    what: UserCommand,
    #[command(flatten)]
    place: Place,
}

/// Where the accounts are, and how they are told of.
#[derive(Debug, Args)]
struct Place {
    /// The policy, which names the stores [default: portcullis.toml, if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    policy: Option<PathBuf>,
    /// Where the gate's state lives
    #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR, global = true)]
    data_dir: PathBuf,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account; its address counts as confirmed
    Add {
        /// The address
        email: String,
        /// The name to be shown
        #[arg(long, default_value = "")]
        name: String,
        /// A role, in the words of the policy; once for each
        #[arg(long)]
        role: Vec<String>,
        #[command(flatten)]
        secret: Secret,
    },
    Invite(invite::Invite),
    /// List the accounts, or one
    List {
        /// The address or the id of one
        who: Option<String>,
    },
    /// Let nobody sign in with an account, and end its sessions
    Disable {
        /// The address or the id
        who: String,
    },
    /// Let its owner sign in again; confirms the address, if it was not
    Enable {
        /// The address or the id
        who: String,
    },
    /// Give an account a new password, and end its sessions
    Reset {
        /// The address or the id
        who: String,
        /// Remove its second factors, passkeys and recovery codes instead, for an owner who lost them
        #[arg(long)]
        factors: bool,
        #[command(flatten)]
        secret: Secret,
    },
    /// List an account's sessions and devices, or end them
    Sessions {
        /// The address or the id
        who: String,
        /// End the session whose id begins so, or `all` with all devices
        #[arg(long, value_name = "ID|all")]
        end: Option<String>,
    },
    /// Give an account a role
    Grant {
        /// The address or the id
        who: String,
        /// The role
        role: String,
    },
    /// Take a role from an account
    Revoke {
        /// The address or the id
        who: String,
        /// The role
        role: String,
    },
    /// Remove an account and all that belongs to it
    Remove {
        /// The address or the id
        who: String,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Make accounts from a file, all of them or none
    Import(import::Import),
    /// Write all accounts to standard output
    Export(export::Export),
}

impl User {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let Place { policy, data_dir, json } = self.place;
        let opened = Opened::open(policy.as_ref(), &data_dir, json)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Broken(error.to_string()))?;
        let text = runtime.block_on(self.what.run(&opened))?;
        print(&text)
    }
}

impl UserCommand {
    async fn run(self, opened: &Opened) -> Result<String, Failure> {
        match self {
            Self::Add { email, name, role, secret } => {
                account::add(opened, &email, &name, role, &secret).await
            }
            Self::Invite(invite) => invite.run(opened).await,
            Self::List { who } => account::list(opened, who.as_deref()).await,
            Self::Disable { who } => account::stand(opened, &who, portcullis_store::Standing::Disabled).await,
            Self::Enable { who } => account::stand(opened, &who, portcullis_store::Standing::Active).await,
            Self::Reset { who, factors: true, .. } => account::reset_factors(opened, &who).await,
            Self::Reset { who, secret, .. } => account::reset(opened, &who, &secret).await,
            Self::Sessions { who, end } => account::sessions(opened, &who, end.as_deref()).await,
            Self::Grant { who, role } => account::role(opened, &who, &role, true).await,
            Self::Revoke { who, role } => account::role(opened, &who, &role, false).await,
            Self::Remove { who, yes } => account::remove(opened, &who, yes).await,
            Self::Import(import) => import.run(opened).await,
            Self::Export(export) => export.run(opened).await,
        }
    }
}
