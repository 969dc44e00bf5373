//! The tokens of a page as a browser's parser finds them (HTML section 13.2.5), read while the page streams.
//!
//! Only what the layer asks for is told apart: start tags with their attributes, end tags, and the text of
//! scripts and styles. Comments, doctypes and text are passed over as fast as they can be searched. Which
//! tags switch the tokenizer to text depends on the tree that a browser builds; [`tree`] follows as much of it
//! as decides that, and where the answer would depend on more, reading stops with [`Fault::Ambiguous`]:
//! what is not certain is not edited.
//!
//! Time is linear in the page however it is cut, and what is kept between two parts has a bound.

mod name;
#[cfg(test)]
pub(super) mod oracle;
mod scan;
mod tag;
#[cfg(test)]
mod tests;
mod text;
mod tree;

pub(super) use name::Name;
pub(super) use tag::{Attribute, Tag};

use tag::Reading;
use text::Raw;
use tree::{Tokens, Tree};

/// The longest tag that may come in parts, in bytes.
const LONGEST_TAG: usize = 1 << 20;

/// Why a page cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Whether what follows is markup depends on more of the tree than is followed.
    Ambiguous,
    /// A tag is too long, or elements are nested too deeply.
    Memory,
}

/// Who is told of what is found.
pub(super) trait Listener {
    /// A start tag. Whether the text behind it, up to the next tag, is wanted.
    fn start(&mut self, tag: &Tag<'_>) -> bool;
    /// An end tag.
    fn end(&mut self, name: Name);
    /// Text that was wanted, in parts.
    fn text(&mut self, part: &[u8]);
    /// The wanted text is over.
    fn text_ends(&mut self);
}

/// Where the reader stands between two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Markup and text.
    Data,
    /// `<!-- … -->`, behind its opening.
    Comment,
    /// Up to the next `>`: doctypes, and what is neither tag nor comment.
    Bogus,
    /// `<![CDATA[ … ]]>` in SVG and MathML.
    Cdata,
    /// Text up to the end tag of an element.
    Text(Raw),
    /// Text up to the end of the page.
    Plaintext,
}

