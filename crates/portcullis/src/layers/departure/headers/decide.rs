//! The edits, in the order of the module page.

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY,
    CONTENT_TYPE, HeaderName, REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode, response};

use super::config::Frames;
use super::csp::{Csp, Directive, Nonce, Source};
use super::{Config, fit, fixed, learn};
use crate::exchange::Exchange;
use crate::layers::arrival::transport;
use crate::layers::departure::html::Findings;
use crate::layers::record::event::Event;
use crate::verdict::{Layer, Mode};

/// Edits the head of a response; where the layer only observes, says what it would have edited.
///
/// `findings` is what the page contains; `None` where the body is no page or was not searched.
pub(crate) fn apply(head: &mut response::Parts, exchange: &mut Exchange, findings: Option<&Findings>) {
    match exchange.rules.headers.mode {
        Mode::Off => {}
        Mode::Enforce => edit(head, exchange, findings),
        Mode::Observe => {
            let own = head.headers.clone();
            edit(head, exchange, findings);
            let edited = std::mem::replace(&mut head.headers, own);
            observe(exchange, &head.headers, &edited);
        }
    }
}

fn observe(exchange: &mut Exchange, own: &HeaderMap, edited: &HeaderMap) {
    let differs = |name: &&HeaderName| !own.get_all(*name).iter().eq(edited.get_all(*name));
    let set: Vec<&str> = edited.keys().filter(differs).map(HeaderName::as_str).collect();
    let removed: Vec<&str> =
        own.keys().filter(|name| !edited.contains_key(*name)).map(HeaderName::as_str).collect();
    if set.is_empty() && removed.is_empty() {
        return;
    }
    let sentence = match (set.is_empty(), removed.is_empty()) {
        (false, true) => format!("would have set `{}`", set.join("`, `")),
        (true, _) => format!("would have removed `{}`", removed.join("`, `")),
        (false, false) => {
            format!("would have set `{}` and removed `{}`", set.join("`, `"), removed.join("`, `"))
        }
    };
    let note = Event::note(exchange, Layer::Headers, "headers.would_edit", sentence);
    exchange.events.push(note);
}

fn edit(head: &mut response::Parts, exchange: &mut Exchange, findings: Option<&Findings>) {
    if head.status.is_informational() {
        return;
    }
    let rules = std::sync::Arc::clone(&exchange.rules);
    let config = &rules.headers;
    let mut headers = Edit { headers: &mut head.headers, config };
    fixed::remove_banners(headers.headers, &config.keep);
    if let Some(hsts) = transport::hsts_header(&rules.transport, exchange.scheme, &exchange.site) {
        headers.set(STRICT_TRANSPORT_SECURITY, hsts);
    }
    if head.status == StatusCode::NOT_MODIFIED {
        // What is set here would replace what was stored with the page, without having seen the page.
        return;
    }
    let kind = essence(headers.headers);
    let page = is_page(&kind);
    let ancestors = frame_headers(&mut headers, page);
    plain_headers(&mut headers, &kind, findings, page);
    session_headers(&mut headers, exchange, &kind);
    logout(&mut headers, exchange, head.status);
    policies(&mut headers, exchange, &kind, findings, ancestors);
    if let Some(findings) = findings {
        watch(&mut headers, exchange, &kind, head.status, findings);
    }
}

struct Edit<'a> {
    headers: &'a mut HeaderMap,
    config: &'a Config,
}

impl Edit<'_> {
    fn forces(&self, name: &HeaderName) -> bool {
        self.config.force.contains(name)
    }

    /// Sets a header that the app did not, or that the policy forces.
    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        if self.forces(&name) || !self.headers.contains_key(&name) {
            self.headers.insert(name, value);
        }
    }

    fn set_static(&mut self, name: &'static str, value: &'static str) {
        self.set(HeaderName::from_static(name), HeaderValue::from_static(value));
    }

    fn set_text(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.set(name, value);
        }
    }

    fn has(&self, name: &HeaderName) -> bool {
        self.headers.contains_key(name)
    }
}

