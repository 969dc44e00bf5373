//! Real PostgreSQL and Redis servers for tests and measurements: each in a folder of its own, reached by a unix
//! socket or a free port of the loopback, and gone with the value.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to begin.
const BEGINNING: Duration = Duration::from_secs(60);

/// A server that runs.
pub struct Server {
    /// Its address, as the policy would name it.
    pub url: String,
    folder: PathBuf,
    kind: Kind,
    /// Settings of a PostgreSQL, as in `name=value`.
    settings: Vec<String>,
    child: Option<Child>,
}

#[derive(Clone, Copy)]
enum Kind {
    Postgres,
    Redis { port: u16 },
}

impl Server {
    /// Starts a PostgreSQL with one empty database.
    ///
    /// # Errors
    /// When its programs are missing or it does not begin.
    pub fn postgres() -> Result<Self> {
        Self::postgres_with(&[])
    }

    /// The same, with other settings than it has by default: `name=value`.
    ///
    /// # Errors
    /// When its programs are missing or it does not begin.
    pub fn postgres_with(settings: &[&str]) -> Result<Self> {
        let folder = folder("pg")?;
        let owner = owner()?;
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(&folder, Some(user), Some(group))?;
        }
        let mut initdb = as_owner(owner, &program("initdb")?);
        initdb.args(["--no-sync", "--auth=trust", "--username=portcullis", "--encoding=UTF8", "--locale=C"]);
        let made = initdb.arg("--pgdata").arg(folder.join("data")).stdin(Stdio::null()).output()?;
        if !made.status.success() {
            return Err(Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        let url = format!("postgres://portcullis@localhost/postgres?host={}", folder.display());
        let settings = settings.iter().map(|one| (*one).to_owned()).collect();
        let mut server = Self { url, folder, kind: Kind::Postgres, settings, child: None };
        server.start()?;
        Ok(server)
    }

    /// Starts an empty Redis that writes down every change before it answers.
    ///
    /// # Errors
    /// When its program is missing or it does not begin.
    pub fn redis() -> Result<Self> {
        let folder = folder("redis")?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let url = format!("redis://127.0.0.1:{port}/0");
        let mut server = Self { url, folder, kind: Kind::Redis { port }, settings: Vec::new(), child: None };
        server.start()?;
        Ok(server)
    }

    /// Starts it again after [`stop`](Self::stop), with what it had.
    ///
    /// # Errors
    /// When it does not begin.
    pub fn start(&mut self) -> Result<()> {
        let out = std::fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = match self.kind {
            Kind::Postgres => {
                let mut postgres = as_owner(owner()?, &program("postgres")?);
                postgres.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
                postgres.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50"]);
                postgres.args(self.settings.iter().flat_map(|one| ["-c", one]));
                postgres
            }
            Kind::Redis { port } => {
                let mut redis = Command::new("redis-server");
                redis.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
                redis.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(&self.folder);
                redis
            }
        };
        let child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).spawn()?;
        self.child = Some(child);
        let until = Instant::now() + BEGINNING;
        while !self.answers() {
            let ended = self.child.as_mut().map_or(Ok(None), Child::try_wait)?;
            if ended.is_some() || Instant::now() > until {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(Error::other(format!("the server did not begin: {log}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn answers(&self) -> bool {
        match self.kind {
            Kind::Postgres => program("psql").is_ok_and(|psql| {
                let mut ask = Command::new(psql);
                ask.arg("--host").arg(&self.folder).args([
                    "-U",
                    "portcullis",
                    "-d",
                    "postgres",
                    "-c",
                    "SELECT 1",
                ]);
                ask.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
            }),
            Kind::Redis { port } => std::net::TcpStream::connect(("127.0.0.1", port)).is_ok(),
        }
    }

    /// Stops it at once, as a crash would; what it wrote stays.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // PostgreSQL's children end with it by this signal; Redis has none.
            let signal = if matches!(self.kind, Kind::Postgres) { "-QUIT" } else { "-KILL" };
            signal_to(&child, signal);
            let _ = child.wait();
        }
    }

    /// Lets it hang, or go on: it takes connections and answers nothing.
    pub fn hang(&self, hang: bool) {
        if let Some(child) = &self.child {
            signal_to(child, if hang { "-STOP" } else { "-CONT" });
        }
    }

    /// What it wrote into its log.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn log(&self) -> Result<String> {
        std::fs::read(self.folder.join("log")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What a Redis says of itself: the answer to `INFO`.
    ///
    /// # Errors
    /// When this is none, or it does not answer.
    pub fn redis_info(&self, section: &str) -> Result<String> {
        let Kind::Redis { port } = self.kind else { return Err(Error::other("this is no Redis")) };
        let answer = Command::new("redis-cli").args(["-p", &port.to_string(), "INFO", section]).output()?;
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    /// How many clients are connected: in a PostgreSQL those that call themselves `name`, in a Redis all.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn clients(&self, name: &str) -> Result<usize> {
        let number = match self.kind {
            Kind::Postgres => {
                let mut ask = Command::new(program("psql")?);
                ask.arg("--host").arg(&self.folder).args(["-At", "-U", "portcullis", "-d", "postgres"]);
                ask.args(["-v", &format!("name={name}")]).stdin(Stdio::piped()).stdout(Stdio::piped());
                let mut child = ask.spawn()?;
                if let Some(mut input) = child.stdin.take() {
                    const COUNT: &[u8] =
                        b"SELECT count(*) FROM pg_stat_activity WHERE application_name = :'name'";
                    std::io::Write::write_all(&mut input, COUNT)?;
                }
                String::from_utf8_lossy(&child.wait_with_output()?.stdout).trim().to_owned()
            }
            Kind::Redis { .. } => {
                let clients = self.redis_info("clients")?;
                let count = clients.lines().find_map(|line| line.trim().strip_prefix("connected_clients:"));
                count.unwrap_or_default().to_owned()
            }
        };
        number.parse().map_err(|_| Error::other(format!("`{number}` is no number of clients")))
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Makes another empty database in this PostgreSQL, or names another in this Redis; gives its address.
    ///
    /// # Errors
    /// When the server does not make it.
    pub fn database(&self, number: u8) -> Result<String> {
        match self.kind {
            Kind::Postgres => {
                let name = format!("db{number}");
                let mut make = Command::new(program("psql")?);
                make.arg("--host").arg(&self.folder).args(["-q", "-U", "portcullis", "-d", "postgres", "-c"]);
                if !make.arg(format!("CREATE DATABASE {name}")).status()?.success() {
                    return Err(Error::other("the database was not made"));
                }
                Ok(self.url.replace("/postgres?", &format!("/{name}?")))
            }
            Kind::Redis { port } => Ok(format!("redis://127.0.0.1:{port}/{number}")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.hang(false);
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn signal_to(child: &Child, signal: &str) {
    let _ = Command::new("kill").args([signal, &child.id().to_string()]).status();
}

fn folder(kind: &str) -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("portcullis-{kind}-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&path)?;
    Ok(path)
}

/// Where Debian keeps the programs of the server, if they are not on the path.
fn program(name: &str) -> Result<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file());
    let debian = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let found = versions.flatten().map(|version| version.path().join("bin").join(name));
        found.filter(|path| path.is_file()).max()
    };
    on_path
        .or_else(debian)
        .ok_or_else(|| Error::other(format!("`{name}` is not installed (tests/setup/needs.sh)")))
}

/// PostgreSQL refuses to run as root: then it runs as the user that Debian made for it, or as nobody.
fn owner() -> Result<Option<(u32, u32)>> {
    let id = |arguments: &[&str]| -> Result<Option<u32>> {
        let answer = Command::new("id").args(arguments).stderr(Stdio::null()).output()?;
        Ok(String::from_utf8_lossy(&answer.stdout).trim().parse().ok())
    };
    if id(&["-u"])? != Some(0) {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let (Some(user), Some(group)) = (id(&["-u", name])?, id(&["-g", name])?) {
            return Ok(Some((user, group)));
        }
    }
    Err(Error::other("there is no user that PostgreSQL could run as"))
}

fn as_owner(owner: Option<(u32, u32)>, program: &Path) -> Command {
    match owner {
        None => Command::new(program),
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups", "--"]);
            command.arg(program).current_dir("/");
            command
        }
    }
}
