//! The `portcullis` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis_gateway::commands::main()
}
