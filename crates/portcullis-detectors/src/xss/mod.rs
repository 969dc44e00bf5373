//! Cross-site scripting (CWE-79).
//!
//! An input is an attack if a browser would run script, or load a document, that the page did not have. So
//! it is read as a browser would read it in every place where a page may put it:
//!
//! - in text: every tag with its attributes, character references decoded ([`markup`]);
//! - in the value of an attribute, in either quotes or none: what comes after the quote that ends it;
//! - in a string of a script: what comes after the quote that ends it ([`script`]);
//! - as an address: `javascript:` and its relatives, and documents in `data:` ([`url`]);
//! - once more after the encodings that old browsers or a page's own script undo.
//!
//! Markup that can run nothing (`<b>`, `<br>`, `<a href="https://…">`, `<img src="…">`) is none. What it does
//! not stop: what a page's own script makes of harmless data.

pub(crate) mod entity;
mod markup;
mod names;
mod script;
mod style;
#[cfg(test)]
mod tests;
mod url;

use crate::finding::{Finding, Language};
use crate::undo;
use std::ops::Range;

/// What was found in one reading.
pub(crate) struct Hit {
    evidence: Range<usize>,
    context: &'static str,
    why: &'static str,
    shape: String,
}

impl Hit {
    fn new(
        evidence: Range<usize>,
        context: &'static str,
        why: &'static str,
        shape: impl Into<String>,
    ) -> Self {
        Self { evidence, context, why, shape: shape.into() }
    }
}

/// Judges whether the input makes a browser run script or load a document where a page shows it.
///
/// The input is taken as it is; where it is encoded in a way that a page or a form may undo, it is also judged
/// decoded. The cost is linear in the length of the input.
#[must_use]
pub fn detect(input: &[u8]) -> Option<Finding> {
    detect_counting(input, &mut 0)
}

fn detect_counting(input: &[u8], steps: &mut usize) -> Option<Finding> {
    let signs = Signs::of(input);
    *steps += 1;
    if !signs.any {
        return None;
    }
    if let Some(hit) = read(input, signs, steps) {
        return Some(finding(hit, input.len()));
    }
    let mut decoded = None;
    for undo in [undo::form, undo::script_escapes, undo::charset, undo::references, named_references] {
        if let Some(bytes) = undo(input) {
            let signs = Signs::of(&bytes);
            if let Some(hit) = read(&bytes, signs, steps) {
                return Some(finding(Hit { evidence: 0..input.len(), ..hit }, input.len()));
            }
            decoded = Some(bytes);
        }
    }
    // Encoded twice, in whatever order.
    let decoded = decoded?;
    for undo in [undo::form, undo::script_escapes, undo::charset, undo::references] {
        if let Some(bytes) = undo(&decoded)
            && let Some(hit) = read(&bytes, Signs::of(&bytes), steps)
        {
            return Some(finding(Hit { evidence: 0..input.len(), ..hit }, input.len()));
        }
    }
    None
}

/// `&lt;script&gt;alert(1)`: escaped text is ordinary, but nobody escapes a demonstration to talk about it.
fn named_references(input: &[u8]) -> Option<Vec<u8>> {
    let demonstrates =
        [&b"alert("[..], b"prompt(", b"confirm(", b"eval(", b"document.", b"javascript:", b"alert`"]
            .iter()
            .any(|word| memchr::memmem::find(&input.to_ascii_lowercase(), word).is_some());
    let entity = memchr::memmem::find(input, b"&lt").or_else(|| memchr::memmem::find(input, b"&LT"));
    entity.filter(|_| demonstrates)?;
    Some(entity::decode(input).into_owned())
}

fn finding(hit: Hit, length: usize) -> Finding {
    let end = hit.evidence.end.min(length);
    let fingerprint: String = hit.shape.chars().filter(|c| c.is_ascii_graphic()).take(32).collect();
    Finding {
        language: Language::Html,
        context: hit.context,
        evidence: hit.evidence.start.min(end)..end,
        why: hit.why.into(),
        fingerprint,
    }
}

/// What one look over the bytes tells about which readings can find anything.
#[derive(Debug, Clone, Copy, Default)]
struct Signs {
    any: bool,
    angle: bool,
    single: bool,
    double: bool,
    back: bool,
    equals: bool,
    colon: bool,
    calls: bool,
}

