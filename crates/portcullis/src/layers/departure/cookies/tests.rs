use std::sync::Arc;
use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Request};
use proptest::prelude::*;

use super::decide::mend;
use super::set_cookie::SetCookie;
use super::*;
use crate::exchange::Exchange;
use crate::keys::Keyring;
use crate::layers::arrival::host::Site;
use crate::layers::arrival::transport::Scheme;
use crate::layers::content::csrf::{Anchor, TokenMint};
use crate::layers::record::event::RequestFacts;
use crate::policy::Policy;
use crate::request::{Listener, Moment, Peer};

fn keys() -> Keyring {
    Keyring::new([1; 32], vec![[2; 32]])
}

fn exchange(policy: &str) -> Box<Exchange> {
    let (policy, _) = Policy::parse("p", policy).unwrap();
    let head = Request::builder().uri("/").body(()).unwrap().into_parts().0;
    let peer =
        Peer { address: "192.0.2.1:4000".parse().unwrap(), listener: Listener::DangerousPlain, tls: None };
    let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [3; 32] };
    let facts = RequestFacts::of(&head, None);
    let mut exchange = Exchange::begin(moment, &peer, Arc::clone(policy.site()), facts, "/".to_owned());
    exchange.site = Site { name: "shop.example".to_owned(), port: None };
    exchange.scheme = Scheme::Https;
    exchange
}

fn departed(exchange: &mut Exchange, written: &[&str]) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for value in written {
        headers.append(SET_COOKIE, HeaderValue::from_str(value).unwrap());
    }
    depart(&mut headers, exchange, &keys());
    headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

fn arrived(exchange: &mut Exchange, written: &[&str]) -> Option<String> {
    let mut headers = HeaderMap::new();
    for value in written {
        headers.append(COOKIE, HeaderValue::from_str(value).unwrap());
    }
    arrive(&mut headers, exchange, &keys());
    assert!(headers.get_all(COOKIE).iter().count() <= 1);
    headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned())
}

