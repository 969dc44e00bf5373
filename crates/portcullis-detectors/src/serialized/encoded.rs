//! Objects in base64, of either alphabet and with any padding, and in hexadecimal.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::raw;
use crate::reading::Hit;
use crate::text::{before, begins, rest, run};

/// What decodes base64 of either alphabet, whatever its padding.
const fn base64_of(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

const STANDARD: GeneralPurpose = base64_of(&alphabet::STANDARD);

const URL_SAFE: GeneralPurpose = base64_of(&alphabet::URL_SAFE);

/// How much of a value in base64 is decoded: the head tells the format, and where the objects begin.
const HEAD: usize = 4096;

/// The beginnings of each format in base64 and in hexadecimal.
pub(super) fn may_be_encoded(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    text.len() >= 8
        && [
            &b"rO0AB"[..],
            b"aced00",
            b"gAN",
            b"gAS",
            b"gAJ",
            b"gAR",
            b"gAWV",
            b"gAU",
            b"gAA",
            b"KGRw",
            b"KGkw",
            b"KGxw",
            b"Y29z",
            b"Y19f",
            b"Y3Bvc2l4",
            b"Y3N1Yn",
            b"Y2J1aWx0",
            b"KGNv",
            b"KFMn",
            b"AAEAAAD",
            b"BAh",
            b"BAgi",
            b"BAg",
            b"Tzo",
            b"YTo",
            b"Qzo",
            b"czo",
            b"/wE",
            b"H4sI",
            b"%2F",
            b"KGk",
        ]
        .iter()
        .any(|head| begins(text, head))
        || memchr::memchr(b'%', text).is_some()
}

/// The formats that are sent in base64, or in hexadecimal.
pub(super) fn encoded(text: &[u8]) -> Option<Hit> {
    let text = text.trim_ascii();
    let body = text.strip_prefix(b"base64:").unwrap_or(text);
    let hit = |hit: Hit| Hit { span: 0..text.len(), ..hit };
    if begins(body, b"aced0005") || begins(body, b"0xaced0005") {
        return Some(hit(Hit::new(
            "a serialised object",
            0..0,
            "it is a stream of Java objects",
            "hex java",
        )));
    }
    if !may_be_encoded(body) || memchr::memchr3(b' ', b'<', b'.', body).is_some_and(|place| place < 40) {
        return None;
    }
    let end = run(body, 0, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'));
    let letters = before(body, end.min(HEAD));
    let whole = before(letters, letters.len() / 4 * 4);
    let (head, tail) = if letters.len() < HEAD { (letters, rest(body, end)) } else { (whole, &b""[..]) };
    if !tail
        .iter()
        .all(|byte| matches!(byte, b'=' | b'\n' | b'\r' | b' ' | b'"' | b'%' | b'3' | b'D' | b'd' | b'-'))
        && head.len() < 64
    {
        return None;
    }
    let decoded = if head.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        URL_SAFE.decode(head)
    } else {
        STANDARD.decode(head)
    };
    let decoded = decoded.ok()?;
    if decoded.starts_with(b"\xac\xed\x00\x05") {
        return Some(hit(Hit::new(
            "a serialised object",
            0..0,
            "it is a stream of Java objects in base64",
            "base64 java",
        )));
    }
    // A view state of ASP.NET (`ff 01`) is ordinary; with a formatter's stream inside it is not.
    if decoded.starts_with(b"\xff\x01") {
        let inner = memchr::memmem::find(&decoded, b"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00")
            .or_else(|| decoded.starts_with(b"\xff\x01\x00\x00\x00\xff\xff\xff\xff").then_some(0));
        return inner.map(|_| {
            hit(Hit::new(
                "a view state",
                0..0,
                "it holds an object of .NET's BinaryFormatter",
                "base64 dotnet",
            ))
        });
    }
    raw(&decoded).map(hit)
}
