//! The CRS regression tests are sent byte for byte as go-ftw sends them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_tests::crs::{Crs, request, suite};

/// go-ftw's own request builder, over the same files.
fn by_go_ftw(crs: &Crs) -> BTreeMap<(String, u64), Vec<u8>> {
    let ftw = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/ftw");
    assert!(ftw.exists(), "no `{}`: `make setup` builds it", ftw.display());
    let done = Command::new(&ftw).arg("bytes").arg("--tests").arg(&crs.tests).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let lines = String::from_utf8(done.stdout).unwrap();
    lines
        .lines()
        .map(|line| {
            let sent: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| sent.get(key).and_then(serde_json::Value::as_str).unwrap().to_owned();
            let stage = sent.get("stage").and_then(serde_json::Value::as_u64).unwrap();
            ((text("id"), stage), STANDARD.decode(text("bytes")).unwrap())
        })
        .collect()
}

#[test]
fn every_stage_of_the_crs_tests_is_sent_as_go_ftw_sends_it() {
    let crs = Crs::find();
    let theirs = by_go_ftw(&crs);
    let mut ours = BTreeMap::new();
    for test in suite::load(&crs.tests) {
        for (stage, written) in test.stages.iter().enumerate() {
            let sent = request::bytes(&written.input).unwrap();
            ours.insert((test.id.clone(), stage as u64), sent);
        }
    }
    assert!(ours.len() > 4000, "only {} stages were found", ours.len());
    let mut report = String::new();
    for (id, bytes) in &theirs {
        let mine = ours.get(id);
        if mine != Some(bytes) {
            let mine = mine.map(|bytes| bytes.escape_ascii().to_string());
            report.push_str(&format!("\n{id:?}\n  go-ftw {}\n  here   {mine:?}\n", bytes.escape_ascii()));
        }
    }
    assert!(report.is_empty(), "{report}");
    assert_eq!(ours.len(), theirs.len());
}
