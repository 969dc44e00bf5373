//! Audit records: the whole of an exchange, in the native form of ModSecurity or as JSON.
//!
//! The crate renders them; whoever runs it writes them where `SecAuditLog` and `SecAuditLogStorageDir` say.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::log::escape;
use crate::record::Match;
use crate::rules::RuleSet;
use crate::settings::{AuditMode, AuditParts, EngineMode};
use crate::strings::StrId;
use crate::time::Calendar;
use crate::transaction::{State, Transaction};
use crate::values::Field;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// The record, with the line feed that ends it.
    pub text: String,
    /// For `SecAuditLogType Concurrent`: where it belongs below the storage directory,
    /// `20261125/20261125-1745/20261125-174542-ID`.
    pub path: Option<String>,
    /// The line of the index for it, which goes into `SecAuditLog`, with the line feed that ends it.
    pub index: Option<String>,
}

impl Transaction {
    /// The audit record of the exchange, if one is wanted: `SecAuditEngine` is on, or it is `RelevantOnly` and a
    /// match asks for it or the status is one of `SecAuditLogRelevantStatus`. To be asked after
    /// [`finish`](Self::finish).
    #[must_use]
    pub fn audit_record(&self) -> Option<AuditRecord> {
        let (set, state) = (&*self.set, &self.state);
        let audit = &set.settings.audit;
        let relevant = || {
            state.matches.iter().any(|found| found.audit)
                || audit
                    .relevant_status
                    .as_ref()
                    .zip(status(state))
                    .is_some_and(|(wanted, status)| wanted.contains(status))
        };
        match state.switches.audit {
            AuditMode::Off => return None,
            AuditMode::RelevantOnly if !relevant() => return None,
            AuditMode::RelevantOnly | AuditMode::On => {}
        }
        let view = View { set, state, parts: state.switches.audit_parts };
        let text = if audit.json { view.json().to_string() + "\n" } else { view.native() };
        let path = audit.concurrent.then(|| view.path());
        let index = path.as_ref().map(|path| view.index(path, &text));
        Some(AuditRecord { text, path, index })
    }
}

/// What was answered, or would have been.
fn status(state: &State) -> Option<u16> {
    state.intervention.as_ref().map(|stopped| stopped.status).or(state.response.status)
}

struct View<'a> {
    set: &'a RuleSet,
    state: &'a State,
    parts: AuditParts,
}

