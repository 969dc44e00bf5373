//! `portcullis run`

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use portcullis::Policy;
use portcullis::policy::raw;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

use super::overlay::Overlay;
use super::{Failure, LogFormat, fault, policy_file, screen};
use crate::admin::{Order, Told};
use crate::handover::Taking;
use crate::listen::{Address, Inherited};
use crate::run_as::RunAs;
use crate::{Gateway, Running, Settings};

/// What `--help` cannot tell of flags.
const ENVIRONMENT: &str = "\
Environment:
  PORTCULLIS_KEY       The gate's secret, where no file may hold it: 64 hexadecimal digits; older ones
                       after a comma, still accepted for what they signed
  PORTCULLIS_KEY_FILE  A file with the same, one key a line [default: keys/gate.key in the data directory]
  PORTCULLIS_LOG       How much the program tells of itself, as in `debug` or `warn,portcullis_gateway=info`";

/// Put the gate in front of an app and serve.
#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT)]
pub(super) struct Run {
    /// The app, as in `http://127.0.0.1:5000`; also `https://`, `h2c://` and `unix:/path`; once for each server
    #[arg(long, value_name = "URL")]
    upstream: Vec<String>,
    /// Where to serve HTTPS [default: 127.0.0.1:8443]; port 0 for any free one, also `unix:/path`
    #[arg(long, value_name = "ADDR")]
    https: Vec<Address>,
    /// Where plain HTTP redirects to HTTPS
    #[arg(long, value_name = "ADDR")]
    http: Vec<Address>,
    /// Where to serve the app over plain HTTP: for tests, or behind a balancer that ends TLS
    #[arg(long, value_name = "ADDR")]
    dangerous_plain: Vec<Address>,
    /// A name that the site is called by, besides those of the policy
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// The policy [default: portcullis.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where keys, certificates and the event log live
    #[arg(long, value_name = "DIR", default_value = Settings::DATA_DIR)]
    data_dir: PathBuf,
    /// Rules in SecLang, a file or a pattern, in load order; also `builtin`, which is left out unless named
    #[arg(long, value_name = "PATH")]
    rules: Vec<String>,
    /// Where to log what rules match, a line each in ModSecurity's form
    #[arg(long, value_name = "FILE")]
    rule_log: Option<PathBuf>,
    /// Let the rules alone decide: every other layer only observes, so that any test suite of rules can be run
    #[arg(long)]
    only_rules: bool,
    /// Whom to become once every socket is bound, where it is started as root
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// How the program tells of itself
    #[arg(long, value_enum, default_value_t)]
    log: LogFormat,
}

impl Run {
    pub(super) fn start(self) -> Result<ExitCode, Failure> {
        trace(self.log);
        let broken = |error: std::io::Error| Failure::Broken(error.to_string());
        let inherited = Inherited::from_env().map_err(|error| {
            Failure::Broken(format!("what `LISTEN_FDS` names cannot be listened on: {error}"))
        })?;
        let taking = Taking::from_env().map_err(broken)?;
        // Where this program lies: by the time of an upgrade another one lies there.
        let program = std::env::current_exe().map_err(broken)?;
        let settings = self.settings()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(broken)?;
        runtime.block_on(async {
            // Listened for before the gate stands: a signal in between must not kill it.
            let mut signals = Signals::new().map_err(broken)?;
            let make_room = || taking.as_ref().map_or(Ok(()), Taking::checked);
            let mut running = Gateway::start_after(settings.clone(), inherited, make_room)
                .map_err(|error| Failure::Broken(format!("the gate does not stand: {error}")))?;
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(screen::ready(&settings, &running, self.log).as_bytes());
            let _ = out.flush();
            drop(out);
            if let Some(Err(error)) = taking.as_ref().map(Taking::ready) {
                return Err(Failure::Broken(format!(
                    "the old program does not hear that this one serves: {error}"
                )));
            }
            let http3 = running.take_http3();
            if let Some(taking) = taking {
                let patience = settings.timeouts.drain.saturating_add(Duration::from_secs(1));
                std::thread::spawn(move || {
                    taking.outlives(patience);
                    drop(http3);
                });
            }
            tell_systemd(&[sd_notify::NotifyState::Ready]);
            loop {
                match signals.next(&mut running).await {
                    Asked::End => break,
                    Asked::Reload(tell) => {
                        let told = self.reload(&mut running);
                        tell.map(|tell| tell.send(told));
                    }
                    Asked::Upgrade(tell) => {
                        let arguments: Vec<_> = std::env::args_os().skip(1).collect();
                        match running.hand_over(&program, &arguments) {
                            Ok(process) => {
                                let text = format!(
                                    "process {process} has taken over; this one ends with its requests\n"
                                );
                                tracing::info!("{}", text.trim_end());
                                tell_systemd(&[sd_notify::NotifyState::MainPid(process)]);
                                running.leave_sockets();
                                tell.map(|tell| tell.send(Told { done: true, text }));
                                break;
                            }
                            Err(error) => {
                                let text =
                                    format!("the new program did not take over, this one goes on: {error}\n");
                                tracing::error!("{}", text.trim_end());
                                tell.map(|tell| tell.send(Told { done: false, text }));
                            }
                        }
                    }
                }
            }
            tracing::info!("closing: running requests may end");
            tell_systemd(&[sd_notify::NotifyState::Stopping]);
            let shutdown = running.shutdown();
            tokio::select! {
                () = shutdown => {}
                // Asked a second time, it does not wait.
                _ = signals.interrupt.recv() => tracing::warn!("closed at once"),
            }
            Ok(ExitCode::SUCCESS)
        })
    }

