//! Readers of the texts that programs store, one file a program. Each says `None` for a text that its program
//! does not write.

mod argon2;
mod crypt;
mod django;
mod encoding;
mod passlib;
mod werkzeug;

use zeroize::Zeroizing;

use super::preparation::Preparation;
use super::scheme::Scheme;
use super::stored::{Stored, UnreadableHash};

pub(super) use django::read as django;
pub(super) use encoding::hex as hex_digits;
pub(super) use passlib::read as passlib;
pub(super) use werkzeug::read as werkzeug;

/// What a reader found.
pub(super) type Found = Result<Option<Stored>, UnreadableHash>;

/// Our own: Argon2id over the password in normal form.
pub(super) fn own(text: &str) -> Found {
    if !text.starts_with("$argon2id$") {
        return Ok(None);
    }
    Ok(Some(Stored { preparation: Preparation::Normal, scheme: argon2::read(text)? }))
}

/// bcrypt over the hexadecimal SHA-256.
pub(super) fn flask_bcrypt_long(text: &str) -> Found {
    Ok(crypt::bcrypt(text)?.map(|scheme| Stored { preparation: Preparation::Sha256Hex, scheme }))
}

/// Flask-Security hashes twice, but for the schemes that it lists as single.
pub(super) fn flask_security(text: &str, salt: &Zeroizing<String>) -> Found {
    if let Some(django) = django(text)? {
        return Ok(Some(django));
    }
    Ok(passlib(text)?.map(|stored| match stored {
        Stored { preparation: Preparation::Typed, scheme } if scheme.is_doubled() => {
            Stored { preparation: Preparation::FlaskSecurity { key: salt.clone() }, scheme }
        }
        other => other,
    }))
}

impl Scheme {
    /// Whether Flask-Security puts its own HMAC before this scheme.
    const fn is_doubled(&self) -> bool {
        !matches!(self, Self::Unusable)
    }
}

/// A hash of bytes as typed.
fn typed(scheme: Scheme) -> Stored {
    Stored { preparation: Preparation::Typed, scheme }
}
