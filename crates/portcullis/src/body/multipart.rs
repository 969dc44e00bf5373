//! `multipart/form-data`, as it streams by (RFC 2046 section 5.1.1, RFC 7578).
//!
//! Strict on purpose. Readers differ in whether a bare LF ends a line, whether padding may follow a
//! delimiter, whether a part without a name counts: whatever two of them could split differently is
//! refused. What browsers and common HTTP clients send passes.

use std::ops::Range;

use super::kind::{parameter_list, split_at_byte};
use super::late::Copied;
use super::{FIELD, LONGEST_TOKEN};
use crate::layers::arrival::limits::{Config, Reason};

/// The most bytes of headers in one part: a disposition with a long file name, and a type.
const LONGEST_HEAD: usize = 16 << 10;

/// Counts parts, and finds our own field.
#[derive(Debug)]
pub(super) struct Multipart {
    limits: Config,
    /// Two dashes and the boundary.
    delimiter: Vec<u8>,
    /// Where the next byte stands.
    at: usize,
    state: State,
    parts: u64,
    part: Part,
    /// The header line being read.
    line: Vec<u8>,
    pub(super) token: Option<Vec<u8>>,
    pub(super) cuts: Vec<Range<usize>>,
    pub(super) fault: Option<Reason>,
    /// What rules have not judged yet, without what is in files.
    pub(super) copied: Option<Copied>,
}

/// The part being read.
#[derive(Debug, Default)]
struct Part {
    /// Where its delimiter began.
    start: usize,
    head_size: usize,
    disposition: Option<Disposition>,
    /// Where its content began.
    content: usize,
    /// What our own field holds, and the delimiter's beginning behind it.
    kept: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Disposition {
    name: Vec<u8>,
    file: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Region {
    /// Before the first delimiter.
    Preamble,
    /// The content of a part.
    Content,
    /// Behind the last delimiter.
    Epilogue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Within a line; `cr` when the byte before was a CR.
    Line { region: Region, cr: bool },
    /// At the beginning of a line that began at `start`, with `matched` bytes of the delimiter seen.
    LineStart { region: Region, broken: Break, start: usize, matched: usize },
    /// Behind a delimiter that began at `start`.
    Delimited { start: usize, seen: Option<u8> },
    /// In the headers of a part.
    Head { cr: bool },
    /// Malformed: what follows cannot be told.
    Lost,
}

/// What stood before the beginning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// Nothing, or CRLF.
    Proper,
    /// CR or LF alone, or the end of a part's headers.
    Doubtful,
}

impl Multipart {
    pub(super) fn new(limits: Config, boundary: &[u8]) -> Self {
        Self {
            limits,
            delimiter: [b"--", boundary].concat(),
            at: 0,
            state: State::LineStart { region: Region::Preamble, broken: Break::Proper, start: 0, matched: 0 },
            parts: 0,
            part: Part::default(),
            line: Vec::new(),
            token: None,
            cuts: Vec::new(),
            fault: None,
            copied: None,
        }
    }

    /// From here on, what is no content of a file is copied for rules to judge, beginning with the part that is
    /// being read, which `held` has so far.
    pub(super) fn copy(&mut self, held: &[u8]) {
        let from = match self.state {
            State::Delimited { start, .. } => start,
            State::Line { region: Region::Content, .. }
            | State::LineStart { region: Region::Content, .. }
            | State::Head { .. } => self.part.start,
            State::Line { .. } | State::LineStart { .. } | State::Lost => held.len(),
        };
        let to = if self.in_file() { self.part.content.min(held.len()) } else { held.len() };
        let content = match self.state {
            State::Line { .. } | State::LineStart { .. } => self.part.content.saturating_sub(from),
            _ => 0,
        };
        self.copied = Some(Copied::begin(held.get(from..to).unwrap_or_default(), content));
    }

    /// The last delimiter has been seen.
    pub(super) fn is_closed(&self) -> bool {
        match self.state {
            State::Line { region, .. } | State::LineStart { region, .. } => region == Region::Epilogue,
            State::Delimited { .. } | State::Head { .. } | State::Lost => false,
        }
    }

    /// Two dashes and the boundary.
    pub(super) fn delimiter(&self) -> &[u8] {
        &self.delimiter
    }

    fn in_file(&self) -> bool {
        let content = matches!(
            self.state,
            State::Line { region: Region::Content, .. } | State::LineStart { region: Region::Content, .. }
        );
        content && self.part.disposition.as_ref().is_some_and(|is| is.file)
    }

    /// Whether what comes next is to be copied.
    fn is_copied(&self) -> bool {
        let within = match self.state {
            State::Line { region, .. } | State::LineStart { region, .. } => region == Region::Content,
            State::Delimited { .. } | State::Head { .. } => true,
            State::Lost => false,
        };
        within && !self.in_file()
    }

