use portcullis::Policy;
use portcullis_seclang::MemoryFiles;

use super::judge::{Judge, rules_alone};
use super::{read, report};

fn judge(policy: &str) -> Judge {
    let text = rules_alone(policy, &[]).unwrap();
    let (mut policy, _) = Policy::parse("p", &text).unwrap_or_else(|error| panic!("{error}: {text}"));
    policy.load_rules(std::path::Path::new(""), &MemoryFiles::new()).unwrap();
    Judge::new(policy)
}

fn replay(policy: &str, recording: &[u8]) -> (Vec<Option<u64>>, String) {
    let judge = judge(policy);
    let recorded = read::read(recording).unwrap();
    let verdicts: Vec<_> = recorded.iter().map(|recorded| judge.judge(recorded)).collect();
    let rules = verdicts
        .iter()
        .map(|verdict| verdict.as_ref().map(|refused| refused.rules.first().map_or(0, |rule| rule.id)))
        .collect();
    (rules, report::words(&recorded, &verdicts, 5))
}

#[test]
fn a_har_file_is_judged_request_by_request() {
    let har = br#"{"log":{"version":"1.2","entries":[
        {"request":{"method":"GET","url":"https://shop.example/search?q=red%20shoes","headers":[{"name":":authority","value":"shop.example"},{"name":"Accept","value":"*/*"}]}},
        {"request":{"method":"GET","url":"https://shop.example/search?q=1'%20or%20'1'%3D'1","headers":[]}},
        {"request":{"method":"POST","url":"https://shop.example/c","headers":[],"postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"text","value":"<script>alert(1)</script>"}]}}},
        {"request":{"method":"POST","url":"https://shop.example/c","headers":[],"postData":{"mimeType":"application/json","text":"eyJhIjoiOyBjYXQgL2V0Yy9wYXNzd2QifQ==","encoding":"base64"}}}
    ]}}"#;
    let (rules, told) = replay("", har);
    assert_eq!(rules, [None, Some(100_201), Some(100_202), Some(100_203)], "{told}");
    assert!(told.starts_with("3 of 4 requests would be refused\n"), "{told}");
    assert!(told.contains("rule 100201") && told.contains("entry 2: GET /search"), "{told}");
}

#[test]
fn json_lines_with_labels_give_both_rates() {
    let lines = br#"{"url":"/?q=hello","label":"ordinary","class":"search"}
{"url":"/?q=%3Cscript%3Ealert(1)%3C/script%3E","label":"attack","class":"xss"}

{"method":"POST","url":"/x","headers":{"Content-Type":"application/json"},"body":"{\"a\":\"O'Brien\"}","label":"ordinary"}
{"url":"/?q=quiet","headers":[["X-A","b"]],"label":"attack","class":"xss"}
"#;
    let (rules, told) = replay("", lines);
    assert_eq!(rules, [None, Some(100_202), None, None], "{told}");
    for part in [
        "true positives                   1 of       2",
        "false positives                  0 of       2",
        "attacks that pass (1)\n  line 5",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn raw_requests_are_read_one_after_another() {
    let raw = b"GET /?host=a;cat+/etc/passwd HTTP/1.1\r\nHost: a.example\r\n\r\nPOST /b HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\nx=hello\nGET / HTTP/1.1\nHost: a.example\n";
    let (rules, told) = replay("", raw);
    assert_eq!(rules, [Some(100_203), None, None], "{told}");
}

#[test]
fn the_policy_decides_and_layers_that_judge_callers_stay_out() {
    let policy = "[host]\nnames = [\"other.example\"]\n[gate]\nmode = \"observe\"\n[[gate.exclude]]\nrule = 100203\ntarget = \"ARGS:host\"\n";
    let raw = b"POST /?host=a;cat+/etc/passwd HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let (rules, told) = replay(policy, raw);
    assert_eq!(rules, [None], "{told}");
}

#[test]
fn labelled_values_are_judged_as_fields_of_a_form() {
    let (rules, told) =
        replay("", b"# made\nattack\tshell\t127.0.0.1\\nid\nordinary\tname\tO'Brien & sons\n");
    assert_eq!(rules, [Some(100_203), None], "{told}");
}

#[test]
fn a_recording_that_cannot_be_read_is_told_with_its_place() {
    for (recording, place) in [
        (&b""[..], "empty"),
        (b"{\"url\": \"/\"}\n{\"link\": 1}\n", "line 2"),
        (b"{\"url\": \"/\", \"label\": \"bad\"}", "line 1: the label `bad`"),
        (b"hello there\n", "request 1"),
        (b"POST / HTTP/1.1\r\nContent-Length: 90\r\n\r\nx", "of a body of 90 bytes there are 1"),
        (b"attack\tshell\n", "line 1"),
        (b"attack\tshell\t\\q\n", "`\\q` is no escape"),
    ] {
        let error = read::read(recording).unwrap_err();
        assert!(error.contains(place), "{place} in {error}");
    }
}
