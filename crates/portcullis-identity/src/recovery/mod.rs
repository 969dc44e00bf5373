//! Recovery codes: for whoever lost the telephone with the app, or the passkey.
//!
//! - Ten codes of 120 random bits, in the letters of Crockford's base 32, which has no two that look alike. ASVS 5.0,
//!   6.5.2: from 112 bits on a plain hash is enough, so that the hash itself names the code in the store.
//! - They are shown once; only hashes are kept.
//! - Each works once: the store removes it, and only who removed it is let in ([`spend`]).
//! - New ones are there before the old ones go ([`renew`]): whatever breaks in between, somebody still has codes.

use portcullis_store::{Credential, CredentialKind, Instant, Key, People, UserId};
use zeroize::Zeroizing;

use crate::Unavailable;
use crate::random::{digest, random};

#[cfg(test)]
mod tests;

/// How many a user gets.
pub const COUNT: usize = 10;

/// Random bytes of a code, and its letters.
const BYTES: usize = 15;
const LETTERS: usize = 24;

const SIGNS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes ten new codes and forgets the old ones; gives the texts, to be shown once.
///
/// # Errors
/// When the store is away or the system has no randomness. The old codes may then still be good.
pub async fn renew(
    people: &dyn People,
    user: UserId,
    now: Instant,
) -> Result<Vec<Zeroizing<String>>, Unavailable> {
    let before = people.credentials(user, CredentialKind::RecoveryCode).await?;
    let mut codes = Vec::with_capacity(COUNT);
    for number in 1..=COUNT {
        let letters = draw()?;
        let credential = Credential {
            key: key(user, &letters),
            user,
            kind: CredentialKind::RecoveryCode,
            label: number.to_string(),
            content: Vec::new(),
            made: now,
            used: None,
        };
        if people.add_credential(credential).await?.is_err() {
            // 120 random bits do not meet: the system's randomness is none.
            return Err(Unavailable::NoRandomness);
        }
        codes.push(grouped(&letters));
    }
    for old in before {
        people.remove_credential(user, CredentialKind::RecoveryCode, old.key).await?;
    }
    Ok(codes)
}

/// Whether `typed` is a code of this user that was not used: it is used now.
///
/// # Errors
/// When the store is away: nobody is let in.
pub async fn spend(people: &dyn People, user: UserId, typed: &str) -> Result<bool, Unavailable> {
    let Some(letters) = read(typed) else {
        return Ok(false);
    };
    Ok(people.remove_credential(user, CredentialKind::RecoveryCode, key(user, &letters)).await?)
}

/// How many codes of this user are left.
///
/// # Errors
/// When the store is away.
pub async fn left(people: &dyn People, user: UserId) -> Result<usize, Unavailable> {
    Ok(people.credentials(user, CredentialKind::RecoveryCode).await?.len())
}

/// Forgets all codes of this user: there is no second factor any more that they could stand in for.
///
/// # Errors
/// When the store is away.
pub async fn forget(people: &dyn People, user: UserId) -> Result<(), Unavailable> {
    for code in people.credentials(user, CredentialKind::RecoveryCode).await? {
        people.remove_credential(user, CredentialKind::RecoveryCode, code.key).await?;
    }
    Ok(())
}

type Letters = Zeroizing<String>;

fn key(user: UserId, letters: &Letters) -> Key {
    Key(digest(&[b"recovery code", &user.0, letters.as_bytes()]))
}

fn draw() -> Result<Letters, Unavailable> {
    let bytes = Zeroizing::new(random::<BYTES>()?);
    let mut letters = Zeroizing::new(String::with_capacity(LETTERS));
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let sign = usize::try_from(bits >> (place * 5) & 31).unwrap_or_default();
            letters.extend(SIGNS.get(sign).map(|sign| char::from(*sign)));
        }
    }
    Ok(letters)
}

/// In six groups of four, to be read and typed.
fn grouped(letters: &Letters) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(LETTERS + LETTERS / 4));
    for (place, letter) in letters.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

/// What was typed, in the form that is hashed: in small letters, without what stands between groups, and with the
/// letters that stand for digits put right, as Crockford has it.
fn read(typed: &str) -> Option<Letters> {
    if typed.len() > 128 {
        return None;
    }
    let mut letters = Zeroizing::new(String::with_capacity(LETTERS));
    for sign in typed.chars().filter(|sign| !sign.is_whitespace() && *sign != '-') {
        if letters.len() == LETTERS {
            return None;
        }
        letters.push(match sign.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            known if u8::try_from(known).is_ok_and(|byte| SIGNS.contains(&byte)) => known,
            _ => return None,
        });
    }
    (letters.len() == LETTERS).then_some(letters)
}
