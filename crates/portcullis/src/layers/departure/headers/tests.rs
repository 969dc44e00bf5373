use http::{HeaderMap, Response};

use super::*;
use crate::exchange::Exchange;
use crate::layers::arrival::transport::Scheme;
use crate::layers::departure::html::Findings;
use crate::layers::record::event::RequestFacts;
use crate::policy::{Policy, PolicyError};
use crate::request::{Listener, Moment, Peer};

fn exchange(policy: &str, path: &str, cookie: bool) -> Box<Exchange> {
    let mut request = http::Request::builder().uri(path);
    if cookie {
        request = request.header("cookie", "session=1");
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let peer = Peer { address: "192.0.2.1:1".parse().unwrap(), listener: Listener::Https, tls: None };
    let moment = Moment { since_epoch: std::time::Duration::from_secs(1), entropy: [7; 32] };
    let (policy, _) = Policy::parse("test", policy).unwrap();
    let rules = policy.rules(&head.method, path).clone();
    let mut exchange = Exchange::begin(moment, &peer, rules, RequestFacts::of(&head, None), path.to_owned());
    exchange.scheme = Scheme::Https;
    exchange
}

fn sent(exchange: &mut Exchange, app: &[(&str, &str)], findings: Option<&Findings>) -> HeaderMap {
    let mut response = Response::builder();
    for (name, value) in app {
        response = response.header(*name, *value);
    }
    let (mut head, ()) = response.body(()).unwrap().into_parts();
    apply(&mut head, exchange, findings);
    head.headers
}

fn page(policy: &str, app: &[(&str, &str)], findings: Option<&Findings>) -> HeaderMap {
    let mut app = app.to_vec();
    app.push(("content-type", "text/html; charset=utf-8"));
    sent(&mut exchange(policy, "/", false), &app, findings)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    assert!(headers.get_all(name).iter().count() <= 1, "{name} is doubled");
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn csp(headers: &HeaderMap) -> &str {
    text(headers, "content-security-policy")
}

fn report_only(headers: &HeaderMap) -> &str {
    text(headers, "content-security-policy-report-only")
}

fn directive<'a>(policy: &'a str, name: &str) -> Option<&'a str> {
    policy.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix(' '))
}

fn error(policy: &str) -> PolicyError {
    Policy::parse("test", policy).unwrap_err()
}

#[test]
fn a_page_gets_the_whole_set_and_loses_its_banners() {
    let headers = page("", &[("server", "Werkzeug/3.0"), ("x-powered-by", "PHP/8")], None);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("cross-origin-resource-policy", "same-site"),
        ("origin-agent-cluster", "?1"),
        ("x-permitted-cross-domain-policies", "none"),
        ("content-security-policy", "frame-ancestors 'self'"),
        ("server", ""),
        ("x-powered-by", ""),
        ("cross-origin-embedder-policy", ""),
        ("cache-control", ""),
    ] {
        assert_eq!(text(&headers, name), value, "{name}");
    }
}

#[test]
fn what_the_app_sent_stays_unless_forced() {
    let app = [("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"), ("server", "x")];
    let headers = page("[headers]\nkeep = [\"server\"]\n", &app, None);
    assert_eq!(text(&headers, "x-frame-options"), "DENY");
    assert_eq!(text(&headers, "referrer-policy"), "no-referrer");
    assert_eq!(text(&headers, "server"), "x");
    assert_eq!(csp(&headers), "frame-ancestors 'none'", "consistent with what the app said");
    let headers = page("[headers]\nforce = [\"x-frame-options\"]\n", &app, None);
    assert_eq!(text(&headers, "x-frame-options"), "SAMEORIGIN");
    assert_eq!(csp(&headers), "frame-ancestors 'self'");
}

#[test]
fn an_app_s_own_policy_is_neither_overwritten_nor_doubled() {
    let own = [("content-security-policy", "default-src 'self'; frame-ancestors https://a.example")];
    let headers = page("[headers.csp]\ndefault-src = \"'none'\"\n", &own, Some(&Findings::default()));
    assert_eq!(csp(&headers), own[0].1);
    assert_eq!(text(&headers, "x-frame-options"), "", "it names its own ancestors");
    let headers = page(
        "[headers]\nforce = [\"content-security-policy\"]\n[headers.csp]\ndefault-src = \"'none'\"\n",
        &own,
        None,
    );
    assert_eq!(csp(&headers), "default-src 'none'");
}

