//! XML 1.0 in UTF-8, without document types: no entity is ever looked up but the five that XML knows, so there
//! is nothing to fetch and nothing to expand.
//!
//! The text of an element is one value, however comments, CDATA sections and inner elements cut it up:
//! `<a>sel<b/>ect</a>` says `select` to most readers. What cannot be read is a value as a whole.

use std::borrow::Cow;

use quick_xml::escape;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::{Body, Limits};

/// Reads `body` as one XML document.
pub(super) fn parse<'a>(body: &'a [u8], limits: &Limits) -> Body<'a> {
    match std::str::from_utf8(body) {
        Ok(text) => read(text, limits),
        Err(error) => {
            let mut read = owned(read(&String::from_utf8_lossy(body), limits));
            read.error = Some(format!("XML: byte {}: not UTF-8", error.valid_up_to()));
            read
        }
    }
}

fn owned(read: Body<'_>) -> Body<'static> {
    let owned = |values: Vec<Cow<'_, [u8]>>| values.into_iter().map(|v| Cow::Owned(v.into_owned())).collect();
    Body {
        xml_texts: owned(read.xml_texts),
        xml_attributes: owned(read.xml_attributes),
        error: read.error,
        ..Body::default()
    }
}

struct Document<'a, 'l> {
    limits: &'l Limits,
    /// The text so far of each element that is open.
    open: Vec<Cow<'a, str>>,
    roots: usize,
    read: Body<'a>,
}

fn read<'a>(text: &'a str, limits: &Limits) -> Body<'a> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut document = Document { limits, open: Vec::new(), roots: 0, read: Body::default() };
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let went_on = match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => document.event(event),
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = went_on {
            document.read.fault(format!("XML: byte {before}: {why}"));
            // Rules see the rest as it is.
            document.read.xml_texts.push(Cow::Borrowed(text.as_bytes().get(before..).unwrap_or_default()));
            break;
        }
    }
    if !document.open.is_empty() || document.roots != 1 {
        document.read.fault("XML: not one whole element");
    }
    while let Some(text) = document.open.pop() {
        document.emit(text);
    }
    document.read
}

impl<'a> Document<'a, '_> {
    fn event(&mut self, event: Event<'a>) -> Result<(), String> {
        match event {
            Event::Start(start) => {
                self.start(&start)?;
                if self.open.len() >= self.limits.depth {
                    return Err(format!("nested deeper than {}", self.limits.depth));
                }
                self.open.push(Cow::Borrowed(""));
            }
            Event::Empty(start) => self.start(&start)?,
            Event::End(_) => {
                if let Some(text) = self.open.pop() {
                    self.emit(text);
                }
            }
            Event::Text(text) => self.text(text.into_inner())?,
            Event::CData(text) => self.text(text.into_inner())?,
            Event::GeneralRef(reference) => self.text(resolve(&reference)?)?,
            Event::Decl(declaration) => {
                if let Some(encoding) = declaration.encoding() {
                    let encoding = encoding.map_err(|error| error.to_string())?;
                    if !["utf-8", "us-ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known)) {
                        self.read.fault("XML: it claims an encoding other than UTF-8");
                    }
                }
            }
            Event::DocType(_) => self.read.fault("XML: it has a document type, which is not read"),
            Event::Comment(_) | Event::PI(_) | Event::Eof => {}
        }
        let values = self.read.xml_texts.len() + self.read.xml_attributes.len();
        if values > self.limits.fields {
            return Err(format!("more than {} texts and attributes", self.limits.fields));
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'a>) -> Result<(), String> {
        if self.open.is_empty() {
            self.roots += 1;
        }
        for (count, attribute) in start.attributes().enumerate() {
            // Looking for one that is there twice takes time by the square of their number.
            if count >= self.limits.attributes {
                return Err(format!("more than {} attributes of one element", self.limits.attributes));
            }
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = match escape::unescape(&attribute.value) {
                Ok(value) => value.into_owned(),
                Err(error) => {
                    self.read.fault(format!("XML: {error}"));
                    attribute.value.into_owned()
                }
            };
            self.read.xml_attributes.push(Cow::Owned(value.into_bytes()));
        }
        Ok(())
    }

    fn text(&mut self, text: Cow<'a, str>) -> Result<(), String> {
        match self.open.last_mut() {
            Some(so_far) if so_far.is_empty() => *so_far = text,
            Some(so_far) => so_far.to_mut().push_str(&text),
            None if text.trim().is_empty() => {}
            None => return Err("text outside of any element".to_owned()),
        }
        Ok(())
    }

    fn emit(&mut self, text: Cow<'a, str>) {
        if text.trim().is_empty() {
            return;
        }
        self.read.xml_texts.push(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        });
    }
}

fn resolve<'t>(reference: &BytesRef<'_>) -> Result<Cow<'t, str>, String> {
    match reference.resolve_char_ref().map_err(|error| error.to_string())? {
        Some(character) => Ok(Cow::Owned(character.to_string())),
        None => escape::resolve_predefined_entity(reference)
            .map(Cow::Borrowed)
            .ok_or_else(|| format!("the entity `{}` is not one of XML's own", &**reference)),
    }
}
