//! Challenges.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_store::{Instant, User, UserId};
use serde_json::{Value, json};
use webauthn_rs::prelude::{CredentialID, Uuid};

use super::kept::{all, read};
use super::{Begun, Passkeys, Purpose, attempt};
use crate::{Ground, Unavailable};

impl Passkeys {
    /// Starts to make a passkey for a user who is signed in and proved it lately: the caller sees to that.
    ///
    /// # Errors
    /// When the store is away or the system has no randomness.
    pub async fn begin_enrolment(
        &self,
        ground: Ground<'_>,
        user: &User,
        bound: &[u8],
        now: Instant,
    ) -> Result<Begun, Unavailable> {
        let known = ids(ground, user.id).await?;
        let name = if user.name.is_empty() { &user.email } else { &user.name };
        let (options, state) = self
            .webauthn
            .start_passkey_registration(Uuid::from_bytes(user.id.0), &user.email, name, Some(known))
            .map_err(|_| Unavailable::NoRandomness)?;
        let mut options = serde_json::to_value(options).map_err(|_| Unavailable::Unreadable)?;
        // Without this a device may make one that it cannot find again by itself.
        if let Some(Value::Object(selection)) = options.pointer_mut("/publicKey/authenticatorSelection") {
            selection.insert("residentKey".to_owned(), json!("required"));
            selection.insert("requireResidentKey".to_owned(), json!(true));
        }
        let sealed = attempt::close(ground, Purpose::Enrol, bound, Some(user.id), state, now)?;
        Ok(Begun { options, sealed })
    }

    /// Starts a sign-in by whoever has a passkey of this site; `conditional`: offered among what the browser fills
    /// into the form, rather than at once.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn begin_sign_in(
        &self,
        ground: Ground<'_>,
        bound: &[u8],
        conditional: bool,
        now: Instant,
    ) -> Result<Begun, Unavailable> {
        let begun = self.begin(ground, Purpose::SignIn, bound, None, &[], now)?;
        let mut options = begun.options;
        if conditional && let Value::Object(options) = &mut options {
            options.insert("mediation".to_owned(), json!("conditional"));
        }
        Ok(Begun { options, ..begun })
    }

    /// Starts the second step of a sign-in, or a new proof, by a passkey of this user; `None` when they have none.
    ///
    /// # Errors
    /// When the store is away or the system has no randomness.
    pub async fn begin_proof(
        &self,
        ground: Ground<'_>,
        purpose: Purpose,
        user: UserId,
        bound: &[u8],
        now: Instant,
    ) -> Result<Option<Begun>, Unavailable> {
        let known = ids(ground, user).await?;
        if known.is_empty() {
            return Ok(None);
        }
        self.begin(ground, purpose, bound, Some(user), &known, now).map(Some)
    }

    fn begin(
        &self,
        ground: Ground<'_>,
        purpose: Purpose,
        bound: &[u8],
        user: Option<UserId>,
        known: &[CredentialID],
        now: Instant,
    ) -> Result<Begun, Unavailable> {
        let (mut options, state) =
            self.webauthn.start_discoverable_authentication().map_err(|_| Unavailable::NoRandomness)?;
        options.mediation = None;
        let mut options = serde_json::to_value(options).map_err(|_| Unavailable::Unreadable)?;
        if let Some(Value::Object(request)) = options.pointer_mut("/publicKey") {
            let allowed = known
                .iter()
                .map(|id| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(id) }))
                .collect();
            request.insert("allowCredentials".to_owned(), Value::Array(allowed));
        }
        let sealed = attempt::close(ground, purpose, bound, user, state, now)?;
        Ok(Begun { options, sealed })
    }
}

async fn ids(ground: Ground<'_>, user: UserId) -> Result<Vec<CredentialID>, Unavailable> {
    let kept = all(ground.people, user).await?;
    kept.iter().map(|credential| Ok(read(&credential.content)?.cred_id().clone())).collect()
}