impl View<'_> {
    fn text(&self, id: Option<StrId>) -> &[u8] {
        id.map_or(&[], |id| self.state.text(self.set, id))
    }

    fn shown(&self, id: Option<StrId>) -> String {
        shown(self.text(id))
    }

    /// Letters, digits, `-`, `_` and `@` of the id, so that it names a file and ends no line.
    fn id(&self) -> String {
        self.text(Some(self.state.unique_id))
            .iter()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'@' => char::from(*byte),
                _ => '_',
            })
            .collect()
    }

    fn path(&self) -> String {
        let now = Calendar::of(self.state.began);
        let day = format!("{:04}{:02}{:02}", now.year, now.month, now.day);
        let minute = format!("{day}-{:02}{:02}", now.hour, now.minute);
        format!("{day}/{minute}/{minute}{:02}-{}", now.second, self.id())
    }

    /// As ModSecurity writes it: host, client, users, time, request line, status, bytes, `Referer`, `User-Agent`, id,
    /// session, file, where the record begins in it, its length and digest.
    fn index(&self, path: &str, text: &str) -> String {
        use md5::Digest as _;
        let [(client, _), _] = self.addresses();
        let quoted = |text: &[u8]| {
            let mut out = String::new();
            escape_line(&mut out, text);
            let shown = if out.is_empty() { "-" } else { out.as_str() };
            format!("\"{}\"", shown.replace('"', "\\\""))
        };
        let header = |name: &[u8]| {
            let field = self.state.request.headers.iter();
            let found = field.map(|field| (self.text(Some(field.name)), self.text(Some(field.value))));
            found
                .into_iter()
                .find(|(one, _)| one.eq_ignore_ascii_case(name))
                .map_or(&b""[..], |(_, value)| value)
        };
        let host: String =
            String::from_utf8_lossy(header(b"host")).chars().filter(|c| c.is_ascii_graphic()).collect();
        let digest: String =
            md5::Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "{} {client} - - [{}] {} {} - {} {} {} \"-\" /{path} 0 {} md5:{digest}\n",
            if host.is_empty() { "-" } else { &host },
            Calendar::of(self.state.began).common_log(),
            quoted(self.text(self.state.request.line)),
            status(self.state).map_or_else(|| "-".to_owned(), |status| status.to_string()),
            quoted(header(b"referer")),
            quoted(header(b"user-agent")),
            self.id(),
            text.len(),
        )
    }

    fn addresses(&self) -> [(String, u16); 2] {
        [self.state.request.client, self.state.request.server].map(|address| {
            address.map_or_else(
                || ("-".to_owned(), 0),
                |address| (address.ip().to_canonical().to_string(), address.port()),
            )
        })
    }

    /// The body as it was given, if it was read.
    fn request_body(&self) -> &[u8] {
        match self.state.body.whole {
            Some(whole) => self.state.text(self.set, whole),
            None => &self.state.body.bytes,
        }
    }

    fn native(&self) -> String {
        let mut out = String::new();
        let id = self.id();
        let boundary: String = id.chars().rev().filter(char::is_ascii_alphanumeric).take(8).collect();
        let boundary = if boundary.is_empty() { "00000000".to_owned() } else { boundary };
        let [(client, client_port), (server, server_port)] = self.addresses();
        let time = Calendar::of(self.state.began).common_log();
        let mut part = |letter: char, body: String| {
            let _ = write!(out, "--{boundary}-{letter}--\n{body}\n");
        };
        part('A', format!("[{time}] {id} {client} {client_port} {server} {server_port}\n"));
        if self.parts.has(b'B') {
            part('B', self.head(self.state.request.line, &self.state.request.headers));
        }
        let body = self.request_body();
        if self.parts.has(b'C') && !body.is_empty() && !self.parts.has(b'I') {
            part('C', lines(body));
        }
        if self.parts.has(b'E') && self.state.response.text.is_some() {
            part('E', lines(self.text(self.state.response.text)));
        }
        if self.parts.has(b'F') {
            part('F', self.head(self.state.response.line, &self.state.response.headers));
        }
        if self.parts.has(b'H') {
            part('H', self.trailer());
        }
        if self.parts.has(b'I') && !self.state.body.args.is_empty() {
            part('I', self.fields());
        }
        if self.parts.has(b'J') && !self.state.body.files.is_empty() {
            part('J', self.files());
        }
        if self.parts.has(b'K') {
            let ids: Vec<String> = self.state.matches.iter().map(rule_line).collect();
            part('K', ids.join("\n") + "\n");
        }
        let _ = writeln!(out, "--{boundary}-Z--\n");
        out
    }

    fn head(&self, line: Option<StrId>, headers: &[Field]) -> String {
        let mut out = lines(self.text(line));
        for field in headers {
            out.push('\n');
            escape_line(&mut out, self.text(Some(field.name)));
            out.push_str(": ");
            escape_line(&mut out, self.text(Some(field.value)));
        }
        out.push('\n');
        out
    }

    fn trailer(&self) -> String {
        let mut out = String::new();
        for found in self.state.matches.iter().filter(|found| found.audit) {
            let _ = writeln!(out, "Message: {}", rule_line(found));
        }
        if let Some(stopped) = &self.state.intervention {
            let _ = writeln!(out, "Action: Intercepted (phase {})", stopped.phase.number());
        }
        let spent = self.state.now.saturating_sub(self.state.began).as_micros();
        let _ = writeln!(out, "Stopwatch: {} {spent}", self.state.began.as_micros());
        let _ = writeln!(out, "Producer: {}", self.producer());
        let _ = writeln!(out, "Engine-Mode: \"{}\"", self.mode());
        out
    }

    fn producer(&self) -> String {
        let mut all = vec![concat!("Portcullis/", env!("CARGO_PKG_VERSION")).to_owned()];
        all.extend(self.set.settings.component_signatures.iter().cloned());
        all.join("; ")
    }

    fn mode(&self) -> &'static str {
        match self.state.switches.engine {
            EngineMode::On => "ENABLED",
            EngineMode::DetectionOnly => "DETECTION_ONLY",
            EngineMode::Off => "DISABLED",
        }
    }

    /// The fields of a form, without the files in it.
    fn fields(&self) -> String {
        let mut out = String::new();
        for (index, field) in self.state.body.args.iter().enumerate() {
            if index > 0 {
                out.push('&');
            }
            escape_line(&mut out, self.text(Some(field.name)));
            out.push('=');
            escape_line(&mut out, self.text(Some(field.value)));
        }
        out.push('\n');
        out
    }

    fn files(&self) -> String {
        let mut out = String::new();
        for (file, size) in self.state.body.files.iter().zip(&self.state.body.file_sizes) {
            for id in [size.value, file.name, file.value] {
                out.push('"');
                escape(&mut out, self.text(Some(id)));
                out.push_str("\" ");
            }
            out.push('\n');
        }
        out
    }

    fn json(&self) -> Value {
        let [(client, client_port), (server, server_port)] = self.addresses();
        let mut transaction = json!({
            "client_ip": client,
            "client_port": client_port,
            "host_ip": server,
            "host_port": server_port,
            "time_stamp": Calendar::of(self.state.began).asctime(),
            "unique_id": self.id(),
        });
        let mut put = |name: &str, value: Value| {
            if let Some(object) = transaction.as_object_mut() {
                object.insert(name.to_owned(), value);
            }
        };
        let request = &self.state.request;
        let mut asked = json!({
            "method": self.shown(request.method),
            "http_version": self.shown(request.protocol).trim_start_matches("HTTP/"),
            "uri": self.shown(request.uri_raw),
        });
        let mut add = |name: &str, value: Value| {
            if let Some(object) = asked.as_object_mut() {
                object.insert(name.to_owned(), value);
            }
        };
        if self.parts.has(b'B') {
            add("headers", self.headers(&request.headers));
        }
        if self.parts.has(b'C') && !self.parts.has(b'I') {
            add("body", Value::String(shown(self.request_body())));
        }
        if self.parts.has(b'I') {
            add("body", Value::String(self.fields().trim_end().to_owned()));
        }
        put("request", asked);
        let mut answered = Map::new();
        if let Some(status) = status(self.state) {
            answered.insert("http_code".to_owned(), json!(status));
        }
        if self.parts.has(b'F') {
            answered.insert("headers".to_owned(), self.headers(&self.state.response.headers));
        }
        if self.parts.has(b'E') {
            answered.insert("body".to_owned(), json!(self.shown(self.state.response.text)));
        }
        put("response", Value::Object(answered));
        if self.parts.has(b'J') {
            let files = self.state.body.files.iter().zip(&self.state.body.file_sizes);
            let files: Vec<Value> = files
                .map(|(file, size)| {
                    json!({
                        "name": self.shown(Some(file.name)),
                        "filename": self.shown(Some(file.value)),
                        "size": self.shown(Some(size.value)).parse::<u64>().unwrap_or(0),
                    })
                })
                .collect();
            put("files", Value::Array(files));
        }
        if self.parts.has(b'H') {
            put(
                "producer",
                json!({
                    "connector": concat!("Portcullis/", env!("CARGO_PKG_VERSION")),
                    "secrules_engine": self.mode(),
                    "components": self.set.settings.component_signatures,
                }),
            );
            let messages = self.state.matches.iter().filter(|found| found.audit).map(message);
            put("messages", messages.collect());
            put("is_interrupted", json!(self.state.intervention.is_some()));
        }
        json!({ "transaction": transaction })
    }

    /// Headers by name; those of the same name as a list.
    fn headers(&self, headers: &[Field]) -> Value {
        let mut all = Map::new();
        for field in headers {
            let value = Value::String(self.shown(Some(field.value)));
            match all.entry(self.shown(Some(field.name))) {
                serde_json::map::Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                serde_json::map::Entry::Occupied(mut entry) => match entry.get_mut() {
                    Value::Array(list) => list.push(value),
                    first => *first = Value::Array(vec![first.take(), value]),
                },
            }
        }
        Value::Object(all)
    }
}

