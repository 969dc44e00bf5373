//! Searches a body as it streams: chunk boundaries make no difference.

use super::detectors::{Compiled, Finds, compiled};
use super::secrets::{is_example, redact};
use super::{Breadth, Reason};

/// How far before its anchor a find may begin.
const BEFORE: usize = 1024;
/// How far behind its anchor a find may end.
const BEHIND: usize = 4096;
/// The longest anchor.
const LONGEST_ANCHOR: usize = 96;
/// Surroundings searched for one anchor serve those of the same kind this close behind it, so that a page
/// full of anchors costs no more than a constant for each byte.
const SERVED: usize = 1024;
/// So many bytes are gathered before the next search, so that a body which comes byte by byte does not
/// have its surroundings searched for each.
const GATHERED: usize = 64;

/// Searches one body.
pub(crate) struct Scanner {
    breadth: Breadth,
    patterns: &'static Compiled,
    /// The end of what was seen, as far as a find may still reach into it.
    kept: Vec<u8>,
    /// Where in `kept` the next anchor is looked for.
    next: usize,
    gathered: usize,
    found: bool,
}

impl Scanner {
    pub(crate) fn new(breadth: Breadth) -> Self {
        Self { breadth, patterns: compiled(breadth), kept: Vec::new(), next: 0, gathered: 0, found: false }
    }

    /// The next bytes. Gives the first find, once.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Option<Reason> {
        if self.found {
            return None;
        }
        self.kept.extend_from_slice(chunk);
        self.gathered = self.gathered.saturating_add(chunk.len());
        if self.gathered < GATHERED { None } else { self.search(false) }
    }

    /// What was gathered so far must be judged now.
    pub(crate) fn settle(&mut self) -> Option<Reason> {
        self.search(false)
    }

    /// Nothing more comes: what touches the end holds too.
    pub(crate) fn end(&mut self) -> Option<Reason> {
        self.search(true)
    }

    fn search(&mut self, at_end: bool) -> Option<Reason> {
        self.gathered = 0;
        if self.found {
            return None;
        }
        let mut served = vec![0_usize; self.patterns.each.len()];
        // The first anchor whose surroundings are not all there yet is met again with the next chunk.
        let mut waits = None;
        let mut past = 0_usize;
        while let Some(anchor) = self.patterns.prefilter.find_at(&self.kept, self.next.max(past)) {
            past = anchor.start().saturating_add(1);
            if let Some(reason) = self.around(anchor.start(), at_end, &mut served) {
                self.found = true;
                self.kept = Vec::new();
                return Some(reason);
            }
            if waits.is_none() && anchor.start().saturating_add(BEHIND) > self.kept.len() {
                waits = Some(anchor.start());
            }
        }
        let resume = waits.unwrap_or_else(|| self.kept.len().saturating_sub(LONGEST_ANCHOR).max(self.next));
        let surplus = resume.saturating_sub(BEFORE);
        self.kept.drain(..surplus);
        self.next = resume.saturating_sub(surplus);
        None
    }

    fn around(&self, anchor: usize, at_end: bool, served: &mut [usize]) -> Option<Reason> {
        let from = anchor.saturating_sub(BEFORE);
        let to = anchor.saturating_add(BEHIND).min(self.kept.len());
        let window = self.kept.get(from..to)?;
        let here = self.kept.get(anchor..)?;
        for ((detector, pattern), served) in self.patterns.each.iter().zip(served) {
            let is_meant = detector.finds.is_wanted(self.breadth)
                && anchor >= *served
                && detector.anchors.iter().any(|written| here.starts_with(written.as_bytes()));
            if !is_meant {
                continue;
            }
            *served = anchor.saturating_add(SERVED);
            for found in pattern.find_iter(window) {
                // What touches the end of the data may go on differently.
                if found.end() == window.len() && !at_end {
                    continue;
                }
                let bytes = found.as_bytes();
                let excerpt = || bytes.iter().copied().take(256).collect();
                let of = detector.of;
                return Some(match detector.finds {
                    Finds::Secret if is_example(bytes) => continue,
                    Finds::Secret => Reason::ShowsSecret { of, redacted: redact(bytes) },
                    Finds::Debugger => Reason::ShowsDebugger { of, excerpt: excerpt() },
                    Finds::Trace | Finds::TraceMarkup => Reason::ShowsTrace { of, excerpt: excerpt() },
                    Finds::DatabaseError => Reason::ShowsDatabaseError { of, excerpt: excerpt() },
                });
            }
        }
        None
    }
}

#[cfg(test)]
impl Scanner {
    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }
}
