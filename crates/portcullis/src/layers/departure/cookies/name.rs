//! Names of cookies, and patterns of them.

/// `__Host-` and its kin; browsers compare them without regard to case (RFC 6265bis section 5.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    /// Must be `Secure`.
    Secure,
    /// Must be `Secure`, with `Path=/` and no `Domain`.
    Host,
}

impl Prefix {
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        // `__Http-` and `__Host-Http-` demand `HttpOnly` besides.
        [(&b"__Host-"[..], Self::Host), (b"__Secure-", Self::Secure), (b"__Http-", Self::Secure)]
            .into_iter()
            .find(|(prefix, _)| {
                name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            })
            .map(|(_, prefix)| prefix)
    }
}

/// Whether the prefix of a name demands `HttpOnly`.
pub(super) fn demands_http_only(name: &[u8]) -> bool {
    [&b"__Http-"[..], b"__Host-Http-"]
        .iter()
        .any(|prefix| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}

/// Whether a text may be the name of a cookie (RFC 6265 section 4.1.1: a token).
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A name, or part of one with `*` for the rest. Case does not count: what is excepted is convenience,
/// not secrecy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamePattern {
    parts: Vec<Vec<u8>>,
}

impl NamePattern {
    pub(super) fn new(text: &str) -> Self {
        Self { parts: text.split('*').map(|part| part.to_ascii_lowercase().into_bytes()).collect() }
    }

    pub(super) fn matches(&self, name: &[u8]) -> bool {
        let name = name.to_ascii_lowercase();
        let Some((first, others)) = self.parts.split_first() else { return false };
        let Some((last, middle)) = others.split_last() else { return name == *first };
        let Some(rest) =
            name.strip_prefix(first.as_slice()).and_then(|rest| rest.strip_suffix(last.as_slice()))
        else {
            return false;
        };
        let mut rest = rest;
        middle.iter().all(|part| match memchr::memmem::find(rest, part) {
            Some(at) => {
                rest = rest.get(at.saturating_add(part.len())..).unwrap_or_default();
                true
            }
            None => false,
        })
    }
}