    /// Whether the bytes stop within our own field, or what may become it, so that a little more would
    /// complete it.
    pub(super) fn in_own_field(&self) -> bool {
        match self.state {
            State::Line { region, .. } | State::LineStart { region, .. } => {
                region == Region::Content && self.is_own()
            }
            State::Delimited { .. } | State::Head { .. } => true,
            State::Lost => false,
        }
    }

    pub(super) fn feed(&mut self, mut chunk: &[u8]) {
        loop {
            if let State::Line { region, cr: false } = self.state {
                // Most bytes of a file are on no line start: go straight to the next line break.
                let skip = memchr::memchr2(b'\r', b'\n', chunk).unwrap_or(chunk.len());
                let (run, rest) = chunk.split_at_checked(skip).unwrap_or((chunk, &[]));
                self.keep(region, run);
                if self.is_copied()
                    && let Some(copied) = &mut self.copied
                {
                    copied.extend(run);
                }
                self.at = self.at.saturating_add(run.len());
                chunk = rest;
            }
            let Some((byte, rest)) = chunk.split_first() else { break };
            self.copy_step(*byte);
            self.at = self.at.saturating_add(1);
            if self.state == State::Lost {
                return;
            }
            chunk = rest;
        }
        self.check_unended();
    }

    /// One step, and what of it is copied.
    fn copy_step(&mut self, byte: u8) {
        if self.copied.is_none() {
            return self.step(byte);
        }
        let (copied, file) = (self.is_copied(), self.in_file());
        let before = self.state;
        self.step(byte);
        let delimited =
            matches!(self.state, State::Delimited { .. }) && !matches!(before, State::Delimited { .. });
        let headed = matches!(before, State::Head { .. }) && !matches!(self.state, State::Head { .. });
        let Some(copy) = &mut self.copied else { return };
        if copied {
            copy.extend(&[byte]);
        }
        if delimited && file {
            copy.extend(b"\r\n");
            copy.extend(&self.delimiter);
        }
        if delimited {
            copy.part_begins(self.delimiter.len());
        }
        if headed {
            copy.content_begins();
        }
    }

    pub(super) fn end(&mut self) {
        // An empty body is no form at all, and every reader says so.
        let closed = match self.state {
            State::Line { region, .. } | State::LineStart { region, .. } => region == Region::Epilogue,
            State::Delimited { .. } | State::Head { .. } => false,
            State::Lost => true,
        };
        if !closed && self.at > 0 {
            self.malformed("it ends without a closing delimiter");
        }
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::Line { region, cr } => {
                self.keep(region, &[byte]);
                self.in_line(region, cr, byte);
            }
            State::LineStart { region, broken, start, matched } => {
                self.keep(region, &[byte]);
                if self.delimiter.get(matched) != Some(&byte) {
                    self.in_line(region, false, byte);
                    return;
                }
                let matched = matched.saturating_add(1);
                if matched == self.delimiter.len() {
                    self.delimited(region, broken, start);
                } else {
                    self.state = State::LineStart { region, broken, start, matched };
                }
            }
            State::Delimited { start, seen } => self.behind_delimiter(start, seen, byte),
            State::Head { cr } => self.in_head(cr, byte),
            State::Lost => {}
        }
    }

    fn in_line(&mut self, region: Region, cr: bool, byte: u8) {
        let next = self.at.saturating_add(1);
        self.state = match (byte, cr) {
            (b'\n', true) => State::LineStart { region, broken: Break::Proper, start: next, matched: 0 },
            (b'\n', false) => State::LineStart { region, broken: Break::Doubtful, start: next, matched: 0 },
            (b'\r', _) => State::Line { region, cr: true },
            // A CR alone: for some readers a line begins here.
            (_, true) if self.delimiter.first() == Some(&byte) => {
                State::LineStart { region, broken: Break::Doubtful, start: self.at, matched: 1 }
            }
            (_, _) => State::Line { region, cr: false },
        };
    }

    fn delimited(&mut self, region: Region, broken: Break, start: usize) {
        if broken == Break::Doubtful {
            return self.malformed("a delimiter does not follow a whole line break");
        }
        match region {
            Region::Epilogue => return self.malformed("a delimiter follows the closing one"),
            Region::Content => self.finish_part(start),
            Region::Preamble => {}
        }
        self.state = State::Delimited { start, seen: None };
    }

    fn behind_delimiter(&mut self, start: usize, seen: Option<u8>, byte: u8) {
        match (seen, byte) {
            (None, b'\r' | b'-') => self.state = State::Delimited { start, seen: Some(byte) },
            (Some(b'-'), b'-') => self.state = State::Line { region: Region::Epilogue, cr: false },
            (Some(b'\r'), b'\n') => {
                self.parts = self.parts.saturating_add(1);
                if self.parts > self.limits.parts {
                    self.fault.get_or_insert(Reason::TooManyParts { limit: self.limits.parts });
                }
                self.part = Part { start, ..Part::default() };
                self.line.clear();
                self.state = State::Head { cr: false };
            }
            // RFC 2046 lets mail gateways pad the line; no HTTP client does.
            _ => self.malformed("a delimiter is followed by other than a line break or `--`"),
        }
    }

