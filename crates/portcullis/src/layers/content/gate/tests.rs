use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use portcullis_seclang::MemoryFiles;

use super::builtin;
use crate::body::Progress;
use crate::keys::Keyring;
use crate::layers::caller::Lent;
use crate::layers::record::event::{Event, Outcome};
use crate::verdict::Grounds;
use crate::{Engine, Listener, Moment, Peer, Policy, Refusal, Release};

/// What came of one exchange.
#[derive(Default)]
struct Came {
    refused: Option<(String, StatusCode, Option<String>)>,
    location: Option<String>,
    reached_app: bool,
    status: Option<StatusCode>,
    body: Vec<u8>,
    cut: bool,
    events: Vec<Event>,
}

impl Came {
    fn code(&self) -> &str {
        self.refused.as_ref().map_or("passed", |(code, ..)| code.as_str())
    }

    fn take(&mut self, refusal: Refusal) {
        let location = refusal.response.headers().get("location");
        self.location = location.map(|value| value.to_str().unwrap().to_owned());
        let place = crate::verdict::Place { method: "GET", path: "/here", host: "a" };
        let told =
            (refusal.reason.code().to_owned(), refusal.response.status(), refusal.reason.exception(&place));
        self.refused = Some(told);
        self.status = Some(refusal.response.status());
        self.events.extend(refusal.events);
    }

    fn would_refuse(&self) -> Vec<&str> {
        let would = self.events.iter().filter(|event| event.outcome() == Outcome::WouldRefuse);
        would.filter_map(Event::code).collect()
    }

    fn logged(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(Event::rule_log)
            .flat_map(|log| &log.lines)
            .map(String::as_str)
            .collect()
    }
}

fn engine(policy: &str, rules: &str) -> Engine {
    let policy = format!(
        "[transport]\nmode = \"off\"\n[rate]\nmode = \"off\"\n[gate]\nrules = [\"own.conf\"]\n{policy}"
    );
    let (mut policy, _) = Policy::parse("p", &policy).unwrap();
    policy.load_rules(Path::new("etc"), &MemoryFiles::new().with("etc/own.conf", rules)).unwrap();
    Engine::new(policy, Keyring::new([1; 32], Vec::new()))
}

fn run(engine: &Engine, request: Request<&'static [u8]>, answer: Response<&'static [u8]>) -> Came {
    let mut came = Came::default();
    let peer =
        Peer { address: "192.0.2.1:4000".parse().unwrap(), listener: Listener::DangerousPlain, tls: None };
    let moment = Moment { since_epoch: Duration::from_secs(1_800_000_000), entropy: [3; 32] };
    let (head, body) = request.into_parts();
    let received = match engine.receive(head, None, &peer, moment) {
        ControlFlow::Continue(received) => received,
        ControlFlow::Break(refusal) => {
            came.take(*refusal);
            return came;
        }
    };
    let identified = match engine.identify(received, Lent::default()) {
        ControlFlow::Continue(identified) => identified,
        ControlFlow::Break(refusal) => {
            came.take(*refusal);
            return came;
        }
    };
    let mut inspector = identified.inspector();
    let mut chunks = body.chunks(1000);
    while inspector.wants_body() {
        match chunks.next() {
            Some(chunk) if inspector.push(Bytes::from_static(chunk)) == Progress::Enough => break,
            Some(_) => {}
            None => inspector.end(),
        }
    }
    let mut admitted = match engine.admit(identified, &mut inspector) {
        ControlFlow::Continue(admitted) => admitted,
        ControlFlow::Break(refusal) => {
            came.take(*refusal);
            return came;
        }
    };
    came.reached_app = true;
    came.events.extend(admitted.take_events());
    let (_, outstanding) = admitted.depart();
    let (head, body) = answer.into_parts();
    let mut chunks = body.chunks(1000);
    let mut release = engine.release(outstanding, head);
    let departure = loop {
        release = match release {
            Release::Ready(departure) => break departure,
            Release::Hold(held) => match chunks.next() {
                Some(chunk) => held.push(chunk),
                None => break held.end(),
            },
        };
    };
    came.status = Some(departure.head.status);
    came.events.extend(departure.events);
    came.body.extend_from_slice(&departure.first);
    if let Some(mut tail) = departure.tail {
        for chunk in chunks {
            match tail.push(Bytes::from_static(chunk)) {
                Ok(chunk) => came.body.extend_from_slice(&chunk),
                Err(cut) => {
                    came.cut = true;
                    came.events.extend(cut.events);
                    return came;
                }
            }
        }
        match tail.end() {
            Ok((last, events)) => {
                came.body.extend_from_slice(&last);
                came.events.extend(events);
            }
            Err(cut) => {
                came.cut = true;
                came.events.extend(cut.events);
            }
        }
    }
    came
}

