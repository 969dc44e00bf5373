//! rate: is there allowance left for this caller, and has the caller been refused too often to be heard.
//!
//! **Attack.** Guessing passwords and codes (CWE-307), scraping, floods of costly requests (CWE-770, CWE-799),
//! and scanners that try thousands of attacks in a row.
//!
//! **What it decides, in order.** First whether the caller is banned: then it is refused at once, with no
//! look at anything else. Then every `[[rate.limit]]` that applies: each has a key (the caller's address, an
//! IPv6 address by its /64; the session; the user; the route; the site as a whole; or several of these
//! together) and an allowance that refills steadily, by the generic cell rate algorithm (GCRA, as in ATM
//! Forum TM 4.0 section 4.4.2). Either all limits are drawn from or none is. A limit that counts failures
//! only is drawn from on the way in as well and given back when the app's answer is no failure, so that a
//! hundred guesses sent at once are still a hundred.
//!
//! Refusals by any layer are counted too: see [`Offence`]. A *guest* (the session, or where there is none the
//! address together with the browser's own headers) is banned for any kind of refusal that keeps coming; an
//! *address* only for attacks and malformed messages, and only for many of them: behind one address may
//! stand a school, an office or a whole mobile carrier (RFC 6269 section 13.1). Each further ban is twice as
//! long.
//!
//! **What it does not stop.** A flood from so many addresses that each stays below its allowance; a flood that
//! fills the line before the gate. A session limit alone is no limit for a caller who drops or makes up
//! session cookies: keep one by address beside it. A login that answers a wrong password like a right one.
//!
//! **What the operator must ensure.** That `client.trusted_proxies` names the proxies in front: otherwise all
//! the world calls from the proxy's address and shares one allowance.

mod ban;
mod config;
mod decide;
mod gcra;
mod headers;
mod key;
mod limit;
mod reason;
#[cfg(test)]
mod tests;

pub use ban::{Ban, BanRules, Offence, Offender, Subject};
pub use config::{Config, Raw, StoreLost};
pub(crate) use decide::{Guest, judge, meet, needs, offence};
pub use decide::{Lent, Needs};
pub use gcra::{Allowance, Bucket, Quota};
pub(crate) use headers::{announce, announce_refusal};
pub use key::RateKey;
pub use limit::{Counts, Draw, KeyPart, Limit, RawLimit};
pub use reason::Reason;
