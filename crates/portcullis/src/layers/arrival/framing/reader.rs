//! The strict HTTP/1 reader: bytes in, events out, no socket.
//!
//! The caller keeps the bytes that came and were not judged yet in one buffer and calls
//! [`Reader::read`] until it says `None`. What an event gives has left the buffer, unchanged. How the
//! bytes were cut on their way makes no difference to what is said of them.

use bytes::{Bytes, BytesMut};

use super::chunked::{Chunked, Step};
use super::head::{self, Framing};
use super::{Fault, ReaderLimits, Reason, Wire};
use super::{request_line, rewrite};

/// RFC 9112 section 2.2: at least one empty line before the request line is to be ignored. Old clients
/// send one after a body.
const MOST_BLANK_LINES: usize = 4;

/// The first byte of a TLS record that holds a handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// What the reader found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A head.
    Head(Head),
    /// Bytes of a body as they may pass on, with the framing of its chunks.
    Body(Bytes),
    /// The message is complete.
    End,
    /// The body is none: nothing that follows may pass.
    Fault(Reason),
}

/// A head as sent, and whether it can be gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The bytes and all that is wrong with them.
    pub wire: Wire,
    /// What may pass on: the bytes as sent, save where the layer only observes and the next reader would
    /// stumble over what it let through.
    pub passes: Bytes,
    /// Whether they may pass on. If not, the reader is done with this connection.
    pub readable: bool,
    /// Whether the client asks for another protocol. After the message the reader waits for
    /// [`Reader::go_transparent`] or [`Reader::resume`].
    pub upgrade: bool,
}

/// Where the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// In a head, or before one.
    Head,
    /// In a body.
    Body,
    /// After a request that asks for another protocol.
    Waiting,
    /// Another protocol is spoken.
    Transparent,
    /// A fault was found; nothing more passes.
    Broken,
}

/// The reader of one connection.
#[derive(Debug)]
pub struct Reader {
    limits: ReaderLimits,
    state: State,
    /// What is to become of this connection after the message, once it is known.
    after: After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Head,
    Waiting,
    Transparent,
}

#[derive(Debug)]
enum State {
    Head(Scan),
    Length(u64),
    Chunked(Chunked),
    /// The message is complete and [`Event::End`] has to be told.
    Ending,
    Waiting,
    Transparent,
    Broken,
}

/// How far a head has been searched for the ends of its lines, so that no byte is looked at twice.
#[derive(Debug, Clone, Copy, Default)]
struct Scan {
    scanned: usize,
    line: usize,
    lines: usize,
    blank: usize,
}

impl Reader {
    /// A reader for a new connection.
    #[must_use]
    pub fn new(limits: ReaderLimits) -> Self {
        Self { limits, state: State::Head(Scan::default()), after: After::Head }
    }

    /// The next event; `None` when more bytes are needed, or the reader waits or is done.
    pub fn read(&mut self, input: &mut BytesMut) -> Option<Event> {
        match &mut self.state {
            State::Head(scan) => {
                let mut scan = *scan;
                let found = find_head(&mut scan, input, &self.limits);
                self.state = State::Head(scan);
                match found? {
                    Found::Whole(head) => Some(self.begin(head)),
                    Found::Unreadable(wire) => {
                        self.state = State::Broken;
                        Some(Event::Head(Head {
                            wire,
                            passes: Bytes::new(),
                            readable: false,
                            upgrade: false,
                        }))
                    }
                }
            }
            State::Length(remaining) => {
                if input.is_empty() {
                    return None;
                }
                let take = usize::try_from(*remaining).unwrap_or(usize::MAX).min(input.len());
                *remaining = remaining.saturating_sub(u64::try_from(take).unwrap_or(u64::MAX));
                if *remaining == 0 {
                    self.state = State::Ending;
                }
                Some(Event::Body(input.split_to(take).freeze()))
            }
            State::Chunked(chunked) => match chunked.step(input, &self.limits) {
                Step::More => None,
                Step::Pass(bytes) => Some(Event::Body(bytes)),
                Step::Last(bytes) => {
                    self.state = State::Ending;
                    Some(Event::Body(bytes))
                }
                Step::Fault(reason) => {
                    self.state = State::Broken;
                    Some(Event::Fault(reason))
                }
            },
            State::Ending => {
                self.state = match self.after {
                    After::Head => State::Head(Scan::default()),
                    After::Waiting => State::Waiting,
                    After::Transparent => State::Transparent,
                };
                Some(Event::End)
            }
            State::Transparent => (!input.is_empty()).then(|| Event::Body(input.split().freeze())),
            State::Waiting | State::Broken => None,
        }
    }