fn get(target: &str) -> Request<&'static [u8]> {
    Request::get(target).header("host", "localhost").body(&b""[..]).unwrap()
}

fn ok() -> Response<&'static [u8]> {
    Response::builder().header("content-type", "text/plain").body(&b"fine"[..]).unwrap()
}

const SQL: &str = r#"
SecRuleEngine On
SecRule ARGS "@rx union\s+select" "id:10,phase:2,deny,status:403,log,t:none,t:urlDecodeUni,t:lowercase,\
    msg:'SQL in a parameter',logdata:'%{MATCHED_VAR}',tag:'attack-sqli',severity:'CRITICAL'"
"#;

#[test]
fn a_rule_that_denies_refuses_with_its_kind_and_the_narrowest_exception() {
    let engine = engine("", SQL);
    assert_eq!(run(&engine, get("/?q=harmless"), ok()).code(), "passed");
    let came = run(&engine, get("/?q=1+UNION%20SELECT+2"), ok());
    assert!(!came.reached_app);
    let (code, status, exception) = came.refused.clone().unwrap();
    assert_eq!((code.as_str(), status), ("gate.sql_injection", StatusCode::FORBIDDEN));
    let exception = exception.unwrap();
    for part in ["path = \"/here\"", "[[route.gate.exclude]]", "rule = 10", "target = \"ARGS:q\""] {
        assert!(exception.contains(part), "{exception}");
    }
    Policy::parse("the exception", &exception).unwrap();
    assert_eq!(came.logged().len(), 1);
    assert!(came.logged()[0].contains("[id \"10\"]"), "{:?}", came.logged());
}

#[test]
fn the_exception_that_is_told_lets_it_pass_and_nothing_else() {
    let rules = "[[route]]\npath = \"/here\"\n[[route.gate.exclude]]\nrule = 10\ntarget = \"ARGS:q\"\n";
    let engine = engine(rules, SQL);
    assert_eq!(run(&engine, get("/here?q=union+select"), ok()).code(), "passed");
    assert_eq!(run(&engine, get("/here?p=union+select"), ok()).code(), "gate.sql_injection");
    assert_eq!(run(&engine, get("/there?q=union+select"), ok()).code(), "gate.sql_injection");
}

#[test]
fn exclusions_of_the_site_hold_on_a_route_too() {
    let engine = engine(
        "[[gate.exclude]]\ntarget = \"ARGS:free\"\n\
         [[route]]\npath = \"/here\"\n[[route.gate.exclude]]\ntag = \"attack-sqli\"\ntarget = \"ARGS:q\"\n",
        SQL,
    );
    assert_eq!(run(&engine, get("/here?q=union+select&free=union+select"), ok()).code(), "passed");
    assert_eq!(run(&engine, get("/?free=union+select"), ok()).code(), "passed");
    assert_eq!(run(&engine, get("/?q=union+select"), ok()).code(), "gate.sql_injection");
}

#[test]
fn an_exclusion_that_means_no_rule_is_told_with_its_key() {
    let (mut policy, _) =
        Policy::parse("p", "[gate]\nrules = [\"own.conf\"]\n[[gate.exclude]]\nrule = 11\n").unwrap();
    let error =
        policy.load_rules(Path::new(""), &MemoryFiles::new().with("own.conf", SQL)).unwrap_err().to_string();
    assert!(error.contains("gate.exclude[0]") && error.contains("11"), "{error}");
}

