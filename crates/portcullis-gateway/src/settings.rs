//! What the gateway is told, checked.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis::Policy;
use portcullis::layers::content::gate::RulesError;
use portcullis::policy::{Identity, raw};
use portcullis_seclang::Disk;

use crate::listen::{Address, Capacity, Introducers, NoAddress, Timeouts};
use crate::policies::{self, PoliciesError};
use crate::record::log::{Rotation, outs::Target};
use crate::record::{Storage, TraceSettings};
use crate::run_as::RunAs;
use crate::store::StoreSettings;
use crate::tls::acme::{Acme, Proof};
use crate::tls::certificates::CertificateFiles;
use crate::upstream::{Upstream, UpstreamError};

/// Everything that [`crate::Gateway::start`] needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The app.
    pub upstream: Upstream,
    /// Where HTTPS is served. Port 0 means any free one.
    pub https: Vec<Address>,
    /// Whether HTTP/3 is served beside HTTPS.
    pub http3: bool,
    /// Where plain HTTP redirects to HTTPS.
    pub http: Vec<Address>,
    /// Where the app is served over plain HTTP.
    pub dangerous_plain: Vec<Address>,
    /// Who says first, by PROXY protocol, who really connected.
    pub introducers: Introducers,
    /// The mode of sockets in the file system.
    pub unix_mode: u32,
    /// Whom to become once everything is bound.
    pub user: Option<RunAs>,
    /// How many threads serve.
    pub threads: usize,
    /// How long the gate waits, for what.
    pub timeouts: Timeouts,
    /// How much is served at once.
    pub capacity: Capacity,
    /// Own certificates; with none, a local development authority makes one.
    pub certificates: Vec<CertificateFiles>,
    /// An authority that issues certificates.
    pub acme: Option<Acme>,
    /// Authorities whose certificates clients may show.
    pub client_ca: Option<PathBuf>,
    /// Lists of client certificates that hold no longer.
    pub client_crl: Vec<PathBuf>,
    /// How often the certificate files are looked at.
    pub certificate_interval: Duration,
    /// Names for the development certificate, besides the loopback's.
    pub names: Vec<String>,
    /// The policy for the engine.
    pub policy: Policy,
    /// How people sign in, with the files that the policy names found from its folder.
    pub identity: Option<Identity>,
    /// Where rules log their matches, a line each.
    pub rule_log: Option<PathBuf>,
    /// Where audit records are written.
    pub audit_log: Option<PathBuf>,
    /// Where audit records have files of their own, if the rules want that (`SecAuditLogType Concurrent`).
    pub audit_storage: Option<Storage>,
    /// Where allowances are counted together with other gates.
    pub store: Option<StoreSettings>,
    /// Where the admin listener answers questions, besides the socket in the data directory.
    pub admin: Vec<SocketAddr>,
    /// When files of the log are put aside.
    pub rotation: Rotation,
    /// Where events go besides the log.
    pub outs: Vec<Target>,
    /// Where the spans of exchanges go.
    pub traces: Option<TraceSettings>,
    /// Where state lives.
    pub data_dir: PathBuf,
}

