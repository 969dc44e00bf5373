//! What Werkzeug writes: `method[:parameters]$salt$hex`. The salt is used as the text that it is.

use super::encoding::{hex, number};
use super::{Found, typed};
use crate::passwords::Stored;
use crate::passwords::scheme::{Digest, Scheme};
use crate::passwords::stored::{UnreadableHash, malformed};

pub(in crate::passwords) fn read(text: &str) -> Found {
    let fields = text.split('$').collect::<Vec<_>>();
    let [method, salt, checksum] = fields.as_slice() else { return Ok(None) };
    let mut parameters = method.split(':');
    let name = parameters.next().unwrap_or_default();
    let parameters = parameters.collect::<Vec<_>>();
    let checksum =
        |scheme| hex(checksum).filter(|bytes| bytes.len() >= 16).ok_or(malformed(scheme, "checksum"));
    match (name, parameters.as_slice()) {
        ("scrypt", []) => scrypt(32768, 8, 1, salt, checksum("scrypt")?).map(Some),
        ("scrypt", [n, r, p]) => {
            let number = |text, part| number(text, "scrypt", part);
            scrypt(number(n, "N")?, number(r, "r")?, number(p, "p")?, salt, checksum("scrypt")?).map(Some)
        }
        ("scrypt", _) => Err(malformed("scrypt", "parameters")),
        ("pbkdf2", [digest]) => pbkdf2(digest, "150000", salt, checksum("pbkdf2")?).map(Some),
        ("pbkdf2", [digest, rounds]) => pbkdf2(digest, rounds, salt, checksum("pbkdf2")?).map(Some),
        ("pbkdf2", _) => Err(malformed("pbkdf2", "parameters")),
        (digest, []) => match Digest::parse(digest) {
            Some(digest) => {
                let expected = checksum("hmac")?;
                Ok(Some(typed(Scheme::Hmac { digest, salt: salt.as_bytes().to_vec(), expected })))
            }
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// scrypt with `n` as the number that it is.
pub(super) fn scrypt(
    n: u32,
    r: u32,
    p: u32,
    salt: &str,
    expected: Vec<u8>,
) -> Result<Stored, UnreadableHash> {
    if !n.is_power_of_two() || n < 2 || r == 0 || p == 0 {
        return Err(malformed("scrypt", "parameters"));
    }
    let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| malformed("scrypt", "N"))?;
    Ok(typed(Scheme::Scrypt { log_n, r, p, salt: salt.as_bytes().to_vec(), expected }))
}

fn pbkdf2(digest: &str, rounds: &str, salt: &str, expected: Vec<u8>) -> Result<Stored, UnreadableHash> {
    let digest = Digest::parse(digest).ok_or(malformed("pbkdf2", "digest"))?;
    let rounds = number(rounds, "pbkdf2", "rounds")?;
    if rounds == 0 || expected.len() != digest.size() {
        return Err(malformed("pbkdf2", "rounds"));
    }
    Ok(typed(Scheme::Pbkdf2 { digest, rounds, salt: salt.as_bytes().to_vec(), expected }))
}
