//! Extractors for axum: who is calling, for handlers of an app that has the gate as a layer.
//!
//! They say what the gate found out ([`Facts`]); without the gate around the app nobody is ever signed in.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portcullis::layers::caller::session::{By, Person};

use crate::Facts;

/// Somebody who is signed in; 401 without.
#[derive(Debug, Clone)]
pub struct User(pub Arc<Person>);

/// Whoever calls, signed in or not.
#[derive(Debug, Clone)]
pub struct OptionalUser(pub Option<Arc<Person>>);

/// Somebody who proved who they are no longer than `SECONDS` ago; 401 without, which tells a program how fresh a proof
/// is wanted (RFC 9470 section 3). An API key is no proof.
#[derive(Debug, Clone)]
pub struct FreshUser<const SECONDS: u64>(pub Arc<Person>);

/// A role by its name in the policy.
pub trait Role {
    /// The name.
    const NAME: &'static str;
}

/// Somebody who has the role `R`; 401 without anybody, 403 for somebody else.
#[derive(Debug, Clone)]
pub struct RequireRole<R: Role>(pub Arc<Person>, PhantomData<R>);

/// Why a handler is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Nobody is signed in.
    NobodySignedIn,
    /// It was proved too long ago.
    NotFresh {
        /// How long ago it may be, in seconds.
        seconds: u64,
    },
    /// The person lacks the role.
    NoRole,
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::NobodySignedIn => (StatusCode::UNAUTHORIZED, "sign in first\n"),
            Self::NotFresh { .. } => (StatusCode::UNAUTHORIZED, "prove once more who you are\n"),
            Self::NoRole => (StatusCode::FORBIDDEN, "this is for people with another role\n"),
        };
        let challenge = match self {
            Self::NobodySignedIn => Some("Bearer realm=\"portcullis\"".to_owned()),
            Self::NotFresh { seconds } => Some(format!(
                "Bearer realm=\"portcullis\", error=\"insufficient_user_authentication\", max_age={seconds}"
            )),
            Self::NoRole => None,
        };
        let mut response = (status, text).into_response();
        if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn person(parts: &Parts) -> Option<Arc<Person>> {
    parts.extensions.get::<Facts>()?.visitor.person().cloned()
}

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        person(parts).map(Self).ok_or(Rejection::NobodySignedIn)
    }
}

impl<S: Sync> FromRequestParts<S> for OptionalUser {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(person(parts)))
    }
}

impl<S: Sync, const SECONDS: u64> FromRequestParts<S> for FreshUser<SECONDS> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        let person = person(parts).ok_or(Rejection::NobodySignedIn)?;
        // A clock that stands before the epoch knows nothing fresh.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX);
        let fresh =
            person.is_fresh(Duration::from_secs(SECONDS), now) && matches!(person.by, By::Session { .. });
        if fresh { Ok(Self(person)) } else { Err(Rejection::NotFresh { seconds: SECONDS }) }
    }
}

impl<S: Sync, R: Role> FromRequestParts<S> for RequireRole<R> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        let person = person(parts).ok_or(Rejection::NobodySignedIn)?;
        if person.has_role(R::NAME) { Ok(Self(person, PhantomData)) } else { Err(Rejection::NoRole) }
    }
}