impl Signs {
    fn of(input: &[u8]) -> Self {
        let mut signs = Self::default();
        for &byte in input {
            match byte {
                b'<' => signs.angle = true,
                b'\'' => signs.single = true,
                b'"' => signs.double = true,
                b'`' => signs.back = true,
                b'=' => signs.equals = true,
                b':' | b'&' => signs.colon = true,
                b'(' | b'[' => signs.calls = true,
                b'%' | b'\\' | b'+' | 0x80.. => signs.any = true,
                _ => {}
            }
        }
        signs.any |= signs.angle
            || signs.single
            || signs.double
            || signs.back
            || signs.equals
            || signs.colon
            || signs.calls;
        signs
    }
}

fn read(input: &[u8], signs: Signs, steps: &mut usize) -> Option<Hit> {
    if signs.angle
        && let Some(hit) = markup::scan(input, 0, 2, steps)
    {
        return Some(hit);
    }
    if signs.colon
        && let Some(hit) = address(input, steps).or_else(|| inner_address(input, steps))
    {
        return Some(hit);
    }
    for (found, quote) in [(signs.double, b'"'), (signs.single, b'\''), (signs.back, b'`')] {
        if found
            && signs.equals
            && let Some(hit) = in_attribute(input, quote, steps)
        {
            return Some(hit);
        }
        if found
            && (signs.calls || signs.equals || signs.back)
            && let Some(hit) = in_script_string(input, quote, steps)
        {
            return Some(hit);
        }
    }
    if signs.equals
        && let Some(hit) = in_unquoted_attribute(input, steps)
    {
        return Some(hit);
    }
    if signs.calls || signs.back || signs.equals {
        return in_script(input, steps);
    }
    None
}

/// The whole input as an address that a link or frame follows.
fn address(input: &[u8], steps: &mut usize) -> Option<Hit> {
    // The scheme ends within the first bytes, however it is dressed up.
    let head = input.get(..input.len().min(256)).unwrap_or_default();
    let decoded = entity::decode(head);
    match url::scheme(&decoded) {
        url::Scheme::Script(at) => {
            let whole = entity::decode(input);
            let unescaped = undo::form(whole.get(at..).unwrap_or_default());
            let code = unescaped.as_deref().unwrap_or(whole.get(at..).unwrap_or_default());
            let read = script::read(code, None, steps);
            let dressed = decoded.len() != head.len() || head.iter().take(at).any(|b| *b < 0x20);
            (read.does || read.acts || dressed && !code.is_empty()).then(|| {
                Hit::new(0..input.len(), "an address", "it is an address that runs script", "script:")
            })
        }
        url::Scheme::Document => {
            Some(Hit::new(0..input.len(), "an address", "it is an address that holds a document", "data:"))
        }
        url::Scheme::Other => None,
    }
}

/// An address inside the input that runs script: `next=javascript:…`, `[text](javascript:…)`, `url(javascript:…)`.
fn inner_address(input: &[u8], steps: &mut usize) -> Option<Hit> {
    for colon in memchr::memchr_iter(b':', input) {
        *steps += 1;
        let Some(start) = colon.checked_sub(10) else { continue };
        let begins = input.get(start..colon).is_some_and(|name| name.eq_ignore_ascii_case(b"javascript"));
        let opened = start > 0
            && input.get(start - 1).is_some_and(|b| matches!(b, b'=' | b'(' | b'<' | b'"' | b'\'' | b'#'));
        if !begins || !opened {
            continue;
        }
        let code = input.get(colon + 1..).unwrap_or_default();
        let found = script::read(code.get(..code.len().min(256)).unwrap_or_default(), None, steps);
        if found.demonstrates {
            return Some(Hit::new(
                start..input.len(),
                "an address",
                "it holds an address that runs script",
                "script:",
            ));
        }
    }
    None
}

/// The input ends a quoted attribute and adds another.
fn in_attribute(input: &[u8], quote: u8, steps: &mut usize) -> Option<Hit> {
    let broke = memchr::memchr(quote, input)?;
    let context = match quote {
        b'"' => "an attribute in double quotes",
        b'\'' => "an attribute in single quotes",
        _ => "an attribute in backquotes",
    };
    attributes(input, broke, broke + 1, usize::MAX, context, steps)
}

