//! Reads the labelled inputs in `cases/detect` for the tests of the detectors.

use std::path::Path;

/// The values of one file, with their escapes undone.
pub(crate) fn values(file: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/detect").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| unescape(line.splitn(3, '\t').nth(2).expect("label, class and value"))).collect()
}

fn unescape(text: &str) -> Vec<u8> {
    let mut value = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let escape = if byte == b'\\' { bytes.next() } else { None };
        match escape {
            None => value.push(byte),
            Some(b'n') => value.push(b'\n'),
            Some(b'r') => value.push(b'\r'),
            Some(b't') => value.push(b'\t'),
            Some(b'0') => value.push(0),
            Some(b'\\') => value.push(b'\\'),
            Some(b'x') => {
                let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                value.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits"));
            }
            Some(other) => panic!("no escape: \\{} in {text}", char::from(other)),
        }
    }
    value
}
