//! `portcullis demo`

use std::process::ExitCode;

use clap::Args;

use super::Failure;

/// See what the gate is good for: attacks on a sample app, bare and behind the gate.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End after the table; fails unless every attack succeeded on the bare app and failed at the gate,
    /// and every ordinary use worked at both
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let broken = |error: std::io::Error| Failure::Broken(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(broken)?;
        runtime.block_on(crate::demo::run(self.once)).map_err(broken)
    }
}
