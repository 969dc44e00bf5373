//! What keys and credentials look like, by the prefixes and lengths that their issuers document.

use super::detectors::{Detector, Finds};

const fn secret(of: &'static str, anchors: &'static [&'static str], pattern: &'static str) -> Detector {
    Detector { finds: Finds::Secret, of, anchors, pattern }
}

pub(super) const SECRETS: &[Detector] = &[
    // 120 characters of base64 are more than the headers of any key; line breaks may be written `\n`,
    // `&#10;` or `<br>`. A key with its middle left out does not get there.
    secret(
        "private key",
        &["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"],
        r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:(?:Proc-Type|DEK-Info|Version|Comment): ?[^\r\n<>]{0,80}|\s|(?:\\r)?\\n|&#1[03];|<br ?/?>){1,40}(?:[A-Za-z0-9+/=](?:\s|(?:\\r)?\\n|&#1[03];|<br ?/?>){0,4}){120}",
    ),
    secret(
        "Google service account key",
        &["service_account"],
        r#"(?s)\\?"type\\?"\s{0,8}:\s{0,8}\\?"service_account\\?".{0,400}?\\?"private_key_id\\?"\s{0,8}:\s{0,8}\\?"[0-9a-f]{40}"#,
    ),
    // The id alone is no secret; the secret alone has no shape. Both, near each other and labelled, are.
    secret(
        "AWS secret access key",
        &["AKIA", "ASIA"],
        r"(?si)(?-i:\b(?:AKIA|ASIA)[A-Z2-7]{16}\b).{0,200}?secret[\w -]{0,40}(?:[\s:=>,]|\\?[\x22\x27]|&quot;|&#3[49];){1,16}(?-i:[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
    ),
    secret(
        "AWS secret access key",
        &["AKIA", "ASIA"],
        r"(?si)secret[\w -]{0,40}(?:[\s:=>,]|\\?[\x22\x27]|&quot;|&#3[49];){1,16}(?-i:[A-Za-z0-9/+]{40})[^A-Za-z0-9/+=].{0,200}?(?-i:\b(?:AKIA|ASIA)[A-Z2-7]{16}\b)",
    ),
    secret(
        "GitHub token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b",
    ),
    secret("GitLab token", &["glpat-"], r"\bglpat-[A-Za-z0-9_-]{20,64}\b"),
    secret(
        "Slack token",
        &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xapp-", "hooks.slack.com/services/"],
        r"\bxox[bpars]-(?:\d-)?\d{9,14}-[A-Za-z0-9-]{20,160}\b|\bxapp-\d-[A-Z0-9]{9,14}-\d{9,14}-[a-f0-9]{64}\b|hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}\b",
    ),
    secret("Stripe secret key", &["sk_live_", "rk_live_"], r"\b[sr]k_live_[A-Za-z0-9]{24,247}\b"),
    secret("SendGrid key", &["SG."], r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b"),
    secret("npm token", &["npm_"], r"\bnpm_[A-Za-z0-9]{36}\b"),
    secret("PyPI token", &["pypi-AgE"], r"\bpypi-AgE[A-Za-z0-9_-]{60,300}\b"),
    secret("DigitalOcean token", &["dop_v1_", "doo_v1_"], r"\bdo[op]_v1_[a-f0-9]{64}\b"),
    secret("Azure storage key", &["AccountKey="], r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
    secret("Shopify token", &["shpat_", "shpss_"], r"\bshp(?:at|ss)_[a-fA-F0-9]{32}\b"),
];

/// Whether a match is one of the values that documents use: it says so, or it is filler.
pub(super) fn is_example(found: &[u8]) -> bool {
    let folded: Vec<u8> = found.iter().map(u8::to_ascii_lowercase).collect();
    let says_so = [&b"example"[..], b"xxxxxxxx", b"00000000", b"12345678", b"your_", b"your-"]
        .iter()
        .any(|word| memchr::memmem::find(&folded, word).is_some());
    let mut letters = [false; 256];
    for letter in &folded {
        if let Some(seen) = letters.get_mut(usize::from(*letter)) {
            *seen = true;
        }
    }
    says_so || letters.iter().filter(|seen| **seen).count() < 12
}

/// The first characters and the length: enough to find it in the app, too little to use.
pub(super) fn redact(found: &[u8]) -> String {
    let shown: String = found
        .iter()
        .take(8)
        .map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { ' ' })
        .collect();
    format!("{shown}… ({} bytes)", found.len())
}
