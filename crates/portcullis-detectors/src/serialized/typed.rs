//! Formats of text that name the class of which an object is made: YAML, JSON, XML.

use crate::text::{at, begins, cut, find, has, has_any, rest, run, stands};

/// `!!python/object/apply:os.system`, `!ruby/object:Gem`, `!!javax.script.ScriptEngineManager [`.
pub(super) fn yaml(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'!', text).find(|&place| {
        let here = cut(text, place..place + 96);
        let tag = rest(here, run(here, 0, |byte| matches!(byte, b'!' | b'<')));
        let tag = tag.strip_prefix(b"tag:yaml.org,2002:").unwrap_or(tag);
        begins(tag, b"python/object")
            || begins(tag, b"python/name:")
            || begins(tag, b"python/module")
            || begins(tag, b"ruby/object")
            || begins(tag, b"ruby/hash")
            || begins(tag, b"ruby/struct")
            || begins(tag, b"ruby/class")
            || begins(tag, b"php/object")
            || begins(tag, b"js/function")
            || begins(tag, b"perl/hash")
            || begins(tag, b"java/object")
            || at(text, place + 1) == b'!'
                && [
                    &b"javax."[..],
                    b"java.",
                    b"com.sun.",
                    b"com.mchange.",
                    b"org.springframework.",
                    b"org.apache.",
                    b"org.eclipse.",
                    b"sun.",
                    b"ch.qos.",
                    b"org.yaml.",
                ]
                .iter()
                .any(|package| begins(tag, package))
    })
}

/// `"@type":"com.sun.…"`, `"$type":"System.…"`, `["com.sun.…", {`
pub(super) fn typed(text: &[u8]) -> Option<usize> {
    for name in [
        &b"@type\""[..],
        b"$type\"",
        b"@class\"",
        b"__type\"",
        b"javaclass\"",
        b"class\"",
        b"$type'",
        b"@type'",
        b"\\u0040type\"",
        b"\\x40type\"",
    ] {
        let mut from = 0;
        while let Some(place) = crate::text::find_from(text, from, name) {
            from = place + name.len();
            let colon = run(text, from, |byte| byte.is_ascii_whitespace());
            if at(text, colon) != b':' {
                continue;
            }
            let quote = run(text, colon + 1, |byte| byte.is_ascii_whitespace());
            let class = rest(text, quote + 1);
            let dangerous = [
                &b"com.sun."[..],
                b"java.",
                b"javax.",
                b"sun.",
                b"org.apache.",
                b"org.springframework.",
                b"com.mchange.",
                b"ch.qos.logback",
                b"org.hibernate.",
                b"net.sf.",
                b"com.alibaba.",
                b"org.codehaus.",
                b"oracle.jdbc",
                b"br.com.anteros",
                b"Lcom.sun.",
                b"System.",
                b"Microsoft.",
            ]
            .iter()
            .any(|package| class.starts_with(package));
            if dangerous && matches!(at(text, quote), b'"' | b'\'') {
                return Some(place);
            }
        }
    }
    let open = text.trim_ascii_start();
    let listed = [
        &b"[\"com.sun."[..],
        b"[\"sun.",
        b"[\"java.",
        b"[\"javax.",
        b"[\"org.springframework.",
        b"[\"org.apache.",
        b"[\"com.mchange.",
        b"[\"ch.qos.logback",
        b"[\"com.zaxxer",
        b"[\"org.hibernate",
        b"[\"net.sf.ehcache",
        b"[\"br.com.anteros",
        b"[\"com.p6spy",
    ]
    .iter()
    .any(|head| open.starts_with(head));
    listed.then_some(0)
}

/// What jsonpickle makes an object or a call of: `"py/reduce"`, `"py/object"`; `"__reduce__"`.
pub(super) fn reduced(text: &[u8]) -> Option<usize> {
    [
        &b"\"py/reduce\""[..],
        b"\"py/object\"",
        b"\"py/function\"",
        b"\"py/type\"",
        b"\"py/newargs\"",
        b"\"__reduce__\"",
    ]
    .iter()
    .find_map(|name| find(text, name))
}

/// `<java class="java.beans.XMLDecoder">`, `<object class="java.lang.ProcessBuilder">`, XStream's proxies.
pub(super) fn xml(text: &[u8]) -> Option<usize> {
    let place = find(text, b"<java")
        .filter(|&place| has(cut(text, place..place + 200), b"java.beans.XMLDecoder"))
        .or_else(|| {
            find(text, b"<object").filter(|&place| {
                has_any(
                    cut(text, place..place + 120),
                    &[b"class=\"java", b"class='java", b"class=\"com.", b"class=\"org."],
                )
            })
        })
        .or_else(|| {
            find(text, b"<void").filter(|&place| {
                has_any(
                    cut(text, place..place + 120),
                    &[b"class=\"java", b"method=\"exec", b"method=\"start"],
                )
            })
        })
        .or_else(|| find(text, b"<dynamic-proxy"))
        .or_else(|| find(text, b"java.beans.EventHandler"))
        .or_else(|| find(text, b"<java.lang.ProcessBuilder"))
        .or_else(|| find(text, b"jdk.nashorn.internal.objects.NativeString"))
        .or_else(|| find(text, b"javax.imageio.ImageIO$ContainsFilter"))
        .or_else(|| find(text, b"<ObjectDataProvider"))
        .or_else(|| {
            find(text, b"System.Windows.Data.ObjectDataProvider")
                .filter(|_| memchr::memchr(b'<', text).is_some())
        })?;
    (place == 0 || has_any(text, &[b"<?xml", b"</"]) || stands(text, place, b"<")).then_some(place)
}
