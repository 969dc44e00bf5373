//! How hashes write bytes and numbers.

use base64::Engine;
use base64::alphabet::Alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};

use crate::passwords::stored::{UnreadableHash, malformed};

/// A number in its shortest decimal form, no sign and no leading zero, so that one hash has one text.
pub(super) fn number(text: &str, scheme: &'static str, part: &'static str) -> Result<u32, UnreadableHash> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain).ok_or(malformed(scheme, part))
}

/// Hexadecimal digits of either case.
pub(in crate::passwords) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().map(|byte| char::from(byte).to_digit(16)).collect::<Option<Vec<_>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).ok()).collect()
}

/// Base64 (RFC 4648 section 4), padded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT.decode(text).ok()
}

/// passlib's: `.` for `+`, no padding.
pub(super) fn adapted_base64(text: &str) -> Option<Vec<u8>> {
    if text.contains(['+', '=']) {
        return None;
    }
    general_purpose::STANDARD_NO_PAD.decode(text.replace('.', "+")).ok()
}

/// base64 with `-` and `_` (RFC 4648 section 5), padded.
pub(super) fn url_base64(text: &str) -> Option<Vec<u8>> {
    general_purpose::URL_SAFE.decode(text).ok()
}

/// The digits of Unix `crypt`.
pub(super) const CRYPT_DIGITS: &str = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The value of one such digit.
pub(super) fn crypt_digit(digit: u8) -> Option<u32> {
    u32::try_from(CRYPT_DIGITS.bytes().position(|one| one == digit)?).ok()
}

/// Bytes written in those digits, little end first: phpass.
pub(super) fn crypt_base64(text: &str) -> Option<Vec<u8>> {
    let alphabet = Alphabet::new(CRYPT_DIGITS).ok()?;
    let big_end_first = GeneralPurpose::new(&alphabet, general_purpose::NO_PAD);
    // Each group of four digits holds three bytes, both the other way round.
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let turned = group.iter().rev().map(|byte| char::from(*byte)).collect::<String>();
        let size = group.len() * 6 / 8;
        let padded = format!("{turned:.>4}");
        let mut three = big_end_first.decode(padded).ok()?;
        three.reverse();
        three.truncate(size);
        bytes.extend(three);
    }
    Some(bytes)
}
