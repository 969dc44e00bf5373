//! One pass over a value: which rules could match it.

use aho_corasick::MatchKind;
use aho_corasick::automaton::Automaton;
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, StartKind};

use super::need::{ByteSet, Need, prefers_literals};
use crate::rules::Bits;

/// Finds what rules need.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    automaton: Option<Searcher>,
    /// For each literal: the rules that need it.
    literals: Vec<Found>,
    /// For each byte: the rules that need it or its like.
    bytes: Vec<Bits>,
    /// The bytes that some rule needs.
    needed: ByteSet,
    /// Rules that need nothing that is looked for.
    unknown: Bits,
    /// How many words a set of rules has.
    pub(crate) words: usize,
}

/// The automaton that looks for literals.
#[derive(Debug)]
enum Searcher {
    /// A table of all moves: fast, and large.
    Fast(DFA),
    /// For what is seldom done.
    Small(NFA),
}

/// What a rule needs beside what is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct More {
    sets: [Option<ByteSet>; 3],
    least: usize,
}

/// Fewer rules than this look for their literals themselves, which costs less than one more pass.
const FEW: usize = 4;

/// Literals are looked for up to this length.
const LONGEST: usize = 8;

/// What the end of a literal stands for.
#[derive(Debug, Default)]
struct Found {
    /// Rules that need no more than this.
    rules: Vec<u32>,
    /// Rules that need all of a longer literal, which ends here.
    longer: Vec<(Box<[u8]>, u32)>,
}

/// Makes a [`Scanner`].
#[derive(Debug, Default)]
pub(crate) struct Builder {
    literals: std::collections::BTreeMap<Vec<u8>, Found>,
    scanner: Scanner,
}

impl Builder {
    pub(crate) fn new(rules: usize) -> Self {
        let words = rules.div_ceil(64);
        let scanner = Scanner { unknown: Bits(vec![0; words]), words, ..Scanner::default() };
        Self { literals: std::collections::BTreeMap::new(), scanner }
    }

    /// A rule that needs this.
    pub(crate) fn add(&mut self, rule: usize, need: &Need) {
        let number = u32::try_from(rule).unwrap_or(u32::MAX);
        if prefers_literals(need) {
            for literal in need.literals.iter().flatten() {
                // The end alone is looked for, which keeps the automaton small; the rest is then compared.
                let end = literal.get(literal.len().saturating_sub(LONGEST)..).unwrap_or(literal);
                let found = self.literals.entry(end.to_ascii_lowercase()).or_default();
                if end.len() < literal.len() {
                    found.longer.push((literal.as_slice().into(), number));
                } else if found.rules.last() != Some(&number) {
                    found.rules.push(number);
                }
            }
        } else if let Some(set) = need.sets.first() {
            let words = self.scanner.words;
            self.scanner.bytes.resize_with(256, || Bits(vec![0; words]));
            self.scanner.needed = self.scanner.needed.union(set);
            for byte in set.bytes() {
                if let Some(rules) = self.scanner.bytes.get_mut(usize::from(byte)) {
                    rules.insert(rule);
                }
            }
        } else {
            self.scanner.unknown.insert(rule);
        }
    }

    /// `fast`: at the price of memory.
    pub(crate) fn build(mut self, fast: bool) -> Scanner {
        let looking: std::collections::BTreeSet<u32> = self.literals.values().flat_map(Found::all).collect();
        if looking.len() < FEW {
            for rule in looking {
                self.scanner.unknown.insert(rule as usize);
            }
        } else {
            let literals: Vec<&Vec<u8>> = self.literals.keys().collect();
            let built = if fast {
                let mut builder = DFA::builder();
                builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true);
                builder.start_kind(StartKind::Unanchored).build(literals).map(Searcher::Fast)
            } else {
                let mut builder = NFA::builder();
                builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true);
                builder.build(literals).map(Searcher::Small)
            };
            match built {
                Ok(automaton) => {
                    self.scanner.automaton = Some(automaton);
                    self.scanner.literals = self.literals.into_values().collect();
                }
                // Too much to look for at once: then these rules run always.
                Err(_) => {
                    for rule in looking {
                        self.scanner.unknown.insert(rule as usize);
                    }
                }
            }
        }
        self.scanner
    }
}

impl Found {
    fn all(&self) -> impl Iterator<Item = u32> {
        self.rules.iter().copied().chain(self.longer.iter().map(|(_, rule)| *rule))
    }
}

fn mark(out: &mut [u64], rule: u32) {
    if let Some(word) = out.get_mut(rule as usize / 64) {
        *word |= 1 << (rule % 64);
    }
}

impl More {
    /// What is to be looked at again once something of the need was found.
    pub(crate) fn of(need: &Need) -> Self {
        let mut sets = need.sets.iter().copied();
        Self { sets: [sets.next(), sets.next(), sets.next()], least: need.least }
    }
}

impl Scanner {
    /// Puts the rules that could match a value into `out`, which has those whose literals are in it. Its length
    /// and the bytes that are in it tell the rest.
    pub(crate) fn settle(&self, all: &[More], length: usize, present: &ByteSet, out: &mut [u64]) {
        for (word, unknown) in out.iter_mut().zip(&self.unknown.0) {
            *word |= *unknown;
        }
        if self.needed.intersects(present) {
            for (index, (needed, present)) in self.needed.0.iter().zip(present.0).enumerate() {
                let mut rest = needed & present;
                while rest != 0 {
                    let byte = index * 64 + rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    if let Some(rules) = self.bytes.get(byte) {
                        for (word, rules) in out.iter_mut().zip(&rules.0) {
                            *word |= rules;
                        }
                    }
                }
            }
        }
        for (index, word) in out.iter_mut().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                if let Some(more) = all.get(index * 64 + bit)
                    && (length < more.least || !more.sets.iter().flatten().all(|set| set.intersects(present)))
                {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// Puts the rules one of whose literals is in the value into `out`.
    pub(crate) fn find(&self, value: &[u8], out: &mut [u64]) {
        match &self.automaton {
            Some(Searcher::Fast(automaton)) => self.run(automaton, value, out),
            Some(Searcher::Small(automaton)) => self.run(automaton, value, out),
            None => {}
        }
    }

    fn run(&self, automaton: &impl Automaton, value: &[u8], out: &mut [u64]) {
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        for (at, byte) in value.iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, *byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                for index in 0..automaton.match_len(state) {
                    let literal = automaton.match_pattern(state, index).as_usize();
                    let Some(found) = self.literals.get(literal) else { continue };
                    for rule in &found.rules {
                        mark(out, *rule);
                    }
                    let until = value.get(..=at).unwrap_or_default();
                    for (whole, rule) in &found.longer {
                        let end = until.get(until.len().wrapping_sub(whole.len())..).unwrap_or_default();
                        if end.eq_ignore_ascii_case(whole) {
                            mark(out, *rule);
                        }
                    }
                }
            }
        }
    }

    /// Which bytes stand in a value.
    pub(crate) fn present(value: &[u8]) -> ByteSet {
        let mut set = [0; 4];
        for byte in value {
            if let Some(bit) = BITS.get(usize::from(*byte)) {
                for (word, bit) in set.iter_mut().zip(bit) {
                    *word |= bit;
                }
            }
        }
        ByteSet(set)
    }
}

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