    /// Reads the policy anew, with the same flags over it.
    fn reload(&self, running: &mut Running) -> Told {
        use sd_notify::NotifyState::{Ready, Reloading};
        match sd_notify::NotifyState::monotonic_usec_now() {
            Ok(now) => tell_systemd(&[Reloading, now]),
            Err(_) => tell_systemd(&[Reloading]),
        }
        let told = match self.settings() {
            Ok(settings) => match running.reload(settings) {
                Ok(reloaded) => {
                    let mut text = "the policy is in force\n".to_owned();
                    for waits in reloaded.waits {
                        text +=
                            &format!("but {waits}: it waits for the next start or `portcullis upgrade`\n");
                    }
                    Told { done: true, text }
                }
                Err(error) => Told { done: false, text: format!("nothing has changed: {error}\n") },
            },
            Err(Failure::Wrong(text) | Failure::Broken(text)) => {
                running.refuse_reload(&text);
                Told {
                    done: false,
                    text: format!(
                        "{}\nnothing has changed: the old policy stays in force\n",
                        text.trim_end()
                    ),
                }
            }
        };
        if told.done {
            tracing::info!("{}", told.text.trim_end());
        } else {
            tracing::error!("{}", told.text.trim_end());
        }
        tell_systemd(&[Ready]);
        told
    }

    /// The policy file with the flags laid over it.
    fn settings(&self) -> Result<Settings, Failure> {
        let file = policy_file(self.policy.as_ref());
        let (name, text) = match &file {
            Some(path) => (path.display().to_string(), read(path)?),
            None => ("the default policy".to_owned(), String::new()),
        };
        let (mut policy, mut written) = parse(&name, &text)?;
        let flags = Overlay {
            host: &self.host,
            rules: &self.rules,
            rule_log: self.rule_log.as_ref(),
            only_rules: self.only_rules,
        };
        if let Some(changed) = flags.write(&text, &written)? {
            // Read as if it stood in the file, so that it is checked as that is.
            (policy, written) = parse("the policy with its flags", &changed)?;
        }
        if !self.upstream.is_empty() {
            let table = match written.upstream.take() {
                Some(raw::Upstream::Table(table)) => *table,
                _ => raw::UpstreamTable::default(),
            };
            let server =
                |address: &String| raw::Server { address: address.clone(), weight: None, drain: None };
            let server = self.upstream.iter().map(server).collect();
            written.upstream =
                Some(raw::Upstream::Table(Box::new(raw::UpstreamTable { address: None, server, ..table })));
        }
        let listeners = [
            (&self.https, &mut written.listen.https),
            (&self.http, &mut written.listen.http),
            (&self.dangerous_plain, &mut written.listen.dangerous_plain),
        ];
        for (flags, listener) in listeners {
            if !flags.is_empty() {
                *listener = Some(raw::Addresses::Many(flags.iter().map(ToString::to_string).collect()));
            }
        }
        let folder = file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let mut settings = Settings::from_policy(policy, &written, &folder)
            .map_err(|error| Failure::Wrong(error.to_string()))?;
        settings.data_dir.clone_from(&self.data_dir);
        if let Some(user) = &self.user {
            settings.user = Some(RunAs { user: user.clone(), group: None });
        }
        Ok(settings)
    }
}

/// What the gate is asked to do.
enum Asked {
    End,
    Reload(Option<oneshot::Sender<Told>>),
    Upgrade(Option<oneshot::Sender<Told>>),
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user2: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self, running: &mut Running) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload(None),
            _ = self.user2.recv() => Asked::Upgrade(None),
            Some(order) = running.orders.recv() => match order {
                Order::Reload(tell) => Asked::Reload(Some(tell)),
                Order::Upgrade(tell) => Asked::Upgrade(Some(tell)),
            },
        }
    }
}

