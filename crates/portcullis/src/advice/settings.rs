//! Settings that hold and are unwise all the same.

use std::time::Duration;

use ipnet::IpNet;

use super::{Advice, advice};
use crate::layers::departure::headers::ReferrerPolicy;
use crate::layers::departure::headers::csp::{Csp, Directive, Source};
use crate::policy::units::Size;
use crate::policy::{Faults, raw::File};

/// Half a year: less is taken for a trial.
const LONG: Duration = Duration::from_secs(180 * 86_400);

pub(super) fn advise(written: &File, list: &mut Vec<Advice>) {
    transport(written, list);
    client(written, list);
    content_policy(written, list);
    limits(written, list);
    csrf(written, list);
    cookies(written, list);
}

/// HSTS in steps: a year, then the names below, then the browsers' own lists (RFC 6797 section 14.4).
fn transport(written: &File, list: &mut Vec<Advice>) {
    let raw = &written.transport;
    let age = raw.hsts_max_age.map(|span| span.0);
    if raw.hsts == Some(false) {
        list.push(advice(
            "P011",
            "transport.hsts",
            "a visitor's first request of each visit may go in the open, where it can be caught (SSL stripping)",
            "take `hsts` out; to try it, write `hsts_max_age = \"5 min\"` first",
        ));
    } else if age.is_some_and(|age| age < LONG) {
        list.push(advice(
            "P011",
            "transport.hsts_max_age",
            "browsers forget to use HTTPS sooner than half a year after a visit",
            "once all works, take `hsts_max_age` out: the default is a year",
        ));
    } else if raw.hsts_include_subdomains != Some(true) {
        list.push(advice(
            "P012",
            "transport.hsts_include_subdomains",
            "a name below this one can still be visited in the open, and set cookies for this site from there",
            "first serve every name below over HTTPS, then write `hsts_include_subdomains = true`",
        ));
    } else if raw.hsts_preload != Some(true) {
        list.push(advice(
            "P013",
            "transport.hsts_preload",
            "only a browser that has been here before knows that the site is HTTPS only",
            "when you are sure for years (it takes months to undo): write `hsts_preload = true`, serve that for a \
             while, then submit the name at hstspreload.org",
        ));
    }
}

fn client(written: &File, list: &mut Vec<Advice>) {
    let raw = &written.client;
    let networks = raw.trusted_proxies.as_deref().unwrap_or_default();
    for (index, text) in networks.iter().enumerate() {
        let Ok(network) = text.parse::<IpNet>() else { continue };
        let key = format!("client.trusted_proxies[{index}]");
        let bits = network.prefix_len();
        let wide = match network {
            IpNet::V4(_) => bits < 8,
            IpNet::V6(_) => bits < 16,
        };
        if bits < 4 {
            list.push(advice(
                "P020",
                key,
                format!("`{text}` trusts a large part of the internet, so that strangers can claim any address and HTTPS"),
                "list the addresses of your own proxies only",
            ));
        } else if wide {
            list.push(advice(
                "P021",
                key,
                format!("`{text}` trusts far more addresses than anybody's proxies have"),
                "list the addresses of your own proxies only",
            ));
        }
    }
    if raw.proxy_hops.is_some_and(|hops| hops > 0) && networks.is_empty() {
        list.push(advice(
            "P022",
            "client.proxy_hops",
            "whoever reaches the gate around the proxies can claim any address",
            "list the proxies in `trusted_proxies` as well, or let nobody else reach the listener",
        ));
    }
}

