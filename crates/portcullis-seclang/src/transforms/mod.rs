//! Transformations: what `t:` names, one file a name or a small family.
//!
//! Each is a pure function from bytes to bytes, in time linear in its input, and borrows when nothing
//! changes. What they do is what the ModSecurity v3 reference manual says; where engines differ, the file of
//! the transformation says which way it goes and why.
//!
//! Most values pass through most transformations unchanged. [`ByteClasses`] tells so for a whole chain from
//! one look at the value, so that the chain need not run at all.

mod base64;
mod byte_classes;
mod case;
mod cmd_line;
mod comments;
mod css_decode;
mod digest;
mod escape_seq_decode;
mod hex;
mod html_entity_decode;
mod js_decode;
mod normalize_path;
mod nulls;
mod parity;
mod sql_hex_decode;
mod unicode_map;
mod url;
mod utf8_to_unicode;
mod whitespace;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use byte_classes::ByteClasses;
pub use unicode_map::UnicodeMap;

use ByteClasses as B;

/// One transformation, as `t:NAME` asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transform {
    /// `base64Decode`: up to the first byte that is not of the alphabet.
    Base64Decode,
    /// `base64DecodeExt`: passes over bytes that are not of the alphabet.
    Base64DecodeExt,
    /// `base64Encode`
    Base64Encode,
    /// `cmdLine`: undoes how shells let a command be spelt.
    CmdLine,
    /// `compressWhitespace`
    CompressWhitespace,
    /// `cssDecode`: the escapes of CSS 2.x.
    CssDecode,
    /// `escapeSeqDecode`: the escapes of ANSI C.
    EscapeSeqDecode,
    /// `hexDecode`
    HexDecode,
    /// `hexEncode`
    HexEncode,
    /// `htmlEntityDecode`: the character references of HTML.
    HtmlEntityDecode,
    /// `jsDecode`: the escapes of JavaScript strings.
    JsDecode,
    /// `length`: the number of bytes, in decimal.
    Length,
    /// `lowercase`: of ASCII letters.
    Lowercase,
    /// `md5`: the digest, as 16 bytes.
    Md5,
    /// `none`: as an action it clears the chain before it; here it changes nothing.
    None,
    /// `normalizePath`, `normalisePath`
    NormalizePath,
    /// `normalizePathWin`, `normalisePathWin`: backslashes are slashes too.
    NormalizePathWin,
    /// `parityEven7bit`
    ParityEven7bit,
    /// `parityOdd7bit`
    ParityOdd7bit,
    /// `parityZero7bit`
    ParityZero7bit,
    /// `removeComments`: whole comments, `/* */`, `<!-- -->`, `--` and `#`.
    RemoveComments,
    /// `removeCommentsChar`: only the characters that make a comment.
    RemoveCommentsChar,
    /// `removeNulls`
    RemoveNulls,
    /// `removeWhitespace`
    RemoveWhitespace,
    /// `replaceComments`: `/* */` by one space.
    ReplaceComments,
    /// `replaceNulls`: by spaces.
    ReplaceNulls,
    /// `sha1`: the digest, as 20 bytes.
    Sha1,
    /// `sqlHexDecode`: `0x414243` as SQL reads it.
    SqlHexDecode,
    /// `trim`
    Trim,
    /// `trimLeft`
    TrimLeft,
    /// `trimRight`
    TrimRight,
    /// `uppercase`: of ASCII letters.
    Uppercase,
    /// `urlDecode`
    UrlDecode,
    /// `urlDecodeUni`: `%uHHHH` too.
    UrlDecodeUni,
    /// `urlEncode`
    UrlEncode,
    /// `utf8toUnicode`: UTF-8 to `%uHHHH`.
    Utf8ToUnicode,
}

