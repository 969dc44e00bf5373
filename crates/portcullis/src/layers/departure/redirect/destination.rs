//! Where a target leads, by the eyes of a browser.

use url::Url;

use crate::origin::{Origin, OriginPattern};

/// Schemes whose targets run script or open what is private, in some browser of some year.
const DANGEROUS: [&str; 9] =
    ["javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "jar"];

/// Schemes that the URL standard treats alike: slashes or not, backslashes or not, a host follows.
const SPECIAL: [&str; 5] = ["http", "https", "ws", "wss", "ftp"];

/// Where a target leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To a page on our own host.
    Ours(Box<Url>),
    /// To an origin on the list.
    Partner(Box<Url>),
    /// To another host.
    Foreign(Box<Url>),
    /// To a scheme that runs script or opens what is private.
    Dangerous {
        /// The scheme, in lower case.
        scheme: String,
    },
    /// No browser goes there.
    Nowhere,
}

/// Resolves `target` on a page of `base` as a browser would, and says where it leads. The one guard for
/// `Location`, `Refresh` and every `next` of ours; a `next` may only be followed to
/// [`Destination::Ours`].
#[must_use]
pub fn guard(base: &Url, target: &str, partners: &[OriginPattern]) -> Destination {
    let mut worst = Destination::Nowhere;
    for url in readings(base, target) {
        let found = classify(base, url, partners);
        if rank(&found) > rank(&worst) {
            worst = found;
        }
    }
    worst
}

fn classify(base: &Url, url: Url, partners: &[OriginPattern]) -> Destination {
    let scheme = url.scheme();
    if DANGEROUS.contains(&scheme) {
        return Destination::Dangerous { scheme: scheme.to_owned() };
    }
    let is_web = matches!(scheme, "http" | "https");
    match (Origin::of(base), Origin::of(&url)) {
        (Some(ours), Some(there)) if is_web && ours.host() == there.host() => {
            Destination::Ours(Box::new(url))
        }
        (_, Some(there)) if partners.iter().any(|partner| partner.matches(&there)) => {
            Destination::Partner(Box::new(url))
        }
        _ => Destination::Foreign(Box::new(url)),
    }
}

/// How bad it would be to go there.
fn rank(destination: &Destination) -> u8 {
    match destination {
        Destination::Nowhere => 0,
        Destination::Ours(_) => 1,
        Destination::Partner(_) => 2,
        Destination::Foreign(_) => 3,
        Destination::Dangerous { .. } => 4,
    }
}

/// By the URL standard; and, because older browsers and many clients read a scheme without two slashes
/// as an absolute URL while the standard reads it as a path when the schemes agree, also without a base.
/// Three slashes or more after `http:` are two for browsers, and a path for some others.
fn readings(base: &Url, target: &str) -> Vec<Url> {
    let mut found: Vec<Url> = base.join(target).into_iter().collect();
    let bare = stripped(target);
    if let Some((scheme, _)) = bare.split_once(':')
        && SPECIAL.iter().any(|special| scheme.eq_ignore_ascii_case(special))
        && let Ok(url) = Url::parse(&bare)
    {
        found.push(url);
    }
    // A scheme behind what only some readers skip: ` javascript:`, `%09javascript:`, `\u{feff}https:`.
    let skipped = bare.trim_start_matches(|c: char| !c.is_ascii_graphic());
    if skipped.len() < bare.len() {
        found.extend(base.join(skipped));
    }
    // Slashes in plenty are collapsed by frameworks and proxies on the way (`////evil.example`), so that
    // `/` + `/evil.example` can come out of what looked like a path.
    let slashes = bare.chars().take_while(|c| matches!(c, '/' | '\\')).count();
    if slashes > 2 {
        found.extend(base.join(&format!("//{}", bare.trim_start_matches(['/', '\\']))));
    }
    found
}

/// Without what the URL standard removes before it reads: tabs and line ends anywhere, control
/// characters and spaces at both ends.
fn stripped(target: &str) -> String {
    target.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect()
}
