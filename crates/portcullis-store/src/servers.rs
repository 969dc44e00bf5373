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
    /// By which the socket of a PostgreSQL is named.
    port: u16,
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
        let mut server = Self { url, folder, kind: Kind::Postgres, port: 5432, settings, child: None };
        server.start()?;
        Ok(server)
    }

    /// Starts a PostgreSQL on a port of the loopback that takes nobody without TLS, as `localhost`. Gives the file of
    /// the authority that vouches for it.
    ///
    /// # Errors
    /// When its programs are missing or it does not begin.
    pub fn postgres_tls() -> Result<(Self, PathBuf)> {
        const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut server = Self::postgres()?;
        server.stop();
        let folder = server.folder.clone();
        let openssl = |arguments: &str| -> Result<()> {
            let made = Command::new("openssl").args(arguments.split(' ')).current_dir(&folder).output()?;
            let why = || Error::other(String::from_utf8_lossy(&made.stderr).into_owned());
            if made.status.success() { Ok(()) } else { Err(why()) }
        };
        openssl(&format!("req -x509 {KEY} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"))?;
        openssl(&format!("req {KEY} -keyout server.key -out server.csr -subj /CN=localhost"))?;
        std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost")?;
        let sign = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names";
        openssl(&format!("{sign} -out server.pem"))?;
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        std::fs::write(folder.join("data/pg_hba.conf"), rules)?;
        // The key must belong to the server, and nobody else may read it.
        if let Some((user, group)) = owner()? {
            std::os::unix::fs::chown(folder.join("server.key"), Some(user), Some(group))?;
        }
        let place = |name: &str| folder.join(name).display().to_string();
        server.settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", place("server.pem")),
            format!("ssl_key_file={}", place("server.key")),
        ];
        server.url = format!("postgres://portcullis@localhost:{port}/postgres");
        server.port = port;
        server.start()?;
        Ok((server, folder.join("ca.pem")))
    }

    /// Starts an empty Redis that writes down every change before it answers.
    ///
    /// # Errors
    /// When its program is missing or it does not begin.
    pub fn redis() -> Result<Self> {
        let folder = folder("redis")?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let url = format!("redis://127.0.0.1:{port}/0");
        let mut server =
            Self { url, folder, kind: Kind::Redis { port }, port, settings: Vec::new(), child: None };
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

    /// The server's own client, as its superuser.
    fn psql(&self) -> Result<Command> {
        let mut psql = Command::new(program("psql")?);
        psql.arg("--host").arg(&self.folder).args(["-p", &self.port.to_string()]);
        psql.args(["-qAt", "-U", "portcullis", "-d", "postgres"]);
        Ok(psql)
    }

    fn answers(&self) -> bool {
        match self.kind {
            Kind::Postgres => self.psql().is_ok_and(|mut psql| {
                psql.args(["-c", "SELECT 1"]).stdout(Stdio::null()).stderr(Stdio::null());
                psql.status().is_ok_and(|status| status.success())
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
                let mut ask = self.psql()?;
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
                let make = self.psql()?.args(["-c", &format!("CREATE DATABASE {name}")]).status()?;
                if !make.success() {
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
