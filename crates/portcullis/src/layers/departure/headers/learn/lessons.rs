//! What was seen and told, counted.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::report::Report;
use super::watched::{inline, kinds};
use crate::layers::departure::html::{Findings, Sources};

/// What one page held, for the door to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The path of the page, in normal form.
    pub page: String,
    /// What it held.
    pub findings: Findings,
}

/// How many pages, sources of a kind, and hashes are kept: a stranger decides which paths there are, and what
/// is reported.
const PAGES: usize = 1000;
const SOURCES: usize = 200;
const HASHES: usize = 2000;
const SAMPLES: usize = 100;

/// What was learned of a site. Kept as JSON between runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lessons {
    /// How often each page was seen.
    pub(super) pages: BTreeMap<String, u32>,
    /// By directive, then by source.
    pub(super) sources: BTreeMap<String, BTreeMap<String, Seen>>,
    /// By directive, then by hash in base64: what stands inline.
    pub(super) hashes: BTreeMap<String, BTreeMap<String, Hashed>>,
    /// Beginnings of inline scripts that browsers stopped, with their page.
    pub(super) samples: BTreeMap<String, String>,
    /// Directives under which a page holds more than can be listed.
    pub(super) unlisted: BTreeMap<String, String>,
    /// Pages that were not seen whole.
    pub(super) partial: BTreeMap<String, u32>,
    /// Pages that speak for themselves by `<meta>`, or hold a page within the page.
    pub(super) unread: BTreeMap<String, u32>,
    /// More came than is kept.
    pub(super) overflowed: bool,
}

/// How a source is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Pages whose markup holds it.
    pub(super) markup: u32,
    /// Reports of it.
    pub(super) reports: u32,
    /// One of the pages.
    pub(super) page: String,
}

/// How something inline is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hashed {
    pub(super) seen: u32,
    /// It is an attribute, which `'unsafe-hashes'` must allow.
    pub(super) attribute: bool,
    pub(super) page: String,
}

impl Lessons {
    /// Whether there is anything to suggest from.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty() && self.sources.is_empty()
    }

    /// A page went by.
    pub fn sight(&mut self, sighting: &Sighting) {
        let Sighting { page, findings } = sighting;
        let page: String = page.chars().take(256).collect();
        self.overflowed |= !count(&mut self.pages, &page, PAGES);
        if findings.partial {
            self.overflowed |= !count(&mut self.partial, &page, PAGES);
        }
        if findings.meta_policy || findings.srcdoc {
            self.overflowed |= !count(&mut self.unread, &page, PAGES);
        }
        for (directive, sources) in kinds(findings) {
            for found in sources {
                for source in written(found) {
                    self.source(directive.name(), &source, &page).markup += 1;
                }
                if found.origins.overflowed() {
                    self.unlisted.entry(directive.name().to_owned()).or_insert_with(|| page.clone());
                }
            }
        }
        for (directive, attribute, hashes) in inline(findings) {
            if hashes.overflowed() {
                self.unlisted.entry(directive.name().to_owned()).or_insert_with(|| page.clone());
            }
            let known = self.hashes.entry(directive.name().to_owned()).or_default();
            for hash in hashes.iter() {
                let hash = STANDARD.encode(hash);
                if known.len() >= HASHES && !known.contains_key(&hash) {
                    self.overflowed = true;
                    continue;
                }
                let known =
                    known.entry(hash).or_insert_with(|| Hashed { page: page.clone(), ..Hashed::default() });
                known.seen = known.seen.saturating_add(1);
                known.attribute |= attribute;
            }
        }
    }

    /// A browser told something.
    pub fn hear(&mut self, report: &Report) {
        if report.source != "inline" {
            let seen = self.source(report.directive.name(), &report.source, &report.page);
            seen.reports = seen.reports.saturating_add(1);
        } else if !report.sample.is_empty() && self.samples.len() < SAMPLES {
            self.samples.insert(report.sample.clone(), report.page.clone());
        }
    }

    fn source(&mut self, directive: &str, source: &str, page: &str) -> &mut Seen {
        let known = self.sources.entry(directive.to_owned()).or_default();
        let full = known.len() >= SOURCES && !known.contains_key(source);
        self.overflowed |= full;
        // What is over the bound is counted together, and never suggested.
        let name = if full { "" } else { source };
        known.entry(name.to_owned()).or_insert_with(|| Seen { page: page.to_owned(), ..Seen::default() })
    }
}

/// Sources as they are written in a policy.
fn written(found: &Sources) -> Vec<String> {
    let keywords = [(found.own, "'self'"), (found.data, "data:"), (found.blob, "blob:")];
    let keywords = keywords.into_iter().filter(|(there, _)| *there).map(|(_, name)| name.to_owned());
    keywords.chain(found.origins.iter().cloned()).collect()
}

/// `false` when there is no room for another.
fn count(counts: &mut BTreeMap<String, u32>, key: &str, most: usize) -> bool {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_add(1);
    } else if counts.len() < most {
        counts.insert(key.to_owned(), 1);
    } else {
        return false;
    }
    true
}
