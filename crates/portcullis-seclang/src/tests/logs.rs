//! Log lines and audit records.

use super::language::{get, send};

const RULE: &str = r#"SecRule ARGS:x "@rx attack" "id:1,phase:2,deny,status:406,log,msg:'A \"quoted\" one',logdata:'%{MATCHED_VAR}',severity:CRITICAL,tag:'a/b',ver:'v1'"
"#;

#[test]
fn a_log_line_has_the_fields_of_modsecurity_and_stays_one_line() {
    let done = get(RULE, "/p?x=attack%0a%22%5d");
    assert_eq!(
        done.log_lines(),
        [concat!(
            "[client 192.0.2.7] ModSecurity: Access denied (phase 2). Matched \"Operator `Rx' with parameter `attack' ",
            r#"against variable `ARGS:x' (Value: `attack\n\"]' )" [file "rules.conf"] [line "1"] [id "1"] [rev ""] "#,
            r#"[msg "A \"quoted\" one"] [data "attack\n\"]"] [severity "2"] [ver "v1"] [maturity "0"] [accuracy "0"] "#,
            r#"[tag "a/b"] [hostname "app.example"] [uri "/p?x=attack%0a%22%5d"] [unique_id "id-1"]"#
        )]
    );
}

#[test]
fn nolog_is_silent_and_noauditlog_is_not() {
    let line =
        |actions: &str| get(&format!("SecAction \"id:1,phase:1,pass,{actions}\"\n"), "/").log_lines().len();
    assert_eq!([line("nolog"), line("noauditlog"), line("log"), line("nolog,auditlog")], [0, 1, 1, 0]);
}

#[test]
fn an_audit_record_is_kept_of_what_is_relevant() {
    let rules = |more: &str| format!("SecAuditEngine RelevantOnly\nSecAuditLogParts ABCFHIJKZ\n{more}{RULE}");
    assert_eq!(get(&rules(""), "/?x=good").audit_record(), None);
    let record = get(&rules(""), "/?x=attack").audit_record().expect("a record");
    for line in [
        "-A--\n[25/Nov/2025:17:45:42 +0000] id-1 192.0.2.7 4000 192.0.2.1 443\n",
        "-B--\nGET /?x=attack HTTP/1.1\nHost: app.example:8443\n",
        "Action: Intercepted (phase 2)\n",
        "Engine-Mode: \"ENABLED\"\n",
        "-Z--\n",
    ] {
        assert!(record.text.contains(line), "{line} in {}", record.text);
    }
    let by_status = rules("SecAuditLogRelevantStatus \"^(?:5|4(?!04)|20)\"\n");
    assert!(get(&by_status, "/?x=good").audit_record().is_some());
}

#[test]
fn a_line_of_a_body_is_no_boundary() {
    let rules = "SecAuditEngine On\nSecAuditLogParts ABCZ\nSecAction \"id:1,phase:1,nolog,pass,ctl:forceRequestBodyVariable=On\"\n";
    let done = send(rules, "POST", "/", &[], b"a\n--1di-Z--\nb");
    let text = done.audit_record().expect("a record").text;
    assert_eq!(text.matches("\n--").count(), 3, "{text}");
}

#[test]
fn a_record_in_json_is_json_whatever_the_bytes() {
    let rules = format!(
        "SecAuditEngine On\nSecAuditLogFormat JSON\nSecAuditLogType Concurrent\nSecAuditLogParts ABCFHKZ\n{RULE}"
    );
    let headers = [("X-A", "1"), ("X-A", "2"), ("Content-Type", "application/x-www-form-urlencoded")];
    let record = send(&rules, "POST", "/", &headers, b"x=attack&y=\xff\\").audit_record().expect("a record");
    assert_eq!(record.path.as_deref(), Some("20251125/20251125-1745/20251125-174542-id-1"));
    let index = record.index.as_deref().expect("a line of the index");
    assert!(index.contains(" /20251125/20251125-1745/20251125-174542-id-1 0 "), "{index}");
    assert!(index.contains(&format!(" {} md5:", record.text.len())) && index.ends_with('\n'), "{index}");
    let read: serde_json::Value = serde_json::from_str(&record.text).expect("JSON");
    let transaction = &read["transaction"];
    assert_eq!(transaction["request"]["headers"]["X-A"], serde_json::json!(["1", "2"]));
    assert_eq!(transaction["request"]["body"], "x=attack&y=\\xff\\x5c");
    assert_eq!(transaction["response"]["http_code"], 406);
    assert_eq!(transaction["messages"][0]["details"]["ruleId"], "1");
    assert_eq!(transaction["is_interrupted"], true);
}
