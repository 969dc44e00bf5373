//! What browsers are told to refuse on the app's behalf: script that the app did not write (CWE-79), frames
//! around its pages (CWE-1021), guessed content types, referrers and resources given to strangers.
//!
//! In this order, on every response but `101` and, as far as it changes a stored page, `304`:
//! 1. Banners that name the software and its version are removed (`Server`, `X-Powered-By`, …).
//! 2. `Strict-Transport-Security` is set over HTTPS, as `[transport]` says.
//! 3. The fixed set: `X-Content-Type-Options`, `Referrer-Policy`, `X-Frame-Options`,
//!    `Cross-Origin-Opener-Policy`, `Cross-Origin-Resource-Policy`, `Permissions-Policy`,
//!    `Origin-Agent-Cluster`, `X-Permitted-Cross-Domain-Policies`. What the app sent itself stays, unless the
//!    policy lists the header in `force`.
//! 4. `Cache-Control: no-store` on pages and JSON of a visitor with cookies, where the app says nothing.
//! 5. `Clear-Site-Data` at logout.
//! 6. The content security policy (see [`csp`]): the policy's own where one is written; else one fitted to
//!    the page. An app's own is neither overwritten nor added to in what it speaks of.
//!
//! Not set, on purpose: `X-XSS-Protection` (the filter it steered is gone, and was itself an attack),
//! `Cross-Origin-Embedder-Policy` (breaks every foreign image that does not opt in; `embedder_policy` sets
//! it), `X-DNS-Prefetch-Control` (costs speed and protects nothing that the page's own links do not tell).
//!
//! What this does not stop: script that the app itself writes from a visitor's input, where the page has
//! scripts and nobody wrote a policy for it; clients that are no browsers.
//!
//! The operator must ensure: that a policy is written for pages with scripts (`[headers.csp]`); the
//! report-only policy that the gate fits to them shows what it could be.
//!
//! With the mode `observe` nothing is edited.

mod config;
pub mod csp;
mod decide;
mod fit;
mod fixed;
pub mod learn;

pub use config::{Config, EmbedderPolicy, Frames, OpenerPolicy, Raw, ReferrerPolicy, ResourcePolicy};
pub use csp::Nonce;
pub(crate) use decide::apply;

#[cfg(test)]
mod tests;
