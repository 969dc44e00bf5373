//! One tag (HTML sections 13.2.5.6 to 13.2.5.40).

use memchr::memchr;

use super::name::Name;

/// A start tag, whole.
pub(in super::super) struct Tag<'a> {
    pub(in super::super) name: Name,
    /// Whether it ends with `/>`: only in SVG and MathML does that close the element.
    pub(in super::super) self_closing: bool,
    /// Whether its element is one of HTML, rather than of SVG or MathML.
    pub(in super::super) html: bool,
    /// Behind it, in bytes from the start of the page.
    pub(in super::super) behind: usize,
    bytes: &'a [u8],
    attributes: &'a [Span],
}

/// An attribute as it is written: references are not resolved, and its name may be in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Attribute<'a> {
    pub(in super::super) name: &'a [u8],
    pub(in super::super) value: &'a [u8],
}

impl<'a> Tag<'a> {
    /// Every attribute, doubled ones too.
    pub(in super::super) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> {
        let bytes = self.bytes;
        self.attributes.iter().map(move |span| span.of(bytes))
    }

    /// The value of an attribute; of doubled ones the first, as browsers take it.
    pub(in super::super) fn attribute(&self, name: &str) -> Option<&'a [u8]> {
        self.attributes()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|attribute| attribute.value)
    }
}

/// Where an attribute lies in its tag.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    name: (usize, usize),
    value: (usize, usize),
}

impl Span {
    fn of(self, bytes: &[u8]) -> Attribute<'_> {
        Attribute {
            name: bytes.get(self.name.0..self.name.1).unwrap_or_default(),
            value: bytes.get(self.value.0..self.value.1).unwrap_or_default(),
        }
    }
}

/// Where in a tag the reader stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Name,
    BeforeAttribute,
    AttributeName,
    AfterAttributeName,
    BeforeValue,
    DoubleQuoted,
    SingleQuoted,
    Unquoted,
    /// Behind a `/`.
    SelfClosing,
}

/// A tag that is being read; it may come in parts, and no byte of it is looked at twice.
#[derive(Default)]
pub(super) struct Reading {
    at: usize,
    state: State,
    name: (usize, usize),
    attributes: Vec<Span>,
    self_closing: bool,
    whole: usize,
}

impl Reading {
    /// Reads on in `bytes`, which begins with the tag and has grown since the last call; the length of the tag when
    /// it is whole.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.at == 0 {
            // `<` or `</`, whose next byte is known to be a letter.
            self.at = if bytes.get(1) == Some(&b'/') { 2 } else { 1 };
            self.name = (self.at, self.at);
        }
        while let Some(byte) = bytes.get(self.at) {
            if self.step(*byte, bytes) {
                self.whole = self.at;
                return Some(self.at);
            }
        }
        None
    }

    /// The tag that [`Reading::read`] found whole.
    pub(super) fn tag<'a>(&'a self, bytes: &'a [u8], behind: usize) -> Tag<'a> {
        let bytes = bytes.get(..self.whole).unwrap_or_default();
        Tag {
            name: Name::of(bytes.get(self.name.0..self.name.1).unwrap_or_default()),
            self_closing: self.self_closing,
            html: true,
            behind,
            bytes,
            attributes: &self.attributes,
        }
    }

    /// The next tag comes.
    pub(super) fn restart(&mut self) {
        self.attributes.clear();
        (self.at, self.state, self.self_closing) = (0, State::Name, false);
    }

    /// One step from the byte at `self.at`; whether the tag is whole.
    fn step(&mut self, byte: u8, bytes: &[u8]) -> bool {
        let at = self.at;
        let rest = bytes.get(at..).unwrap_or_default();
        let next = at.saturating_add(1);
        match self.state {
            State::Name => {
                let end = at.saturating_add(rest.iter().take_while(|byte| !ends_name(**byte)).count());
                self.name.1 = end;
                self.at = end;
                if end < bytes.len() {
                    self.state = State::BeforeAttribute;
                }
            }
            State::BeforeAttribute => match byte {
                b'>' => return self.closed(next),
                b'/' => self.go(State::SelfClosing, next),
                _ if is_space(byte) => self.at = next,
                _ => {
                    // An `=` here is the first letter of a name.
                    self.attributes.push(Span { name: (at, next), value: (0, 0) });
                    self.go(State::AttributeName, next);
                }
            },
            State::AttributeName => {
                let length = rest.iter().take_while(|byte| !(ends_name(**byte) || **byte == b'=')).count();
                let end = at.saturating_add(length);
                self.last(|span| span.name.1 = end);
                self.at = end;
                if end < bytes.len() {
                    self.state = State::AfterAttributeName;
                }
            }
            State::AfterAttributeName => match byte {
                b'=' => self.go(State::BeforeValue, next),
                _ if is_space(byte) => self.at = next,
                _ => self.state = State::BeforeAttribute,
            },
            State::BeforeValue => match byte {
                b'"' => self.value_at(State::DoubleQuoted, next),
                b'\'' => self.value_at(State::SingleQuoted, next),
                b'>' => return self.closed(next),
                _ if is_space(byte) => self.at = next,
                _ => self.value_at(State::Unquoted, at),
            },
            State::DoubleQuoted => self.quoted(b'"', rest, bytes.len()),
            State::SingleQuoted => self.quoted(b'\'', rest, bytes.len()),
            State::Unquoted => {
                let length = rest.iter().take_while(|byte| !(is_space(**byte) || **byte == b'>')).count();
                let end = at.saturating_add(length);
                self.last(|span| span.value.1 = end);
                self.at = end;
                if end < bytes.len() {
                    self.state = State::BeforeAttribute;
                }
            }
            State::SelfClosing => {
                if byte == b'>' {
                    self.self_closing = true;
                    return self.closed(next);
                }
                self.state = State::BeforeAttribute;
            }
        }
        false
    }

    fn quoted(&mut self, quote: u8, rest: &[u8], length: usize) {
        match memchr(quote, rest) {
            None => self.at = length,
            Some(more) => {
                let end = self.at.saturating_add(more);
                self.last(|span| span.value.1 = end);
                self.go(State::BeforeAttribute, end.saturating_add(1));
            }
        }
    }

    fn value_at(&mut self, state: State, at: usize) {
        self.last(|span| span.value = (at, at));
        self.go(state, at);
    }

    fn closed(&mut self, behind: usize) -> bool {
        self.at = behind;
        true
    }

    fn go(&mut self, state: State, at: usize) {
        (self.state, self.at) = (state, at);
    }

    fn last(&mut self, change: impl FnOnce(&mut Span)) {
        if let Some(span) = self.attributes.last_mut() {
            change(span);
        }
    }
}

/// White space in a tag; CR is one too, as newlines are normalised before (HTML section 13.2.3.5).
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

const fn ends_name(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'/' | b'>')
}
