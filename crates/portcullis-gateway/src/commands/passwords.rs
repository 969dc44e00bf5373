//! `portcullis passwords build-filter`

use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use portcullis_identity::passwords::BreachedFilter;

use super::{Failure, print};
use crate::record::data_dir::write_private;

/// What passwords are judged by.
#[derive(Debug, Args)]
pub(super) struct Passwords {
    #[command(subcommand)]
    what: PasswordsCommand,
}

#[derive(Debug, Subcommand)]
enum PasswordsCommand {
    /// Make a filter of breached passwords from a list of Have I Been Pwned
    ///
    /// The list has one SHA-1 a line, with a count behind it, as their downloader writes it into one file. Building
    /// takes eight bytes of memory for each line that counts, the filter a little more than one.
    BuildFilter {
        /// The list
        list: PathBuf,
        /// Where to write the filter, for `identity.password.breached_filter`
        out: PathBuf,
        /// Take those that were seen so often
        #[arg(long, default_value_t = 1)]
        least: u64,
    },
}

impl Passwords {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let PasswordsCommand::BuildFilter { list, out, least } = self.what;
        let file = std::fs::File::open(&list)
            .map_err(|error| Failure::Wrong(format!("`{}` cannot be read: {error}", list.display())))?;
        let filter = BreachedFilter::build(BufReader::with_capacity(1 << 20, file), least)
            .map_err(|error| Failure::Wrong(format!("`{}`: {error}", list.display())))?;
        write_private(&out, filter.as_bytes())
            .map_err(|error| Failure::Broken(format!("`{}`: {error}", out.display())))?;
        print(&format!("{}: {} bytes\n", out.display(), filter.as_bytes().len()))
    }
}
