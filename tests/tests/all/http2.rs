//! HTTP/2 frames written by hand, over a real socket: what RFC 9113 calls malformed never reaches an app
//! that is spoken to in HTTP/1.1, where it could become a second request.

use std::time::Duration;

use portcullis_tests::case::{self, Case};
use portcullis_tests::doors::gateway::Standing;
use portcullis_tests::outcome::{AppSaw, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) type Field = (&'static [u8], &'static [u8]);

const METHOD: Field = (b":method", b"GET");
const POST: Field = (b":method", b"POST");
const SCHEME: Field = (b":scheme", b"http");
const AUTHORITY: Field = (b":authority", b"localhost");
const PATH: Field = (b":path", b"/");
const HEAD: [Field; 4] = [METHOD, SCHEME, AUTHORITY, PATH];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// One request: its fields, its body, its trailers.
pub(super) struct Request {
    pub(super) about: &'static str,
    pub(super) fields: Vec<Field>,
    pub(super) body: Option<&'static [u8]>,
    pub(super) trailers: Vec<Field>,
}

fn head(about: &'static str, more: &[Field]) -> Request {
    fields(about, &[&HEAD, more].concat())
}

fn fields(about: &'static str, fields: &[Field]) -> Request {
    Request { about, fields: fields.to_vec(), body: None, trailers: Vec::new() }
}

fn post(about: &'static str, more: &[Field], body: &'static [u8], trailers: &[Field]) -> Request {
    let fields = [&[POST, SCHEME, AUTHORITY, PATH], more].concat();
    Request { about, fields, body: Some(body), trailers: trailers.to_vec() }
}

fn malformed() -> Vec<Request> {
    vec![
        head("transfer-encoding belongs to a connection", &[(b"transfer-encoding", b"chunked")]),
        head("connection belongs to a connection", &[(b"connection", b"close")]),
        head("keep-alive belongs to a connection", &[(b"keep-alive", b"timeout=5")]),
        head("upgrade belongs to a connection", &[(b"upgrade", b"h2c")]),
        head("proxy-connection belongs to a connection", &[(b"proxy-connection", b"close")]),
        head("te may only say trailers", &[(b"te", b"gzip")]),
        head("names are lower case", &[(b"X-Upper", b"1")]),
        head("a line break in a value", &[(b"x-a", b"1\r\ntransfer-encoding: chunked")]),
        head("a bare line feed in a value", &[(b"x-a", b"1\nx: y")]),
        head("a NUL in a value", &[(b"x-a", b"1\0")]),
        head("a colon in a name", &[(b"x-a: b", b"1")]),
        head("a line break in a name", &[(b"x-a\r\nhost", b"1")]),
        head("a space in a name", &[(b"content-length ", b"5")]),
        head("an empty name", &[(b"", b"1")]),
        head("a pseudo-header after a header", &[(b"x-a", b"1"), (b":path", b"/admin")]),
        head("the path twice", &[(b":path", b"/admin")]),
        head("the method twice", &[(b":method", b"POST")]),
        head("an unknown pseudo-header", &[(b":admin", b"1")]),
        head("a pseudo-header of responses", &[(b":status", b"200")]),
        fields("no method", &[SCHEME, AUTHORITY, PATH]),
        fields("no scheme", &[METHOD, AUTHORITY, PATH]),
        fields("no path", &[METHOD, SCHEME, AUTHORITY]),
        fields("an empty path", &[METHOD, SCHEME, AUTHORITY, (b":path", b"")]),
        fields("no name of the site at all", &[METHOD, SCHEME, PATH]),
        fields("a path that is none", &[METHOD, SCHEME, AUTHORITY, (b":path", b"admin")]),
        fields("a space in the path", &[METHOD, SCHEME, AUTHORITY, (b":path", b"/ HTTP/1.1")]),
        fields(
            "a line break in the path",
            &[METHOD, SCHEME, AUTHORITY, (b":path", b"/\r\nhost: evil.example")],
        ),
        fields("a climbing path", &[METHOD, SCHEME, AUTHORITY, (b":path", b"/a/%2e%2e/b")]),
        fields(
            "a line break in the method",
            &[(b":method", b"GET / HTTP/1.1\r\nx:"), SCHEME, AUTHORITY, PATH],
        ),
        fields("a space in the method", &[(b":method", b"GET /admin"), SCHEME, AUTHORITY, PATH]),
        fields(
            "a line break in the name of the site",
            &[METHOD, SCHEME, (b":authority", b"localhost\r\nx: y"), PATH],
        ),
        fields(
            "a user in the name of the site",
            &[METHOD, SCHEME, (b":authority", b"localhost@evil.example"), PATH],
        ),
        head("host and authority disagree", &[(b"host", b"evil.example")]),
        head("two hosts", &[(b"host", b"localhost"), (b"host", b"localhost")]),
        fields("a site that is not ours", &[METHOD, SCHEME, (b":authority", b"evil.example"), PATH]),
        post("two lengths", &[(b"content-length", b"3"), (b"content-length", b"5")], b"abc", &[]),
        post("a list of lengths", &[(b"content-length", b"3, 3")], b"abc", &[]),
        post("a length with a sign", &[(b"content-length", b"+3")], b"abc", &[]),
        post("fewer bytes than announced", &[(b"content-length", b"9")], b"abc", &[]),
        post("more bytes than announced", &[(b"content-length", b"1")], b"abcGET /admin", &[]),
        post("a length in the trailers", &[], b"abc", &[(b"content-length", b"1")]),
    ]
}

