//! What directives, actions and variables do, by both walks.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    Action, Collections, Disruption, EngineMode, MemoryCollections, MemoryFiles, RuleSet, Source, Start,
    Transaction, Walk,
};

/// A GET of this target under these rules, by both walks, which must agree.
pub(super) fn get(rules: &str, target: &str) -> Transaction {
    send(rules, "GET", target, &[], b"")
}

pub(super) fn send(
    rules: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Transaction {
    let set = Arc::new(load(rules));
    let plain = exchange(&set, Walk::Plain, method, target, headers, body);
    let planned = exchange(&set, Walk::Planned, method, target, headers, body);
    assert_eq!(format!("{:?}", plain.matches()), format!("{:?}", planned.matches()));
    assert_eq!(plain.intervention(), planned.intervention());
    for name in &set.slots {
        let name = String::from_utf8_lossy(name);
        assert_eq!(plain.tx(&name), planned.tx(&name), "TX:{name}");
    }
    planned
}

pub(super) fn load(rules: &str) -> RuleSet {
    let files = MemoryFiles::new().with("words.data", "# comment\nfoo bar\nbaz\n");
    RuleSet::load(&[Source::text("rules.conf", rules)], &files).unwrap_or_else(|error| panic!("{error}"))
}

fn exchange(
    set: &Arc<RuleSet>,
    walk: Walk,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Transaction {
    let start =
        Start { unique_id: "id-1".into(), now: Duration::from_secs(1_764_092_742), walk, ..Start::default() };
    let mut transaction = Transaction::new(Arc::clone(set), start);
    run(&mut transaction, method, target, headers, body);
    transaction
}

fn run(transaction: &mut Transaction, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) {
    transaction.connection(([192, 0, 2, 7], 4000).into(), ([192, 0, 2, 1], 443).into());
    transaction.request_line(method.as_bytes(), target.as_bytes(), b"HTTP/1.1");
    transaction.request_header(b"Host", b"app.example:8443");
    for (name, value) in headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    let mut going = transaction.request_head_done().is_none();
    going = going && transaction.request_body_chunk(body).is_none();
    going = going && transaction.request_body_done().is_none();
    if going {
        transaction.response_line(b"HTTP/1.1", 200, b"OK");
        transaction.response_header(b"Content-Type", b"text/html; charset=utf-8");
        going = transaction.response_head_done().is_none();
        going = going && transaction.response_body_chunk(b"<p>an answer</p>").is_none();
        let _ = going && transaction.response_body_done().is_none();
    }
    transaction.finish();
}

fn ids(transaction: &Transaction) -> Vec<u64> {
    transaction.matches().iter().map(|found| found.id).collect()
}

fn tx(transaction: &Transaction, name: &str) -> String {
    String::from_utf8(transaction.tx(name).unwrap_or_default()).unwrap()
}

#[test]
fn a_chain_matches_only_whole_but_writes_as_it_goes() {
    let rules = r#"
        SecRule ARGS "@rx ^(a)" "id:1,phase:1,pass,capture,setvar:tx.first=+1,chain,msg:'%{MATCHED_VAR_NAME}'"
            SecRule TX:1 "@streq a" "chain,setvar:tx.second=+1"
                SecRule MATCHED_VARS "@rx z$" "setvar:tx.third=+1"
    "#;
    let hit = get(rules, "/?x=az&y=ab");
    assert_eq!(ids(&hit), [1]);
    assert_eq!(
        (tx(&hit, "first"), tx(&hit, "second"), tx(&hit, "third")),
        ("2".into(), "1".into(), "1".into())
    );
    let miss = get(rules, "/?x=ab");
    assert_eq!((ids(&miss), tx(&miss, "first")), (vec![], "1".into()));
}

#[test]
fn rules_are_skipped_by_number_by_marker_and_by_id() {
    let rules = r#"
        SecAction "id:1,phase:1,pass,skip:1"
        SecAction "id:2,phase:1,pass"
        SecRule ARGS:go "@streq far" "id:3,phase:1,pass,skipAfter:END"
        SecAction "id:4,phase:1,pass,skipAfter:5"
        SecAction "id:5,phase:1,pass"
        SecMarker END
        SecAction "id:6,phase:1,pass"
    "#;
    assert_eq!(ids(&get(rules, "/?go=far")), [1, 3, 6]);
    assert_eq!(ids(&get(rules, "/?go=near")), [1, 4, 6]);
}

#[test]
fn numbers_are_added_and_text_is_expanded() {
    let rules = r#"
        SecAction "id:1,phase:1,pass,nolog,setvar:tx.a=5,setvar:tx.a=+%{tx.b},setvar:tx.c=x%{tx.a}y%{tx.none},setvar:tx.Flag"
        SecRule ARGS:n "@rx ." "id:2,phase:1,pass,nolog,setvar:'tx.a=-%{MATCHED_VAR}',setvar:tx.by_%{MATCHED_VAR}=%{unique_id},setvar:!tx.flag"
        SecRule &TX:by_3 "@eq 1" "id:3,phase:1,pass,nolog,setvar:tx.seen=1"
        SecRule TX:/^BY_/ "@streq id-1" "id:4,phase:1,pass,log,logdata:'%{MATCHED_VAR_NAME}'"
    "#;
    let done = get(rules, "/?n=3");
    assert_eq!((tx(&done, "a"), tx(&done, "C"), tx(&done, "seen")), ("2".into(), "x5y".into(), "1".into()));
    assert_eq!((done.tx("flag"), done.matches()[0].data.as_slice()), (None, b"TX:by_3".as_slice()));
}

#[test]
fn allow_ends_the_phase_the_request_or_all() {
    let rules = |scope: &str| {
        format!(
            "SecAction \"id:1,phase:1,allow{scope},nolog\"\nSecAction \"id:2,phase:1,pass\"\nSecAction \"id:3,phase:2,pass\"\n\
             SecAction \"id:4,phase:3,pass\"\nSecAction \"id:5,phase:5,pass\"\n"
        )
    };
    assert_eq!(ids(&get(&rules(":phase"), "/")), [3, 4, 5]);
    assert_eq!(ids(&get(&rules(":request"), "/")), [4, 5]);
    assert_eq!(ids(&get(&rules(""), "/")), [5]);
    let watched = format!("SecRuleEngine DetectionOnly\n{}", rules(""));
    assert_eq!(ids(&get(&watched, "/")), [2, 3, 4, 5]);
}

#[test]
fn what_stops_an_exchange_says_how() {
    let stop = |action: &str| {
        let rules = format!("SecRule ARGS:x \"@streq 1\" \"id:7,phase:2,{action},msg:'no %{{ARGS.x}}'\"\n");
        get(&rules, "/?x=1").intervention().cloned().expect("a stop")
    };
    let denied = stop("deny,status:406");
    assert_eq!(
        (denied.action, denied.status, denied.rule_id, denied.message),
        (Action::Deny, 406, 7, "no 1".into())
    );
    assert_eq!(stop("drop").action, Action::Drop);
    let sent = stop("redirect:https://app.example/%{ARGS.x},status:303");
    assert_eq!((sent.action, sent.status), (Action::Redirect(b"https://app.example/1".to_vec()), 303));
}

#[test]
fn block_does_what_the_default_of_the_phase_says() {
    let rules = "SecDefaultAction \"phase:1,log,deny,status:401,t:lowercase\"\n\
                 SecRule ARGS:x \"@streq abc\" \"id:1,phase:1,block\"\nSecRule ARGS:x \"@streq abc\" \"id:2,phase:2,block\"\n";
    assert_eq!(get(rules, "/?x=ABC").intervention().map(|stop| (stop.rule_id, stop.status)), Some((1, 401)));
    let none = rules.replace("phase:1,block", "phase:1,t:none,block");
    assert_eq!(get(&none, "/?x=ABC").intervention(), None);
}

#[test]
fn a_set_that_only_watches_tells_what_it_would_have_stopped() {
    let rules =
        "SecRuleEngine DetectionOnly\nSecAction \"id:1,phase:1,deny\"\nSecAction \"id:2,phase:2,pass\"\n";
    let done = get(rules, "/");
    assert_eq!((ids(&done), done.intervention()), (vec![1, 2], None));
    assert_eq!(done.matches()[0].disruptive, Disruption::WouldStop);
    assert!(done.log_lines()[0].contains("ModSecurity: Warning."), "{}", done.log_lines()[0]);
}

#[test]
fn rules_and_their_variables_are_taken_out_for_one_transaction() {
    let rules = r#"
        SecRule REQUEST_FILENAME "@streq /id" "id:1,phase:1,nolog,pass,ctl:ruleRemoveById=10-11"
        SecRule REQUEST_FILENAME "@streq /tag" "id:2,phase:1,nolog,pass,ctl:ruleRemoveByTag=^group/b"
        SecRule REQUEST_FILENAME "@streq /msg" "id:3,phase:1,nolog,pass,ctl:ruleRemoveByMsg=second"
        SecRule REQUEST_FILENAME "@streq /target" "id:4,phase:1,nolog,pass,ctl:ruleRemoveTargetById=10;ARGS:/^no/,ctl:ruleRemoveTargetByTag=group/b;ARGS"
        SecRule REQUEST_FILENAME "@streq /off" "id:5,phase:1,nolog,pass,ctl:ruleEngine=Off"
        SecRule ARGS "@rx attack" "id:10,phase:2,pass,tag:group/a,msg:'first'"
        SecRule ARGS "@rx attack" "id:12,phase:2,pass,tag:group/b,msg:'second'"
    "#;
    assert_eq!(ids(&get(rules, "/?note=attack")), [10, 12]);
    assert_eq!(ids(&get(rules, "/id?note=attack")), [12]);
    assert_eq!(ids(&get(rules, "/tag?note=attack")), [10]);
    assert_eq!(ids(&get(rules, "/msg?note=attack")), [10]);
    assert_eq!(ids(&get(rules, "/target?note=attack")), [] as [u64; 0]);
    assert_eq!(ids(&get(rules, "/target?other=attack")), [10]);
    assert_eq!(ids(&get(rules, "/off?note=attack")), [] as [u64; 0]);
}

#[test]
fn rules_are_changed_after_they_were_written() {
    let rules = r#"
        SecRule ARGS|REQUEST_COOKIES "@rx attack" "id:1,phase:2,pass,tag:t1"
        SecRule ARGS "@rx attack" "id:2,phase:2,pass,tag:t2"
        SecRule ARGS "@rx attack" "id:3,phase:2,pass,msg:'third'"
        SecRule ARGS "@rx attack" "id:4,phase:2,pass,chain"
            SecRule ARGS:a "@rx attack"
        SecRuleUpdateTargetById 1 "!ARGS:/^b/"
        SecRuleUpdateTargetByTag t2 "REQUEST_HEADERS:X-Note"
        SecRuleUpdateTargetById 4:1 "ARGS:b" "ARGS:a"
        SecRuleRemoveByMsg third
        SecRuleUpdateActionById 2 "deny,status:409"
        SecRuleRemoveById 99
    "#;
    assert_eq!(ids(&get(rules, "/?a=attack")), [1, 2]);
    let note = send(rules, "GET", "/?c=x", &[("X-Note", "attack"), ("Cookie", "b=attack")], b"");
    assert_eq!((ids(&note), note.intervention().map(|stop| stop.status)), (vec![1, 2], Some(409)));
    let set = load(rules);
    assert_eq!(set.ids().collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(set.notes().len(), 1);
    assert!(
        set.notes()[0].to_string().contains("rules.conf:12:9: no rule is meant by this"),
        "{}",
        set.notes()[0]
    );
    let four = "SecRule ARGS \"@rx attack\" \"id:4,phase:2,pass,chain\"\nSecRule ARGS:a \"@rx attack\"\nSecRuleUpdateTargetById 4:1 \"ARGS:b\" \"ARGS:a\"\n";
    assert_eq!(ids(&get(four, "/?b=attack")), [4]);
    assert_eq!(ids(&get(four, "/?a=attack")), [] as [u64; 0]);
}

#[test]
fn collections_outlive_a_transaction_and_their_variables_expire() {
    let rules = r#"
        SecAction "id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.count=+1,expirevar:ip.count=60"
        SecRule IP:COUNT "@gt 2" "id:2,phase:1,deny,status:429"
    "#;
    let set = Arc::new(load(rules));
    let store = Arc::new(MemoryCollections::new(10));
    let at = |seconds: u64| {
        let collections: Option<Arc<dyn Collections>> = Some(store.clone());
        let now = Duration::from_secs(1000 + seconds);
        let start = Start { now, collections, ..Start::default() };
        let mut transaction = Transaction::new(Arc::clone(&set), start);
        run(&mut transaction, "GET", "/", &[], b"");
        transaction.intervention().map(|stop| stop.status)
    };
    assert_eq!([at(0), at(1), at(2), at(3)], [None, None, Some(429), Some(429)]);
    assert_eq!(at(64), None);
    assert_eq!(store.len(), 1);
}

#[test]
fn a_store_that_is_full_lets_the_oldest_go() {
    let store = MemoryCollections::new(4);
    for client in 0..100_u64 {
        let change = [crate::VarChange::Set { name: b"a".to_vec(), value: b"1".to_vec() }];
        let key = client.to_string();
        let now = Duration::from_secs(client);
        store.change(crate::Variable::Ip, key.as_bytes(), &change, Duration::from_secs(3600), now);
        assert!(store.len() <= 4);
    }
    assert_eq!(store.load(crate::Variable::Ip, b"99", Duration::from_secs(100)).len(), 1);
}

#[test]
fn bodies_are_read_by_their_processor() {
    let json = "SecRule REQUEST_HEADERS:Content-Type \"@rx json\" \"id:9,phase:1,nolog,pass,ctl:requestBodyProcessor=JSON\"\n";
    let rules = format!(
        "{json}SecRule ARGS_POST:json.a.0 \"@streq x\" \"id:1,phase:2,pass\"\nSecRule ARGS_POST:f \"@streq a b\" \"id:2,phase:2,pass\"\n\
         SecRule FILES \"@streq a.txt\" \"id:3,phase:2,pass\"\nSecRule FILES_TMP_CONTENT \"@contains inside\" \"id:4,phase:2,pass\"\n\
         SecRule REQBODY_ERROR \"!@eq 0\" \"id:5,phase:2,pass,logdata:'%{{REQBODY_ERROR_MSG}}'\"\nSecRule MULTIPART_STRICT_ERROR \"!@eq 0\" \"id:6,phase:2,pass\"\n\
         SecRule REQUEST_BODY \"@rx .\" \"id:7,phase:2,pass\"\n"
    );
    let post = |kind: &str, body: &str| send(&rules, "POST", "/", &[("Content-Type", kind)], body.as_bytes());
    assert_eq!(ids(&post("application/json", r#"{"a":["x"]}"#)), [1]);
    assert_eq!(ids(&post("application/json", r#"{"a":["x"]"#)), [1, 5]);
    assert_eq!(ids(&post("application/x-www-form-urlencoded", "f=a+b")), [2, 7]);
    let parts =
        "--b\r\nContent-Disposition: form-data; name=\"u\"; filename=\"a.txt\"\r\n\r\ninside\r\n--b--\r\n";
    assert_eq!(ids(&post("multipart/form-data; boundary=b", parts)), [3, 4]);
    assert_eq!(ids(&post("multipart/form-data; boundary=b", "--b\nContent-Disposition: x")).last(), Some(&6));
    assert_eq!(ids(&post("text/plain", "f=a+b")), [] as [u64; 0]);
}

#[test]
fn bodies_beyond_their_limit_are_refused_or_cut() {
    let rules = "SecRequestBodyLimit 8\nSecRule ARGS:f \"@streq 123456\" \"id:1,phase:2,pass\"\nSecRule INBOUND_DATA_ERROR \"@eq 1\" \"id:2,phase:2,pass\"\n";
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let refused = send(rules, "POST", "/", &form, b"f=123456789");
    assert_eq!(refused.intervention().map(|stop| (stop.status, stop.rule_id)), Some((413, 0)));
    let partial = format!("SecRequestBodyLimitAction ProcessPartial\n{rules}");
    assert_eq!(ids(&send(&partial, "POST", "/", &form, b"f=123456789")), [1, 2]);
    let watched = format!("SecRuleEngine DetectionOnly\n{rules}");
    assert_eq!(send(&watched, "POST", "/", &form, b"f=123456789").intervention(), None);
}

#[test]
fn answers_are_judged_by_status_headers_and_body() {
    let rules = "SecResponseBodyAccess On\nSecRule RESPONSE_STATUS \"@eq 200\" \"id:1,phase:3,pass\"\n\
                 SecRule RESPONSE_HEADERS:content-type \"@beginsWith text/html\" \"id:2,phase:3,pass\"\n\
                 SecRule RESPONSE_BODY \"@contains answer\" \"id:3,phase:4,deny\"\nSecRule RESPONSE_CONTENT_TYPE \"@streq text/html\" \"id:4,phase:5,pass\"\n";
    let done = get(rules, "/");
    assert_eq!((ids(&done), done.intervention().map(|stop| stop.rule_id)), (vec![1, 2, 3, 4], Some(3)));
    let other = format!("SecResponseBodyMimeType application/json\n{rules}");
    assert_eq!(ids(&get(&other, "/")), [1, 2, 4]);
}

#[test]
fn the_request_is_cut_into_variables() {
    let asked = |variable: &str, target: &str| {
        let rules =
            format!("SecRule {variable} \"@rx ^(.*)$\" \"id:1,phase:2,pass,capture,logdata:'%{{TX.1}}'\"\n");
        let headers = [("Cookie", "a=1; b=x=y ;c"), ("Authorization", "Basic YTpi")];
        let done = send(&rules, "GET", target, &headers, b"");
        done.matches()
            .iter()
            .flat_map(|found| &found.values)
            .map(|value| String::from_utf8_lossy(&value.value).into_owned())
            .collect::<Vec<_>>()
    };
    let target = "http://other.example/a%20b/c.php?x=1&x=%32&y";
    assert_eq!(asked("REQUEST_URI_RAW", target), [target]);
    assert_eq!(asked("REQUEST_URI", target), ["/a%20b/c.php?x=1&x=%32&y"]);
    assert_eq!(asked("REQUEST_FILENAME", target), ["/a b/c.php"]);
    assert_eq!(asked("REQUEST_BASENAME", target), ["c.php"]);
    assert_eq!(asked("QUERY_STRING", target), ["x=1&x=%32&y"]);
    assert_eq!(asked("ARGS:X", target), ["1", "2"]);
    assert_eq!(asked("ARGS_NAMES", target), ["x", "x", "y"]);
    assert_eq!(asked("&ARGS", target), ["3"]);
    assert_eq!(asked("ARGS_COMBINED_SIZE", target), ["5"]);
    assert_eq!(asked("REQUEST_COOKIES", target), ["1", "x=y ", ""]);
    assert_eq!(asked("REQUEST_COOKIES_NAMES", target), ["a", "b", "c"]);
    assert_eq!(asked("REQUEST_LINE", "/"), ["GET / HTTP/1.1"]);
    assert_eq!(
        asked("AUTH_TYPE|SERVER_NAME|REMOTE_ADDR|SERVER_PORT", "/"),
        ["Basic", "app.example", "192.0.2.7", "443"]
    );
    assert_eq!(asked("TIME|TIME_WDAY|TIME_YEAR", "/"), ["17:45:42", "2", "2025"]);
}

#[test]
fn each_step_is_judged_with_multi_match() {
    let rules = "SecRule ARGS \"@rx ^%41|^A|^a\" \"id:1,phase:2,pass,multiMatch,t:urlDecodeUni,t:removeNulls,t:lowercase,setvar:tx.n=+1\"\n";
    assert_eq!(tx(&get(rules, "/?x=%2541"), "n"), "3");
}

#[test]
fn a_site_may_only_watch_a_set_that_stops() {
    let set = Arc::new(load("SecRuleEngine On\nSecAction \"id:1,phase:1,deny\"\n"));
    let start = Start { engine: Some(EngineMode::DetectionOnly), ..Start::default() };
    let mut transaction = Transaction::new(set, start);
    run(&mut transaction, "GET", "/", &[], b"");
    assert_eq!((ids(&transaction), transaction.intervention()), (vec![1], None));
}

#[test]
fn phrases_come_from_a_file_beside_the_rules() {
    let rules = "SecRule ARGS \"@pmFromFile words.data\" \"id:1,phase:2,pass,capture,logdata:'%{TX.0}'\"\n";
    assert_eq!(get(rules, "/?x=a+FOO+bar").matches()[0].data, b"FOO bar");
    assert_eq!(ids(&get(rules, "/?x=comment")), [] as [u64; 0]);
}
