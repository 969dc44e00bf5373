//! Whether an expression calculates with constants, to see whether anybody works it out.

use crate::text::{at, before, rest, run};

/// Whether a constant is calculated with: `7*7`, `'7'*7`, `"a"+"b"`, `9 - 3`.
pub(super) fn calculates(body: &[u8]) -> bool {
    let only = arithmetic_only(body);
    let mut quote = 0u8;
    for (place, &byte) in body.iter().enumerate() {
        match byte {
            _ if quote != 0 => {
                if byte == quote {
                    quote = 0;
                }
                continue;
            }
            b'\'' | b'"' => {
                quote = byte;
                continue;
            }
            b'*' | b'+' | b'-' | b'/' | b'%' | b'~' => {}
            _ => continue,
        }
        let left = before(body, place).trim_ascii_end();
        let doubled = run(body, place, |byte| byte == at(body, place));
        let right = rest(body, doubled).trim_ascii_start();
        let left_constant = constant_ends(left);
        let right_constant =
            right.first().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'\'' | b'"' | b'('));
        // A date, a version and a range are calculations by their looks.
        let number_right = right.first().is_some_and(u8::is_ascii_digit);
        let dated = memchr::memchr_iter(b'-', body).count() > 1;
        let ordinary = at(body, place) == b'-'
            && number_right
            && left.last().is_some_and(u8::is_ascii_digit)
            && (dated || !only)
            || at(body, place) == b'/' && left.len() >= 2 && !only;
        if left_constant && right_constant && !ordinary {
            return true;
        }
    }
    false
}

/// A number by itself, a string, or a closed bracket after one ends here.
fn constant_ends(left: &[u8]) -> bool {
    match left.last() {
        Some(b'0'..=b'9') => {
            let digits = left.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
            let prior = at(left, left.len().wrapping_sub(digits + 1));
            digits < left.len() && !prior.is_ascii_alphanumeric() && prior != b'_' || digits == left.len()
        }
        Some(b'\'' | b'"') => true,
        Some(b')') => left.iter().rev().take(64).all(|byte| !byte.is_ascii_alphabetic()),
        _ => false,
    }
}

pub(super) fn arithmetic_only(body: &[u8]) -> bool {
    body.iter().all(|byte| {
        byte.is_ascii_digit()
            || matches!(byte, b'*' | b'+' | b'-' | b'/' | b'(' | b')' | b' ' | b'.' | b'%' | b'\'' | b'"')
    })
}
