//! bcrypt, and what Unix `crypt` writes.

use super::Found;
use super::encoding::{CRYPT_DIGITS, crypt_base64, crypt_digit, number};
use super::typed;
use crate::passwords::scheme::{Crypt, Scheme};
use crate::passwords::stored::{UnreadableHash, malformed};

/// `$2b$12$` and 53 digits; also `2a`, `2y`.
pub(super) fn bcrypt(text: &str) -> Result<Option<Scheme>, UnreadableHash> {
    let Some(rest) = ["$2a$", "$2b$", "$2y$"].iter().find_map(|start| text.strip_prefix(start)) else {
        return Ok(None);
    };
    let (cost, digest) = rest.split_once('$').ok_or(malformed("bcrypt", "cost"))?;
    if cost.len() != 2 {
        return Err(malformed("bcrypt", "cost"));
    }
    let cost =
        cost.parse::<u32>().ok().filter(|cost| (4..=31).contains(cost)).ok_or(malformed("bcrypt", "cost"))?;
    if digest.len() != 53 || !is_crypt_text(digest) {
        return Err(malformed("bcrypt", "checksum"));
    }
    Ok(Some(Scheme::Bcrypt { cost, text: text.to_owned() }))
}

/// `$1$`, `$apr1$`, `$sha1$`, `$5$`, `$6$`, `$P$`, `$md5`, `_` and the thirteen letters of DES.
pub(super) fn read(text: &str) -> Found {
    let kinds = [
        ("$1$", Crypt::Md5, 22),
        ("$apr1$", Crypt::Apache, 22),
        ("$sha1$", Crypt::Sha1, 28),
        ("$5$", Crypt::Sha256, 43),
        ("$6$", Crypt::Sha512, 86),
    ];
    for (start, crypt, digits) in kinds {
        if let Some(rest) = text.strip_prefix(start) {
            let rounds = rounds(crypt, rest)?;
            let (_, digest) = rest.rsplit_once('$').ok_or(malformed("crypt", "salt"))?;
            if digest.len() != digits || !is_crypt_text(digest) {
                return Err(malformed("crypt", "checksum"));
            }
            return Ok(Some(typed(Scheme::Crypt { crypt, rounds, text: text.to_owned() })));
        }
    }
    if let Some(rest) = text.strip_prefix("$P$").or_else(|| text.strip_prefix("$H$")) {
        return phpass(rest).map(Some).ok_or(malformed("phpass", "text"));
    }
    if text.starts_with("$md5$") || text.starts_with("$md5,") {
        return sun_md5(text).map(Some);
    }
    if let Some(rest) = text.strip_prefix('_') {
        let rounds =
            rest.bytes().take(4).zip([0, 6, 12, 18]).map(|(digit, shift)| Some(crypt_digit(digit)? << shift));
        let rounds = rounds.sum::<Option<u32>>().filter(|_| rest.len() == 19 && is_crypt_text(rest));
        let rounds = rounds.filter(|rounds| *rounds > 0).ok_or(malformed("bsdi_crypt", "text"))?;
        return Ok(Some(typed(Scheme::Crypt { crypt: Crypt::Bsdi, rounds, text: text.to_owned() })));
    }
    if text.len() == 13 && is_crypt_text(text) {
        return Ok(Some(typed(Scheme::Crypt { crypt: Crypt::Des, rounds: 25, text: text.to_owned() })));
    }
    Ok(None)
}

/// How often the digest runs.
fn rounds(crypt: Crypt, rest: &str) -> Result<u32, UnreadableHash> {
    match crypt {
        Crypt::Sha256 | Crypt::Sha512 => match rest.strip_prefix("rounds=") {
            Some(rest) => number(rest.split('$').next().unwrap_or_default(), "crypt", "rounds"),
            None => Ok(5000),
        },
        Crypt::Sha1 => number(rest.split('$').next().unwrap_or_default(), "crypt", "rounds"),
        Crypt::Md5 | Crypt::Apache => Ok(1000),
        Crypt::Des | Crypt::Bsdi => Ok(25),
    }
}

/// One digit for the logarithm of the rounds, eight for the salt, 22 for the checksum.
fn phpass(rest: &str) -> Option<crate::passwords::Stored> {
    let (logarithm, salted) = rest.split_at_checked(1)?;
    let (salt, digest) = salted.split_at_checked(8)?;
    let logarithm = crypt_digit(*logarithm.as_bytes().first()?).filter(|it| (7..=30).contains(it))?;
    let expected = crypt_base64(digest).filter(|bytes| bytes.len() == 16)?;
    Some(typed(Scheme::Phpass { rounds: 1 << logarithm, salt: salt.as_bytes().to_vec(), expected }))
}

/// `$md5[,rounds=N]$salt$$digest`, or with one `$` before the digest, which then is not hashed.
fn sun_md5(text: &str) -> Result<crate::passwords::Stored, UnreadableHash> {
    let part = |part| malformed("sun_md5", part);
    let rounds = match text.strip_prefix("$md5,rounds=") {
        Some(rest) => number(rest.split('$').next().unwrap_or_default(), "sun_md5", "rounds")?,
        None => 0,
    };
    let (config, digest) = text.rsplit_once('$').ok_or(part("salt"))?;
    let expected = md5_digits(digest).ok_or(part("checksum"))?;
    Ok(typed(Scheme::SunMd5 { rounds, config: config.as_bytes().to_vec(), expected }))
}

/// The 22 digits in which MD5 crypt writes a digest, its bytes in an order of their own.
fn md5_digits(digest: &str) -> Option<Vec<u8>> {
    const ORDER: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];
    let shuffled = crypt_base64(digest).filter(|bytes| bytes.len() == 16)?;
    let mut bytes = vec![0; 16];
    for (byte, at) in shuffled.iter().zip(ORDER) {
        *bytes.get_mut(at)? = *byte;
    }
    Some(bytes)
}

fn is_crypt_text(text: &str) -> bool {
    text.chars().all(|digit| CRYPT_DIGITS.contains(digit))
}
