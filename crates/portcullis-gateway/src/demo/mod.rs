//! `portcullis demo`: what the gate is good for, seen with one's own eyes.
//!
//! Starts a sample app with honest flaws (Harbour Bank, see [`sample`]) on a loopback port, and a gate in
//! front of it with its data in a temporary folder. Then it plays a short list of attacks against
//! both, judges each by what it brought about, plays what ordinary visitors do against both, and prints
//! the two side by side:
//!
//! | attack | what it shows |
//! | --- | --- |
//! | request smuggling (CL.TE) | one request by its `Content-Length`, two by its `Transfer-Encoding` (CWE-444) |
//! | path traversal, encoded dots | `%2e%2e%2f` climbs out of the folder of public files (CWE-22) |
//! | oversize header | 200 KB of header are read before anybody asks who sends them (CWE-770) |
//! | JSON depth bomb | 4,000 lists within lists keep a parser busy (CWE-674) |
//! | spoofed `X-Forwarded-For` | a header opens a page for the office network (CWE-348) |
//! | Host header poisoning | the mail to reset a password links to the attacker's site (CWE-640) |
//! | plain HTTP | the page goes over the wire in clear (CWE-319) |
//! | CSRF transfer | a foreign page sends the form with the victim's cookie (CWE-352) |
//! | login CSRF | a foreign page signs the victim in as the attacker (CWE-352) |
//! | SQL injection, sign-in | `' OR 1=1 --` is a name, and the password does not matter (CWE-89) |
//! | SQL injection, search | a `UNION` adds everybody's password to the list (CWE-89) |
//! | SQL injection, blind | an answer that differs tells a password letter by letter (CWE-89) |
//! | script in a link | a link to the search runs the attacker's script (CWE-79) |
//! | script in the guest book | what one visitor writes runs in everybody's browser (CWE-79) |
//! | session cookie theft | scripts read it, plain HTTP and foreign pages carry it (CWE-614, CWE-1004) |
//! | clickjacking | a foreign page frames the account page (CWE-1021) |
//! | account page from cache | the back button shows the last visitor's balance (CWE-525) |
//! | version banners | the server says which exploits to try (CWE-497) |
//! | stack trace leak | an error page shows SQL, paths and stack (CWE-209) |
//! | private key leak | a forgotten page shows a private key and a cloud key (CWE-522) |
//! | open redirect | a link to the site ends at the attacker's, in seven spellings (CWE-601) |
//!
//! Where the gate refuses, the table shows the id of the refusal, as it stands on the refusal's
//! page and in the log (the demo looks that up), and the reason's code; where it mends the answer instead (a cookie's attributes, a header), there is
//! none.
//!
//! With `--once` it ends after the table, with exit status 0 only if every attack succeeded on the bare
//! app and failed at the gate and every ordinary use worked at both. Without, it stays and says which two
//! addresses to open.

mod attacks;
mod browser;
mod door;
mod injection;
mod outcome;
mod report;
mod sample;
mod table;
mod uses;

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::record::DataDir;
use crate::upstream::Upstream;
use crate::{Gateway, Running, Settings};
use door::Door;
use report::Report;
use sample::{Sample, Scratch};
use table::Style;

/// The sample and the gate before it, up and running. Dropped in this order: the gate before the folder
/// that holds its data.
struct Demo {
    bare: Door,
    gate: Door,
    running: Running,
    sample: Sample,
    data: Scratch,
}

/// Runs the demo: starts everything, plays, prints the table, and without `once` stays up until Ctrl-C.
///
/// # Errors
/// When something cannot be started, or an attack not be played.
pub async fn run(once: bool) -> io::Result<ExitCode> {
    let demo = Demo::start().await?;
    let mut out = io::stdout();
    writeln!(out, "Harbour Bank, a sample app with honest flaws: bare, and behind the gate.\n")?;
    let report = demo.play().await?;
    write!(out, "{}", table::draw(&report, Style::of_output()))?;
    if !once {
        writeln!(out, "\nBoth stay up. Open them side by side:")?;
        writeln!(out, "  the bare app   {}/", demo.bare.origin())?;
        writeln!(out, "  the gate       {}/", demo.gate.origin())?;
        writeln!(out, "Sign in as `alice` with `lighthouse-7`. The gate's certificate is of an authority")?;
        writeln!(out, "made just now, so the browser will warn. End with Ctrl-C.")?;
        out.flush()?;
        tokio::signal::ctrl_c().await?;
    }
    let right = report.problems().is_empty();
    demo.end().await;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Demo {
    async fn start() -> io::Result<Self> {
        Self::start_with(portcullis::Policy::default()).await
    }

    async fn start_with(policy: portcullis::Policy) -> io::Result<Self> {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sample = Sample::start(loopback).await?;
        let data = Scratch::make()?;
        let app = Upstream::parse(&format!("http://{}", sample.address())).map_err(io::Error::other)?;
        let mut settings = Settings::new(app);
        settings.https = vec![loopback.into()];
        settings.http = vec![loopback.into()];
        settings.threads = 1;
        settings.policy = policy;
        data.path().clone_into(&mut settings.data_dir);
        let running = Gateway::start(settings).map_err(io::Error::other)?;
        let first = |addresses: &[SocketAddr]| {
            addresses.first().copied().ok_or_else(|| io::Error::other("the gate has no address"))
        };
        let (https, http) = (first(&running.https)?, first(&running.http)?);
        let authority = running.development.as_ref().map(|made| made.authority.as_path());
        let trust = trusting(authority.ok_or_else(|| io::Error::other("the gate has no authority"))?)?;
        Ok(Self {
            bare: Door {
                scheme: "http",
                authority: format!("localhost:{}", sample.address().port()),
                address: sample.address(),
                plain: sample.address(),
                tls: None,
            },
            gate: Door {
                scheme: "https",
                authority: format!("localhost:{}", https.port()),
                address: https,
                plain: http,
                tls: Some(trust),
            },
            running,
            sample,
            data,
        })
    }

    async fn end(self) {
        // The folder goes after the gate: it holds the gate's log.
        let Self { running, data, .. } = self;
        running.shutdown().await;
        drop(data);
    }

    async fn play(&self) -> io::Result<Report> {
        let mut report = report::play(&self.sample, &self.bare, &self.gate).await?;
        self.running.log.flush();
        report.explain(&std::fs::read_to_string(DataDir::open(self.data.path())?.events())?);
        Ok(report)
    }
}

/// Trusts the authority in a PEM file, and no other.
fn trusting(authority: &Path) -> io::Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).map_err(io::Error::other)? {
        roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    let config = rustls::ClientConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests;
