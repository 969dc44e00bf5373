//! Tags and attributes, as the tokenizer of the HTML standard cuts them.

use super::{entity, names, style, url};
use crate::xss::Hit;
use std::borrow::Cow;

/// An attribute as written; names in lower case and without NUL.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    pub(super) name: Cow<'a, [u8]>,
    pub(super) value: &'a [u8],
    pub(super) start: usize,
    pub(super) end: usize,
    /// It has a value, even an empty one.
    pub(super) valued: bool,
    /// The value stood in quotes.
    quoted: bool,
}

/// Reads attributes from `at` on until the tag ends.
pub(super) struct Attributes<'a> {
    input: &'a [u8],
    pub(super) at: usize,
    /// The tag was closed by `>`.
    pub(super) closed: bool,
}

fn lower(name: &[u8]) -> Cow<'_, [u8]> {
    if name.iter().any(|b| b.is_ascii_uppercase() || *b == 0) {
        Cow::Owned(name.iter().filter(|b| **b != 0).map(u8::to_ascii_lowercase).collect())
    } else {
        Cow::Borrowed(name)
    }
}

/// White space to some browser: more than the standard has, since old ones took any control.
fn is_space(byte: u8) -> bool {
    byte <= 0x20
}

/// A tag begins here: `<` and a letter, or `</` and a letter.
fn begins_tag(input: &[u8], at: usize) -> bool {
    let name_at = if input.get(at + 1) == Some(&b'/') { at + 2 } else { at + 1 };
    input.get(at) == Some(&b'<') && input.get(name_at).is_some_and(u8::is_ascii_alphabetic)
}

impl<'a> Attributes<'a> {
    pub(super) fn new(input: &'a [u8], at: usize) -> Self {
        Self { input, at, closed: false }
    }

    /// The next attribute, or nothing where the tag or the input ends or another tag begins.
    pub(super) fn next(&mut self) -> Option<Attribute<'a>> {
        while let Some(&byte) = self.input.get(self.at)
            && (is_space(byte) || byte == b'/')
        {
            self.at += 1;
        }
        let start = self.at;
        match self.input.get(start)? {
            b'>' => {
                self.at += 1;
                self.closed = true;
                return None;
            }
            _ if begins_tag(self.input, start) => return None,
            _ => {}
        }
        // The first byte belongs to the name even if it is `=`.
        self.at += 1;
        while let Some(&byte) = self.input.get(self.at)
            && !(is_space(byte) && byte != 0)
            && !matches!(byte, b'/' | b'>' | b'=')
            && !begins_tag(self.input, self.at)
        {
            self.at += 1;
        }
        let name = lower(self.input.get(start..self.at).unwrap_or_default());
        let mut ahead = self.at;
        while self.input.get(ahead).is_some_and(|b| is_space(*b)) {
            ahead += 1;
        }
        if self.input.get(ahead) != Some(&b'=') {
            return Some(Attribute { name, value: b"", start, end: self.at, valued: false, quoted: false });
        }
        ahead += 1;
        while self.input.get(ahead).is_some_and(|b| is_space(*b)) {
            ahead += 1;
        }
        let (value, end, quoted) = match self.input.get(ahead) {
            Some(&quote @ (b'"' | b'\'')) => {
                let from = ahead + 1;
                let rest = self.input.get(from..).unwrap_or_default();
                match memchr::memchr(quote, rest) {
                    Some(offset) => (rest.get(..offset).unwrap_or_default(), from + offset + 1, true),
                    None => (rest, self.input.len(), true),
                }
            }
            _ => {
                let mut end = ahead;
                while let Some(&byte) = self.input.get(end)
                    && !(is_space(byte) && byte != 0)
                    && byte != b'>'
                    && !begins_tag(self.input, end)
                {
                    end += 1;
                }
                (self.input.get(ahead..end).unwrap_or_default(), end, false)
            }
        };
        self.at = end;
        Some(Attribute { name, value, start, end, valued: true, quoted })
    }
}

