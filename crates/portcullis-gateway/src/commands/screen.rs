//! The first screen: what was started, what to open, whom to trust.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::Serialize;

use super::LogFormat;
use crate::{Running, Settings};

#[derive(Serialize)]
struct Ready<'a> {
    event: &'static str,
    https: &'a [SocketAddr],
    http: &'a [SocketAddr],
    dangerous_plain: &'a [SocketAddr],
    upstream: String,
    data_dir: String,
    development_ca: Option<String>,
}

/// Tells that the gate stands, with the real addresses.
pub(super) fn ready(settings: &Settings, running: &Running, format: LogFormat) -> String {
    match format {
        LogFormat::Json => {
            let ready = Ready {
                event: "ready",
                https: &running.https,
                http: &running.http,
                dangerous_plain: &running.dangerous_plain,
                upstream: settings.upstream.to_string(),
                data_dir: settings.data_dir.display().to_string(),
                development_ca: running.development.as_ref().map(|made| made.authority.display().to_string()),
            };
            format!("{}\n", serde_json::to_string(&ready).unwrap_or_default())
        }
        LogFormat::Text => words(settings, running),
    }
}

fn words(settings: &Settings, running: &Running) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\n  Portcullis {} stands in front of {}\n",
        env!("CARGO_PKG_VERSION"),
        settings.upstream
    );
    let _ = writeln!(text, "  ready: {}\n", listeners(running));
    if let Some(address) = running.https.first() {
        let _ = writeln!(text, "  Open      https://{}", opened(*address, &settings.names));
    }
    if let Some(address) = running.dangerous_plain.first() {
        let _ = writeln!(text, "  Open      http://{address}   (dangerous: not encrypted)");
    }
    let _ = writeln!(text, "  Refusals  {}", settings.data_dir.join("events.jsonl").display());
    let _ = writeln!(text, "            portcullis explain ID   tells why, with the id on the page");
    let _ = writeln!(text, "  Policy    portcullis check        tells what is weak, and the fix");
    if let Some(development) = &running.development {
        let authority = development.authority.display();
        let _ = writeln!(
            text,
            "\n  The certificate is from a local development authority that only this machine has.\n  \
             Your browser warns until you trust it{}:\n\n    \
             Firefox   Settings, Privacy & Security, View Certificates, Authorities, Import\n    \
             Chrome    chrome://certificate-manager, Custom, Import\n    \
             Debian    sudo cp {authority} /usr/local/share/ca-certificates/portcullis.crt && sudo update-ca-certificates\n    \
             curl      curl --cacert {authority} …\n    \
             file      {authority}\n\n  \
             It can vouch for local names and your own only. Certificates of your own: `[[tls.certificate]]`.",
            if development.fresh { " (it is new)" } else { "" },
        );
    }
    text.push('\n');
    text
}

/// What to type into a browser: the site's own name where there is one.
fn opened(address: SocketAddr, names: &[String]) -> String {
    let local = ["localhost", "127.0.0.1", "[::1]"];
    let own = names.iter().map(String::as_str).find(|name| !name.contains('*') && !local.contains(name));
    let host = match (own, address.ip()) {
        (Some(own), _) => own.to_owned(),
        (None, ip) if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        (None, std::net::IpAddr::V4(ip)) => ip.to_string(),
        (None, std::net::IpAddr::V6(ip)) => format!("[{ip}]"),
    };
    if address.port() == 443 { host } else { format!("{host}:{}", address.port()) }
}

/// `https 127.0.0.1:8443, http 127.0.0.1:8080 (redirects)`
fn listeners(running: &Running) -> String {
    let https = running.https.iter().map(|address| format!("https {address}"));
    let http = running.http.iter().map(|address| format!("http {address} (redirects)"));
    let plain = running.dangerous_plain.iter().map(|address| format!("http {address} (dangerous: plain)"));
    https.chain(http).chain(plain).collect::<Vec<_>>().join(", ")
}
