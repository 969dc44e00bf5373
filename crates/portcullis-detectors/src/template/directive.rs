//! Elements of markup that a server carries out: server-side and edge-side includes (CWE-97), XSLT and JSP.

use crate::reading::Hit;
use crate::text::{begins, cut, find, has, has_any, rest, run, skip_space};

/// An element that includes, runs or asks where it should be text.
pub(super) fn directive(text: &[u8]) -> Option<Hit> {
    let place =
        memchr::memchr_iter(b'<', text).find(|&place| acts(cut(text, place..place + 512))).or_else(|| {
            // Blade: `@php … @endphp`
            (begins(text, b"@php") && find(text, b"@endphp").is_some()).then_some(0).or_else(|| probe(text))
        })?;
    Some(Hit::new(
        "markup that a server carries out",
        place..text.len(),
        "it holds a directive of the server",
        "<directive",
    ))
}

fn acts(here: &[u8]) -> bool {
    if let Some(include) = here.strip_prefix(b"<!--#") {
        let name = run(include, 0, |byte| byte.is_ascii_alphabetic());
        let known: &[&[u8]] =
            &[b"exec", b"include", b"echo", b"printenv", b"config", b"set", b"fsize", b"flastmod"];
        return known.iter().any(|known| cut(include, 0..name).eq_ignore_ascii_case(known));
    }
    // Up to the next sign of markup, so that every byte is looked at for one element alone.
    let end = memchr::memchr2(b'>', b'<', rest(here, 1)).map_or(here.len(), |end| end + 1);
    let element = cut(here, 0..end);
    if begins(element, b"<esi:") {
        return has_any(element, &[b"src=", b"<esi:debug", b"<esi:vars", b"<esi:inline"]);
    }
    if begins(element, b"<xsl:") {
        return has_any(
            element,
            &[b"system-property(", b"php:function", b"document(", b"unparsed-text", b"href=\"http", b"java:"],
        );
    }
    if begins(element, b"<jsp:") {
        return has(element, b"://")
            || has(element, b"=\"/etc")
            || has_any(element, &[b"Runtime", b"ProcessBuilder", b"request.getParameter"]);
    }
    false
}

/// The signs of many engines at once, which tell by their error which one it is.
fn probe(text: &[u8]) -> Option<usize> {
    let place = find(text, b"{{<%[%'\"}}%")?;
    (skip_space(rest(text, place), 0) == 0).then_some(place)
}