/// Looks at every tag of the text, and at tags in quoted values of attributes, which are text to some readers.
pub(super) fn scan(input: &[u8], base: usize, depth: u32, steps: &mut usize) -> Option<Hit> {
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'<', input.get(at..)?) {
        *steps += offset + 1;
        let start = at + offset;
        at = start + 1;
        let next = input.get(at..).unwrap_or_default();
        // Old browsers skip NUL between `<` and the name.
        let skipped = next.iter().take_while(|b| **b == 0).count();
        match next.get(skipped) {
            Some(byte) if byte.is_ascii_alphabetic() => {
                let (hit, end) = tag(input, start, at + skipped, base, depth, steps);
                if hit.is_some() {
                    return hit;
                }
                at = end.max(at);
            }
            Some(b'/') => {
                let name_at = at + skipped + 1;
                let name = name_of(input, name_at);
                if local(&name) == b"script" {
                    return Some(Hit::new(
                        start + base..name_at + name.len() + base,
                        TEXT,
                        "it ends the script that it lands in",
                        "/script",
                    ));
                }
                if input.get(name_at).is_some_and(u8::is_ascii_alphabetic) {
                    let (hit, end) = tag(input, start, name_at, base, depth, steps);
                    if hit.is_some() {
                        return hit;
                    }
                    at = end.max(at);
                }
            }
            Some(b'?') => {
                let word = next.get(skipped + 1..).unwrap_or_default();
                let imports = word.get(..6).is_some_and(|head| head.eq_ignore_ascii_case(b"import"));
                let styles = word.get(..14).is_some_and(|head| head.eq_ignore_ascii_case(b"xml-stylesheet"));
                if imports || styles {
                    return Some(Hit::new(
                        start + base..input.len() + base,
                        TEXT,
                        "it loads a style sheet or behaviour",
                        "?import",
                    ));
                }
            }
            _ => {}
        }
    }
    None
}

const TEXT: &str = "the text of a page";

fn name_of(input: &[u8], at: usize) -> Cow<'_, [u8]> {
    let rest = input.get(at..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|b| is_space(*b) && *b != 0 || matches!(b, b'/' | b'>'))
        .unwrap_or(rest.len())
        .min(64);
    lower(rest.get(..length).unwrap_or_default())
}

/// The name without the prefix of a namespace.
pub(super) fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|b| *b == b':').next().unwrap_or_default()
}

/// One tag. Returns where to go on reading.
fn tag(
    input: &[u8],
    start: usize,
    name_at: usize,
    base: usize,
    depth: u32,
    steps: &mut usize,
) -> (Option<Hit>, usize) {
    let rest = input.get(name_at..).unwrap_or_default();
    let raw_length =
        rest.iter().position(|b| is_space(*b) && *b != 0 || matches!(b, b'/' | b'>')).unwrap_or(rest.len());
    // Another tag inside the name: the reading goes on there.
    let nested = rest.get(..raw_length).and_then(|name| memchr::memchr(b'<', name));
    let name_length = nested.unwrap_or(raw_length);
    let name = lower(rest.get(..name_length.min(64)).unwrap_or_default());
    let element = local(&name);
    let end = name_at + name_length;
    if element == b"script" && !is_generic(input, start, end) && !is_mentioned(input, start, end, steps) {
        return (Some(Hit::new(start + base..end + base, TEXT, "it begins a script", "<script")), end);
    }
    if nested.is_some() {
        return (None, name_at + name_length);
    }
    let mut attributes = Attributes::new(input, name_at + name_length);
    let mut seen = Seen::default();
    while let Some(attribute) = attributes.next() {
        *steps += attribute.end - attribute.start + 1;
        if let Some((why, shape)) = judge_attribute(element, &attribute) {
            return (Some(Hit::new(start + base..attribute.end + base, TEXT, why, shape)), attribute.end);
        }
        seen.note(&attribute);
        let nests = depth > 0 && attribute.quoted && memchr::memchr(b'<', attribute.value).is_some();
        if nests {
            let value_at = attribute.end.saturating_sub(attribute.value.len() + 1);
            let hit = scan(attribute.value, base + value_at, depth - 1, steps);
            if hit.is_some() {
                return (hit, attribute.end);
            }
        }
    }
    let end = attributes.at;
    if let Some(why) = judge_element(element, &seen, input.get(end..).unwrap_or_default()) {
        let shape = format!(
            "<{}",
            String::from_utf8_lossy(element).chars().filter(char::is_ascii_alphanumeric).collect::<String>()
        );
        return (Some(Hit::new(start + base..end + base, TEXT, why, shape)), end);
    }
    (None, end)
}

