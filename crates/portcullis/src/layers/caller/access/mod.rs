//! access: may this caller go here.
//!
//! **Attack.** Pages that are found by address alone (CWE-425), a role that only hides its menus (CWE-862), a session
//! left open on a shared machine that changes the password (CWE-306).
//!
//! **What it decides, in order.** A route asks for what its policy says; the first thing that lacks is told:
//! 1. `networks`: the caller's address is in one of them.
//! 2. `hours`: it is one of these hours.
//! 3. `allow = "public"`: nothing more is asked. Otherwise somebody must be signed in. While the store of sessions is
//!    away that is nobody, and the answer is 503: an outage opens nothing.
//! 4. An API key that is bound to scopes may only go where `scope` names one of them.
//! 5. `roles`: one of them.
//! 6. `[[identity.factor]]` of the person's roles, then `factor`: one of these was proved.
//! 7. `fresh`: and that lately. An API key proves nothing lately.
//! 8. `cedar`: a policy permits it, and none forbids it. They are asked at public places, too: all that is written
//!    must agree. One that cannot be evaluated denies. Who may not go as nobody is sent to sign in, unless a policy
//!    forbids it.
//!
//! What a visitor can mend is answered with the way there: a browser that goes to a page is sent to sign in, and comes
//! back after it; a program gets 401 and `WWW-Authenticate` (RFC 6750 section 3, RFC 9470 section 3), never a redirect
//! to a page that it cannot read. What a visitor cannot mend is 403.
//!
//! Where `[identity]` is on and the policy does not say otherwise, all of the site is for people who have signed in.
//!
//! **What this does not stop.** What the app itself lets one signed-in person do to another's things: it knows whose
//! they are.
//!
//! **What the operator must ensure.** That routes name paths as the app reads them; that `client.trusted_proxies` is
//! right before `networks` is used.

mod config;
mod decide;
mod explain;
mod hours;
mod reason;
mod ruling;
#[cfg(test)]
mod tests;

pub use config::{Allow, Config, Raw};
pub use decide::{ACCESS_TOKEN, EMAIL, ROLES, TOKEN, USER};
pub(crate) use decide::{announce, claims, judge};
pub use explain::{Step, explain};
pub use hours::Hours;
pub use reason::{Reason, Way};
pub use ruling::{Asked, Policies, Ruler, Ruling};