#[test]
fn a_score_is_told_by_the_rules_that_made_it_up() {
    let rules = r#"
SecRuleEngine On
SecRule ARGS "@contains select" "id:1,phase:2,pass,log,msg:'One',severity:'CRITICAL',tag:'attack-sqli',setvar:tx.score=+3"
SecRule ARGS "@contains from" "id:2,phase:2,pass,log,msg:'Two',severity:'CRITICAL',setvar:tx.score=+2"
SecRule TX:score "@ge 5" "id:9,phase:2,deny,status:406,log,msg:'Too much: %{tx.score}'"
"#;
    let engine = engine("", rules);
    assert_eq!(run(&engine, get("/?a=select"), ok()).code(), "passed");
    let came = run(&engine, get("/?a=select+from"), ok());
    let (code, status, exception) = came.refused.clone().unwrap();
    assert_eq!((code.as_str(), status.as_u16()), ("gate.sql_injection", 406));
    let exception = exception.unwrap();
    assert!(exception.contains("rule = 1\n") && exception.contains("rule = 2\n"), "{exception}");
    assert!(!exception.contains("rule = 9"), "{exception}");
    let line = came.events.last().unwrap().line(1);
    assert!(line.contains("\"portcullis.score\":5"), "{line}");
}

#[test]
fn a_set_that_only_detects_and_a_layer_that_observes_refuse_nothing() {
    let detects = SQL.replace("SecRuleEngine On", "SecRuleEngine DetectionOnly");
    for (policy, rules) in [("", detects.as_str()), ("mode = \"observe\"\n", SQL)] {
        let came = run(&engine(policy, rules), get("/?q=union+select"), ok());
        assert_eq!((came.code(), came.status), ("passed", Some(StatusCode::OK)));
        assert_eq!(came.would_refuse(), ["gate.sql_injection"]);
        assert_eq!(came.logged().len(), 1);
    }
    let off = SQL.replace("SecRuleEngine On", "SecRuleEngine Off");
    for (policy, rules) in [("", off.as_str()), ("mode = \"off\"\n", SQL), ("mode = \"observe\"\n", &off)] {
        let came = run(&engine(policy, rules), get("/?q=union+select"), ok());
        assert_eq!((came.code(), came.would_refuse().len(), came.logged().len()), ("passed", 0, 0));
    }
}

#[test]
fn rules_redirect_and_drop() {
    let rules = r#"
SecRuleEngine On
SecRule ARGS:a "@streq 1" "id:1,phase:1,redirect:https://elsewhere.example/?from=%{ARGS.a},status:307,log,msg:'Away'"
SecRule ARGS:a "@streq 2" "id:2,phase:1,drop,log,msg:'Gone'"
"#;
    let engine = engine("", rules);
    let came = run(&engine, get("/?a=1"), ok());
    assert_eq!(came.status.map(|status| status.as_u16()), Some(307));
    assert_eq!(came.location.as_deref(), Some("https://elsewhere.example/?from=1"));
    assert!(came.events.iter().any(|event| event.outcome() == Outcome::Refused), "no event of a redirect");
    assert_eq!(run(&engine, get("/?a=2"), ok()).code(), "gate.rule");
}

#[test]
fn a_body_is_judged_before_the_app_sees_a_byte() {
    let engine = engine("[csrf]\nmode = \"off\"\n", SQL);
    let form = |body: &'static [u8]| {
        let request = Request::post("/").header("host", "localhost");
        request.header("content-type", "application/x-www-form-urlencoded").body(body).unwrap()
    };
    assert!(run(&engine, form(b"q=fine"), ok()).reached_app);
    let came = run(&engine, form(b"x=1&q=union+select"), ok());
    assert_eq!((came.code(), came.reached_app), ("gate.sql_injection", false));
}

#[test]
fn what_is_longer_than_the_rules_look_at_is_refused_or_passes_as_the_policy_says() {
    let long: &'static [u8] = Box::leak(format!("q={}&r=union+select", "a".repeat(5000)).into_bytes().into());
    let form = || {
        let request = Request::post("/").header("host", "localhost");
        request.header("content-type", "application/x-www-form-urlencoded").body(long).unwrap()
    };
    let others = "[csrf]\nmode = \"off\"\n[limits]\nhold = \"1 KiB\"\n";
    let refuses = engine(&format!("body = \"2 KiB\"\n{others}"), SQL);
    let came = run(&refuses, form(), ok());
    assert_eq!((came.code(), came.status), ("gate.body_too_long", Some(StatusCode::PAYLOAD_TOO_LARGE)));
    let passes = engine(&format!("body = \"2 KiB\"\nbeyond = \"pass\"\n{others}"), SQL);
    assert_eq!(run(&passes, form(), ok()).code(), "passed");
    let whole = engine(&format!("body = \"8 KiB\"\n{others}"), SQL);
    assert_eq!(run(&whole, form(), ok()).code(), "gate.sql_injection");
}

