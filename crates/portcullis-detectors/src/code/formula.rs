//! Formulas of spreadsheets that reach out of the sheet when an export is opened (CWE-1236, OWASP CSV Injection).

use crate::text::{at, begins, has, is_space, rest, run, skip_space};

/// Why the value, as a cell, reaches out of the sheet.
pub(super) fn formula(text: &[u8]) -> Option<&'static str> {
    let start = skip_space(text, 0);
    let marked = matches!(at(text, start), b'=' | b'+' | b'-' | b'@' | b'|' | b';' | b'"');
    if marked && exchanges(text) {
        return Some("it starts a program by dynamic data exchange");
    }
    let body =
        run(text, start, |byte| matches!(byte, b'=' | b'+' | b'-' | b'@' | b'"' | b'(') || is_space(byte));
    let equals = text
        .get(start..body)
        .is_some_and(|lead| lead.iter().any(|byte| matches!(byte, b'=' | b'+' | b'-' | b'@')));
    let name = run(text, body, |byte| byte.is_ascii_alphanumeric() || byte == b'.');
    let function = text.get(body..name)?.to_ascii_uppercase();
    if !(equals || function == b"DDE") || at(text, name) != b'(' {
        return None;
    }
    let given = rest(text, name);
    let found = match function.as_slice() {
        b"IMPORTXML" | b"IMPORTHTML" | b"IMPORTDATA" | b"IMPORTFEED" | b"WEBSERVICE" | b"IMAGE"
        | b"HYPERLINK" | b"QUERYSTORAGE" => {
            has(given, b"://") || has(given, b"\\\\") || begins(given, b"(\"//")
        }
        b"IMPORTRANGE" | b"REGISTER" | b"EXEC" | b"CALL" | b"DDE" | b"DDEINIT" | b"FILTERXML" => {
            given.iter().any(|byte| matches!(byte, b'"' | b'\''))
        }
        _ => false,
    };
    found.then_some("it is a formula that reaches out of the sheet")
}

/// `cmd|'/C calc'!A0`
fn exchanges(text: &[u8]) -> bool {
    memchr::memchr_iter(b'|', text).take(8).any(|bar| {
        let quoted = rest(text, skip_space(text, bar + 1));
        let program = text.get(..bar).and_then(|lead| lead.last()).is_some_and(u8::is_ascii_alphanumeric);
        let close = memchr::memchr(b'\'', quoted.get(1..).unwrap_or_default());
        program
            && quoted.first() == Some(&b'\'')
            && close.is_some_and(|length| at(quoted, length + 2) == b'!')
    })
}
