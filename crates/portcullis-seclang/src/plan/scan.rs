//! One pass over a value: which rules could match it.

use aho_corasick::Anchored;
use aho_corasick::MatchKind;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;

use super::need::{ByteSet, Need, prefers_literals};
use crate::rules::Bits;

/// Finds what rules need.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    automaton: Option<NFA>,
    /// For each literal: the rules that need it.
    literals: Vec<Vec<u32>>,
    /// For each byte: the rules that need it or its like.
    bytes: Vec<Bits>,
    /// The bytes that some rule needs.
    needed: ByteSet,
    /// Rules that need nothing that is looked for.
    unknown: Bits,
    /// For each rule: what else it needs.
    more: Vec<(Vec<ByteSet>, usize)>,
    /// How many words a set of rules has.
    pub(crate) words: usize,
}

/// Makes a [`Scanner`].
#[derive(Debug, Default)]
pub(crate) struct Builder {
    literals: std::collections::BTreeMap<Vec<u8>, Vec<u32>>,
    scanner: Scanner,
}

impl Builder {
    pub(crate) fn new(rules: usize) -> Self {
        let words = rules.div_ceil(64);
        let scanner = Scanner {
            bytes: vec![Bits(vec![0; words]); 256],
            unknown: Bits(vec![0; words]),
            more: vec![(Vec::new(), 0); rules],
            words,
            ..Scanner::default()
        };
        Self { literals: std::collections::BTreeMap::new(), scanner }
    }

    /// A rule that needs this.
    pub(crate) fn add(&mut self, rule: usize, need: &Need) {
        let number = u32::try_from(rule).unwrap_or(u32::MAX);
        let mut rest = need.sets.clone();
        if prefers_literals(need) {
            for literal in need.literals.iter().flatten() {
                self.literals.entry(literal.to_ascii_lowercase()).or_default().push(number);
            }
        } else if !rest.is_empty() {
            let set = rest.remove(0);
            self.scanner.needed = self.scanner.needed.union(&set);
            for byte in set.bytes() {
                if let Some(rules) = self.scanner.bytes.get_mut(usize::from(byte)) {
                    rules.insert(rule);
                }
            }
        } else {
            self.scanner.unknown.insert(rule);
        }
        if let Some(more) = self.scanner.more.get_mut(rule) {
            *more = (rest, need.least);
        }
    }

    pub(crate) fn build(mut self) -> Scanner {
        if !self.literals.is_empty() {
            let built = NFA::builder()
                .match_kind(MatchKind::Standard)
                .ascii_case_insensitive(true)
                .build(self.literals.keys());
            match built {
                Ok(automaton) => {
                    self.scanner.automaton = Some(automaton);
                    self.scanner.literals = self.literals.into_values().collect();
                }
                // Too much to look for at once: then these rules run always.
                Err(_) => {
                    for rule in self.literals.values().flatten() {
                        self.scanner.unknown.insert(*rule as usize);
                    }
                }
            }
        }
        self.scanner
    }
}

impl Scanner {
    /// Puts the rules that could match `value`, whose bytes are `present`, into `out`.
    pub(crate) fn scan(&self, value: &[u8], present: &ByteSet, out: &mut [u64]) {
        for (word, unknown) in out.iter_mut().zip(&self.unknown.0) {
            *word = *unknown;
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
        if let Some(automaton) = &self.automaton {
            self.find(automaton, value, out);
        }
        for (index, word) in out.iter_mut().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                if let Some((sets, least)) = self.more.get(index * 64 + bit)
                    && (value.len() < *least || !sets.iter().all(|set| set.intersects(present)))
                {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    fn find(&self, automaton: &NFA, value: &[u8], out: &mut [u64]) {
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        for byte in value {
            state = automaton.next_state(Anchored::No, state, *byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                for index in 0..automaton.match_len(state) {
                    let literal = automaton.match_pattern(state, index).as_usize();
                    for rule in self.literals.get(literal).into_iter().flatten() {
                        if let Some(word) = out.get_mut(*rule as usize / 64) {
                            *word |= 1 << (rule % 64);
                        }
                    }
                }
            }
        }
    }

    /// Which bytes stand in a value.
    pub(crate) fn present(value: &[u8]) -> ByteSet {
        let mut set = ByteSet::default();
        if value.len() < 256 {
            for byte in value {
                set.insert(*byte);
            }
            return set;
        }
        let mut seen = [false; 256];
        for byte in value {
            if let Some(seen) = seen.get_mut(usize::from(*byte)) {
                *seen = true;
            }
        }
        for (byte, seen) in (0..=255).zip(seen) {
            if seen {
                set.insert(byte);
            }
        }
        set
    }
}
