//! One line for what mattered: who was refused what, by which layer, on what evidence.
//!
//! Events are JSON objects, one a line, with fields named after the OpenTelemetry semantic conventions
//! where they exist (`http.request.method`, `url.path`, `client.address`, …) and `portcullis.*` for what is
//! ours. There is an event for each refusal, for each denial of a layer that only observes, for each edit
//! that security depends on, for each change of the configuration, and, where `sample_passes` asks for it,
//! for a share of what passed.
//!
//! In this order: the facts of the request are taken before any layer changes it ([`RequestFacts`]); the
//! layer's reason adds its code, sentence, evidence and exception; secrets are taken out
//! ([`Redactor`]); what is left is made printable ([`printable`]), so that no byte of a client can end a line,
//! start another or move a terminal's cursor (CWE-117, CWE-150).
//!
//! What this does not stop: secrets of a shape and a name that nobody told it of; add their names to
//! `redact`. The door chains the lines it writes, so that a change shows to whoever has the key; somebody
//! who has it, too, can write another log.
//!
//! The operator must ensure: that few may read the log; it names people's addresses.

mod config;
mod decide;
mod facts;
mod printable;
mod redact;
mod time;

pub use config::{Config, Raw};
pub(crate) use decide::sample_pass;
pub use decide::{Event, Outcome, RuleLog};
pub use facts::RequestFacts;
pub use printable::{clean, printable};
pub use redact::Redactor;
pub use time::rfc3339;

#[cfg(test)]
mod tests;
