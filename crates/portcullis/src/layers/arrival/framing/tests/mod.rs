mod cases;
mod http2;
mod path;
mod reader;
mod splits;

use bytes::{Bytes, BytesMut};

use super::*;

/// What came of bytes that arrived in the given pieces.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    heads: Vec<Wire>,
    /// All that passed on, heads and bodies, as one.
    passed: Vec<u8>,
    ends: usize,
    fault: Option<Reason>,
}

/// Feeds a reader piece by piece.
fn tell<'a>(limits: ReaderLimits, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Told, Phase) {
    let mut reader = Reader::new(limits);
    let mut told = Told::default();
    let mut input = BytesMut::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        while let Some(event) = reader.read(&mut input) {
            match event {
                Event::Head(head) => {
                    if head.readable {
                        told.passed.extend_from_slice(&head.passes);
                    }
                    assert_eq!(
                        head.readable,
                        if limits.tolerant { head.wire.readable() } else { head.wire.faults.is_empty() }
                    );
                    told.heads.push(head.wire);
                }
                Event::Body(bytes) => told.passed.extend_from_slice(&bytes),
                Event::End => told.ends += 1,
                Event::Fault(reason) => told.fault = Some(reason),
            }
        }
        // Nobody answers here: a request for another protocol is declined.
        reader.resume();
    }
    (told, reader.phase())
}

/// A head as the HTTP library behind the reader understands it.
fn understood(head: &Bytes) -> http::request::Parts {
    let mut fields = [httparse::EMPTY_HEADER; 1000];
    let mut parsed = httparse::Request::new(&mut fields);
    assert!(parsed.parse(head).unwrap().is_complete(), "{}", head.escape_ascii());
    let version = if parsed.version == Some(1) { http::Version::HTTP_11 } else { http::Version::HTTP_10 };
    let mut builder =
        http::Request::builder().method(parsed.method.unwrap()).uri(parsed.path.unwrap()).version(version);
    for field in parsed.headers.iter() {
        builder = builder.header(field.name, field.value);
    }
    builder.body(()).unwrap().into_parts().0
}
