//! As much of the tree that a browser builds as decides how what follows a tag is read (HTML section 13.2.6).
//!
//! - In SVG and MathML `<style>` and `<title>` hold markup, and CDATA exists: which of them is open, down to the
//!   points where HTML begins again, is followed.
//! - In a list, in a template in one, and in frame sets browsers pass over some of the tags that elsewhere make text
//!   of what follows; they do not agree which, and have changed it. Such a tag there is [`Fault::Ambiguous`].
//! - An end tag of HTML inside SVG or MathML leaves it, if its element is open around it. That is not followed:
//!   [`Fault::Ambiguous`] too.

use super::Fault;
use super::name::Name;
use super::tag::Tag;
use super::text::Raw;

/// The deepest nesting of SVG, MathML and HTML in each other, and of templates, that is followed.
const DEEPEST: usize = 512;

/// How what follows a start tag is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tokens {
    Markup,
    Text(Raw),
    Plaintext,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    Html,
    Svg,
    Math,
}

/// An open element at which another space begins: `name` is its own, `inside` that of its children.
#[derive(Debug, Clone, Copy)]
struct Border {
    name: Name,
    inside: Space,
}

/// Where tags that make text of what follows may be passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Select,
    /// In so many templates in a list.
    TemplateInSelect(usize),
    Frameset,
}

pub(super) struct Tree {
    borders: Vec<Border>,
    place: Place,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { borders: Vec::new(), place: Place::Anywhere }
    }

    pub(super) fn is_foreign(&self) -> bool {
        self.space() != Space::Html
    }

    fn space(&self) -> Space {
        self.borders.last().map_or(Space::Html, |border| border.inside)
    }

    /// A start tag: tells which space its element is in, and how to read on.
    pub(super) fn start(&mut self, tag: &mut Tag<'_>) -> Result<Tokens, Fault> {
        self.check(tag.name)?;
        let space = self.space();
        if space == Space::Html {
            match tag.name {
                Name::Svg => self.open(tag, Space::Svg)?,
                Name::Math => self.open(tag, Space::Math)?,
                _ => return Ok(tokens_behind(tag.name)),
            }
            return Ok(Tokens::Markup);
        }
        if leaves(tag) {
            self.leave();
            return Ok(tokens_behind(tag.name));
        }
        tag.html = false;
        let inside = match (space, tag.name) {
            (Space::Svg, Name::Desc | Name::Title | Name::ForeignObject)
            | (Space::Math, Name::Mi | Name::Mn | Name::Mo | Name::Ms | Name::Mtext) => Space::Html,
            (Space::Math, Name::AnnotationXml) if holds_html(tag)? => Space::Html,
            (Space::Math, Name::AnnotationXml) => Space::Math,
            (_, Name::Svg) if self.in_annotation() => Space::Svg,
            (_, Name::Svg | Name::Math) => space,
            _ => return Ok(Tokens::Markup),
        };
        self.open(tag, inside)?;
        Ok(Tokens::Markup)
    }

    /// An end tag.
    pub(super) fn end(&mut self, name: Name) -> Result<(), Fault> {
        match (self.place, name) {
            (Place::Select, Name::Select) => self.place = Place::Anywhere,
            (Place::TemplateInSelect(1), Name::Template) => self.place = Place::Select,
            (Place::TemplateInSelect(depth), Name::Template) => {
                self.place = Place::TemplateInSelect(depth.saturating_sub(1));
            }
            _ => {}
        }
        if self.borders.last().is_some_and(|border| border.name == name) {
            self.borders.pop();
        } else if self.is_foreign() {
            match name {
                // An outer one of the same space, and what is open in it.
                Name::Svg | Name::Math => self.close(name),
                Name::P | Name::Br => self.leave(),
                _ if is_only_html(name) => return Err(Fault::Ambiguous),
                _ => {}
            }
        } else if !self.borders.is_empty() && matches!(name, Name::Svg | Name::Math) {
            // It ends what is around this point of HTML, unless an element of HTML is open in it.
            return Err(Fault::Ambiguous);
        }
        Ok(())
    }

    fn open(&mut self, tag: &mut Tag<'_>, inside: Space) -> Result<(), Fault> {
        tag.html = false;
        if tag.self_closing {
            return Ok(());
        }
        if self.borders.len() >= DEEPEST {
            return Err(Fault::Memory);
        }
        self.borders.push(Border { name: tag.name, inside });
        Ok(())
    }

    /// Up to HTML.
    fn leave(&mut self) {
        while self.is_foreign() {
            self.borders.pop();
        }
    }

    /// The innermost element of this name, unless HTML lies between.
    fn close(&mut self, name: Name) {
        let foreign = self.borders.iter().rev().take_while(|border| border.inside != Space::Html);
        if let Some(depth) = foreign.clone().position(|border| border.name == name) {
            let left = self.borders.len().saturating_sub(depth.saturating_add(1));
            self.borders.truncate(left);
        }
    }

    fn in_annotation(&self) -> bool {
        self.borders.last().is_some_and(|border| border.name == Name::AnnotationXml)
    }

    /// Refuses a tag that may or may not make text of what follows.
    fn check(&mut self, name: Name) -> Result<(), Fault> {
        let makes_text = tokens_behind(name) != Tokens::Markup;
        match (self.place, name) {
            (Place::Anywhere, Name::Select) => self.place = Place::Select,
            (Place::Anywhere, Name::Frameset) => self.place = Place::Frameset,
            (Place::Anywhere, _) => {}
            // These end the list.
            (Place::Select, Name::Select | Name::Textarea | Name::Input | Name::Keygen) => {
                self.place = Place::Anywhere;
            }
            (Place::Select, Name::Template) => self.place = Place::TemplateInSelect(1),
            (Place::TemplateInSelect(depth), Name::Template) => {
                if depth >= DEEPEST {
                    return Err(Fault::Memory);
                }
                self.place = Place::TemplateInSelect(depth.saturating_add(1));
            }
            (Place::Select, Name::Script) | (Place::Frameset, Name::Noframes) => {}
            _ if makes_text => return Err(Fault::Ambiguous),
            _ => {}
        }
        Ok(())
    }
}

