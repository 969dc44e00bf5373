use http::StatusCode;
use proptest::prelude::*;

use super::*;
use crate::policy::Policy;
use crate::verdict::Grounds;

fn breadth(policy: &str, status: u16) -> Option<Breadth> {
    let (policy, _) = Policy::parse("p", policy).unwrap();
    policy.site().leak.breadth(StatusCode::from_u16(status).unwrap(), false)
}

fn found_at(status: u16, body: &str) -> Option<Reason> {
    let mut scanner = Scanner::new(breadth("", status).unwrap());
    scanner.push(body.as_bytes()).or_else(|| scanner.end())
}

fn of(reason: Option<Reason>) -> Option<&'static str> {
    reason.map(|reason| match reason {
        Reason::ShowsTrace { of, .. }
        | Reason::ShowsDebugger { of, .. }
        | Reason::ShowsDatabaseError { of, .. }
        | Reason::ShowsSecret { of, .. } => of,
    })
}

/// Letters that look drawn, so that no token stands in the sources.
fn drawn(length: usize) -> String {
    const LETTERS: &[u8] = b"qW7eRt2YuI9oPaSd4FgHjK1lZxCv8BnMQwE3rTyU6iOp5AsDfGhJkLzXcVbNm";
    (0..length).map(|n| char::from(LETTERS[(n * 7 + n / 9) % LETTERS.len()])).collect()
}

fn capitals(length: usize) -> String {
    const LETTERS: &[u8] = b"QWERTYUIOPASDFGHJKLZXCVBNM234567";
    (0..length).map(|n| char::from(LETTERS[(n * 11 + n / 7) % LETTERS.len()])).collect()
}

fn hex(length: usize) -> String {
    (0..length).map(|n| char::from(b"0f1e2d3c4b5a6978"[(n * n * 7 + n * 3 + n / 5) % 16])).collect()
}

const PYTHON: &str = "Traceback (most recent call last):\n  File \"/app/v.py\", line 7, in show\n    1 / 0\n";

#[test]
fn traces_on_error_pages_are_found_in_every_form() {
    for (whose, body) in [
        ("Python", PYTHON.to_owned()),
        ("Python", "<pre>Traceback (most recent call last):\n File &quot;/app/v.py&quot;, line 7, in f</pre>".to_owned()),
        ("Python", "{\"error\": \"Traceback (most recent call last):\\n  File \\\"/app/v.py\\\", line 7, in f\"}".to_owned()),
        ("Java", "java.lang.NullPointerException: x\n\tat com.shop.Cart.total(Cart.java:42)\n\tat java.base/java.lang.Thread.run(Thread.java:840)".to_owned()),
        ("Java", "at com.shop.Cart.&lt;init&gt;(Cart.kt:4)".to_owned()),
        ("Node", "TypeError: x is undefined\n    at total (/srv/app/cart.js:12:9)\n    at Layer.handle [as handle_request] (/srv/node_modules/express/lib/router/layer.js:95:5)".to_owned()),
        ("Node", "Error: x<br> &nbsp; &nbsp;at /srv/app/cart.js:12:9<br>".to_owned()),
        ("Node", "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)".to_owned()),
        ("Rust", "thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds".to_owned()),
        ("Rust", "thread &#x27;tokio-rt&#x27; panicked at &#x27;x&#x27;, src/main.rs:4:5".to_owned()),
        ("Rust", "stack backtrace:\n   0: rust_begin_unwind".to_owned()),
        ("Ruby", "app/models/cart.rb:12:in `total'".to_owned()),
        ("Go", "goroutine 1 [running]:\nmain.main()".to_owned()),
        (".NET", "   at Shop.Cart.Total(Int32 id) in C:\\src\\Cart.cs:line 42".to_owned()),
        ("PHP", "PHP Fatal error:  Uncaught Error: x in /var/www/cart.php on line 3".to_owned()),
        ("PHP", "Stack trace:\n#0 /var/www/cart.php(12): total()\n".to_owned()),
    ] {
        assert_eq!(of(found_at(500, &body)), Some(whose), "{body}");
        assert_eq!(of(found_at(200, &body)), None, "at 200: {body}");
    }
}

#[test]
fn database_errors_on_error_pages_are_found() {
    for (whose, body) in [
        (
            "MySQL",
            "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version",
        ),
        ("MySQL", "(1054, \"Unknown column 'x' in 'where clause'\")"),
        ("PostgreSQL", "ERROR:  syntax error at or near \"'\"\nLINE 1: SELECT"),
        ("PostgreSQL", "psycopg2.errors.UndefinedColumn: column \"x\" does not exist"),
        ("SQLite", "sqlite3.OperationalError: near \"'\": syntax error"),
        ("SQLite", "near &quot;FROM&quot;: syntax error"),
        ("SQLite", "OperationalError: no such column: nmae"),
        ("Oracle", "ORA-00933: SQL command not properly ended"),
        ("SQL Server", "Unclosed quotation mark after the character string ''."),
        ("SQL", "SQLSTATE[42000]: Syntax error or access violation"),
        ("SQL", "(Background on this error at: https://sqlalche.me/e/20/e3q8)"),
    ] {
        assert_eq!(of(found_at(500, body)), Some(whose), "{body}");
        assert_eq!(of(found_at(200, body)), None, "at 200: {body}");
    }
}

