//! `application/x-www-form-urlencoded`, as it streams by (URL Standard, section 5.1).

use std::ops::Range;

use percent_encoding::percent_decode;

use super::{FIELD, LONGEST_TOKEN};
use crate::layers::arrival::limits::{Config, Reason};

/// A name longer than this, as sent, is not our field's, even with every character encoded.
const KEPT_NAME: usize = 64;

/// Counts parameters and finds our own field.
#[derive(Debug)]
pub(super) struct Urlencoded {
    limits: Config,
    /// Where the next byte stands.
    at: usize,
    /// Where the segment began.
    start: usize,
    /// Parameters so far, this one included once it has a byte.
    count: u64,
    part: Part,
    name: Vec<u8>,
    name_length: u64,
    value: Vec<u8>,
    value_length: u64,
    pub(super) token: Option<Vec<u8>>,
    pub(super) cuts: Vec<Range<usize>>,
    pub(super) fault: Option<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Name,
    Value,
}

impl Urlencoded {
    /// `before` is the number of parameters in the query, which count too.
    pub(super) fn new(limits: Config, before: u64) -> Self {
        Self {
            limits,
            at: 0,
            start: 0,
            count: before,
            part: Part::Name,
            name: Vec::new(),
            name_length: 0,
            value: Vec::new(),
            value_length: 0,
            token: None,
            cuts: Vec::new(),
            fault: None,
        }
    }

    /// The parameters seen.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether the bytes stop within our own field, so that a little more would complete it.
    pub(super) fn in_own_field(&self) -> bool {
        match self.part {
            Part::Name => !self.name.is_empty() && FIELD.as_bytes().starts_with(&self.name),
            Part::Value => self.is_own(),
        }
    }

    pub(super) fn feed(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let stop = match self.part {
                Part::Name => memchr::memchr2(b'&', b'=', chunk),
                Part::Value => memchr::memchr(b'&', chunk),
            };
            let (run, rest) = chunk.split_at_checked(stop.unwrap_or(chunk.len())).unwrap_or((chunk, &[]));
            self.take(run);
            let Some((separator, rest)) = rest.split_first() else { return };
            if *separator == b'=' {
                self.begin_parameter();
                self.part = Part::Value;
                self.at = self.at.saturating_add(1);
            } else {
                self.at = self.at.saturating_add(1);
                self.finish(Ending::Ampersand);
            }
            chunk = rest;
        }
    }

    pub(super) fn end(&mut self) {
        self.finish(Ending::Body);
    }

    fn take(&mut self, run: &[u8]) {
        if run.is_empty() {
            return;
        }
        self.begin_parameter();
        self.at = self.at.saturating_add(run.len());
        let length = u64::try_from(run.len()).unwrap_or(u64::MAX);
        match self.part {
            Part::Name => {
                self.name_length = self.name_length.saturating_add(length);
                let room = KEPT_NAME.saturating_add(1).saturating_sub(self.name.len());
                self.name.extend(run.iter().take(room));
                if self.name_length > self.limits.parameter_name {
                    let start = self.name.clone();
                    let limit = self.limits.parameter_name;
                    self.fault.get_or_insert(Reason::ParameterNameTooLong { start, limit });
                }
            }
            Part::Value => {
                self.value_length = self.value_length.saturating_add(length);
                let room = LONGEST_TOKEN.saturating_add(1).saturating_sub(self.value.len());
                if room > 0 && self.is_own() {
                    self.value.extend(run.iter().take(room));
                }
                if self.value_length > self.limits.parameter_value {
                    let (name, limit) = (self.name.clone(), self.limits.parameter_value);
                    self.fault.get_or_insert(Reason::ParameterValueTooLong { name, limit });
                }
            }
        }
    }

    /// An empty segment, as in `a&&b`, is none (URL Standard); `=` alone is one.
    fn begin_parameter(&mut self) {
        if self.at == self.start && self.part == Part::Name {
            self.count = self.count.saturating_add(1);
            if self.count > self.limits.parameters {
                self.fault.get_or_insert(Reason::TooManyParameters { limit: self.limits.parameters });
            }
        }
    }

    fn is_own(&self) -> bool {
        (FIELD.len()..=KEPT_NAME).contains(&self.name.len()) && decode(&self.name) == FIELD.as_bytes()
    }

    fn finish(&mut self, ending: Ending) {
        if self.is_own() {
            if self.value.len() <= LONGEST_TOKEN {
                let value = decode(&self.value);
                self.token.get_or_insert(value);
            }
            self.cut(ending);
        }
        self.start = self.at;
        self.part = Part::Name;
        self.name.clear();
        self.name_length = 0;
        self.value.clear();
        self.value_length = 0;
    }

    /// Takes our segment out with the `&` behind it; the last one with the `&` before it.
    fn cut(&mut self, ending: Ending) {
        if let Some(last) = self.cuts.last_mut().filter(|last| last.end == self.start) {
            last.end = self.at;
            if ending == Ending::Body {
                last.start = last.start.saturating_sub(1);
            }
            return;
        }
        let start = match ending {
            Ending::Ampersand => self.start,
            Ending::Body => self.start.saturating_sub(1),
        };
        self.cuts.push(start..self.at);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// `at` is behind the ampersand.
    Ampersand,
    Body,
}

/// Every name and value, decoded. Parameters without a byte are left out, as everywhere.
pub(super) fn pairs(body: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    body.split(|byte| *byte == b'&')
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            let (name, value) = super::kind::split_at_byte(segment, b'=');
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}
