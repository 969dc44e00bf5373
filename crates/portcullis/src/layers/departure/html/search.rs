//! What the parser is asked to look at: every start tag, and the text of scripts and styles.

use std::borrow::Cow;

use encoding_rs::Encoding;
use sha2::{Digest, Sha256};

use super::address::{Addresses, Destination, candidates, in_css};
use super::charset::Charset;
use super::findings::{Findings, Listed};
use super::markup::{Attribute, Listener, Name, Tag};
use super::references::{Decoded, decode, newlines};
use crate::layers::content::csrf::FIELD;

/// The longest script or style that is hashed: what is held of a page is no longer.
const LONGEST_TEXT: usize = 256 << 10;

/// The most forms of other places that are remembered by their id.
const MOST_IDS: usize = 64;

/// The most lists and templates in each other that are followed.
const MOST_SHELTERS: usize = 64;

/// What was found so far.
pub(super) struct Search {
    pub(super) findings: Findings,
    pub(super) addresses: Addresses,
    /// Whether the charset was declared before the first tag or by a `<meta>` so far.
    charset_known: bool,
    /// How its bytes are characters, as far as is known.
    encoding: &'static Encoding,
    /// Forms found since [`Search::settle`] was last called.
    forms: Vec<Form>,
    /// The form that is open, as far as end tags tell.
    open: Option<Open>,
    /// What is open in which browsers pass over the end tag of a form around it: lists and templates.
    shelters: Vec<Name>,
    /// Ids of forms that a button elsewhere on the page sends to a foreign place.
    sent_away: Vec<String>,
    /// There are more of those, or one that cannot be told: any form with an id may be meant.
    any_sent_away: bool,
    text: Option<Text>,
}

struct Form {
    /// Behind its start tag, in bytes from the start of the page.
    behind: usize,
    post: bool,
    action: Option<String>,
    id: Option<String>,
    /// It must not get a token.
    spoiled: bool,
}

#[derive(Clone, Copy)]
struct Open {
    /// Its place in `forms`, until those are settled.
    index: Option<usize>,
    /// No form in it may get a token: browsers ignore its start tag, and send what is in it with this one, to a
    /// foreign place or in the URL.
    tainted: bool,
    /// Its end tag came where some browsers pass over it: it, or the next form, is the open one.
    uncertain: bool,
}

#[derive(PartialEq, Eq)]
enum TextOf {
    Script,
    Style,
    DataBlock,
}

struct Text {
    of: TextOf,
    bytes: Vec<u8>,
    /// Too long, or not the text that the browser will see.
    uncertain: bool,
}

impl Search {
    pub(super) fn new(addresses: Addresses, charset: &Charset) -> Self {
        Self {
            findings: Findings::default(),
            addresses,
            charset_known: charset.declared,
            encoding: charset.encoding,
            forms: Vec::new(),
            open: None,
            shelters: Vec::new(),
            sent_away: Vec::new(),
            any_sent_away: false,
            text: None,
        }
    }

    /// Where tokens go among the forms found since the last call, in order.
    pub(super) fn settle(&mut self) -> Vec<usize> {
        let mut places = Vec::new();
        for form in self.forms.drain(..) {
            let destination = self.addresses.form_destination(form.action.as_deref());
            let sent_away = form.id.is_some_and(|id| self.any_sent_away || self.sent_away.contains(&id));
            if form.post && !form.spoiled && !sent_away && destination == Destination::Own {
                places.push(form.behind);
            }
        }
        if let Some(open) = &mut self.open {
            open.index = None;
        }
        places
    }

