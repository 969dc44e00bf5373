//! Both walks find the same: on the Core Rule Set, for requests made of attacks, of words and of noise.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::crs::sources;
use crate::{Disk, RuleSet, Start, Transaction, Walk};

/// One exchange.
#[derive(Debug, Clone)]
struct Exchange {
    method: &'static str,
    path: Vec<u8>,
    headers: Vec<(&'static str, Vec<u8>)>,
    kind: &'static str,
    body: Vec<u8>,
    answer: Vec<u8>,
}

const BODIES: &str = r#"SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@rx ^text/xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecResponseBodyAccess On
"#;

/// At the first level and blocking, at the last and watching, and with a level that only the request tells.
static SETS: LazyLock<[Arc<RuleSet>; 3]> = LazyLock::new(|| {
    [
        format!("SecRuleEngine On\n{BODIES}"),
        format!(
            "SecRuleEngine DetectionOnly\n{BODIES}SecAction \"id:900000,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level=4\"\n"
        ),
        format!(
            "SecRuleEngine DetectionOnly\n{BODIES}SecRule ARGS:level \"@rx ^[1-4]$\" \"id:900000,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level=%{{MATCHED_VAR}}\"\n\
             SecRule ARGS:without \"@rx .\" \"id:900001,phase:1,pass,nolog,ctl:ruleRemoveByTag=attack-sqli,ctl:ruleRemoveTargetById=941100-941999;ARGS\"\n\
             SecRule ARGS:bare \"@rx .\" \"id:900002,phase:1,pass,nolog,ctl:ruleRemoveById=900000-959999\"\n"
        ),
    ]
    .map(|before| Arc::new(RuleSet::load(&sources(&before), &Disk).unwrap_or_else(|error| panic!("{error}"))))
});

/// Everything that can be seen of an exchange.
fn seen(set: &Arc<RuleSet>, exchange: &Exchange, walk: Walk) -> String {
    let start = Start { unique_id: "walks".to_owned(), walk, ..Start::default() };
    let mut transaction = Transaction::new(Arc::clone(set), start);
    transaction.connection(([192, 0, 2, 7], 4000).into(), ([192, 0, 2, 1], 443).into());
    transaction.request_line(exchange.method.as_bytes(), &exchange.path, b"HTTP/1.1");
    transaction.request_header(b"Host", b"app.example");
    transaction.request_header(b"User-Agent", b"Mozilla/5.0 (X11; Linux x86_64)");
    for (name, value) in &exchange.headers {
        transaction.request_header(name.as_bytes(), value);
    }
    if !exchange.body.is_empty() {
        transaction.request_header(b"Content-Type", exchange.kind.as_bytes());
        transaction.request_header(b"Content-Length", exchange.body.len().to_string().as_bytes());
    }
    let mut stopped = transaction.request_head_done();
    if stopped.is_none() {
        stopped = transaction.request_body_chunk(&exchange.body);
    }
    if stopped.is_none() {
        stopped = transaction.request_body_done();
    }
    if stopped.is_none() {
        transaction.response_line(b"HTTP/1.1", 200, b"OK");
        transaction.response_header(b"Content-Type", b"text/html");
        stopped = transaction.response_head_done();
    }
    if stopped.is_none() {
        stopped = transaction.response_body_chunk(&exchange.answer);
    }
    if stopped.is_none() {
        stopped = transaction.response_body_done();
    }
    transaction.finish();
    let variables: Vec<String> = set
        .slots
        .iter()
        .filter_map(|name| {
            let name = String::from_utf8_lossy(name).into_owned();
            let value = transaction.tx(&name)?;
            Some(format!("{name}={}", String::from_utf8_lossy(&value)))
        })
        .collect();
    format!("{stopped:?}\n{:#?}\n{variables:#?}\n{:?}", transaction.matches(), transaction.log_lines())
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "hello",
        "O'Brien",
        "SELECT",
        "1 OR 1=1",
        "<script>",
        "../../etc/passwd",
        "; ls -la",
        "$(id)",
        "%27",
        "%u0027",
        "&#x27;",
        "union select",
        "javascript:",
        "http://127.0.0.1/",
        "${jndi:ldap://x}",
        "<?php",
        "\\u0041",
        "ſcript",
        "\u{212a}",
        "/* */",
        "--",
        "%0d%0aSet-Cookie:",
        "onload=",
        "{{7*7}}",
        "__proto__",
        "a=b",
        "x[y][z]",
        "%ff%fe",
        "ORA-00933: x",
        "cat /etc/hosts|",
        "\0",
        "=",
        "&",
        ";",
        "\"",
        "(",
        ")",
        "+",
    ])
    .prop_map(|word| word.as_bytes().to_vec());
    prop_oneof![
        4 => words,
        2 => "[a-zA-Z0-9 ._-]{0,24}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..5).prop_map(|pieces| pieces.concat())
}

fn form() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![
        "q",
        "id",
        "level=2&x",
        "without",
        "bare",
        "name",
        "a.b",
        "x[]",
        "_method",
    ]);
    prop::collection::vec((name, value()), 0..5).prop_map(|fields| {
        fields
            .into_iter()
            .map(|(name, value)| [name.as_bytes(), b"=", &value].concat())
            .collect::<Vec<_>>()
            .join(&b'&')
    })
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "OPTIONS"]);
    let header = (
        prop::sample::select(vec!["Referer", "Cookie", "Accept", "Range", "X-Filename", "Accept-Encoding"]),
        value(),
    );
    let kind = prop::sample::select(vec![
        "application/x-www-form-urlencoded",
        "application/json",
        "text/xml",
        "multipart/form-data; boundary=b",
        "text/plain; charset=utf-7",
    ]);
    let body = prop_oneof![
        3 => form(),
        1 => value().prop_map(|value| format!("{{\"a\":[{:?}]}}", String::from_utf8_lossy(&value)).into_bytes()),
        1 => value().prop_map(|value| [b"<a b='c'>".as_slice(), &value, b"</a>"].concat()),
        1 => value().prop_map(|value| {
            [b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n".as_slice(), &value, b"\r\n--b--\r\n"]
                .concat()
        }),
        1 => Just(Vec::new()),
    ];
    (method, form(), prop::collection::vec(header, 0..3), kind, body, value()).prop_map(
        |(method, query, headers, kind, body, answer)| Exchange {
            method,
            path: [b"/app/page?".as_slice(), &query].concat(),
            headers,
            kind,
            body,
            answer,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn both_walks_see_the_same(exchange in exchange()) {
        for set in SETS.iter() {
            prop_assert_eq!(seen(set, &exchange, Walk::Planned), seen(set, &exchange, Walk::Plain));
        }
    }
}
