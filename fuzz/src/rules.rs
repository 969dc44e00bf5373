//! The rule language: every text is a rule set, or a list of faults with their places.

use std::sync::Arc;
use std::time::Duration;

use portcullis_seclang::{MemoryFiles, RuleSet, Source, Start, Transaction};

/// A text of rules.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let files = MemoryFiles::new().with("words", "select\nunion\n").with("addresses", "192.0.2.0/24\n");
    match RuleSet::load(&[Source::text("fuzz", text)], &files) {
        Ok(set) => {
            let start = Start { now: Duration::from_secs(1_764_092_742), ..Start::default() };
            let mut transaction = Transaction::new(Arc::new(set), start);
            transaction.connection(([192, 0, 2, 7], 40_000).into(), ([127, 0, 0, 1], 80).into());
            transaction.request_line(b"POST", b"/a/../b?c=d&e=%3Cscript%3E", b"HTTP/1.1");
            transaction.request_header(b"Host", b"app.example");
            transaction.request_header(b"Content-Type", b"application/x-www-form-urlencoded");
            let _ = transaction.request_head_done();
            let _ = transaction.request_body_chunk(b"f=1' or 1=1--");
            let _ = transaction.request_body_done();
            transaction.finish();
            let _ = transaction.log_lines();
        }
        Err(error) => {
            assert!(!error.faults.is_empty(), "an error without a fault");
            assert!(error.faults.iter().all(|fault| !fault.message.is_empty() && fault.at.line > 0));
        }
    }
}
