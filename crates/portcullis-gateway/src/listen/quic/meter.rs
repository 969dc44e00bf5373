//! HTTP/3: frames are measured before the library sees them.
//!
//! **Attack.** The library collects a frame whole before it looks at it, whatever length its header names: one
//! `HEADERS` or one frame of a type that nobody knows fills the memory of the gate (CWE-770). Small frames that
//! bring nothing cost it work without end, as in HTTP/2 (CVE-2019-9518).
//!
//! **What is decided.** Only `DATA` may be long, and is passed on as it comes. Every other frame has a bound, and a
//! stream has a purse: frames that bring nothing take from it, bodies and time put something back. Whoever breaks the
//! bound or empties the purse loses the connection (`H3_EXCESSIVE_LOAD`, RFC 9114 section 10.5).

use std::time::Duration;

use h3::error::Code;
use tokio::time::Instant;

use super::section;

/// The longest frame that is not `DATA`: more than the list of fields that is allowed, as Huffman codes can be
/// longer than what they stand for.
const FRAME: u64 = 128 * 1024;
/// All that an instruction stream of QPACK may bring: there is no dynamic table to fill.
const INSTRUCTIONS: u64 = 16 * 1024;
const PURSE: i64 = 1000;
const A_SECOND: i64 = 200;
/// The types of unidirectional streams (RFC 9114 section 6.2, RFC 9204 section 4.2).
const CONTROL: u64 = 0;
const DATA: u64 = 0;
const HEADERS: u64 = 1;
/// The longest variable-length integer (RFC 9000 section 16).
const VARINT: usize = 8;

/// Why a connection is not read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Excess {
    pub(super) code: Code,
    pub(super) why: &'static str,
}

/// What is too much.
const fn excess(why: &'static str) -> Excess {
    Excess { code: Code::H3_EXCESSIVE_LOAD, why }
}

/// Where in the bytes of a stream the meter stands.
#[derive(Debug)]
pub(super) struct Meter {
    part: Part,
    number: Varint,
    purse: i64,
    filled: Option<Instant>,
    /// The fields of a request, or of its trailers, until they are whole.
    section: Vec<u8>,
    /// A section of fields was there: the next is of trailers.
    begun: bool,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// The type of a unidirectional stream.
    Stream,
    Type,
    Length {
        kind: u64,
    },
    Payload {
        left: u64,
        /// Fields, which are looked at.
        fields: bool,
    },
    /// No frames; so much may still come.
    Instructions {
        left: u64,
    },
}

/// A variable-length integer, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
struct Varint {
    value: u64,
    missing: usize,
}

impl Varint {
    /// One more byte; the number once it is whole.
    fn take(&mut self, byte: u8) -> Option<u64> {
        if self.missing == 0 {
            let length = 1_usize.checked_shl(u32::from(byte >> 6)).unwrap_or(VARINT);
            self.value = u64::from(byte & 0x3f);
            self.missing = length;
        } else {
            self.value = self.value << 8 | u64::from(byte);
        }
        self.missing = self.missing.saturating_sub(1);
        (self.missing == 0).then_some(self.value)
    }
}

impl Meter {
    /// Of a request and its answer.
    pub(super) fn request() -> Self {
        Self {
            part: Part::Type,
            number: Varint::default(),
            purse: PURSE,
            filled: None,
            section: Vec::new(),
            begun: false,
        }
    }

    /// Of what a client opens in one direction.
    pub(super) fn unidirectional() -> Self {
        Self { part: Part::Stream, ..Self::request() }
    }

    /// The client sent these bytes.
    ///
    /// # Errors
    /// When they are more than a client has reason to send.
    pub(super) fn read(&mut self, mut bytes: &[u8], now: impl FnOnce() -> Instant) -> Result<(), Excess> {
        while let Some((first, rest)) = bytes.split_first() {
            match &mut self.part {
                Part::Payload { left, .. } | Part::Instructions { left } => {
                    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    let skipped = length.min(*left);
                    *left = left.saturating_sub(skipped);
                    let (taken, rest) = bytes
                        .split_at_checked(usize::try_from(skipped).unwrap_or(usize::MAX))
                        .unwrap_or_default();
                    bytes = rest;
                    match self.part {
                        Part::Payload { left, fields } => {
                            if fields {
                                self.section.extend_from_slice(taken);
                            }
                            if left == 0 {
                                self.part = Part::Type;
                                self.look(fields)?;
                            }
                        }
                        Part::Instructions { left: 0 } => return Err(excess("instructions without end")),
                        _ => {}
                    }
                }
                Part::Stream => {
                    bytes = rest;
                    if let Some(kind) = self.number.take(*first) {
                        self.part = match kind {
                            CONTROL => Part::Type,
                            _ => Part::Instructions { left: INSTRUCTIONS },
                        };
                    }
                }
                Part::Type => {
                    bytes = rest;
                    if let Some(kind) = self.number.take(*first) {
                        self.part = Part::Length { kind };
                    }
                }
                Part::Length { kind } => {
                    bytes = rest;
                    let kind = *kind;
                    if let Some(length) = self.number.take(*first) {
                        self.frame(kind, length)?;
                    }
                }
            }
        }
        if self.purse > 0 { Ok(()) } else { self.refill(now()) }
    }

