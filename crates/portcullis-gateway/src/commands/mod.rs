//! What a terminal sees.

mod access;
mod check;
mod csp;
mod demo;
mod explain;
mod fault;
mod files;
mod key;
mod log;
mod order;
mod overlay;
mod passwords;
mod replay;
mod run;
mod screen;
mod secret;
mod tune;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// A gate in front of any web app.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put the gate in front of an app and serve
    Run(run::Run),
    /// See what the gate is good for: attacks on a sample app, bare and behind the gate
    Demo(demo::Demo),
    /// Check a policy: faults with their place, advice with a number
    ///
    /// It also looks whether the certificates that the policy names are there, fit their keys and vouch for the
    /// site's names; with `--policy-only` it reads nothing but the policy, so that it runs where they are not.
    /// Ports are tried by `run`.
    Check(check::Check),
    /// Make a content security policy from traffic
    Csp(csp::Csp),
    /// Print the JSON Schema of the policy, for editors
    Schema,
    /// Print which recorded requests the rules would refuse, by rule; with labels, both rates
    Replay(replay::Replay),
    /// Tell in plain words why a request was refused
    Explain(explain::Explain),
    /// Who may go where, and why
    Access(access::Access),
    /// Take the policy of a gate that stands into force anew
    Reload(order::Reload),
    /// Replace the program of a gate that stands
    Upgrade(order::Upgrade),
    /// Who is banned, and how to end it
    Ban(order::Ban),
    /// Whether the event log is as it was written
    Log(log::Log),
    /// Propose the narrowest exceptions from what rules refused, or would have
    Tune(tune::Tune),
    /// The accounts
    User(user::User),
    /// What passwords are hashed with
    Key(key::Key),
    /// What passwords are judged by
    Passwords(passwords::Passwords),
}

/// How the program tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why a command ends early. Each has its exit status: 2 for what the operator wrote, 1 for the rest.
#[derive(Debug)]
enum Failure {
    /// What was written cannot be used.
    Wrong(String),
    /// It could, but it does not work here and now.
    Broken(String),
}

/// Reads the arguments and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Run(run) => run.start(),
        Command::Demo(demo) => demo.start(),
        Command::Check(check) => check.start(),
        Command::Csp(csp) => csp.start(),
        Command::Schema => schema(),
        Command::Replay(replay) => replay.start(),
        Command::Explain(explain) => explain.start(),
        Command::Access(access) => access.start(),
        Command::Reload(reload) => reload.start(),
        Command::Upgrade(upgrade) => upgrade.start(),
        Command::Ban(ban) => ban.start(),
        Command::Log(log) => log.start(),
        Command::Tune(tune) => tune.start(),
        Command::User(user) => user.start(),
        Command::Key(key) => key.start(),
        Command::Passwords(passwords) => passwords.start(),
    };
    match done {
        Ok(code) => code,
        Err(Failure::Wrong(message)) => {
            eprintln!("{}", message.trim_end());
            ExitCode::from(2)
        }
        Err(Failure::Broken(message)) => {
            eprintln!("portcullis: {}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn schema() -> Result<ExitCode, Failure> {
    let text = serde_json::to_string_pretty(&portcullis::Policy::schema())
        .map_err(|error| Failure::Broken(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// Prints whole texts; a reader that went away (`| head`) is no failure.
fn print(text: &str) -> Result<ExitCode, Failure> {
    use std::io::Write;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Broken(error.to_string()))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The policy that is taken when none is named, if it is there.
const POLICY: &str = "portcullis.toml";

/// The policy file to read: the one named, else `portcullis.toml` here, if there is one.
fn policy_file(named: Option<&PathBuf>) -> Option<PathBuf> {
    match named {
        Some(path) => Some(path.clone()),
        None => Some(PathBuf::from(POLICY)).filter(|path| path.exists()),
    }
}
