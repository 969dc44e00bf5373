//! The ways in which an app may come to read a value: as sent, or after one more decoding or several.

use std::borrow::Cow;
use std::ops::Range;

use crate::finding::{Finding, Language};
use crate::text::at;

/// What a detector found in one reading of an input; [`judge`] makes a [`Finding`] of it.
pub(crate) struct Hit {
    /// The place in which the input changes its meaning.
    pub(crate) context: &'static str,
    /// The bytes of the reading that it rests on.
    pub(crate) span: Range<usize>,
    /// Why this is an attack.
    pub(crate) why: Cow<'static, str>,
    /// The shape, with values taken out.
    pub(crate) shape: String,
}

impl Hit {
    /// A hit that rests on `span`.
    pub(crate) fn new(
        context: &'static str,
        span: Range<usize>,
        why: impl Into<Cow<'static, str>>,
        shape: impl Into<String>,
    ) -> Self {
        Self { context, span, why: why.into(), shape: shape.into() }
    }
}

/// How often a value is decoded at most: apps behind two proxies and a framework decode three times.
const ROUNDS: usize = 3;

/// Judges the input as it is, then after each further percent-decoding that changes it.
pub(crate) fn judge(
    language: Language,
    input: &[u8],
    read: impl Fn(&[u8]) -> Option<Hit>,
) -> Option<Finding> {
    if let Some(hit) = read(input) {
        return Some(finding(language, hit, input.len(), None));
    }
    let mut decoded = percent(input)?;
    for _ in 0..ROUNDS {
        if let Some(hit) = read(&decoded.bytes) {
            return Some(finding(language, hit, input.len(), Some(&decoded.origin)));
        }
        let Some(again) = percent(&decoded.bytes) else { break };
        let origin = again.origin.iter().map(|&index| of(&decoded.origin, index)).collect();
        decoded = Decoded { bytes: again.bytes, origin };
    }
    None
}

fn of(origin: &[usize], index: usize) -> usize {
    origin.get(index).or(origin.last()).copied().unwrap_or(0)
}

fn finding(language: Language, hit: Hit, length: usize, origin: Option<&[usize]>) -> Finding {
    let Range { start, end } = hit.span;
    let (start, end) = match origin {
        Some(origin) => (of(origin, start), of(origin, end)),
        None => (start, end),
    };
    let end = end.min(length);
    let mut fingerprint = hit.shape;
    fingerprint.retain(|letter| letter == ' ' || letter.is_ascii_graphic());
    Finding { language, context: hit.context, evidence: start.min(end)..end, why: hit.why, fingerprint }
}

/// Bytes after a decoding, with the place in the input of each, and of the end.
pub(crate) struct Decoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) origin: Vec<usize>,
}

/// The input with `%HH` and `%uHHHH` decoded once; nothing where there are none.
pub(crate) fn percent(input: &[u8]) -> Option<Decoded> {
    memchr::memchr(b'%', input)?;
    let mut bytes = Vec::with_capacity(input.len());
    let mut origin = Vec::with_capacity(input.len() + 1);
    let mut index = 0;
    let mut changed = false;
    while let Some(&byte) = input.get(index) {
        let (length, letter) = match byte {
            b'%' => escape(input, index).map_or((1, None), |(length, code)| (length, Some(code))),
            _ => (1, None),
        };
        let before = bytes.len();
        match letter {
            Some(code @ 0..=0xff) => bytes.push(u8::try_from(code).unwrap_or(byte)),
            Some(code) => {
                let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                match plain(letter) {
                    Some(ascii) => bytes.push(ascii),
                    None => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            None => bytes.push(byte),
        }
        changed |= letter.is_some();
        origin.extend(std::iter::repeat_n(index, bytes.len() - before));
        index += length;
    }
    origin.push(input.len());
    changed.then_some(Decoded { bytes, origin })
}

/// The length and the value of the escape at `index`, if there is one.
fn escape(input: &[u8], index: usize) -> Option<(usize, u32)> {
    let (start, digits) = match at(input, index + 1) {
        b'u' | b'U' => (index + 2, 4),
        _ => (index + 1, 2),
    };
    let mut value = 0;
    for place in start..start + digits {
        value = value * 16 + char::from(at(input, place)).to_digit(16)?;
    }
    Some((start + digits - index, value))
}

/// The ASCII letter that Windows and Unicode normal forms take a full-width letter for.
pub(crate) fn plain(letter: char) -> Option<u8> {
    match u32::from(letter) {
        code @ 0xff01..=0xff5e => u8::try_from(code - 0xfee0).ok(),
        0x2215 | 0x2044 => Some(b'/'),
        0x2216 => Some(b'\\'),
        // What servers of Windows fold into a slash.
        0xefc8 | 0xf025 => Some(b'/'),
        0x3002 | 0xff61 => Some(b'.'),
        _ => None,
    }
}
