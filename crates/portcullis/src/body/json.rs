//! JSON, as it streams by: how deep, how many keys.
//!
//! One state and two counters, no stack: a key is what a colon outside of strings follows, and depth is
//! brackets opened less brackets closed. Malformed JSON passes unless it exceeds a limit; refusing it is
//! the app's business, and readers that accept more than RFC 8259 (comments, single quotes) exist.

use crate::layers::arrival::limits::{Config, Reason};

/// Counts depth and keys.
#[derive(Debug)]
pub(super) struct Json {
    limits: Config,
    place: Place,
    depth: u64,
    keys: u64,
    pub(super) fault: Option<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    InString,
    AfterBackslash,
}

impl Json {
    pub(super) fn new(limits: Config) -> Self {
        Self { limits, place: Place::Outside, depth: 0, keys: 0, fault: None }
    }

    pub(super) fn feed(&mut self, chunk: &[u8]) {
        for byte in chunk {
            // UTF-16 and UTF-32 would shift every byte that the states rest on; in UTF-8 a NUL is always
            // escaped (RFC 8259 section 7).
            if *byte == 0 {
                self.fault.get_or_insert(Reason::EncodeJsonOddly);
            }
            self.place = match (self.place, byte) {
                (Place::AfterBackslash, _) => Place::InString,
                (Place::InString, b'\\') => Place::AfterBackslash,
                (Place::InString, b'"') => Place::Outside,
                (Place::InString, _) => Place::InString,
                (Place::Outside, b'"') => Place::InString,
                (Place::Outside, b'[' | b'{') => {
                    self.depth = self.depth.saturating_add(1);
                    if self.depth > self.limits.json_depth {
                        self.fault.get_or_insert(Reason::JsonTooDeep { limit: self.limits.json_depth });
                    }
                    Place::Outside
                }
                (Place::Outside, b']' | b'}') => {
                    self.depth = self.depth.saturating_sub(1);
                    Place::Outside
                }
                (Place::Outside, b':') => {
                    self.keys = self.keys.saturating_add(1);
                    if self.keys > self.limits.json_keys {
                        self.fault.get_or_insert(Reason::TooManyJsonKeys { limit: self.limits.json_keys });
                    }
                    Place::Outside
                }
                (Place::Outside, _) => Place::Outside,
            };
        }
    }
}