fn plain_headers(headers: &mut Edit<'_>, kind: &str, findings: Option<&Findings>, page: bool) {
    let config = headers.config;
    // Without a type a browser may not guess either, and would show a page as text.
    if !kind.is_empty() {
        headers.set(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    headers.set(REFERRER_POLICY, HeaderValue::from_static(config.referrer_policy.text()));
    headers.set_static("cross-origin-opener-policy", config.opener_policy.text());
    if !headers.has(&ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.set_static("cross-origin-resource-policy", config.resource_policy.text());
    }
    if let Some(embedder) = config.embedder_policy {
        headers.set_static("cross-origin-embedder-policy", embedder.text());
    }
    if config.origin_agent_cluster {
        headers.set_static("origin-agent-cluster", "?1");
    }
    headers.set_static("x-permitted-cross-domain-policies", "none");
    if page {
        let text = permissions(config, findings);
        headers.set_text(HeaderName::from_static("permissions-policy"), &text);
    }
}

/// `X-Frame-Options`, and who `frame-ancestors` should name: where the app sent its own header, the same
/// as that, since browsers that know both read only the latter.
fn frame_headers(headers: &mut Edit<'_>, page: bool) -> Option<Frames> {
    let speaks = app_names_ancestors(headers.headers);
    if speaks && !headers.forces(&X_FRAME_OPTIONS) && !headers.forces(&CONTENT_SECURITY_POLICY) {
        return None;
    }
    let value = match headers.config.frames {
        Frames::SameOrigin => Some("SAMEORIGIN"),
        Frames::Nobody => Some("DENY"),
        Frames::DangerousAnybody => None,
    };
    if !headers.forces(&X_FRAME_OPTIONS)
        && let Some(own) = headers.headers.get(X_FRAME_OPTIONS)
    {
        let own = own.as_bytes().trim_ascii();
        return match () {
            () if own.eq_ignore_ascii_case(b"deny") => Some(Frames::Nobody),
            () if own.eq_ignore_ascii_case(b"sameorigin") => Some(Frames::SameOrigin),
            // `ALLOW-FROM` and its like: browsers ignore them, the app meant somebody in particular.
            () => None,
        };
    }
    match value {
        Some(value) if page || essence(headers.headers) == "image/svg+xml" => {
            headers.set(X_FRAME_OPTIONS, HeaderValue::from_static(value));
        }
        Some(_) => {}
        None => {
            if headers.forces(&X_FRAME_OPTIONS) {
                headers.headers.remove(X_FRAME_OPTIONS);
            }
        }
    }
    Some(headers.config.frames)
}

fn app_names_ancestors(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_SECURITY_POLICY).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| matches!(byte, b';' | b','))
            .any(|directive| directive.trim_ascii().to_ascii_lowercase().starts_with(b"frame-ancestors"))
    })
}

fn permissions(config: &Config, findings: Option<&Findings>) -> String {
    let lonely = findings.is_some_and(|found| {
        !found.partial && !found.any_script && !found.srcdoc && found.frames.origins.is_empty()
    });
    let senses = if lonely { &fixed::SENSES[..] } else { &[] };
    let written = |feature: &str| config.permissions.iter().any(|(name, _)| name == feature);
    let default = senses
        .iter()
        .chain(&fixed::DEVICES)
        .filter(|feature| !written(feature))
        .map(|feature| format!("{feature}=(self)"));
    let own = config.permissions.iter().map(|(name, allowed)| format!("{name}={allowed}"));
    default.chain(own).collect::<Vec<_>>().join(", ")
}

