//! `multipart/form-data` (RFC 7578, RFC 2046), strictly.
//!
//! Attacks on uploads live where readers differ: which bytes end a part, which of two names holds, where a
//! quoted value ends. Whatever is not the one form that browsers send sets a flag, and the flags make
//! `MULTIPART_STRICT_ERROR`. Their names and meanings are ModSecurity's; beyond those it is strict about
//! `filename*`, parts within parts, encoded parts, escaped quotes and repeated headers. An apostrophe within
//! double quotes is not held against a file name, as every reader takes it for what it is.

mod boundary;
mod part;

use memchr::memmem;

use super::{Body, Field, File, Limits};
use part::Part;

/// What was odd about a multipart body, one flag a variable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MultipartFlags {
    /// The boundary was given in quotes.
    pub boundary_quoted: bool,
    /// White space stood around the `=` of the boundary.
    pub boundary_whitespace: bool,
    /// Something came before the first boundary.
    pub data_before: bool,
    /// Something came after the last boundary.
    pub data_after: bool,
    /// A header of a part went on in the next line.
    pub header_folding: bool,
    /// … after something else than a space or tab.
    pub invalid_header_folding: bool,
    /// A boundary or a header of a part was ended by a line feed alone.
    pub lf_line: bool,
    /// One was ended by a carriage return and a line feed.
    pub crlf_line: bool,
    /// No semicolon stood before the boundary.
    pub missing_semicolon: bool,
    /// A value was quoted in a way that readers take differently.
    pub invalid_quoting: bool,
    /// A part was not of the form that browsers send.
    pub invalid_part: bool,
    /// There were more files than allowed.
    pub file_limit_exceeded: bool,
    /// The body could not be read as what it claims to be.
    pub error: bool,
    /// Something looked like a boundary but was none: 1, or 2 if a boundary came after it; else 0.
    pub unmatched_boundary: u8,
}

impl MultipartFlags {
    /// `MULTIPART_CRLF_LF_LINES`: both ends of line were used.
    #[must_use]
    pub fn crlf_lf_lines(&self) -> bool {
        self.crlf_line && self.lf_line
    }

    /// `MULTIPART_STRICT_ERROR`: whether anything was odd, but for an unmatched boundary, which text may have.
    #[must_use]
    pub fn strict_error(&self) -> bool {
        self.error
            || self.boundary_quoted
            || self.boundary_whitespace
            || self.data_before
            || self.data_after
            || self.header_folding
            || self.invalid_header_folding
            || self.lf_line
            || self.missing_semicolon
            || self.invalid_quoting
            || self.invalid_part
            || self.file_limit_exceeded
    }
}

/// Reads `body` by the boundary that `content_type` gives.
pub(super) fn parse<'a>(content_type: &[u8], body: &'a [u8], limits: &Limits) -> Body<'a> {
    let mut reader = Reader { body, limits, read: Body::default() };
    match boundary::boundary(content_type, &mut reader.read.multipart) {
        Ok(boundary) => reader.parts(&[b"--", boundary].concat()),
        Err(why) => reader.error(why),
    }
    reader.read
}

struct Reader<'a, 'l> {
    body: &'a [u8],
    limits: &'l Limits,
    read: Body<'a>,
}

impl<'a> Reader<'a, '_> {
    fn error(&mut self, why: impl Into<String>) {
        self.read.multipart.error = true;
        self.read.fault(format!("multipart: {}", why.into()));
    }

    fn parts(&mut self, delimiter: &[u8]) {
        let body = self.body;
        let finder = memmem::Finder::new(delimiter);
        // Where the part that is being read begins, and where what is behind the last boundary does.
        let mut open: Option<usize> = None;
        let mut closed: Option<usize> = None;
        let mut last_boundary = None;
        let mut lookalike = None;
        for at in finder.find_iter(body) {
            let after = body.get(at + delimiter.len()..).unwrap_or_default();
            let at_line_start = at == 0 || body.get(at - 1) == Some(&b'\n');
            let (last, tail) = match after.strip_prefix(b"--") {
                Some(tail) => (true, tail),
                None => (false, after),
            };
            let end = match tail {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] => 1,
                [] if last => 0,
                _ => {
                    if at_line_start {
                        self.error("a line begins with the boundary and goes on");
                    }
                    lookalike = Some(at);
                    continue;
                }
            };
            if !at_line_start {
                lookalike = Some(at);
                continue;
            }
            if closed.is_some() {
                self.error("a boundary after the last one");
                continue;
            }
            self.line_end(end);
            match open.take() {
                None => self.read.multipart.data_before |= at > 0,
                Some(start) => self.part(body.get(start..at).unwrap_or_default(), true),
            }
            last_boundary = Some(at);
            let behind = body.len() - tail.len() + end;
            if last { closed = Some(behind) } else { open = Some(behind) }
        }
        match (open, closed) {
            (_, Some(behind)) => self.read.multipart.data_after |= behind < body.len(),
            (Some(start), None) => {
                self.error("the last boundary is missing");
                self.part(body.get(start..).unwrap_or_default(), false);
            }
            (None, None) => {
                self.read.multipart.data_before |= !body.is_empty();
                self.error("there is no boundary in it");
            }
        }
        lookalike = lookalike.max(last_lookalike(body, delimiter));
        if let Some(at) = lookalike {
            self.read.multipart.unmatched_boundary = if last_boundary > Some(at) { 2 } else { 1 };
        }
    }

    /// The end of the line of a boundary or a header.
    fn line_end(&mut self, length: usize) {
        match length {
            2 => self.read.multipart.crlf_line = true,
            1 => self.read.multipart.lf_line = true,
            _ => {}
        }
    }

    /// One part: its headers, an empty line, its content, the end of line that belongs to the boundary.
    fn part(&mut self, bytes: &'a [u8], bounded: bool) {
        if self.read.args.len() + self.read.files.len() >= self.limits.fields {
            self.error(format!("more than {} parts", self.limits.fields));
            return;
        }
        let bytes = match bytes {
            [content @ .., b'\r', b'\n'] if bounded => content,
            [content @ .., b'\n'] if bounded => {
                self.line_end(1);
                content
            }
            content => content,
        };
        let part = part::parse(bytes, self.limits, &mut self.read.multipart);
        if let Some(why) = part.error {
            self.read.multipart.invalid_part = true;
            self.error(why);
        }
        let Part { name, filename, headers, content, .. } = part;
        for value in headers {
            self.read.part_headers.push(Field { name: name.clone(), value });
        }
        match filename {
            Some(filename) => {
                if self.read.files.len() >= self.limits.files {
                    self.read.multipart.file_limit_exceeded = true;
                    self.read.fault(format!("multipart: more than {} files", self.limits.files));
                }
                self.read.files.push(File { name, filename, content });
            }
            None => self.read.args.push(Field { name, value: content.into() }),
        }
    }
}

/// The last line that begins with two dashes and is not of our boundary: another reader, with another
/// boundary, could take it for one.
fn last_lookalike(body: &[u8], delimiter: &[u8]) -> Option<usize> {
    let is_other = |at: &usize| body.get(*at..).is_some_and(|line| !line.starts_with(delimiter));
    let first = Some(0).filter(|_| body.starts_with(b"--")).filter(is_other);
    // Forwards, as that looks at many bytes at once.
    memmem::find_iter(body, b"\n--").map(|at| at + 1).filter(is_other).last().or(first)
}
