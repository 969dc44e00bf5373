//! What any match of a regular expression must contain.
//!
//! Everything is without regard to the case of ASCII letters, which asks for less than the expression does.
//! Expressions are of bytes; `(?i)` in them folds ASCII alone, so that no letter beyond it stands for one
//! within.

use std::collections::{BTreeSet, HashSet};

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// A set of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct ByteSet(pub(crate) [u64; 4]);

/// A text that is looked for, in any case; itself in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Literal {
    pub(crate) text: Vec<u8>,
    /// Where it begins, or ends, a word does too: no letter, digit or `_` stands beside it.
    pub(crate) before: bool,
    pub(crate) after: bool,
}

/// What a match must contain.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Need {
    /// One of these; none is empty.
    pub(crate) literals: Option<Vec<Literal>>,
    /// A byte of each of these, the rarest first.
    pub(crate) sets: Vec<ByteSet>,
    /// At least so many bytes.
    pub(crate) least: usize,
}

/// Sets of literals beyond this size are not kept.
const MOST_LITERALS: usize = 3000;
/// Alternatives that are spelt out.
const MOST_EXACT: usize = 128;
/// Literals of this length say enough: no class is spelt out at their end.
const LONG: usize = 5;
/// Sets of bytes that are kept.
const MOST_SETS: usize = 4;

impl Literal {
    pub(crate) fn of(text: Vec<u8>) -> Self {
        Self { text, before: false, after: false }
    }

    /// A place between a letter, digit or `_` and something else.
    fn boundary() -> Self {
        Self { text: Vec::new(), before: true, after: true }
    }

    fn then(&self, next: &Self) -> Self {
        let text: Vec<u8> = self.text.iter().chain(&next.text).copied().collect();
        let (before, after) = match (self.text.is_empty(), next.text.is_empty()) {
            (true, true) => (self.before || next.before, self.before || next.before),
            (true, false) => (self.before || next.before, next.after),
            (false, true) => (self.before, self.after || next.before),
            (false, false) => (self.before, next.after),
        };
        Self { text, before, after }
    }

    /// A boundary beside a byte that is of no word says something else, which is not looked at.
    fn settled(mut self) -> Self {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        self.before &= self.text.first().is_some_and(is_word);
        self.after &= self.text.last().is_some_and(is_word);
        self
    }

    /// How many of it a thousand bytes of everyday text have, roughly.
    fn likelihood(&self) -> f64 {
        let bounds = if self.before { 0.3 } else { 1.0 } * if self.after { 0.3 } else { 1.0 };
        self.text.iter().fold(1000.0 * bounds, |found, byte| found * f64::from(commonness(*byte)) / 1000.0)
    }
}

impl ByteSet {
    pub(crate) fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    #[cfg(test)]
    pub(crate) fn with(mut self, byte: u8) -> Self {
        self.insert(byte);
        self
    }

    #[cfg(test)]
    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word & 1 << (byte & 63) != 0)
    }

    pub(crate) fn intersects(&self, other: &Self) -> bool {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        (a & e) | (b & f) | (c & g) | (d & h) != 0
    }

    pub(crate) fn union(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
        self
    }

    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().zip([0_u8, 64, 128, 192]).flat_map(|(mut word, base)| {
            std::iter::from_fn(move || {
                let bit = u8::try_from(word.trailing_zeros()).ok().filter(|bit| *bit < 64)?;
                word &= word - 1;
                Some(base + bit)
            })
        })
    }

    fn len(self) -> u32 {
        self.0.into_iter().map(u64::count_ones).sum()
    }

    /// How many of them a thousand bytes of everyday text have, roughly.
    pub(crate) fn likelihood(self) -> f64 {
        self.bytes().map(|byte| f64::from(commonness(byte))).sum()
    }
}

/// How common a byte is in the values of ordinary requests, as a rough guess; only speed hangs on it.
pub(crate) fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 120,
        b'h' | b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'f' | b'g' => 60,
        b' ' => 100,
        b'0'..=b'9' => 50,
        b'b' | b'y' | b'w' | b'v' | b'k' | b'.' | b'-' | b'/' | b'_' | b',' => 30,
        b'x' | b'j' | b'q' | b'z' | b':' | b'=' | b';' | b'+' | b'\'' => 15,
        b'(' | b')' | b'"' | b'&' | b'?' | b'%' | b'*' | b'@' | b'!' | b'#' => 8,
        b'\n' | b'\r' | b'\t' => 6,
        b'<' | b'>' | b'{' | b'}' | b'[' | b']' => 4,
        0x80.. => 10,
        _ => 2,
    }
}

