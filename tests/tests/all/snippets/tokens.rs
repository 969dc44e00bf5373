//! Tokens as the gate makes them, and as it never would.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::keys::Keyring;
use portcullis::layers::caller::session::{By, Factors, Person};
use portcullis_gateway::record::{DataDir, keys};
use portcullis_identity::statement::Vouching;
use portcullis_tests::live::Folder;

/// Whom they name.
pub(super) const ANN: &str = "01010101010101010101010101010101";

/// Made with the key of a gate.
pub(super) struct Tokens {
    /// One that holds.
    pub(super) good: String,
    /// Each with what is wrong with it.
    pub(super) bad: Vec<(&'static str, String)>,
}

impl Tokens {
    /// With the key in this folder of a gate, for the site at `issuer`.
    pub(super) fn of(folder: &Folder, issuer: &str) -> Self {
        let ours = keys::load(&DataDir::open(folder.path()).unwrap()).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let hour = Duration::from_secs(3600);
        let good = token(&ours, "app", issuer, now);
        let mut parts = good.split('.');
        let (head, claims, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
        let unsigned = encode(&decoded.replace("EdDSA", "none"));
        let changed = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let changed = encode(&changed.replace(ANN, "02020202020202020202020202020202"));
        let bad = vec![
            ("over", token(&ours, "app", issuer, now - hour)),
            ("for another app", token(&ours, "other", issuer, now)),
            ("by another gate", token(&Keyring::new([9; 32], Vec::new()), "app", issuer, now)),
            ("unsigned", format!("{unsigned}.{claims}.")),
            ("said to be unsigned", format!("{unsigned}.{claims}.{signature}")),
            ("changed", format!("{head}.{changed}.{signature}")),
            ("no token", "nonsense".to_owned()),
            ("empty", "..".to_owned()),
        ];
        Self { good, bad }
    }
}

fn token(keys: &Keyring, audience: &str, issuer: &str, now: Duration) -> String {
    let person = Person {
        id: ANN.to_owned(),
        email: "ann@notes.example".to_owned(),
        name: "Ann".to_owned(),
        roles: vec!["editor".to_owned()],
        proved: Some(now),
        factors: Factors::PASSWORD,
        by: By::Session { key: [1; 32] },
    };
    let made = Vouching::new(keys, audience).statement(&Arc::new(person), issuer, now).unwrap();
    made.to_str().unwrap().to_owned()
}
