//! Values as rules see them: bytes or numbers.

use crate::strings::StrId;

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Val {
    Str(StrId),
    Int(i64),
}

/// A value with its name, as collections hold it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: StrId,
    pub(crate) value: StrId,
}

/// The number that `text` begins with, after blanks; 0 if there is none. As `atoi` of C, but it saturates.
pub(crate) fn number(text: &[u8]) -> i64 {
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

/// Appends a number in decimal.
pub(crate) fn push_number(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0_u8; 20];
    let mut rest = number.unsigned_abs();
    let mut count = 0;
    for slot in &mut digits {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend(digits.iter().take(count).rev());
}
