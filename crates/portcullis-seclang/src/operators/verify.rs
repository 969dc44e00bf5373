//! `@verifyCC`, `@verifyCPF`, `@verifySSN`, `@verifySVNR`: numbers that an expression finds and whose check
//! digits, or ranges, are right.

use super::{Found, Rx};

/// Which kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerifyNumber {
    /// Payment cards (ISO/IEC 7812-1: Luhn).
    CreditCard,
    /// Brazilian Cadastro de Pessoas Físicas: two check digits.
    Cpf,
    /// US social security numbers: no check digits, but numbers that are never given.
    Ssn,
    /// Austrian Sozialversicherungsnummer: one check digit.
    Svnr,
}

/// A kind of number and the expression that finds candidates.
#[derive(Debug, Clone)]
pub struct Verify {
    number: VerifyNumber,
    candidates: Rx,
}

/// A candidate that fails hides others that begin in it: so many are looked for there, then no more, or input
/// made of digits would cost its length squared.
const OVERLAPPING: usize = 256;

impl VerifyNumber {
    /// By the operator's name, in lower case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "verifycc" => Self::CreditCard,
            "verifycpf" => Self::Cpf,
            "verifyssn" => Self::Ssn,
            "verifysvnr" => Self::Svnr,
            _ => return None,
        })
    }

    /// Whether the digits in `candidate` make such a number; other bytes are passed over.
    #[must_use]
    pub fn holds(self, candidate: &[u8]) -> bool {
        // None of them has more than 19; more need not be kept.
        let digits: Vec<u32> = candidate
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .map(|byte| u32::from(byte - b'0'))
            .take(20)
            .collect();
        match self {
            Self::CreditCard => (1..20).contains(&digits.len()) && luhn(&digits),
            Self::Cpf => cpf(&digits),
            Self::Ssn => ssn(&digits),
            Self::Svnr => svnr(&digits),
        }
    }
}

impl Verify {
    pub(super) fn parse(number: VerifyNumber, argument: &str) -> Result<Self, String> {
        Rx::parse(argument).map(|candidates| Self { number, candidates })
    }

    /// Whether `input` has such a number; it is found.
    #[must_use]
    pub fn matches(&self, input: &[u8], found: Option<&mut Found>) -> bool {
        let mut from = 0;
        let mut failed = 0;
        while let Some(range) = self.candidates.find_at(input, from) {
            if input.get(range.clone()).is_some_and(|candidate| self.number.holds(candidate)) {
                if let Some(found) = found {
                    found.push(Some(range));
                }
                return true;
            }
            failed += 1;
            from = if failed < OVERLAPPING { range.start + 1 } else { range.end.max(range.start + 1) };
        }
        false
    }
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match digit * 2 {
            _ if place % 2 == 0 => *digit,
            twice @ 0..=9 => twice,
            twice => twice - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn cpf(digits: &[u32]) -> bool {
    let [body @ .., first, second] = digits else { return false };
    if body.len() != 9 || all_same(digits) {
        return false;
    }
    let check = |digits: &[u32]| {
        let weights = (2..).take(digits.len()).collect::<Vec<u32>>().into_iter().rev();
        let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
        sum * 10 % 11 % 10
    };
    let with_first: Vec<u32> = body.iter().copied().chain([*first]).collect();
    check(body) == *first && check(&with_first) == *second
}

fn ssn(digits: &[u32]) -> bool {
    let &[a, b, c, d, e, f, g, h, i] = digits else { return false };
    let (area, group, serial) = (a * 100 + b * 10 + c, d * 10 + e, f * 1000 + g * 100 + h * 10 + i);
    let counting = digits.iter().zip(digits.iter().skip(1)).all(|(one, next)| *next == one + 1);
    area != 0 && area != 666 && area < 740 && group != 0 && serial != 0 && !all_same(digits) && !counting
}

fn svnr(digits: &[u32]) -> bool {
    let &[a, b, c, check, d, e, f, g, h, i] = digits else { return false };
    let weights = [(a, 3), (b, 7), (c, 9), (d, 5), (e, 8), (f, 4), (g, 2), (h, 1), (i, 6)];
    let sum: u32 = weights.iter().map(|(digit, weight)| digit * weight).sum();
    sum % 11 == check && !all_same(digits)
}

fn all_same(digits: &[u32]) -> bool {
    digits.iter().zip(digits.iter().skip(1)).all(|(one, next)| one == next)
}
