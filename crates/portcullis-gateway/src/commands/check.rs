//! `portcullis check`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Failure, policy_file, print, run};

/// Check a policy: faults with their place, advice with a number.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The policy [default: portcullis.toml]
    #[arg(value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Check {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let Some(path) = policy_file(self.policy.as_ref()) else {
            return print("there is no `portcullis.toml` here: the default policy holds\n");
        };
        let text = run::read(&path)?;
        let name = path.display().to_string();
        run::parse(&name, &text)?;
        print(&format!("{name} holds\n"))
    }
}
