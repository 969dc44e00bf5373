//! The policy as written: `portcullis.toml`, key by key.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Faults;
use super::identity;
use super::units::{Size, Span};
use crate::layers::arrival::{client, framing, host, limits, transport};
use crate::layers::caller::{access, rate, session};
use crate::layers::content::{csrf, gate};
use crate::layers::departure::{cookies, headers, html, leak, redirect};
use crate::layers::record::event;

/// A whole policy file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// The app: its address, or a table with more settings. Read by the gateway only.
    pub upstream: Option<Upstream>,
    /// Where the gateway listens. Read by the gateway only.
    pub listen: Listen,
    /// Who the gateway runs as. Read by the gateway only.
    pub run: Run,
    /// Certificates. Read by the gateway only.
    pub tls: Tls,
    /// Time-outs of connections. Read by the gateway only.
    pub timeouts: Timeouts,
    /// Where the gateway tells of itself. Read by the gateway only.
    pub admin: Admin,
    /// People sign in here: the table turns it on.
    pub identity: Option<identity::Raw>,
    /// One unambiguous HTTP message.
    pub framing: framing::Raw,
    /// Sizes and counts.
    pub limits: limits::Raw,
    /// Who really connected.
    pub client: client::Raw,
    /// Which names are ours.
    pub host: host::Raw,
    /// HTTPS and HSTS.
    pub transport: transport::Raw,
    /// Allowances of callers, and bans.
    pub rate: rate::Raw,
    /// Who is calling: sessions of people who signed in.
    pub session: session::Raw,
    /// Who may go where.
    pub access: access::Raw,
    /// Cross-site request forgery.
    pub csrf: csrf::Raw,
    /// Rules against attacks.
    pub gate: gate::Raw,
    /// Cookies.
    pub cookies: cookies::Raw,
    /// Response headers.
    pub headers: headers::Raw,
    /// Traces, errors and secrets on the way out.
    pub leak: leak::Raw,
    /// Redirects that leave the site.
    pub redirect: redirect::Raw,
    /// Edits of pages.
    pub html: html::Raw,
    /// The event log.
    pub event: event::Raw,
    /// Settings for some paths only; the first route that matches holds.
    pub route: Vec<Route>,
}

/// Settings for some paths: any layer's table, laid over the site's.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Route {
    /// `/exact`, `/with/{segment}` or `/everything/below/*`, percent-decoded.
    pub path: String,
    /// Which methods; none means every one.
    pub methods: Vec<String>,
    /// One unambiguous HTTP message.
    pub framing: framing::Raw,
    /// Sizes and counts.
    pub limits: limits::Raw,
    /// Who really connected.
    pub client: client::Raw,
    /// Which names are ours.
    pub host: host::Raw,
    /// HTTPS and HSTS.
    pub transport: transport::Raw,
    /// Allowances of callers, and bans.
    pub rate: rate::Raw,
    /// Who is calling: sessions of people who signed in.
    pub session: session::Raw,
    /// Who may go where.
    pub access: access::Raw,
    /// Cross-site request forgery.
    pub csrf: csrf::Raw,
    /// Rules against attacks.
    pub gate: gate::Raw,
    /// Cookies.
    pub cookies: cookies::Raw,
    /// Response headers.
    pub headers: headers::Raw,
    /// Traces, errors and secrets on the way out.
    pub leak: leak::Raw,
    /// Redirects that leave the site.
    pub redirect: redirect::Raw,
    /// Edits of pages.
    pub html: html::Raw,
    /// The event log.
    pub event: event::Raw,
}

/// `upstream = "http://127.0.0.1:5000"` or a table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Upstream {
    /// Just the address.
    Address(String),
    /// The address and how to talk to it.
    Table(Box<UpstreamTable>),
}

