//! Rules: does what was sent, or what is about to leave, carry an attack?
//!
//! The rules are SecLang, run by `portcullis-seclang`: the built-in set, the OWASP Core Rule Set, or the
//! operator's own, in any mixture and in the order of `[gate] rules`. One compiled set serves all routes; a
//! route lays its mode and its exclusions over it.
//!
//! A request meets them in this order:
//! 1. phase 1 with its head, once the caller is known and before any of its body is read;
//! 2. phase 2 with its body, before the app has seen a byte: what rules look at is held back up to
//!    `gate.body`, and what is longer is refused or looked at as far as it goes, as `gate.beyond` says; the fields
//!    of a multipart body behind that are judged as they come, without the files, and what they object to breaks the
//!    request to the app off;
//! 3. phase 3 with the head of the app's answer, as the app wrote it;
//! 4. phase 4 with its body, decoded, up to `SecResponseBodyLimit`, before the head goes; where the app pauses
//!    first, the answer goes ahead and is cut off if the rules then object;
//! 5. phase 5, for rules that only tell, when nothing more can be decided.
//!
//! A rule that denies, drops or redirects makes a refusal; one that only would, because `SecRuleEngine` is
//! `DetectionOnly`, an observation. Where the layer itself observes, the set runs as if it were
//! `DetectionOnly`. What matched is told three times: in our own event with its evidence, in the rule log in
//! ModSecurity's form, and in the audit log that the set asks for.
//!
//! What it does not stop: an attack that no rule describes; one in a body that no rule reads, or beyond
//! `gate.body` where `gate.beyond` lets it pass; one in a file beyond it; what a legitimate user does with the rights that he has.
//!
//! The operator must ensure: that files named in `rules` can only be written by whom the gate may obey, for
//! a rule can switch others off.

mod builtin;
mod config;
mod decide;
mod finding;
mod inspect;
mod late;
#[cfg(test)]
mod late_tests;
mod load;
mod reason;
#[cfg(test)]
mod tests;

pub use config::{Beyond, Config, Exclude, Raw, RawExclude, RuleIds};
pub(crate) use decide::{
    combine_types, judge_body, judge_head, judge_response_body, judge_response_head, reads_body,
    reads_response_body, response_limit,
};
pub use finding::{Finding, Step};
pub(crate) use inspect::{Inspection, finish};
pub(crate) use late::Observed;
pub use load::{Loaded, REMEMBERED, RulesError};
pub use reason::Reason;
