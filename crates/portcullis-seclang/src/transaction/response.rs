//! The response, cut into variables.

use super::state::State;
use crate::record::Intervention;
use crate::rules::RuleSet;
use crate::settings::LimitAction;
use crate::values::Field;

impl State {
    pub(crate) fn response_line(&mut self, protocol: &[u8], status: u16, reason: &[u8]) {
        let start = self.strings.mark();
        let out = self.strings.open();
        out.extend_from_slice(protocol);
        out.push(b' ');
        crate::values::push_number(out, i64::from(status));
        if !reason.is_empty() {
            out.push(b' ');
            out.extend_from_slice(reason);
        }
        let line = self.strings.close(start);
        self.response.line = Some(line);
        self.response.protocol = Some(self.strings.slice(line, 0, protocol.len()));
        self.response.status_text = Some(self.strings.slice(line, protocol.len() + 1, protocol.len() + 4));
        self.response.status = Some(status);
    }

    pub(crate) fn response_header(&mut self, set: &RuleSet, name: &[u8], value: &[u8]) {
        let field = Field { name: self.strings.push(name), value: self.strings.push(value) };
        self.response.headers.push(field);
        if name.eq_ignore_ascii_case(b"content-type") && self.response.content_type.is_none() {
            let text = self.text(set, field.value);
            let end = memchr::memchr2(b';', b',', text).unwrap_or(text.len());
            let kind = text.get(..end).unwrap_or_default().trim_ascii_end().len();
            self.response.content_type = Some(self.strings.slice(field.value, 0, kind));
        }
    }

    pub(crate) fn response_body_wanted(&self, set: &RuleSet) -> bool {
        self.switches.response_body_access
            && self.response.content_type.is_some_and(|kind| {
                let kind = self.text(set, kind);
                set.settings
                    .response_body_mime_types
                    .iter()
                    .any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(kind) || wanted == "*")
            })
    }

    pub(crate) fn response_body_chunk(&mut self, set: &RuleSet, chunk: &[u8]) -> Option<Intervention> {
        self.response.length = self.response.length.saturating_add(chunk.len() as u64);
        let room = self.switches.response_body_limit.saturating_sub(self.response.bytes.len() as u64);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        self.response.bytes.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        if chunk.len() > room && !self.response.over_limit {
            self.response.over_limit = true;
            if set.settings.response_body_limit_action == LimitAction::Reject {
                return self.stop_at_limit(500, "the response body passes `SecResponseBodyLimit`");
            }
        }
        None
    }

    pub(crate) fn response_body_complete(&mut self, set: &RuleSet) {
        if self.response.text.is_none() && self.response_body_wanted(set) {
            let bytes = std::mem::take(&mut self.response.bytes);
            self.response.text = Some(self.strings.push(&bytes));
        }
    }
}
