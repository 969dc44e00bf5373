//! Which program wrote a hash.

use zeroize::Zeroizing;

/// Which program wrote a hash, as the operator declares it: `sha1$salt$hex` is an HMAC in old Werkzeug and a
/// plain digest in Django, and a `$2b$` text does not tell what was done to the password before.
pub enum Origin {
    /// This crate: Argon2id.
    Portcullis,
    /// Werkzeug, also before 2.3 and 3.0.
    Werkzeug,
    /// Django.
    Django,
    /// passlib or libpass without a wrapper, bcrypt, and what Unix `crypt` writes.
    Passlib,
    /// Flask-Bcrypt with `BCRYPT_HANDLE_LONG_PASSWORDS`: the hexadecimal SHA-256 was hashed.
    FlaskBcryptLong,
    /// Flask-Security with its double hash: `HMAC-SHA512(SECURITY_PASSWORD_SALT, NFKD(password))` was hashed.
    FlaskSecurity {
        /// `SECURITY_PASSWORD_SALT`, as the app has it.
        salt: Zeroizing<String>,
    },
}

impl Origin {
    /// The names of all.
    pub const NAMES: [&'static str; 6] =
        ["portcullis", "werkzeug", "django", "passlib", "flask-bcrypt-long", "flask-security"];

    /// The origin of this name, if it needs nothing but that.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        static PLAIN: [Origin; 5] =
            [Origin::Portcullis, Origin::Werkzeug, Origin::Django, Origin::Passlib, Origin::FlaskBcryptLong];
        PLAIN.iter().find(|origin| origin.name() == name)
    }

    /// A hash that says who wrote it, as it is stored after an import: `{werkzeug}scrypt:32768:8:1$…`.
    #[must_use]
    pub fn mark(name: &str, text: &str) -> String {
        if name == Self::Portcullis.name() { text.to_owned() } else { format!("{{{name}}}{text}") }
    }

    /// The name and the hash of a marked text. Unix's `{SSHA}` and its kin are no marks: they are in capitals.
    #[must_use]
    pub fn marked(text: &str) -> Option<(&str, &str)> {
        let (name, hash) = text.strip_prefix('{')?.split_once('}')?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        (!name.is_empty() && name.bytes().all(plain)).then_some((name, hash))
    }

    /// The name that policies and imports use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Portcullis => "portcullis",
            Self::Werkzeug => "werkzeug",
            Self::Django => "django",
            Self::Passlib => "passlib",
            Self::FlaskBcryptLong => "flask-bcrypt-long",
            Self::FlaskSecurity { .. } => "flask-security",
        }
    }
}
