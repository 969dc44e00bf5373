//! What passlib and its kin write.

use super::encoding::{adapted_base64, base64, hex, number, url_base64};
use super::{Found, argon2, crypt, django, typed};
use crate::passwords::Stored;
use crate::passwords::preparation::Preparation;
use crate::passwords::scheme::{Digest, SaltAt, Scheme};
use crate::passwords::stored::{UnreadableHash, malformed};

pub(in crate::passwords) fn read(text: &str) -> Found {
    if text.starts_with("$argon2") {
        return Ok(Some(typed(argon2::read(text)?)));
    }
    if let Some(scheme) = crypt::bcrypt(text)? {
        return Ok(Some(typed(scheme)));
    }
    if let Some(rest) = text.strip_prefix("$bcrypt-sha256$") {
        return bcrypt_sha256(rest).map(Some);
    }
    let pbkdf2_kinds = [
        ("$pbkdf2$", Digest::Sha1),
        ("$pbkdf2-sha256$", Digest::Sha256),
        ("$pbkdf2-sha512$", Digest::Sha512),
    ];
    for (start, digest) in pbkdf2_kinds {
        if let Some(rest) = text.strip_prefix(start) {
            let (rounds, salt, checksum) = three(rest, '$')?;
            return pbkdf2(
                digest,
                number(rounds, "pbkdf2", "rounds")?,
                adapted_base64(salt),
                adapted_base64(checksum),
            );
        }
    }
    if let Some(rest) = text.strip_prefix("$p5k2$") {
        let (rounds, salt, checksum) = three(rest, '$')?;
        let rounds = u32::from_str_radix(rounds, 16).map_err(|_| malformed("pbkdf2", "rounds"))?;
        return pbkdf2(Digest::Sha1, rounds, url_base64(salt), url_base64(checksum));
    }
    if let Some(rest) = text.strip_prefix("grub.pbkdf2.sha512.") {
        let (rounds, salt, checksum) = three(rest, '.')?;
        return pbkdf2(Digest::Sha512, number(rounds, "pbkdf2", "rounds")?, hex(salt), hex(checksum));
    }
    if let Some(rest) = text.strip_prefix("{PKCS5S2}") {
        let bytes = base64(rest).ok_or(malformed("pbkdf2", "checksum"))?;
        let (salt, checksum) = bytes.split_at_checked(16).ok_or(malformed("pbkdf2", "salt"))?;
        return pbkdf2(Digest::Sha1, 10_000, Some(salt.to_vec()), Some(checksum.to_vec()));
    }
    if let Some(rest) = text.strip_prefix("$scrypt$") {
        return scrypt(rest).map(Some);
    }
    let ldap = [
        ("{SSHA}", Digest::Sha1),
        ("{SHA}", Digest::Sha1),
        ("{SMD5}", Digest::Md5),
        ("{MD5}", Digest::Md5),
        ("{SSHA256}", Digest::Sha256),
        ("{SSHA512}", Digest::Sha512),
    ];
    for (start, digest) in ldap {
        if let Some(rest) = text.strip_prefix(start) {
            let bytes = base64(rest).ok_or(malformed("ldap", "checksum"))?;
            let (expected, salt) =
                bytes.split_at_checked(digest.size()).ok_or(malformed("ldap", "checksum"))?;
            let (expected, salt) = (expected.to_vec(), salt.to_vec());
            return Ok(Some(typed(Scheme::Salted { digest, salt, at: SaltAt::Back, expected })));
        }
    }
    // Django's forms, which passlib writes as Django does, and bare hexadecimal digests.
    let digests = [Digest::Md5, Digest::Sha1, Digest::Sha256, Digest::Sha512];
    if let Some(plain) = digests.into_iter().find_map(|digest| django::plain(text, digest)) {
        return Ok(Some(plain));
    }
    if let Some(stored) = crypt::read(text)? {
        return Ok(Some(stored));
    }
    django::read(text)
}

/// `v=2,t=2b,r=12$salt$digest`, or `2b,12$salt$digest` in the first version.
fn bcrypt_sha256(rest: &str) -> Result<Stored, UnreadableHash> {
    const NAME: &str = "bcrypt-sha256";
    let (parameters, salt, digest) = three(rest, '$')?;
    let fields = parameters.split(',').collect::<Vec<_>>();
    let (second, kind, rounds) = match fields.as_slice() {
        ["v=2", kind, rounds] => (true, kind.strip_prefix("t="), rounds.strip_prefix("r=")),
        [kind, rounds] => (false, Some(*kind), Some(*rounds)),
        _ => return Err(malformed(NAME, "parameters")),
    };
    let (Some(kind), Some(rounds)) = (kind, rounds) else { return Err(malformed(NAME, "parameters")) };
    let rounds = number(rounds, NAME, "rounds")?;
    let scheme =
        crypt::bcrypt(&format!("${kind}${rounds:02}${salt}{digest}"))?.ok_or(malformed(NAME, "kind"))?;
    let preparation = if second {
        Preparation::HmacSha256Base64 { key: salt.to_owned() }
    } else {
        Preparation::Sha256Base64
    };
    Ok(Stored { preparation, scheme })
}

/// `ln=16,r=8,p=1$salt$digest`.
fn scrypt(rest: &str) -> Result<Stored, UnreadableHash> {
    let (parameters, salt, checksum) = three(rest, '$')?;
    let fields = parameters.split(',').collect::<Vec<_>>();
    let [log_n, r, p] = fields.as_slice() else { return Err(malformed("scrypt", "parameters")) };
    let value = |field: &str, name: &str| {
        field
            .strip_prefix(name)
            .ok_or(malformed("scrypt", "parameters"))
            .and_then(|it| number(it, "scrypt", "parameters"))
    };
    let log_n = u8::try_from(value(log_n, "ln=")?).map_err(|_| malformed("scrypt", "parameters"))?;
    let (r, p) = (value(r, "r=")?, value(p, "p=")?);
    let salt = base64(salt).ok_or(malformed("scrypt", "salt"))?;
    let expected =
        base64(checksum).filter(|bytes| bytes.len() >= 16).ok_or(malformed("scrypt", "checksum"))?;
    Ok(typed(Scheme::Scrypt { log_n, r, p, salt, expected }))
}

fn pbkdf2(digest: Digest, rounds: u32, salt: Option<Vec<u8>>, expected: Option<Vec<u8>>) -> Found {
    let salt = salt.ok_or(malformed("pbkdf2", "salt"))?;
    let expected = expected.filter(|bytes| bytes.len() >= 16).ok_or(malformed("pbkdf2", "checksum"))?;
    if rounds == 0 {
        return Err(malformed("pbkdf2", "rounds"));
    }
    Ok(Some(typed(Scheme::Pbkdf2 { digest, rounds, salt, expected })))
}

fn three(text: &str, separator: char) -> Result<(&str, &str, &str), UnreadableHash> {
    let fields = text.split(separator).collect::<Vec<_>>();
    match fields.as_slice() {
        [first, second, third] => Ok((first, second, third)),
        _ => Err(malformed("passlib", "fields")),
    }
}