/// The input adds an attribute to a tag in which it stands without quotes.
fn in_unquoted_attribute(input: &[u8], steps: &mut usize) -> Option<Hit> {
    let trimmed = input.len() - input.trim_ascii_start().len();
    let rest = input.get(trimmed..).unwrap_or_default();
    let first = rest.iter().position(|b| b.is_ascii_whitespace() || *b == b'/').unwrap_or(rest.len());
    let value = rest.get(..first).unwrap_or_default();
    let plain = value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'#'));
    let from = if plain && first < rest.len() { trimmed + first } else { trimmed };
    attributes(input, from, from, 0, "an attribute without quotes", steps)
}

/// Reads attributes as long as they look like such. `bare` is how many may stand without a value.
fn attributes(
    input: &[u8],
    broke: usize,
    from: usize,
    bare: usize,
    context: &'static str,
    steps: &mut usize,
) -> Option<Hit> {
    let unquoted = bare == 0;
    let mut reader = markup::Attributes::new(input, from);
    let mut hit = None;
    for _ in 0..12 {
        let Some(attribute) = reader.next() else { break };
        *steps += attribute.end - attribute.start + 1;
        let name = &*attribute.name;
        if !name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.' | b'@' | 0x80..))
        {
            // After the attack anything may follow; before it, a sentence ends the reading.
            break;
        }
        if unquoted && !attribute.valued && !names::is_flag(name) {
            hit = None;
            break;
        }
        if hit.is_none()
            && let Some((why, shape)) = markup::judge_attribute(b"", &attribute)
        {
            let event = names::may_be_event(markup::local(name));
            let acts = !event || acts_as_handler(attribute.value, steps);
            let known = names::is_event(markup::local(name)) || shape == "framework=";
            if acts && (known || !unquoted) {
                hit = Some(Hit::new(broke..attribute.end, context, why, shape));
            }
            if !unquoted && hit.is_some() {
                break;
            }
        }
    }
    hit
}

/// The value of an event attribute does something: a name alone may be a word of a sentence.
fn acts_as_handler(value: &[u8], steps: &mut usize) -> bool {
    let decoded = entity::decode(value);
    let code = script::read(&decoded, None, steps);
    code.does || code.acts || code.demonstrates
}

/// The input ends a string of a script and goes on as code.
fn in_script_string(input: &[u8], quote: u8, steps: &mut usize) -> Option<Hit> {
    let context = match quote {
        b'"' => "a string of a script in double quotes",
        b'\'' => "a string of a script in single quotes",
        _ => "a template of a script",
    };
    let escaped = script::string_end(input, 0, quote);
    // An application that escapes the quote but not the backslash leaves `\'` open.
    let plain = memchr::memchr(quote, input);
    let places = [escaped, plain.filter(|at| Some(*at) != escaped)];
    for broke in places.into_iter().flatten() {
        let code = input.get(broke + 1..).unwrap_or_default();
        let begins = code.trim_ascii_start();
        let joined = begins.first().is_some_and(|b| {
            matches!(
                b,
                b';' | b'+'
                    | b'-'
                    | b'*'
                    | b'/'
                    | b'%'
                    | b'^'
                    | b'|'
                    | b'&'
                    | b','
                    | b')'
                    | b']'
                    | b'}'
                    | b'?'
                    | b'='
                    | b'<'
                    | b'>'
                    | b'!'
                    | b'['
                    | b'.'
                    | b':'
                    | b'('
                    | b'`'
            ) || b.is_ascii_alphabetic() && code.first().is_some_and(|b| matches!(b, b'\n' | b'\r'))
        });
        if !joined {
            continue;
        }
        let found = script::read(code, Some(quote), steps);
        let ends = found.rejoined || found.cut || found.whole;
        let acts = found.acts && quote != b'`' && (found.rejoined || found.cut) && found.whole;
        if found.demonstrates && ends || acts {
            return Some(Hit::new(
                broke..broke + 1 + found.read,
                context,
                "it ends the string and goes on as code",
                "quote;code",
            ));
        }
    }
    if quote == b'`'
        && let Some(at) = memchr::memmem::find(input, b"${")
    {
        let found = script::read(input.get(at + 2..).unwrap_or_default(), None, steps);
        if found.demonstrates {
            return Some(Hit::new(at..input.len(), context, "it puts code into the template", "${code"));
        }
    }
    None
}

