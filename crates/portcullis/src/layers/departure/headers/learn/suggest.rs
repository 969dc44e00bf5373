//! The tightest policy under which nothing that was seen would have broken.

use std::collections::BTreeMap;

use super::super::csp::{Directive, Source};
use super::lessons::{Hashed, Lessons, Seen};

/// A policy, and what the operator should know of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suggestion {
    /// Directive by directive, sources as written in the policy.
    pub directives: Vec<(Directive, Vec<String>)>,
    /// What keeps it from being sure, worst first.
    pub doubts: Vec<Doubt>,
}

/// Something that the policy does not take up, or does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// An inline script or handler that was another on each visit: no hash can allow it. The policy breaks it.
    Varies {
        /// `script-src` or `style-src`.
        directive: &'static str,
        /// Where.
        page: String,
        /// How many different ones were seen there.
        different: usize,
    },
    /// Known from reports alone, which anybody can send: not in the policy until it is accepted by name.
    ReportedOnly {
        /// The kind.
        directive: &'static str,
        /// The source.
        source: String,
        /// On which page.
        page: String,
        /// How many reports.
        reports: u32,
    },
    /// More of a kind than can be listed by hash: the policy has `'unsafe-inline'` for styles, and breaks scripts.
    Unlisted {
        /// The kind.
        directive: &'static str,
        /// On which page.
        page: String,
    },
    /// An inline script that was seen on one visit only: it may be another on the next.
    SeenOnce {
        /// `script-src` or `style-src`.
        directive: &'static str,
        /// Where.
        page: String,
    },
    /// The page was too long, or came too slowly, to be seen whole.
    NotSeenWhole {
        /// Which.
        page: String,
    },
    /// The page has a policy of its own in `<meta>`, or a page within the page.
    NotRead {
        /// Which.
        page: String,
    },
    /// More was seen than is kept.
    Overflowed,
}

impl Doubt {
    /// Whether a page that was seen would break under the policy.
    #[must_use]
    pub fn breaks(&self) -> bool {
        match self {
            Self::Varies { .. } | Self::ReportedOnly { .. } => true,
            Self::Unlisted { directive, .. } => *directive == Directive::ScriptSrc.name(),
            Self::SeenOnce { .. } | Self::NotSeenWhole { .. } | Self::NotRead { .. } | Self::Overflowed => {
                false
            }
        }
    }
}

/// What fetches, in the order of a policy. Each that is missing falls back to `default-src 'none'`.
const FETCHED: [Directive; 11] = [
    Directive::ScriptSrc,
    Directive::StyleSrc,
    Directive::ImgSrc,
    Directive::FontSrc,
    Directive::MediaSrc,
    Directive::ConnectSrc,
    Directive::ObjectSrc,
    Directive::ManifestSrc,
    Directive::WorkerSrc,
    Directive::FrameSrc,
    Directive::BaseUri,
];

impl Lessons {
    /// A policy from what was learned. `accepted` are sources that the operator vouches for although only
    /// browsers told of them.
    #[must_use]
    pub fn suggest(&self, accepted: &[String]) -> Suggestion {
        let mut doubts = Vec::new();
        let mut directives = vec![(Directive::DefaultSrc, vec!["'none'".to_owned()])];
        for directive in FETCHED {
            let sources = self.allowed(directive, accepted, &mut doubts);
            // `base-uri` does not fall back to `default-src`.
            if !sources.is_empty() || directive == Directive::BaseUri {
                directives.push((directive, or_none(sources)));
            }
        }
        let forms = self.allowed(Directive::FormAction, accepted, &mut doubts);
        directives.push((Directive::FormAction, or_none(forms)));
        directives.push((Directive::FrameAncestors, vec!["'self'".to_owned()]));

        doubts.extend(self.partial.keys().map(|page| Doubt::NotSeenWhole { page: page.clone() }));
        doubts.extend(self.unread.keys().map(|page| Doubt::NotRead { page: page.clone() }));
        if self.overflowed {
            doubts.push(Doubt::Overflowed);
        }
        doubts.sort();
        Suggestion { directives, doubts }
    }

    /// Beginnings of inline scripts that browsers stopped while learning, with their page.
    pub fn samples(&self) -> impl Iterator<Item = (&str, &str)> {
        self.samples.iter().map(|(sample, page)| (sample.as_str(), page.as_str()))
    }

    fn allowed(&self, directive: Directive, accepted: &[String], doubts: &mut Vec<Doubt>) -> Vec<String> {
        let name = directive.name();
        let mut sources = Vec::new();
        for (source, seen) in self.sources.get(name).into_iter().flatten() {
            if source.is_empty() || Source::parse(source, directive).is_err() {
                continue;
            }
            let vouched = seen.markup > 0 || is_own(source) || accepted.contains(source);
            if vouched {
                sources.push(source.clone());
            } else {
                let Seen { page, reports, .. } = seen.clone();
                doubts.push(Doubt::ReportedOnly { directive: name, source: source.clone(), page, reports });
            }
        }
        // Keywords first, as people write them.
        sources.sort_by_key(|source| !source.starts_with('\''));
        self.inline(directive, &mut sources, doubts);
        sources
    }

    fn inline(&self, directive: Directive, sources: &mut Vec<String>, doubts: &mut Vec<Doubt>) {
        let name = directive.name();
        if let Some(page) = self.unlisted.get(name) {
            doubts.push(Doubt::Unlisted { directive: name, page: page.clone() });
            if directive == Directive::StyleSrc {
                sources.push("'unsafe-inline'".to_owned());
                return;
            }
        }
        let mut varying = BTreeMap::<&str, usize>::new();
        let mut attributes = false;
        for (hash, Hashed { seen, attribute, page }) in self.hashes.get(name).into_iter().flatten() {
            let visits = self.pages.get(page).copied().unwrap_or(0);
            if *seen == 1 && visits > 1 {
                *varying.entry(page).or_default() += 1;
                continue;
            }
            if *seen == 1 {
                doubts.push(Doubt::SeenOnce { directive: name, page: page.clone() });
            }
            attributes |= attribute;
            sources.push(format!("'sha256-{hash}'"));
        }
        if attributes {
            sources.push("'unsafe-hashes'".to_owned());
        }
        doubts.extend(varying.into_iter().map(|(page, different)| Doubt::Varies {
            directive: name,
            page: page.to_owned(),
            different,
        }));
        doubts.dedup();
    }
}

/// What opens nothing to strangers.
fn is_own(source: &str) -> bool {
    matches!(source, "'self'" | "blob:" | "'wasm-unsafe-eval'")
}

fn or_none(sources: Vec<String>) -> Vec<String> {
    if sources.is_empty() { vec!["'none'".to_owned()] } else { sources }
}