/// What a match of the expression must contain, in the words of `regex`.
pub(crate) fn of(expression: &str) -> Need {
    let parsed =
        ParserBuilder::new().utf8(false).unicode(false).dot_matches_new_line(true).build().parse(expression);
    // An expression that does not parse here was refused when it was compiled.
    let Ok(hir) = parsed else { return Need::default() };
    let info = literals(&hir);
    let literals = info.required();
    let mut sets = sets(&hir);
    sets.truncate(MOST_SETS);
    Need { literals, sets, least: hir.properties().minimum_len().unwrap_or(0) }
}

/// What is known of a part of the expression.
#[derive(Clone, Debug, Default)]
struct Info {
    /// Everything it matches, in lower case.
    exact: Option<BTreeSet<Literal>>,
    /// One of these is in everything it matches.
    required: Option<BTreeSet<Literal>>,
}

impl Info {
    fn exactly(literal: Literal) -> Self {
        Self { exact: Some(BTreeSet::from([literal])), required: None }
    }

    /// The better of what is known as a set of which one is needed.
    fn best(&self) -> Option<BTreeSet<Literal>> {
        let exact = self.exact.as_ref().filter(|exact| exact.iter().all(|literal| !literal.text.is_empty()));
        better(exact.cloned(), self.required.clone())
    }

    fn required(&self) -> Option<Vec<Literal>> {
        self.best().filter(|set| set.len() <= MOST_LITERALS).map(minimal)
    }
}

/// Without literals that contain another of the set.
fn minimal(set: BTreeSet<Literal>) -> Vec<Literal> {
    let set: BTreeSet<Literal> = set.into_iter().map(Literal::settled).collect();
    let free: HashSet<&[u8]> =
        set.iter().filter(|one| !one.before && !one.after).map(|one| one.text.as_slice()).collect();
    let has_another = |literal: &Literal| {
        let whole = literal.text.len();
        let shorter = |length: usize| literal.text.windows(length).any(|part| free.contains(part));
        (1..whole).any(shorter)
            || ((literal.before || literal.after) && free.contains(literal.text.as_slice()))
    };
    set.iter().filter(|literal| !has_another(literal)).cloned().collect()
}

/// How many finds a thousand bytes of everyday text have, roughly.
fn likelihood<'a>(set: impl IntoIterator<Item = &'a Literal>) -> f64 {
    set.into_iter().map(Literal::likelihood).sum()
}

fn better(a: Option<BTreeSet<Literal>>, b: Option<BTreeSet<Literal>>) -> Option<BTreeSet<Literal>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if likelihood(&a) <= likelihood(&b) { a } else { b }),
        (a, b) => a.or(b),
    }
}

fn literals(hir: &Hir) -> Info {
    match hir.kind() {
        HirKind::Look(Look::WordAscii) => Info::exactly(Literal::boundary()),
        HirKind::Empty | HirKind::Look(_) => Info::exactly(Literal::default()),
        HirKind::Literal(literal) => Info::exactly(Literal::of(literal.0.to_ascii_lowercase())),
        HirKind::Class(class) => class_info(class),
        HirKind::Capture(capture) => literals(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = literals(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, Some(1)) => {
                    let exact = sub.exact.filter(|exact| exact.len() < MOST_EXACT).map(|mut exact| {
                        exact.insert(Literal::default());
                        exact
                    });
                    Info { exact, required: None }
                }
                (0, _) => Info::default(),
                (min, max) => {
                    let times = usize::try_from(min).unwrap_or(usize::MAX).min(8);
                    let whole = max == Some(min) && min <= 8;
                    let mut info = concat(std::iter::repeat_n(sub, times));
                    if !whole {
                        info = Info { required: info.best(), exact: None };
                    }
                    info
                }
            }
        }
        HirKind::Concat(subs) => concat(subs.iter().map(literals)),
        HirKind::Alternation(subs) => alternation(subs),
    }
}

fn class_info(class: &Class) -> Info {
    let Class::Bytes(class) = class else { return Info::default() };
    let mut exact = BTreeSet::new();
    for range in class.iter() {
        for byte in range.start()..=range.end() {
            exact.insert(Literal::of(vec![byte.to_ascii_lowercase()]));
            if exact.len() > 16 {
                return Info::default();
            }
        }
    }
    Info { exact: Some(exact), required: None }
}