/// Malformed too, but the HTTP/2 library takes the offending part out before anybody can judge it.
fn mended() -> Vec<Request> {
    vec![
        fields("a fragment in the path", &[METHOD, SCHEME, AUTHORITY, (b":path", b"/#/admin")]),
        post("a pseudo-header in the trailers", &[], b"abc", &[(b":path", b"/admin")]),
    ]
}

fn ordinary() -> Vec<Request> {
    vec![
        head("a plain request", &[]),
        head("te: trailers", &[(b"te", b"trailers")]),
        head("the same host again", &[(b"host", b"localhost")]),
        head("a cookie in crumbs", &[(b"cookie", b"a=1"), (b"cookie", b"b=2")]),
        post("a body of the length announced", &[(b"content-length", b"3")], b"abc", &[]),
        post("a body without a length", &[], b"abc", &[]),
        post("trailers", &[], b"abc", &[(b"x-checksum", b"900150983cd24fb0")]),
    ]
}

/// The malformed requests that the app saw, or to which nobody said no, where `sends` sends one.
pub(super) async fn let_through(
    standing: &Standing,
    sends: impl AsyncFn(&Standing, &Request) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for request in malformed() {
        let answered = sends(standing, &request).await;
        if let Some(saw) = standing.app_saw() {
            wrong.push(format!("{}: the app saw {} {}", request.about, saw.method, saw.target));
        }
        if !answered {
            wrong.push(format!("{}: nobody said no", request.about));
        }
    }
    wrong
}

/// The ordinary requests that the app did not see whole.
pub(super) async fn kept_back(
    standing: &Standing,
    sends: impl AsyncFn(&Standing, &Request) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for request in ordinary() {
        sends(standing, &request).await;
        let saw = standing.app_saw();
        let whole = saw.as_ref().is_some_and(|saw| saw.body == request.body.unwrap_or_default());
        if !whole || (request.about.contains("crumbs") && !saw.as_ref().is_some_and(one_cookie)) {
            wrong.push(format!("{}: {saw:?}", request.about));
        }
    }
    wrong
}

#[tokio::test]
async fn what_is_malformed_in_http2_never_reaches_the_app() {
    let standing = Standing::start(&any_case()).await.unwrap();
    let wrong = let_through(&standing, exchange).await;
    standing.close(&mut Outcome::default()).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_taken_out_of_http2_is_not_forwarded_either() {
    let standing = Standing::start(&any_case()).await.unwrap();
    for request in mended() {
        exchange(&standing, &request).await;
        let saw = standing.app_saw().unwrap();
        assert_eq!(saw.target, "/", "{}", request.about);
        assert!(saw.headers.iter().all(|(name, _)| !name.contains("path")), "{}: {saw:?}", request.about);
    }
    standing.close(&mut Outcome::default()).await.unwrap();
}

#[tokio::test]
async fn what_is_ordinary_in_http2_reaches_the_app_whole() {
    let standing = Standing::start(&any_case()).await.unwrap();
    let wrong = kept_back(&standing, exchange).await;
    standing.close(&mut Outcome::default()).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// RFC 9113 section 8.2.3, RFC 9114 section 4.2.1: crumbs are joined before they leave HTTP/2.
fn one_cookie(saw: &AppSaw) -> bool {
    let cookies: Vec<_> = saw.headers.iter().filter(|(name, _)| name == "cookie").collect();
    matches!(cookies.as_slice(), [(_, value)] if value == "a=1; b=2")
}

pub(super) fn any_case() -> Case {
    case::all()
        .into_iter()
        .map(|(_, case)| case)
        .find(|case| case.policy.is_empty() && case.expect.passed)
        .unwrap()
}

/// Sends one request on a connection of its own; whether any answer came, be it a refusal, a reset or the
/// end of the connection.
async fn exchange(standing: &Standing, request: &Request) -> bool {
    let mut stream = TcpStream::connect(standing.running.dangerous_plain.as_slice()).await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame(&mut bytes, 4, 0, 0, &[]);
    let ends = if request.body.is_none() { END_STREAM } else { 0 };
    frame(&mut bytes, HEADERS, END_HEADERS | ends, 1, &block(&request.fields));
    if let Some(body) = request.body {
        let ends = if request.trailers.is_empty() { END_STREAM } else { 0 };
        frame(&mut bytes, DATA, ends, 1, body);
    }
    if !request.trailers.is_empty() {
        frame(&mut bytes, HEADERS, END_HEADERS | END_STREAM, 1, &block(&request.trailers));
    }
    stream.write_all(&bytes).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), answer(&mut stream)).await.is_ok()
}

async fn answer(stream: &mut TcpStream) {
    let mut head = [0; 9];
    while stream.read_exact(&mut head).await.is_ok() {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).await.is_err() || [HEADERS, RST_STREAM, GOAWAY].contains(&head[3])
        {
            return;
        }
    }
}

/// RFC 9113 section 4.1.
fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    out.extend_from_slice(&length[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Literal fields, never indexed, without Huffman coding (RFC 7541 section 6.2.3).
fn block(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0x10);
        for text in [name, value] {
            out.push(u8::try_from(text.len()).unwrap());
            out.extend_from_slice(text);
        }
    }
    out
}
