//! What an ID token must say (OpenID Connect Core 1.0 section 3.1.3.7). Pure.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_store::Instant;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::SKEW;
use super::jose::BadToken;

/// The longest name of a person at a provider (section 2: 255 ASCII characters).
const LONGEST: usize = 255;

/// What is expected of a token.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// When the attempt began, where the person must have proved themselves since.
    pub(super) proved_since: Option<Instant>,
    pub(super) access_token: Option<&'a str>,
    pub(super) now: Instant,
}

/// Whom the token is about: `sub`.
pub(super) fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<String, BadToken> {
    addressed(claims, expected.issuer, expected.client_id)?;
    timely(claims, expected.now)?;
    let nonce = text(claims, "nonce").ok_or(BadToken::Nonce)?;
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(BadToken::Nonce);
    }
    if let Some(hash) = claims.get("at_hash") {
        let hash = hash.as_str().ok_or(BadToken::Claim("at_hash"))?;
        let token = expected.access_token.ok_or(BadToken::AccessToken)?;
        if !is_hash(hash, token) {
            return Err(BadToken::AccessToken);
        }
    }
    if let Some(since) = expected.proved_since {
        let proved = time(claims, "auth_time").ok_or(BadToken::Claim("auth_time"))?;
        if proved + SKEW < since {
            return Err(BadToken::Time);
        }
    }
    subject(claims).ok_or(BadToken::Claim("sub"))
}

/// `iss`, `aud` and `azp`: from the provider, for us and nobody else.
pub(super) fn addressed(claims: &Map<String, Value>, issuer: &str, client_id: &str) -> Result<(), BadToken> {
    match text(claims, "iss") {
        None => return Err(BadToken::Claim("iss")),
        Some(given) if given != issuer => return Err(BadToken::Issuer),
        Some(_) => {}
    }
    // Audiences besides us are ones that we don't trust (steps 3 to 5).
    let ours = match claims.get("aud") {
        None => return Err(BadToken::Claim("aud")),
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(several)) => {
            !several.is_empty() && several.iter().all(|one| one.as_str() == Some(client_id))
        }
        Some(_) => return Err(BadToken::Claim("aud")),
    };
    let party = claims.get("azp").is_none_or(|party| party.as_str() == Some(client_id));
    if ours && party { Ok(()) } else { Err(BadToken::Audience) }
}

/// `exp` and `iat`, and `nbf` where it is there.
pub(super) fn timely(claims: &Map<String, Value>, now: Instant) -> Result<(), BadToken> {
    let end = time(claims, "exp").ok_or(BadToken::Claim("exp"))?;
    let made = time(claims, "iat").ok_or(BadToken::Claim("iat"))?;
    let begin = match claims.get("nbf") {
        None => Duration::ZERO,
        Some(_) => time(claims, "nbf").ok_or(BadToken::Claim("nbf"))?,
    };
    let latest = now.saturating_add(SKEW);
    if end.saturating_add(SKEW) <= now || made > latest || begin > latest {
        return Err(BadToken::Time);
    }
    Ok(())
}

/// `sub`, in a form that can be kept.
pub(super) fn subject(claims: &Map<String, Value>) -> Option<String> {
    let subject = text(claims, "sub")?;
    let fits = (1..=LONGEST).contains(&subject.len()) && !subject.chars().any(char::is_control);
    fits.then(|| subject.to_owned())
}

pub(super) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str()
}

/// A time in seconds since the Unix epoch (RFC 7519 section 2, NumericDate: it may have a fraction).
pub(super) fn time(claims: &Map<String, Value>, name: &str) -> Option<Instant> {
    let seconds = claims.get(name)?.as_f64()?;
    (0.0..1e11).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// Section 3.1.3.6: the left half of the hash, whose size the algorithm of the signature tells. Which one it was does
/// not matter here: a wrong token fits none.
fn is_hash(hash: &str, token: &str) -> bool {
    [&SHA256, &SHA384, &SHA512].into_iter().any(|algorithm| {
        let whole = digest(algorithm, token.as_bytes());
        let half = whole.as_ref().iter().take(whole.as_ref().len() / 2).copied().collect::<Vec<u8>>();
        bool::from(URL_SAFE_NO_PAD.encode(half).as_bytes().ct_eq(hash.as_bytes()))
    })
}