/// How the gateway talks to the app.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTable {
    /// `http://host:port`, `https://host:port`, `h2c://host:port` (HTTP/2 without TLS, for gRPC) or
    /// `unix:/path`.
    pub address: Option<String>,
    /// Several servers of the same app, instead of `address` or besides it.
    #[serde(default)]
    pub server: Vec<Server>,
    /// How servers share the load: `least-connections` (the default): the one with the fewest requests for
    /// its weight; `hash`: always the same one for the same key, while it serves.
    pub balance: Option<Balance>,
    /// What `hash` goes by: `client` (the default, its address), `path`, `header:NAME` or `cookie:NAME`.
    pub hash: Option<String>,
    /// A PEM file of certificate authorities to trust for `https://`, instead of the machine's.
    pub ca: Option<PathBuf>,
    /// How long to wait for a connection; `"5 s"` by default.
    pub connect_timeout: Option<Span>,
    /// How long to wait for the head of the response; `"60 s"` by default.
    pub response_timeout: Option<Span>,
    /// The longest silence within the body of a response; `"5 min"` by default. WebSockets have none.
    pub body_timeout: Option<Span>,
    /// How long a whole exchange may take, from the request to the last byte of the response; no end by
    /// default.
    pub total_timeout: Option<Span>,
    /// How long an unused connection is kept; `"30 s"` by default.
    pub idle_timeout: Option<Span>,
    /// How many connections to one server may be open; `4096` by default. More requests wait for one as
    /// long as `connect_timeout`.
    pub max_connections: Option<usize>,
    /// How many connections to one server are kept when nothing runs on them; `512` by default.
    pub max_idle: Option<usize>,
    /// When a server that keeps failing is left alone.
    #[serde(default)]
    pub breaker: Breaker,
    /// How servers are asked for their health; without this table they are not.
    pub health: Option<Health>,
}

/// One server of the app.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// As `upstream.address`.
    pub address: String,
    /// How much of the load it takes, beside the others; `1` by default, 1000 at most.
    pub weight: Option<u32>,
    /// It gets no new requests; those that run may end.
    pub drain: Option<bool>,
}

/// How servers share the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// The one with the fewest requests for its weight.
    LeastConnections,
    /// Always the same one for the same key.
    Hash,
}

/// When a server that keeps failing is left alone.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// How many requests in a row must fail; `5` by default, `0` for never.
    pub failures: Option<u32>,
    /// What counts as failing: `connect` (the default): no connection is to be had; `any`: no answer in time
    /// and one that breaks off, too. With `any` whoever finds requests that the app does not answer can shut
    /// others out for as long as he sends them.
    pub on: Option<BreakerOn>,
    /// For how long at first; `"1 s"` by default. Each failed try doubles it.
    pub open: Option<Span>,
    /// For how long at most; `"30 s"` by default.
    pub most: Option<Span>,
}

/// What counts as a failure of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerOn {
    /// No connection is to be had.
    Connect,
    /// No answer in time and one that breaks off, too.
    Any,
}

/// How servers are asked for their health.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// What is asked for by GET, as in `"/health"`.
    pub path: String,
    /// The name of the site that is asked for, instead of the server's own.
    pub host: Option<String>,
    /// How often; `"5 s"` by default.
    pub interval: Option<Span>,
    /// How long an answer may take; `"2 s"` by default.
    pub timeout: Option<Span>,
    /// How many good answers in a row make an unhealthy server healthy; `2` by default.
    pub rises: Option<u32>,
    /// How many failures in a row make a healthy server unhealthy; `3` by default.
    pub falls: Option<u32>,
    /// Which statuses are healthy, as in `["200-299", "404"]`; `["200-399"]` by default.
    #[serde(default)]
    pub statuses: Vec<String>,
}

/// Who the gateway runs as.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Run {
    /// A user to become once every socket is bound, where the gate is started as root; by default it stays
    /// who it is. Certificates, keys and the data directory must be readable by this user.
    pub user: Option<String>,
    /// The group instead of that user's own.
    pub group: Option<String>,
}

