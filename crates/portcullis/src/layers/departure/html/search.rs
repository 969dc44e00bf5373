//! What the parser is asked to look at: every start tag, and the text of scripts and styles.

use lol_html::html_content::TextChunk;
use lol_html::send::Element;
use sha2::{Digest, Sha256};

use super::address::{Addresses, Destination, candidates, in_css};
use super::findings::{Findings, Listed};
use super::references::{Decoded, decode, newlines};
use crate::layers::content::csrf::FIELD;

const HTML_NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// The longest script or style that is hashed: what is held of a page is no longer.
const LONGEST_TEXT: usize = 256 << 10;

/// The most forms of other places that are remembered by their id.
const MOST_IDS: usize = 64;

/// What was found so far.
pub(super) struct Search {
    pub(super) findings: Findings,
    pub(super) addresses: Addresses,
    /// Whether the charset was declared before the first tag or by a `<meta>` so far.
    pub(super) charset_known: bool,
    /// Forms found since [`Search::settle`] was last called.
    forms: Vec<Form>,
    /// The form that is open, as far as end tags tell.
    open: Option<Open>,
    /// How many elements are open in which browsers pass over the end tag of a form around them.
    shelters: usize,
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
    /// Nor may one of a form in it: browsers ignore its start tag, and send what is in it with this one.
    tainted: bool,
}

#[derive(PartialEq, Eq)]
enum TextOf {
    Script,
    Style,
    DataBlock,
}

struct Text {
    of: TextOf,
    text: String,
    /// Too long, or not the text that the browser will see.
    uncertain: bool,
}

