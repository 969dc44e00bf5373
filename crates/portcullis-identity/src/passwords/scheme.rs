//! The schemes that hash passwords, with the parameters of one hash.

use argon2::{Algorithm, Argon2, ParamsBuilder, Version};
use hmac::Hmac;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::preparation::mac;
use super::sun_md5;

/// A fast digest; only the schemes around it make it slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    /// The digest that `name` stands for, as in `sha256`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    /// Bytes of its output.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn of(self, parts: [&[u8]; 2]) -> Vec<u8> {
        let [first, second] = parts;
        match self {
            Self::Md5 => Md5::new().chain_update(first).chain_update(second).finalize().to_vec(),
            Self::Sha1 => Sha1::new().chain_update(first).chain_update(second).finalize().to_vec(),
            Self::Sha256 => Sha256::new().chain_update(first).chain_update(second).finalize().to_vec(),
            Self::Sha512 => Sha512::new().chain_update(first).chain_update(second).finalize().to_vec(),
        }
    }

    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => mac::<Hmac<Md5>>(key, message),
            Self::Sha1 => mac::<Hmac<Sha1>>(key, message),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, message),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, message),
        }
    }

    fn pbkdf2(self, password: &[u8], salt: &[u8], rounds: u32, out: &mut [u8]) {
        match self {
            Self::Md5 => pbkdf2::pbkdf2_hmac::<Md5>(password, salt, rounds, out),
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, rounds, out),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, out),
            Self::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, out),
        }
    }
}

/// Where the salt of a plain digest stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SaltAt {
    Front,
    Back,
}

/// A scheme of Unix `crypt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crypt {
    Md5,
    Apache,
    Sha1,
    Sha256,
    Sha512,
    Des,
    Bsdi,
}

/// One hash: its scheme, its parameters and what must come out.
pub(super) enum Scheme {
    /// RFC 9106.
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        /// Names the pepper; only our own hashes have one.
        pepper: Option<String>,
        salt: Vec<u8>,
        expected: Vec<u8>,
    },
    /// bcrypt reads 72 bytes of the password and no more.
    Bcrypt { cost: u32, text: String },
    /// RFC 7914.
    Scrypt { log_n: u8, r: u32, p: u32, salt: Vec<u8>, expected: Vec<u8> },
    /// RFC 8018 section 5.2.
    Pbkdf2 { digest: Digest, rounds: u32, salt: Vec<u8>, expected: Vec<u8> },
    /// One HMAC with the salt as its key: Werkzeug before 3.0.
    Hmac { digest: Digest, salt: Vec<u8>, expected: Vec<u8> },
    /// One digest.
    Salted { digest: Digest, salt: Vec<u8>, at: SaltAt, expected: Vec<u8> },
    /// Unix `crypt`.
    Crypt { crypt: Crypt, rounds: u32, text: String },
    /// phpass: MD5 over and over.
    Phpass { rounds: u32, salt: Vec<u8>, expected: Vec<u8> },
    /// Solaris.
    SunMd5 { rounds: u32, config: Vec<u8>, expected: Vec<u8> },
    /// Nobody signs in with it: Django's `!`.
    Unusable,
}

impl Scheme {
    /// Whether `password`, as prepared, is the one that was hashed. `key` is the pepper that the hash names.
    pub(super) fn verify(&self, password: &[u8], key: Option<&[u8]>) -> bool {
        match self {
            Self::Argon2 { salt, expected, .. } => {
                let mut out = vec![0; expected.len()];
                self.argon2(key)
                    .is_some_and(|argon2| argon2.hash_password_into(password, salt, &mut out).is_ok())
                    && same(&out, expected)
            }
            Self::Bcrypt { text, .. } => bcrypt::verify(password, text).unwrap_or(false),
            Self::Scrypt { log_n, r, p, salt, expected } => {
                let mut out = vec![0; expected.len()];
                scrypt::Params::new(*log_n, *r, *p)
                    .is_ok_and(|params| scrypt::scrypt(password, salt, &params, &mut out).is_ok())
                    && same(&out, expected)
            }
            Self::Pbkdf2 { digest, rounds, salt, expected } => {
                let mut out = vec![0; expected.len()];
                digest.pbkdf2(password, salt, *rounds, &mut out);
                same(&out, expected)
            }
            Self::Hmac { digest, salt, expected } => same(&digest.hmac(salt, password), expected),
            Self::Salted { digest, salt, at, expected } => {
                let parts: [&[u8]; 2] = match at {
                    SaltAt::Front => [salt, password],
                    SaltAt::Back => [password, salt],
                };
                same(&digest.of(parts), expected)
            }
            Self::Crypt { crypt, text, .. } => crypt.verify(password, text),
            Self::Phpass { rounds, salt, expected } => {
                let mut last = Digest::Md5.of([salt, password]);
                for _ in 0..*rounds {
                    last = Digest::Md5.of([&last, password]);
                }
                same(&last, expected)
            }
            Self::SunMd5 { rounds, config, expected } => {
                same(&sun_md5::digest(password, config, *rounds), expected)
            }
            Self::Unusable => false,
        }
    }

    fn argon2<'key>(&self, key: Option<&'key [u8]>) -> Option<Argon2<'key>> {
        let Self::Argon2 { algorithm, version, memory_kib, passes, lanes, expected, .. } = self else {
            return None;
        };
        let params = ParamsBuilder::new()
            .m_cost(*memory_kib)
            .t_cost(*passes)
            .p_cost(*lanes)
            .output_len(expected.len())
            .build()
            .ok()?;
        match key {
            Some(key) => Argon2::new_with_secret(key, *algorithm, *version, params).ok(),
            None => Some(Argon2::new(*algorithm, *version, params)),
        }
    }
}

impl Crypt {
    fn verify(self, password: &[u8], text: &str) -> bool {
        use crypt3_rs::crypt::{apr1, bsdi, md5, sha1, sha256, sha512, unix};
        match self {
            Self::Md5 => md5::verify(password, text),
            Self::Apache => apr1::verify(password, text),
            Self::Sha1 => sha1::verify(password, text),
            Self::Sha256 => sha256::verify(password, text),
            Self::Sha512 => sha512::verify(password, text),
            Self::Des => unix::verify(password, text),
            Self::Bsdi => bsdi::verify(password, text),
        }
    }
}

/// In constant time; nothing equals nothing.
fn same(one: &[u8], other: &[u8]) -> bool {
    !other.is_empty() && bool::from(one.ct_eq(other))
}