fn concat(subs: impl Iterator<Item = Info>) -> Info {
    let mut required = None;
    let mut exact = BTreeSet::from([Literal::default()]);
    let mut whole = true;
    for sub in subs {
        match sub.exact {
            Some(next) if exact.len() * next.len() <= MOST_EXACT && !(next.len() > 3 && is_long(&exact)) => {
                exact = exact.iter().flat_map(|before| next.iter().map(|after| before.then(after))).collect();
            }
            next => {
                whole = false;
                let info = Info { exact: Some(std::mem::take(&mut exact)), required: required.take() };
                required = info.best();
                let sub = Info { exact: next.clone(), required: sub.required };
                required = better(required, sub.best());
                exact = next.unwrap_or_else(|| BTreeSet::from([Literal::default()]));
            }
        }
    }
    if whole {
        return Info { exact: Some(exact), required };
    }
    Info { required: Info { exact: Some(exact), required }.best(), exact: None }
}

fn is_long(set: &BTreeSet<Literal>) -> bool {
    set.iter().all(|literal| literal.text.len() >= LONG)
}

fn alternation(subs: &[Hir]) -> Info {
    let infos: Vec<Info> = subs.iter().map(literals).collect();
    let mut exact = Some(BTreeSet::new());
    for info in &infos {
        exact = match (exact, &info.exact) {
            (Some(mut all), Some(more)) if all.len() + more.len() <= MOST_EXACT => {
                all.extend(more.iter().cloned());
                Some(all)
            }
            _ => None,
        };
    }
    let mut required = Some(BTreeSet::new());
    for info in &infos {
        required = match (required, info.best()) {
            (Some(mut all), Some(more)) if all.len() + more.len() <= MOST_LITERALS => {
                all.extend(more);
                Some(all)
            }
            _ => None,
        };
    }
    Info { exact, required }
}

/// Sets of bytes of each of which a match has one, the rarest first.
fn sets(hir: &Hir) -> Vec<ByteSet> {
    let mut found = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Vec::new(),
        HirKind::Literal(literal) => literal
            .0
            .iter()
            .map(|byte| {
                let mut set = ByteSet::default();
                set.insert(*byte);
                set
            })
            .collect(),
        HirKind::Class(Class::Bytes(class)) => {
            let mut set = ByteSet::default();
            for range in class.iter() {
                for byte in range.start()..=range.end() {
                    set.insert(byte);
                }
            }
            vec![set]
        }
        HirKind::Class(Class::Unicode(_)) => Vec::new(),
        HirKind::Capture(capture) => sets(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => sets(&repetition.sub),
        HirKind::Repetition(_) => Vec::new(),
        HirKind::Concat(subs) => subs.iter().flat_map(sets).collect(),
        HirKind::Alternation(subs) => {
            // One set: a byte of the rarest set of each alternative.
            let mut all = ByteSet::default();
            let mut whole = true;
            for sub in subs {
                match sets(sub).first() {
                    Some(set) => all = all.union(set),
                    None => whole = false,
                }
            }
            if whole { vec![all] } else { Vec::new() }
        }
    };
    found.retain(|set| set.len() < 200);
    found.sort_by(|a, b| a.likelihood().total_cmp(&b.likelihood()));
    found.dedup();
    found.truncate(MOST_SETS * 2);
    found
}

/// Whether what is needed tells more by its literals than by its rarest bytes, which are found more cheaply.
pub(crate) fn prefers_literals(need: &Need) -> bool {
    let Some(literals) = &need.literals else { return false };
    // Every text has such, and they are not looked for in passing.
    let is_weak =
        |literal: &Literal| literal.text.len() == 2 && literal.text.iter().all(u8::is_ascii_alphabetic);
    if literals.iter().any(is_weak) {
        return false;
    }
    need.sets.first().is_none_or(|rarest| likelihood(literals) < rarest.likelihood())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals_of(expression: &str) -> Option<Vec<String>> {
        of(expression)
            .literals
            .map(|all| all.iter().map(|one| String::from_utf8_lossy(&one.text).into_owned()).collect())
    }

    #[test]
    fn what_a_match_must_contain_is_read_from_the_expression() {
        let some = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(literals_of(r"(?i)<script\b"), some(&["<script"]));
        assert_eq!(literals_of(r"foo(?:bar|baz)\d*x"), some(&["foobar", "foobaz"]));
        assert_eq!(literals_of(r"^(?:GET|HEAD)$"), some(&["get", "head"]));
        assert_eq!(literals_of(r"\w+"), None);
        assert_eq!(literals_of(r"a?"), None);
        assert_eq!(literals_of(r"(?:abc)?"), None);
        assert_eq!(literals_of(r"x*union\s+select"), some(&["select"]));
    }

    #[test]
    fn bytes_of_each_set_are_in_every_match() {
        let need = of(r"[\n\r]+(?:a|b):");
        assert!(
            need.sets.iter().any(|set| set.contains(b'\n') && set.contains(b'\r') && !set.contains(b'a'))
        );
        assert_eq!(need.least, 3);
    }
}
