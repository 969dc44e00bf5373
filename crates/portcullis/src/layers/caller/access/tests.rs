use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode, request};

use super::*;
use crate::keys::Keyring;
use crate::layers::caller::session::{By, Factors, Found, Person, Visitor};
use crate::layers::caller::{Lent, Needs};
use crate::verdict::Grounds;
use crate::{Admitted, Engine, Identified, Listener, Moment, Peer, Policy, Refusal, TlsFacts};

const NOW: Duration = Duration::from_secs(1_800_000_000);
const BROWSER: [(&str, &str); 2] =
    [("accept", "text/html,application/xhtml+xml,*/*;q=0.8"), ("sec-fetch-mode", "navigate")];
const SCRIPT: [(&str, &str); 2] = [("accept", "*/*"), ("sec-fetch-mode", "cors")];

fn engine(policy: &str) -> Engine {
    Engine::new(Policy::parse("p", policy).unwrap().0, Keyring::new([1; 32], Vec::new()))
}

fn faults(policy: &str) -> String {
    Policy::parse("p", policy).unwrap_err().to_string()
}

fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> request::Parts {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn ann() -> Person {
    Person {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        email: "ann@notes.example".to_owned(),
        name: "Ann".to_owned(),
        roles: vec!["editor".to_owned()],
        proved: Some(NOW - Duration::from_secs(300)),
        factors: Factors::PASSWORD,
        by: By::Session { key: [1; 32] },
    }
}

fn key(scopes: &[&str]) -> Person {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    Person { by: By::ApiKey { name: "ci".to_owned(), scopes }, ..ann() }
}

/// A request by `who`, judged as far as its head goes.
fn ask(
    engine: &Engine,
    who: Option<Person>,
    mut head: request::Parts,
) -> ControlFlow<Box<Refusal>, Identified> {
    let cookie = http::HeaderValue::from_static("__Host-portcullis-session=abc");
    head.headers.insert("cookie", cookie);
    head.headers.insert("sec-fetch-site", http::HeaderValue::from_static("same-origin"));
    let peer = Peer {
        address: "192.0.2.7:4711".parse().unwrap(),
        listener: Listener::Https,
        tls: Some(TlsFacts::default()),
    };
    let received = match engine.receive(head, None, &peer, Moment { since_epoch: NOW, entropy: [3; 32] }) {
        ControlFlow::Continue(received) => received,
        ControlFlow::Break(refusal) => panic!("{:?}", refusal.reason),
    };
    let visitor = who.map_or(Visitor::Nobody, |person| Visitor::Person(Arc::new(person)));
    let lent = received.needs().fresh(NOW);
    engine.identify(received, Lent { found: Some(Found { visitor, ..Found::default() }), ..lent })
}

fn refused(flow: ControlFlow<Box<Refusal>, Identified>) -> Refusal {
    match flow {
        ControlFlow::Break(refusal) => *refusal,
        ControlFlow::Continue(_) => panic!("passed"),
    }
}

fn code(policy: &str, who: Option<Person>) -> &'static str {
    match ask(&engine(policy), who, head("GET", "/", &SCRIPT)) {
        ControlFlow::Break(refusal) => refusal.reason.code(),
        ControlFlow::Continue(_) => "passed",
    }
}

fn admitted(engine: &Engine, who: Option<Person>) -> Admitted {
    let ControlFlow::Continue(identified) = ask(engine, who, head("GET", "/", &[])) else {
        panic!("refused")
    };
    let mut inspector = identified.inspector();
    inspector.end();
    match engine.admit(identified, &mut inspector) {
        ControlFlow::Continue(admitted) => admitted,
        ControlFlow::Break(refusal) => panic!("{:?}", refusal.reason),
    }
}

#[test]
fn where_people_sign_in_all_is_closed_until_somebody_opens_it() {
    assert_eq!(code("", None), "passed");
    assert_eq!(code("[identity]\n", None), "access.not_signed_in");
    assert_eq!(code("[identity]\n", Some(ann())), "passed");
    assert_eq!(code("[identity]\n[access]\nallow = \"public\"\n", None), "passed");
}

