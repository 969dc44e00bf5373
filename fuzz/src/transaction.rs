//! A whole transaction: the planned walk over the rules finds what the plain one finds.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use portcullis_seclang::{MemoryFiles, RuleSet, Source, Start, Transaction, Walk};

const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html
SecRule REQUEST_HEADERS:Content-Type "@rx json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@rx xml" "id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|XML:/* "@rx (?i)\bunion\b.*?\bselect\b" "id:10,phase:2,pass,log,capture,t:none,t:urlDecodeUni,t:replaceComments,logdata:'%{TX.0}',setvar:tx.score=+5"
SecRule ARGS|REQUEST_HEADERS|XML://@* "@rx <script[^>]*>" "id:11,phase:2,pass,log,multiMatch,t:none,t:utf8toUnicode,t:urlDecodeUni,t:htmlEntityDecode,t:jsDecode,t:cssDecode,t:removeNulls"
SecRule ARGS|REQUEST_BODY "@pm /etc/passwd cmd.exe" "id:12,phase:2,pass,log,t:none,t:cmdLine,t:normalizePath"
SecRule &ARGS "@gt 3" "id:13,phase:2,pass,log,chain"
  SecRule ARGS_NAMES "@within %{REQUEST_HEADERS.Host}" "t:lowercase"
SecRule ARGS:/^a.$/|!ARGS:ab "@detectSQLi" "id:14,phase:2,pass,log"
SecRule REQUEST_URI|ARGS "@detectXSS" "id:15,phase:2,pass,log"
SecRule REQUEST_URI_RAW|REQUEST_HEADERS|ARGS "@validateByteRange 32-126" "id:16,phase:2,pass,log,t:none,t:urlDecode"
SecRule REQUEST_FILENAME "@endsWith .php" "id:17,phase:1,pass,log,t:lowercase,skipAfter:END"
SecRule ARGS "!@rx ^[\w\s]*$" "id:18,phase:2,pass,log,t:none,t:compressWhitespace"
SecMarker END
SecRule FILES|FILES_NAMES|MULTIPART_PART_HEADERS "@rx \.(?:php|jsp)" "id:19,phase:2,pass,log,t:none,t:lowercase"
SecRule MULTIPART_STRICT_ERROR|REQBODY_ERROR "!@eq 0" "id:20,phase:2,pass,log"
SecRule TX:SCORE "@ge 5" "id:21,phase:2,deny,status:403,log"
SecRule RESPONSE_BODY "@rx (?i)sql syntax" "id:22,phase:4,deny,status:500,log,t:none,t:removeWhitespace"
"#;

static SET: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
    Arc::new(RuleSet::load(&[Source::text("rules", RULES)], &MemoryFiles::new()).expect("the rules load"))
});

/// Lines: the target, headers up to an empty one; then the body, which is the answer's too.
pub fn run(bytes: &[u8]) {
    let plain = exchange(bytes, Walk::Plain);
    let planned = exchange(bytes, Walk::Planned);
    assert_eq!(plain, planned, "the walks differ");
}

/// The status of what stopped it, what matched, and the log lines.
type Told = (Option<u16>, Vec<(u64, Vec<u8>)>, Vec<String>);

fn exchange(bytes: &[u8], walk: Walk) -> Told {
    let start = Start { now: Duration::from_secs(1_764_092_742), walk, ..Start::default() };
    let mut transaction = Transaction::new(Arc::clone(&SET), start);
    transaction.connection(([192, 0, 2, 7], 40_000).into(), ([127, 0, 0, 1], 80).into());
    let mut rest = bytes;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = &rest[..end];
        rest = &rest[end + 1..];
        Some(line)
    };
    let target = line().unwrap_or(b"/");
    transaction.request_line(b"POST", target, b"HTTP/1.1");
    while let Some(header) = line().filter(|header| !header.is_empty()) {
        let mut halves = header.splitn(2, |byte| *byte == b':');
        transaction.request_header(
            halves.next().unwrap_or_default(),
            halves.next().unwrap_or_default().trim_ascii(),
        );
    }
    if transaction.request_head_done().is_none()
        && transaction.request_body_chunk(rest).is_none()
        && transaction.request_body_done().is_none()
    {
        transaction.response_line(b"HTTP/1.1", 200, b"OK");
        transaction.response_header(b"Content-Type", b"text/html");
        if transaction.response_head_done().is_none() && transaction.response_body_chunk(rest).is_none() {
            let _ = transaction.response_body_done();
        }
    }
    transaction.finish();
    let matches = transaction.matches().iter().map(|found| (found.id, found.data.clone())).collect();
    (transaction.intervention().map(|stop| stop.status), matches, transaction.log_lines())
}