    fn element(&mut self, tag: &Tag<'_>) {
        self.attributes(tag);
        match tag.name {
            Name::Form if tag.html => self.form(tag),
            Name::Template | Name::Select if tag.html && self.shelters.len() < MOST_SHELTERS => {
                self.shelters.push(tag.name);
            }
            Name::Button | Name::Input => self.button(tag),
            Name::Script => self.script(tag),
            Name::Style => {
                self.text = Some(Text { of: TextOf::Style, bytes: Vec::new(), uncertain: !tag.html });
            }
            Name::Base if tag.html => self.base(tag),
            Name::Meta => self.meta(tag),
            Name::Link => self.link(tag),
            Name::Img | Name::Image | Name::Use | Name::Feimage => {
                for key in ["src", "href", "xlink:href"] {
                    self.note(tag, key, |findings| &mut findings.images);
                }
                self.srcset(tag, "srcset");
            }
            Name::Source => {
                self.note(tag, "src", |findings| &mut findings.media);
                self.srcset(tag, "srcset");
            }
            Name::Audio | Name::Video | Name::Track => {
                self.note(tag, "src", |findings| &mut findings.media);
                self.note(tag, "poster", |findings| &mut findings.images);
            }
            Name::Iframe | Name::Frame => {
                self.note(tag, "src", |findings| &mut findings.frames);
                if tag.attribute("srcdoc").is_some() {
                    self.findings.srcdoc = true;
                    self.findings.any_script = true;
                }
            }
            Name::Object => self.note(tag, "data", |findings| &mut findings.objects),
            Name::Embed => self.note(tag, "src", |findings| &mut findings.objects),
            Name::A | Name::Area => self.note(tag, "ping", |findings| &mut findings.connects),
            Name::Body | Name::Table | Name::Td | Name::Th | Name::Tr => {
                self.note(tag, "background", |findings| &mut findings.images);
            }
            _ => {}
        }
    }

