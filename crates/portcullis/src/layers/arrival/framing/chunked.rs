//! The chunked coding (RFC 9112 section 7.1), line by line: a size line passes when all of it has been
//! judged, data as it comes.

use bytes::{Bytes, BytesMut};

use super::field;
use super::head::line_end_faults;
use super::{Fault, ReaderLimits, Reason};

/// More digits than 64 bits have.
const MOST_DIGITS: usize = 16;
/// Trailer fields of one body; gRPC-Web and digests use two or three.
pub(super) const MOST_TRAILERS: usize = 32;

/// Where in a chunked body the reader stands.
#[derive(Debug, Clone)]
pub(super) struct Chunked {
    state: State,
    extensions: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Size,
    Data(u64),
    DataEnd,
    /// How far the trailers have been searched, and where the line begins.
    Trailers {
        scanned: usize,
        line: usize,
        fields: usize,
    },
}

/// What a step came to.
pub(super) enum Step {
    /// More bytes are needed.
    More,
    /// These bytes pass.
    Pass(Bytes),
    /// These bytes pass, and the body is complete.
    Last(Bytes),
    /// This is no chunked body.
    Fault(Reason),
}

impl Chunked {
    pub(super) fn new() -> Self {
        Self { state: State::Size, extensions: 0 }
    }

    pub(super) fn step(&mut self, input: &mut BytesMut, limits: &ReaderLimits) -> Step {
        match self.state {
            State::Size => self.size_line(input, limits),
            State::Data(remaining) => {
                if input.is_empty() {
                    return Step::More;
                }
                let take = usize::try_from(remaining).unwrap_or(usize::MAX).min(input.len());
                let left = remaining.saturating_sub(u64::try_from(take).unwrap_or(u64::MAX));
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                Step::Pass(input.split_to(take).freeze())
            }
            State::DataEnd => match input.as_ref() {
                [] | [b'\r'] => Step::More,
                [b'\r', b'\n', ..] => {
                    self.state = State::Size;
                    Step::Pass(input.split_to(2).freeze())
                }
                other => Step::Fault(Reason::new(
                    Fault::ChunkEnd,
                    "chunk",
                    // Two bytes at most, so that the evidence does not hang on how the bytes came.
                    other
                        .get(..2)
                        .filter(|two| two.first() == Some(&b'\r'))
                        .unwrap_or_else(|| other.get(..1).unwrap_or_default()),
                )),
            },
            State::Trailers { scanned, line, fields } => self.trailers(input, limits, scanned, line, fields),
        }
    }

    fn size_line(&mut self, input: &mut BytesMut, limits: &ReaderLimits) -> Step {
        let room = limits.chunk_extensions.saturating_sub(self.extensions);
        let ceiling = MOST_DIGITS.saturating_add(room).saturating_add(2);
        let within = input.get(..ceiling).unwrap_or(input);
        let Some(end) = memchr::memchr(b'\n', within) else {
            if input.len() < ceiling {
                return Step::More;
            }
            let fault = if within.contains(&b';') { Fault::ChunkExtensionLong } else { size_fault(within) };
            return Step::Fault(Reason::new(fault, "chunk", within));
        };
        let line = input.get(..end).unwrap_or_default();
        match self.read_size(line, room) {
            Err(fault) => Step::Fault(Reason::new(fault, "chunk", line)),
            Ok(size) => {
                self.state = match size {
                    0 => State::Trailers { scanned: 0, line: 0, fields: 0 },
                    size => State::Data(size),
                };
                Step::Pass(input.split_to(end.saturating_add(1)).freeze())
            }
        }
    }

    /// Reads a size line up to its LF.
    fn read_size(&mut self, line: &[u8], room: usize) -> Result<u64, Fault> {
        let line = line.strip_suffix(b"\r").ok_or(Fault::ChunkLineEnd)?;
        if line.contains(&b'\r') {
            return Err(Fault::ChunkLineEnd);
        }
        let split = line.iter().position(|byte| *byte == b';').unwrap_or(line.len());
        let (digits, extension) = line.split_at(split);
        if extension.len() > room {
            return Err(Fault::ChunkExtensionLong);
        }
        self.extensions = self.extensions.saturating_add(extension.len());
        if extension.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 0x7F..)) {
            return Err(Fault::ChunkExtensionInvalid);
        }
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) || digits.len() > MOST_DIGITS {
            return Err(size_fault(digits));
        }
        std::str::from_utf8(digits)
            .ok()
            .and_then(|text| i64::from_str_radix(text, 16).ok())
            .and_then(|size| u64::try_from(size).ok())
            .ok_or(Fault::ChunkSizeHuge)
    }

    fn trailers(
        &mut self,
        input: &mut BytesMut,
        limits: &ReaderLimits,
        mut scanned: usize,
        mut line: usize,
        mut fields: usize,
    ) -> Step {
        // The empty line that ends the trailers has a place of its own.
        let ceiling = limits.trailers.saturating_add(2);
        loop {
            let unseen = input.get(scanned..ceiling.min(input.len())).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', unseen).map(|end| end.saturating_add(scanned)) else {
                if input.len() >= ceiling {
                    let seen = input.get(..ceiling).unwrap_or_default();
                    return Step::Fault(Reason::new(Fault::TrailersLong, "trailers", seen));
                }
                self.state = State::Trailers { scanned: input.len(), line, fields };
                return Step::More;
            };
            let next = end.saturating_add(1);
            let whole = input.get(line..next).unwrap_or_default();
            if let Some(reason) = trailer_fault(whole) {
                return Step::Fault(reason);
            }
            if whole == b"\r\n" {
                return Step::Last(input.split_to(next).freeze());
            }
            fields = fields.saturating_add(1);
            if fields > MOST_TRAILERS {
                return Step::Fault(Reason::new(Fault::TrailersMany, "trailers", whole));
            }
            scanned = next;
            line = next;
        }
    }
}

/// What is wrong with a chunk size that is not a hexadecimal number of the right length.
fn size_fault(digits: &[u8]) -> Fault {
    match digits {
        [] => Fault::ChunkSizeEmpty,
        _ if digits.iter().any(|byte| matches!(byte, b' ' | b'\t')) => Fault::ChunkSizeSpace,
        _ if digits.iter().all(u8::is_ascii_hexdigit) => Fault::ChunkSizeHuge,
        _ => Fault::ChunkSizeInvalid,
    }
}

/// What is wrong with a trailer line, given with its end.
fn trailer_fault(line: &[u8]) -> Option<Reason> {
    let mut faults = Vec::new();
    line_end_faults(line, &mut faults);
    let content = line.strip_suffix(b"\r\n").unwrap_or(line);
    if faults.is_empty()
        && !content.is_empty()
        && let Some(field) = field::read(content, &mut faults)
        && !may_trail(&String::from_utf8_lossy(field.name))
    {
        faults.push(Reason::new(Fault::TrailerForbidden, "trailers", content));
    }
    faults.into_iter().next()
}

/// Whether a field may come after the body (RFC 9110 section 6.5.1).
pub(super) fn may_trail(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = field::undisguised(&name);
    !field::decides(&name) && !field::belongs_to_connection(&name)
}