/// Pages and data of a visitor who is known must not lie in caches that others read (CWE-525).
fn session_headers(headers: &mut Edit<'_>, exchange: &Exchange, kind: &str) {
    let known = exchange.request.had_cookies || headers.has(&SET_COOKIE);
    if headers.config.no_store && known && (is_page(kind) || is_json(kind)) {
        headers.set(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// A listed path clears everything; a well-known one only what the Back button could bring back, since a
/// message of the app may travel in a cookie with the same response.
fn logout(headers: &mut Edit<'_>, exchange: &Exchange, status: StatusCode) {
    if !(status.is_success() || status.is_redirection()) {
        return;
    }
    let path = &exchange.path;
    if headers.config.logout_paths.iter().any(|pattern| pattern.matches(path)) {
        headers.set_static("clear-site-data", "\"cache\", \"cookies\", \"storage\"");
    } else if fixed::is_known_logout(path) && exchange.request.method != "HEAD" && headers.has(&SET_COOKIE) {
        headers.set_static("clear-site-data", "\"cache\"");
    }
}

fn policies(
    headers: &mut Edit<'_>,
    exchange: &Exchange,
    kind: &str,
    findings: Option<&Findings>,
    ancestors: Option<Frames>,
) {
    let config = headers.config;
    let nonce = &exchange.nonce;
    let written_by_app = headers.has(&CONTENT_SECURITY_POLICY);
    let reported_by_app = headers.has(&CONTENT_SECURITY_POLICY_REPORT_ONLY);
    if let Some(endpoints) = &config.reporting_endpoints {
        headers.set_text(HeaderName::from_static("reporting-endpoints"), endpoints);
    }
    if is_page(kind) && !config.csp_report_only.is_empty() {
        let value = config.csp_report_only.header(nonce);
        headers.set_text(CONTENT_SECURITY_POLICY_REPORT_ONLY, &value);
    }
    if is_page(kind) && !config.csp.is_empty() {
        let value = config.csp.header(nonce);
        headers.set_text(CONTENT_SECURITY_POLICY, &value);
        return;
    }
    if written_by_app || !config.csp_fitted {
        return;
    }
    if !is_page(kind) {
        add(headers, &CONTENT_SECURITY_POLICY, &fit::document(kind, ancestors), nonce);
        return;
    }
    let fitted = fit::page(findings, exchange.scheme, &exchange.site, ancestors);
    add(headers, &CONTENT_SECURITY_POLICY, &fitted.enforced, nonce);
    if let Some(report_only) = fitted.report_only
        && config.csp_report_only.is_empty()
        && !reported_by_app
    {
        let report_only = match &config.first_endpoint {
            Some(name) => report_only.with(Directive::ReportTo, [Source::Token(name.clone())]),
            None => report_only,
        };
        add(headers, &CONTENT_SECURITY_POLICY_REPORT_ONLY, &report_only, nonce);
    }
}

/// While the gate learns, its policy goes beside any other: browsers obey and report each by itself.
fn watch(
    headers: &mut Edit<'_>,
    exchange: &mut Exchange,
    kind: &str,
    status: StatusCode,
    findings: &Findings,
) {
    if !headers.config.csp_learn || !is_page(kind) {
        return;
    }
    let policy = learn::watched(findings).header(&exchange.nonce);
    let endpoint = format!("{}=\"{}\"", learn::ENDPOINT, learn::REPORTS);
    let ours = [
        (CONTENT_SECURITY_POLICY_REPORT_ONLY, policy),
        (HeaderName::from_static("reporting-endpoints"), endpoint),
    ];
    for (name, value) in ours {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.headers.append(name, value);
        }
    }
    if status.is_success() {
        let sighting = learn::Sighting { page: exchange.path.clone(), findings: findings.clone() };
        exchange.sighting = Some(Box::new(sighting));
    }
}

fn add(headers: &mut Edit<'_>, name: &HeaderName, policy: &Csp, nonce: &Nonce) {
    if !policy.is_empty() {
        headers.set_text(name.clone(), &policy.header(nonce));
    }
}

/// The media type in lower case, without parameters; empty where there is none, or more than one.
fn essence(headers: &HeaderMap) -> String {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => {
            let bytes = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
            String::from_utf8_lossy(bytes.trim_ascii()).to_ascii_lowercase()
        }
        _ => String::new(),
    }
}

fn is_page(kind: &str) -> bool {
    matches!(kind, "text/html" | "application/xhtml+xml")
}

fn is_json(kind: &str) -> bool {
    kind == "application/json" || kind.ends_with("+json")
}
