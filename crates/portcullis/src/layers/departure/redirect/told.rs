//! What the request told that a redirect could be made of.

use http::header::REFERER;
use http::request;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::destination::readings;
use crate::body::Inspector;
use crate::exchange::Exchange;
use crate::origin::Origin;

/// How often a value is decoded: links are wrapped in links.
const DECODINGS: usize = 3;

/// What could be a place to go, beside the target itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    form: Vec<String>,
    /// Path and query of the page of ours that sent a form: an app may have kept its `next` since then.
    page: Option<String>,
}

impl Told {
    /// Keeps what a redirect could be made of. Anything that names a host has a dot, a slash, a backslash or
    /// a colon in it, or is not ASCII. None is too long, or too many: the window `limits.hold` bounds them
    /// all, and a target that could be passed over by its length would be made that long.
    pub(crate) fn by(head: &request::Parts, inspector: &Inspector, exchange: &Exchange) -> Self {
        let form = inspector
            .form_pairs()
            .unwrap_or_default()
            .iter()
            .map(|(_, value)| value)
            .filter(|value| value.contains(['.', '/', '\\', ':', '%', '@']) || !value.is_ascii())
            .cloned()
            .collect();
        Self { form, page: own_page(head, exchange) }
    }

    #[cfg(test)]
    pub(super) fn of(values: &[&str]) -> Self {
        Self { form: values.iter().map(|value| (*value).to_owned()).collect(), page: None }
    }

    /// Whether the request named the host (or, for a scheme without hosts, the scheme) of `there`; the
    /// text that did.
    pub(super) fn names(&self, target: &str, base: &Url, there: &Url) -> Option<String> {
        let mut sought = Sought::new(base, there);
        [target]
            .into_iter()
            .chain(self.page.as_deref())
            .flat_map(values)
            .chain(self.form.iter().cloned())
            .find(|value| sought.is_in(value))
    }
}

/// The path, and the names and values of the query, decoded once. HTTP/2 puts scheme and authority before
/// the path.
fn values(target: &str) -> impl Iterator<Item = String> {
    let behind_authority = target
        .split_once("://")
        .filter(|_| !target.starts_with('/'))
        .and_then(|(_, rest)| Some(rest.split_at_checked(rest.find('/')?)?.1));
    let target = behind_authority.unwrap_or(target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = url::form_urlencoded::parse(query.as_bytes())
        .flat_map(|(name, value)| [name.into_owned(), value.into_owned()]);
    std::iter::once(path.to_owned()).chain(query)
}

/// The `Referer` of a form, when it is a page of ours. Not of links: what a page was asked to show says
/// little about where its links lead.
fn own_page(head: &request::Parts, exchange: &Exchange) -> Option<String> {
    if head.method.is_safe() {
        return None;
    }
    let referer = head.headers.get(REFERER)?.to_str().ok()?;
    let url = Url::parse(referer).ok()?;
    let ours = Origin::ours(exchange.scheme, &exchange.site);
    (Origin::of(&url)? == ours).then(|| format!("{}?{}", url.path(), url.query().unwrap_or("")))
}

struct Sought<'a> {
    base: &'a Url,
    there: &'a Url,
    host: String,
    ours: String,
    /// Names that are not ASCII cost more to compare; an attacker may send many.
    unicode_left: usize,
}

impl<'a> Sought<'a> {
    fn new(base: &'a Url, there: &'a Url) -> Self {
        let host = there.host_str().unwrap_or("").trim_matches('.').to_ascii_lowercase();
        let ours = base.host_str().unwrap_or("").trim_matches('.').to_ascii_lowercase();
        Self { base, there, host, ours, unicode_left: 200 }
    }

    fn is_in(&mut self, value: &str) -> bool {
        let mut value = value.to_owned();
        for _ in 0..DECODINGS {
            if self.resolves_there(&value) || self.is_named_in(&value) {
                return true;
            }
            let decoded = percent_decode_str(&value).decode_utf8_lossy().into_owned();
            if decoded == value {
                return false;
            }
            value = decoded;
        }
        self.resolves_there(&value) || self.is_named_in(&value)
    }

    /// The value as a whole is a target that leads there: by number, by user-info trick, by any spelling
    /// that a browser reads so.
    fn resolves_there(&self, value: &str) -> bool {
        [value, value.trim_start_matches('/')]
            .iter()
            .flat_map(|value| readings(self.base, value))
            .any(|url| url.scheme() == self.there.scheme() && url.host() == self.there.host())
    }

    /// The value has the host's name in it, or the end of a name that begins with ours: the app put
    /// `https://` or its own address before it.
    fn is_named_in(&mut self, value: &str) -> bool {
        if self.host.is_empty() {
            return false;
        }
        value
            .split(|c: char| !(c.is_alphanumeric() || "-._[]:。．｡".contains(c)))
            .any(|run| run.split(':').chain([run]).any(|name| self.is_name(name)))
    }

    fn is_name(&mut self, name: &str) -> bool {
        let name = name.trim_matches('.');
        if name.is_empty() || name.len() > 253 {
            return false;
        }
        // An address may be spelt as a number, in hexadecimal or octal.
        if matches!(self.there.host(), Some(Host::Ipv4(_))) && name.starts_with(|c: char| c.is_ascii_digit())
        {
            return Host::parse(name).is_ok_and(|host| host.to_string() == self.host);
        }
        if name.is_ascii() {
            return self.is_host(&name.to_ascii_lowercase());
        }
        // Words of a long text in another script: without a dot they name no host that has one.
        if self.host.contains('.') && !name.contains(['.', '。', '．', '｡']) {
            return false;
        }
        match self.unicode_left.checked_sub(1) {
            Some(left) => {
                self.unicode_left = left;
                Host::parse(name).is_ok_and(|host| self.is_host(host.to_string().trim_matches('.')))
            }
            // In doubt it is named: no honest request has so many.
            None => true,
        }
    }

    fn is_host(&self, name: &str) -> bool {
        name == self.host
            || (name.contains('.')
                && !self.ours.is_empty()
                && self.host.strip_suffix(name).is_some_and(|before| before.starts_with(&self.ours)))
    }
}
