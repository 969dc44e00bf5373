//! Small readings of bytes that all detectors share. None of them panics, whatever the offsets.

use std::ops::Range;

/// The byte at `index`, or NUL beyond the end.
pub(crate) fn at(input: &[u8], index: usize) -> u8 {
    input.get(index).copied().unwrap_or(0)
}

/// The bytes in `range`, as far as they are there.
pub(crate) fn cut(input: &[u8], range: Range<usize>) -> &[u8] {
    let end = range.end.min(input.len());
    input.get(range.start.min(end)..end).unwrap_or_default()
}

/// The bytes from `index` on.
pub(crate) fn rest(input: &[u8], index: usize) -> &[u8] {
    input.get(index..).unwrap_or_default()
}

/// The bytes before `index`.
pub(crate) fn before(input: &[u8], index: usize) -> &[u8] {
    input.get(..index.min(input.len())).unwrap_or_default()
}

/// Whether `word` stands at `index`, in any case of ASCII letters.
pub(crate) fn stands(input: &[u8], index: usize, word: &[u8]) -> bool {
    input.get(index..index.saturating_add(word.len())).is_some_and(|here| here.eq_ignore_ascii_case(word))
}

/// Whether the input begins with `word`, in any case of ASCII letters.
pub(crate) fn begins(input: &[u8], word: &[u8]) -> bool {
    stands(input, 0, word)
}

/// The end of the run of bytes from `index` on that `keep` accepts.
pub(crate) fn run(input: &[u8], index: usize, keep: impl Fn(u8) -> bool) -> usize {
    index + rest(input, index).iter().take_while(|&&byte| keep(byte)).count()
}

/// The first place at or after `from` where `word` stands in any case of ASCII letters.
///
/// `word` is a short constant: the cost is linear in the input.
pub(crate) fn find_from(input: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, rest(input, from))
        .map(|offset| from + offset)
        .find(|&index| stands(input, index, word))
}

/// The first place where `word` stands in any case of ASCII letters.
pub(crate) fn find(input: &[u8], word: &[u8]) -> Option<usize> {
    find_from(input, 0, word)
}

/// Whether `word` stands anywhere, in any case of ASCII letters.
pub(crate) fn has(input: &[u8], word: &[u8]) -> bool {
    find(input, word).is_some()
}

/// Whether any of `words` stands anywhere, in any case of ASCII letters.
pub(crate) fn has_any(input: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| has(input, word))
}

/// A byte of an identifier: a letter, a digit, `_`, or one beyond ASCII.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// White space as languages take it, the vertical tab included.
pub(crate) fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// The index of the first byte at or after `index` that is no white space.
pub(crate) fn skip_space(input: &[u8], index: usize) -> usize {
    run(input, index, is_space)
}

/// How many words stand in the input, at most `limit`, where a word has a letter in it.
pub(crate) fn words(input: &[u8], limit: usize) -> usize {
    input
        .split(|&byte| is_space(byte))
        .filter(|word| word.iter().any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80))
        .take(limit)
        .count()
}

/// A set of bytes, to ask quickly whether an input can matter at all.
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    low: u128,
    high: u128,
}

impl Bytes {
    /// The set of the bytes of `list`.
    pub(crate) const fn of(mut list: &[u8]) -> Self {
        let mut set = Self { low: 0, high: 0 };
        while let [first, others @ ..] = list {
            if *first < 128 {
                set.low |= 1 << *first;
            } else {
                set.high |= 1 << (*first - 128);
            }
            list = others;
        }
        set
    }

    /// Whether `byte` is in the set.
    pub(crate) fn has(self, byte: u8) -> bool {
        let half = if byte < 128 { self.low } else { self.high };
        half >> (byte & 127) & 1 == 1
    }

    /// Whether any byte of the input is in the set.
    pub(crate) fn any(self, input: &[u8]) -> bool {
        input.iter().any(|&byte| self.has(byte))
    }
}