#[test]
fn a_browser_is_sent_to_sign_in_and_comes_back() {
    let engine = engine("[identity]\n");
    let refusal = refused(ask(&engine, None, head("GET", "/notes?q=a%26b&c=d", &BROWSER)));
    assert_eq!(refusal.response.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        refusal.response.headers()["location"],
        "/.portcullis/sign-in?return_to=%2Fnotes%3Fq%3Da%2526b%26c%3Dd"
    );
    assert!(refusal.events.is_empty(), "an answer, not an incident");
    assert!(refusal.offence.is_none(), "and nothing to be banned for");
    assert_eq!(refusal.response.headers()["cache-control"], "no-store");

    let form = refused(ask(&engine, None, head("POST", "/notes", &BROWSER)));
    assert_eq!(
        form.response.headers()["location"],
        "/.portcullis/sign-in",
        "what was sent is not sent again"
    );
}

#[test]
fn a_script_is_told_and_never_sent_to_a_page() {
    let engine = engine("[identity]\n");
    let html = ("accept", "text/html, */*; q=0.01");
    for headers in [
        &SCRIPT[..],
        &[html, ("x-requested-with", "XMLHttpRequest")],
        &[html, ("sec-fetch-mode", "same-origin")],
        &[("accept", "application/json")],
        &[],
    ] {
        let refusal = refused(ask(&engine, None, head("GET", "/api", headers)));
        assert_eq!(refusal.response.status(), StatusCode::UNAUTHORIZED, "{headers:?}");
        assert_eq!(refusal.response.headers()["www-authenticate"], "Bearer realm=\"portcullis\"");
        assert!(!refusal.response.headers().contains_key("location"));
    }
    let json = refused(ask(&engine, None, head("GET", "/api", &[("accept", "application/json")])));
    let body: serde_json::Value = serde_json::from_slice(json.response.body()).unwrap();
    assert_eq!(body["status"], 401);
    assert_eq!(body["id"], json.id.as_str());
}

#[test]
fn who_lacks_a_role_is_told_so_with_the_id_of_the_event() {
    let engine = engine("[identity]\n[access]\nallow = \"signed-in\"\nroles = [\"admin\", \"owner\"]\n");
    let refusal = refused(ask(&engine, Some(ann()), head("GET", "/", &BROWSER)));
    assert_eq!((refusal.reason.code(), refusal.response.status()), ("access.no_role", StatusCode::FORBIDDEN));
    let page = std::str::from_utf8(refusal.response.body()).unwrap();
    assert!(page.contains(refusal.id.as_str()) && page.contains("You may not go here"));
    assert!(refusal.events.iter().any(|event| event.line(0).contains("0123456789abcdef0123456789abcdef")));
    let owner = Person { roles: vec!["owner".to_owned()], ..ann() };
    assert!(ask(&engine, Some(owner), head("GET", "/", &BROWSER)).is_continue());
}

#[test]
fn a_proof_that_is_too_old_is_asked_for_again() {
    let policy = "[identity]\n[access]\nallow = \"signed-in\"\nfresh = \"4 min\"\n";
    let engine = engine(policy);
    let refusal = refused(ask(&engine, Some(ann()), head("GET", "/safe", &BROWSER)));
    assert_eq!(refusal.reason.code(), "access.not_fresh");
    assert_eq!(refusal.response.headers()["location"], "/.portcullis/sign-in?return_to=%2Fsafe");
    let script = refused(ask(&engine, Some(ann()), head("GET", "/safe", &SCRIPT)));
    let challenge = script.response.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.contains("insufficient_user_authentication") && challenge.contains("max_age=240"));
    let remembered = Person { proved: None, ..ann() };
    assert_eq!(code(policy, Some(remembered)), "access.not_fresh", "a remembered device has proved nothing");
    let fresh = Person { proved: Some(NOW), ..ann() };
    assert_eq!(code(policy, Some(fresh)), "passed");
}

#[test]
fn a_factor_is_asked_for_by_the_route_or_by_the_role() {
    let route = "[identity]\n[access]\nallow = \"signed-in\"\nfactor = [\"passkey\", \"totp\"]\n";
    assert_eq!(code(route, Some(ann())), "access.no_factor");
    let proved = Person { factors: Factors::PASSWORD | Factors::TOTP, ..ann() };
    assert_eq!(code(route, Some(proved.clone())), "passed");

    let role = "[[identity.factor]]\nrole = \"editor\"\none_of = [\"totp\"]\nfresh = \"4 min\"\n";
    assert_eq!(code(role, Some(ann())), "access.no_factor");
    assert_eq!(code(role, Some(proved.clone())), "access.not_fresh");
    assert_eq!(code(role, Some(Person { proved: Some(NOW), ..proved })), "passed");
    assert_eq!(code(role, Some(Person { roles: Vec::new(), ..ann() })), "passed");
    let refusal = refused(ask(&engine(role), Some(ann()), head("GET", "/", &BROWSER)));
    assert_eq!(refusal.response.headers()["location"], "/.portcullis/second");
}

