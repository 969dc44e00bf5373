//! Recordings, in the forms that tools write.

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use serde::Deserialize;
use serde_json::Value;

/// One request, as far as the rules look at it.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Its head and its body.
    pub(super) request: Request<Bytes>,
    /// What it is, where the recording says so.
    pub(super) label: Option<Label>,
    /// Where it stands in the recording.
    pub(super) place: String,
    /// For people: the value that it carries, where that was all that was recorded.
    pub(super) value: Option<String>,
}

/// What a request is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// An attack, or ordinary.
    pub(super) attack: bool,
    /// Of which class or kind; empty where nothing is said.
    pub(super) class: String,
}

/// Reads a recording of whatever form.
///
/// # Errors
/// What is wrong with it, and where.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Recorded>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        return Err("it is empty".to_owned());
    }
    if start.starts_with(b"{") {
        // A HAR file is one object, JSON lines are one in each line.
        return match serde_json::from_slice::<Har>(start) {
            Ok(har) => from_har(har),
            Err(_) => text_of(bytes)?
                .lines()
                .enumerate()
                .filter(|(_, line)| !line.trim().is_empty())
                .map(|(index, line)| from_line(index + 1, line))
                .collect(),
        };
    }
    if start.starts_with(b"#") || start.starts_with(b"attack\t") || start.starts_with(b"ordinary\t") {
        return text_of(bytes)?
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(index, line)| from_value(index + 1, line))
            .collect();
    }
    from_raw(start)
}

fn text_of(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| format!("byte {} is no UTF-8", error.valid_up_to()))
}

/// HAR 1.2: `log.entries[].request`.
#[derive(Deserialize)]
struct Har {
    log: HarLog,
}

#[derive(Deserialize)]
struct HarLog {
    entries: Vec<HarEntry>,
}

#[derive(Deserialize)]
struct HarEntry {
    request: HarRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<HarPair>,
    post_data: Option<HarPost>,
}

#[derive(Deserialize)]
struct HarPair {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarPost {
    #[serde(default)]
    mime_type: String,
    text: Option<String>,
    encoding: Option<String>,
    #[serde(default)]
    params: Vec<HarPair>,
}

fn from_har(har: Har) -> Result<Vec<Recorded>, String> {
    let mut made = Vec::new();
    for (index, entry) in har.log.entries.into_iter().enumerate() {
        let place = format!("entry {}", index + 1);
        let asked = entry.request;
        let mut fields: Vec<(String, String)> = asked
            .headers
            .into_iter()
            // Pseudo-header fields of HTTP/2 are the request line.
            .filter(|field| !field.name.starts_with(':'))
            .map(|field| (field.name, field.value))
            .collect();
        let mut body = Vec::new();
        if let Some(post) = asked.post_data {
            body = match (post.text, post.encoding.as_deref()) {
                (Some(text), Some("base64")) => decoded(&text, &place)?,
                (Some(text), _) => text.into_bytes(),
                (None, _) => form(&post.params).into_bytes(),
            };
            if !post.mime_type.is_empty() && !has(&fields, "content-type") {
                fields.push(("content-type".to_owned(), post.mime_type));
            }
        }
        made.push(recorded(place, &asked.method, &asked.url, fields, body, None)?);
    }
    Ok(made)
}

fn form(pairs: &[HarPair]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for pair in pairs {
        text.append_pair(&pair.name, &pair.value);
    }
    text.finish()
}

/// `{"method":"POST","url":"/a?b=c","headers":{…},"body":"…","label":"attack","class":"sqli"}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default = "get")]
    method: String,
    #[serde(alias = "target", alias = "uri", alias = "path")]
    url: String,
    #[serde(default)]
    headers: Value,
    body: Option<String>,
    body_base64: Option<String>,
    label: Option<String>,
    #[serde(default)]
    class: String,
}

fn get() -> String {
    "GET".to_owned()
}

fn from_line(number: usize, text: &str) -> Result<Recorded, String> {
    let place = format!("line {number}");
    let line: Line = serde_json::from_str(text).map_err(|error| format!("{place}: {error}"))?;
    let mut fields = Vec::new();
    match line.headers {
        Value::Null => {}
        Value::Object(pairs) => {
            for (name, value) in pairs {
                match value {
                    Value::String(value) => fields.push((name, value)),
                    Value::Array(values) => {
                        for value in values {
                            fields.push((name.clone(), word(&value, &place)?));
                        }
                    }
                    _ => return Err(format!("{place}: the header field `{name}` is no text")),
                }
            }
        }
        Value::Array(pairs) => {
            for pair in pairs {
                match pair.as_array().map(Vec::as_slice) {
                    Some([name, value]) => fields.push((word(name, &place)?, word(value, &place)?)),
                    _ => return Err(format!("{place}: a header field is a pair of a name and a value")),
                }
            }
        }
        _ => return Err(format!("{place}: `headers` is an object or a list of pairs")),
    }
    let body = match (line.body, line.body_base64) {
        (Some(_), Some(_)) => return Err(format!("{place}: there are both `body` and `body_base64`")),
        (Some(text), None) => text.into_bytes(),
        (None, Some(text)) => decoded(&text, &place)?,
        (None, None) => Vec::new(),
    };
    let label = line.label.map(|label| labelled(&label, line.class, &place)).transpose()?;
    recorded(place, &line.method, &line.url, fields, body, label)
}

fn word(value: &Value, place: &str) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{place}: `{value}` is no text"))
}