fn notes(exchange: &Exchange) -> String {
    exchange.events.iter().map(|event| serde_json::to_string(event).unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn flags_are_added_and_never_taken_away() {
    for (written, expected) in [
        ("a=b", "a=b; Secure; HttpOnly; SameSite=Lax"),
        ("a=b; Path=/x", "a=b; Path=/x; Secure; HttpOnly; SameSite=Lax"),
        ("a=b; secure; HTTPONLY; samesite=strict", "a=b; secure; HTTPONLY; samesite=strict"),
        ("a=b; SameSite=Strict", "a=b; SameSite=Strict; Secure; HttpOnly"),
        ("a=b; SameSite=None", "a=b; SameSite=None; Secure; HttpOnly"),
        ("a=b; SameSite=None; Secure; HttpOnly", "a=b; SameSite=None; Secure; HttpOnly"),
        ("a=b; SameSite=Laxx; HttpOnly", "a=b; SameSite=Laxx; HttpOnly; Secure; SameSite=Lax"),
        ("a=b; SameSite", "a=b; SameSite; Secure; HttpOnly; SameSite=Lax"),
        ("a=b; SameSite=Strict; SameSite=None", "a=b; SameSite=Strict; SameSite=None; Secure; HttpOnly"),
        ("a=b;", "a=b;; Secure; HttpOnly; SameSite=Lax"),
        (" a = \"b c\" ; Path = / ;Secure", "a = \"b c\" ; Path = / ;Secure; HttpOnly; SameSite=Lax"),
        ("a=Secure; HttpOnly=no", "a=Secure; HttpOnly=no; Secure; SameSite=Lax"),
        ("alone", "alone; Secure; HttpOnly; SameSite=Lax"),
        ("=alone", "=alone; Secure; HttpOnly; SameSite=Lax"),
        ("a=b=c; Partitioned", "a=b=c; Partitioned; Secure; HttpOnly; SameSite=Lax"),
        ("a=; Max-Age=0; Path=/", "a=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (
            "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax",
        ),
    ] {
        let sent = departed(&mut exchange(""), &[written]);
        assert_eq!(sent.first().unwrap().trim_start(), expected, "{written}");
        assert_eq!(departed(&mut exchange(""), &[&sent[0]]), sent, "{written}");
    }
}

#[test]
fn over_plain_http_nothing_is_promised_that_cannot_be_kept() {
    let mut plain = exchange("");
    plain.scheme = Scheme::Http;
    assert_eq!(departed(&mut plain, &["a=b"]), ["a=b; HttpOnly; SameSite=Lax"]);
    assert_eq!(departed(&mut plain, &["a=b; SameSite=None"]), ["a=b; SameSite=None; HttpOnly; SameSite=Lax"]);
    assert_eq!(departed(&mut plain, &["__Host-a=b; Path=/"]), ["__Host-a=b; Path=/; HttpOnly; SameSite=Lax"]);
    assert!(notes(&plain).contains("cookies.broken_prefix"));
}

#[test]
fn cookies_that_scripts_read_stay_readable() {
    let policy = "[cookies]\nscript_readable = [\"cart\", \"ui-*\"]\n\
                  [[cookies.exception]]\nname = \"theme\"\nscript_readable = false\n";
    for (name, readable) in [
        ("csrftoken", true),
        ("XSRF-TOKEN", true),
        ("_csrf_token", true),
        ("my.Csrf", true),
        ("wp-settings-1", true),
        ("cart", true),
        ("CART", true),
        ("ui-left", true),
        ("carts", false),
        ("theme", false),
        ("session", false),
        ("sessionid", false),
        ("slang", false),
    ] {
        let sent = departed(&mut exchange(policy), &[&format!("{name}=1")]);
        assert_eq!(!sent[0].contains("HttpOnly"), readable, "{name}");
        assert!(sent[0].contains("; Secure") && sent[0].contains("SameSite=Lax"), "{name}");
    }
}

#[test]
fn an_exception_excepts_what_it_names_and_no_more() {
    let policy = "[[cookies.exception]]\nname = \"legacy\"\ndangerous_without_secure = true\n\
                  [[cookies.exception]]\nname = \"embed-*\"\ndangerous_without_same_site = true\n";
    assert_eq!(departed(&mut exchange(policy), &["legacy=1"]), ["legacy=1; HttpOnly; SameSite=Lax"]);
    assert_eq!(departed(&mut exchange(policy), &["embed-a=1"]), ["embed-a=1; Secure; HttpOnly"]);
    assert_eq!(
        departed(&mut exchange(policy), &["legacy=1; SameSite=None"]),
        ["legacy=1; SameSite=None; Secure; HttpOnly"],
        "browsers drop `None` without `Secure`"
    );
}

#[test]
fn a_name_that_claims_a_prefix_gets_what_it_demands() {
    for (written, expected) in [
        ("__Host-a=b", "__Host-a=b; Path=/; Secure; HttpOnly; SameSite=Lax"),
        ("__Host-a=b; Path=/x", "__Host-a=b; Path=/x; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (
            "__Host-a=b; Domain=shop.example; Path=/; Secure",
            "__Host-a=b; Path=/; Secure; HttpOnly; SameSite=Lax",
        ),
        ("__secure-a=b; Path=/x", "__secure-a=b; Path=/x; Secure; HttpOnly; SameSite=Lax"),
        ("__Host-Http-csrf=b; Path=/; Secure", "__Host-Http-csrf=b; Path=/; Secure; HttpOnly; SameSite=Lax"),
    ] {
        let mut exchange = exchange("");
        assert_eq!(departed(&mut exchange, &[written]), [expected]);
        assert_eq!(
            notes(&exchange).contains("cookies.broken_prefix"),
            !written.contains("Path=/; Secure") || written.contains("Domain"),
            "{written}"
        );
    }
}

#[test]
fn the_last_of_one_cookie_is_sent() {
    let mut exchange = exchange("");
    let sent = departed(
        &mut exchange,
        &[
            "a=1; Path=/",
            "b=1",
            "a=2; Path=/; Domain=Shop.example",
            "a=3; Path=/",
            "a=4; Path=/x",
            "a=5; domain=.shop.example; path=/",
        ],
    );
    let kept: Vec<&str> = sent.iter().map(|cookie| cookie.split(';').next().unwrap()).collect();
    assert_eq!(kept, ["b=1", "a=3", "a=4", "a=5"]);
    assert!(notes(&exchange).contains("cookies.repeated"));
}

#[test]
fn a_cookie_that_browsers_drop_does_not_take_the_place_of_one_they_keep() {
    let mut exchange = exchange("");
    let large = format!("a={}", "x".repeat(4096));
    let sent = departed(&mut exchange, &["a=1", &large]);
    assert_eq!(sent.len(), 2);
    assert!(notes(&exchange).contains("4097 bytes"));
}

#[test]
fn a_session_can_be_given_the_host_prefix_and_is_taken_back_by_its_own_name() {
    let policy = "[cookies]\nhost_prefix = [\"session\"]\n";
    let mut login = exchange(policy);
    assert_eq!(
        departed(&mut login, &["session=abc; Domain=shop.example; Path=/app; HttpOnly"]),
        ["__Host-session=abc; Path=/app; HttpOnly; Path=/; Secure; SameSite=Lax"]
    );
    let logout = departed(&mut exchange(policy), &["session=; Max-Age=0; Path=/"]);
    assert_eq!(logout, ["__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"]);

    let mut next = exchange(policy);
    assert_eq!(
        arrived(&mut next, &["session=tossed; __Host-session=abc; other=1"]).unwrap(),
        "session=abc; other=1"
    );
    assert!(notes(&next).contains("cookies.unprefixed"));
    assert_eq!(arrived(&mut exchange(policy), &["session=tossed"]), None);

    let mut plain = exchange(policy);
    plain.scheme = Scheme::Http;
    assert_eq!(arrived(&mut plain, &["session=abc"]).unwrap(), "session=abc");
    assert_eq!(departed(&mut plain, &["session=abc"]), ["session=abc; HttpOnly; SameSite=Lax"]);
}

const SEALED: &str = "[cookies]\nseal = [\"session\", \"other\"]\n";

fn sealed(name: &str, value: &str) -> String {
    let sent = departed(&mut exchange(SEALED), &[&format!("{name}={value}; Path=/")]);
    sent[0].split([';']).next().unwrap().to_owned()
}

#[test]
fn a_sealed_cookie_can_be_neither_read_nor_changed_nor_moved() {
    let pair = sealed("session", "user=1");
    assert!(pair.starts_with("session=") && !pair.contains("user"), "{pair}");
    assert_eq!(arrived(&mut exchange(SEALED), &[&pair]).unwrap(), "session=user=1");

    let value = pair.strip_prefix("session=").unwrap();
    for position in 0..value.len() {
        let mut bytes = value.as_bytes().to_vec();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let spoiled = format!("session={}", String::from_utf8(bytes).unwrap());
        let mut exchange = exchange(SEALED);
        assert_eq!(arrived(&mut exchange, &[&spoiled]), None, "{position}");
        assert!(notes(&exchange).contains("cookies.broken_seal"));
    }
    let moved = format!("other={value}; plain=1");
    assert_eq!(arrived(&mut exchange(SEALED), &[&moved]).unwrap(), "plain=1");
    assert_eq!(arrived(&mut exchange(SEALED), &["session=user=1"]), None, "never sealed");
}

#[test]
fn a_forged_cookie_does_not_shadow_the_real_one() {
    let pair = sealed("session", "1");
    let both = format!("session=forged; {pair}");
    assert_eq!(arrived(&mut exchange(SEALED), &[&both]).unwrap(), "session=1");
}

#[test]
fn seals_outlive_the_rotation_of_the_key_and_not_its_removal() {
    let made = seal::close(b"session", b"1", [0; 12], &Keyring::new([2; 32], vec![])).unwrap();
    assert_eq!(seal::open(b"session", &made, &keys()).unwrap(), b"1");
    let gone = seal::close(b"session", b"1", [0; 12], &Keyring::new([9; 32], vec![])).unwrap();
    assert_eq!(seal::open(b"session", &gone, &keys()), None);
    for bad in [&b""[..], b"A", b"!!!!", &[b'A'; 16], &[b'A'; 9000], "é".as_bytes()] {
        assert_eq!(seal::open(b"session", bad, &keys()), None);
    }
}

#[test]
fn two_seals_of_one_value_differ() {
    let mut one = exchange(SEALED);
    let sent = departed(&mut one, &["session=1; Path=/a", "session=1; Path=/b"]);
    assert_ne!(sent[0].split(';').next(), sent[1].split(';').next());
}

#[test]
fn the_first_of_a_repeated_name_counts() {
    let mut exchange = exchange("");
    assert_eq!(arrived(&mut exchange, &["a=1; b=2; a=3; A=4"]).unwrap(), "a=1; b=2; A=4");
    assert!(notes(&exchange).contains("cookies.duplicate"));
}

#[test]
fn cookies_that_need_no_change_keep_their_bytes() {
    let mut exchange = exchange("");
    let written = "a=1;b=\"2;  c = x=y;;alone; =nameless; é=ü".to_owned();
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_bytes(written.as_bytes()).unwrap());
    arrive(&mut headers, &mut exchange, &keys());
    assert_eq!(headers[COOKIE].as_bytes(), written.as_bytes());
    assert!(exchange.events.is_empty());
}

#[test]
fn split_cookies_of_http2_become_one() {
    assert_eq!(arrived(&mut exchange(""), &["a=1", "b=2; c=3"]).unwrap(), "a=1; b=2; c=3");
}

#[test]
fn our_own_cookies_never_reach_the_app() {
    let mut first = exchange("[csrf]\nspa_cookie = true\n");
    let mut mint = TokenMint::for_exchange(&mut first, &keys());
    let anchor = mint.set_cookie().unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
    let token = mint.token();

    let mut next = exchange("[csrf]\nspa_cookie = true\n");
    let written = format!("a=1; {anchor}; XSRF-TOKEN={token}; portcullis=x");
    assert_eq!(arrived(&mut next, &[&written]).unwrap(), "a=1");
    assert!(matches!(next.anchor, Anchor::Arrived(_)));
    // The app's own cookie of that name stays, and ours only goes where it was offered.
    assert_eq!(arrived(&mut next, &["XSRF-TOKEN=laravel"]).unwrap(), "XSRF-TOKEN=laravel");
    let mut off = exchange("[cookies]\nmode = \"off\"\n[csrf]\nmode = \"off\"\n");
    assert_eq!(arrived(&mut off, &[&anchor, "b=2"]).unwrap(), "b=2");
    assert_eq!(arrived(&mut exchange(""), &[&anchor]), None, "no header rather than an empty one");
}

#[test]
fn two_different_anchors_are_none() {
    let mut exchange = exchange("");
    let written = format!("__Host-portcullis={}; __Host-portcullis={}", "A".repeat(32), "B".repeat(32));
    assert_eq!(arrived(&mut exchange, &[&written]), None);
    assert!(matches!(exchange.anchor, Anchor::Absent));
    assert_eq!(arrived(&mut exchange, &["__Host-portcullis=short"]), None);
    assert!(matches!(exchange.anchor, Anchor::Absent));
    let tossed = format!("portcullis={}", "A".repeat(32));
    assert_eq!(arrived(&mut exchange, &[&tossed]), None);
    assert!(matches!(exchange.anchor, Anchor::Absent), "over HTTPS only the prefixed one counts");
}

#[test]
fn a_cookie_that_the_app_sets_itself_is_found() {
    let mut headers = HeaderMap::new();
    headers.append(SET_COOKIE, HeaderValue::from_static("a=XSRF-TOKEN=1"));
    assert!(!sets(&headers, "XSRF-TOKEN"));
    headers.append(SET_COOKIE, HeaderValue::from_static(" XSRF-TOKEN = own; Path=/"));
    assert!(sets(&headers, "XSRF-TOKEN"));
}

#[test]
fn observing_changes_nothing_and_says_what_would() {
    let mut observing = exchange("[cookies]\nmode = \"observe\"\nseal = [\"session\"]\n");
    assert_eq!(departed(&mut observing, &["a=b", "session=1", "a=c"]), ["a=b", "session=1", "a=c"]);
    let told = notes(&observing);
    assert!(told.contains("cookies.would_harden") && told.contains("a sealed value"), "{told}");
    assert_eq!(arrived(&mut observing, &["session=1; a=1; a=2"]).unwrap(), "session=1; a=1; a=2");
    // What was sealed before the change of mode still opens.
    let pair = sealed("session", "1");
    assert_eq!(arrived(&mut observing, &[&pair]).unwrap(), "session=1");

    let mut off = exchange("[cookies]\nmode = \"off\"\n");
    assert_eq!(departed(&mut off, &["a=b", "a=c"]), ["a=b", "a=c"]);
    assert!(off.events.is_empty());
}

#[test]
fn a_flood_of_oddities_leaves_a_bounded_number_of_notes() {
    let mut exchange = exchange("");
    let many: Vec<String> = (0..2000).flat_map(|n| [format!("a{n}=1"), format!("a{n}=2")]).collect();
    arrived(&mut exchange, &[&many.join("; ")]);
    assert_eq!(exchange.events.len(), 8);
}

#[test]
fn settings_that_contradict_themselves_do_not_load() {
    for (text, told) in [
        ("[cookies]\nseal = [\"csrftoken\"]\n", "for scripts to read"),
        ("[cookies]\nseal = [\"a b\"]\n", "not the name"),
        ("[cookies]\nseal = [\"portcullis\"]\n", "gate's own"),
        ("[cookies]\nhost_prefix = [\"__Host-session\"]\n", "prefix of its own"),
        ("[cookies]\nscript_readable = [\"*\"]\n", "not the name"),
        ("[[cookies.exception]]\nname = \"a\"\n", "excepts nothing"),
        ("[[cookies.exception]]\nscript_readable = true\n", "not the name"),
    ] {
        let error = Policy::parse("p", text).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(cookie in prop::collection::vec(any::<u8>(), 0..80), set in prop::collection::vec(any::<u8>(), 0..80)) {
        let policy = "[cookies]\nseal = [\"a\"]\nhost_prefix = [\"b\"]\n";
        let mut headers = HeaderMap::new();
        for (name, bytes) in [(COOKIE, cookie), (SET_COOKIE, set)] {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                headers.insert(name, value);
            }
        }
        let mut exchange = exchange(policy);
        arrive(&mut headers, &mut exchange, &keys());
        depart(&mut headers, &mut exchange, &keys());
    }

    #[test]
    fn hardening_twice_is_hardening_once(
        pair in "[a-zA-Z_=\\-]{0,20}",
        attributes in prop::collection::vec(
            prop::sample::select(vec![
                "Secure", "HttpOnly", "SameSite=None", "samesite=LAX", "SameSite=x", "Path=/", "Path=/a", "path",
                "Domain=x.example", "domain=", "Max-Age=0", "", " ", "=", "Partitioned",
            ]),
            0..6,
        ),
        prefix in prop::sample::select(vec!["", "__Host-", "__Secure-", "__host-", "__Host-Http-"]),
        https in any::<bool>(),
    ) {
        let written = [vec![format!("{prefix}{pair}")], attributes.into_iter().map(str::to_owned).collect()].concat().join(";");
        let config = exchange("").rules.cookies.clone();
        let scheme = if https { Scheme::Https } else { Scheme::Http };
        let cookie = SetCookie::parse(written.as_bytes());
        let once = cookie.mended(written.as_bytes(), &mend(&cookie, &config, scheme));
        let again = SetCookie::parse(&once);
        prop_assert!(mend(&again, &config, scheme).is_nothing(), "{written:?}");
        prop_assert_eq!((again.name, again.value), (cookie.name, cookie.value));
        prop_assert!(again.secure >= cookie.secure && again.http_only >= cookie.http_only);
    }
}
