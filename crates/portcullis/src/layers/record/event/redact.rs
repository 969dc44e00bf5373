//! Secrets, taken out before anything is written down (OWASP Logging Cheat Sheet, CWE-532).

use percent_encoding::percent_decode;

/// What stands in a secret's place.
const GONE: &[u8] = b"[redacted]";

/// Names that hold a secret wherever they are a part of a name, as in `user[new_password]`.
const PARTS: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "credential",
    "authorization",
    "session",
    "csrf",
    "xsrf",
    "creditcard",
    "cardnumber",
    "signature",
];

/// Names that hold a secret when they are the whole name: `code` is OAuth's, `zipcode` is not.
const NAMES: [&str; 21] = [
    "pwd",
    "pass",
    "pw",
    "pin",
    "otp",
    "totp",
    "code",
    "sid",
    "auth",
    "key",
    "jwt",
    "sig",
    "cvv",
    "cvc",
    "ccnumber",
    "cc",
    "iban",
    "samlresponse",
    "samlrequest",
    "cookie",
    "setcookie",
];

/// How tokens of well-known services begin.
const BEGINNINGS: [&str; 11] = [
    "sk_live_",
    "sk_test_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "AIza",
];

/// Takes secrets out of what an event tells.
#[derive(Debug, Clone)]
pub struct Redactor {
    active: bool,
    extra: Vec<String>,
}

impl Redactor {
    /// The known names and `extra` ones.
    #[must_use]
    pub fn new(extra: &[String]) -> Self {
        Self { active: true, extra: extra.iter().map(|name| plain(name.as_bytes())).collect() }
    }

    /// Takes nothing out.
    #[must_use]
    pub fn keeping_secrets() -> Self {
        Self { active: false, extra: Vec::new() }
    }

    /// Whether a parameter, header or cookie of this name holds a secret.
    #[must_use]
    pub fn is_secret(&self, name: &[u8]) -> bool {
        let decoded: Vec<u8> = percent_decode(name).collect();
        let name = plain(&decoded);
        PARTS.iter().any(|part| name.contains(part))
            || NAMES.contains(&name.as_str())
            || self.extra.contains(&name)
    }

    /// A query or a urlencoded form: values of secret names, and secrets in the others.
    #[must_use]
    pub fn query(&self, query: &[u8]) -> Vec<u8> {
        if !self.active {
            return query.to_vec();
        }
        let mut out = Vec::with_capacity(query.len());
        for (index, pair) in query.split(|byte| *byte == b'&').enumerate() {
            if index > 0 {
                out.push(b'&');
            }
            match split_once(pair, b'=') {
                Some((name, _)) if self.is_secret(name) => {
                    out.extend_from_slice(name);
                    out.push(b'=');
                    out.extend_from_slice(GONE);
                }
                _ => out.extend(self.text(pair)),
            }
        }
        out
    }

    /// What was found at `place`, in the words of [`crate::verdict::Evidence`]: a place that names a secret
    /// in backticks holds nothing else.
    #[must_use]
    pub fn evidence(&self, place: &str, bytes: &[u8]) -> Vec<u8> {
        if !self.active {
            return bytes.to_vec();
        }
        let names = place.split('`').skip(1).step_by(2);
        if names.into_iter().any(|name| self.is_secret(name.as_bytes())) {
            return GONE.to_vec();
        }
        if place.contains("query") || place.contains("target") || place.contains("form") {
            let (path, query) = match split_once(bytes, b'?') {
                Some((path, query)) => (Some(path), query),
                None => (None, bytes),
            };
            let mut out = path.map_or_else(Vec::new, |path| {
                let mut out = self.text(path);
                out.push(b'?');
                out
            });
            out.extend(self.query(query));
            return out;
        }
        self.text(bytes)
    }

    /// Free text: `name=value`, `"name": "value"` and header lines with a secret's name, and whatever has
    /// the shape of a secret: PEM, JWT, card numbers, keys of known services, long random strings.
    #[must_use]
    pub fn text(&self, text: &[u8]) -> Vec<u8> {
        if !self.active {
            return text.to_vec();
        }
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        let mut before: u8 = b' ';
        while let Some((&first, after)) = rest.split_first() {
            let taken = if is_word(before) { None } else { self.secret_at(rest, &mut out) };
            match taken {
                Some(length) => {
                    before = b' ';
                    rest = rest.get(length..).unwrap_or_default();
                }
                None => {
                    out.push(first);
                    before = first;
                    rest = after;
                }
            }
        }
        out
    }