#[test]
fn debuggers_and_unescaped_errors_are_found_at_any_status() {
    for (whose, body) in [
        ("Werkzeug", "<title>ZeroDivisionError: division by zero\n // Werkzeug Debugger</title>"),
        ("Werkzeug", "<link rel=\"stylesheet\" href=\"?__debugger__=yes&amp;cmd=resource&amp;f=style.css\">"),
        (
            "Django",
            "<p>You\u{2019}re seeing this error because you have\n <code>DEBUG = True</code> in your settings",
        ),
        (
            "PHP",
            "<br />\n<b>Warning</b>:  Undefined variable $x in <b>/var/www/a.php</b> on line <b>3</b><br />",
        ),
        (
            "PHP",
            "<b>Fatal error</b>:  Uncaught PDOException: x in /var/www/a.php:3\nStack trace:\n#0 {main}\n  thrown in <b>/var/www/a.php</b> on line <b>3</b><br />",
        ),
    ] {
        for status in [200, 404, 500] {
            assert_eq!(of(found_at(status, body)), Some(whose), "{status} {body}");
        }
    }
}

#[test]
fn a_page_that_talks_about_errors_is_an_ordinary_page() {
    for body in [
        "<h1>How to read a traceback</h1><pre><code>Traceback (most recent call last):\n  File &quot;a.py&quot;, line 1, in &lt;module&gt;\nZeroDivisionError</code></pre>",
        "<pre>&lt;b&gt;Warning&lt;/b&gt;: Undefined variable in &lt;b&gt;/a.php&lt;/b&gt; on line &lt;b&gt;3&lt;/b&gt;</pre>",
        "<p><b>Warning</b>: the path is closed on Monday. See you in <b>May</b>!</p>",
        "<p>Set <code>DEBUG = True</code> while developing",
        "<p>The Werkzeug Debugger shows an interactive console.",
        "<p>ORA-00933: SQL command not properly ended is an error that Oracle gives",
        "<p>You have an error in your SQL syntax, what now?",
    ] {
        assert_eq!(of(found_at(200, body)), None, "{body}");
    }
}

#[test]
fn an_error_page_without_details_is_let_out() {
    for body in [
        "<h1>Internal Server Error</h1><p>The server encountered an internal error and was unable to complete your request.",
        "{\"error\": \"internal\", \"at\": \"2026-01-01T10:20:30Z\", \"see\": \"https://shop.example/app.js?v=1:2:3\"}",
        "<script src=\"/static/app.js\"></script><p>Warning: we are busy. Look at the time: 10:20:30",
        "Traceback is not available. Please look at /var/log on line 3",
        "<p>Contact us at shop.example, reference ORA-7",
        "<p>Please try again. The number near \"pay\" is wrong: syntax errors are not shown",
    ] {
        assert_eq!(of(found_at(500, body)), None, "{body}");
    }
}

#[test]
fn secrets_are_found_at_any_status_and_never_told_whole() {
    let pem = |kind: &str, newline: &str| {
        let lines: Vec<String> = (0..8).map(|_| drawn(64)).collect();
        format!("-----{} {kind}PRIVATE KEY-----{newline}{}{newline}-----END", "BEGIN", lines.join(newline))
    };
    for (whose, secret) in [
        ("private key", pem("", "\n")),
        ("private key", pem("RSA ", "\r\n")),
        ("private key", pem("OPENSSH ", "\\n")),
        ("private key", pem("EC ", "<br>\n")),
        ("GitHub token", format!("gh{}_{}", "p", drawn(36))),
        ("GitHub token", format!("github_{}_{}_{}", "pat", drawn(22), drawn(59))),
        ("GitLab token", format!("gl{}-{}", "pat", drawn(20))),
        ("Slack token", format!("xox{}-{}-{}-{}", "b", "1357924680", "9753186420", drawn(24))),
        ("Stripe secret key", format!("sk_{}_{}", "live", drawn(24))),
        ("SendGrid key", format!("S{}.{}.{}", "G", drawn(22), drawn(43))),
        ("npm token", format!("np{}_{}", "m", drawn(36))),
        ("DigitalOcean token", format!("dop_{}_{}", "v1", hex(64))),
        ("Azure storage key", format!("Account{}={}==", "Key", drawn(86))),
        (
            "AWS secret access key",
            format!("AK{}{}\naws_secret_access_key = {}\n", "IA", capitals(16), drawn(40)),
        ),
        (
            "AWS secret access key",
            format!(
                "{{\"SecretAccessKey\": \"{}\", \"AccessKeyId\": \"AS{}{}\"}}",
                drawn(40),
                "IA",
                capitals(16)
            ),
        ),
        (
            "Google service account key",
            format!(
                "{{\"type\": \"service_account\", \"project_id\": \"p\", \"private_key_id\": \"{}\"}}",
                hex(40)
            ),
        ),
    ] {
        let body = format!("<p>config: {secret} </p>");
        let reason = found_at(200, &body).unwrap_or_else(|| panic!("{whose}"));
        assert_eq!(of(Some(reason.clone())), Some(whose));
        let told = format!("{}{:?}", reason.sentence(), reason.evidence());
        assert!(!told.contains(secret.get(12..24).unwrap()), "{told}");
    }
}

