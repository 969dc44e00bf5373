//! The policy parser: whatever is written is a policy or an error that can be shown, and a policy always
//! finds rules for a request.

use http::Method;
use portcullis::Policy;

/// The bytes are a policy file.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Policy::parse("portcullis.toml", text) {
        Ok((policy, _)) => {
            for path in ["/", "/admin/users", "/a/b/c.php", ""] {
                let rules = policy.rules(&Method::POST, path);
                assert!(rules.limits.hold > 0);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
