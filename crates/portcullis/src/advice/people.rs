//! People who sign in, and the app that believes the gate's word for who they are.

use std::net::IpAddr;

use super::{Advice, advice};
use crate::policy::Policy;
use crate::policy::raw::{File, Upstream};

pub(super) fn advise(policy: &Policy, written: &File, list: &mut Vec<Advice>) {
    if policy.identity().is_none() {
        return;
    }
    if written.access.allow.is_none() {
        list.push(advice(
            "P060",
            "access.allow",
            "nobody chose what strangers may see: until somebody does, nothing but the pages to sign in",
            "write `allow = \"signed-in\"` below `[access]` to keep it so, or `allow = \"public\"` and close routes one by one",
        ));
    }
    let addresses: Vec<(&str, &String)> = match &written.upstream {
        None => Vec::new(),
        Some(Upstream::Address(address)) => vec![("upstream", address)],
        Some(Upstream::Table(table)) => {
            let one = table.address.iter().map(|address| ("upstream.address", address));
            one.chain(table.server.iter().map(|server| ("upstream.server", &server.address))).collect()
        }
    };
    for (key, address) in addresses.into_iter().filter(|(_, address)| is_beyond_this_machine(address)) {
        list.push(advice(
            "P061",
            key,
            format!(
                "whoever reaches `{address}` without the gate can say in `X-Portcullis-User` that they are anybody"
            ),
            "let the app listen on this machine or a unix socket only; else let it verify `X-Portcullis-Token` on every \
             request, and a firewall admit the gate alone (docs/identity.md)",
        ));
    }
}

/// Whether others than this machine may connect to it.
fn is_beyond_this_machine(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    match url.host_str() {
        None => false,
        Some(host) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let loopback = bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
            !(loopback || host == "localhost" || host.ends_with(".localhost"))
        }
    }
}
