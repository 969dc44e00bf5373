//! session: who is calling, by the session, the remembered device or the API key that the request presents.
//!
//! **Attack.** Taking over somebody's session: by guessing or stealing its id (CWE-384, CWE-613), by planting one
//! that the attacker knows (session fixation), by tossing a cookie from a sibling subdomain.
//!
//! **What it decides, in order.**
//! 1. Headers `X-Portcullis-…`, in any spelling that a server may take for them, are removed: what they say to the
//!    app is ours alone to say.
//! 2. Our own cookies are taken out of the head, whatever they hold, so that neither rules, log nor app see them
//!    ([`Presented`]). Over HTTPS only names with `__Host-` count, which no subdomain can set. A name that comes
//!    with two values counts for nothing: one of them is somebody else's.
//! 3. `Authorization: Bearer pk_…` is an API key of ours, and taken out as well.
//! 4. The door looks up who that is ([`Found`]). It never comes from the request alone: no identity is read out of
//!    a cookie.
//! 5. A key that is not, or no longer, good is refused, since a program must learn of it. A session that is not
//!    good makes its visitor a stranger, who may see what strangers may.
//! 6. While the store is away nobody is signed in; routes that want somebody answer 503 (the layer `access`).
//!
//! What ids, limits, rotation and devices are is told in `portcullis-identity`, which keeps them.
//!
//! **What this does not stop.** A session cookie copied off the visitor's own machine, until it is signed out or
//! ends; script on the site's own pages that acts with the cookie it cannot read.
//!
//! **What the operator must ensure.** That the app is reached through the gate alone: it believes the gate's word.

mod config;
mod cookie;
mod decide;
mod person;
mod presented;
mod reason;
#[cfg(test)]
mod tests;

pub use config::{Config, Raw};
pub use cookie::Cookie;
pub(crate) use cookie::Gathered;
pub(crate) use decide::{asking, judge, strip_claims, take_key, tell};
pub use person::{By, Factors, Found, Notice, Person, Visitor};
pub use presented::{Asking, Context, Presented};
pub use reason::Reason;
