//! Who can reach the gate, and how it reaches the app.

use std::net::SocketAddr;

use super::{Advice, advice};
use crate::policy::raw::{Addresses, File, Upstream};

pub(super) fn advise(written: &File, list: &mut Vec<Advice>) {
    let public = |addresses: &Option<Addresses>| {
        addresses.iter().flat_map(|all| all.as_slice()).find(|address| reachable(address)).cloned()
    };
    let https = public(&written.listen.https);
    if let Some(address) = public(&written.listen.dangerous_plain) {
        list.push(advice(
            "P006",
            "listen.dangerous_plain",
            format!("whoever is on the way to `{address}` can read and change everything, passwords and cookies too"),
            "listen on `127.0.0.1` behind the balancer that ends TLS, or serve `https`",
        ));
    } else if written.listen.dangerous_plain.is_some() {
        list.push(advice(
            "P007",
            "listen.dangerous_plain",
            "the app is served over plain HTTP on this machine; HSTS and `Secure` cookies do not work there",
            "take it out once the tests, or the balancer in front, no longer need it",
        ));
    }
    if let Some(address) = &https {
        if written.tls.certificate.is_empty() && written.tls.acme.is_none() {
            list.push(advice(
                "P008",
                "tls.certificate",
                format!("`{address}` serves the development certificate, which no visitor's browser trusts"),
                "add `[tls.acme]`, or `[[tls.certificate]]` with `chain` and `key`",
            ));
        }
        if written.listen.http.is_none() {
            list.push(advice(
                "P009",
                "listen.http",
                "whoever types the address without `https://` finds nothing",
                "add `http = \"0.0.0.0:80\"`: it only redirects",
            ));
        }
        if written.host.names.is_none() {
            list.push(advice(
                "P010",
                "host.names",
                "only `localhost` is answered, although others can reach this gate",
                "write the site's public names, as in `names = [\"example.com\", \"www.example.com\"]`",
            ));
        }
    }
    upstream(written.upstream.as_ref(), list);
}

fn upstream(upstream: Option<&Upstream>, list: &mut Vec<Advice>) {
    match upstream {
        Some(Upstream::Address(address)) => in_the_open("upstream", address, list),
        Some(Upstream::Table(table)) => {
            if let Some(address) = &table.address {
                in_the_open("upstream.address", address, list);
            }
            for server in &table.server {
                in_the_open("upstream.server", &server.address, list);
            }
        }
        None => {}
    }
}

fn in_the_open(key: &'static str, address: &str, list: &mut Vec<Advice>) {
    let Ok(url) = url::Url::parse(address) else { return };
    let local = match url.host_str() {
        Some(host) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        None => true,
    };
    if !local && matches!(url.scheme(), "http" | "h2c") {
        list.push(advice(
            "P014",
            key,
            format!("everything between this gate and `{address}` travels in the open"),
            "let the app listen on this machine only, or reach it by `https://` with its own `ca`",
        ));
    }
}

/// Whether others than this machine can connect to it.
fn reachable(address: &str) -> bool {
    address.parse::<SocketAddr>().is_ok_and(|address| !address.ip().to_canonical().is_loopback())
}
