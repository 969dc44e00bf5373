//! One pass over a value: which rules could match it.

use std::collections::BTreeMap;

use super::grams::Grams;
use super::need::{ByteSet, Literal, Need, prefers_literals};

/// A set of rules that a scanner tells of, by the bits that it has for them.
pub(crate) type Block = [u64; 4];

/// Finds what rules need.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    grams: Grams,
    /// For each literal: where the bits of its rules begin in `found`, and at last where they end.
    starts: Box<[u32]>,
    found: Box<[u32]>,
    /// How many blocks it takes to have a bit for each rule.
    pub(crate) blocks: usize,
    /// The rule of each bit, in order.
    rules: Box<[u32]>,
    /// One more than the bit of each rule.
    bits: Box<[u16]>,
    /// For each byte: of the first, second and third set of bytes that rules need, those that have it; and the
    /// rules of which it is a literal.
    bytes: Box<[[Block; SETS + 1]]>,
    /// The bytes that tell something.
    telling: ByteSet,
    /// For each block, for each of the three: the rules that do not ask for such a set.
    free: Box<[[Block; SETS]]>,
    /// Rules that are found by their bytes, or that nothing tells of.
    open: Box<[Block]>,
    /// For each length up to [`SHORT`]: the rules that a value of that length could match.
    lengths: Box<[Block]>,
}

/// Sets of bytes that are looked at for each rule.
const SETS: usize = 3;
/// Sets that more than so many of a thousand bytes of everyday text are of say nothing.
const COMMON: f64 = 80.0;
/// The same for the set by which a rule is found.
const LIKELY: f64 = 600.0;
/// Lengths that tell something.
const SHORT: usize = 32;
/// The rules of a block.
const WIDTH: usize = 256;

/// Makes a [`Scanner`].
#[derive(Debug, Default)]
pub(crate) struct Builder<'a> {
    needs: Vec<(u32, &'a Need)>,
}

impl<'a> Builder<'a> {
    /// A rule that needs this; rules come in order.
    pub(crate) fn add(&mut self, rule: usize, need: &'a Need) {
        self.needs.push((u32::try_from(rule).unwrap_or(u32::MAX), need));
    }

    pub(crate) fn build(self, rules: usize) -> Scanner {
        let blocks = self.needs.len().div_ceil(WIDTH);
        let mut bits = vec![0; rules];
        let mut literals: BTreeMap<&Literal, Vec<u32>> = BTreeMap::new();
        let mut bytes = vec![[Block::default(); SETS + 1]; 256 * blocks];
        let mut free = vec![[Block::default(); SETS]; blocks];
        let mut open = vec![Block::default(); blocks];
        let mut lengths = vec![Block::default(); (SHORT + 1) * blocks];
        let mut telling = ByteSet::default();
        for (bit, (rule, need)) in self.needs.iter().enumerate() {
            if let Some(slot) = bits.get_mut(*rule as usize) {
                *slot = u16::try_from(bit + 1).unwrap_or(0);
            }
            let by_literals = prefers_literals(need);
            let mut sets: Vec<ByteSet> = Vec::new();
            if by_literals {
                for literal in need.literals.iter().flatten() {
                    if let [byte] = *literal.text.as_slice() {
                        for byte in [byte, byte.to_ascii_uppercase()] {
                            telling.insert(byte);
                            let at = usize::from(byte) * blocks + bit / WIDTH;
                            insert_into(bytes.get_mut(at).and_then(|sets| sets.last_mut()), bit);
                        }
                        continue;
                    }
                    let rules = literals.entry(literal).or_default();
                    rules.push(u32::try_from(bit).unwrap_or(u32::MAX));
                }
            } else {
                insert(&mut open, bit);
                sets.extend(need.sets.first().filter(|set| set.likelihood() < LIKELY));
            }
            let more = need.sets.iter().skip(usize::from(!by_literals));
            sets.extend(more.filter(|set| set.likelihood() < COMMON));
            for set in 0..SETS {
                match sets.get(set) {
                    Some(asked) => {
                        telling = telling.union(asked);
                        for byte in asked.bytes() {
                            let at = usize::from(byte) * blocks + bit / WIDTH;
                            insert_into(bytes.get_mut(at).and_then(|sets| sets.get_mut(set)), bit);
                        }
                    }
                    None => {
                        insert_into(free.get_mut(bit / WIDTH).and_then(|sets| sets.get_mut(set)), bit);
                    }
                }
            }
            for length in need.least.min(SHORT)..=SHORT {
                insert_into(lengths.get_mut(length * blocks + bit / WIDTH), bit);
            }
        }
        let (mut starts, mut found) = (Vec::with_capacity(literals.len() + 1), Vec::new());
        for bits in literals.values() {
            starts.push(u32::try_from(found.len()).unwrap_or(u32::MAX));
            found.extend_from_slice(bits);
        }
        starts.push(u32::try_from(found.len()).unwrap_or(u32::MAX));
        Scanner {
            grams: Grams::new(literals.keys().copied()),
            starts: starts.into(),
            found: found.into(),
            blocks,
            rules: self.needs.iter().map(|(rule, _)| *rule).collect(),
            bits: bits.into(),
            bytes: bytes.into(),
            telling,
            free: free.into(),
            open: open.into(),
            lengths: lengths.into(),
        }
    }
}

