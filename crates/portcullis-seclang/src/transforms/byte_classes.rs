//! Which kinds of bytes a value has, as one word.

use std::ops::BitOr;

/// A set of kinds of bytes: those that some transformation looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ByteClasses(u32);

impl ByteClasses {
    /// `A` to `Z`
    pub const UPPER: Self = Self(1);
    /// `a` to `z`
    pub const LOWER: Self = Self(1 << 1);
    /// `1` to `9`
    pub const DIGIT: Self = Self(1 << 2);
    /// `0`
    pub const ZERO: Self = Self(1 << 3);
    /// `x` and `X`, beside being letters
    pub const X: Self = Self(1 << 4);
    /// Letters and digits
    pub const ALPHANUMERIC: Self = Self((1 << 5) - 1);
    /// `%`
    pub const PERCENT: Self = Self(1 << 5);
    /// `+`
    pub const PLUS: Self = Self(1 << 6);
    /// `&`
    pub const AMPERSAND: Self = Self(1 << 7);
    /// `\`
    pub const BACKSLASH: Self = Self(1 << 8);
    /// The byte 0
    pub const NUL: Self = Self(1 << 9);
    /// The space
    pub const SPACE: Self = Self(1 << 10);
    /// Tab, line feed, vertical tab, form feed, carriage return
    pub const WHITESPACE: Self = Self(1 << 11);
    /// The byte 0xA0, a non-breaking space in Latin 1
    pub const NBSP: Self = Self(1 << 12);
    /// 0x80 and above, but for 0xA0
    pub const HIGH: Self = Self(1 << 13);
    /// `/`
    pub const SLASH: Self = Self(1 << 14);
    /// `*`
    pub const STAR: Self = Self(1 << 15);
    /// `-`
    pub const DASH: Self = Self(1 << 16);
    /// `#`
    pub const HASH: Self = Self(1 << 17);
    /// `.`
    pub const DOT: Self = Self(1 << 18);
    /// `"`, `'`, `^`, `,` and `;`: what shells drop or take for a space
    pub const SHELL: Self = Self(1 << 19);
    /// Every other byte
    pub const OTHER: Self = Self(1 << 20);

    /// The kinds of bytes in `value`.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let mut chunks = value.chunks_exact(8);
        let (mut a, mut b, mut c, mut d) = (0, 0, 0, 0);
        for chunk in chunks.by_ref() {
            // Four sums at once: none waits for the one before.
            if let [p, q, r, s, t, u, v, w] = chunk {
                a |= class(*p) | class(*t);
                b |= class(*q) | class(*u);
                c |= class(*r) | class(*v);
                d |= class(*s) | class(*w);
            }
        }
        for byte in chunks.remainder() {
            a |= class(*byte);
        }
        Self(a | b | c | d)
    }

    /// Every kind at once.
    #[must_use]
    pub const fn of_everything() -> Self {
        Self((1 << 21) - 1)
    }

    /// This set less `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// A small number that tells most sets apart.
    pub(crate) const fn mixed(self) -> usize {
        (self.0.wrapping_mul(0x9e37_79b1) >> 24) as usize
    }

    /// Whether the value is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether one of `wanted` is among them.
    #[must_use]
    pub const fn any(self, wanted: Self) -> bool {
        self.0 & wanted.0 != 0
    }

    /// Whether all of `wanted` are among them.
    #[must_use]
    pub const fn all(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl BitOr for ByteClasses {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

fn class(byte: u8) -> u32 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

static CLASSES: [u32; 256] = {
    let mut classes = [0; 256];
    let mut rest: &mut [u32] = &mut classes;
    let mut byte = 0;
    while let Some((class, after)) = rest.split_first_mut() {
        *class = class_of(byte).0;
        byte = byte.wrapping_add(1);
        rest = after;
    }
    classes
};

const fn class_of(byte: u8) -> ByteClasses {
    match byte {
        b'X' => ByteClasses(ByteClasses::UPPER.0 | ByteClasses::X.0),
        b'x' => ByteClasses(ByteClasses::LOWER.0 | ByteClasses::X.0),
        b'A'..=b'Z' => ByteClasses::UPPER,
        b'a'..=b'z' => ByteClasses::LOWER,
        b'0' => ByteClasses::ZERO,
        b'1'..=b'9' => ByteClasses::DIGIT,
        b'%' => ByteClasses::PERCENT,
        b'+' => ByteClasses::PLUS,
        b'&' => ByteClasses::AMPERSAND,
        b'\\' => ByteClasses::BACKSLASH,
        0 => ByteClasses::NUL,
        b' ' => ByteClasses::SPACE,
        b'\t'..=b'\r' => ByteClasses::WHITESPACE,
        0xa0 => ByteClasses::NBSP,
        0x80..=0xff => ByteClasses::HIGH,
        b'/' => ByteClasses::SLASH,
        b'*' => ByteClasses::STAR,
        b'-' => ByteClasses::DASH,
        b'#' => ByteClasses::HASH,
        b'.' => ByteClasses::DOT,
        b'"' | b'\'' | b'^' | b',' | b';' => ByteClasses::SHELL,
        _ => ByteClasses::OTHER,
    }
}