    /// If a secret begins here, writes what stands in its place and says how long it is.
    fn secret_at(&self, rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        if rest.starts_with(b"-----BEGIN ") {
            out.extend_from_slice(GONE);
            return Some(pem(rest));
        }
        if let Some(length) = card(rest) {
            out.extend_from_slice(GONE);
            return Some(length);
        }
        let word = rest.iter().take_while(|byte| is_word(**byte)).count();
        let (name, after) = rest.split_at_checked(word)?;
        if word == 0 {
            return None;
        }
        if looks_secret(name) {
            out.extend_from_slice(GONE);
            return Some(word);
        }
        if !self.is_secret(name) {
            // Consume the whole word: looking at each of its tails again would take quadratic time.
            out.extend_from_slice(name);
            return Some(word);
        }
        let sign = assignment(after)?;
        let value = after.get(sign..)?;
        let length = if is_header(name) { line(value) } else { value_length(value) };
        out.extend_from_slice(name);
        out.extend(after.get(..sign)?);
        if length > 0 {
            out.extend_from_slice(GONE);
        }
        Some(word.saturating_add(sign).saturating_add(length))
    }
}

/// Lower case, letters and digits alone: `X-Api_Key` and `xApiKey` are one name.
fn plain(name: &[u8]) -> String {
    name.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = memchr::memchr(at, bytes)?;
    Some((bytes.get(..position)?, bytes.get(position.saturating_add(1)..)?))
}

/// What words of names and secrets consist of. A slash parts words, so that paths are not taken for base64.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.')
}

/// The length of what stands between a name and its value: quotes, spaces and one `=` or `:`.
fn assignment(after: &[u8]) -> Option<usize> {
    let is_padding = |byte: &u8| matches!(*byte, b'"' | b'\'' | b'`' | b' ' | b'\t' | b']' | b')');
    let before = after.iter().take(4).take_while(|byte| is_padding(byte)).count();
    let sign = after.get(before..)?;
    let sign = match sign {
        [b'=' | b':', ..] => 1,
        [b'%', b'3', b'D' | b'd' | b'A' | b'a', ..] => 3,
        _ => return None,
    };
    let end = before.saturating_add(sign);
    let padding = after.get(end..)?.iter().take(4).take_while(|byte| is_padding(byte)).count();
    Some(end.saturating_add(padding))
}

fn is_header(name: &[u8]) -> bool {
    ["authorization", "proxyauthorization", "cookie", "setcookie"].contains(&plain(name).as_str())
}

fn line(value: &[u8]) -> usize {
    value.iter().take_while(|byte| !matches!(**byte, b'\r' | b'\n')).count()
}

fn value_length(value: &[u8]) -> usize {
    let ends = |byte: &u8| {
        matches!(*byte, b'&' | b'"' | b'\'' | b'`' | b',' | b';' | b'}' | b'<' | b' ' | b'\r' | b'\n')
    };
    value.iter().take_while(|byte| !ends(byte)).count()
}

/// To the end of the block, or of the text where it has none.
fn pem(text: &[u8]) -> usize {
    let Some(end) = memchr::memmem::find(text, b"-----END ") else { return text.len() };
    let after = end.saturating_add(b"-----END ".len());
    let tail = text.get(after..).unwrap_or_default();
    match memchr::memmem::find(tail, b"-----") {
        Some(dashes) => after.saturating_add(dashes).saturating_add(5),
        None => text.len(),
    }
}

/// 13 to 19 digits, perhaps parted by single spaces, hyphens or pluses, with a right check digit
/// (ISO/IEC 7812, Luhn).
fn card(text: &[u8]) -> Option<usize> {
    let mut digits = Vec::new();
    let mut length = 0;
    let mut parted = true;
    for (index, byte) in text.iter().enumerate().take(48) {
        match byte {
            b'0'..=b'9' => {
                digits.push(u32::from(byte.wrapping_sub(b'0')));
                length = index.saturating_add(1);
                parted = false;
            }
            b' ' | b'-' | b'+' if !parted => parted = true,
            _ => break,
        }
        if digits.len() > 19 {
            return None;
        }
    }
    if !(13..=19).contains(&digits.len()) || text.get(length).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit.saturating_mul(2)) {
            (0, _) => *digit,
            (_, doubled) if doubled > 9 => doubled.saturating_sub(9),
            (_, doubled) => doubled,
        })
        .sum();
    (sum.is_multiple_of(10) && sum > 0).then_some(length)
}

/// A JWT, a key of a known service, 32 or more hexadecimal digits, or 32 or more letters of both cases with
/// digits among them.
fn looks_secret(word: &[u8]) -> bool {
    if word.starts_with(b"eyJ") && word.len() >= 20 && word.contains(&b'.') {
        return true;
    }
    if word.len() >= 16 && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning.as_bytes())) {
        return true;
    }
    if word.len() < 32 {
        return false;
    }
    if word.iter().all(u8::is_ascii_hexdigit) {
        return true;
    }
    let count = |kind: fn(&u8) -> bool| word.iter().filter(|byte| kind(byte)).count();
    !word.contains(&b'.')
        && count(u8::is_ascii_uppercase) >= 3
        && count(u8::is_ascii_lowercase) >= 3
        && count(u8::is_ascii_digit) >= 2
}
