//! What tests of this crate stand on: a real store in a folder of its own, and a user.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use portcullis::keys::Keyring;
use portcullis_store::sqlite::Sqlite;
use portcullis_store::{NewUser, People, Standing, UserId};

use crate::Ground;
use crate::oidc::HttpFetch;

pub(crate) struct House {
    pub(crate) store: Arc<Sqlite>,
    pub(crate) keys: Keyring,
    folder: PathBuf,
}

/// A moment of these tests: seconds after their beginning.
pub(crate) const fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_700_000_000 + seconds)
}

/// Fetches from this machine: over TLS nobody is trusted.
pub(crate) fn fetches(dangerous_plain: bool) -> HttpFetch {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    HttpFetch::new(tls, dangerous_plain)
}

pub(crate) const ANNA: UserId = UserId([0xa; 16]);
pub(crate) const BERT: UserId = UserId([0xb; 16]);

impl House {
    /// A store with two users.
    pub(crate) async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("portcullis-identity-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Arc::new(Sqlite::open(&folder.join("portcullis.db")).unwrap());
        for (id, name) in [(ANNA, "anna"), (BERT, "bert")] {
            let user = NewUser {
                id,
                email: format!("{name}@notes.example"),
                name: name.to_owned(),
                password: None,
                standing: Standing::Active,
                roles: vec!["reader".to_owned()],
                lapses: None,
            };
            store.add(user, at(0)).await.unwrap().unwrap();
        }
        Self { store, keys: Keyring::new([1; 32], vec![[2; 32]]), folder }
    }

    pub(crate) fn ground(&self) -> Ground<'_> {
        Ground { people: &*self.store, sessions: &*self.store, keys: &self.keys }
    }
}

/// What an authenticator app shows that got this secret in base 32.
pub(crate) fn code_of(base32: &str, now: Duration) -> String {
    let digits = base32.bytes().filter(|byte| *byte != b' ').map(|byte| match byte {
        b'A'..=b'Z' => byte - b'A',
        _ => byte - b'2' + 26,
    });
    let bits: Vec<u8> = digits.flat_map(|digit| (0..5).rev().map(move |place| digit >> place & 1)).collect();
    let secret: Vec<u8> = bits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
    crate::totp::shown(&secret.try_into().unwrap(), now)
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
