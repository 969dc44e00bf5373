//! Bodies: what passes as well formed is read as a plain reader reads it.

use portcullis_seclang::bodies::{Body, Limits, Processor};

/// A byte that chooses the reader, then a body.
pub fn run(bytes: &[u8]) {
    let Some((choice, body)) = bytes.split_first() else { return };
    match choice % 5 {
        0 => form(body),
        1 => json(body),
        2 => multipart(body),
        3 => drop(read(Processor::Xml, "text/xml", body)),
        _ => drop(read(
            Processor::Graphql,
            if choice & 0x80 == 0 { "application/json" } else { "application/graphql" },
            body,
        )),
    }
}

fn read<'a>(processor: Processor, content_type: &str, body: &'a [u8]) -> Body<'a> {
    let limits = Limits::default();
    let read = processor.read(content_type.as_bytes(), body, &limits);
    let fields = read.args.len() + read.files.len();
    assert!(fields <= limits.fields, "more fields than allowed");
    assert!(
        read.args.iter().map(|field| field.name.len()).sum::<usize>() <= limits.paths_bytes + body.len() * 2
    );
    assert!(read.args.iter().map(|field| field.value.len()).sum::<usize>() <= body.len() * 2);
    assert!(read.xml_texts.iter().map(|text| text.len()).sum::<usize>() <= body.len() * 4);
    read
}

fn form(body: &[u8]) {
    let read = read(Processor::Urlencoded, "application/x-www-form-urlencoded", body);
    let decode = |text: &[u8]| {
        let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_encoding::percent_decode(&spaced).collect::<Vec<u8>>()
    };
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    for (pair, field) in pairs.zip(&read.args) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        assert_eq!(*field.name, *decode(halves.next().unwrap_or_default()));
        assert_eq!(*field.value, *decode(halves.next().unwrap_or_default()));
    }
}

fn json(body: &[u8]) {
    let read = read(Processor::Json, "application/json", body);
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(value) => {
            // It keeps the last of doubled keys alone, here all are seen.
            assert!(read.error.is_none(), "{:?} of {value}", read.error);
            let mut leaves = 0;
            count(&value, &mut leaves);
            assert!(read.args.len() >= leaves);
        }
        // What it refuses beside bad syntax: numbers and halves of characters that its types cannot hold, depth.
        Err(error) => {
            let told = error.to_string();
            let own = ["out of range", "surrogate", "recursion limit"].iter().any(|own| told.contains(own));
            let lone = body.windows(3).any(|window| window == b"\\uD" || window == b"\\ud");
            assert!(own || lone || read.error.is_some(), "passes: {told}");
        }
    }
}

fn count(value: &serde_json::Value, leaves: &mut usize) {
    match value {
        serde_json::Value::Array(list) if !list.is_empty() => {
            list.iter().for_each(|value| count(value, leaves))
        }
        serde_json::Value::Object(map) if !map.is_empty() => {
            map.values().for_each(|value| count(value, leaves))
        }
        _ => *leaves += 1,
    }
}

/// A body without a fault can be taken apart at its boundaries alone, and nothing is left over.
fn multipart(body: &[u8]) {
    let read = read(Processor::Multipart, "multipart/form-data; boundary=b", body);
    if read.error.is_some() || read.multipart.strict_error() {
        return;
    }
    let whole = [b"\r\n", body].concat();
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut start = 0;
    for at in 0..whole.len() {
        if whole[at..].starts_with(b"\r\n--b\r\n") || whole[at..].starts_with(b"\r\n--b--") {
            parts.push(&whole[start..at]);
            start = at + 5;
        }
    }
    let last = &whole[start..];
    assert!(last == b"--" || last == b"--\r\n", "something is left: {last:?}");
    assert_eq!(parts.first(), Some(&&b""[..]), "something is before");
    let mut theirs: Vec<&[u8]> = Vec::new();
    for part in &parts[1..] {
        let end = (0..part.len()).find(|at| part[*at..].starts_with(b"\r\n\r\n")).expect("a head that ends");
        theirs.push(&part[end + 4..]);
    }
    let mut ours: Vec<&[u8]> = read.args.iter().map(|field| &*field.value).collect();
    ours.extend(read.files.iter().map(|file| file.content));
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
}