#[test]
fn a_long_upload_is_not_taken_for_a_broken_one() {
    let rules = r#"
SecRuleEngine On
SecRule REQBODY_ERROR "!@eq 0" "id:1,phase:2,deny,log,msg:'%{REQBODY_ERROR_MSG}'"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:2,phase:2,deny,log,msg:'Strict'"
SecRule ARGS "@contains union" "id:3,phase:2,deny,log,msg:'SQL',tag:'attack-sqli'"
"#;
    let engine = engine("body = \"4 KiB\"\n[csrf]\nmode = \"off\"\n[limits]\nhold = \"1 KiB\"\n", rules);
    let upload = |field: &str| {
        let part = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{value}\r\n")
        };
        let file = format!("; filename=\"a.bin\"\r\n\r\n{}", "x".repeat(20_000));
        let body = format!("{}{}--b--\r\n", part("q", &format!("\r\n\r\n{field}")), part("f", &file));
        let body: &'static [u8] = Box::leak(body.into_bytes().into());
        let request = Request::post("/").header("host", "localhost");
        request.header("content-type", "multipart/form-data; boundary=b").body(body).unwrap()
    };
    let came = run(&engine, upload("fine"), ok());
    assert!(came.reached_app, "{:?}", came.refused);
    assert_eq!(run(&engine, upload("union"), ok()).code(), "gate.sql_injection");
}

const OUT: &str = r#"
SecRuleEngine On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html
SecResponseBodyLimit 4000
SecResponseBodyLimitAction ProcessPartial
SecRule RESPONSE_HEADERS:X-Inside "@rx ." "id:20,phase:3,deny,status:502,log,msg:'Inside'"
SecRule RESPONSE_BODY "@contains secret" "id:21,phase:4,deny,status:500,log,msg:'Secret',tag:'attack-disclosure'"
SecRule RESPONSE_STATUS "@streq 404" "id:22,phase:5,pass,log,msg:'Not found'"
"#;

#[test]
fn an_answer_is_judged_before_its_head_goes() {
    let engine = engine("", OUT);
    let answer = |name: &'static str, body: &'static [u8]| {
        Response::builder().header("content-type", "text/plain").header(name, "1").body(body).unwrap()
    };
    let came = run(&engine, get("/"), answer("x-inside", b"fine"));
    assert_eq!((came.status, came.reached_app), (Some(StatusCode::BAD_GATEWAY), true));
    let came = run(&engine, get("/"), answer("x-other", b"a secret"));
    assert_eq!(came.status, Some(StatusCode::INTERNAL_SERVER_ERROR));
    assert!(!came.body.windows(6).any(|six| six == b"secret"));
    let codes: Vec<_> = came.events.iter().filter_map(Event::code).collect();
    assert!(codes.contains(&"gate.data_leak"), "{codes:?}");
    let came = run(&engine, get("/"), answer("x-other", b"fine"));
    assert_eq!((came.status, came.body.as_slice()), (Some(StatusCode::OK), &b"fine"[..]));
}

#[test]
fn an_answer_is_looked_at_as_far_as_the_limit_goes_and_the_rest_streams() {
    let engine = engine("", OUT);
    let answer = |at: usize| {
        let mut body = vec![b'a'; 20_000];
        body[at..at + 6].copy_from_slice(b"secret");
        let body: &'static [u8] = Box::leak(body.into());
        Response::builder().header("content-type", "text/plain").body(body).unwrap()
    };
    assert_eq!(run(&engine, get("/"), answer(3_500)).status, Some(StatusCode::INTERNAL_SERVER_ERROR));
    let came = run(&engine, get("/"), answer(15_000));
    assert_eq!((came.status, came.body.len(), came.cut), (Some(StatusCode::OK), 20_000, false));
}

#[test]
fn what_only_tells_runs_when_all_is_over() {
    let engine = engine("", OUT);
    let answer = Response::builder().status(404).header("content-type", "text/plain").body(&b"no"[..]);
    let came = run(&engine, get("/"), answer.unwrap());
    assert_eq!(came.logged().len(), 1, "{:?}", came.logged());
    assert!(came.logged()[0].contains("[id \"22\"]"));
}

