//! framing: is this one well-formed, unambiguous HTTP message?
//!
//! The attack is request smuggling (CWE-444): bytes that the gate reads as one request and the app, or a
//! cache between them, as two, or as one to another host or path. Nothing here repairs a message; what
//! is not exactly as the grammar has it is refused.
//!
//! Two parts decide, in this order:
//! 1. [`Reader`], on the bytes of an HTTP/1 connection: the request line, the header lines, where the
//!    body ends, each chunk and the trailers (RFC 9112). It lets bytes pass exactly as they came, or not
//!    at all. A head that it cannot read is refused in every mode, since nobody could say where the next
//!    request begins. Where the layer observes, a head whose faults leave one reading passes, with what the
//!    next reader would stumble over written so that it means the same.
//! 2. `judge`, on a head of any version: the faults the reader saw, one `Host` that agrees with
//!    the target, the fields that belong to a connection (RFC 9113 section 8.2), lengths and codings once
//!    more for doors without raw bytes, and the path (dot segments, encoded separators, bytes that are no
//!    UTF-8). Trailers that did not pass the reader are judged by [`trailers_fault`].
//!
//! What it does not stop: a request that is well-formed and means harm; differences in how the app
//! itself reads a query or a body.
//!
//! What the operator must ensure: that nothing between the gate and the app rewrites requests, and that
//! the app's own server is not reachable but through the gate.

mod authority;
mod chunked;
mod config;
mod decide;
mod fault;
mod field;
mod head;
mod path;
mod reader;
mod reason;
mod request_line;
mod rewrite;
#[cfg(test)]
mod tests;

pub use config::{Config, PathRules, Raw, ReaderLimits};
pub(crate) use decide::judge;
pub use decide::{Wire, trailers_fault};
pub use fault::Fault;
pub use field::undisguised;
pub use path::normal_path;
pub(crate) use path::reserved;
pub use reader::{Event, Head, Phase, Reader};
pub use reason::Reason;
