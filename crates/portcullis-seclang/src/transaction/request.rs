//! The head of the request, cut into variables.

use std::net::SocketAddr;

use super::state::State;
use crate::bodies::Processor;
use crate::rules::RuleSet;
use crate::strings::StrId;
use crate::values::Field;

impl State {
    pub(crate) fn connection(&mut self, client: SocketAddr, server: SocketAddr) {
        let address = |address: SocketAddr| address.ip().to_canonical().to_string();
        self.request.client_address = Some(self.strings.push(address(client).as_bytes()));
        self.request.server_address = Some(self.strings.push(address(server).as_bytes()));
        self.request.client = Some(client);
        self.request.server = Some(server);
    }

    pub(crate) fn remote_user(&mut self, user: &[u8]) {
        self.request.user = Some(self.strings.push(user));
    }

    pub(crate) fn request_line(&mut self, set: &RuleSet, method: &[u8], target: &[u8], protocol: &[u8]) {
        let start = self.strings.mark();
        let out = self.strings.open();
        for (index, piece) in [method, target, protocol].into_iter().enumerate() {
            if index > 0 && !(index == 2 && piece.is_empty()) {
                out.push(b' ');
            }
            out.extend_from_slice(piece);
        }
        let line = self.strings.close(start);
        self.request.line = Some(line);
        let method_end = method.len();
        let target_start = method_end + 1;
        let target_end = target_start + target.len();
        self.request.method = Some(self.strings.slice(line, 0, method_end));
        self.request.protocol =
            Some(self.strings.slice(line, target_end + 1, target_end + 1 + protocol.len()));
        self.request.uri_raw = Some(self.strings.slice(line, target_start, target_end));
        // The absolute form (RFC 9112 section 3.2.2) names the site before the path.
        let skip = absolute_prefix(target);
        let path_and_query = target.get(skip..).unwrap_or_default();
        self.request.uri = Some(self.strings.slice(line, target_start + skip, target_end));
        let mark = memchr::memchr(b'?', path_and_query);
        let path = path_and_query.get(..mark.unwrap_or(path_and_query.len())).unwrap_or_default();
        let query = mark.and_then(|mark| path_and_query.get(mark + 1..)).unwrap_or_default();
        self.request.query = Some(self.strings.slice(line, target_end - query.len(), target_end));
        let filename = match std::borrow::Cow::from(percent_encoding::percent_decode(path)) {
            std::borrow::Cow::Borrowed(_) => {
                self.strings.slice(line, target_start + skip, target_start + skip + path.len())
            }
            std::borrow::Cow::Owned(decoded) => self.strings.push(&decoded),
        };
        let text = self.strings.get(filename, &set.constants);
        let base = text.iter().rposition(|byte| matches!(byte, b'/' | b'\\')).map_or(0, |at| at + 1);
        let end = text.len();
        self.request.filename = Some(filename);
        self.request.basename = Some(self.strings.slice(filename, base, end));
        let of = self.request.query.unwrap_or(StrId::EMPTY);
        self.query_fields(set, of, query);
    }

    pub(crate) fn request_header(&mut self, set: &RuleSet, name: &[u8], value: &[u8]) {
        let field = Field { name: self.strings.push(name), value: self.strings.push(value) };
        let number = set.headers.iter().position(|known| known.eq_ignore_ascii_case(name));
        self.request.headers.push(field);
        self.request.header_numbers.push(number.and_then(|number| u16::try_from(number).ok()));
        if name.eq_ignore_ascii_case(b"cookie") {
            self.cookies(field.value, value);
        } else if name.eq_ignore_ascii_case(b"content-type") && self.body.processor.is_none() {
            self.body.processor = processor_of(value);
        } else if name.eq_ignore_ascii_case(b"host") && self.request.host.is_none() {
            let end = if value.starts_with(b"[") {
                memchr::memchr(b']', value).map_or(value.len(), |at| at + 1)
            } else {
                memchr::memchr(b':', value).unwrap_or(value.len())
            };
            self.request.host = Some(self.strings.slice(field.value, 0, end));
        }
    }

    /// `name=value` pairs between semicolons, as they stand (RFC 6265 section 4.2.1).
    fn cookies(&mut self, of: StrId, value: &[u8]) {
        let mut start = 0;
        for piece in value.split(|byte| *byte == b';') {
            let blanks = piece.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let from = start + blanks;
            let end = start + piece.len();
            start = end + 1;
            if from >= end {
                continue;
            }
            let text = value.get(from..end).unwrap_or_default();
            let (name_end, value_start) = match memchr::memchr(b'=', text) {
                Some(at) => (from + at, from + at + 1),
                None => (end, end),
            };
            let name = self.strings.slice(of, from, name_end);
            let value = self.strings.slice(of, value_start, end);
            self.request.cookies.push(Field { name, value });
        }
    }
}

/// The length of `scheme://authority` before the path.
fn absolute_prefix(target: &[u8]) -> usize {
    if target.starts_with(b"/") {
        return 0;
    }
    let Some(colon) = memchr::memmem::find(target, b"://") else { return 0 };
    let scheme = target.get(..colon).unwrap_or_default();
    if scheme.is_empty() || !scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)) {
        return 0;
    }
    let rest = target.get(colon + 3..).unwrap_or_default();
    rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).map_or(target.len(), |at| colon + 3 + at)
}

/// The processor that the type of the body asks for.
fn processor_of(content_type: &[u8]) -> Option<Processor> {
    let end = content_type.iter().position(|byte| matches!(byte, b';' | b',' | b' ' | b'\t'));
    let kind = content_type.get(..end.unwrap_or(content_type.len())).unwrap_or_default();
    if kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        Some(Processor::Urlencoded)
    } else if kind.eq_ignore_ascii_case(b"multipart/form-data") {
        Some(Processor::Multipart)
    } else {
        None
    }
}
