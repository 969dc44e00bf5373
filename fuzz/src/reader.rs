//! The strict reader: what it lets pass, the parser behind it reads as the same message; and how the bytes
//! were cut on their way makes no difference.

use bytes::BytesMut;
use portcullis::Policy;
use portcullis::layers::arrival::framing::{Event, Reader};

/// What a connection came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// A head that may pass, as it passes.
    Head(Vec<u8>),
    /// A head that may not; the first fault.
    Refused(&'static str),
    /// A body with its framing.
    Body(Vec<u8>),
    /// A message has come to its end.
    End,
    /// A body that broke off.
    Broken(&'static str),
}

/// The first byte says how the rest is cut.
pub fn run(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let whole = told(bytes, bytes.len().max(1));
    let cut = told(bytes, usize::from(cut % 37) + 1);
    assert_eq!(whole, cut, "how the bytes are cut makes a difference");
    let mut told = whole.iter();
    while let Some(one) = told.next() {
        if let Told::Head(head) = one {
            let length = read_again(head);
            let body: Vec<u8> = match told.clone().next() {
                Some(Told::Body(body)) => body.clone(),
                _ => Vec::new(),
            };
            let ended = told.clone().take(2).any(|one| matches!(one, Told::End));
            if ended {
                measure(length, &body);
            }
        }
    }
}

/// The length of a body as the parser behind the reader understands the head.
enum Length {
    Known(u64),
    Chunked,
}

fn told(bytes: &[u8], step: usize) -> Vec<Told> {
    let mut reader = Reader::new(Policy::default().site().framing.reader);
    let mut input = BytesMut::new();
    let mut told: Vec<Told> = Vec::new();
    for part in bytes.chunks(step) {
        input.extend_from_slice(part);
        while let Some(event) = reader.read(&mut input) {
            match event {
                Event::Head(head) if head.readable => told.push(Told::Head(head.passes.to_vec())),
                Event::Head(head) => {
                    let code = head.wire.faults.first().map_or("none", |reason| reason.fault.code());
                    told.push(Told::Refused(code));
                }
                Event::Body(more) => match told.last_mut() {
                    Some(Told::Body(body)) => body.extend_from_slice(&more),
                    _ => told.push(Told::Body(more.to_vec())),
                },
                Event::End => told.push(Told::End),
                Event::Fault(reason) => told.push(Told::Broken(reason.fault.code())),
            }
        }
    }
    told
}

/// Reads a head that passed as hyper does, by httparse, and compares.
fn read_again(head: &[u8]) -> Length {
    let mut fields = [httparse::EMPTY_HEADER; 1024];
    let mut request = httparse::Request::new(&mut fields);
    let read = request.parse(head).expect("what passed is a head to the parser behind");
    assert_eq!(read, httparse::Status::Complete(head.len()), "and it ends where the reader said");
    let first = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let again = format!(
        "{} {} HTTP/1.{}",
        request.method.unwrap_or_default(),
        request.path.unwrap_or_default(),
        request.version.unwrap_or_default()
    );
    assert_eq!(first, again.as_bytes(), "with the same request line");
    let lines = head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && *line != b"\r").count();
    assert_eq!(request.headers.len() + 1, lines, "and as many fields as lines");

    let named = |wanted: &str| {
        let fields = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(wanted));
        fields.map(|field| field.value).collect::<Vec<_>>()
    };
    let (lengths, codings) = (named("content-length"), named("transfer-encoding"));
    assert!(lengths.is_empty() || codings.is_empty(), "two framings (RFC 9112 section 6.1)");
    assert!(codings.len() <= 1 && named("host").len() <= 1, "a doubled field");
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Length::Known(0),
        ([], [coding]) => {
            assert!(coding.trim_ascii().eq_ignore_ascii_case(b"chunked"), "{coding:?}");
            Length::Chunked
        }
        ([one], _) => {
            let digits = std::str::from_utf8(one).expect("digits").trim();
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits:?}");
            Length::Known(digits.parse().expect("a length"))
        }
        _ => unreachable!("two lengths"),
    }
}

/// The body, whole, as the parser behind measures it.
fn measure(length: Length, body: &[u8]) {
    match length {
        Length::Known(length) => assert_eq!(body.len() as u64, length),
        Length::Chunked => {
            let mut rest = body;
            loop {
                let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) else {
                    unreachable!("a chunk that passed is none to the parser behind: {rest:?}")
                };
                let end = start + usize::try_from(size).expect("a size");
                if size == 0 {
                    let trailers = rest.get(start..).unwrap_or_default();
                    assert!(trailers == b"\r\n" || trailers.ends_with(b"\r\n\r\n"), "{trailers:?}");
                    break;
                }
                assert_eq!(rest.get(end..end + 2), Some(&b"\r\n"[..]), "a chunk ends in a line break");
                rest = rest.get(end + 2..).unwrap_or_default();
            }
        }
    }
}
