//! Operators of the reference manual that are refused, and why.

const REFUSED: &[(&str, &str)] = &[
    (
        "fuzzyhash",
        "similarity hashes are no security boundary; look for what the file does with an upload scanner",
    ),
    ("gsblookup", "the lists of Google Safe Browsing in that form are no longer given out"),
    ("inspectfile", "rules start no programs; an app that takes files scans them itself"),
    ("rbl", "a decision must not wait for an answer from the network; use `@ipMatchFromFile` with the list"),
    ("rsub", "rules do not rewrite bodies"),
    ("validatedtd", "document types are never read, as they are what XML attacks are made of"),
    ("validatehash", "the tokens in links that it checks are not written into pages"),
    ("verifyemail", "no engine defines it; use `@rx`"),
];

/// Why the operator of that name (in lower case) is refused; `None` if it is none that the manual knows.
#[must_use]
pub fn refusal(name: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason)
}