/// Puts a bit into the set that these blocks are.
pub(crate) fn insert(blocks: &mut [Block], bit: usize) {
    insert_into(blocks.get_mut(bit / WIDTH), bit);
}

fn insert_into(block: Option<&mut Block>, bit: usize) {
    if let Some(word) = block.and_then(|block| block.get_mut(bit % WIDTH / 64)) {
        *word |= 1 << (bit % 64);
    }
}

fn or(block: &mut Block, other: &Block) {
    for (word, other) in block.iter_mut().zip(other) {
        *word |= other;
    }
}

impl Scanner {
    /// The bit that stands for a rule.
    pub(crate) fn bit(&self, rule: usize) -> Option<usize> {
        usize::from(*self.bits.get(rule)?).checked_sub(1)
    }

    /// Whether the rule is in the set; one that the scanner does not know always is.
    pub(crate) fn has(&self, set: &[Block], rule: usize) -> bool {
        let Some(bit) = self.bit(rule) else { return true };
        let word = set.get(bit / WIDTH).and_then(|block| block.get(bit % WIDTH / 64));
        word.is_none_or(|word| word >> (bit % 64) & 1 != 0)
    }

    /// Tells of the rules that are in both sets.
    pub(crate) fn both(&self, a: &[Block], b: &[Block], mut tell: impl FnMut(u32)) {
        let words = a.as_flattened().iter().zip(b.as_flattened());
        for (index, (a, b)) in words.enumerate() {
            let mut rest = a & b;
            while rest != 0 {
                if let Some(rule) = self.rules.get(index * 64 + rest.trailing_zeros() as usize) {
                    tell(*rule);
                }
                rest &= rest - 1;
            }
        }
    }

    /// Puts the rules one of whose literals is in the value into `out`.
    pub(crate) fn find(&self, value: &[u8], present: &ByteSet, out: &mut [Block]) {
        self.grams.find(value, present, |literal| {
            let (from, to) = (self.starts.get(literal as usize), self.starts.get(literal as usize + 1));
            if let (Some(from), Some(to)) = (from, to) {
                for bit in self.found.get(*from as usize..*to as usize).unwrap_or_default() {
                    insert(out, *bit as usize);
                }
            }
        });
    }

    /// The rules that could match a value: `out` has those whose literals are in it; its length and the bytes
    /// that are in it tell the rest.
    pub(crate) fn settle(&self, length: usize, present: &ByteSet, out: &mut [Block]) {
        for (block, out) in out.iter_mut().enumerate() {
            let Some(mut sets) = self.free.get(block).copied() else { continue };
            for (index, (telling, present)) in self.telling.0.iter().zip(present.0).enumerate() {
                let mut rest = telling & present;
                while rest != 0 {
                    let byte = index * 64 + rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    if let Some(has) = self.bytes.get(byte * self.blocks + block) {
                        let [first, second, third, found] = has;
                        let [one, two, three] = &mut sets;
                        or(one, first);
                        or(two, second);
                        or(three, third);
                        or(out, found);
                    }
                }
            }
            if let Some(open) = self.open.get(block) {
                or(out, open);
            }
            let lengths = self.lengths.get(length.min(SHORT) * self.blocks + block);
            for set in sets.iter().chain(lengths) {
                for (word, set) in out.iter_mut().zip(set) {
                    *word &= set;
                }
            }
        }
    }

    /// Which bytes stand in a value.
    pub(crate) fn present(value: &[u8]) -> ByteSet {
        if value.len() < LONG {
            let mut set = [0; 4];
            for byte in value {
                if let Some(bit) = BITS.get(usize::from(*byte)) {
                    for (word, bit) in set.iter_mut().zip(bit) {
                        *word |= bit;
                    }
                }
            }
            return ByteSet(set);
        }
        let mut seen = [false; 256];
        for byte in value {
            if let Some(seen) = seen.get_mut(usize::from(*byte)) {
                *seen = true;
            }
        }
        let mut set = ByteSet::default();
        for (word, seen) in set.0.iter_mut().zip(seen.chunks_exact(64)) {
            *word = seen.iter().rev().fold(0, |word, seen| word << 1 | u64::from(*seen));
        }
        set
    }
}

/// From this length on it is cheaper to note every byte by itself.
const LONG: usize = 256;

/// For each byte the set of it alone: adding one to a set is then a single instruction of four words.
static BITS: [[u64; 4]; 256] = {
    let mut bits = [[0; 4]; 256];
    let mut rest: &mut [[u64; 4]] = &mut bits;
    let mut byte = 0_u32;
    while let Some((first, after)) = rest.split_first_mut() {
        let bit = 1 << (byte & 63);
        match byte >> 6 {
            0 => *first = [bit, 0, 0, 0],
            1 => *first = [0, bit, 0, 0],
            2 => *first = [0, 0, bit, 0],
            _ => *first = [0, 0, 0, bit],
        }
        byte += 1;
        rest = after;
    }
    bits
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_long_and_short_values_are_told_alike() {
        let long: Vec<u8> = (0..=255_u8).filter(|byte| byte % 3 != 0).cycle().take(1000).collect();
        let of = |byte: &u8| ByteSet::default().with(*byte);
        let expected = long.iter().map(of).fold(ByteSet::default(), |all, one| all.union(&one));
        assert_eq!(Scanner::present(&long), expected);
        assert_eq!(Scanner::present(&long[..200]), expected);
    }
}
