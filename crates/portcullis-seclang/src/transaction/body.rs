//! The request body, read by its processor.

use super::state::State;
use crate::load::ctl::BodyProcessor;
use crate::record::Intervention;
use crate::rules::RuleSet;
use crate::settings::LimitAction;
use crate::values::Field;

impl State {
    pub(crate) fn request_body_chunk(&mut self, set: &RuleSet, chunk: &[u8]) -> Option<Intervention> {
        self.body.length = self.body.length.saturating_add(chunk.len() as u64);
        let room = self.switches.request_body_limit.saturating_sub(self.body.bytes.len() as u64);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        self.body.bytes.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        if chunk.len() > room && !self.body.over_limit {
            self.body.over_limit = true;
            if set.settings.request_body_limit_action == LimitAction::Reject {
                return self.stop_at_limit(413, "the request body passes `SecRequestBodyLimit`");
            }
        }
        None
    }

    pub(crate) fn request_body_complete(&mut self, set: &RuleSet) {
        if !self.switches.request_body_access {
            return;
        }
        let bytes = std::mem::take(&mut self.body.bytes);
        let whole = self.body.processor == Some(BodyProcessor::UrlEncoded)
            || (self.switches.force_request_body && self.body.processor.is_none());
        if whole {
            self.body.text = Some(self.strings.push(&bytes));
        }
        if self.body.processor == Some(BodyProcessor::UrlEncoded) {
            let (args, bad) = self.form_fields(set, &bytes);
            self.body.args = args;
            self.request.bad_encoding |= bad;
        }
        self.body.bytes = bytes;
    }

    /// The fields of a form or a query, decoded; and whether a `%` was not followed by two digits.
    pub(crate) fn form_fields(&mut self, set: &RuleSet, text: &[u8]) -> (Vec<Field>, bool) {
        use crate::transforms::Transform;
        let mut fields = Vec::new();
        for piece in text.split(|byte| *byte == set.settings.argument_separator).filter(|p| !p.is_empty()) {
            let cut = memchr::memchr(b'=', piece).unwrap_or(piece.len());
            let name = Transform::UrlDecode.apply(piece.get(..cut).unwrap_or_default());
            let value = Transform::UrlDecode.apply(piece.get(cut + 1..).unwrap_or_default());
            fields.push(Field { name: self.strings.push(&name), value: self.strings.push(&value) });
        }
        (fields, false)
    }
}
