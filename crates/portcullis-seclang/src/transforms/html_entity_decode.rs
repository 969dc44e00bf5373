//! `htmlEntityDecode`: character references, as browsers read them in text (WHATWG HTML, section 13.2.5.72).
//!
//! All names of HTML are known, those of old without their semicolon too; the reference knows five. What is
//! above ASCII becomes UTF-8. Two things are wider than in a browser, as rules written for the reference rest
//! on them: `&quot &amp &lt &gt &nbsp` are read in any case, and `&#0;` is a NUL for `removeNulls` to take.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::{hex_digit, rewrite};

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    rewrite(input, b'&', |out, reference| {
        let tail = match reference {
            [_, b'#', b'x' | b'X', digits @ ..] => number(out, digits, 16),
            [_, b'#', digits @ ..] => number(out, digits, 10),
            [_, name @ ..] => named(out, name),
            [] => None,
        };
        tail.unwrap_or_else(|| {
            out.push(b'&');
            reference.get(1..).unwrap_or_default()
        })
    })
}

fn number<'a>(out: &mut Vec<u8>, digits: &'a [u8], base: u8) -> Option<&'a [u8]> {
    let mut value = 0_u32;
    let mut rest = digits;
    while let [byte, after @ ..] = rest
        && let Some(digit) = hex_digit(*byte).filter(|digit| *digit < base)
    {
        value = value.saturating_mul(base.into()).saturating_add(digit.into());
        rest = after;
    }
    if rest.len() == digits.len() {
        return None;
    }
    let character = match value {
        0x80..=0x9f => WINDOWS_1252.chars().nth(usize::try_from(value - 0x80).ok()?).unwrap_or('\u{fffd}'),
        _ => char::from_u32(value).unwrap_or('\u{fffd}'),
    };
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(without_semicolon(rest))
}

/// What browsers take references to C1 controls for; the five that Windows-1252 lacks stay what they are.
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

fn named<'a>(out: &mut Vec<u8>, text: &'a [u8]) -> Option<&'a [u8]> {
    let letters = text.iter().take(NAMES.longest).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let (name, rest) = text.split_at(letters);
    if let [b';', tail @ ..] = rest
        && let Some(characters) = NAMES.closed.get(name)
    {
        out.extend_from_slice(characters.as_bytes());
        return Some(tail);
    }
    // In any case, with a semicolon or without: as the reference reads them.
    if let Some((_, characters)) = ALWAYS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
        out.extend_from_slice(characters.as_bytes());
        return Some(without_semicolon(rest));
    }
    // `&ltscript` is `<script`: the longest name of old that the text begins with.
    (2..=letters.min(NAMES.longest_open)).rev().find_map(|length| {
        let (name, tail) = text.split_at(length);
        let characters = NAMES.open.get(name)?;
        out.extend_from_slice(characters.as_bytes());
        Some(without_semicolon(tail))
    })
}

fn without_semicolon(rest: &[u8]) -> &[u8] {
    rest.strip_prefix(b";").unwrap_or(rest)
}

const ALWAYS: [(&[u8], &str); 5] =
    [(b"quot", "\""), (b"amp", "&"), (b"lt", "<"), (b"gt", ">"), (b"nbsp", "\u{a0}")];

struct Names {
    /// Those that a semicolon must close.
    closed: HashMap<&'static [u8], &'static str>,
    /// Those of old, which stand without one too.
    open: HashMap<&'static [u8], &'static str>,
    longest: usize,
    longest_open: usize,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { closed: HashMap::new(), open: HashMap::new(), longest: 0, longest_open: 0 };
    for entity in &entities::ENTITIES {
        let Some(name) = entity.entity.strip_prefix('&') else { continue };
        if let Some(name) = name.strip_suffix(';') {
            names.longest = names.longest.max(name.len());
            names.closed.insert(name.as_bytes(), entity.characters);
        } else {
            names.longest_open = names.longest_open.max(name.len());
            names.open.insert(name.as_bytes(), entity.characters);
        }
    }
    names
});
