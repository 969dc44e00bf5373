//! The sample's HTTP/1.1 server: home-made and trusting, like many that sit inside appliances.
//!
//! FLAW: it believes `Transfer-Encoding` and overlooks the `Content-Length` beside it, and keeps the
//! connection open afterwards (RFC 9112 section 6.1 says to close it): what a front takes for one
//! request, it takes for two (request smuggling, CWE-444). hyper closes, so it cannot be the example.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::site::Site;

/// What it takes in; careless, but the machine of whoever tries the demo should live through it.
const LONGEST_HEAD: u64 = 1 << 20;
const LONGEST_BODY: u64 = 1 << 20;
const IDLE: Duration = Duration::from_secs(90);

/// Serves until its task is ended.
pub(super) async fn serve(listener: TcpListener, site: Arc<Site>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let site = site.clone();
                tokio::spawn(async move {
                    // A connection that fails is the visitor's affair.
                    let _ = connection(stream, &site).await;
                });
            }
            // Out of file descriptors, for one: wait for some to be given back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(mut stream: TcpStream, site: &Site) -> io::Result<()> {
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading);
    loop {
        let Ok(request) = tokio::time::timeout(IDLE, read_request(&mut reading)).await else {
            return Ok(());
        };
        let Some(request) = request? else { return Ok(()) };
        let closes = request
            .headers()
            .get(header::CONNECTION)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
        let without_body = request.method() == Method::HEAD;
        let response = site.answer(request);
        writing.write_all(&written(&response, without_body)).await?;
        if closes {
            return writing.shutdown().await;
        }
    }
}

fn written(response: &Response<Bytes>, without_body: bool) -> Vec<u8> {
    let status = response.status();
    let mut out = format!(
        "HTTP/1.1 {} {}\r\ncontent-length: {}\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or(""),
        response.body().len()
    )
    .into_bytes();
    for (name, value) in response.headers() {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if !without_body {
        out.extend_from_slice(response.body());
    }
    out
}

/// The next request, `None` at the end of the connection.
async fn read_request<R>(reading: &mut BufReader<R>) -> io::Result<Option<Request<Bytes>>>
where
    R: AsyncRead + Unpin,
{
    let mut left = LONGEST_HEAD;
    let first = read_line(reading, &mut left).await?;
    if first.is_empty() {
        return Ok(None);
    }
    let mut words = first.split(' ');
    let method = words.next().and_then(|word| Method::from_bytes(word.as_bytes()).ok()).ok_or_else(broken)?;
    let target = words.next().and_then(|word| word.parse::<Uri>().ok()).ok_or_else(broken)?;
    let mut headers = HeaderMap::new();
    loop {
        let line = read_line(reading, &mut left).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(broken)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(io::Error::other)?;
        headers.append(name, HeaderValue::from_str(value.trim()).map_err(io::Error::other)?);
    }
    let body = read_body(reading, &headers).await?;
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = target;
    *request.headers_mut() = headers;
    Ok(Some(request))
}

async fn read_body<R>(reading: &mut BufReader<R>, headers: &HeaderMap) -> io::Result<Vec<u8>>
where
    R: AsyncRead + Unpin,
{
    let mut body = Vec::new();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        loop {
            let mut left = LONGEST_HEAD;
            let line = read_line(reading, &mut left).await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            if size == 0 {
                while !read_line(reading, &mut left).await?.is_empty() {}
                return Ok(body);
            }
            take(reading, size, &mut body).await?;
            read_line(reading, &mut left).await?;
        }
    }
    if let Some(length) = headers.get(header::CONTENT_LENGTH) {
        let length = length.to_str().map_err(io::Error::other)?.parse().map_err(io::Error::other)?;
        take(reading, length, &mut body).await?;
    }
    Ok(body)
}

async fn take<R>(reading: &mut BufReader<R>, size: u64, body: &mut Vec<u8>) -> io::Result<()>
where
    R: AsyncRead + Unpin,
{
    if size.saturating_add(body.len() as u64) > LONGEST_BODY {
        return Err(broken());
    }
    let got = (&mut *reading).take(size).read_to_end(body).await?;
    if got as u64 == size { Ok(()) } else { Err(broken()) }
}

/// A line without its end; empty also at the end of the connection.
async fn read_line<R>(reading: &mut BufReader<R>, left: &mut u64) -> io::Result<String>
where
    R: AsyncRead + Unpin,
{
    let mut line = Vec::new();
    let got = (&mut *reading).take(*left).read_until(b'\n', &mut line).await?;
    *left = left.saturating_sub(got as u64);
    if *left == 0 {
        return Err(broken());
    }
    let line = String::from_utf8_lossy(&line);
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn broken() -> io::Error {
    io::Error::other("no message that this server reads")
}
