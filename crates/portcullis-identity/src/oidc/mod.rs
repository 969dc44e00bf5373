//! OpenID Connect: another site vouches for people. We are a relying party by the authorization code flow (OpenID
//! Connect Core 1.0 section 3.1, RFC 9700).
//!
//! 1. [`Relying::begin`] sends the browser away with a `state` that only we can read and that is bound to that
//!    browser: which provider, which `nonce`, the PKCE verifier (S256 always, RFC 7636), where to go afterwards. Each
//!    attempt has its own, so that several tabs work, and nothing is kept before somebody comes back.
//! 2. [`Relying::complete`] takes what comes back. The state is opened, and used up, before anything else is
//!    believed; the provider must be the one that was asked, by its path and by `iss` (RFC 9207: mix-up).
//! 3. The ID token's signature is checked with keys of the provider by the algorithms that the provider says it
//!    uses and none but asymmetric ones ([`jose`]); then issuer, audience, times, `nonce`, `at_hash` ([`id_token`]).
//! 4. [`settle`] decides whose account that is. An identity becomes one of an existing account only by its owner, or
//!    by a verified address where the policy says so.
//! 5. [`Relying::log_out`] takes the provider's word that somebody signed out there (Back-Channel Logout 1.0).
//!
//! Of the provider's tokens only the ID token is kept, sealed and as long as the session, to be shown at sign-out; where
//! the policy says so the access token is kept as well, renewed, and handed to the app ([`Granted`]).
//!
//! What is fetched comes over HTTPS from where the issuer says, within bounds of time and size, and no redirect is
//! followed ([`Fetch`]).

mod account;
mod attempt;
mod client;
mod complete;
mod fetch;
mod grant;
mod id_token;
mod jose;
mod keys;
mod logout;
mod metadata;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

pub use account::{Rules, Settled, Unsettled, ended_by, external, remember, settle, unlink};
pub use attempt::{Began, CallbackError};
pub use client::{HttpFetch, NoClient};
pub use complete::{NotRenewed, Vouched};
pub use fetch::{Fetch, FetchFailure, Fetched};
pub use grant::Granted;
pub use jose::BadToken;
pub use keys::{Registration, Relying};
pub use logout::{BadLogout, LoggedOut, signed_out_at};

/// How far clocks may be apart.
pub(crate) const SKEW: Duration = Duration::from_secs(60);
