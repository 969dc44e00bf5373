use std::collections::BTreeMap;
use std::path::Path;

use super::*;

const LINE: &str = r#"{"portcullis.sequence":4,"timestamp":"2026-11-24T02:40:00.000Z","portcullis.id":"0123456789abcdef",
"portcullis.outcome":"refused","portcullis.layer":"csrf","portcullis.reason":"csrf.foreign_origin",
"portcullis.sentence":"the header `origin` names `https://evil.example`, which is not this site",
"portcullis.why":"a foreign page can act in the visitor's name (CWE-352)","portcullis.evidence.place":"header `origin`",
"portcullis.evidence.bytes":"https://evil.example","portcullis.exception":"[[route]]\npath = \"/transfer\"\n",
"http.request.method":"POST","url.scheme":"https","url.path":"/transfer","url.query":"to=7",
"server.address":"shop.example","server.port":8443,"client.address":"192.0.2.1","http.response.status_code":403}"#;

#[test]
fn a_refusal_by_rules_tells_each_with_the_match_marked() {
    let line = concat!(
        r#"{"portcullis.sequence":1,"timestamp":"2026-11-24T02:00:00.000Z","portcullis.id":"bbbbbbbbbbbbbbbb","#,
        r#""portcullis.outcome":"refused","portcullis.layer":"gate","portcullis.reason":"gate.sql_injection","#,
        r#""portcullis.sentence":"scored","portcullis.score":10,"portcullis.rules":[{"id":942100,"#,
        r#""message":"SQL Injection","variable":"ARGS:q","value":"1' or 1=1","matched":"or 1=1","#,
        r#""operator":"@rx or","steps":[{"transform":"","value":"1%27+or 1=1"},"#,
        r#"{"transform":"urlDecodeUni","value":"1' or 1=1"}],"severity":"CRITICAL","at":"rules.conf:7:1"}]}"#
    );
    let told = to_text(&explain(line).unwrap());
    for part in [
        "a score of 10",
        "942100  SQL Injection (CRITICAL, rules.conf:7:1)",
        "in ARGS:q by @rx or",
        "as sent         1%27+or 1=1",
        "t:urlDecodeUni  1' or 1=1",
        "judged          1' »or 1=1«",
    ] {
        assert!(told.contains(part), "{part} not in {told}");
    }
}

#[test]
fn a_refusal_is_explained_with_its_layer_reason_bytes_and_exception() {
    let text = to_text(&explain(LINE).unwrap());
    for part in [
        "REFUSED by the layer `csrf`: csrf.foreign_origin, answered with 403",
        "from 192.0.2.1  id 0123456789abcdef",
        "POST https://shop.example:8443/transfer?to=7",
        "The header `origin` names `https://evil.example`, which is not this site.",
        "The bytes, in the header `origin`\n  https://evil.example",
        "A foreign page can act",
        "  [[route]]\n  path = \"/transfer\"",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn what_only_the_sender_can_mend_says_so() {
    let line = LINE.replace("portcullis.exception", "x");
    assert!(to_text(&explain(&line).unwrap()).contains("only the sender can mend it"));
}

#[test]
fn an_event_without_a_why_borrows_its_layer_s() {
    let line = r#"{"portcullis.outcome":"noted","portcullis.layer":"cookies","portcullis.reason":"cookies.x","portcullis.sentence":"a cookie was dropped"}"#;
    let text = to_text(&explain(line).unwrap());
    assert!(text.contains("NOTED"));
    assert!(text.contains("CWE-614"));
    assert!(!text.contains("What would let it pass"));
}

#[test]
fn a_tampered_log_moves_no_terminal() {
    let line = r#"{"portcullis.outcome":"refused","portcullis.sentence":"\u001b[2J","portcullis.exception":"a\u001b\nb","portcullis.id":"\u0007"}"#;
    let text = to_text(&explain(line).unwrap());
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
}

#[test]
fn what_is_no_event_is_not_explained() {
    for line in ["", "{", "[]", "{}", "null", r#"{"portcullis.outcome":1}"#] {
        assert!(explain(line).is_none(), "{line}");
    }
}

#[test]
fn every_layer_has_a_why() {
    for layer in Layer::ALL {
        assert!(why(layer.name()).unwrap().contains("CWE-"), "{}", layer.name());
    }
    assert_eq!(why("nobody"), None);
}

/// Codes are found in the sources, so that a new reason cannot forget to be of its layer, or take
/// another's name.
#[test]
fn every_code_begins_with_its_layer_s_folder_and_stands_for_one_reason() {
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let layers = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/layers");
    for stage in std::fs::read_dir(layers).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        for room in std::fs::read_dir(stage.path()).unwrap().flatten() {
            let folder = room.file_name().into_string().unwrap();
            for file in ["reason.rs", "fault.rs"] {
                let Ok(source) = std::fs::read_to_string(room.path().join(file)) else { continue };
                for literal in source.split('"').skip(1).step_by(2) {
                    let Some((layer, reason)) = literal.split_once('.') else { continue };
                    let is_code = Layer::ALL.iter().any(|known| known.name() == layer)
                        && !reason.is_empty()
                        && reason
                            .bytes()
                            .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
                    if is_code {
                        assert_eq!(layer, folder, "{literal}");
                        *codes.entry(literal.to_owned()).or_default() += 1;
                    }
                }
            }
        }
    }
    assert!(codes.len() > 40, "{}", codes.len());
    let doubled: Vec<_> = codes.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
}
