use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode, request};

use super::*;
use crate::keys::Keyring;
use crate::layers::caller::{Lent, Needs};
use crate::verdict::Grounds;
use crate::{Admitted, Engine, Identified, Listener, Moment, Peer, Policy, Received, Refusal, TlsFacts};

const NOW: Duration = Duration::from_secs(1_800_000_000);
/// People sign in, and nothing is closed.
const OPEN: &str = "[identity]\n[access]\nallow = \"public\"\n";
const SESSION: &str = "__Host-portcullis-session";

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

fn peer(listener: Listener) -> Peer {
    let tls = (listener == Listener::Https).then(TlsFacts::default);
    Peer { address: "127.0.0.1:4711".parse().unwrap(), listener, tls }
}

fn receive(engine: &Engine, listener: Listener, head: request::Parts) -> Received {
    match engine.receive(head, None, &peer(listener), Moment { since_epoch: NOW, entropy: [3; 32] }) {
        ControlFlow::Continue(received) => received,
        ControlFlow::Break(refusal) => panic!("{:?}", refusal.reason),
    }
}

fn received(policy: &str, headers: &[(&str, &str)]) -> Received {
    receive(&engine(policy), Listener::Https, head("GET", "/", headers))
}

fn presented(received: &Received) -> Presented {
    received.needs().session.as_ref().map(|asking| asking.presented.clone()).unwrap_or_default()
}

fn session_of(headers: &[(&str, &str)]) -> Option<String> {
    presented(&received("[identity]\n", headers)).session.map(|id| id.to_string())
}

fn ann() -> Person {
    Person {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        email: "ann@notes.example".to_owned(),
        name: "Ann".to_owned(),
        roles: vec!["editor".to_owned()],
        proved: Some(NOW),
        factors: Factors::PASSWORD,
        by: By::Session { key: [1; 32] },
    }
}

fn found(visitor: Visitor) -> impl FnOnce(&Needs) -> Lent {
    |needs| Lent { found: Some(Found { visitor, ..Found::default() }), ..needs.fresh(NOW) }
}

fn identify(
    engine: &Engine,
    head: request::Parts,
    lent: impl FnOnce(&Needs) -> Lent,
) -> ControlFlow<Box<Refusal>, Identified> {
    let received = receive(engine, Listener::Https, head);
    let lent = lent(received.needs());
    engine.identify(received, lent)
}

fn admitted(engine: &Engine, head: request::Parts, lent: impl FnOnce(&Needs) -> Lent) -> Admitted {
    let ControlFlow::Continue(identified) = identify(engine, head, lent) else { panic!("refused") };
    let mut inspector = identified.inspector();
    inspector.end();
    match engine.admit(identified, &mut inspector) {
        ControlFlow::Continue(admitted) => admitted,
        ControlFlow::Break(refusal) => panic!("{:?}", refusal.reason),
    }
}

fn refused(flow: ControlFlow<Box<Refusal>, Identified>) -> Refusal {
    match flow {
        ControlFlow::Break(refusal) => *refusal,
        ControlFlow::Continue(_) => panic!("passed"),
    }
}

#[test]
fn a_session_is_taken_out_of_the_head_and_asked_for() {
    let cookie = format!("theme=dark; {SESSION}=abc; portcullis-device=x");
    let engine = engine(OPEN);
    assert_eq!(session_of(&[("cookie", &cookie)]).as_deref(), Some("abc"));
    let admitted = admitted(&engine, head("GET", "/", &[("cookie", &cookie)]), found(Visitor::Nobody));
    let (head, _) = admitted.depart();
    assert_eq!(head.headers["cookie"], "theme=dark");
}

#[test]
fn without_the_prefix_a_cookie_over_https_is_somebody_else_s() {
    assert_eq!(session_of(&[("cookie", "portcullis-session=abc")]), None);
}

#[test]
fn over_plain_http_the_name_without_the_prefix_counts() {
    let engine = engine(OPEN);
    let head = head("GET", "/", &[("cookie", "portcullis-session=abc; __Host-portcullis-session=other")]);
    let received = receive(&engine, Listener::DangerousPlain, head);
    assert_eq!(presented(&received).session.as_deref().map(String::as_str), Some("abc"));
}

