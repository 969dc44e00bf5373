//! Did the user mean to send this? Cross-site request forgery (CWE-352).
//!
//! A browser adds the visitor's cookies to a request no matter which page caused it. A foreign page can
//! so act in the visitor's name, or log the visitor into the attacker's account.
//!
//! Decided from the head, in this order; the first that knows an answer gives it:
//! 1. A WebSocket handshake is judged by its `Origin` alone: browsers always send it and no CORS
//!    preflight stands before it (RFC 6455 section 10.2). Without `Origin` it is no browser's, and passes
//!    when it carries no ambient credentials.
//! 2. `GET`, `HEAD`, `OPTIONS` and `TRACE` pass, unless they ask to be taken for another method by
//!    `X-HTTP-Method-Override` and its kin, or by `_method` in the query.
//! 3. A repeated `Sec-Fetch-Site`, `Origin` or `Referer` is refused: a browser sends one.
//! 4. `Sec-Fetch-Site`, which no page can set: `same-origin` and `none` (typed, bookmarked) pass. Any
//!    other value is foreign; `same-site` too, because one sibling subdomain taken over, or rented out,
//!    must not be able to act on this one.
//! 5. `Origin`: ours passes, another one is foreign. `null` says nothing, so that the token decides.
//! 6. `Referer`: ours passes, another one is foreign.
//! 7. Nothing was said at all: without ambient credentials (cookie, client certificate, Basic, Digest,
//!    Negotiate, NTLM) there is nothing to forge and it passes. With them a token must come along: in
//!    `X-CSRF-Token`, `X-CSRFToken` or `X-XSRF-Token`, or in the form field `_portcullis_csrf`.
//!
//! What is foreign passes when its origin is trusted by the policy; and when it has no ambient
//! credentials and is of a kind that a page can only send after a CORS preflight (a bearer token, JSON),
//! because then the app has agreed. A plain form without credentials stays refused: that is login CSRF.
//!
//! Tokens are bound by HMAC to a cookie of ours (see [`token`]), and freshly masked at each use (BREACH).
//! The app's own tokens (Flask-WTF, Django, Rails) are neither read nor touched.
//!
//! What this does not stop: state that changes by `GET`; script injected into our own pages (it is of the
//! same origin); apps that trust a caller's address instead of credentials; a cross-site form without
//! credentials sent by a browser so old that it says nothing of where it comes from.
//!
//! The operator must ensure: that the gate knows its own name and scheme (a trusted proxy that ends TLS
//! is listed in `client.trusted_proxies`), and that other origins which may act here are listed in
//! `trusted_origins`; among them those that send the visitor back by a form, as SAML and OpenID Connect's
//! `form_post` do, best in a route for just that path.

mod config;
mod credentials;
mod decide;
mod form_tokens;
mod forward;
mod reason;
mod resubmit;
mod source;
mod token;

pub use config::{Config, Raw};
pub use decide::Intent;
pub(crate) use decide::{judge_body, judge_head};
pub use form_tokens::FormTokens;
pub(crate) use forward::prepare_for_app;
pub use reason::Reason;
pub use resubmit::Resubmit;
pub(crate) use token::{Anchor, TokenMint, is_token_shaped};

/// The form field that our token travels in.
pub const FIELD: &str = "_portcullis_csrf";

/// The cookie that tokens are bound to, over HTTPS. A sibling subdomain can neither set nor shadow it
/// (RFC 6265bis section 4.1.3.2).
pub const ANCHOR_COOKIE: &str = "__Host-portcullis";

/// The same over plain HTTP, where the prefix is not to be had.
pub const PLAIN_ANCHOR_COOKIE: &str = "portcullis";

/// The cookie that single-page frameworks copy into a header, where `spa_cookie` asks for it.
pub const SPA_COOKIE: &str = "XSRF-TOKEN";

#[cfg(test)]
mod tests;