/// Every name that is understood, with what it means. The first name of a transformation is the one told.
const NAMES: &[(&str, Transform)] = &[
    ("base64Decode", Transform::Base64Decode),
    ("base64DecodeExt", Transform::Base64DecodeExt),
    ("base64Encode", Transform::Base64Encode),
    ("cmdLine", Transform::CmdLine),
    ("compressWhitespace", Transform::CompressWhitespace),
    ("cssDecode", Transform::CssDecode),
    ("escapeSeqDecode", Transform::EscapeSeqDecode),
    ("hexDecode", Transform::HexDecode),
    ("hexEncode", Transform::HexEncode),
    ("htmlEntityDecode", Transform::HtmlEntityDecode),
    ("jsDecode", Transform::JsDecode),
    ("length", Transform::Length),
    ("lowercase", Transform::Lowercase),
    ("md5", Transform::Md5),
    ("none", Transform::None),
    ("normalizePath", Transform::NormalizePath),
    ("normalisePath", Transform::NormalizePath),
    ("normalizePathWin", Transform::NormalizePathWin),
    ("normalisePathWin", Transform::NormalizePathWin),
    ("parityEven7bit", Transform::ParityEven7bit),
    ("parityOdd7bit", Transform::ParityOdd7bit),
    ("parityZero7bit", Transform::ParityZero7bit),
    ("removeComments", Transform::RemoveComments),
    ("removeCommentsChar", Transform::RemoveCommentsChar),
    ("removeNulls", Transform::RemoveNulls),
    ("removeWhitespace", Transform::RemoveWhitespace),
    ("replaceComments", Transform::ReplaceComments),
    ("replaceNulls", Transform::ReplaceNulls),
    ("sha1", Transform::Sha1),
    ("sqlHexDecode", Transform::SqlHexDecode),
    ("trim", Transform::Trim),
    ("trimLeft", Transform::TrimLeft),
    ("trimRight", Transform::TrimRight),
    ("uppercase", Transform::Uppercase),
    ("urlDecode", Transform::UrlDecode),
    ("urlDecodeUni", Transform::UrlDecodeUni),
    ("urlEncode", Transform::UrlEncode),
    ("utf8toUnicode", Transform::Utf8ToUnicode),
];

impl Transform {
    /// The transformation of that name; names are compared without regard to case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, transform)| *transform)
    }

    /// Its name, as the reference manual writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, transform)| *transform == self).map_or("none", |(name, _)| name)
    }

    /// Every transformation there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let mut last = Option::None;
        NAMES.iter().filter_map(move |(_, transform)| {
            (last.replace(*transform) != Some(*transform)).then_some(*transform)
        })
    }

    /// `input` transformed; borrowed where that changes nothing.
    #[must_use]
    pub fn apply(self, input: &[u8]) -> Cow<'_, [u8]> {
        self.apply_with(input, Option::None)
    }

    /// As [`apply`](Self::apply); `urlDecodeUni` reads `%uHHHH` by the map of `SecUnicodeMapFile`.
    #[must_use]
    pub fn apply_with<'a>(self, input: &'a [u8], map: Option<&UnicodeMap>) -> Cow<'a, [u8]> {
        match self {
            Self::Base64Decode => base64::decode(input),
            Self::Base64DecodeExt => base64::decode_ext(input),
            Self::Base64Encode => base64::encode(input),
            Self::CmdLine => cmd_line::apply(input),
            Self::CompressWhitespace => whitespace::compress(input),
            Self::CssDecode => css_decode::apply(input),
            Self::EscapeSeqDecode => escape_seq_decode::apply(input),
            Self::HexDecode => hex::decode(input),
            Self::HexEncode => hex::encode(input),
            Self::HtmlEntityDecode => html_entity_decode::apply(input),
            Self::JsDecode => js_decode::apply(input),
            Self::Length => settle(input, input.len().to_string().into_bytes()),
            Self::Lowercase => case::lower(input),
            Self::Md5 => digest::md5(input),
            Self::None => Cow::Borrowed(input),
            Self::NormalizePath => normalize_path::apply(input),
            Self::NormalizePathWin => normalize_path::apply_win(input),
            Self::ParityEven7bit => parity::even(input),
            Self::ParityOdd7bit => parity::odd(input),
            Self::ParityZero7bit => parity::zero(input),
            Self::RemoveComments => comments::remove(input),
            Self::RemoveCommentsChar => comments::remove_chars(input),
            Self::RemoveNulls => nulls::remove(input),
            Self::RemoveWhitespace => whitespace::remove(input),
            Self::ReplaceComments => comments::replace(input),
            Self::ReplaceNulls => nulls::replace(input),
            Self::Sha1 => digest::sha1(input),
            Self::SqlHexDecode => sql_hex_decode::apply(input),
            Self::Trim => Cow::Borrowed(whitespace::trim_left(whitespace::trim_right(input))),
            Self::TrimLeft => Cow::Borrowed(whitespace::trim_left(input)),
            Self::TrimRight => Cow::Borrowed(whitespace::trim_right(input)),
            Self::Uppercase => case::upper(input),
            Self::UrlDecode => url::decode(input),
            Self::UrlDecodeUni => url::decode_uni(input, map),
            Self::UrlEncode => url::encode(input),
            Self::Utf8ToUnicode => utf8_to_unicode::apply(input),
        }
    }

    /// Whether this could change a value made of such bytes. `false` is certain, `true` is not.
    #[must_use]
    pub fn can_change(self, classes: ByteClasses) -> bool {
        match self {
            Self::None => false,
            // Of the empty value they make another one.
            Self::Length | Self::Md5 | Self::Sha1 => true,
            Self::Base64Decode
            | Self::Base64DecodeExt
            | Self::Base64Encode
            | Self::HexDecode
            | Self::HexEncode
            | Self::ParityEven7bit
            | Self::ParityOdd7bit => !classes.is_empty(),
            Self::CmdLine => classes.any(B::UPPER | B::SHELL | B::BACKSLASH | B::SPACE | B::WHITESPACE),
            Self::RemoveWhitespace => classes.any(B::SPACE | B::WHITESPACE | B::NBSP),
            Self::CompressWhitespace | Self::Trim | Self::TrimLeft | Self::TrimRight => {
                classes.any(B::SPACE | B::WHITESPACE)
            }
            Self::CssDecode | Self::EscapeSeqDecode | Self::JsDecode => classes.any(B::BACKSLASH),
            Self::HtmlEntityDecode => classes.any(B::AMPERSAND),
            Self::Lowercase => classes.any(B::UPPER),
            Self::Uppercase => classes.any(B::LOWER),
            Self::NormalizePath => classes.any(B::SLASH | B::DOT),
            Self::NormalizePathWin => classes.any(B::SLASH | B::DOT | B::BACKSLASH),
            Self::ParityZero7bit => classes.any(B::HIGH | B::NBSP),
            Self::RemoveComments | Self::RemoveCommentsChar => {
                classes.any(B::DASH | B::HASH) || classes.all(B::SLASH | B::STAR)
            }
            Self::ReplaceComments => classes.all(B::SLASH | B::STAR),
            Self::RemoveNulls | Self::ReplaceNulls => classes.any(B::NUL),
            Self::SqlHexDecode => classes.all(B::ZERO | B::X),
            Self::UrlDecode | Self::UrlDecodeUni => classes.any(B::PERCENT | B::PLUS),
            Self::UrlEncode => classes.any(B::of_everything().without(B::ALPHANUMERIC | B::STAR)),
            Self::Utf8ToUnicode => classes.any(B::HIGH | B::NBSP),
        }
    }
}