#[test]
fn an_api_key_goes_where_its_scopes_go_and_proves_nothing() {
    let scoped = "[identity]\n[access]\nallow = \"signed-in\"\nscope = \"notes:read\"\n";
    assert_eq!(code(scoped, Some(key(&["notes:read"]))), "passed");
    assert_eq!(code(scoped, Some(key(&["notes:write"]))), "access.no_scope");
    assert_eq!(
        code(scoped, Some(key(&[]))),
        "passed",
        "a key that is bound to none goes where its owner goes"
    );
    assert_eq!(code("[identity]\n", Some(key(&["notes:read"]))), "access.no_scope");
    let fresh = "[identity]\n[access]\nfresh = \"1 h\"\n";
    assert_eq!(code(fresh, Some(key(&[]))), "access.key_proves_nothing");
}

#[test]
fn networks_and_hours_hold_for_everybody() {
    let inside = "[access]\nnetworks = [\"192.0.2.0/24\"]\n";
    assert_eq!(code(inside, None), "passed");
    assert_eq!(code("[access]\nnetworks = [\"198.51.100.0/24\"]\n", None), "access.network");
    // NOW is Friday, the 15th of January 2027, at 08:00 UTC.
    assert_eq!(code("[access]\nhours = [\"fri 07:30-08:30\"]\n", None), "passed");
    assert_eq!(
        code("[access]\nhours = [\"fri 07:30-08:30\"]\nutc_offset = \"+01:00\"\n", None),
        "access.hours"
    );
}

#[test]
fn a_store_that_is_away_opens_nothing_that_is_closed() {
    let away = |policy: &str| {
        let engine = engine(policy);
        let head = head("GET", "/", &[("cookie", "__Host-portcullis-session=abc")]);
        let peer = Peer {
            address: "192.0.2.7:4711".parse().unwrap(),
            listener: Listener::Https,
            tls: Some(TlsFacts::default()),
        };
        let moment = Moment { since_epoch: NOW, entropy: [3; 32] };
        let ControlFlow::Continue(received) = engine.receive(head, None, &peer, moment) else { panic!() };
        let fresh = |needs: &Needs| needs.fresh(NOW);
        let lent = fresh(received.needs());
        match engine.identify(received, lent) {
            ControlFlow::Break(refusal) => refusal.response.status().as_u16(),
            ControlFlow::Continue(_) => 0,
        }
    };
    assert_eq!(away("[identity]\n"), 503);
    assert_eq!(away("[identity]\n[access]\nallow = \"public\"\n"), 0);
}

#[test]
fn a_route_opens_what_the_site_closes_and_closes_what_it_opens() {
    let at = |policy: &str, path: &str| {
        let rules = Policy::parse("p", policy).unwrap().0.rules(&http::Method::GET, path).clone();
        (rules.access.allow, rules.access.roles.clone(), rules.access.fresh.is_some())
    };
    let closed = "[identity]\n[access]\nroles = [\"staff\"]\nfresh = \"1 h\"\n\
                  [[route]]\npath = \"/static/*\"\naccess.allow = \"public\"\n\
                  [[route]]\npath = \"/me\"\naccess.fresh = \"5 min\"\n";
    assert_eq!(at(closed, "/static/a.css"), (Allow::Public, Vec::new(), false));
    assert_eq!(at(closed, "/me"), (Allow::SignedIn, vec!["staff".to_owned()], true));
    let open = "[identity]\n[access]\nallow = \"public\"\n\
                [[route]]\npath = \"/admin/*\"\naccess.roles = [\"admin\"]\n\
                [[route]]\npath = \"/me\"\naccess.fresh = \"5 min\"\n";
    assert_eq!(at(open, "/admin/users"), (Allow::SignedIn, vec!["admin".to_owned()], false));
    assert_eq!(at(open, "/me"), (Allow::SignedIn, Vec::new(), true));
    assert_eq!(at(open, "/"), (Allow::Public, Vec::new(), false));
}