    /// The value of an attribute as it is written, in characters.
    fn written<'a>(&self, tag: &Tag<'a>, name: &str) -> Option<Cow<'a, str>> {
        tag.attribute(name).map(|value| self.characters(value))
    }

    fn characters<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        self.encoding.decode_without_bom_handling(bytes).0
    }

    fn settle_text(&mut self) {
        let Some(Text { of, bytes, mut uncertain }) = self.text.take() else { return };
        let text = self.characters(&bytes);
        if of == TextOf::DataBlock || (text.is_empty() && !uncertain) {
            return;
        }
        // Without a charset browsers guess, and what they hash depends on it. Zeros they replace.
        uncertain |= text.contains('\0') || (!self.charset_known && !text.is_ascii());
        let text = newlines(&text);
        if of == TextOf::Style {
            for address in in_css(&text) {
                self.addresses.note(&mut self.findings.css, address);
            }
        }
        let list = match of {
            TextOf::Style => &mut self.findings.inline_styles,
            TextOf::Script | TextOf::DataBlock => &mut self.findings.inline_scripts,
        };
        add_hash(list, &text, uncertain);
    }

    fn attributes(&mut self, tag: &Tag<'_>) {
        for Attribute { name, value } in tag.attributes() {
            let is_handler = matches!(name, [b'o' | b'O', b'n' | b'N', _, ..]);
            let is_style = name.eq_ignore_ascii_case(b"style");
            if !is_handler && !is_style && !may_be_script(value) {
                continue;
            }
            let raw = self.characters(value);
            let Decoded { text, certain } = decode(&raw);
            let uncertain = !certain || (!self.charset_known && !text.is_ascii());
            if is_handler {
                self.findings.any_script = true;
                add_hash(&mut self.findings.handlers, &text, uncertain);
            } else if is_style {
                add_hash(&mut self.findings.style_attributes, &text, uncertain);
                for address in in_css(&text) {
                    self.addresses.note(&mut self.findings.css, address);
                }
            } else if is_script_url(&text) {
                self.findings.any_script = true;
                match self.addresses.destination(&text) {
                    Destination::Script(url) => {
                        add_hash(&mut self.findings.javascript_urls, &url, uncertain);
                    }
                    _ => self.findings.javascript_urls.overflow(),
                }
            } else if !certain && text.split([':', '/', '?', '#']).next().is_some_and(|s| s.contains('&')) {
                // A scheme spelled with references that are not known could be `javascript`.
                self.findings.any_script = true;
                self.findings.javascript_urls.overflow();
            }
        }
    }

    fn form(&mut self, tag: &Tag<'_>) {
        let method = self.written(tag, "method").unwrap_or_default();
        let action = self.written(tag, "action");
        let decoded = action.as_deref().map(decode);
        let certain = decoded.as_ref().is_none_or(|decoded| decoded.certain);
        let action = decoded.map(|decoded| decoded.text.into_owned());
        let destination = self.addresses.form_destination(action.as_deref());
        let inside_tainted = self.open.is_some_and(|open| open.tainted);
        // A dialog's too: a button in it may choose another method.
        let foreign = !certain || !matches!(destination, Destination::Own);
        if !method.eq_ignore_ascii_case("dialog") {
            self.findings.forms.note(destination);
        }
        let tainted = foreign || !method.eq_ignore_ascii_case("post");
        match &mut self.open {
            None => self.open = Some(Open { index: Some(self.forms.len()), tainted, uncertain: false }),
            Some(open) => open.tainted |= open.uncertain && tainted,
        }
        self.forms.push(Form {
            behind: tag.behind,
            post: method.eq_ignore_ascii_case("post"),
            action,
            id: self.written(tag, "id").filter(|id| !id.is_empty()).map(|id| decode(&id).text.into_owned()),
            spoiled: !certain || inside_tainted || tag.self_closing || is_plain_text(tag, "enctype"),
        });
    }

    fn button(&mut self, tag: &Tag<'_>) {
        if tag.name == Name::Input {
            if self.written(tag, "name").is_some_and(|name| name == FIELD) {
                self.spoil();
            }
            if self.written(tag, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("image")) {
                self.note(tag, "src", |findings| &mut findings.images);
            }
        }
        let foreign = self.written(tag, "formaction").is_some_and(|action| {
            let Decoded { text, certain } = decode(&action);
            let destination = self.addresses.form_destination(Some(&text));
            let foreign = !certain || !matches!(destination, Destination::Own);
            self.findings.forms.note(destination);
            foreign
        });
        if !foreign && !is_plain_text(tag, "formenctype") {
            return;
        }
        match self.written(tag, "form") {
            None => self.spoil(),
            Some(id) => match decode(&id) {
                Decoded { text, certain: true } if self.sent_away.len() < MOST_IDS => {
                    self.sent_away.push(text.into_owned());
                }
                _ => self.any_sent_away = true,
            },
        }
    }

    /// The open form must not get a token, nor one that begins in it.
    fn spoil(&mut self) {
        let Some(open) = &mut self.open else { return };
        open.tainted = true;
        let inside = open.index.unwrap_or(0);
        for form in self.forms.iter_mut().skip(inside) {
            form.spoiled = true;
        }
    }

    fn script(&mut self, tag: &Tag<'_>) {
        let source = ["src", "href", "xlink:href"]
            .into_iter()
            .take(if tag.html { 1 } else { 3 })
            .find_map(|key| self.written(tag, key));
        let data_block = self.written(tag, "type").is_some_and(|kind| is_data_block(&kind));
        let of = if data_block {
            TextOf::DataBlock
        } else {
            self.findings.any_script = true;
            match source {
                None => TextOf::Script,
                Some(source) => {
                    self.addresses.note(&mut self.findings.scripts, &decode(&source).text);
                    TextOf::DataBlock
                }
            }
        };
        self.text = Some(Text { of, bytes: Vec::new(), uncertain: !tag.html });
    }

    fn base(&mut self, tag: &Tag<'_>) {
        let Some(href) = self.written(tag, "href") else { return };
        if !self.addresses.has_base() {
            let href = decode(&href);
            self.addresses.note(&mut self.findings.bases, &href.text);
            self.addresses.set_base(&href.text);
        }
    }

    fn meta(&mut self, tag: &Tag<'_>) {
        let equivalent = self.written(tag, "http-equiv").unwrap_or_default();
        if tag.attribute("charset").is_some() || equivalent.eq_ignore_ascii_case("content-type") {
            self.charset_known = true;
        }
        if equivalent.eq_ignore_ascii_case("content-security-policy") {
            self.findings.meta_policy = true;
        }
    }

    fn link(&mut self, tag: &Tag<'_>) {
        let relations = self.written(tag, "rel").unwrap_or_default().to_ascii_lowercase();
        let kind = self.written(tag, "as").unwrap_or_default().to_ascii_lowercase();
        for relation in relations.split_ascii_whitespace() {
            match (relation, kind.as_str()) {
                ("stylesheet", _) | ("preload", "style") => {
                    self.note(tag, "href", |findings| &mut findings.styles);
                }
                ("modulepreload", _) | ("preload", "script" | "worker") => {
                    self.findings.any_script = true;
                    self.note(tag, "href", |findings| &mut findings.scripts);
                }
                ("icon" | "apple-touch-icon" | "apple-touch-icon-precomposed" | "mask-icon", _)
                | ("preload", "image") => {
                    self.note(tag, "href", |findings| &mut findings.images);
                    self.srcset(tag, "imagesrcset");
                }
                ("preload", "font") => self.note(tag, "href", |findings| &mut findings.fonts),
                ("preload", "fetch") => self.note(tag, "href", |findings| &mut findings.connects),
                ("preload", "audio" | "video" | "track") => {
                    self.note(tag, "href", |findings| &mut findings.media);
                }
                ("manifest", _) => self.note(tag, "href", |findings| &mut findings.manifests),
                _ => {}
            }
        }
    }

    fn srcset(&mut self, tag: &Tag<'_>, key: &str) {
        if let Some(set) = self.written(tag, key) {
            for address in candidates(&decode(&set).text) {
                self.addresses.note(&mut self.findings.images, address);
            }
        }
    }

    fn note(&mut self, tag: &Tag<'_>, key: &str, kind: impl FnOnce(&mut Findings) -> &mut super::Sources) {
        if let Some(address) = self.written(tag, key) {
            self.addresses.note(kind(&mut self.findings), &decode(&address).text);
        }
    }
}

