//! The request body, read by its processor.

use super::state::State;
use crate::bodies::{self, Limits, MultipartFlags, Processor};
use crate::record::Intervention;
use crate::rules::RuleSet;
use crate::settings::LimitAction;
use crate::strings::StrId;
use crate::syntax::names::Variable;
use crate::values::Field;

impl State {
    pub(crate) fn request_body_chunk(&mut self, set: &RuleSet, chunk: &[u8]) -> Option<Intervention> {
        self.body.length = self.body.length.saturating_add(chunk.len() as u64);
        let mut limit = self.switches.request_body_limit;
        let mut name = "SecRequestBodyLimit";
        // Only a multipart body has files in it.
        if self.body.processor != Some(Processor::Multipart)
            && set.settings.request_body_no_files_limit < limit
        {
            limit = set.settings.request_body_no_files_limit;
            name = "SecRequestBodyNoFilesLimit";
        }
        let room = usize::try_from(limit.saturating_sub(self.body.bytes.len() as u64)).unwrap_or(usize::MAX);
        self.body.bytes.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        if chunk.len() > room && !self.body.over_limit {
            self.body.over_limit = true;
            if set.settings.request_body_limit_action == LimitAction::Reject {
                return self.stop_at_limit(413, &format!("the request body passes `{name}`"));
            }
        }
        None
    }

    /// Reads the body. Gives back an intervention where what is not a file in it passes its limit.
    pub(crate) fn request_body_complete(&mut self, set: &RuleSet) -> Option<Intervention> {
        if !self.switches.request_body_access || self.body.whole.is_some() {
            return None;
        }
        let bytes = std::mem::take(&mut self.body.bytes);
        let whole = self.strings.promise(&bytes);
        self.body.whole = Some(whole);
        let stopped = self.read_body(set, whole, &bytes);
        self.strings.keep_promise(whole, bytes);
        stopped
    }

    fn read_body(&mut self, set: &RuleSet, whole: StrId, bytes: &[u8]) -> Option<Intervention> {
        let processor = match self.body.processor {
            Some(processor) => processor,
            None if self.switches.force_request_body => {
                self.body.text = Some(whole);
                return None;
            }
            None => return None,
        };
        if matches!(processor, Processor::Urlencoded | Processor::Raw) || self.switches.force_request_body {
            self.body.text = Some(whole);
        }
        if bytes.is_empty() && processor != Processor::Multipart {
            return None;
        }
        if processor == Processor::Urlencoded {
            let read =
                bodies::urlencoded(bytes, set.settings.argument_separator, set.settings.arguments_limit);
            self.body.args = self.keep_fields(whole, bytes, &read.fields);
            self.request.bad_encoding |= read.invalid_encoding;
            if read.overflow {
                self.body_error(&format!("more than {} arguments", set.settings.arguments_limit));
            }
            return None;
        }
        let limits = Limits {
            fields: set.settings.arguments_limit,
            depth: set.settings.json_depth_limit,
            files: set.settings.upload_file_limit,
            ..Limits::default()
        };
        let content_type =
            self.header(set, b"content-type").map(|id| self.text(set, id).to_vec()).unwrap_or_default();
        let read = processor.read(&content_type, bytes, &limits);
        self.keep_body(whole, bytes, &read);
        if processor == Processor::Multipart {
            let files: u64 = read.files.iter().map(|file| file.content.len() as u64).sum();
            let rest = self.body.length.saturating_sub(files);
            if rest > set.settings.request_body_no_files_limit {
                self.body.over_limit = true;
                if set.settings.request_body_limit_action == LimitAction::Reject {
                    return self.stop_at_limit(
                        413,
                        "the request body without files passes `SecRequestBodyNoFilesLimit`",
                    );
                }
            }
        }
        None
    }

    fn body_error(&mut self, message: &str) {
        if self.body.error.is_none() {
            self.body.error = Some(self.strings.push(message.as_bytes()));
        }
    }

