//! Devices that have signed in before, known by a signed cookie.
//!
//! The cookie proves nothing about who is there: it only lets its device try in spite of strangers who guess at the
//! same account. It names no account: each entry is a random name and a MAC over that, the account and the time.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::super::email::Email;
use super::super::token;
use crate::random::{NoRandomness, random};

/// The cookie, over HTTPS.
pub const COOKIE: &str = "__Host-portcullis-device";
/// The same over plain HTTP, where the prefix is not to be had.
pub const PLAIN_COOKIE: &str = "portcullis-device";
/// How long a device is known.
pub const LASTS: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Several people may use one browser.
const MOST: usize = 4;
const MAC: usize = 16;

/// A device that is known at an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    pub(super) name: u128,
}

/// Makes and reads the cookie.
pub struct Devices {
    /// Newest first.
    keys: Vec<Zeroizing<[u8; 32]>>,
}

impl Devices {
    /// Signs with the first key, and knows what the others signed.
    #[must_use]
    pub fn new(keys: Vec<Zeroizing<[u8; 32]>>) -> Self {
        Self { keys }
    }

    /// The device, if the cookie shows one that is known at this account.
    #[must_use]
    pub fn known(&self, cookie: Option<&str>, email: &Email, now: Duration) -> Option<Device> {
        entries(cookie?).find_map(|entry| self.read(entry, email, now))
    }

    /// The cookie's next value: this account's entry is new, those of others stay.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn know(&self, cookie: Option<&str>, email: &Email, now: Duration) -> Result<String, NoRandomness> {
        let name = random::<16>()?;
        let made = u32::try_from(now.as_secs() / 3600).unwrap_or(u32::MAX).to_be_bytes();
        let key = self.keys.first().ok_or(NoRandomness)?;
        let whole = [name.as_slice(), &made, &mac(key, email, &name, &made)].concat();
        let others =
            cookie.into_iter().flat_map(entries).filter(|entry| self.read(entry, email, now).is_none());
        let all = std::iter::once(URL_SAFE_NO_PAD.encode(whole)).chain(others.map(str::to_owned));
        Ok(all.take(MOST).collect::<Vec<_>>().join("."))
    }

    fn read(&self, entry: &str, email: &Email, now: Duration) -> Option<Device> {
        let bytes = URL_SAFE_NO_PAD.decode(entry).ok()?;
        let (name, rest) = bytes.split_first_chunk::<16>()?;
        let (made, presented) = rest.split_first_chunk::<4>()?;
        let age = now.checked_sub(Duration::from_secs(u64::from(u32::from_be_bytes(*made)) * 3600));
        let signed = self.keys.iter().any(|key| bool::from(mac(key, email, name, made).ct_eq(presented)));
        (signed && age.is_some_and(|age| age < LASTS)).then_some(Device { name: u128::from_be_bytes(*name) })
    }
}

/// The entries that could be ours: the cookie is the browser's to change.
fn entries(cookie: &str) -> impl Iterator<Item = &str> {
    cookie.split('.').filter(|entry| entry.len() == 48).take(MOST)
}

fn mac(key: &[u8; 32], email: &Email, name: &[u8; 16], made: &[u8; 4]) -> [u8; MAC] {
    let account = token::digest(email.as_str().as_bytes()).0;
    let Ok(mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return [0; MAC] };
    let whole = mac.chain_update(b"device").chain_update(account).chain_update(name).chain_update(made);
    whole.finalize().into_bytes().first_chunk::<MAC>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn devices(key: u8) -> Devices {
        Devices::new(vec![Zeroizing::new([key; 32])])
    }

    #[test]
    fn a_device_is_known_at_the_accounts_that_signed_in_on_it() {
        let devices = devices(1);
        let (ada, eve) = (email("ada@example.org"), email("eve@example.org"));
        let one = devices.know(None, &ada, NOW).unwrap();
        assert!(devices.known(Some(&one), &ada, NOW).is_some());
        assert!(devices.known(Some(&one), &eve, NOW).is_none());
        let both = devices.know(Some(&one), &eve, NOW).unwrap();
        assert!(devices.known(Some(&both), &ada, NOW).is_some());
        assert!(devices.known(Some(&both), &eve, NOW).is_some());
        let again = devices.know(Some(&both), &ada, NOW).unwrap();
        assert_eq!(again.split('.').count(), 2, "an account has one entry");
        assert_ne!(devices.known(Some(&again), &ada, NOW), devices.known(Some(&both), &ada, NOW));
    }

    #[test]
    fn a_cookie_of_ones_own_making_is_none_and_old_ones_are_over() {
        let (devices, ada) = (devices(1), email("ada@example.org"));
        let forged = self::devices(2).know(None, &ada, NOW).unwrap();
        assert!(devices.known(Some(&forged), &ada, NOW).is_none());
        let real = devices.know(None, &ada, NOW).unwrap();
        assert!(devices.known(Some(&real), &ada, NOW + LASTS).is_none());
        assert!(devices.known(Some(&real), &ada, NOW - Duration::from_secs(7200)).is_none());
        assert!(devices.known(Some("..."), &ada, NOW).is_none());
        assert!(devices.known(Some(&"A".repeat(48)), &ada, NOW).is_none());
    }

    #[test]
    fn the_cookie_stays_small() {
        let devices = devices(1);
        let mut cookie = None;
        for number in 0..20 {
            cookie = Some(
                devices.know(cookie.as_deref(), &email(&format!("u{number}@example.org")), NOW).unwrap(),
            );
        }
        assert!(cookie.unwrap().len() < 200);
    }
}