#[test]
fn a_session_with_two_values_is_none() {
    let twice = format!("{SESSION}=abc; {SESSION}=def");
    assert_eq!(session_of(&[("cookie", &twice)]), None);
    let same = format!("{SESSION}=abc; {SESSION}=abc");
    assert_eq!(session_of(&[("cookie", &same)]).as_deref(), Some("abc"));
}

#[test]
fn what_is_no_value_of_ours_is_not_asked_for() {
    for value in ["", "a b", "a\"b", "ä", &"a".repeat(513)] {
        let cookie = format!("{SESSION}={value}");
        assert_eq!(session_of(&[("cookie", &cookie)]), None, "{value}");
    }
}

#[test]
fn nobody_is_asked_for_where_nobody_signs_in() {
    let cookie = format!("{SESSION}=abc");
    for policy in ["", "[identity]\n[session]\nmode = \"off\"\n"] {
        assert!(received(policy, &[("cookie", &cookie)]).needs().session.is_none(), "{policy}");
    }
    assert!(received("[identity]\n", &[("cookie", "theme=dark")]).needs().session.is_none());
}

#[test]
fn only_an_api_key_of_ours_is_taken_out_of_authorization() {
    let key = |headers: &[(&str, &str)]| {
        presented(&received("[identity]\n", headers)).key.map(|key| key.to_string())
    };
    assert_eq!(key(&[("authorization", "Bearer pk_abc")]).as_deref(), Some("pk_abc"));
    assert_eq!(key(&[("authorization", "bearer  pk_abc")]).as_deref(), Some("pk_abc"));
    assert_eq!(key(&[("authorization", "Bearer eyJ.abc")]), None);
    assert_eq!(key(&[("authorization", "Basic pk_abc")]), None);
    let twice = [("authorization", "Bearer pk_a"), ("authorization", "Bearer pk_b")];
    assert_eq!(key(&twice), None);

    let engine = engine(OPEN);
    let theirs = head("GET", "/", &[("authorization", "Bearer eyJ.abc")]);
    let (head, _) = admitted(&engine, theirs, found(Visitor::Nobody)).depart();
    assert_eq!(head.headers["authorization"], "Bearer eyJ.abc", "the app's own token is the app's");
}

#[test]
fn a_key_that_is_not_good_is_refused_and_a_session_that_is_not_makes_a_stranger() {
    let engine = engine(OPEN);
    let key = || head("GET", "/", &[("authorization", "Bearer pk_abc")]);
    let refusal = refused(identify(&engine, key(), found(Visitor::Nobody)));
    assert_eq!(
        (refusal.reason.code(), refusal.reason.status()),
        ("session.unknown_key", StatusCode::UNAUTHORIZED)
    );

    let cookie = format!("{SESSION}=abc");
    let stranger = admitted(&engine, head("GET", "/", &[("cookie", &cookie)]), found(Visitor::Nobody));
    assert_eq!(stranger.visitor(), &Visitor::Nobody);

    let person = Visitor::Person(Arc::new(ann()));
    let known = admitted(&engine, head("GET", "/", &[("cookie", &cookie)]), found(person.clone()));
    assert_eq!(known.visitor(), &person);
}

#[test]
fn a_store_that_is_away_has_found_nobody_whatever_it_says() {
    let engine = engine(OPEN);
    let cookie = format!("{SESSION}=abc");
    let away = |_: &Needs| Lent {
        found: Some(Found { visitor: Visitor::Person(Arc::new(ann())), away: true, ..Found::default() }),
        ..Lent::default()
    };
    let admitted = admitted(&engine, head("GET", "/", &[("cookie", &cookie)]), away);
    assert_eq!(admitted.visitor(), &Visitor::Nobody);

    let key = head("GET", "/", &[("authorization", "Bearer pk_abc")]);
    let refusal = refused(identify(&engine, key, |needs| needs.fresh(NOW)));
    assert_eq!((refusal.reason.code(), refusal.reason.status().as_u16()), ("session.away", 503));
}