/// Where the gateway listens.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Addresses for HTTPS; `"127.0.0.1:8443"` by default. Here and below also sockets in the file system,
    /// as in `"unix:/run/portcullis/gate.sock"`.
    pub https: Option<Addresses>,
    /// Serves HTTP/3, too, at the addresses for HTTPS by UDP, and tells browsers so (`Alt-Svc`). Not by default, and
    /// only by a program that was built with the feature `http3`.
    pub http3: Option<bool>,
    /// Addresses for plain HTTP, which only redirects to HTTPS.
    pub http: Option<Addresses>,
    /// Addresses that serve the app over plain HTTP: for tests, or behind a balancer that ends TLS.
    pub dangerous_plain: Option<Addresses>,
    /// How many threads serve; one a core by default.
    pub threads: Option<usize>,
    /// How many connections of clients are served at once; 16384 by default, and never more than the
    /// system's limit of open files allows. New ones are closed, with 503 where no TLS comes first. From three
    /// quarters on, none is kept open that has nothing to ask.
    pub connections: Option<usize>,
    /// How many connections one address may have, or one /64 of IPv6; 512 by default. Trusted proxies and
    /// sockets in the file system are not counted so.
    pub connections_per_client: Option<usize>,
    /// How many requests may wait for the app or for their own body at once; 2048 by default. More are
    /// answered with 503 and `Retry-After`, before anything of them is looked at.
    pub requests: Option<usize>,
    /// Addresses and networks of balancers whose connections begin with a PROXY protocol header, version 1
    /// or 2, as in `["10.0.0.0/8"]`; `"unix"` for those to sockets in the file system. Theirs without one
    /// are closed. None by default.
    pub proxy_protocol_from: Vec<String>,
    /// Who may connect to sockets in the file system: their mode, in octal digits; `"0660"` by default.
    pub unix_mode: Option<String>,
}

/// One address or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Addresses {
    /// `"127.0.0.1:8443"`
    One(String),
    /// `["127.0.0.1:8443", "[::1]:8443"]`
    Many(Vec<String>),
}

impl Addresses {
    /// The addresses as written.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Many(addresses) => addresses,
        }
    }
}

/// Certificates for HTTPS. With none, a local development authority makes one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Your own certificates; chosen by the name the client asks for (SNI), the first where none fits.
    pub certificate: Vec<Certificate>,
    /// An authority that issues and renews certificates by ACME, as Let's Encrypt does.
    pub acme: Option<Acme>,
    /// A PEM file of authorities whose certificates clients may show (mTLS). With it clients are asked for
    /// one; routes with `transport.require_client_certificate` are closed to those that show none.
    pub client_ca: Option<PathBuf>,
    /// PEM files of lists of client certificates that hold no longer. With them, a certificate that none of
    /// the lists speaks of is refused.
    pub client_crl: Vec<PathBuf>,
}

/// The directory of Let's Encrypt.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// An authority that issues certificates by ACME (RFC 8555). Each name gets one of its own, kept and renewed
/// in the data directory.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Acme {
    /// The authority's terms have been read and are agreed to; nothing is asked for without `true`.
    pub agree_to_terms: bool,
    /// The address of the authority's directory; that of Let's Encrypt by default.
    pub directory: Option<String>,
    /// The names to obtain certificates for; those of `host.names` by default.
    pub names: Vec<String>,
    /// Whom the authority may write to, as in `["admin@example.com"]`.
    pub contact: Vec<String>,
    /// Which kind of certificate, where the authority has several, as in `"shortlived"`.
    pub profile: Option<String>,
    /// Which proofs to offer, the first one first: `tls-alpn-01` needs port 443 of the name, `http-01` port
    /// 80. By default `tls-alpn-01`, and `http-01` too where plain HTTP is listened on.
    pub challenges: Vec<AcmeChallenge>,
    /// A PEM file of authorities to trust in the directory's own HTTPS, instead of the machine's: for an
    /// authority of your own, or a test.
    pub ca: Option<PathBuf>,
    /// An account that was opened with the authority before, where it asks for one.
    pub external_account: Option<AcmeExternalAccount>,
}

/// What proves that a name is yours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AcmeChallenge {
    /// A file over plain HTTP (RFC 8555 section 8.3).
    #[serde(rename = "http-01")]
    Http01,
    /// A certificate in a handshake (RFC 8737).
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

/// An account that was opened with the authority before (RFC 8555 section 7.3.4).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcmeExternalAccount {
    /// Its id.
    pub key_id: String,
    /// A file with its key, as the authority gave it: base64url.
    pub key_file: PathBuf,
}

/// One certificate with its key, watched for changes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// A PEM file with the certificate and its chain.
    pub chain: PathBuf,
    /// A PEM file with the private key.
    pub key: PathBuf,
}

