//! Where an address in a page leads, as a browser resolves it.

use url::Url;

use super::findings::Sources;
use crate::origin::Origin;

/// The page's own address, and the base that its addresses are relative to.
pub(super) struct Addresses {
    page: Option<Url>,
    base: Option<Url>,
    own: Origin,
    /// Whether what is relative leads to our own origin.
    relative_is_own: bool,
}

/// Where an address leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Own,
    Other(String),
    Data,
    Blob,
    /// The whole URL as a browser writes it, which is what a policy hashes.
    Script(String),
    /// `about:`, `mailto:`, what cannot be parsed: nothing is loaded from it.
    Nowhere,
}

impl Addresses {
    pub(super) fn new(page: Option<Url>, own: Origin) -> Self {
        let relative_is_own = is_of(page.as_ref(), &own);
        Self { page, base: None, own, relative_is_own }
    }

    /// `<base href>`: the first with a usable address holds (HTML section 4.2.3).
    pub(super) fn set_base(&mut self, href: &str) {
        if self.base.is_some() {
            return;
        }
        let parsed = match &self.page {
            Some(page) => page.join(href),
            None => Url::parse(href),
        };
        self.base = parsed.ok().filter(|base| !matches!(base.scheme(), "data" | "javascript"));
        if self.base.is_some() {
            self.relative_is_own = is_of(self.base.as_ref(), &self.own);
        }
    }

    pub(super) fn has_base(&self) -> bool {
        self.base.is_some()
    }

    pub(super) fn destination(&self, address: &str) -> Destination {
        if self.relative_is_own && is_surely_relative(address) {
            return Destination::Own;
        }
        let base = self.base.as_ref().or(self.page.as_ref());
        let parsed = match base {
            Some(base) => base.join(address),
            None => Url::parse(address),
        };
        let Ok(url) = parsed else { return Destination::Nowhere };
        match url.scheme() {
            "http" | "https" | "ws" | "wss" => match Origin::of(&url) {
                Some(origin) if origin == self.own => Destination::Own,
                Some(origin) => Destination::Other(origin.to_string()),
                None => Destination::Nowhere,
            },
            "data" => Destination::Data,
            "blob" => Destination::Blob,
            "javascript" => Destination::Script(url.to_string()),
            _ => Destination::Nowhere,
        }
    }

    /// Where a form goes: an empty action is the page itself, whatever the base (HTML section 4.10.21.3).
    pub(super) fn form_destination(&self, action: Option<&str>) -> Destination {
        match action {
            None | Some("") => Destination::Own,
            Some(action) => self.destination(action),
        }
    }

    /// Adds where `address` leads.
    pub(super) fn note(&self, sources: &mut Sources, address: &str) {
        sources.note(self.destination(address));
    }
}

fn is_of(page: Option<&Url>, own: &Origin) -> bool {
    page.is_some_and(|page| {
        matches!(page.scheme(), "http" | "https") && Origin::of(page).as_ref() == Some(own)
    })
}

/// An address without a scheme and a host, told by its first bytes: most are, and need not be parsed. What a
/// browser drops or reads as a slash (tabs, newlines, a backslash) makes it uncertain.
fn is_surely_relative(address: &str) -> bool {
    match address.as_bytes() {
        [b'/'] | [b'#' | b'?', ..] => true,
        [b'/', second, ..] => {
            second.is_ascii_alphanumeric() || matches!(second, b'_' | b'-' | b'.' | b'?' | b'#')
        }
        [first, ..] => first.is_ascii_alphanumeric() && !address.contains(':'),
        [] => false,
    }
}

impl Sources {
    pub(super) fn note(&mut self, destination: Destination) {
        match destination {
            Destination::Own => self.own = true,
            Destination::Other(origin) => self.origins.add(origin),
            Destination::Data => self.data = true,
            Destination::Blob => self.blob = true,
            Destination::Script(_) | Destination::Nowhere => {}
        }
    }
}

/// The addresses of a `srcset` (HTML section 4.8.4.2.1). An address ends at white space; one that ends
/// with commas has no descriptor.
pub(super) fn candidates(srcset: &str) -> impl Iterator<Item = &str> {
    let mut rest = srcset;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (address, after) = rest.split_at_checked(end)?;
        let bare = address.trim_end_matches(',');
        rest = if bare.len() == address.len() {
            after.split_once(',').map_or("", |(_, next)| next)
        } else {
            after
        };
        Some(bare)
    })
}

/// The addresses in CSS: `url(…)` and `@import "…"`. Comments and escapes are not followed: too much is
/// found rather than too little, but for an address that is itself escaped.
pub(super) fn in_css(css: &str) -> impl Iterator<Item = &str> {
    let urls = css.match_indices("url(").filter_map(|(at, open)| {
        let inner = css.get(at.saturating_add(open.len())..)?;
        let inner = inner.trim_start();
        match inner.chars().next()? {
            quote @ ('"' | '\'') => inner.get(1..)?.split(quote).next(),
            _ => inner.split([')', ' ', '\n']).next(),
        }
    });
    let imports = css.match_indices("@import").filter_map(|(at, word)| {
        let inner = css.get(at.saturating_add(word.len())..)?.trim_start();
        match inner.chars().next()? {
            quote @ ('"' | '\'') => inner.get(1..)?.split(quote).next(),
            _ => None,
        }
    });
    urls.chain(imports)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn addresses(page: &str) -> Addresses {
        Addresses::new(Url::parse(page).ok(), Origin::parse("https://shop.example").unwrap())
    }

    proptest! {
        #[test]
        fn what_is_taken_for_relative_is_relative_when_parsed(
            address in "[/\\\\a-c:.?#@\t\n %0-9]{0,8}|(https?:|javascript:|//)?[/a-c\\t]{0,6}",
        ) {
            if is_surely_relative(&address) {
                let page = Url::parse("https://shop.example/a/b?c").unwrap();
                let there = page.join(&address).unwrap();
                prop_assert_eq!(there.origin(), page.origin(), "{:?}", address);
            }
        }
    }

    #[test]
    fn a_base_elsewhere_takes_what_is_relative_with_it() {
        let mut addresses = addresses("https://shop.example/a");
        assert_eq!(addresses.destination("/x"), Destination::Own);
        addresses.set_base("https://cdn.example/");
        assert_eq!(addresses.destination("/x"), Destination::Other("https://cdn.example".to_owned()));
        assert_eq!(addresses.destination("x"), Destination::Other("https://cdn.example".to_owned()));
    }
}