/// The value of a hexadecimal digit.
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => Option::None,
    }
}

/// The byte that two hexadecimal digits write.
fn hex_byte(high: u8, low: u8) -> Option<u8> {
    Some(hex_digit(high)? << 4 | hex_digit(low)?)
}

/// Full-width forms of ASCII (U+FF01 to U+FF5E) as what they look like; of other characters the low byte,
/// which is what becomes of them where 16 bits are narrowed to 8.
fn narrow(high: u8, low: u8) -> u8 {
    if high == 0xff && low > 0 && low < 0x5f { low + 0x20 } else { low }
}

/// `isspace` of C: space, tab, line feed, vertical tab, form feed, carriage return.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// `out`, or `input` itself if they are the same.
fn settle(input: &[u8], out: Vec<u8>) -> Cow<'_, [u8]> {
    if out == input { Cow::Borrowed(input) } else { Cow::Owned(out) }
}

/// The bytes that `keep` takes. Each is written and only sometimes kept: no branch depends on the text.
fn sift(input: &[u8], keep: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = vec![0; input.len()];
    let mut length = 0;
    for &byte in input {
        if let Some(slot) = out.get_mut(length) {
            *slot = byte;
        }
        length += usize::from(keep(byte));
    }
    out.truncate(length);
    out
}

/// Rewrites `input` from the first of its `trigger` bytes on: `step` takes what begins with that byte, appends
/// what becomes of it and gives back what follows. Runs without a trigger are copied whole.
fn rewrite<'a>(
    input: &'a [u8],
    trigger: u8,
    mut step: impl FnMut(&mut Vec<u8>, &'a [u8]) -> &'a [u8],
) -> Cow<'a, [u8]> {
    let Some(mut at) = memchr::memchr(trigger, input) else { return Cow::Borrowed(input) };
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        let (plain, here) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = step(&mut out, here);
        match memchr::memchr(trigger, rest) {
            Some(next) => at = next,
            None => {
                out.extend_from_slice(rest);
                return settle(input, out);
            }
        }
    }
}