fn content_policy(written: &File, list: &mut Vec<Advice>) {
    let raw = &written.headers;
    if matches!(
        raw.referrer_policy,
        Some(ReferrerPolicy::UnsafeUrl | ReferrerPolicy::NoReferrerWhenDowngrade)
    ) {
        list.push(advice(
            "P034",
            "headers.referrer_policy",
            "other sites learn the whole address that a visitor comes from, with what stands in its query",
            "take it out: the default tells them the origin alone",
        ));
    }
    if raw.csp_learn == Some(true) {
        list.push(advice(
            "P035",
            "headers.csp_learn",
            "a policy is learned: pages ask browsers to report what they load, and browsers say so in their consoles",
            "when the site has been used for a while, `portcullis csp suggest --apply` writes the policy and ends it",
        ));
    }
    if raw.csp.is_empty() {
        if !raw.csp_report_only.is_empty() {
            list.push(advice(
                "P031",
                "headers.csp_report_only",
                "the policy that is written only reports, and stops nothing",
                "once no report is about the app's own pages, move it to `[headers.csp]`",
            ));
        } else {
            list.push(advice(
                "P030",
                "headers.csp",
                "pages without script are held to that, but on pages with scripts an injected one would run",
                "write `csp_learn = true` below `[headers]`, let the site be used for a while, and let \
                 `portcullis csp suggest --apply` write the policy",
            ));
        }
        return;
    }
    let csp = Csp::check(&raw.csp, "csp", &mut Faults::new());
    let default = csp.sources(Directive::DefaultSrc);
    let scripts = csp.sources(Directive::ScriptSrc).or(default);
    let strict =
        |list: &[Source]| list.iter().any(|source| matches!(source, Source::Nonce | Source::Hash(..)));
    match scripts {
        None => list.push(advice(
            "P032",
            "headers.csp",
            "without `script-src` or `default-src` every script runs, an injected one too",
            "write `script-src = [\"'self'\"]`, with `\"'nonce'\"` for what stands in the page",
        )),
        Some(sources) => {
            let inline = sources.contains(&Source::UnsafeInline) && !strict(sources);
            let wide = !sources.contains(&Source::StrictDynamic) && sources.iter().any(anywhere);
            if inline || wide {
                list.push(advice(
                    "P032",
                    "headers.csp.script-src",
                    "scripts may stand anywhere in the page, or come from anywhere, an injected one too",
                    "name scripts by `\"'nonce'\"` or by their hash instead of `'unsafe-inline'`, `https:` or `*`",
                ));
            }
        }
    }
    let mut gaps = Vec::new();
    if csp.sources(Directive::BaseUri).is_none() {
        gaps.push("`base-uri` (an injected `<base>` sends relative scripts elsewhere)");
    }
    if csp.sources(Directive::ObjectSrc).or(default).is_none() {
        gaps.push("`object-src`");
    }
    if scripts.is_some_and(|sources| sources.contains(&Source::UnsafeEval)) {
        gaps.push("no `'unsafe-eval'`");
    }
    if !gaps.is_empty() {
        list.push(advice(
            "P033",
            "headers.csp",
            format!("the policy would be tighter with {}", gaps.join(", ")),
            "as in `base-uri = [\"'none'\"]` and `object-src = [\"'none'\"]`",
        ));
    }
}

fn anywhere(source: &Source) -> bool {
    match source {
        Source::Scheme(name) => matches!(name.as_str(), "https" | "http" | "data" | "ftp"),
        Source::Place(place) => matches!(place.as_str(), "*" | "https://*" | "http://*"),
        _ => false,
    }
}

fn limits(written: &File, list: &mut Vec<Advice>) {
    let tables = std::iter::once(("limits".to_owned(), &written.limits)).chain(
        written
            .route
            .iter()
            .enumerate()
            .map(|(index, route)| (format!("route[{index}].limits"), &route.limits)),
    );
    for (key, raw) in tables {
        let sizes = [
            ("url", raw.url, 64 << 10),
            ("header", raw.header, 64 << 10),
            ("head", raw.head, 256 << 10),
            ("body", raw.body, 10 << 30),
            ("hold", raw.hold, 16 << 20),
        ];
        for (name, size, most) in sizes {
            if size.is_some_and(|Size(size)| size > most) {
                list.push(too_large(&key, name));
            }
        }
        let counts = [
            ("headers", raw.headers, 1000),
            ("parameters", raw.parameters, 20_000),
            ("json_depth", raw.json_depth, 500),
            ("json_keys", raw.json_keys, 1_000_000),
            ("parts", raw.parts, 5000),
        ];
        for (name, count, most) in counts {
            if count.is_some_and(|count| count > most) {
                list.push(too_large(&key, name));
            }
        }
    }
}

fn too_large(table: &str, name: &str) -> Advice {
    advice(
        "P040",
        format!("{table}.{name}"),
        format!("the limit `{name}` is so large that a few requests can use up the app's memory or time"),
        "lay a large limit on the one route that needs it, and leave it out elsewhere",
    )
}

fn csrf(written: &File, list: &mut Vec<Advice>) {
    for (index, origin) in written.csrf.trusted_origins.iter().enumerate() {
        if origin.contains('*') {
            list.push(advice(
                "P042",
                format!("csrf.trusted_origins[{index}]"),
                format!("whoever takes over any name that `{origin}` means can act in your visitors' names"),
                "list the names that need it",
            ));
        }
    }
}

fn cookies(written: &File, list: &mut Vec<Advice>) {
    if written.cookies.host_prefix.is_empty() && written.cookies.seal.is_empty() {
        list.push(advice(
            "P050",
            "cookies.host_prefix",
            "a sibling subdomain can set or shadow the session cookie",
            "write `host_prefix = [\"session\"]` with the name of the app's session cookie; `seal` also keeps \
             its value from the browser",
        ));
    }
}