fn tokens_behind(name: Name) -> Tokens {
    match name {
        Name::Textarea
        | Name::Title
        | Name::Script
        | Name::Style
        | Name::Iframe
        | Name::Xmp
        | Name::Noembed
        | Name::Noframes
        | Name::Noscript => Tokens::Text(Raw::of(name)),
        Name::Plaintext => Tokens::Plaintext,
        _ => Tokens::Markup,
    }
}

/// Start tags that end SVG and MathML around them (HTML section 13.2.6.5).
fn leaves(tag: &Tag<'_>) -> bool {
    match tag.name {
        Name::B
        | Name::Big
        | Name::Blockquote
        | Name::Body
        | Name::Br
        | Name::Center
        | Name::Code
        | Name::Dd
        | Name::Div
        | Name::Dl
        | Name::Dt
        | Name::Em
        | Name::Embed
        | Name::H1
        | Name::H2
        | Name::H3
        | Name::H4
        | Name::H5
        | Name::H6
        | Name::Head
        | Name::Hr
        | Name::I
        | Name::Img
        | Name::Li
        | Name::Listing
        | Name::Menu
        | Name::Meta
        | Name::Nobr
        | Name::Ol
        | Name::P
        | Name::Pre
        | Name::Ruby
        | Name::S
        | Name::Small
        | Name::Span
        | Name::Strong
        | Name::Strike
        | Name::Sub
        | Name::Sup
        | Name::Table
        | Name::Tt
        | Name::U
        | Name::Ul
        | Name::Var => true,
        Name::Font => ["color", "face", "size"].iter().any(|name| tag.attribute(name).is_some()),
        _ => false,
    }
}

/// Elements that neither SVG nor MathML has: their end tag is that of one around it, or a stray one.
fn is_only_html(name: Name) -> bool {
    matches!(
        name,
        Name::Article
            | Name::Aside
            | Name::Blockquote
            | Name::Body
            | Name::Button
            | Name::Center
            | Name::Dd
            | Name::Div
            | Name::Dl
            | Name::Dt
            | Name::Footer
            | Name::Form
            | Name::Header
            | Name::Html
            | Name::Label
            | Name::Li
            | Name::Main
            | Name::Menu
            | Name::Nav
            | Name::Ol
            | Name::Pre
            | Name::Section
            | Name::Span
            | Name::Table
            | Name::Tbody
            | Name::Td
            | Name::Template
            | Name::Tfoot
            | Name::Th
            | Name::Thead
            | Name::Tr
            | Name::Ul
    )
}

/// An `annotation-xml` whose `encoding` says that it holds HTML.
fn holds_html(tag: &Tag<'_>) -> Result<bool, Fault> {
    let encoding = tag.attribute("encoding").unwrap_or_default();
    if encoding.contains(&b'&') {
        return Err(Fault::Ambiguous);
    }
    Ok(encoding.eq_ignore_ascii_case(b"text/html") || encoding.eq_ignore_ascii_case(b"application/xhtml+xml"))
}
