//! Answers.

use portcullis_store::{Credential, CredentialKind, Instant, Key, UserId};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    WebauthnError,
};

use super::kept::{all, key, label, read, write};
use super::{LONGEST, MOST, Passkeys, Purpose, Refused, Shown, attempt};
use crate::{Ground, Unavailable};

/// What a browser answered, and what it was asked.
#[derive(Clone, Copy)]
pub struct Answered<'a> {
    /// What [`super::Begun::sealed`] held.
    pub sealed: &'a str,
    /// The session or browser that asked: the same bytes as at the beginning.
    pub bound: &'a [u8],
    /// The credential, as JSON (`PublicKeyCredential.toJSON`).
    pub json: &'a [u8],
}

impl Passkeys {
    /// Makes the passkey; gives its name.
    ///
    /// # Errors
    /// When the store is away or the system has no randomness: nothing is made.
    pub async fn finish_enrolment(
        &self,
        ground: Ground<'_>,
        user: UserId,
        answered: Answered<'_>,
        name: &str,
        now: Instant,
    ) -> Result<Result<Key, Refused>, Unavailable> {
        let Answered { sealed, bound, json } = answered;
        let state: Option<PasskeyRegistration> =
            attempt::open(ground, Purpose::Enrol, bound, Some(user), sealed, now).await?;
        let Some(state) = state else {
            return Ok(Err(Refused::Over));
        };
        let Some(answer) = parse::<RegisterPublicKeyCredential>(json) else {
            return Ok(Err(Refused::Unreadable));
        };
        let passkey = match self.webauthn.finish_passkey_registration(&answer, &state) {
            Ok(passkey) => passkey,
            Err(error) => return Ok(Err(refused(&error, user))),
        };
        if all(ground.people, user).await?.len() >= MOST {
            return Ok(Err(Refused::TooMany));
        }
        let key = key(passkey.cred_id().as_ref());
        let credential = Credential {
            key,
            user,
            kind: CredentialKind::Passkey,
            label: label(name),
            content: write(&passkey)?,
            made: now,
            used: None,
        };
        Ok(ground.people.add_credential(credential).await?.map(|()| key).map_err(|_| Refused::Known))
    }

    /// Who signs in by this passkey. The caller looks how the account stands.
    ///
    /// # Errors
    /// When the store is away: nobody is let in.
    pub async fn finish_sign_in(
        &self,
        ground: Ground<'_>,
        answered: Answered<'_>,
        now: Instant,
    ) -> Result<Result<Shown, Refused>, Unavailable> {
        self.finish(ground, Purpose::SignIn, None, answered, now).await
    }

    /// Whether this user has shown a passkey of theirs.
    ///
    /// # Errors
    /// When the store is away: it is no proof.
    pub async fn finish_proof(
        &self,
        ground: Ground<'_>,
        purpose: Purpose,
        user: UserId,
        answered: Answered<'_>,
        now: Instant,
    ) -> Result<Result<Shown, Refused>, Unavailable> {
        self.finish(ground, purpose, Some(user), answered, now).await
    }

    async fn finish(
        &self,
        ground: Ground<'_>,
        purpose: Purpose,
        expected: Option<UserId>,
        answered: Answered<'_>,
        now: Instant,
    ) -> Result<Result<Shown, Refused>, Unavailable> {
        let Answered { sealed, bound, json } = answered;
        let state: Option<DiscoverableAuthentication> =
            attempt::open(ground, purpose, bound, expected, sealed, now).await?;
        let Some(state) = state else {
            return Ok(Err(Refused::Over));
        };
        let Some(answer) = parse::<PublicKeyCredential>(json) else {
            return Ok(Err(Refused::Unreadable));
        };
        let key = key(answer.get_credential_id());
        let Some(credential) = ground.people.credential(CredentialKind::Passkey, key).await? else {
            return Ok(Err(Refused::Unknown));
        };
        let user = credential.user;
        // Section 7.2, step 6: whoever is known already owns it; whoever is not is named by the device.
        let named = answer.get_user_unique_id();
        let owns = match expected {
            Some(expected) => expected == user && named.is_none_or(|named| named == user.0),
            None => named == Some(user.0.as_slice()),
        };
        if !owns {
            return Ok(Err(Refused::Unknown));
        }
        let mut passkey = read(&credential.content)?;
        let result = match self.webauthn.finish_discoverable_authentication_v2(&answer, state, &passkey) {
            Ok(result) => result,
            Err(error) => return Ok(Err(refused(&error, user))),
        };
        let _ = passkey.update_credential(&result);
        if !ground.people.use_credential(CredentialKind::Passkey, key, write(&passkey)?, now).await? {
            // Taken away meanwhile.
            return Ok(Err(Refused::Unknown));
        }
        Ok(Ok(Shown { user, key }))
    }
}

fn parse<T: serde::de::DeserializeOwned>(json: &[u8]) -> Option<T> {
    if json.len() > LONGEST { None } else { serde_json::from_slice(json).ok() }
}

/// What went wrong, as far as somebody can do something about it.
fn refused(error: &WebauthnError, user: UserId) -> Refused {
    match error {
        WebauthnError::MismatchedChallenge | WebauthnError::ChallengeNotFound => Refused::Over,
        WebauthnError::InvalidRPOrigin | WebauthnError::InvalidRPIDHash => Refused::Foreign,
        WebauthnError::UserNotPresent | WebauthnError::UserNotVerified => Refused::Unverified,
        WebauthnError::CredentialPossibleCompromise => Refused::Copied(user),
        // Dozens of ways to be malformed: to the person they are one.
        _ => Refused::Wrong,
    }
}
