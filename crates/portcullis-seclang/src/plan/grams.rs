//! Finds which of thousands of literals stand in a value, without regard to the case of ASCII letters.
//!
//! Four bytes of each literal, those that are rarest in everyday text, are put into a table of bits. A value is
//! read once, four bytes at each place; only where the table has them are literals compared. Unlike the states
//! of an automaton, no step waits for the one before, and all that is read for most bytes fits the nearest
//! cache.

use super::need::{ByteSet, Literal, commonness};

/// The bits of the table, as words.
const WORDS: usize = 4096;
/// The buckets; each takes the hashes that begin alike.
const BUCKETS: usize = 16384;
/// A window has so many bytes.
const WINDOW: usize = 4;
/// A bit that only tells cases apart, in each byte of a window. What else it makes alike is told apart when the
/// literal is compared.
const FOLD: u32 = 0x2020_2020;

/// The literals that are looked for.
#[derive(Debug, Default)]
pub(crate) struct Grams {
    /// Empty where all literals are shorter than three bytes.
    table: Box<[u64]>,
    /// Where the entries of each bucket begin, and at last where they end.
    buckets: Box<[u32]>,
    entries: Box<[Entry]>,
    /// Literals of two bytes, which are looked for one by one.
    pairs: Box<[Pair]>,
    /// The bytes that these are looked for by.
    pair_bytes: ByteSet,
    patterns: Box<[Pattern]>,
    /// The texts of all, one after the other.
    texts: Box<[u8]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    window: u32,
    /// Which pattern, and where in it the window begins.
    pattern: u32,
    offset: u32,
}

/// A literal of two bytes, and the rarer of them.
#[derive(Clone, Copy, Debug)]
struct Pair {
    rare: u8,
    /// Where in the literal that is.
    offset: usize,
    /// Its bytes in the words of a [`ByteSet`], in either case.
    bytes: [(usize, u64); 2],
    number: u32,
    pattern: Pattern,
}

/// One literal.
#[derive(Clone, Copy, Debug)]
struct Pattern {
    start: u32,
    length: u32,
    /// No letter, digit or `_` may stand before it, or after it.
    before: bool,
    after: bool,
}