fn labelled(label: &str, class: String, place: &str) -> Result<Label, String> {
    match label {
        "attack" => Ok(Label { attack: true, class }),
        "ordinary" => Ok(Label { attack: false, class }),
        other => Err(format!("{place}: the label `{other}` is neither `attack` nor `ordinary`")),
    }
}

/// `attack<TAB>class<TAB>value`, as in `cases/detect`: the value is sent as a field of a query.
fn from_value(number: usize, line: &str) -> Result<Recorded, String> {
    let place = format!("line {number}");
    let mut fields = line.splitn(3, '\t');
    let (Some(label), Some(class), Some(value)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(format!("{place}: a label, a class and a value are wanted, with tabs between them"));
    };
    let label = labelled(label, class.to_owned(), &place)?;
    let bytes = unescaped(value).map_err(|wrong| format!("{place}: {wrong}"))?;
    let query = percent_encoding::percent_encode(&bytes, percent_encoding::NON_ALPHANUMERIC).to_string();
    let fields = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    let mut made = recorded(place, "POST", "/", fields, format!("value={query}").into_bytes(), Some(label))?;
    made.value = Some(value.to_owned());
    Ok(made)
}

fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let digits: String = rest.by_ref().take(2).map(char::from).collect();
                    u8::from_str_radix(&digits, 16).map_err(|_| format!("`\\x{digits}` is no byte"))?
                }
                other => return Err(format!("`\\{}` is no escape", other.map_or(' ', char::from))),
            },
            byte => byte,
        });
    }
    Ok(bytes)
}

/// Requests as HTTP/1 sends them, one after another; empty lines between them count for nothing.
fn from_raw(mut bytes: &[u8]) -> Result<Vec<Recorded>, String> {
    let mut made = Vec::new();
    loop {
        bytes = bytes.trim_ascii_start();
        if bytes.is_empty() {
            return Ok(made);
        }
        let place = format!("request {}", made.len() + 1);
        let (head, rest) = split_head(bytes);
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let line = lines.next().unwrap_or_default();
        let mut words = line.split(' ');
        let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("{place}: `{}` is no request line", line.escape_debug()));
        };
        if !version.starts_with("HTTP/") || words.next().is_some() {
            return Err(format!("{place}: `{}` is no request line", line.escape_debug()));
        }
        let mut fields = Vec::new();
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                return Err(format!("{place}: `{}` is no header field", line.escape_debug()));
            };
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
        let length = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length = match length {
            Some((_, value)) => value.parse().map_err(|_| format!("{place}: `{value}` is no length"))?,
            None => 0,
        };
        let (body, rest) = rest
            .split_at_checked(length)
            .ok_or_else(|| format!("{place}: of a body of {length} bytes there are {}", rest.len()))?;
        made.push(recorded(place, method, target, fields, body.to_vec(), None)?);
        bytes = rest;
    }
}

fn split_head(bytes: &[u8]) -> (&[u8], &[u8]) {
    let ends = [(&b"\r\n\r\n"[..], 4), (&b"\n\n"[..], 2)];
    let found = ends
        .iter()
        .filter_map(|(end, length)| {
            let at = bytes.windows(end.len()).position(|window| window == *end)?;
            Some((at, at + length))
        })
        .min();
    let (end, next) = found.unwrap_or((bytes.len(), bytes.len()));
    (bytes.get(..end).unwrap_or_default(), bytes.get(next..).unwrap_or_default())
}

fn decoded(text: &str, place: &str) -> Result<Vec<u8>, String> {
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|error| format!("{place}: the body is no base64: {error}"))
}

fn has(fields: &[(String, String)], name: &str) -> bool {
    fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
}

fn recorded(
    place: String,
    method: &str,
    url: &str,
    mut fields: Vec<(String, String)>,
    body: Vec<u8>,
    label: Option<Label>,
) -> Result<Recorded, String> {
    // The gate sees a path and a query, and the name of the site in `Host`.
    let (authority, target) = match url.split_once("://") {
        Some((_, rest)) => match rest.find(['/', '?', '#']) {
            Some(at) => (Some(rest.get(..at).unwrap_or(rest)), rest.get(at..).unwrap_or("/")),
            None => (Some(rest), "/"),
        },
        None => (None, url),
    };
    let target = target.split('#').next().unwrap_or(target);
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    if !has(&fields, "host") {
        fields.push(("host".to_owned(), authority.unwrap_or("localhost").to_owned()));
    }
    fields.retain(|(name, _)| {
        !["content-length", "transfer-encoding"].iter().any(|length| name.eq_ignore_ascii_case(length))
    });
    if !body.is_empty() {
        fields.push(("content-length".to_owned(), body.len().to_string()));
    }
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| format!("{place}: `{method}` is no method"))?;
    let mut request = Request::builder()
        .method(method)
        .uri(http::Uri::try_from(encoded(&target)).map_err(|error| format!("{place}: `{target}`: {error}"))?);
    for (name, value) in fields {
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("{place}: the value of the header field `{name}` has control characters"))?;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("{place}: `{name}` is no name of a header field"))?;
        request = request.header(name, value);
    }
    let request = request.body(Bytes::from(body)).map_err(|error| format!("{place}: {error}"))?;
    Ok(Recorded { request, label, place, value: None })
}

/// What no target can carry as it is, percent-encoded.
fn encoded(target: &str) -> String {
    const AS_IS: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    percent_encoding::utf8_percent_encode(target, AS_IS).to_string()
}