/// Time-outs of client connections.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// From the first byte of a request head to its last; `"15 s"` by default.
    pub header: Option<Span>,
    /// The longest silence within a request body; `"30 s"` by default.
    pub body: Option<Span>,
    /// The least that a client must send of a body in a second, on average over what it is waited for;
    /// `"500 B"` by default. Beyond it a client is waited for no longer than `body` in all.
    pub body_rate: Option<Size>,
    /// The longest time in which a client takes nothing of an answer; `"60 s"` by default.
    pub send: Option<Span>,
    /// The least that a client must take of an answer in a second, as `body_rate` for bodies; `"500 B"` by
    /// default.
    pub send_rate: Option<Size>,
    /// How long a connection may wait for its next request; `"75 s"` by default.
    pub idle: Option<Span>,
    /// How long running requests may take to end at shutdown; `"30 s"` by default.
    pub drain: Option<Span>,
}

/// Where the gateway tells of itself. A socket in the data directory, `admin.sock`, is always there: it takes
/// the orders of `portcullis reload`, `upgrade` and `ban`, from the gate's own user alone.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Addresses for health (`/healthz`), readiness (`/readyz`) and metrics (`/metrics`), as in
    /// `"127.0.0.1:9180"`; none by default. No orders are taken there.
    pub listen: Option<Addresses>,
    /// Let `listen` name addresses that others than this machine can reach: they learn how busy the site is and
    /// what is attacked.
    pub dangerous_beyond_loopback: Option<bool>,
}

/// The tables of the layers, gathered.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    pub(super) framing: framing::Raw,
    pub(super) limits: limits::Raw,
    pub(super) client: client::Raw,
    pub(super) host: host::Raw,
    pub(super) transport: transport::Raw,
    pub(super) rate: rate::Raw,
    pub(super) session: session::Raw,
    pub(super) access: access::Raw,
    pub(super) csrf: csrf::Raw,
    pub(super) gate: gate::Raw,
    pub(super) cookies: cookies::Raw,
    pub(super) headers: headers::Raw,
    pub(super) leak: leak::Raw,
    pub(super) redirect: redirect::Raw,
    pub(super) html: html::Raw,
    pub(super) event: event::Raw,
}

impl File {
    pub(super) fn layers(&self) -> Layers {
        Layers {
            framing: self.framing.clone(),
            limits: self.limits.clone(),
            client: self.client.clone(),
            host: self.host.clone(),
            transport: self.transport.clone(),
            rate: self.rate.clone(),
            session: self.session.clone(),
            access: self.access.clone(),
            csrf: self.csrf.clone(),
            gate: self.gate.clone(),
            cookies: self.cookies.clone(),
            headers: self.headers.clone(),
            leak: self.leak.clone(),
            redirect: self.redirect.clone(),
            html: self.html.clone(),
            event: self.event.clone(),
        }
    }