/// Reads one page.
pub(super) struct Reader {
    mode: Mode,
    tree: Tree,
    /// What could not be read before more of it comes.
    pending: Vec<u8>,
    /// Where `pending` begins, in bytes from the start of the page.
    position: usize,
    /// How far the tag at the start of `pending` was read.
    reading: Reading,
    /// The listener wants the text that follows.
    wanted: bool,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            mode: Mode::Data,
            tree: Tree::new(),
            pending: Vec::new(),
            position: 0,
            reading: Reading::default(),
            wanted: false,
        }
    }

    /// Reads the next bytes of the page.
    ///
    /// # Errors
    /// When the rest cannot be read with certainty; nothing more may be pushed then.
    pub(super) fn push(&mut self, chunk: &[u8], listener: &mut impl Listener) -> Result<(), Fault> {
        let whole;
        let mut rest = chunk;
        if !self.pending.is_empty() {
            let mut pending = std::mem::take(&mut self.pending);
            pending.extend_from_slice(chunk);
            whole = pending;
            rest = &whole;
        }
        while !rest.is_empty() {
            let read = match self.mode {
                Mode::Data => self.data(rest, listener)?,
                Mode::Comment => self.through(scan::comment_end(rest), rest),
                Mode::Bogus => self.through(scan::bogus_end(rest), rest),
                Mode::Cdata => self.through(scan::cdata_end(rest), rest),
                Mode::Text(raw) => self.text(rest, raw, listener)?,
                Mode::Plaintext => rest.len(),
            };
            if read == 0 {
                break;
            }
            self.position = self.position.saturating_add(read);
            rest = rest.get(read..).unwrap_or_default();
        }
        if rest.len() > LONGEST_TAG {
            return Err(Fault::Memory);
        }
        self.pending = rest.to_vec();
        Ok(())
    }

    /// The page is over.
    pub(super) fn end(mut self, listener: &mut impl Listener) {
        let last = std::mem::take(&mut self.pending);
        if matches!(self.mode, Mode::Text(_)) {
            self.heard(&last, listener);
        }
        self.stop_hearing(listener);
    }

    /// Text and what a `<` begins; how many bytes were read, none when more are needed.
    fn data(&mut self, rest: &[u8], listener: &mut impl Listener) -> Result<usize, Fault> {
        let Some(open) = memchr::memchr(b'<', rest) else {
            self.heard(rest, listener);
            return Ok(rest.len());
        };
        if open > 0 {
            self.heard(rest.get(..open).unwrap_or_default(), listener);
            return Ok(open);
        }
        Ok(match rest.get(1) {
            None => 0,
            Some(b'a'..=b'z' | b'A'..=b'Z') => return self.start_tag(rest, listener),
            Some(b'/') => match rest.get(2) {
                None => 0,
                Some(b'a'..=b'z' | b'A'..=b'Z') => return self.end_tag(rest, listener),
                Some(_) => self.enter(Mode::Bogus, 2),
            },
            Some(b'!') => match scan::declaration(rest, self.tree.is_foreign()) {
                scan::Declaration::Comment(length) => self.enter(Mode::Comment, length),
                scan::Declaration::Empty(length) => length,
                scan::Declaration::Cdata(length) => self.enter(Mode::Cdata, length),
                scan::Declaration::Bogus(length) => self.enter(Mode::Bogus, length),
                scan::Declaration::Incomplete => 0,
            },
            Some(b'?') => self.enter(Mode::Bogus, 1),
            Some(_) => {
                self.heard(b"<", listener);
                1
            }
        })
    }

    fn start_tag(&mut self, rest: &[u8], listener: &mut impl Listener) -> Result<usize, Fault> {
        let Some(length) = self.reading.read(rest) else { return Ok(0) };
        let behind = self.position.saturating_add(length);
        self.stop_hearing(listener);
        let mut reading = std::mem::take(&mut self.reading);
        let mut tag = reading.tag(rest, behind);
        let tokens = self.tree.start(&mut tag)?;
        self.wanted = listener.start(&tag);
        reading.restart();
        self.reading = reading;
        self.mode = match tokens {
            Tokens::Markup => Mode::Data,
            Tokens::Text(raw) => Mode::Text(raw),
            Tokens::Plaintext => Mode::Plaintext,
        };
        Ok(length)
    }

    fn end_tag(&mut self, rest: &[u8], listener: &mut impl Listener) -> Result<usize, Fault> {
        let Some(length) = self.reading.read(rest) else { return Ok(0) };
        let name = self.reading.tag(rest, 0).name;
        self.reading.restart();
        self.tree.end(name)?;
        self.stop_hearing(listener);
        listener.end(name);
        Ok(length)
    }

    /// Text up to an end tag of the element; that tag is then read as markup.
    fn text(&mut self, rest: &[u8], raw: Raw, listener: &mut impl Listener) -> Result<usize, Fault> {
        let (read, next) = text::read(rest, raw);
        self.heard(rest.get(..read).unwrap_or_default(), listener);
        self.mode = next.map_or(Mode::Data, Mode::Text);
        if read == 0 && next.is_none() { self.data(rest, listener) } else { Ok(read) }
    }

    fn through(&mut self, found: scan::Found, rest: &[u8]) -> usize {
        match found {
            scan::Found::Behind(length) => self.enter(Mode::Data, length),
            scan::Found::Keep(last) => rest.len().saturating_sub(last),
        }
    }

    fn enter(&mut self, mode: Mode, length: usize) -> usize {
        self.mode = mode;
        length
    }

    fn heard(&self, part: &[u8], listener: &mut impl Listener) {
        if self.wanted && !part.is_empty() {
            listener.text(part);
        }
    }

    fn stop_hearing(&mut self, listener: &mut impl Listener) {
        if std::mem::take(&mut self.wanted) {
            listener.text_ends();
        }
    }
}