    fn frame(&mut self, kind: u64, length: u64) -> Result<(), Excess> {
        match (kind, length) {
            (DATA, 1..) => self.earn(1),
            (DATA, 0) => self.purse = self.purse.saturating_sub(1),
            (_, ..=FRAME) => self.purse = self.purse.saturating_sub(4),
            _ => return Err(excess("a frame that is too long")),
        }
        let fields = kind == HEADERS;
        self.part = if length == 0 { Part::Type } else { Part::Payload { left: length, fields } };
        Ok(())
    }

    /// Fields are whole: are they in order?
    fn look(&mut self, fields: bool) -> Result<(), Excess> {
        if !fields {
            return Ok(());
        }
        let section = std::mem::take(&mut self.section);
        let trailers = std::mem::replace(&mut self.begun, true);
        match section::fault(&section, trailers) {
            Some(why) => Err(Excess { code: Code::H3_MESSAGE_ERROR, why }),
            None => Ok(()),
        }
    }

    fn refill(&mut self, now: Instant) -> Result<(), Excess> {
        let since = self.filled.replace(now);
        // The first time it is empty, a second is granted.
        let passed = since.map_or(Duration::from_secs(1), |since| now.saturating_duration_since(since));
        let seconds = i64::try_from(passed.as_secs()).unwrap_or(i64::MAX);
        self.earn(seconds.saturating_mul(A_SECOND));
        if self.purse > 0 { Ok(()) } else { Err(excess("a flood of frames")) }
    }

    fn earn(&mut self, more: i64) {
        self.purse = self.purse.saturating_add(more).min(PURSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(number: u64) -> Vec<u8> {
        let length = [1_usize, 2, 4, 8].into_iter().find(|bytes| number < 1 << (bytes * 8 - 2)).unwrap();
        let mut bytes = number.to_be_bytes()[8 - length..].to_vec();
        bytes[0] |= (length.trailing_zeros() as u8) << 6;
        bytes
    }

    fn frame(kind: u64, payload: &[u8]) -> Vec<u8> {
        [varint(kind), varint(payload.len() as u64), payload.to_vec()].concat()
    }

    fn read(meter: &mut Meter, bytes: &[u8]) -> Result<(), Excess> {
        let now = Instant::now();
        meter.read(bytes, || now)
    }

    #[test]
    fn a_request_passes_however_it_is_cut() {
        let request =
            [frame(1, b"\0\0\xd1\xc1"), frame(0, &[1; 70_000]), frame(0x2a17, b""), frame(1, b"\0\0\xdd")];
        let request = request.concat();
        for cut in 1..64 {
            let mut meter = Meter::request();
            for part in request.chunks(cut) {
                assert_eq!(read(&mut meter, part), Ok(()), "cut at {cut}");
            }
            assert!(matches!(meter.part, Part::Type), "{:?}", meter.part);
        }
    }

    #[test]
    fn only_data_may_be_long() {
        let head = |kind: u64, length: u64| [varint(kind), varint(length)].concat();
        assert_eq!(read(&mut Meter::request(), &head(0, 1 << 40)), Ok(()));
        assert_eq!(read(&mut Meter::request(), &head(1, FRAME)), Ok(()));
        for kind in [1, 0x21, 0x0f_ffff] {
            assert!(read(&mut Meter::request(), &head(kind, FRAME + 1)).is_err(), "type {kind}");
        }
        let mut control = Meter::unidirectional();
        assert_eq!(read(&mut control, &varint(CONTROL)), Ok(()));
        assert!(read(&mut control, &head(4, FRAME + 1)).is_err());
    }

    #[test]
    fn instructions_end() {
        let mut encoder = Meter::unidirectional();
        assert_eq!(read(&mut encoder, &[varint(2), vec![0; 1000]].concat()), Ok(()));
        assert!(read(&mut encoder, &vec![0; INSTRUCTIONS as usize]).is_err());
    }

    #[test]
    fn frames_that_bring_nothing_are_a_flood_and_small_parts_of_a_body_are_not() {
        let mut meter = Meter::request();
        let empty = frame(0, b"");
        let flood = (0..).map(|_| read(&mut meter, &empty)).take(10_000).position(|read| read.is_err());
        assert!(flood.is_some_and(|frames| frames >= 1000), "{flood:?}");
        let mut meter = Meter::request();
        assert_eq!(read(&mut meter, &frame(0, b"x").repeat(10_000)), Ok(()));
    }
}
