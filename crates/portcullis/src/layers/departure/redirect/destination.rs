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
    let standard = base.join(target).map_or(Destination::Nowhere, |url| classify(base, url, partners));
    let mut worst = standard.clone();
    for url in other_readings(base, target) {
        let found = classify(base, url, partners);
        if rank(&found) > rank(&worst) {
            worst = found;
        }
    }
    // What the standard cannot read does not become ours by another reading.
    match (standard, worst) {
        (Destination::Nowhere, Destination::Ours(_)) => Destination::Nowhere,
        (_, worst) => worst,
    }
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

/// All readings, the standard's first.
pub(super) fn readings(base: &Url, target: &str) -> impl Iterator<Item = Url> {
    base.join(target).into_iter().chain(other_readings(base, target))
}

/// Beside the URL standard: older browsers and many clients read a scheme without two slashes as an
/// absolute URL, while the standard reads it as a path when the schemes agree.
fn other_readings(base: &Url, target: &str) -> Vec<Url> {
    let mut found = Vec::new();
    let bare = stripped(target);
    if let Some((scheme, _)) = bare.split_once(':')
        && SPECIAL.iter().any(|special| scheme.eq_ignore_ascii_case(special))
        && let Ok(url) = Url::parse(&bare)
    {
        found.push(url);
    }
    // Readers by RFC 3986 don't take a backslash for a slash: `https://ours\@evil.example` is for them a
    // user at another host.
    if bare.contains('\\') {
        found.extend(base.join(&bare.replace('\\', "%5C")));
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