/// `Vec<Script>`: a type in angle brackets behind a name, as programs write it.
fn is_generic(input: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| input.get(at)).copied().unwrap_or(b' ');
    input.get(start + 1..end) == Some(b"Script")
        && before.is_ascii_alphanumeric()
        && input.get(end) == Some(&b'>')
        && memchr::memmem::find(input.get(end..).unwrap_or_default(), b"</").is_none()
}

/// `a page with <script> in it`: a bare tag between the words of a sentence. As a script, what follows would be
/// words without a call, an assignment or a block, which no browser runs.
fn is_mentioned(input: &[u8], start: usize, end: usize, steps: &mut usize) -> bool {
    let (before, rest) = (input.get(..start).unwrap_or_default(), input.get(end..).unwrap_or_default());
    let [.., letter, b' '] = before else { return false };
    let [b'>', after @ ..] = rest else { return false };
    let goes_on = matches!(after, [b' ', word, ..] if word.is_ascii_lowercase());
    *steps += after.len();
    let closed = memchr::memmem::find(after, b"</").is_some();
    let said = after.get(..memchr::memchr(b'<', after).unwrap_or(after.len())).unwrap_or_default();
    letter.is_ascii_alphanumeric()
        && goes_on
        && !closed
        && !said.iter().any(|byte| matches!(byte, b'(' | b'=' | b'`' | b'{' | b'[' | b';' | b'\\'))
}

/// Which attributes a tag has that matter together with its name.
#[derive(Default)]
struct Seen {
    source: bool,
    href: bool,
    foreign_href: bool,
    equivalent: bool,
    action: bool,
    relation: bool,
    any: bool,
    targets_address: bool,
    /// It has a size or permissions, as the snippets of players and maps have.
    sized: bool,
    /// Its source is at `https://`.
    secure: bool,
}

impl Seen {
    fn note(&mut self, attribute: &Attribute<'_>) {
        let value = attribute.value.trim_ascii();
        self.any |= attribute.valued;
        let filled = attribute.valued && !value.is_empty();
        match local(&attribute.name) {
            b"src" | b"data" | b"code" | b"classid" | b"codebase" | b"archive" | b"srcdoc" => {
                self.source |= filled;
                self.secure |= value.get(..8).is_some_and(|head| head.eq_ignore_ascii_case(b"https://"));
            }
            b"href" => {
                self.href |= filled;
                self.foreign_href |= filled && !value.starts_with(b"#");
            }
            b"http-equiv" => {
                let header = value.to_ascii_lowercase();
                self.equivalent |= [&b"refresh"[..], b"set-cookie", b"content-security-policy", b"link"]
                    .iter()
                    .any(|known| header.starts_with(known));
            }
            b"charset" => self.equivalent |= value.to_ascii_lowercase().starts_with(b"utf-7"),
            // One that stays on the site sends nothing elsewhere.
            b"action" => {
                self.action |=
                    filled && (value.contains(&b':') || value.starts_with(b"//") || value.starts_with(b"\\"));
            }
            b"width" | b"height" | b"allowfullscreen" | b"allow" => self.sized = true,
            b"rel" => self.relation |= filled,
            b"attributename" => {
                let target = lower(local(value));
                self.targets_address |= matches!(&*target, b"href" | b"src") || names::may_be_event(&target);
            }
            _ => {}
        }
    }
}

fn judge_element(element: &[u8], seen: &Seen, after: &[u8]) -> Option<&'static str> {
    match element {
        // A player or a map: another site's document in a frame of its own runs nothing in the page.
        b"iframe" if seen.secure && seen.sized => None,
        b"iframe" | b"frame" | b"embed" | b"portal" | b"fencedframe" | b"object" | b"xml" | b"layer"
        | b"ilayer" | b"webview"
            if seen.source =>
        {
            Some("it embeds another document")
        }
        b"applet" | b"handler" | b"listener" | b"import" if seen.any => Some("it embeds a program"),
        b"base" if seen.href => Some("it changes where all addresses of the page lead"),
        b"link" if seen.href && seen.relation => Some("it loads a style sheet or document"),
        b"meta" if seen.equivalent => Some("it gives the browser a header of its own"),
        b"form" | b"isindex" if seen.action => Some("it sends what is typed elsewhere"),
        b"use" if seen.foreign_href => Some("it embeds another document"),
        b"set" | b"animate" | b"animatetransform" | b"animatemotion" | b"animatecolor"
            if seen.targets_address =>
        {
            Some("it animates an address or event into script")
        }
        b"style" => {
            let content = after.get(..after.len().min(4096)).unwrap_or_default();
            let rules =
                memchr::memchr3(b'{', b'@', b'<', content).is_some_and(|at| content.get(at) != Some(&b'<'));
            (rules || style::acts(content)).then_some("it styles the page")
        }
        b"plaintext" => Some("it ends the markup of the page"),
        _ => None,
    }
}