#[test]
fn values_from_documents_are_no_secrets() {
    for body in [
        format!(
            "AK{}EXAMPLE aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY{}KEY\n",
            "IAIOSFODNN7", "EXAMPLE"
        ),
        format!("AK{}{} is an id without its secret", "IA", capitals(16)),
        format!("-----{} PRIVATE KEY-----\nMIIEvQ...\n-----END PRIVATE KEY-----", "BEGIN"),
        format!("-----{} PUBLIC KEY-----\n{}\n", "BEGIN", drawn(200)),
        format!("gh{}_{}", "p", "x".repeat(36)),
        format!("sk_{}_{}", "test", drawn(24)),
        format!("my_gh{}_{}", "p", drawn(36)),
        format!("gh{}_{}", "p", drawn(40)),
    ] {
        assert_eq!(of(found_at(200, &body)), None, "{body}");
    }
}

#[test]
fn a_find_does_not_depend_on_how_it_was_cut() {
    let body = format!("{}{PYTHON}{}", "lorem ipsum ".repeat(30), "dolor sit amet ".repeat(30));
    for at in 0..body.len() {
        let mut scanner = Scanner::new(breadth("", 500).unwrap());
        let (one, two) = body.as_bytes().split_at(at);
        let found = scanner.push(one).or_else(|| scanner.push(two)).or_else(|| scanner.end());
        assert_eq!(of(found), Some("Python"), "cut at {at}");
    }
    let mut scanner = Scanner::new(breadth("", 500).unwrap());
    let found = body.as_bytes().chunks(1).find_map(|byte| scanner.push(byte));
    assert_eq!(of(found), Some("Python"));
}

#[test]
fn a_token_that_goes_on_in_the_next_chunk_is_not_one_yet() {
    let mut scanner = Scanner::new(breadth("", 200).unwrap());
    let token = format!("{} gh{}_{}", "a ".repeat(60), "p", drawn(36));
    assert_eq!(scanner.push(token.as_bytes()), None);
    assert_eq!(scanner.settle(), None);
    assert_eq!(scanner.push("more ".repeat(40).as_bytes()), None);
    assert_eq!(scanner.end(), None);
}

#[test]
fn what_is_kept_of_a_body_has_a_bound() {
    let mut scanner = Scanner::new(breadth("", 500).unwrap());
    for chunk in ["Warning: goroutine .js: ORA-", "nothing here at all", "Traceback (most recent call last)"]
    {
        let chunk = chunk.repeat(200);
        for _ in 0..200 {
            assert_eq!(scanner.push(chunk.as_bytes()), None);
            assert!(scanner.kept() < 24 << 10, "{}", scanner.kept());
        }
    }
}

#[test]
fn settings_decide_what_is_looked_for() {
    assert_eq!(breadth("[leak]\nmode = \"off\"\n", 500), None);
    assert_eq!(breadth("[leak]\ndangerous_show_errors = true\ndangerous_show_secrets = true\n", 500), None);
    assert!(breadth("[leak]\npages = \"all\"\n", 200).unwrap().traces);
    assert!(!breadth("", 404).unwrap().traces);
    assert!(!breadth("[leak]\ndangerous_show_secrets = true\n", 500).unwrap().secrets);
    let both = "[leak]\npages = \"all\"\ndangerous_show_errors = true\n";
    assert!(Policy::parse("p", both).is_err());
}

#[test]
fn every_pattern_compiles_and_every_anchor_leads_to_one() {
    let everything = breadth("[leak]\npages = \"all\"\n", 200).unwrap();
    let compiled = super::detectors::compiled(everything);
    assert_eq!(compiled.each.len(), super::detectors::ERRORS.len() + super::secrets::SECRETS.len());
    for (detector, _) in &compiled.each {
        for anchor in detector.anchors {
            assert!(anchor.len() <= 96);
            assert!(compiled.prefilter.is_match(anchor.as_bytes()), "{anchor}");
        }
    }
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(
        body in "(Traceback \\(most recent call last\\)|\\.js:|Warning: |PRIVATE KEY-----|AKIA|ORA-|\\PC{0,9}){0,30}",
        size in 1_usize..50,
    ) {
        let mut scanner = Scanner::new(breadth("", 500).unwrap());
        for chunk in body.as_bytes().chunks(size) {
            scanner.push(chunk);
        }
        scanner.end();
    }
}
