//! What a page contains that a content security policy speaks of.
//!
//! Filled in one pass while the page goes by; read by the layer `headers`, which fits a policy to it. All
//! lists are bounded: the app decides how long they would be, and behind the app an attacker may.

use std::collections::BTreeSet;

/// The SHA-256 of a text as a browser hashes it for CSP: newlines normalised, in UTF-8 (CSP 3 section
/// 6.7.2.4).
pub type Hash = [u8; 32];

/// A bounded set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T: Ord> {
    items: BTreeSet<T>,
    overflowed: bool,
}

impl<T: Ord> Default for Listed<T> {
    fn default() -> Self {
        Self { items: BTreeSet::new(), overflowed: false }
    }
}

impl<T: Ord> Listed<T> {
    /// The most that are kept. A policy in a header field with more than this would pass the limits of
    /// common clients and servers.
    pub const MOST: usize = 64;

    pub(crate) fn add(&mut self, item: T) {
        if self.items.len() < Self::MOST || self.items.contains(&item) {
            self.items.insert(item);
        } else {
            self.overflowed = true;
        }
    }

    /// Something was found that cannot be listed, such as a handler whose text is not certain.
    pub(crate) fn overflow(&mut self) {
        self.overflowed = true;
    }

    /// What was found, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    /// Whether nothing was found at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && !self.overflowed
    }

    /// Whether there was more than is listed, so that a policy of the listed ones would break the page.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }
}

/// Where a kind of thing is loaded from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// From the page's own origin.
    pub own: bool,
    /// From `data:` URLs.
    pub data: bool,
    /// From `blob:` URLs.
    pub blob: bool,
    /// From other origins, as in `https://cdn.example:8443`.
    pub origins: Listed<String>,
}

impl Sources {
    /// Whether nothing of the kind is loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.own && !self.data && !self.blob && self.origins.is_empty()
    }
}

/// What a page contains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// The page was seen only up to some point when its head had to go: there may be more of everything.
    pub partial: bool,
    /// Anything that executes: `<script>` (with or without `src`), a handler, a `javascript:` URL, or what
    /// cannot be told from one. Without any of these, and not `partial`, `script-src 'none'` breaks
    /// nothing.
    pub any_script: bool,
    /// `<script>` elements without `src`. Data blocks (`type="application/json"`) are not counted, import
    /// maps and speculation rules are.
    pub inline_scripts: Listed<Hash>,
    /// Event handler attributes (`onclick`), hashed for `'unsafe-hashes'`.
    pub handlers: Listed<Hash>,
    /// `javascript:` URLs, hashed for `'unsafe-hashes'` as the whole URL.
    pub javascript_urls: Listed<Hash>,
    /// `<style>` elements.
    pub inline_styles: Listed<Hash>,
    /// `style` attributes, hashed for `'unsafe-hashes'`.
    pub style_attributes: Listed<Hash>,
    /// `<script src>`, `modulepreload`, `preload as=script`, workers named in the markup.
    pub scripts: Sources,
    /// `<link rel=stylesheet>`.
    pub styles: Sources,
    /// `<img>`, `srcset`, `<link rel=icon>`, `poster`, `<input type=image>`, SVG `<image>`.
    pub images: Sources,
    /// `<link rel=preload as=font>`.
    pub fonts: Sources,
    /// URLs in inline CSS: images, fonts or further sheets.
    pub css: Sources,
    /// `<audio>`, `<video>`, `<source>`, `<track>`.
    pub media: Sources,
    /// `<iframe>`, `<frame>`.
    pub frames: Sources,
    /// `<object>`, `<embed>`.
    pub objects: Sources,
    /// `<link rel=preload as=fetch>`, `<a ping>`.
    pub connects: Sources,
    /// Where forms and their buttons post to, or are sent by GET.
    pub forms: Sources,
    /// `<link rel=manifest>`.
    pub manifests: Sources,
    /// `<base href>`, as an origin or own.
    pub bases: Sources,
    /// `<meta http-equiv=Content-Security-Policy>`: the page speaks for itself.
    pub meta_policy: bool,
    /// `<iframe srcdoc>`: an inner page that inherits the policy and was not searched.
    pub srcdoc: bool,
}