/// An attribute that runs script by itself. The reason and the shape.
pub(super) fn judge_attribute(element: &[u8], attribute: &Attribute<'_>) -> Option<(&'static str, String)> {
    if !attribute.valued {
        return None;
    }
    let name = &*attribute.name;
    let value = attribute.value.trim_ascii();
    if value.is_empty() {
        return None;
    }
    let short = local(name);
    if !attribute.quoted && is_jsx(value) {
        return None;
    }
    if names::is_event(short) || names::may_be_event(short) && looks_like_code(value) {
        let shape = format!("{}=", String::from_utf8_lossy(short));
        return Some(("it handles an event by script", shape));
    }
    // Old browsers ended an unquoted value at a slash, or took an empty one: `<img src=x/onerror=…>`.
    if !attribute.quoted
        && let Some(equals) = memchr::memchr(b'=', value)
        && let Some(inner) =
            value.get(..equals).and_then(|head| head.rsplit(|b| matches!(b, b'/' | b'`')).next())
        && names::is_event(&lower(inner))
        && looks_like_code(value.get(equals + 1..).unwrap_or_default())
    {
        return Some(("it handles an event by script", "on=".to_owned()));
    }
    let framework = [&b"ng-"[..], b"data-ng-", b"v-", b"@", b"x-", b"hx-", b":", b"(", b"["]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    if framework && looks_like_code(value) {
        let code = super::script::read(value, None, &mut 0);
        if code.demonstrates || memchr::memmem::find(value, b"alert(").is_some() {
            return Some(("it handles an event by script", "framework=".to_owned()));
        }
    }
    if names::is_inert(short) {
        return None;
    }
    let decoded = entity::decode(value);
    if short == b"style" && style::acts(&decoded) {
        return Some(("its style runs script", "style=".to_owned()));
    }
    if short == b"srcdoc" {
        return Some(("it embeds another document", "srcdoc=".to_owned()));
    }
    let shape = || {
        format!(
            "{}:",
            String::from_utf8_lossy(short).chars().filter(char::is_ascii_alphanumeric).collect::<String>()
        )
    };
    for part in decoded.split(|b| matches!(b, b';' | b',') && matches!(short, b"values" | b"content")) {
        let part = match part.iter().position(|b| *b == b'=') {
            // <meta content="0;url=javascript:…">
            Some(at) if short == b"content" => part.get(at + 1..).unwrap_or_default(),
            _ => part,
        };
        match url::scheme(part) {
            url::Scheme::Script(_) => return Some(("it leads to an address that is script", shape())),
            url::Scheme::Document
                if !matches!(element, b"img" | b"image" | b"source" | b"video" | b"audio" | b"input") =>
            {
                return Some(("it leads to a document inside an address", shape()));
            }
            _ => {}
        }
    }
    None
}

/// It calls, assigns or is a template: more than the name of something.
/// `onClick={save}`, `onClick={() => …}`: to a browser a block with a name or a function in it, which does nothing.
fn is_jsx(value: &[u8]) -> bool {
    let Some(inner) = value.strip_prefix(b"{") else { return false };
    let inner = inner.strip_suffix(b"}").unwrap_or(inner);
    let named = |part: &[u8]| {
        part.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$' | b','))
    };
    let function = inner.strip_prefix(b"(").and_then(|inner| inner.strip_suffix(b")")).is_some_and(named);
    let arrow = memchr::memmem::find(inner, b"=>").is_some_and(|arrow| {
        inner.get(..arrow).is_some_and(|head| {
            head.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'(' | b')' | b'_' | b','))
        })
    });
    named(inner) || function || arrow
}

pub(super) fn looks_like_code(value: &[u8]) -> bool {
    value.iter().any(|b| matches!(b, b'(' | b'`' | b'=' | b'[' | b'&' | b'\\' | b';' | b'.'))
}