fn message(found: &Match) -> Value {
    let matched = found.values.last().map(|value| {
        format!(
            "Matched \"Operator `{}' with parameter `{}' against variable `{}' (Value: `{}' )",
            found.operator,
            found.argument,
            shown(&value.full_name()),
            shown(&value.value)
        )
    });
    let number = |number: Option<u8>| number.map_or_else(|| "0".to_owned(), |number| number.to_string());
    json!({
        "message": shown(&found.msg),
        "details": {
            "match": matched.unwrap_or_default(),
            "ruleId": found.id.to_string(),
            "file": &*found.at.file,
            "lineNumber": found.at.line.to_string(),
            "data": shown(&found.data),
            "severity": number(found.severity),
            "ver": found.ver.as_deref().unwrap_or_default(),
            "rev": found.rev.as_deref().unwrap_or_default(),
            "tags": found.tags.iter().map(|tag| shown(tag)).collect::<Vec<_>>(),
            "maturity": number(found.maturity),
            "accuracy": number(found.accuracy),
        }
    })
}

fn rule_line(found: &Match) -> String {
    let place = crate::log::Place { client: None, hostname: b"", uri: b"", unique_id: b"" };
    place.line(found)
}

/// UTF-8 as it is; of anything else every byte beyond ASCII, and every backslash, as `\xHH`.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let mut out = String::new();
            for byte in bytes {
                if byte.is_ascii() && *byte != b'\\' {
                    out.push(char::from(*byte));
                } else {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            out
        }
    }
}

/// A text of several lines, of which none can be taken for a boundary.
fn lines(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"--") {
            out.push_str("\\x2d");
            escape_line(&mut out, line.get(1..).unwrap_or_default());
        } else {
            escape_line(&mut out, line);
        }
    }
    out
}

/// A line: control characters and bytes beyond ASCII as `\xHH`.
fn escape_line(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'\t' | b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
}