    fn keep_body(&mut self, whole: StrId, bytes: &[u8], read: &bodies::Body<'_>) {
        self.body.args = self.keep_fields(whole, bytes, &read.args);
        for file in &read.files {
            let name = self.keep(whole, bytes, &file.name);
            let filename = self.keep(whole, bytes, &file.filename);
            let content = self.keep(whole, bytes, file.content);
            let size = self.strings.push(file.content.len().to_string().as_bytes());
            let size_number = i64::try_from(file.content.len()).unwrap_or(i64::MAX);
            self.body.files.push(Field { name, value: filename });
            self.body.file_names.push(Field { name, value: name });
            self.body.file_sizes.push(Field { name, value: size });
            self.body.file_contents.push(Field { name, value: content });
            self.body.files_size = self.body.files_size.saturating_add(size_number);
            self.body.part_names.push(Field { name, value: name });
            self.body.part_filenames.push(Field { name, value: filename });
        }
        self.body.part_headers = self.keep_fields(whole, bytes, &read.part_headers);
        let unnamed = |value| Field { name: StrId::EMPTY, value };
        for text in &read.xml_texts {
            let value = self.keep(whole, bytes, text);
            self.body.xml_text.push(unnamed(value));
        }
        for attribute in &read.xml_attributes {
            let value = self.keep(whole, bytes, attribute);
            self.body.xml_attributes.push(unnamed(value));
        }
        self.body.graphql = read.graphql;
        if self.body.over_limit {
            // Cut where the limit is, it has no proper end; that is not the sender's fault.
            return;
        }
        self.body.flags = flags(&read.multipart);
        self.body.unmatched_boundary = read.multipart.unmatched_boundary;
        if let Some(error) = &read.error {
            self.body_error(error);
        }
    }

    fn keep_fields(&mut self, whole: StrId, bytes: &[u8], fields: &[bodies::Field<'_>]) -> Vec<Field> {
        fields
            .iter()
            .map(|field| Field {
                name: self.keep(whole, bytes, &field.name),
                value: self.keep(whole, bytes, &field.value),
            })
            .collect()
    }

    /// A piece of `bytes`, of which `whole` is the copy, or a text of its own.
    fn keep(&mut self, whole: StrId, bytes: &[u8], piece: &[u8]) -> StrId {
        let start = (piece.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
        if start.saturating_add(piece.len()) <= bytes.len() {
            self.strings.slice(whole, start, start + piece.len())
        } else {
            self.strings.push(piece)
        }
    }

    /// The fields of a query, decoded; and whether a `%` was not followed by two digits.
    pub(crate) fn query_fields(&mut self, set: &RuleSet, query: StrId, text: &[u8]) {
        let read = bodies::urlencoded(text, set.settings.argument_separator, set.settings.arguments_limit);
        self.request.args = self.keep_fields(query, text, &read.fields);
        self.request.bad_encoding = read.invalid_encoding;
        if read.overflow {
            self.body_error(&format!("more than {} arguments", set.settings.arguments_limit));
        }
    }
}

fn flags(read: &MultipartFlags) -> Vec<(Variable, bool)> {
    use Variable as V;
    vec![
        (V::MultipartStrictError, read.strict_error()),
        (V::MultipartBoundaryQuoted, read.boundary_quoted),
        (V::MultipartBoundaryWhitespace, read.boundary_whitespace),
        (V::MultipartCrlfLfLines, read.crlf_lf_lines()),
        (V::MultipartDataAfter, read.data_after),
        (V::MultipartDataBefore, read.data_before),
        (V::MultipartFileLimitExceeded, read.file_limit_exceeded),
        (V::MultipartHeaderFolding, read.header_folding),
        (V::MultipartInvalidHeaderFolding, read.invalid_header_folding),
        (V::MultipartInvalidPart, read.invalid_part),
        (V::MultipartInvalidQuoting, read.invalid_quoting),
        (V::MultipartLfLine, read.lf_line),
        (V::MultipartMissingSemicolon, read.missing_semicolon),
    ]
}
