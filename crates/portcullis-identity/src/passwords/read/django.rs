//! What Django writes: `algorithm$…`.

use super::encoding::{base64, hex, number};
use super::{Found, argon2, crypt, typed};
use crate::passwords::Stored;
use crate::passwords::preparation::Preparation;
use crate::passwords::scheme::{Digest, SaltAt, Scheme};
use crate::passwords::stored::malformed;

pub(in crate::passwords) fn read(text: &str) -> Found {
    if text.starts_with('!') {
        return Ok(Some(typed(Scheme::Unusable)));
    }
    let Some((algorithm, rest)) = text.split_once('$') else {
        // Unsalted, from before Django 1.4.
        return Ok(plain(text, Digest::Md5));
    };
    match algorithm {
        "pbkdf2_sha256" => pbkdf2(rest, Digest::Sha256),
        "pbkdf2_sha1" => pbkdf2(rest, Digest::Sha1),
        "argon2" => Ok(Some(typed(argon2::read(&format!("${rest}"))?))),
        "bcrypt" => Ok(crypt::bcrypt(rest)?.map(typed)),
        "bcrypt_sha256" => {
            Ok(crypt::bcrypt(rest)?.map(|scheme| Stored { preparation: Preparation::Sha256Hex, scheme }))
        }
        "scrypt" => scrypt(rest),
        "md5" => salted(rest, Digest::Md5),
        "sha1" => salted(rest, Digest::Sha1),
        "crypt" => crypt::read(rest.trim_start_matches('$')),
        _ => Ok(None),
    }
}

/// A digest without salt.
pub(super) fn plain(text: &str, digest: Digest) -> Option<Stored> {
    let expected = hex(text).filter(|bytes| bytes.len() == digest.size())?;
    Some(typed(Scheme::Salted { digest, salt: Vec::new(), at: SaltAt::Front, expected }))
}

fn pbkdf2(rest: &str, digest: Digest) -> Found {
    let mut fields = rest.split('$');
    let rounds = number(fields.next().unwrap_or_default(), "pbkdf2", "rounds")?;
    let salt = fields.next().ok_or(malformed("pbkdf2", "salt"))?.as_bytes().to_vec();
    let expected = fields.next().and_then(base64).filter(|bytes| bytes.len() == digest.size());
    let expected = expected.ok_or(malformed("pbkdf2", "checksum"))?;
    if rounds == 0 || fields.next().is_some() {
        return Err(malformed("pbkdf2", "rounds"));
    }
    Ok(Some(typed(Scheme::Pbkdf2 { digest, rounds, salt, expected })))
}

/// `N$salt$r$p$checksum`.
fn scrypt(rest: &str) -> Found {
    let fields = rest.split('$').collect::<Vec<_>>();
    let [n, salt, r, p, checksum] = fields.as_slice() else {
        return Err(malformed("scrypt", "parameters"));
    };
    let n = number(n, "scrypt", "N")?;
    let expected =
        base64(checksum).filter(|bytes| bytes.len() >= 16).ok_or(malformed("scrypt", "checksum"))?;
    super::werkzeug::scrypt(n, number(r, "scrypt", "r")?, number(p, "scrypt", "p")?, salt, expected).map(Some)
}

/// `salt$hex`: the digest of salt and password.
fn salted(rest: &str, digest: Digest) -> Found {
    let (salt, checksum) = rest.split_once('$').ok_or(malformed("salted digest", "salt"))?;
    let expected = hex(checksum).filter(|bytes| bytes.len() == digest.size());
    let expected = expected.ok_or(malformed("salted digest", "checksum"))?;
    Ok(Some(typed(Scheme::Salted { digest, salt: salt.as_bytes().to_vec(), at: SaltAt::Front, expected })))
}