    /// Checks that belong to no layer: addresses, numbers of threads, spans of zero.
    pub(super) fn gateway_faults(&self, faults: &mut Faults<'_>) {
        let listeners = [
            ("https", &self.listen.https),
            ("http", &self.listen.http),
            ("dangerous_plain", &self.listen.dangerous_plain),
        ];
        for (name, addresses) in listeners {
            let Some(addresses) = addresses else { continue };
            for address in addresses.as_slice() {
                let unix =
                    address.strip_prefix("unix:").map(|path| path.starts_with('/') && !path.ends_with('/'));
                if !unix.unwrap_or_else(|| address.parse::<std::net::SocketAddr>().is_ok()) {
                    faults.at(
                        &format!("listen.{name}"),
                        format!("`{address}` is not an address to listen on"),
                        "write an IP address and a port, as in `\"127.0.0.1:8443\"` or `\"[::]:443\"`, or `\"unix:\"` and an absolute path",
                    );
                }
            }
        }
        for (index, from) in self.listen.proxy_protocol_from.iter().enumerate() {
            if from != "unix" && network(from).is_none() {
                faults.at(
                    &format!("listen.proxy_protocol_from[{index}]"),
                    format!("`{from}` is neither an address nor a network"),
                    "as in `\"10.0.0.1\"`, `\"10.0.0.0/8\"`, `\"2001:db8::/32\"` or `\"unix\"`",
                );
            }
        }
        if let Some(mode) = &self.listen.unix_mode
            && unix_mode(mode).is_none()
        {
            faults.at(
                "listen.unix_mode",
                format!("`{mode}` is no mode of a file"),
                "write three or four octal digits, as in `\"0660\"`",
            );
        }
        if self.run.group.is_some() && self.run.user.is_none() {
            faults.at("run.group", "there is a group to become, but no user", "add `user`");
        }
        if self.listen.threads == Some(0) {
            faults.at("listen.threads", "with `0` threads nothing is served", "leave it out for one a core");
        }
        let spans = [
            ("timeouts.header", self.timeouts.header),
            ("timeouts.body", self.timeouts.body),
            ("timeouts.idle", self.timeouts.idle),
        ];
        for (name, span) in spans {
            if span.is_some_and(|span| span.0.is_zero()) {
                faults.at(name, "a time-out of zero refuses everything", "leave it out for the default");
            }
        }
        for (position, address) in self.admin.listen.iter().flat_map(|list| list.as_slice()).enumerate() {
            let key = if matches!(self.admin.listen, Some(Addresses::Many(_))) {
                format!("admin.listen[{position}]")
            } else {
                "admin.listen".to_owned()
            };
            match address.parse::<std::net::SocketAddr>() {
                Err(_) => faults.at(
                    &key,
                    format!("`{address}` is not an address to listen on"),
                    "write an IP address and a port, as in `\"127.0.0.1:9180\"`",
                ),
                Ok(address)
                    if !address.ip().is_loopback() && self.admin.dangerous_beyond_loopback != Some(true) =>
                {
                    faults.at(
                        &key,
                        format!("others can reach `{address}`, and would learn what is attacked"),
                        "listen on `127.0.0.1`, or set `dangerous_beyond_loopback = true`",
                    );
                }
                Ok(_) => {}
            }
        }
        if let Some(upstream) = &self.upstream {
            upstream_faults(upstream, faults);
        }
        if let Some(acme) = &self.tls.acme {
            acme_faults(acme, self.host.names.as_deref().unwrap_or_default(), faults);
        }
        if self.tls.client_ca.is_none() {
            if !self.tls.client_crl.is_empty() {
                faults.at(
                    "tls.client_crl",
                    "there are lists, but nobody's certificates are taken",
                    "add `client_ca`",
                );
            }
            let help = "add `client_ca` to `[tls]`, or nobody can ever come in";
            let said = "no client is asked for a certificate";
            if self.transport.require_client_certificate == Some(true) {
                faults.at("transport.require_client_certificate", said, help);
            }
            for (index, route) in self.route.iter().enumerate() {
                if route.transport.require_client_certificate == Some(true) {
                    faults.at(&format!("route[{index}].transport.require_client_certificate"), said, help);
                }
            }
        }
    }
}

/// An address or a network as written; an address is a network of one.
#[must_use]
pub fn network(text: &str) -> Option<ipnet::IpNet> {
    let address = text.parse::<std::net::IpAddr>().map(|address| ipnet::IpNet::from(address.to_canonical()));
    address.ok().or_else(|| text.parse().ok())
}

/// The mode of a file in octal digits; it can grant reading, writing and nothing else.
#[must_use]
pub fn unix_mode(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn acme_faults(acme: &Acme, host_names: &[String], faults: &mut Faults<'_>) {
    if !acme.agree_to_terms {
        faults.at(
            "tls.acme.agree_to_terms",
            "an authority issues to those who agree to its terms",
            "read them, then write `agree_to_terms = true`",
        );
    }
    if let Some(directory) = &acme.directory
        && !url::Url::parse(directory).is_ok_and(|url| url.scheme() == "https" && url.host().is_some())
    {
        faults.at(
            "tls.acme.directory",
            format!("`{directory}` is no address with `https://`"),
            "leave it out for Let's Encrypt",
        );
    }
    let (key, names) = match acme.names.is_empty() {
        true => ("host.names", host_names),
        false => ("tls.acme.names", acme.names.as_slice()),
    };
    if names.is_empty() {
        faults.at("tls.acme.names", "there is no name to obtain a certificate for", "write `host.names`");
    }
    for (index, name) in names.iter().enumerate() {
        let bare = name.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let why = if name.contains('*') {
            "a wildcard is proven by DNS only"
        } else if name.starts_with('[') || bare.parse::<std::net::IpAddr>().is_ok() {
            "it is an address, not a name"
        } else if !bare.contains('.')
            || [".localhost", ".local", ".internal", ".test", ".home.arpa"]
                .iter()
                .any(|end| bare.ends_with(end))
        {
            "it is a local name, for which no public authority vouches"
        } else if !bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')) {
            "it is no name of DNS"
        } else {
            continue;
        };
        faults.at(
            &format!("{key}[{index}]"),
            format!("no certificate can be obtained for `{name}`: {why}"),
            "list the names to obtain certificates for in `tls.acme.names`",
        );
    }
    for (index, contact) in acme.contact.iter().enumerate() {
        if !contact.contains('@') && !contact.contains(':') {
            faults.at(
                &format!("tls.acme.contact[{index}]"),
                format!("`{contact}` is no address of mail"),
                "as in `\"admin@example.com\"`",
            );
        }
    }
}