#[test]
fn a_policy_whose_rules_are_not_loaded_opens_no_door() {
    let (policy, _) = Policy::parse(
        "p",
        "[transport]\nmode = \"off\"\n[rate]\nmode = \"off\"\n[gate]\nrules = [\"/nowhere.conf\"]\n",
    )
    .unwrap();
    let engine = Engine::new(policy, Keyring::new([1; 32], Vec::new()));
    let came = run(&engine, get("/"), ok());
    assert_eq!((came.code(), came.status), ("gate.rules_missing", Some(StatusCode::SERVICE_UNAVAILABLE)));
}

#[test]
fn the_built_in_rules_load_and_are_those_of_the_folder() {
    let (mut policy, _) = Policy::parse("p", "").unwrap();
    policy.load_rules(Path::new(""), &MemoryFiles::new()).unwrap();
    let set = &policy.site().gate.loaded.as_ref().unwrap().set;
    assert!(!set.is_empty());
    assert!(set.notes().is_empty(), "{:?}", set.notes());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut there: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".conf") || name.ends_with(".data"))
        .collect();
    there.sort();
    let mut listed: Vec<&str> = builtin::FILES.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert_eq!(listed, there);
}

#[test]
fn what_the_policy_sets_is_set_before_the_rules() {
    let rules = r#"
SecRuleEngine On
SecRule &TX:blocking_paranoia_level "@eq 0" "id:1,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level=1"
SecRule TX:blocking_paranoia_level "@ge 3" "id:2,phase:1,deny,log,msg:'Level %{tx.blocking_paranoia_level}'"
"#;
    assert_eq!(run(&engine("", rules), get("/"), ok()).code(), "passed");
    assert_eq!(run(&engine("paranoia = 3\n", rules), get("/"), ok()).code(), "gate.rule");
}

#[test]
fn settings_that_cannot_be_are_told_with_their_place() {
    for (policy, key) in [
        ("[gate]\nrules = []\n", "gate.rules"),
        ("[gate]\nparanoia = 5\n", "gate.paranoia"),
        ("[gate]\ninbound_threshold = 0\n", "gate.inbound_threshold"),
        ("[gate]\nbody = \"1 GiB\"\n", "gate.body"),
        ("[[gate.exclude]]\n", "gate.exclude[0]"),
        ("[[gate.exclude]]\nrule = \"9-1\"\n", "gate.exclude[0].rule"),
        ("[[gate.exclude]]\nrule = 1\ntag = \"a\"\n", "gate.exclude[0]"),
        ("[[gate.exclude]]\ntarget = \"ARGS:a;b\"\n", "gate.exclude[0].target"),
        ("[[route]]\npath = \"/\"\n[route.gate]\nrules = [\"builtin\"]\n", "route[0].gate.rules"),
    ] {
        let error = Policy::parse("p", policy).unwrap_err();
        assert_eq!(error.faults[0].key, key, "{policy}");
    }
}

#[test]
fn what_rules_remember_lasts_from_one_exchange_to_the_next_and_through_a_reload() {
    const COUNTING: &str = "SecRuleEngine On\n\
        SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.tries=+1\"\n\
        SecRule IP:TRIES \"@gt 2\" \"id:2,phase:1,deny,status:429,msg:'too often'\"\n";
    let load = || {
        let (mut policy, _) = Policy::parse(
            "p",
            "[transport]\nmode = \"off\"\n[rate]\nmode = \"off\"\n[gate]\nrules = [\"own.conf\"]\n",
        )
        .unwrap();
        policy.load_rules(Path::new("etc"), &MemoryFiles::new().with("etc/own.conf", COUNTING)).unwrap();
        policy
    };
    let ask = |engine: &Engine| run(engine, get("/"), Response::new(&b""[..])).status;
    let first = load();
    let engine = Engine::new(first.clone(), Keyring::new([1; 32], Vec::new()));
    assert_eq!(ask(&engine), Some(StatusCode::OK));
    assert_eq!(ask(&engine), Some(StatusCode::OK));
    let mut second = load();
    second.remember_as(&first);
    let reloaded = Engine::new(second, Keyring::new([1; 32], Vec::new()));
    assert_eq!(ask(&reloaded), Some(StatusCode::TOO_MANY_REQUESTS));
    let fresh = Engine::new(load(), Keyring::new([1; 32], Vec::new()));
    assert_eq!(ask(&fresh), Some(StatusCode::OK));
}