/// Why settings do not hold.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Nobody said where the app is.
    #[error(
        "nobody said where the app is: add `--upstream http://127.0.0.1:5000`, or `upstream = \"…\"` to the policy"
    )]
    NoUpstream,
    /// The app's address is none.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A listener's address is none.
    #[error(transparent)]
    Address(#[from] NoAddress),
    /// The rules that the policy names do not load.
    #[error("the rules do not load:\n{0}")]
    Rules(#[from] RulesError),
    /// The policies in Cedar that the policy names cannot be asked.
    #[error(transparent)]
    Policies(#[from] PoliciesError),
    /// A syslog's address is none.
    #[error("`{0}` is not the address of a syslog, which is as in `unix:/dev/log` or `udp://127.0.0.1:514`")]
    Syslog(String),
    /// This program has no HTTP/3.
    #[error("`listen.http3` is on, and this program was built without the feature `http3`")]
    NoHttp3,
    /// Plain HTTP that redirects to nothing.
    #[error("plain HTTP at `{0}` has no HTTPS to redirect to")]
    NoHttps(Address),
}

impl Settings {
    /// Where state lives unless told otherwise.
    pub const DATA_DIR: &'static str = "portcullis-data";
    /// Where HTTPS is served unless told otherwise.
    pub const HTTPS: Address = Address::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443));
    /// How long an answer of a shared store is waited for unless told otherwise.
    pub const STORE_TIMEOUT: Duration = Duration::from_millis(50);
    /// The share of exchanges that are traced unless told otherwise.
    pub const TRACE_SHARE: f64 = 0.1;
    /// Who may connect to sockets in the file system unless told otherwise: user and group.
    pub const UNIX_MODE: u32 = 0o660;

    /// An app with the default policy behind HTTPS at [`Self::HTTPS`].
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self {
            upstream,
            https: vec![Self::HTTPS],
            http3: false,
            http: Vec::new(),
            dangerous_plain: Vec::new(),
            introducers: Introducers::default(),
            unix_mode: Self::UNIX_MODE,
            user: None,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            timeouts: Timeouts::default(),
            capacity: Capacity::default(),
            certificates: Vec::new(),
            acme: None,
            client_ca: None,
            client_crl: Vec::new(),
            certificate_interval: Duration::from_secs(2),
            names: Vec::new(),
            policy: Policy::default(),
            identity: None,
            rule_log: None,
            audit_log: None,
            audit_storage: None,
            store: None,
            admin: Vec::new(),
            rotation: Rotation::default(),
            outs: Vec::new(),
            traces: None,
            data_dir: PathBuf::from(Self::DATA_DIR),
        }
    }

    /// From a policy file; relative paths in it start at `folder`, where the file lies.
    ///
    /// # Errors
    /// When it does not say where the app is, or names no address that can be listened on.
    pub fn from_policy(mut policy: Policy, file: &raw::File, folder: &Path) -> Result<Self, SettingsError> {
        let mut upstream = Upstream::from_policy(file.upstream.as_ref().ok_or(SettingsError::NoUpstream)?)?;
        upstream.ca = upstream.ca.map(|path| folder.join(path));
        let mut settings = Self::new(upstream);
        let listen = &file.listen;
        settings.https = match (&listen.https, &listen.dangerous_plain) {
            (Some(written), _) => addresses(written)?,
            // Whoever names only a plain listener wants no other.
            (None, Some(_)) if listen.http.is_none() => Vec::new(),
            (None, _) => settings.https,
        };
        settings.http3 = listen.http3.unwrap_or_default();
        settings.http = listen.http.as_ref().map_or(Ok(Vec::new()), addresses)?;
        settings.dangerous_plain = listen.dangerous_plain.as_ref().map_or(Ok(Vec::new()), addresses)?;
        if let Some(threads) = file.listen.threads {
            settings.threads = threads;
        }
        settings.introducers = Introducers {
            networks: listen.proxy_protocol_from.iter().filter_map(|text| raw::network(text)).collect(),
            unix: listen.proxy_protocol_from.iter().any(|text| text == "unix"),
        };
        settings.unix_mode = listen.unix_mode.as_deref().and_then(raw::unix_mode).unwrap_or(Self::UNIX_MODE);
        settings.user = file.run.user.clone().map(|user| RunAs { user, group: file.run.group.clone() });
        settings.timeouts = Timeouts::from(&file.timeouts);
        settings.capacity = Capacity::from(&file.listen);
        settings.certificates = file
            .tls
            .certificate
            .iter()
            .map(|pair| CertificateFiles { chain: folder.join(&pair.chain), key: folder.join(&pair.key) })
            .collect();
        settings.client_ca = file.tls.client_ca.as_ref().map(|path| folder.join(path));
        settings.client_crl = file.tls.client_crl.iter().map(|path| folder.join(path)).collect();
        settings.names = file.host.names.iter().flatten().map(|name| without_port(name).to_owned()).collect();
        settings.store = file.rate.store.clone().filter(|store| store != "memory").map(|url| StoreSettings {
            url,
            timeout: file.rate.store_timeout.map_or(Self::STORE_TIMEOUT, |span| span.0),
            lost: file.rate.store_lost.unwrap_or_default(),
        });
        policy.load_rules(folder, &Disk)?;
        policies::load(&mut policy, folder)?;
        let gate = &policy.site().gate;
        settings.rule_log = gate.rule_log.as_ref().map(|path| folder.join(path));
        let audit = gate.loaded.as_ref().and_then(|loaded| loaded.set.settings().audit.log.clone());
        let storage = gate.loaded.as_ref().map(|loaded| Storage::of(&loaded.set.settings().audit, folder));
        settings.audit_storage = storage.flatten();
        settings.audit_log = gate.audit_log.as_ref().map(|path| folder.join(path)).or(audit);
        settings.admin = file
            .admin
            .listen
            .iter()
            .flat_map(|list| list.as_slice())
            .filter_map(|text| text.parse().ok())
            .collect();
        let rotation = Rotation::default();
        settings.rotation = Rotation {
            size: file.event.rotate_size.map_or(rotation.size, |size| size.0),
            age: file.event.rotate_age.map(|age| age.0),
            keep: file.event.keep.unwrap_or(rotation.keep),
        };
        if let Some(syslog) = &file.event.syslog {
            settings.outs.push(Target::syslog(syslog).ok_or_else(|| SettingsError::Syslog(syslog.clone()))?);
        }
        settings.outs.extend(file.event.otlp.clone().map(Target::Otlp));
        let proves_over_http = !settings.http.is_empty() || !settings.dangerous_plain.is_empty();
        settings.traces = file.event.otlp_traces.clone().map(|collector| TraceSettings {
            collector,
            share: file.event.trace_share.unwrap_or(Self::TRACE_SHARE),
        });
        settings.acme =
            file.tls.acme.as_ref().map(|raw| acme(raw, &settings.names, proves_over_http, folder));
        settings.identity = policy.identity().map(|identity| located(identity, folder));
        settings.policy = policy;
        settings.checked()
    }

    /// Everything that is listened on.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        [&self.https, &self.http, &self.dangerous_plain].map(Vec::as_slice).concat()
    }

    /// What no single setting shows.
    fn checked(self) -> Result<Self, SettingsError> {
        if self.http3 && !cfg!(feature = "http3") {
            return Err(SettingsError::NoHttp3);
        }
        match (self.http.first(), self.https.is_empty()) {
            (Some(http), true) => Err(SettingsError::NoHttps(http.clone())),
            _ => Ok(self),
        }
    }
}