#[test]
fn a_page_without_script_is_held_to_that() {
    let headers = page("", &[], Some(&Findings::default()));
    let policy = csp(&headers);
    assert_eq!(directive(policy, "script-src"), Some("'none'"));
    assert_eq!(directive(policy, "object-src"), Some("'none'"));
    assert_eq!(directive(policy, "base-uri"), Some("'none'"));
    assert_eq!(directive(policy, "form-action"), Some("'none'"));
    assert_eq!(directive(policy, "frame-src"), Some("'none'"));
    assert_eq!(directive(policy, "style-src"), Some("'self'"));
    assert_eq!(directive(policy, "img-src"), Some("'self' data:"));
    assert_eq!(directive(policy, "frame-ancestors"), Some("'self'"));
    assert_eq!(report_only(&headers), "");
    assert!(text(&headers, "permissions-policy").contains("camera=(self)"));
}

#[test]
fn what_a_scriptless_page_uses_stays_possible_wherever_it_redirects() {
    let mut findings = Findings::default();
    findings.images.own = true;
    findings.styles.own = true;
    findings.forms.own = true;
    findings.frames.origins.add("https://video.example".to_owned());
    let headers = page("", &[], Some(&findings));
    let policy = csp(&headers);
    assert_eq!(directive(policy, "img-src"), Some("'self' https: data: blob:"));
    assert_eq!(directive(policy, "font-src"), Some("'self' https: data: blob:"));
    assert_eq!(directive(policy, "frame-src"), Some("'self' https: data: blob:"));
    assert_eq!(directive(policy, "style-src"), Some("'self' https: data: blob: 'unsafe-inline'"));
    assert_eq!(directive(policy, "form-action"), None, "a form's redirect may lead to an identity provider");
    assert!(!text(&headers, "permissions-policy").contains("camera"));
}

#[test]
fn inline_styles_are_named_by_hash_and_attributes_need_unsafe_hashes() {
    let mut findings = Findings::default();
    findings.style_attributes.add([1; 32]);
    let headers = page("", &[], Some(&findings));
    let styles = directive(csp(&headers), "style-src").unwrap();
    assert!(styles.starts_with("'self' 'unsafe-hashes' 'sha256-AQEB"), "{styles}");
    findings.style_attributes.overflow();
    let headers = page("", &[], Some(&findings));
    assert!(directive(csp(&headers), "style-src").unwrap().ends_with("'unsafe-inline'"));
}

#[test]
fn a_page_with_scripts_is_only_watched_and_its_own_scripts_are_silent() {
    let mut findings = Findings { any_script: true, ..Findings::default() };
    findings.inline_scripts.add([2; 32]);
    findings.handlers.add([3; 32]);
    findings.scripts.own = true;
    findings.scripts.origins.add("https://cdn.example".to_owned());
    let headers = page("", &[], Some(&findings));
    assert_eq!(directive(csp(&headers), "script-src"), None);
    assert_eq!(directive(csp(&headers), "base-uri"), Some("'self'"));
    let scripts = directive(report_only(&headers), "script-src").unwrap();
    for part in ["'self'", "https://cdn.example", "'unsafe-hashes'", "'sha256-AgIC", "'sha256-AwMD"] {
        assert!(scripts.contains(part), "{part} in {scripts}");
    }
    assert!(!scripts.contains("'unsafe-inline'"));
}

#[test]
fn a_page_that_was_not_seen_whole_or_speaks_for_itself_is_not_guessed_at() {
    let seen = |findings: &Findings| {
        let headers = page("", &[], Some(findings));
        (csp(&headers).to_owned(), report_only(&headers).to_owned())
    };
    let nothing = ("frame-ancestors 'self'".to_owned(), String::new());
    let partial = ("frame-ancestors 'self'; upgrade-insecure-requests".to_owned(), String::new());
    assert_eq!(seen(&Findings { partial: true, ..Findings::default() }), partial);
    assert_eq!(seen(&Findings { meta_policy: true, ..Findings::default() }), nothing);
    let (enforced, _) = seen(&Findings { srcdoc: true, ..Findings::default() });
    assert_eq!(directive(&enforced, "script-src"), None);
}