impl Search {
    pub(super) fn new(addresses: Addresses, charset_known: bool) -> Self {
        Self {
            findings: Findings::default(),
            addresses,
            charset_known,
            forms: Vec::new(),
            open: None,
            shelters: 0,
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

    /// An end tag closes what [`Search::element`] asked to watch: `element` by name, and `by` is the tag's,
    /// which may be that of a parent.
    ///
    /// The end of a parent does not end a form: it stays open for what follows until its own end tag
    /// (HTML section 13.2.4.4, the form element pointer). In a template or a list that tag is passed over.
    pub(super) fn ends(&mut self, element: &str, by: &str) {
        if !by.eq_ignore_ascii_case(element) {
            return;
        }
        if element != "form" {
            self.shelters = self.shelters.saturating_sub(1);
        } else if self.shelters == 0 {
            self.open = None;
        }
    }

    /// A start tag. Tells whether the end tag must be watched.
    pub(super) fn element(&mut self, element: &Element<'_, '_>) -> bool {
        let name = element.tag_name();
        self.attributes(element);
        let html = element.namespace_uri() == HTML_NAMESPACE;
        match name.as_str() {
            "form" if html => {
                self.form(element);
                return true;
            }
            "template" | "select" if html => {
                self.shelters = self.shelters.saturating_add(1);
                return true;
            }
            "button" | "input" => self.button(&name, element),
            "script" => self.script(element, html),
            "style" => {
                self.text = Some(Text { of: TextOf::Style, text: String::new(), uncertain: !html });
            }
            "base" if html => self.base(element),
            "meta" => self.meta(element),
            "link" => self.link(element),
            "img" | "image" | "use" | "feimage" => {
                for key in ["src", "href", "xlink:href"] {
                    self.note(element, key, |findings| &mut findings.images);
                }
                self.srcset(element, "srcset");
            }
            "source" => {
                self.note(element, "src", |findings| &mut findings.media);
                self.srcset(element, "srcset");
            }
            "audio" | "video" | "track" => {
                self.note(element, "src", |findings| &mut findings.media);
                self.note(element, "poster", |findings| &mut findings.images);
            }
            "iframe" | "frame" => {
                self.note(element, "src", |findings| &mut findings.frames);
                if element.has_attribute("srcdoc") {
                    self.findings.srcdoc = true;
                    self.findings.any_script = true;
                }
            }
            "object" => self.note(element, "data", |findings| &mut findings.objects),
            "embed" => self.note(element, "src", |findings| &mut findings.objects),
            "a" | "area" => self.note(element, "ping", |findings| &mut findings.connects),
            "body" | "table" | "td" | "th" | "tr" => {
                self.note(element, "background", |findings| &mut findings.images);
            }
            _ => {}
        }
        false
    }

    /// The text of a script or style, in parts.
    pub(super) fn text(&mut self, chunk: &TextChunk<'_>) {
        let Some(text) = &mut self.text else { return };
        if text.text.len().saturating_add(chunk.as_str().len()) > LONGEST_TEXT {
            text.uncertain = true;
        } else {
            text.text.push_str(chunk.as_str());
        }
        if chunk.last_in_text_node() {
            self.text_ends();
        }
    }

    fn text_ends(&mut self) {
        let Some(Text { of, text, mut uncertain }) = self.text.take() else { return };
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

    fn attributes(&mut self, element: &Element<'_, '_>) {
        for attribute in element.attributes() {
            let name = attribute.name();
            let raw = attribute.value();
            let is_handler = name.len() > 2 && name.starts_with("on");
            if !is_handler && name != "style" && !may_be_script(&raw) {
                continue;
            }
            let Decoded { text, certain } = decode(&raw);
            let uncertain = !certain || (!self.charset_known && !text.is_ascii());
            if is_handler {
                self.findings.any_script = true;
                add_hash(&mut self.findings.handlers, &text, uncertain);
            } else if name == "style" {
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

    fn form(&mut self, element: &Element<'_, '_>) {
        let method = element.get_attribute("method").unwrap_or_default();
        let action = element.get_attribute("action");
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
        if self.open.is_none() {
            self.open = Some(Open { index: Some(self.forms.len()), tainted: foreign });
        }
        self.forms.push(Form {
            behind: element.source_location().bytes().end,
            post: method.eq_ignore_ascii_case("post"),
            action,
            id: element
                .get_attribute("id")
                .filter(|id| !id.is_empty())
                .map(|id| decode(&id).text.into_owned()),
            spoiled: !certain
                || inside_tainted
                || element.is_self_closing()
                || is_plain_text(element, "enctype"),
        });
    }

    fn button(&mut self, name: &str, element: &Element<'_, '_>) {
        if name == "input" {
            if element.get_attribute("name").is_some_and(|name| name == FIELD) {
                self.spoil();
            }
            if element.get_attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("image")) {
                self.note(element, "src", |findings| &mut findings.images);
            }
        }
        let foreign = element.get_attribute("formaction").is_some_and(|action| {
            let Decoded { text, certain } = decode(&action);
            let destination = self.addresses.form_destination(Some(&text));
            let foreign = !certain || !matches!(destination, Destination::Own);
            self.findings.forms.note(destination);
            foreign
        });
        if !foreign && !is_plain_text(element, "formenctype") {
            return;
        }
        match element.get_attribute("form") {
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

    fn script(&mut self, element: &Element<'_, '_>, html: bool) {
        let source = ["src", "href", "xlink:href"]
            .into_iter()
            .take(if html { 1 } else { 3 })
            .find_map(|key| element.get_attribute(key));
        let data_block = element.get_attribute("type").is_some_and(|kind| is_data_block(&kind));
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
        self.text = Some(Text { of, text: String::new(), uncertain: !html });
    }

    fn base(&mut self, element: &Element<'_, '_>) {
        let Some(href) = element.get_attribute("href") else { return };
        if !self.addresses.has_base() {
            let href = decode(&href);
            self.addresses.note(&mut self.findings.bases, &href.text);
            self.addresses.set_base(&href.text);
        }
    }

    fn meta(&mut self, element: &Element<'_, '_>) {
        let equivalent = element.get_attribute("http-equiv").unwrap_or_default();
        if element.has_attribute("charset") || equivalent.eq_ignore_ascii_case("content-type") {
            self.charset_known = true;
        }
        if equivalent.eq_ignore_ascii_case("content-security-policy") {
            self.findings.meta_policy = true;
        }
    }

    fn link(&mut self, element: &Element<'_, '_>) {
        let relations = element.get_attribute("rel").unwrap_or_default().to_ascii_lowercase();
        let kind = element.get_attribute("as").unwrap_or_default().to_ascii_lowercase();
        for relation in relations.split_ascii_whitespace() {
            match (relation, kind.as_str()) {
                ("stylesheet", _) | ("preload", "style") => {
                    self.note(element, "href", |findings| &mut findings.styles);
                }
                ("modulepreload", _) | ("preload", "script" | "worker") => {
                    self.findings.any_script = true;
                    self.note(element, "href", |findings| &mut findings.scripts);
                }
                ("icon" | "apple-touch-icon" | "apple-touch-icon-precomposed" | "mask-icon", _)
                | ("preload", "image") => {
                    self.note(element, "href", |findings| &mut findings.images);
                    self.srcset(element, "imagesrcset");
                }
                ("preload", "font") => self.note(element, "href", |findings| &mut findings.fonts),
                ("preload", "fetch") => self.note(element, "href", |findings| &mut findings.connects),
                ("preload", "audio" | "video" | "track") => {
                    self.note(element, "href", |findings| &mut findings.media);
                }
                ("manifest", _) => self.note(element, "href", |findings| &mut findings.manifests),
                _ => {}
            }
        }
    }

    fn srcset(&mut self, element: &Element<'_, '_>, key: &str) {
        if let Some(set) = element.get_attribute(key) {
            for address in candidates(&decode(&set).text) {
                self.addresses.note(&mut self.findings.images, address);
            }
        }
    }

    fn note(
        &mut self,
        element: &Element<'_, '_>,
        key: &str,
        kind: impl FnOnce(&mut Findings) -> &mut super::Sources,
    ) {
        if let Some(address) = element.get_attribute(key) {
            self.addresses.note(kind(&mut self.findings), &decode(&address).text);
        }
    }
}

/// A body of plain text has no fields that could be told apart, so that a token in it could not be taken
/// out again before the app.
fn is_plain_text(element: &Element<'_, '_>, attribute: &str) -> bool {
    element.get_attribute(attribute).is_some_and(|coding| {
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
fn may_be_script(raw: &str) -> bool {
    raw.trim_start_matches(|c: char| c <= ' ').starts_with(['j', 'J', '&'])
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