fn acme(raw: &raw::Acme, names: &[String], proves_over_http: bool, folder: &Path) -> Acme {
    let proofs = match raw.challenges.as_slice() {
        // Who listens on plain HTTP can be seen there, too.
        [] if proves_over_http => vec![Proof::TlsAlpn01, Proof::Http01],
        [] => vec![Proof::TlsAlpn01],
        written => written
            .iter()
            .map(|one| match one {
                raw::AcmeChallenge::Http01 => Proof::Http01,
                raw::AcmeChallenge::TlsAlpn01 => Proof::TlsAlpn01,
            })
            .collect(),
    };
    Acme {
        directory: raw.directory.clone().unwrap_or_else(|| raw::LETS_ENCRYPT.to_owned()),
        names: if raw.names.is_empty() { names.to_vec() } else { raw.names.clone() },
        contact: raw.contact.clone(),
        profile: raw.profile.clone(),
        ca: raw.ca.as_ref().map(|path| folder.join(path)),
        proofs,
        external_account: raw
            .external_account
            .as_ref()
            .map(|account| (account.key_id.clone(), folder.join(&account.key_file))),
    }
}

/// Files that `[identity]` names are found from the policy's own folder, as all others.
pub(crate) fn located(identity: &Identity, folder: &Path) -> Identity {
    let mut found = identity.clone();
    let place = |path: &mut PathBuf| *path = folder.join(&*path);
    for store in std::iter::once(&mut found.store).chain(&mut found.sessions) {
        if let portcullis::policy::identity::Store::Sqlite(path) = store {
            place(path);
        }
    }
    found.logo.iter_mut().for_each(place);
    found.passwords.pepper_files.iter_mut().for_each(place);
    found.passwords.breached_filter.iter_mut().for_each(place);
    found.passwords.flask_security_salt_file.iter_mut().for_each(place);
    if let Some(mail) = &mut found.mail {
        if let Some((_, path)) = &mut mail.login {
            place(path);
        }
        mail.ca.iter_mut().for_each(place);
    }
    for provider in &mut found.providers {
        provider.client_secret_file.iter_mut().for_each(place);
        provider.ca.iter_mut().for_each(place);
    }
    found
}

/// A certificate is for a name at every port. An IPv6 address keeps its brackets.
fn without_port(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((front, port)) if !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()) => front,
        _ => name,
    }
}

fn addresses(written: &raw::Addresses) -> Result<Vec<Address>, SettingsError> {
    written.as_slice().iter().map(|address| Ok(address.parse()?)).collect()
}