#[test]
fn json_can_never_be_more_than_text_and_a_picture_never_runs_script() {
    let of = |kind| sent(&mut exchange("", "/x", false), &[("content-type", kind)], None);
    assert!(csp(&of("application/problem+json")).starts_with("default-src 'none'"));
    assert!(csp(&of("image/svg+xml")).starts_with("script-src 'none'"));
    assert_eq!(csp(&of("image/png")), "");
    assert_eq!(csp(&of("text/javascript")), "", "a worker would be held to it");
    let untyped = sent(&mut exchange("", "/x", false), &[], None);
    assert_eq!(text(&untyped, "x-content-type-options"), "", "the browser has to guess what has no type");
}

#[test]
fn resources_that_others_are_invited_to_keep_their_invitation() {
    let shared = [("content-type", "application/json"), ("access-control-allow-origin", "*")];
    let headers = sent(&mut exchange("", "/x", false), &shared, None);
    assert_eq!(text(&headers, "cross-origin-resource-policy"), "");
}

#[test]
fn pages_of_a_known_visitor_are_not_stored_unless_the_app_says_otherwise() {
    let html = ("content-type", "text/html");
    let with = |cookie, app: &[(&str, &str)]| {
        text(&sent(&mut exchange("", "/x", cookie), app, None), "cache-control").to_owned()
    };
    assert_eq!(with(true, &[html]), "no-store");
    assert_eq!(with(false, &[html, ("set-cookie", "session=1")]), "no-store");
    assert_eq!(with(false, &[html]), "");
    assert_eq!(with(true, &[html, ("cache-control", "private, max-age=5")]), "private, max-age=5");
    assert_eq!(with(true, &[("content-type", "image/png")]), "");
}

#[test]
fn logging_out_clears_what_the_back_button_would_show() {
    let clear = |policy, path| {
        let app = [("content-type", "text/html"), ("set-cookie", "session=; Max-Age=0")];
        text(&sent(&mut exchange(policy, path, true), &app, None), "clear-site-data").to_owned()
    };
    assert_eq!(clear("", "/auth/logout"), "\"cache\"");
    assert_eq!(clear("", "/auth/login"), "");
    assert_eq!(
        clear("[headers]\nlogout_paths = [\"/bye\"]\n", "/bye"),
        "\"cache\", \"cookies\", \"storage\""
    );
}

#[test]
fn a_stored_page_is_not_given_the_policy_of_an_unseen_one() {
    let mut exchange = exchange("", "/x", true);
    let (mut head, ()) = Response::builder().status(304).header("server", "x").body(()).unwrap().into_parts();
    apply(&mut head, &mut exchange, None);
    assert!(head.headers.is_empty());
}

#[test]
fn https_is_remembered_for_sites_with_a_name() {
    let mut named = exchange("", "/", false);
    named.site.name = "shop.example".to_owned();
    assert!(text(&sent(&mut named, &[], None), "strict-transport-security").starts_with("max-age=31536000"));
    named.scheme = Scheme::Http;
    assert_eq!(text(&sent(&mut named, &[], None), "strict-transport-security"), "");
}

#[test]
fn off_and_observe_edit_nothing() {
    for mode in ["off", "observe"] {
        let headers = page(&format!("[headers]\nmode = \"{mode}\"\n"), &[("server", "x")], None);
        assert_eq!(headers.len(), 2);
    }
}

#[test]
fn a_written_policy_carries_each_response_s_nonce() {
    let policy = "[headers]\nreporting_endpoints = { csp = \"https://reports.example/csp\" }\n\
                  [headers.csp]\nscript-src = [\"'nonce'\", \"'strict-dynamic'\"]\nobject-src = []\n\
                  upgrade-insecure-requests = true\nreport-to = \"csp\"\n\
                  [headers.csp_report_only]\ndefault-src = [\"'self'\", \"https://cdn.example:*/lib/\"]\n";
    let mut exchange = exchange(policy, "/", false);
    let nonce = exchange.nonce.as_str().to_owned();
    let headers = sent(&mut exchange, &[("content-type", "text/html")], None);
    assert_eq!(
        csp(&headers),
        format!("script-src 'strict-dynamic' 'nonce-{nonce}'; object-src 'none'; upgrade-insecure-requests; report-to csp")
            .replace(&format!("'strict-dynamic' 'nonce-{nonce}'"), &format!("'nonce-{nonce}' 'strict-dynamic'"))
    );
    assert_eq!(report_only(&headers), "default-src 'self' https://cdn.example:*/lib/");
    assert_eq!(text(&headers, "reporting-endpoints"), "csp=\"https://reports.example/csp\"");
    assert_eq!(nonce.len(), 24);
}

