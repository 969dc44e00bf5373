//! A stage as the exact bytes that go-ftw sends.
//!
//! Unless `autocomplete_headers` is false, go-ftw adds `Connection: close`, `Content-Length`, and the type
//! of a form; it percent-encodes a form in which nothing is encoded yet, and writes the lines of multipart
//! bodies with CRLF. Fields are sent sorted by name. `tests/ftw bytes` prints what go-ftw itself makes of
//! the same files; a test compares the two.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::suite::Input;

const FORM: &str = "application/x-www-form-urlencoded";

/// The bytes of a stage's request.
///
/// # Errors
/// When the stage uses something that is not understood here.
pub fn bytes(input: &Input) -> Result<Vec<u8>, String> {
    if let Some(encoded) = &input.encoded_request {
        if input.data.is_some() {
            return Err("`data` and `encoded_request` are both set".to_owned());
        }
        return decoded(encoded);
    }
    let complete = input.autocomplete_headers.unwrap_or(true);
    let method = input.method.as_deref().unwrap_or("GET");
    let mut fields = Fields(input.headers.clone());
    let mut body = body(input)?;
    if !body.is_empty() && complete {
        fields.add("Content-Type", FORM);
        if fields.get("Content-Type") == FORM {
            body = form_encoded(body);
        }
    }
    if fields.get("Content-Type").starts_with("multipart/form-data;") {
        body = body.iter().fold(Vec::with_capacity(body.len()), |mut lines, byte| {
            if *byte == b'\n' {
                lines.push(b'\r');
            }
            lines.push(*byte);
            lines
        });
    }
    if complete {
        fields.add("Connection", "close");
        if !body.is_empty() || may_have_body(method) {
            fields.add("Content-Length", &body.len().to_string());
        }
    }
    let target = input.uri.as_deref().unwrap_or("/");
    let version = input.version.as_deref().unwrap_or("HTTP/1.1");
    let mut sent = format!("{method} {target} {version}\r\n").into_bytes();
    for (name, value) in &fields.0 {
        sent.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    sent.extend_from_slice(b"\r\n");
    sent.append(&mut body);
    Ok(sent)
}

/// The marker that go-ftw sends before and behind each stage.
#[must_use]
pub fn marker(id: &str) -> Vec<u8> {
    format!(
        "GET /status/200 HTTP/1.1\r\nAccept: */*\r\nConnection: close\r\nHost: localhost\r\n\
         User-Agent: go-ftw test agent\r\nX-CRS-Test: {id}\r\n\r\n"
    )
    .into_bytes()
}

fn body(input: &Input) -> Result<Vec<u8>, String> {
    match (&input.data, &input.encoded_data) {
        (Some(data), _) => templated(data),
        (None, Some(encoded)) => decoded(encoded),
        (None, None) => Ok(Vec::new()),
    }
}

/// As Go decodes base64: over the ends of lines.
fn decoded(encoded: &str) -> Result<Vec<u8>, String> {
    let digits: String = encoded.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    STANDARD.decode(digits).map_err(|error| error.to_string())
}

/// go-ftw reads `data` as a Go template; the suite uses one function of it, `"TEXT" | repeat NUMBER`.
fn templated(data: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = data;
    while let Some((before, inner)) = rest.split_once("{{") {
        out.extend_from_slice(before.as_bytes());
        let unknown = || format!("no template that is known here: `{{{{{inner}`");
        let (action, after) = inner.split_once("}}").ok_or_else(unknown)?;
        let (text, times) = action.split_once("| repeat ").ok_or_else(unknown)?;
        let text =
            text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or_else(unknown)?;
        let times: usize = times.trim().parse().map_err(|_| unknown())?;
        out.extend_from_slice(text.repeat(times).as_bytes());
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// go-ftw takes a form for encoded when decoding would change it, or fail.
fn form_encoded(body: Vec<u8>) -> Vec<u8> {
    if body.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return body;
    }
    let body = body.strip_suffix(b"&").unwrap_or(&body);
    let pairs = body.split(|byte| *byte == b'&').map(|pair| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=').map(escaped);
        let name = parts.next().unwrap_or_default();
        parts.next().map_or_else(|| name.clone(), |value| format!("{name}={value}"))
    });
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

/// As Go's `url.QueryEscape`.
fn escaped(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'-' | b'_' | b'.' | b'~' => char::from(*byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// As go-ftw's expression `^POST|PUT|PATCH|DELETE$` has it.
fn may_have_body(method: &str) -> bool {
    method.starts_with("POST")
        || method.contains("PUT")
        || method.contains("PATCH")
        || method.ends_with("DELETE")
}

/// Fields as go-ftw keeps them: one value a name, names compared without case.
struct Fields(BTreeMap<String, String>);

impl Fields {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(have, _)| same(have, name)).map_or("", |(_, value)| value)
    }

    /// Adds a field unless it is there with a value.
    fn add(&mut self, name: &str, value: &str) {
        if self.get(name).is_empty() {
            self.0.retain(|have, _| !same(have, name));
            self.0.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Go leaves names with a byte that no token has as they are.
fn same(one: &str, other: &str) -> bool {
    let is_plain = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_graphic() && !br#""(),/:;<=>?@[\]{}"#.contains(&byte))
    };
    one == other || (is_plain(one) && one.eq_ignore_ascii_case(other))
}
