//! `@eq`, `@ge`, `@gt`, `@le`, `@lt`: whole numbers.

use std::cmp::Ordering;

/// Which of the comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The input is equal to the argument.
    Eq,
    /// The input is greater than or equal to the argument.
    Ge,
    /// The input is greater than the argument.
    Gt,
    /// The input is less than or equal to the argument.
    Le,
    /// The input is less than the argument.
    Lt,
}

/// A comparison with its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    comparison: Comparison,
    argument: i64,
}

impl Comparison {
    /// By the operator's name, in lower case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Eq,
            "ge" => Self::Ge,
            "gt" => Self::Gt,
            "le" => Self::Le,
            "lt" => Self::Lt,
            _ => return None,
        })
    }

    /// Whether it holds between `input` and `argument`.
    #[must_use]
    pub fn holds(self, input: i64, argument: i64) -> bool {
        let order = input.cmp(&argument);
        match self {
            Self::Eq => order == Ordering::Equal,
            Self::Ge => order != Ordering::Less,
            Self::Gt => order == Ordering::Greater,
            Self::Le => order != Ordering::Greater,
            Self::Lt => order == Ordering::Less,
        }
    }
}

impl Number {
    /// Macros stand for a number that is known only when the rule runs.
    pub(super) fn parse(comparison: Comparison, argument: &str) -> Result<Self, String> {
        let text = argument.trim();
        if !text.contains("%{") && text.parse::<i64>().is_err() {
            return Err(format!("`{argument}` is not a whole number"));
        }
        Ok(Self { comparison, argument: value(text.as_bytes()) })
    }

    /// Which comparison it is.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// Whether the comparison holds for `input`.
    #[must_use]
    pub fn matches(&self, input: &[u8]) -> bool {
        self.comparison.holds(value(input), self.argument)
    }
}

/// The number that `text` begins with, after white space; 0 if there is none, the nearest there is if it is
/// too large.
pub(super) fn value(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let size = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    if negative { -size } else { size }
}