#[test]
fn the_app_is_told_who_calls_and_believes_no_client() {
    let engine = engine("[identity]\n[access]\nallow = \"public\"\n");
    let odd = vec!["a,admin".to_owned(), "editor".to_owned(), "staff".to_owned()];
    let (head, _) = admitted(&engine, Some(Person { roles: odd, ..ann() })).depart();
    assert_eq!(head.headers["x-portcullis-user"], "0123456789abcdef0123456789abcdef");
    assert_eq!(head.headers["x-portcullis-email"], "ann@notes.example");
    assert_eq!(head.headers["x-portcullis-roles"], "editor,staff", "no role can look like two");
    let (head, _) = admitted(&engine, None).depart();
    assert!(!head.headers.keys().any(|name| name.as_str().starts_with("x-portcullis-")));
}

#[test]
fn what_was_made_for_a_person_is_kept_by_no_cache() {
    let engine = engine("[identity]\n[access]\nallow = \"public\"\n");
    let kept = |who: Option<Person>, kind: &'static str| {
        let (_, outstanding) = admitted(&engine, who).depart();
        let (head, ()) =
            http::Response::builder().header("content-type", kind).body(()).unwrap().into_parts();
        let departure = match engine.release(outstanding, head) {
            crate::Release::Ready(departure) => departure,
            crate::Release::Hold(held) => held.end(),
        };
        departure.head.headers.get("cache-control").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(kept(Some(ann()), "text/html; charset=utf-8").as_deref(), Some("no-store"));
    assert_eq!(kept(Some(ann()), "image/png").as_deref(), Some("private"));
    assert_eq!(kept(None, "image/png"), None);
}

#[test]
fn explaining_tells_every_question_and_what_is_missing() {
    let policy =
        "[identity]\n[access]\nroles = [\"admin\"]\nnetworks = [\"10.0.0.0/8\"]\nfresh = \"1 min\"\n";
    let rules = Policy::parse("p", policy).unwrap().0.site().clone();
    let visitor = Visitor::Person(Arc::new(ann()));
    let steps = explain(&rules, &asked(&visitor));
    let told: Vec<(&str, bool)> =
        steps.iter().map(|step| (step.asked.as_str(), step.missing.is_none())).collect();
    assert_eq!(
        told,
        [
            ("an address in `10.0.0.0/8`", false),
            ("somebody who is signed in", true),
            ("of an API key: that it is bound to no scope", true),
            ("one of the roles `admin`", false),
            ("a proof no older than 60 s", false),
        ]
    );
    assert!(explain(Policy::default().site(), &asked(&Visitor::Nobody)).is_empty());
}

#[test]
fn settings_that_keep_everybody_out_or_nobody_are_faults() {
    assert!(faults("[access]\nallow = \"signed-in\"\n").contains("[identity]"));
    assert!(faults("[[route]]\npath = \"/a\"\naccess.roles = [\"x\"]\n").contains("[identity]"));
    let contradiction = "[identity]\n[access]\nallow = \"public\"\nroles = [\"x\"]\n";
    assert!(faults(contradiction).contains("asks nobody"));
    assert!(faults("[identity]\n[access]\nroles = []\n").contains("nobody could come"));
    assert!(faults("[identity]\n[access]\nfactor = [\"sms\"]\n").contains("`sms`"));
    assert!(faults("[access]\nnetworks = [\"10.0.0.0/99\"]\n").contains("not a network"));
    assert!(faults("[access]\nhours = [\"always\"]\n").contains("`always`"));
    assert!(faults("[access]\nhours = [\"daily 08:00-09:00\"]\nutc_offset = \"CET\"\n").contains("`CET`"));
}

fn asked(visitor: &Visitor) -> Asked<'_> {
    Asked {
        visitor,
        method: &http::Method::GET,
        host: "localhost",
        path: "/",
        route: None,
        query: None,
        address: "192.0.2.7".parse().unwrap(),
        now: NOW,
        secure: true,
        tls: None,
    }
}

/// Answers by the path, and for `/echo` by what it was asked.
#[derive(Debug)]
struct Book;