impl Listener for Search {
    fn start(&mut self, tag: &Tag<'_>) -> bool {
        self.text = None;
        self.element(tag);
        self.text.as_ref().is_some_and(|text| text.of != TextOf::DataBlock)
    }

    /// The end of a form's parent does not end the form: it stays open for what follows until its own end tag
    /// (HTML section 13.2.4.4, the form element pointer). In a template that tag is passed over, in a list by some
    /// browsers.
    fn end(&mut self, name: Name) {
        match name {
            Name::Form if self.shelters.is_empty() => self.open = None,
            Name::Form => self.open.iter_mut().for_each(|open| open.uncertain = true),
            // More than are followed are never left.
            Name::Template | Name::Select
                if self.shelters.last() == Some(&name) && self.shelters.len() < MOST_SHELTERS =>
            {
                self.shelters.pop();
            }
            // What is open in the template ends with it.
            Name::Template if self.shelters.len() < MOST_SHELTERS => {
                if let Some(at) = self.shelters.iter().rposition(|open| *open == Name::Template) {
                    self.shelters.truncate(at);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, part: &[u8]) {
        let Some(text) = &mut self.text else { return };
        if text.bytes.len().saturating_add(part.len()) > LONGEST_TEXT {
            text.uncertain = true;
        } else {
            text.bytes.extend_from_slice(part);
        }
    }

    fn text_ends(&mut self) {
        self.settle_text();
    }
}

/// A body of plain text has no fields that could be told apart, so that a token in it could not be taken
/// out again before the app.
fn is_plain_text(tag: &Tag<'_>, attribute: &str) -> bool {
    // Names of types are ASCII: other characters need not be understood to be none.
    tag.attribute(attribute).is_some_and(|coding| {
        let coding = String::from_utf8_lossy(coding);
        let Decoded { text, certain } = decode(&coding);
        !certain || text.eq_ignore_ascii_case("text/plain")
    })
}

fn add_hash(list: &mut Listed<[u8; 32]>, text: &str, uncertain: bool) {
    if uncertain {
        list.overflow();
    } else {
        list.add(Sha256::digest(text.as_bytes()).into());
    }
}

/// Types that browsers neither run nor check against a policy (HTML section 4.12.1).
fn is_data_block(kind: &str) -> bool {
    let kind = kind.trim_ascii().to_ascii_lowercase();
    let subtype = kind.split_once('/').map(|(_, subtype)| subtype);
    let script = kind.is_empty()
        || matches!(kind.as_str(), "module" | "importmap" | "speculationrules")
        || subtype.is_some_and(|subtype| {
            subtype.contains("javascript")
                || subtype.contains("ecmascript")
                || subtype.contains("jscript")
                || subtype.contains("livescript")
        });
    !script
}

/// A cheap look, before a value is decoded.
fn may_be_script(value: &[u8]) -> bool {
    let first = value.iter().find(|byte| **byte > b' ');
    matches!(first, Some(b'j' | b'J' | b'&'))
}

/// Whether a browser reads the scheme as `javascript`: leading controls are dropped, tabs and newlines
/// anywhere (URL standard section 4.4).
fn is_script_url(text: &str) -> bool {
    let mut letters = text
        .trim_start_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .map(|c| c.to_ascii_lowercase());
    "javascript:".chars().all(|expected| letters.next() == Some(expected))
}