#[test]
fn a_session_cookie_is_a_credential_that_can_be_forged_though_the_head_has_it_no_more() {
    let engine = engine(OPEN);
    let cookie = format!("{SESSION}=abc");
    let post = |headers: &[(&str, &str)]| head("POST", "/", headers);
    let person = || found(Visitor::Person(Arc::new(ann())));
    // Neither Sec-Fetch-Site nor Origin nor Referer, and a body that holds no form.
    let bare = post(&[("cookie", &cookie), ("content-type", "application/json")]);
    assert_eq!(refused(identify(&engine, bare, person())).reason.code(), "csrf.missing_token");
    let foreign = post(&[
        ("cookie", &cookie),
        ("content-type", "application/json"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ]);
    assert_eq!(refused(identify(&engine, foreign, person())).reason.code(), "csrf.cross_site");
}

#[test]
fn an_api_key_without_cookies_needs_no_token() {
    let engine = engine(OPEN);
    let person = || {
        let by = By::ApiKey { name: "ci".to_owned(), scopes: Vec::new() };
        found(Visitor::Person(Arc::new(Person { by, ..ann() })))
    };
    let post = |headers: &[(&str, &str)]| head("POST", "/", headers);
    let alone = post(&[("authorization", "Bearer pk_abc"), ("origin", "https://other.example")]);
    assert!(identify(&engine, alone, person()).is_continue());
    let with_cookie = post(&[("authorization", "Bearer pk_abc"), ("cookie", "session=app")]);
    assert!(identify(&engine, with_cookie, person()).is_break(), "the app may go by its own cookie");
}

#[test]
fn what_only_we_may_tell_the_app_is_removed_in_every_spelling() {
    let engine = engine("");
    let forged = head(
        "GET",
        "/",
        &[
            ("X-Portcullis-User", "admin"),
            ("x-portcullis-user", "admin"),
            ("X_Portcullis_User", "admin"),
            ("X-PORTCULLIS_Roles", "admin"),
            ("x-portcullis.token", "a"),
            ("X-Portcullis-", "b"),
            ("x-portcullisuser", "kept"),
        ],
    );
    let (head, _) = admitted(&engine, forged, |needs| needs.fresh(NOW)).depart();
    let left: Vec<&str> = head.headers.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(left, ["host", "x-portcullisuser"]);
}

#[test]
fn cookies_of_what_was_found_go_with_any_answer() {
    let engine = engine(OPEN);
    let cookie = format!("{SESSION}=abc");
    let next = Cookie::Session.set("next", true, None).unwrap();
    let lent = |next: http::HeaderValue| {
        move |needs: &Needs| Lent {
            found: Some(Found { cookies: vec![next], ..Found::default() }),
            ..needs.fresh(NOW)
        }
    };
    let refusal = refused(identify(
        &engine,
        head("POST", "/", &[("cookie", &cookie), ("sec-fetch-site", "cross-site")]),
        lent(next.clone()),
    ));
    assert_eq!(refusal.response.headers()["set-cookie"], next);

    let admitted = admitted(&engine, head("GET", "/", &[("cookie", &cookie)]), lent(next.clone()));
    let (_, outstanding) = admitted.depart();
    let (response, ()) = http::Response::new(()).into_parts();
    let crate::Release::Ready(departure) = engine.release(outstanding, response) else { panic!("held") };
    assert_eq!(departure.head.headers["set-cookie"], next);
}

#[test]
fn an_app_cannot_sign_its_visitors_in() {
    let engine = engine("");
    let (_, outstanding) = admitted(&engine, head("GET", "/", &[]), |needs| needs.fresh(NOW)).depart();
    let response = http::Response::builder()
        .header("set-cookie", "__Host-portcullis-session=stolen; Path=/; Secure")
        .header("set-cookie", "theme=dark; Secure; HttpOnly; SameSite=Lax");
    let (response, ()) = response.body(()).unwrap().into_parts();
    let crate::Release::Ready(departure) = engine.release(outstanding, response) else { panic!("held") };
    let sent: Vec<_> = departure.head.headers.get_all("set-cookie").iter().collect();
    assert_eq!(sent, ["theme=dark; Secure; HttpOnly; SameSite=Lax"]);
    assert!(departure.events.iter().any(|event| event.line(0).contains("cookies.reserved")));
}

#[test]
fn cookies_are_written_as_browsers_demand_of_the_prefix() {
    let remembered = Cookie::Remembered.set("a.b", true, Some(Duration::from_secs(60))).unwrap();
    assert_eq!(
        remembered,
        "__Host-portcullis-remember=a.b; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax"
    );
    let plain = Cookie::Session.set("a", false, None).unwrap();
    assert_eq!(plain, "portcullis-session=a; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(Cookie::Session.set("a; Domain=x", true, None), None);
    let gone = "__Host-portcullis-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(Cookie::Session.clear(true), gone);
}

#[test]
fn pages_of_people_exist_where_people_sign_in_and_no_other_page_does() {
    let asks = |policy: &str, path: &str| {
        let engine = engine(policy);
        let moment = Moment { since_epoch: NOW, entropy: [3; 32] };
        engine.receive(head("GET", path, &[]), None, &peer(Listener::Https), moment).is_continue()
    };
    for path in ["sign-in", "account", "account/devices", "oidc/google/start", "jwks.json", "passkey.js"] {
        let path = format!("/.portcullis/{path}");
        assert!(asks("[identity]\n", &path), "{path}");
        assert!(!asks("", &path), "{path}");
    }
    for path in ["", "sign-in/", "sign-inx", "oidc/", "passkey", "Sign-In", "admin"] {
        let path = format!("/.portcullis/{path}");
        assert!(!asks("[identity]\n", &path), "{path}");
    }
}

#[test]
fn a_password_may_look_like_an_attack_on_our_own_pages_alone() {
    let engine = engine(OPEN);
    let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let judge = |path: &str| {
        let ControlFlow::Continue(identified) =
            identify(&engine, head("POST", path, &form), |needs| needs.fresh(NOW))
        else {
            panic!("refused by its head")
        };
        let mut inspector = identified.inspector();
        let _ = inspector.push(b"password=x'+OR+1%3D1+UNION+SELECT+pw+FROM+users--+-".to_vec().into());
        inspector.end();
        engine.admit(identified, &mut inspector).is_continue()
    };
    assert!(judge("/.portcullis/sign-in"));
    assert!(!judge("/login"), "the app's own login is held to the rules");
}

#[test]
fn spans_that_cannot_be_meant_are_faults() {
    assert!(faults("[session]\nidle = \"10 s\"").contains("while a page is read"));
    assert!(faults("[session]\nidle = \"2 d\"").contains("before it is idle"));
    assert!(faults("[session]\nabsolute = \"365 d\"").contains("nobody takes back"));
    assert!(faults("[session]\nremember = \"1 h\"").contains("remember"));
    assert!(faults("[session]\nmemory = \"5 min\"").contains("another gate"));
    assert!(faults("[[route]]\npath = \"/a\"\nsession.idle = \"2 h\"").contains("whole site"));
    let (policy, _) = Policy::parse("p", "[session]\nremember = \"0 s\"").unwrap();
    assert_eq!(policy.site().session.remember, None);
}

#[test]
fn settings_of_identity_are_checked_with_their_places() {
    let text = faults(
        "[identity]\nsign_up = \"open\"\nstore = \"mongodb://x:secret@y\"\nunconfirmed = \"1 h\"\n\
         [identity.password]\nmin_length = 4\npasses = 1\n\
         [[identity.provider]]\nname = \"Bad Name\"\nissuer = \"http://idp.example\"\n\
         hand_access_token = true\n\
         [[identity.factor]]\nrole = \"admin\"\none_of = [\"sms\"]\n",
    );
    for part in [
        "p:2:",
        "nobody sends it",
        "works for a day",
        "a token that is not kept",
        "`mongodb` is not known",
        "8 to 64",
        "OWASP",
        "`Bad Name`",
        "`http://idp.example`",
        "does not know who asks",
        "`sms` is no second factor",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("secret"), "a password in an address is told to nobody");
    let invited = "[identity]\nsign_up = \"invited\"\nunconfirmed = \"0 s\"\n";
    let (policy, _) = Policy::parse("p", invited).unwrap();
    assert_eq!(policy.identity().unwrap().unconfirmed, None, "for ever; and links may be handed over");
    let mail = "[identity.mail]\nfrom = \"nobody\"\nsmtp = \"mail:x\"\nuser = \"u\"\n";
    let text = faults(mail);
    for part in ["no address to send mail from", "no mail server", "no password"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}
