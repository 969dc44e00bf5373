//! An authenticator in software, and the browser around it: what a device would answer, or what an attacker would
//! make of it (W3C WebAuthn sections 6.1 and 6.5, CTAP 2.1 for the CBOR).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Flags of authenticator data (section 6.1).
pub(crate) const PRESENT: u8 = 1;
pub(crate) const VERIFIED: u8 = 4;
const ATTESTED: u8 = 64;

/// One passkey in a device, and how the device answers.
pub(crate) struct Device {
    pair: EcdsaKeyPair,
    pub(crate) id: Vec<u8>,
    /// The origin that the browser is at.
    pub(crate) origin: String,
    /// The host that the device takes the site for.
    pub(crate) host: String,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
    /// Who the device says that the passkey is of.
    pub(crate) user: Option<Vec<u8>>,
}

impl Device {
    pub(crate) fn new(id: &[u8]) -> Self {
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            id: id.to_vec(),
            origin: "https://notes.example".to_owned(),
            host: "notes.example".to_owned(),
            flags: PRESENT | VERIFIED,
            counter: 0,
            user: None,
        }
    }

    /// Answers `navigator.credentials.create`.
    pub(crate) fn create(&mut self, options: &Value) -> Vec<u8> {
        let asked = &options["publicKey"];
        assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(asked["attestation"], "none");
        self.user = Some(URL_SAFE_NO_PAD.decode(asked["user"]["id"].as_str().unwrap()).unwrap());
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        // A COSE key (RFC 9053 section 7.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
        let point = self.pair.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData".to_vec();
        object.extend([0x59]);
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        let client = self.client("webauthn.create", asked);
        let answer = json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "rawId": URL_SAFE_NO_PAD.encode(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": URL_SAFE_NO_PAD.encode(object),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "transports": ["internal"],
            },
        });
        serde_json::to_vec(&answer).unwrap()
    }

    /// Answers `navigator.credentials.get`.
    pub(crate) fn get(&mut self, options: &Value) -> Vec<u8> {
        let asked = &options["publicKey"];
        assert_eq!(asked["userVerification"], "required");
        let client = self.client("webauthn.get", asked);
        let data = self.data(0);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let answer = json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "rawId": URL_SAFE_NO_PAD.encode(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "signature": URL_SAFE_NO_PAD.encode(signature),
                "userHandle": self.user.as_ref().map(|user| URL_SAFE_NO_PAD.encode(user)),
            },
        });
        serde_json::to_vec(&answer).unwrap()
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.host.as_bytes()).to_vec();
        data.push(self.flags | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, asked: &Value) -> Vec<u8> {
        let client = json!({
            "type": kind,
            "challenge": asked["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        serde_json::to_vec(&client).unwrap()
    }
}