/// A status or a range of them as written: from and to, inclusive.
#[must_use]
pub fn statuses(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let status = |text: &str| text.parse::<u16>().ok().filter(|status| (100..=599).contains(status));
    status(from).zip(status(to)).filter(|(from, to)| from <= to)
}

fn upstream_faults(upstream: &Upstream, faults: &mut Faults<'_>) {
    let table = match upstream {
        Upstream::Address(address) => return address_faults("upstream", address, faults),
        Upstream::Table(table) => table,
    };
    if table.address.is_none() && table.server.is_empty() {
        faults.at("upstream", "the app has no server", "add `address`, or `[[upstream.server]]`");
    }
    if let Some(address) = &table.address {
        address_faults("upstream.address", address, faults);
    }
    for (index, server) in table.server.iter().enumerate() {
        let key = |name: &str| format!("upstream.server[{index}].{name}");
        address_faults(&key("address"), &server.address, faults);
        if server.weight.is_some_and(|weight| !(1..=1000).contains(&weight)) {
            faults.at(
                &key("weight"),
                "a weight is from 1 to 1000",
                "to take a server out, write `drain = true`",
            );
        }
    }
    if let Some(hash) = &table.hash {
        let named = |prefix: &str| hash.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
        let header =
            hash.strip_prefix("header:").is_some_and(|name| http::HeaderName::try_from(name).is_ok());
        if !matches!(hash.as_str(), "client" | "path") && !named("cookie:") && !header {
            faults.at(
                "upstream.hash",
                format!("`{hash}` is nothing to go by"),
                "write `client`, `path`, `header:NAME` or `cookie:NAME`",
            );
        }
        if table.balance != Some(Balance::Hash) {
            faults.at("upstream.hash", "nothing goes by a key", "add `balance = \"hash\"`");
        }
    }
    let spans = [
        ("connect_timeout", table.connect_timeout),
        ("response_timeout", table.response_timeout),
        ("body_timeout", table.body_timeout),
        ("total_timeout", table.total_timeout),
        ("breaker.open", table.breaker.open),
        ("health.interval", table.health.as_ref().and_then(|health| health.interval)),
        ("health.timeout", table.health.as_ref().and_then(|health| health.timeout)),
    ];
    for (name, span) in spans {
        if span.is_some_and(|span| span.0.is_zero()) {
            faults.at(&format!("upstream.{name}"), "a time of zero is none", "leave it out for the default");
        }
    }
    if table.max_connections == Some(0) {
        faults.at(
            "upstream.max_connections",
            "without a connection nothing is sent",
            "leave it out for the default",
        );
    }
    let Some(health) = &table.health else { return };
    if !health.path.starts_with('/') || health.path.parse::<http::uri::PathAndQuery>().is_err() {
        faults.at("upstream.health.path", format!("`{}` is no path", health.path), "as in `\"/health\"`");
    }
    for (index, written) in health.statuses.iter().enumerate() {
        if statuses(written).is_none() {
            faults.at(
                &format!("upstream.health.statuses[{index}]"),
                format!("`{written}` is neither a status nor a range of them"),
                "as in `\"200\"` or `\"200-299\"`",
            );
        }
    }
    for (name, count) in [("rises", health.rises), ("falls", health.falls)] {
        if count == Some(0) {
            faults.at(&format!("upstream.health.{name}"), "no check in a row is none", "write at least `1`");
        }
    }
}

