//! One `Set-Cookie`, read as leniently as browsers do (RFC 6265bis section 5.6) and mended by adding to
//! its end.

/// The longest value of an attribute that browsers read; a longer attribute is ignored.
const LONGEST_ATTRIBUTE: usize = 1024;

/// The most bytes of name and value together that browsers keep.
pub(super) const LARGEST: usize = 4096;

/// What a `Set-Cookie` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetCookie<'a> {
    /// Empty for a cookie without a name.
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    /// The first `;` and all behind it, as written.
    rest: &'a [u8],
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: SameSite,
    /// The last `Path`, if browsers heed it.
    pub(super) path: Option<&'a [u8]>,
    /// The last `Domain`, even an empty one.
    pub(super) domain: Option<&'a [u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SameSite {
    Strict,
    Lax,
    /// `SameSite=None`, said by the app.
    None,
    /// Nothing, or nothing that browsers know.
    Absent,
}

/// What browsers compare to tell one stored cookie from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    name: Vec<u8>,
    domain: Vec<u8>,
    path: Vec<u8>,
}

/// What is to be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mending {
    pub(super) name: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) without_domain: bool,
    pub(super) add: Vec<&'static str>,
}

impl Mending {
    pub(super) fn is_nothing(&self) -> bool {
        self.name.is_none() && self.value.is_none() && !self.without_domain && self.add.is_empty()
    }
}

impl<'a> SetCookie<'a> {
    pub(super) fn parse(written: &'a [u8]) -> Self {
        let end = memchr::memchr(b';', written).unwrap_or(written.len());
        let (pair, rest) = written.split_at_checked(end).unwrap_or((written, &[]));
        let (name, value) = split_pair(pair);
        let mut cookie = Self {
            name,
            value,
            rest,
            secure: false,
            http_only: false,
            same_site: SameSite::Absent,
            path: None,
            domain: None,
        };
        for attribute in rest.split(|byte| *byte == b';') {
            cookie.heed(attribute);
        }
        cookie
    }

    fn heed(&mut self, attribute: &'a [u8]) {
        let (name, value) = split_attribute(attribute);
        if value.len() > LONGEST_ATTRIBUTE {
            return;
        }
        if name.eq_ignore_ascii_case(b"secure") {
            self.secure = true;
        } else if name.eq_ignore_ascii_case(b"httponly") {
            self.http_only = true;
        } else if name.eq_ignore_ascii_case(b"samesite") {
            self.same_site = match value.to_ascii_lowercase().as_slice() {
                b"strict" => SameSite::Strict,
                b"lax" => SameSite::Lax,
                b"none" => SameSite::None,
                _ => SameSite::Absent,
            };
        } else if name.eq_ignore_ascii_case(b"path") {
            self.path = Some(value).filter(|path| path.starts_with(b"/"));
        } else if name.eq_ignore_ascii_case(b"domain") {
            self.domain = Some(value);
        }
    }

    pub(super) fn identity(&self) -> Identity {
        let domain = self.domain.unwrap_or_default();
        let domain = domain.strip_prefix(b".").unwrap_or(domain).to_ascii_lowercase();
        Identity { name: self.name.to_vec(), domain, path: self.path.unwrap_or_default().to_vec() }
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.name.len().saturating_add(self.value.len()) > LARGEST
    }

    /// The header's new value. The bytes that need no change stay as written.
    pub(super) fn mended(&self, written: &[u8], mending: &Mending) -> Vec<u8> {
        let mut out = if mending.name.is_none() && mending.value.is_none() && !mending.without_domain {
            written.to_vec()
        } else {
            let mut out = mending.name.as_deref().unwrap_or(self.name).to_vec();
            out.push(b'=');
            out.extend_from_slice(mending.value.as_deref().unwrap_or(self.value));
            for attribute in self.rest.split(|byte| *byte == b';').skip(1) {
                let (name, _) = split_attribute(attribute);
                if !(mending.without_domain && name.eq_ignore_ascii_case(b"domain")) {
                    out.push(b';');
                    out.extend_from_slice(attribute);
                }
            }
            out
        };
        for attribute in &mending.add {
            out.extend_from_slice(b"; ");
            out.extend_from_slice(attribute.as_bytes());
        }
        out
    }
}

/// Name and value of a pair; one without `=` is all value.
pub(super) fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', pair) {
        Some(at) => {
            let (name, value) = pair.split_at_checked(at).unwrap_or((pair, &[]));
            (name.trim_ascii(), value.strip_prefix(b"=").unwrap_or(value).trim_ascii())
        }
        None => (&[], pair.trim_ascii()),
    }
}

/// Name and value of an attribute; one without `=` is all name.
fn split_attribute(attribute: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', attribute) {
        Some(_) => split_pair(attribute),
        None => (attribute.trim_ascii(), &[]),
    }
}