/// The input is code that demonstrates an injection, all of it.
fn in_script(input: &[u8], steps: &mut usize) -> Option<Hit> {
    if let Some(at) = memchr::memmem::find(input, b"${").or_else(|| memchr::memmem::find(input, b"{{")) {
        let code = input.get(at + 2..).unwrap_or_default();
        let end = memchr::memmem::rfind(code, b"}").unwrap_or(code.len());
        let code = code.get(..end).unwrap_or_default();
        let found = script::read(code, None, steps);
        // The sandbox of AngularJS is left through the constructor of anything, or by its own `$eval`.
        let escapes = [&b"constructor"[..], b"$eval(", b"$on."]
            .iter()
            .any(|way| memchr::memmem::find(code, way).is_some());
        if found.demonstrates || escapes && memchr::memchr2(b'(', b'=', code).is_some() {
            return Some(Hit::new(
                at..input.len(),
                "a template of a script",
                "it puts code into the template",
                "${code",
            ));
        }
    }
    let trimmed = input.trim_ascii();
    if is_bracket_code(trimmed) {
        return Some(Hit::new(0..input.len(), "a script", "it is code written in brackets alone", "[][["));
    }
    let begins =
        trimmed.iter().position(|b| b.is_ascii_alphabetic() || matches!(b, b'[' | b'(')).unwrap_or(0);
    let punctuation = trimmed.get(..begins).unwrap_or_default();
    if !punctuation
        .iter()
        .all(|b| matches!(b, b';' | b')' | b'}' | b']' | b' ' | b'/' | b'*' | b'-' | b'+' | b','))
    {
        return None;
    }
    let code = script::read(trimmed, None, steps);
    let first = trimmed.get(begins..).unwrap_or_default();
    let name_length = first.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(first.len());
    let name = first.get(..name_length).unwrap_or_default();
    let after = first.get(name_length..).unwrap_or_default().trim_ascii_start();
    let called = matches!(after.first(), Some(b'(' | b'`'));
    // `self["alert"](1)`, but not `self.write(line)`, which other languages have.
    let own = matches!(name, b"self" | b"this");
    let computed = after.starts_with(b"[") && memchr::memchr3(b'\'', b'"', b'`', after).is_some();
    let reaches = names::is_global(name) && (!own || computed) && !after.starts_with(b"=");
    let direct = called && names::is_demonstration(name);
    // Other languages have `eval` too: there its argument must be what a page has.
    let evaluates = called && name.eq_ignore_ascii_case(b"eval") && {
        let rest = after.to_ascii_lowercase();
        [
            &b"atob("[..],
            b"alert",
            b"location",
            b"fromcharcode",
            b"unescape(",
            b"document",
            b"window",
            b"name)",
        ]
        .iter()
        .any(|word| memchr::memmem::find(&rest, word).is_some())
    };
    let handles = names::is_event(&name.to_ascii_lowercase()) && after.starts_with(b"=") && code.acts;
    // `alert(1) meaning`: words follow the call.
    let tail = trimmed.rsplit(|b| *b == b')').next().unwrap_or_default();
    let said =
        tail.starts_with(b" ") && tail.iter().all(|b| b.is_ascii_alphabetic() || b.is_ascii_whitespace());
    (code.whole
        && !said
        && code.demonstrates
        && (direct || handles || evaluates || reaches || code.alerts || !begins_with_name(first)))
    .then(|| Hit::new(0..input.len(), "a script", "it is code that acts on the page", "code"))
}

/// Code made of `[]()!+{}` alone, which reaches every function through the names of types.
fn is_bracket_code(input: &[u8]) -> bool {
    input.len() > 30
        && input
            .iter()
            .all(|b| matches!(b, b'[' | b']' | b'(' | b')' | b'!' | b'+' | b'{' | b'}' | b'$' | b'_' | b';'))
        && memchr::memmem::find(input, b"![]").is_some()
}

fn begins_with_name(code: &[u8]) -> bool {
    code.first().is_some_and(u8::is_ascii_alphabetic)
}