fn address_faults(key: &str, address: &str, faults: &mut Faults<'_>) {
    let help =
        "as in `\"http://127.0.0.1:5000\"` or `\"unix:/run/app.sock\"`; a path in a URL does not belong here";
    if let Some(path) = address.strip_prefix("unix:") {
        if !path.starts_with('/') || path.ends_with('/') {
            faults.at(key, format!("`{path}` is no absolute path of a socket"), help);
        }
        return;
    }
    match url::Url::parse(address) {
        Ok(url) if !matches!(url.scheme(), "http" | "https" | "h2c") => {
            faults.at(key, format!("`{}` is not a scheme of an app", url.scheme()), help);
        }
        Ok(url) if url.host().is_none() => faults.at(key, format!("`{address}` names no host"), help),
        Ok(url) if !matches!(url.path(), "" | "/") || url.query().is_some() => {
            faults.at(key, format!("`{address}` has a path or a query"), help);
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            faults.at(key, "credentials do not belong into the address of the app", help);
        }
        Ok(_) => {}
        Err(error) => faults.at(key, format!("`{address}` is not an address: {error}"), help),
    }
}

impl Layers {
    /// The layers' tables of route `index` laid over those of the site. The document has been read into
    /// [`File`] before, so each part fits its type; only their union is new.
    pub(super) fn overlay(document: &toml::Table, index: usize, faults: &mut Faults<'_>) -> Option<Self> {
        let route = document.get("route")?.as_array()?.get(index)?.as_table()?;
        Some(Self {
            framing: merged(document, route, "framing", faults)?,
            limits: merged(document, route, "limits", faults)?,
            client: merged(document, route, "client", faults)?,
            host: merged(document, route, "host", faults)?,
            transport: merged(document, route, "transport", faults)?,
            rate: rate_limits(document, route, faults)?,
            session: merged(document, route, "session", faults)?,
            access: access_laid(document, route, faults)?,
            csrf: merged(document, route, "csrf", faults)?,
            gate: merged(document, route, "gate", faults)?,
            cookies: merged(document, route, "cookies", faults)?,
            headers: merged(document, route, "headers", faults)?,
            leak: merged(document, route, "leak", faults)?,
            redirect: merged(document, route, "redirect", faults)?,
            html: merged(document, route, "html", faults)?,
            event: merged(document, route, "event", faults)?,
        })
    }
}

/// Limits are the one list that a route adds to: what the site limits stays limited on each of its routes.
fn rate_limits(site: &toml::Table, route: &toml::Table, faults: &mut Faults<'_>) -> Option<rate::Raw> {
    let mut laid: rate::Raw = merged(site, route, "rate", faults)?;
    let below: rate::Raw = merged(site, &toml::Table::new(), "rate", faults)?;
    let own = route.get("rate").and_then(|rate| rate.get("limit")).is_some();
    let path = route.get("path").and_then(toml::Value::as_str).unwrap_or_default();
    laid.lay_over(&below.limit, path, own);
    Some(laid)
}

/// What a route asks of people, or no longer asks.
fn access_laid(site: &toml::Table, route: &toml::Table, faults: &mut Faults<'_>) -> Option<access::Raw> {
    let mut laid: access::Raw = merged(site, route, "access", faults)?;
    let own: access::Raw = merged(&toml::Table::new(), route, "access", faults)?;
    laid.lay_over(&own);
    Some(laid)
}

fn merged<T: for<'de> Deserialize<'de>>(
    site: &toml::Table,
    route: &toml::Table,
    name: &str,
    faults: &mut Faults<'_>,
) -> Option<T> {
    let mut table = site.get(name).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    if let Some(above) = route.get(name).and_then(toml::Value::as_table) {
        lay_over(&mut table, above);
    }
    match T::deserialize(toml::Value::Table(table)) {
        Ok(raw) => Some(raw),
        Err(error) => {
            faults.at(name, error.message().to_owned(), "`portcullis schema` prints every key with its type");
            None
        }
    }
}

fn lay_over(below: &mut toml::Table, above: &toml::Table) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            // Exclusions add up: what is right for the site is right on a route.
            (Some(toml::Value::Array(below)), toml::Value::Array(above)) if key == "exclude" => {
                below.extend(above.iter().cloned());
            }
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}
