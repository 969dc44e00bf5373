//! The chain: each line carries a keyed hash of itself and of the line before.
//!
//! `"portcullis.chain"` is HMAC-SHA-256 (RFC 2104) over the chain value of the line before and the line's own
//! bytes, in base64url. Who has no key can neither edit, remove, move nor add a line without its showing. A
//! checkpoint line closes each run of lines with an Ed25519 signature (RFC 8032) over where the chain stands,
//! which can be checked by whoever has the public key alone. The file `events.head` holds where the log ends,
//! sealed alike, so that a tail cut off shows as well.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::keys::{Keyring, mac};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The key's purpose: the log's alone.
const CHAIN: &str = "event log chain";
const HEAD: &str = "event log head";
const SIGNATURE: &str = "event log signature";

/// Stands before the value, at the end of each line.
const FIELD: &str = ",\"portcullis.chain\":\"";

/// Where the chain stands after a line.
pub(crate) type Link = [u8; 32];

/// What lines are chained and signed with.
pub(crate) struct Links {
    chain: Zeroizing<[u8; 32]>,
    head: Zeroizing<[u8; 32]>,
    signer: Option<Ed25519KeyPair>,
}

impl Links {
    /// With the newest key.
    pub(crate) fn newest(keys: &Keyring) -> Self {
        Self::of(keys.newest(CHAIN), keys.newest(HEAD), &keys.newest(SIGNATURE))
    }

    /// With each key that may have chained a line, the newest first.
    pub(crate) fn all(keys: &Keyring) -> Vec<Self> {
        let chains = keys.all(CHAIN).zip(keys.all(HEAD)).zip(keys.all(SIGNATURE));
        chains.map(|((chain, head), signature)| Self::of(chain, head, &signature)).collect()
    }

    fn of(chain: Zeroizing<[u8; 32]>, head: Zeroizing<[u8; 32]>, seed: &[u8; 32]) -> Self {
        // A seed of the right length is always one.
        Self { chain, head, signer: Ed25519KeyPair::from_seed_unchecked(seed).ok() }
    }

    /// Adds the link to a line, which is a JSON object without its end of line. Returns where the chain stands.
    pub(crate) fn add(&self, line: &mut String, before: &Link) -> Link {
        let link = mac(&self.chain, &[before, line.as_bytes()]);
        if line.pop() == Some('}') {
            line.push_str(FIELD);
            URL_SAFE_NO_PAD.encode_string(link, line);
            line.push_str("\"}");
        }
        link
    }

    /// Whether a line was written after `before`, unchanged.
    pub(crate) fn holds(&self, line: &str, link: &Link, before: &Link) -> bool {
        bool::from(mac(&self.chain, &[before, line.as_bytes()]).ct_eq(link))
    }

    /// The signature of where the chain stands, for a checkpoint.
    pub(crate) fn sign(&self, sequence: u64, link: &Link) -> Option<String> {
        let signature = self.signer.as_ref()?.sign(&signed(sequence, link));
        Some(URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// Whether a checkpoint's signature is ours.
    pub(crate) fn verifies(&self, sequence: u64, link: &Link, signature: &str) -> bool {
        let Some(signer) = &self.signer else { return false };
        let key = UnparsedPublicKey::new(&ED25519, signer.public_key().as_ref());
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        key.verify(&signed(sequence, link), &signature).is_ok()
    }

    /// What checkpoints can be checked with by whoever may not have the secret.
    pub(crate) fn public_key(&self) -> Option<String> {
        Some(URL_SAFE_NO_PAD.encode(self.signer.as_ref()?.public_key().as_ref()))
    }

    /// Where the log ends, sealed.
    pub(crate) fn seal_head(&self, sequence: u64, link: &Link) -> String {
        let seal = mac(&self.head, &[&sequence.to_be_bytes(), link]);
        format!("{sequence:020} {} {}\n", URL_SAFE_NO_PAD.encode(link), URL_SAFE_NO_PAD.encode(seal))
    }

    /// Reads what [`Self::seal_head`] wrote; `None` where it is not ours.
    pub(crate) fn open_head(&self, text: &str) -> Option<(u64, Link)> {
        let mut words = text.split_ascii_whitespace();
        let sequence: u64 = words.next()?.parse().ok()?;
        let link = read_link(words.next()?)?;
        let seal = read_link(words.next()?)?;
        let expected = mac(&self.head, &[&sequence.to_be_bytes(), &link]);
        bool::from(expected.ct_eq(&seal)).then_some((sequence, link))
    }
}

fn signed(sequence: u64, link: &Link) -> Vec<u8> {
    [b"portcullis event log\0".as_slice(), &sequence.to_be_bytes(), link].concat()
}

/// Takes a line apart: what was chained, and the link. `None` for a line without one.
pub(crate) fn split(line: &str) -> Option<(String, Link)> {
    let (front, rest) = line.rsplit_once(FIELD)?;
    let link = read_link(rest.strip_suffix("\"}")?)?;
    Some((format!("{front}}}"), link))
}

pub(crate) fn read_link(text: &str) -> Option<Link> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

pub(crate) fn write_link(link: &Link) -> String {
    URL_SAFE_NO_PAD.encode(link)
}
