//! `portcullis log verify`

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Failure, print};
use crate::Settings;
use crate::record::log::verify::{Report, public_key, verify};
use crate::record::{DataDir, keys, log};

/// The event log.
#[derive(Debug, Args)]
pub(super) struct Log {
    #[command(subcommand)]
    what: LogCommand,
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    /// Find lines that were edited, removed, moved, added or cut off
    ///
    /// It needs the gate's key, as `run` does. Exits with 1 when anything is found.
    Verify {
        /// Where the event log lives
        #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
        data_dir: PathBuf,
    },
}

impl Log {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        let LogCommand::Verify { data_dir } = self.what;
        let broken = |error: String| Failure::Broken(error);
        if !data_dir.is_dir() {
            return Err(Failure::Wrong(format!("there is no data directory `{}`", data_dir.display())));
        }
        let data = DataDir::open(&data_dir).map_err(|error| broken(error.to_string()))?;
        let keys = keys::load(&data).map_err(|error| broken(error.to_string()))?;
        let (main, ending) = log::all_files(&data.events());
        let mut text = String::new();
        let mut found = 0;
        for files in std::iter::once(main).chain(ending.into_iter().map(|file| vec![file])) {
            let name = files.last().map_or_else(String::new, |file| file.display().to_string());
            let report = verify(&files, &keys).map_err(|error| broken(format!("`{name}`: {error}")))?;
            found += report.faults.len();
            told(&mut text, &name, files.len(), &report);
        }
        if let Some(key) = public_key(&keys) {
            let _ = writeln!(text, "checkpoints are signed by the Ed25519 key {key}");
        }
        print(&text)?;
        Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn told(text: &mut String, name: &str, files: usize, report: &Report) {
    for fault in &report.faults {
        let _ = writeln!(text, "{fault}");
    }
    let outcome = match report.faults.len() {
        0 => "holds".to_owned(),
        1 => "1 fault".to_owned(),
        count => format!("{count} faults"),
    };
    let _ = writeln!(
        text,
        "{name}: {outcome}: {} lines in {files} files, events {} to {}, {} signed checkpoints",
        report.lines, report.first, report.last, report.checkpoints
    );
    if report.torn {
        text.push_str("  the last line is being written, or was when the gate was killed\n");
    }
}