#[test]
fn a_bad_directive_or_source_is_an_error_with_its_place_and_what_was_meant() {
    for (line, key, help) in [
        ("default_src = \"'self'\"", "headers.csp.default_src", "did you mean `default-src`?"),
        ("script-src = [\"self\"]", "headers.csp.script-src[0]", "write `\"'self'\"`"),
        ("script-src = [\"'slef'\"]", "headers.csp.script-src[0]", "known: 'none'"),
        ("script-src = [\"'nonce-abc'\"]", "headers.csp.script-src[0]", "write `\"'nonce'\"`"),
        ("script-src = [\"'sha256-abc'\"]", "headers.csp.script-src[0]", "as in `'sha256-`"),
        ("script-src = [\"a.example; object-src *\"]", "headers.csp.script-src[0]", "write each source"),
        ("img-src = [\"https//a.example\"]", "headers.csp.img-src[0]", "as in `https:`"),
        ("img-src = [\"'none'\", \"https:\"]", "headers.csp.img-src", "leave out"),
        ("script-src = [\"'strict-dynamic'\"]", "headers.csp.script-src", "add `\"'nonce'\"`"),
        ("frame-ancestors = [\"'unsafe-inline'\"]", "headers.csp.frame-ancestors[0]", "leave it out"),
        ("upgrade-insecure-requests = \"'self'\"", "headers.csp.upgrade-insecure-requests", "write `upgrade"),
        ("img-src = true", "headers.csp.img-src", "as in `img-src"),
        ("report-to = \"x\"", "headers.csp.report-to", "add `reporting_endpoints"),
    ] {
        let error = error(&format!("[headers.csp]\n{line}\n"));
        assert_eq!(error.faults[0].key, key, "{line}");
        assert!(error.faults[0].help.starts_with(help), "{line}: {}", error.faults[0].help);
        assert_eq!(error.line_and_column(&error.faults[0]).unwrap().0, 2);
    }
}

#[test]
fn a_fault_in_the_other_settings_names_its_key() {
    for (line, key) in [
        ("force = [\"x-other\"]", "headers.force[0]"),
        ("keep = [\"a b\"]", "headers.keep[0]"),
        ("logout_paths = [\"bye\"]", "headers.logout_paths[0]"),
        ("permissions = { camera = [\"me\"] }", "headers.permissions.camera[0]"),
        ("permissions = { Camera = [] }", "headers.permissions.Camera"),
        ("reporting_endpoints = { csp = \"http://a.example\" }", "headers.reporting_endpoints.csp"),
    ] {
        assert_eq!(error(&format!("[headers]\n{line}\n")).faults[0].key, key, "{line}");
    }
}

#[test]
fn features_are_laid_over_the_default() {
    let policy = "[headers.permissions]\nusb = []\ncamera = [\"self\", \"https://meet.example\"]\nfullscreen = [\"*\"]\n";
    let headers = page(policy, &[], Some(&Findings::default()));
    let permissions = text(&headers, "permissions-policy");
    assert!(permissions.contains("usb=()"));
    assert!(permissions.contains("camera=(self \"https://meet.example\")"));
    assert!(permissions.contains("fullscreen=(*)"));
    assert!(permissions.contains("serial=(self)"));
    assert_eq!(permissions.matches("camera=").count(), 1);
}

#[test]
fn every_directive_and_keyword_reads_as_it_is_written() {
    for directive in csp::Directive::ALL {
        assert_eq!(csp::Directive::parse(directive.name()), Some(*directive));
    }
    for text in [
        "'none'",
        "'self'",
        "'unsafe-inline'",
        "'strict-dynamic'",
        "https:",
        "*.example.com",
        "*",
        "wss://a.example:443",
    ] {
        assert_eq!(csp::Source::parse(text, csp::Directive::ScriptSrc).unwrap().to_string(), text);
    }
}