impl Grams {
    /// Of literals in lower case; a find tells their place in the list. Single bytes are not looked for.
    pub(crate) fn new<'a>(literals: impl Iterator<Item = &'a Literal>) -> Self {
        let mut texts = Vec::new();
        let mut patterns = Vec::new();
        let mut pairs = Vec::new();
        let mut entries = Vec::new();
        for (index, literal) in literals.enumerate() {
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            let pattern = Pattern {
                start: u32::try_from(texts.len()).unwrap_or(u32::MAX),
                length: u32::try_from(literal.text.len()).unwrap_or(0),
                before: literal.before,
                after: literal.after,
            };
            texts.extend_from_slice(&literal.text);
            patterns.push(pattern);
            match *literal.text.as_slice() {
                [] | [_] => {}
                [a, b] => {
                    let (rare, offset) = if commonness(b) < commonness(a) { (b, 1) } else { (a, 0) };
                    let bit = |byte: u8| 1 << (byte & 63);
                    let place =
                        |byte: u8| (usize::from(byte >> 6), bit(byte) | bit(byte.to_ascii_uppercase()));
                    pairs.push(Pair { rare, offset, bytes: [place(a), place(b)], number, pattern });
                }
                // Whatever comes after: the bit that is folded away halves what there is.
                [a, b, c] => entries.extend((0..=255).filter(|next| next & 0x20 != 0).map(|next| Entry {
                    window: u32::from_le_bytes([a, b, c, next]) | FOLD,
                    pattern: number,
                    offset: 0,
                })),
                _ => {
                    let (offset, window) = rarest(&literal.text);
                    entries.push(Entry { window, pattern: number, offset });
                }
            }
        }
        entries.sort_by_key(|entry| hash(entry.window));
        let mut table = vec![0_u64; if entries.is_empty() { 0 } else { WORDS }];
        let mut buckets = Vec::with_capacity(BUCKETS + 1);
        for entry in &entries {
            let hash = hash(entry.window);
            if let Some(word) = table.get_mut((hash >> 6) as usize) {
                *word |= 1 << (hash & 63);
            }
        }
        if !entries.is_empty() {
            buckets.extend((0..=BUCKETS).map(|bucket| {
                let before = entries.partition_point(|entry| bucket_of(hash(entry.window)) < bucket);
                u32::try_from(before).unwrap_or(u32::MAX)
            }));
        }
        Self {
            table: table.into(),
            buckets: buckets.into(),
            entries: entries.into(),
            pair_bytes: pairs.iter().fold(ByteSet::default(), |mut all, pair| {
                all.insert(pair.rare);
                all.insert(pair.rare.to_ascii_uppercase());
                all
            }),
            pairs: pairs.into(),
            patterns: patterns.into(),
            texts: texts.into(),
        }
    }

    /// Tells of each literal that stands in the value, perhaps more than once. `present` are the bytes in it.
    pub(crate) fn find(&self, value: &[u8], present: &ByteSet, mut tell: impl FnMut(u32)) {
        if let Ok(table) = <&[u64; WORDS]>::try_from(&*self.table) {
            for (at, window) in value.array_windows().enumerate() {
                let window = u32::from_le_bytes(*window) | FOLD;
                if has(table, window) {
                    self.compare(value, at, window, &mut tell);
                }
            }
            // Literals of three bytes at the very end.
            if let Some([a, b, c]) = value.last_chunk() {
                let window = u32::from_le_bytes([*a, *b, *c, 0]) | FOLD;
                if has(table, window) {
                    self.compare(value, value.len() - 3, window, &mut tell);
                }
            }
        }
        if self.pair_bytes.intersects(present) {
            for pair in &self.pairs {
                if self.has_pair(value, present, pair) {
                    tell(pair.number);
                }
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn compare(&self, value: &[u8], at: usize, window: u32, tell: &mut impl FnMut(u32)) {
        let bucket = bucket_of(hash(window));
        let (Some(from), Some(to)) = (self.buckets.get(bucket), self.buckets.get(bucket + 1)) else { return };
        for entry in self.entries.get(*from as usize..*to as usize).unwrap_or_default() {
            if entry.window == window
                && let Some(pattern) = self.patterns.get(entry.pattern as usize)
                && let Some(start) = at.checked_sub(entry.offset as usize)
                && self.stands(value, start, pattern)
            {
                tell(entry.pattern);
            }
        }
    }

    fn stands(&self, value: &[u8], start: usize, pattern: &Pattern) -> bool {
        let end = start + pattern.length as usize;
        let text = self.texts.get(pattern.start as usize..(pattern.start + pattern.length) as usize);
        let (Some(here), Some(text)) = (value.get(start..end), text) else { return false };
        here.eq_ignore_ascii_case(text)
            && !(pattern.before && start.checked_sub(1).and_then(|at| value.get(at)).is_some_and(is_word))
            && !(pattern.after && value.get(end).is_some_and(is_word))
    }

    fn has_pair(&self, value: &[u8], present: &ByteSet, pair: &Pair) -> bool {
        let (lower, upper) = (pair.rare, pair.rare.to_ascii_uppercase());
        let is_there =
            |(word, bits): &(usize, u64)| present.0.get(*word).is_some_and(|word| word & bits != 0);
        if !pair.bytes.iter().all(is_there) {
            return false;
        }
        let at = |found: usize| found.checked_sub(pair.offset);
        memchr::memchr2_iter(lower, upper, value)
            .any(|found| at(found).is_some_and(|start| self.stands(value, start, &pair.pattern)))
    }
}

/// A letter, a digit or `_`: what `\b` takes for a word.
fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

#[inline]
fn has(table: &[u64; WORDS], window: u32) -> bool {
    let hash = hash(window);
    table.get((hash >> 6) as usize).is_some_and(|word| word >> (hash & 63) & 1 != 0)
}

/// Eighteen bits of a window.
const fn hash(window: u32) -> u32 {
    window.wrapping_mul(0x9e37_79b1) >> 14
}

const fn bucket_of(hash: u32) -> usize {
    (hash >> 4) as usize
}

/// The window of the literal that everyday text has least.
fn rarest(text: &[u8]) -> (u32, u32) {
    let common = |window: &[u8]| -> u64 { window.iter().map(|byte| u64::from(commonness(*byte))).product() };
    let best = text.windows(WINDOW).enumerate().min_by_key(|(_, window)| common(window));
    match best {
        Some((at, [a, b, c, d])) => {
            (u32::try_from(at).unwrap_or(0), u32::from_le_bytes([*a, *b, *c, *d]) | FOLD)
        }
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::Scanner;
    use super::*;
    use proptest::prelude::*;

    fn literal() -> impl Strategy<Value = Literal> {
        ("[a-c_(]{2,6}", any::<bool>(), any::<bool>()).prop_map(|(text, before, after)| Literal {
            text: text.into_bytes(),
            before,
            after,
        })
    }

    /// The same, by trying every literal at every place.
    fn plain(literals: &[Literal], value: &[u8]) -> Vec<u32> {
        let word = |byte: Option<&u8>| byte.is_some_and(is_word);
        let stands = |literal: &Literal| {
            value.windows(literal.text.len()).enumerate().any(|(at, here)| {
                here.eq_ignore_ascii_case(&literal.text)
                    && !(literal.before && at > 0 && word(value.get(at - 1)))
                    && !(literal.after && word(value.get(at + literal.text.len())))
            })
        };
        (0..).zip(literals).filter(|(_, literal)| stands(literal)).map(|(index, _)| index).collect()
    }

    proptest! {
        #[test]
        fn all_literals_are_found_and_no_others(
            literals in prop::collection::vec(literal(), 0..40),
            value in "[a-cA-C_( ]{0,30}",
        ) {
            let mut found = Vec::new();
            let value = value.as_bytes();
            Grams::new(literals.iter()).find(value, &Scanner::present(value), |index| found.push(index));
            found.sort_unstable();
            found.dedup();
            prop_assert_eq!(found, plain(&literals, value));
        }
    }
}
