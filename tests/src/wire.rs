//! A case's bytes as a request: through the strict reader, then parsed as a server would.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::request;
use http_body::{Body, Frame};
use portcullis::Policy;
use portcullis::layers::arrival::framing::{Event, Head, Reader, ReaderLimits, Reason, Wire};

use crate::case::Case;

/// What the reader made of it.
pub enum Read {
    /// A request.
    Request(Box<Request>),
    /// No request at all.
    Malformed(Wire),
}

/// A request that could be read.
pub struct Request {
    /// The head, parsed.
    pub head: request::Parts,
    /// The head as sent, and what is wrong with it.
    pub wire: Wire,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// What is wrong with the body.
    pub body_fault: Option<Reason>,
}

/// Reads the case's bytes: every request on the connection, up to the first that cannot be read.
///
/// # Panics
/// When the bytes hold no request at all and no fault either: a case must be whole.
#[must_use]
#[expect(clippy::panic, reason = "a broken case must fail the suite and name itself")]
pub fn read(case: &Case) -> Vec<Read> {
    let policy = match Policy::parse("policy of the case", &case.policy) {
        Ok((policy, _)) => policy,
        Err(error) => panic!("{}: {error}", case.name),
    };
    let messages = read_bytes(&case.bytes(), policy.site().framing.reader);
    assert!(!messages.is_empty(), "{}: the request is not whole", case.name);
    messages
}

/// Reads every request of a connection, up to the first that cannot be read.
#[must_use]
pub fn read_bytes(bytes: &[u8], limits: ReaderLimits) -> Vec<Read> {
    let mut input = BytesMut::from(bytes);
    let mut reader = Reader::new(limits);
    let mut messages = Vec::new();
    let mut open: Option<(Head, Vec<u8>)> = None;
    while let Some(event) = reader.read(&mut input) {
        match event {
            Event::Head(Head { wire, readable: false, .. }) => {
                messages.push(Read::Malformed(wire));
                break;
            }
            Event::Head(found) => open = Some((found, Vec::new())),
            Event::Body(bytes) => {
                if let Some((_, framed)) = &mut open {
                    framed.extend_from_slice(&bytes);
                }
            }
            Event::End => messages.extend(open.take().map(|(head, framed)| message(head, framed, None))),
            Event::Fault(reason) => {
                messages.extend(open.take().map(|(head, framed)| message(head, framed, Some(reason))));
                break;
            }
        }
    }
    // What is not whole when the client stops sending.
    messages.extend(open.map(|(head, framed)| message(head, framed, None)));
    messages
}

fn message(read: Head, framed: Vec<u8>, body_fault: Option<Reason>) -> Read {
    let Head { wire, passes, .. } = read;
    let Some(head) = parse(&passes) else { return Read::Malformed(wire) };
    let chunked = head.headers.contains_key(http::header::TRANSFER_ENCODING);
    let body = if chunked && body_fault.is_none() { unchunk(&framed) } else { framed };
    Read::Request(Box::new(Request { head, wire, body, body_fault }))
}

/// As hyper would: it only ever gets what the strict reader let pass.
fn parse(head: &[u8]) -> Option<request::Parts> {
    let mut headers = [httparse::EMPTY_HEADER; 256];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(head).ok()?;
    let version = match parsed.version? {
        0 => http::Version::HTTP_10,
        _ => http::Version::HTTP_11,
    };
    let mut request = http::Request::builder().method(parsed.method?).uri(parsed.path?).version(version);
    for header in parsed.headers {
        request = request.header(header.name, header.value);
    }
    request.body(()).ok().map(|request| request.into_parts().0)
}

/// The data of chunks that the reader has found well-formed.
fn unchunk(framed: &[u8]) -> Vec<u8> {
    unchunk_whole(framed).map(|(data, _)| data).unwrap_or_default()
}

/// The data of chunks and what follows the message; `None` while the last chunk is missing (RFC 9112
/// section 7.1).
#[must_use]
pub fn unchunk_whole(mut framed: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut data = Vec::new();
    loop {
        let end = framed.iter().position(|byte| *byte == b'\r')?;
        let (line, rest) = framed.split_at(end);
        let digits: Vec<u8> = line.iter().copied().take_while(u8::is_ascii_hexdigit).collect();
        let size = usize::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
        let rest = rest.get(2..)?;
        if size == 0 {
            let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
            return Some((data, rest.get(end.checked_add(2)?..)?));
        }
        data.extend_from_slice(rest.get(..size)?);
        framed = rest.get(size.checked_add(2)?..)?;
    }
}

/// A body that ends as it should, or breaks off as one does whose framing is wrong.
pub struct Faulty {
    data: Option<Bytes>,
    breaks: bool,
}

impl Faulty {
    /// `data`, and then the end or a break.
    #[must_use]
    pub fn new(data: Bytes, breaks: bool) -> Self {
        Self { data: Some(data).filter(|data| !data.is_empty()), breaks }
    }
}

impl Body for Faulty {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if std::mem::take(&mut self.breaks) {
            return Poll::Ready(Some(Err(std::io::Error::other("the body broke off"))));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && !self.breaks
    }
}