impl Ruler for Book {
    fn rule(&self, asked: &Asked<'_>) -> Ruling {
        let named = |name: &str| vec![name.to_owned()];
        match asked.path {
            "/erring" => Ruling::Erring { errors: named("it overflows") },
            "/none" => Ruling::Deny { by: Vec::new() },
            "/forbidden" => Ruling::Deny { by: named("no-one") },
            "/echo" => Ruling::Deny {
                by: vec![format!(
                    "{} {} {:?} {:?} {} {}",
                    asked.method,
                    asked.host,
                    asked.query,
                    asked.route.map(ToString::to_string),
                    asked.address,
                    asked.secure && asked.tls.is_some()
                )],
            },
            _ => Ruling::Permit { by: named("all") },
        }
    }
}

fn ruled(text: &str) -> Engine {
    let mut policy = Policy::parse("p", text).unwrap().0;
    policy.rule_by(&(Arc::new(Book) as Arc<dyn Ruler>));
    Engine::new(policy, Keyring::new([1; 32], Vec::new()))
}

fn told(engine: &Engine, who: Option<Person>, path: &str) -> String {
    match ask(engine, who, head("GET", path, &SCRIPT)) {
        ControlFlow::Break(refusal) => format!("{}: {}", refusal.reason.code(), refusal.reason.sentence()),
        ControlFlow::Continue(_) => "passed".to_owned(),
    }
}

#[test]
fn policies_and_routes_must_agree_and_public_places_are_asked_too() {
    let text = "[identity]\n[access]\ncedar = \"who.cedar\"\nroles = [\"editor\"]\n\
                [[route]]\npath = \"/none\"\naccess.allow = \"public\"\n";
    let engine = ruled(text);
    assert_eq!(told(&engine, Some(ann()), "/"), "passed");
    let stranger = Person { roles: Vec::new(), ..ann() };
    assert!(
        told(&engine, Some(stranger), "/").starts_with("access.no_role"),
        "a permit opens nothing by itself"
    );
    assert_eq!(
        told(&engine, Some(ann()), "/none"),
        "access.forbidden: no policy of `access.cedar` permits it",
        "and what is public has to be permitted"
    );
    assert!(told(&engine, Some(ann()), "/forbidden").ends_with("forbidden by the policy `no-one`"));
}

#[test]
fn who_may_not_go_as_nobody_is_asked_to_sign_in_unless_that_would_not_help() {
    let engine = ruled("[identity]\n[access]\nallow = \"public\"\ncedar = \"who.cedar\"\n");
    assert!(told(&engine, None, "/none").starts_with("access.not_signed_in"));
    assert!(told(&engine, None, "/forbidden").starts_with("access.forbidden"));
    let alone = ruled("[access]\ncedar = \"who.cedar\"\n");
    assert!(told(&alone, None, "/none").starts_with("access.forbidden"), "nobody can sign in here");
}

#[test]
fn a_policy_that_cannot_be_evaluated_denies_and_the_event_says_so() {
    let engine = ruled("[identity]\n[access]\nallow = \"public\"\ncedar = \"who.cedar\"\n");
    let refusal = refused(ask(&engine, Some(ann()), head("GET", "/erring", &BROWSER)));
    assert_eq!(
        (refusal.reason.code(), refusal.response.status()),
        ("access.policy_erred", StatusCode::FORBIDDEN)
    );
    assert!(refusal.events.iter().any(|event| event.line(0).contains("it overflows")));
    let page = std::str::from_utf8(refusal.response.body()).unwrap();
    assert!(!page.contains("overflows"), "the visitor is not told what the policies are");
}

#[test]
fn policies_that_were_not_loaded_let_nobody_go_anywhere() {
    let policy = "[identity]\n[access]\nallow = \"public\"\ncedar = \"who.cedar\"\n";
    assert_eq!(code(policy, Some(ann())), "access.policy_erred");
    assert_eq!(code(policy, None), "access.policy_erred");
}

#[test]
fn policies_are_told_what_was_asked_by_whom_from_where() {
    let engine = ruled("[identity]\n[access]\ncedar = \"who.cedar\"\n[[route]]\npath = \"/{o}\"\n");
    assert_eq!(
        told(&engine, Some(ann()), "/echo?a=1&b"),
        "access.forbidden: forbidden by the policy `GET localhost Some(\"a=1&b\") Some(\"/{o}\") 192.0.2.7 true`"
    );
}

#[test]
fn policies_are_named_once_for_the_whole_site() {
    let route = "[identity]\n[[route]]\npath = \"/a\"\naccess.cedar = \"other.cedar\"\n";
    assert!(faults(route).contains("holds for the whole site"));
}
