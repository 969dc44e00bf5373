//! limits: sizes and counts, before anything is kept in memory.
//!
//! **Attack.** A request that costs the app more than it cost its sender: a URL or head that fills
//! buffers, a body without end, a form of a million fields (hash flooding, CVE-2011-3414), JSON nested
//! until a recursive parser runs out of stack, a multipart body of a million empty parts
//! (CVE-2023-25577, CWE-400, CWE-770).
//!
//! **What it decides, in order.** Of the head: the length of the target, the number, size and sum of the
//! headers, a repeated `Content-Type`, how many ranges are asked for, the length that the body announces,
//! the parameters of the query.
//! Of the body, as it arrives (see [`crate::body`]): its size; of a form its parameters and their
//! lengths, of JSON its depth and keys, of `multipart/form-data` its parts and its grammar. What is still
//! within the window [`Config::hold`] is judged before the app sees a byte; what comes later is counted
//! on, and the request to the app is broken off when a limit is passed.
//!
//! **What it does not stop.** A compressed body (`Content-Encoding`) is counted as it was sent, not as it
//! unpacks: an app that unpacks request bodies needs a limit of its own. JSON that calls itself something
//! else, `multipart/mixed`, XML and every other kind of body are only counted in bytes. Slow senders are
//! the gateway's time-outs. While only observed, an excess beyond the window is not recorded.
//!
//! **What the operator must ensure.** A route that takes larger uploads or bulk JSON raises the limit
//! for that route, not for the site.

mod config;
mod decide;
mod reason;
#[cfg(test)]
mod tests;

pub use config::{Config, Raw};
pub(crate) use decide::{content_length, judge_body, judge_head};
pub use reason::Reason;