    /// Where the reader stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Head(_) => Phase::Head,
            State::Length(_) | State::Chunked(_) | State::Ending => Phase::Body,
            State::Waiting => Phase::Waiting,
            State::Transparent => Phase::Transparent,
            State::Broken => Phase::Broken,
        }
    }

    /// Whether the message being read has bytes that have not come yet.
    #[must_use]
    pub fn is_within_body(&self) -> bool {
        matches!(self.state, State::Length(_) | State::Chunked(_))
    }

    /// The app has changed the protocol: after this message nothing is judged any more.
    pub fn go_transparent(&mut self) {
        if self.after == After::Waiting {
            self.after = After::Transparent;
        }
        if matches!(self.state, State::Waiting) {
            self.state = State::Transparent;
        }
    }

    /// The app has not changed the protocol: after this message comes the next.
    pub fn resume(&mut self) {
        if self.after == After::Waiting {
            self.after = After::Head;
        }
        if matches!(self.state, State::Waiting) {
            self.state = State::Head(Scan::default());
        }
    }

    /// A head that did not come to its end, for `fault`: the reader is done with this connection.
    pub fn give_up(&mut self, input: &mut BytesMut, fault: Fault) -> Wire {
        self.state = State::Broken;
        let head = input.split().freeze();
        let line = head.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let faults = vec![Reason::new(fault, "head", line)];
        Wire { head, faults }
    }

    fn begin(&mut self, head: Bytes) -> Event {
        let parsed = head::parse(&head);
        let wire = Wire { head, faults: parsed.faults };
        let readable = wire.faults.is_empty() || self.limits.tolerant && wire.readable();
        self.after = if parsed.upgrade { After::Waiting } else { After::Head };
        self.state = match parsed.framing {
            _ if !readable => State::Broken,
            Framing::Length(0) => State::Ending,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Chunked::new()),
        };
        let passes = match readable && !wire.faults.is_empty() {
            true => rewrite::undisputed(&wire.head, parsed.length_with_coding),
            false => wire.head.clone(),
        };
        Event::Head(Head { wire, passes, readable, upgrade: parsed.upgrade })
    }
}

enum Found {
    /// A head with its empty line.
    Whole(Bytes),
    /// As much of a head as is worth keeping.
    Unreadable(Wire),
}

/// Looks for the end of the head, or for a reason not to look further.
fn find_head(scan: &mut Scan, input: &mut BytesMut, limits: &ReaderLimits) -> Option<Found> {
    loop {
        let (ceiling, too_long) = ceiling(scan, limits);
        if scan.lines == 0 && input.get(scan.line) == Some(&TLS_HANDSHAKE) {
            return Some(cut(input, scan.line.saturating_add(1), Fault::TlsHandshake, scan.line));
        }
        let unseen = input.get(scan.scanned..ceiling.min(input.len())).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', unseen).map(|end| end.saturating_add(scan.scanned)) else {
            if input.len() >= ceiling {
                return Some(cut(input, ceiling, too_long, scan.line));
            }
            scan.scanned = input.len();
            return None;
        };
        let next = end.saturating_add(1);
        let line = input.get(scan.line..next).unwrap_or_default();
        let content = line.strip_suffix(b"\n").unwrap_or_default();
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        if scan.lines == 0 && content.is_empty() {
            if line == b"\n" {
                return Some(cut(input, next, Fault::BareLineFeed, 0));
            }
            scan.blank = scan.blank.saturating_add(1);
            if scan.blank > MOST_BLANK_LINES {
                return Some(cut(input, next, Fault::LeadingBlankLines, 0));
            }
            let _ = input.split_to(next);
            scan.scanned = 0;
            continue;
        }
        if content.is_empty() {
            return Some(Found::Whole(input.split_to(next).freeze()));
        }
        if scan.lines == 0 {
            // Of what is no request line nobody can say where its head ends.
            let mut faults = Vec::new();
            request_line::read(content, &mut faults);
            let hopeless =
                |reason: &Reason| matches!(reason.fault, Fault::VersionMissing | Fault::RequestLineShape);
            if faults.iter().any(hopeless) {
                let head = input.split_to(next).freeze();
                return Some(Found::Unreadable(Wire { head, faults }));
            }
        }
        scan.lines = scan.lines.saturating_add(1);
        if scan.lines > limits.headers.saturating_add(1) {
            return Some(cut(input, next, Fault::HeadersMany, scan.line));
        }
        scan.scanned = next;
        scan.line = next;
    }
}

/// The place that the end of the current line must be before, and the fault if it is not.
fn ceiling(scan: &Scan, limits: &ReaderLimits) -> (usize, Fault) {
    let (limit, fault) = match scan.lines {
        0 => (limits.request_line, Fault::RequestLineLong),
        _ => (limits.header_line, Fault::HeaderLineLong),
    };
    let line = scan.line.saturating_add(limit).saturating_add(2);
    if line <= limits.head { (line, fault) } else { (limits.head, Fault::HeadLong) }
}

/// The head up to `end`, given up for `fault` in the line that begins at `line`.
fn cut(input: &mut BytesMut, end: usize, fault: Fault, line: usize) -> Found {
    let head = input.split_to(end.min(input.len())).freeze();
    let place = if line == 0 { "request line" } else { "header line" };
    let reason = Reason::new(fault, place, head.get(line..).unwrap_or_default());
    Found::Unreadable(Wire { head, faults: vec![reason] })
}
