//! A head whose faults leave one reading, written so that every reader behind this one has that reading.

use bytes::Bytes;

/// The head with raw bytes of its target percent-encoded, a version that is not known as HTTP/1.1, and
/// without `Content-Length` where a coding frames the body; then the connection ends after the answer
/// (RFC 9112 section 6.3).
pub(super) fn undisputed(head: &[u8], length_with_coding: bool) -> Bytes {
    let mut out = Vec::with_capacity(head.len());
    for (number, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if number == 0 {
            request_line(line, &mut out);
        } else if length_with_coding && line == b"\r\n" {
            out.extend_from_slice(b"Connection: close\r\n\r\n");
        } else if !(length_with_coding && is_length(line)) {
            out.extend_from_slice(line);
        }
    }
    out.into()
}

fn request_line(line: &[u8], out: &mut Vec<u8>) {
    let mut words = line.strip_suffix(b"\r\n").unwrap_or(line).split(|byte| *byte == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let version = words.next().filter(|version| *version == b"HTTP/1.0").unwrap_or(b"HTTP/1.1");
    out.extend_from_slice(method);
    out.push(b' ');
    for byte in target {
        match byte {
            b'<' | b'>' | b'"' | b'`' | 0x80.. => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            byte => out.push(*byte),
        }
    }
    out.push(b' ');
    out.extend_from_slice(version);
    out.extend_from_slice(b"\r\n");
}

fn is_length(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or(line);
    name.trim_ascii().eq_ignore_ascii_case(b"content-length")
}