    fn in_head(&mut self, cr: bool, byte: u8) {
        self.part.head_size = self.part.head_size.saturating_add(1);
        if self.part.head_size > LONGEST_HEAD {
            return self.malformed("the headers of a part are longer than 16 KiB");
        }
        match (cr, byte) {
            (true, b'\n') => self.head_line(),
            (true, _) => self.malformed("a header of a part has a bare CR"),
            (false, b'\r') => self.state = State::Head { cr: true },
            (false, b'\n') => self.malformed("a header of a part ends with a bare LF"),
            (false, 0) => self.malformed("a header of a part has a NUL byte"),
            (false, _) => self.line.push(byte),
        }
    }

    fn head_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.state = State::Head { cr: false };
        if line.is_empty() {
            return self.begin_content();
        }
        if line.starts_with(&self.delimiter) {
            return self.malformed("a delimiter stands among the headers of a part");
        }
        let (name, value) = split_at_byte(&line, b':');
        if name.len() == line.len() || name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            // Folded lines begin with a space, so they end here too.
            return self.malformed("a header of a part is no `name: value`");
        }
        if !name.eq_ignore_ascii_case(b"content-disposition") {
            return;
        }
        if self.part.disposition.is_some() {
            return self.malformed("a part has two `content-disposition` headers");
        }
        match disposition(value) {
            Some(disposition) => self.part.disposition = Some(disposition),
            None => self.malformed("a `content-disposition` is not `form-data` with one name"),
        }
    }

    fn begin_content(&mut self) {
        let Some(disposition) = &self.part.disposition else {
            return self.malformed("a part has no `content-disposition`");
        };
        let length = u64::try_from(disposition.name.len()).unwrap_or(u64::MAX);
        if length > self.limits.parameter_name {
            let (start, limit) = (shortened(&disposition.name), self.limits.parameter_name);
            self.fault.get_or_insert(Reason::ParameterNameTooLong { start, limit });
        }
        let start = self.at.saturating_add(1);
        self.part.content = start;
        // A delimiter right here would leave the part without content in some readings, and end an empty
        // one in others.
        self.state = State::LineStart { region: Region::Content, broken: Break::Doubtful, start, matched: 0 };
    }

    /// The content ended with the line break before `delimiter`.
    fn finish_part(&mut self, delimiter: usize) {
        let length = delimiter.saturating_sub(2).saturating_sub(self.part.content);
        self.check_length(length);
        if self.is_own() {
            if length <= LONGEST_TOKEN {
                let value: Vec<u8> = self.part.kept.iter().copied().take(length).collect();
                self.token.get_or_insert(value);
            }
            match self.cuts.last_mut().filter(|last| last.end == self.part.start) {
                Some(last) => last.end = delimiter,
                None => self.cuts.push(self.part.start..delimiter),
            }
        }
        self.part = Part { content: usize::MAX, ..Part::default() };
    }

    fn is_own(&self) -> bool {
        self.part.disposition.as_ref().is_some_and(|is| !is.file && is.name == FIELD.as_bytes())
    }

    fn keep(&mut self, region: Region, run: &[u8]) {
        if region == Region::Content && self.is_own() {
            let room = LONGEST_TOKEN.saturating_sub(self.part.kept.len());
            self.part.kept.extend(run.iter().take(room));
        }
    }

    fn check_length(&mut self, length: usize) {
        let Some(disposition) = &self.part.disposition else { return };
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let in_content = self.part.content > 0;
        if in_content && !disposition.file && length > self.limits.parameter_value {
            let (name, limit) = (shortened(&disposition.name), self.limits.parameter_value);
            self.fault.get_or_insert(Reason::ParameterValueTooLong { name, limit });
        }
    }

    /// What was seen of the content so far may end with a delimiter that has not been recognised yet.
    fn check_unended(&mut self) {
        let seen = self.at.saturating_sub(self.part.content);
        self.check_length(seen.saturating_sub(self.delimiter.len()).saturating_sub(2));
    }

    fn malformed(&mut self, fault: &'static str) {
        self.check_unended();
        self.fault.get_or_insert(Reason::MalformMultipart { fault });
        self.state = State::Lost;
    }
}

fn shortened(name: &[u8]) -> Vec<u8> {
    name.iter().copied().take(64).collect()
}

/// The value of a part's `Content-Disposition` (RFC 7578 section 4.2).
fn disposition(value: &[u8]) -> Option<Disposition> {
    let (kind, parameters) = split_at_byte(value, b';');
    if !kind.trim_ascii().eq_ignore_ascii_case(b"form-data") {
        return None;
    }
    let mut name = None;
    let mut file = false;
    for (key, value) in parameter_list(parameters)? {
        match key.to_ascii_lowercase().as_slice() {
            b"name" if name.is_none() => name = Some(value),
            // A second name, or one in the encoding that RFC 7578 section 4.2 forbids.
            b"name" | b"name*" => return None,
            b"filename" | b"filename*" => file = true,
            _ => {}
        }
    }
    Some(Disposition { name: name?, file })
}