/// Tells the service manager, where there is one (`sd_notify(3)`); nobody else hears it.
pub(super) fn tell_systemd(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Wrong(format!("the policy `{}` cannot be read: {error}", path.display())))
}

pub(super) fn parse(name: &str, text: &str) -> Result<(Policy, raw::File), Failure> {
    let colour = std::io::stderr().is_terminal();
    Policy::parse(name, text).map_err(|error| Failure::Wrong(fault::render(&error, colour)))
}

/// What the program tells of itself goes to standard error; `PORTCULLIS_LOG` chooses how much.
fn trace(format: LogFormat) {
    let filter = EnvFilter::try_from_env("PORTCULLIS_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,portcullis_gateway=info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Colour is for people: in a file or a journal it would be noise between the words.
        .with_ansi(std::io::stderr().is_terminal());
    // An error means that somebody else listens already.
    let _ = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::commands::{Arguments, Command};
    use crate::testing::folder;

    fn settings(arguments: &[&str]) -> Result<Settings, Failure> {
        let all = ["portcullis", "run"].iter().chain(arguments);
        match Arguments::try_parse_from(all).unwrap().command {
            Command::Run(run) => run.settings(),
            _ => panic!("not `run`"),
        }
    }

    fn policy(text: &str) -> String {
        let path = folder("policy").join("portcullis.toml");
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    #[test]
    fn one_flag_is_enough() {
        let settings = settings(&["--upstream", "http://127.0.0.1:5000"]).unwrap();
        assert_eq!(settings.upstream.to_string(), "http://127.0.0.1:5000");
        assert_eq!(settings.https, [Settings::HTTPS]);
        assert!(settings.http.is_empty() && settings.dangerous_plain.is_empty());
    }

    #[test]
    fn a_flag_goes_before_the_file() {
        let file = policy(
            "[upstream]\naddress = \"http://127.0.0.1:5000\"\nresponse_timeout = \"9 s\"\n\
             [listen]\nhttps = \"127.0.0.1:1\"\nhttp = \"127.0.0.1:2\"\n\
             [[tls.certificate]]\nchain = \"site.pem\"\nkey = \"/keys/site.key\"\n",
        );
        let settings = settings(&[
            "--policy",
            &file,
            "--upstream",
            "h2c://[::1]:7",
            "--https",
            "[::1]:3",
            "--https",
            "[::1]:4",
        ])
        .unwrap();
        assert_eq!(settings.upstream.to_string(), "h2c://[::1]:7");
        assert_eq!(settings.upstream.response_timeout.as_secs(), 9);
        assert_eq!(settings.https, ["[::1]:3".parse().unwrap(), "[::1]:4".parse().unwrap()]);
        assert_eq!(settings.http, ["127.0.0.1:2".parse().unwrap()]);
        let folder = Path::new(&file).parent().unwrap();
        assert_eq!(settings.certificates[0].chain, folder.join("site.pem"));
        assert_eq!(settings.certificates[0].key, Path::new("/keys/site.key"));
    }

    #[test]
    fn a_name_by_flag_joins_those_of_the_policy() {
        let only = settings(&["--upstream", "http://a", "--host", "notes.example"]).unwrap();
        assert_eq!(only.names, ["localhost", "127.0.0.1", "[::1]", "notes.example"]);
        let file =
            policy("upstream = \"http://a\"\n[host]\nnames = [\"*.one.example\", \"two.example:8443\"]\n");
        let both = settings(&["--policy", &file, "--host", "three.example"]).unwrap();
        assert_eq!(both.names, ["*.one.example", "two.example", "three.example"]);
        let Err(Failure::Wrong(message)) = settings(&["--upstream", "http://a", "--host", "no name"]) else {
            panic!("accepted")
        };
        assert!(message.contains("no name"), "{message}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let wrong = |arguments: &[&str]| match settings(arguments) {
            Err(Failure::Wrong(message)) => message,
            other => panic!("{other:?}"),
        };
        let file = policy("");
        assert!(wrong(&["--policy", &file]).contains("--upstream"));
        assert!(wrong(&["--upstream", "localhost:5000"]).contains("`localhost:5000`"));
        assert!(wrong(&["--upstream", "http://a/b"]).contains("`http://a/b`"));
        assert!(wrong(&["--policy", "/nowhere.toml"]).contains("`/nowhere.toml`"));
        let alone = ["--upstream", "http://a", "--dangerous-plain", "127.0.0.1:0", "--http", "127.0.0.1:0"];
        assert_eq!(settings(&alone).unwrap().https, [Settings::HTTPS]);
        assert!(settings(alone.get(..4).unwrap()).unwrap().https.is_empty());
    }
}
