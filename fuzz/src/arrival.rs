//! Cookies, paths, forwarding headers and names, as a head that passed the reader may carry them.

use http::{HeaderValue, Request};

use super::exchange::{engine, message};

/// A byte of choices, then lines: the target, `Cookie`, `Forwarded`, `X-Forwarded-For`, `Host`, `Origin`,
/// `Referer`, `Content-Type`, the body.
pub fn run(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let mut lines = rest.split(|byte| *byte == b'\n');
    let target = lines.next().unwrap_or_default();
    let Ok(target) = std::str::from_utf8(target) else { return };
    let method = if which & 1 == 0 { "GET" } else { "POST" };
    let mut request = Request::builder().method(method).uri(target);
    let mut named = false;
    for name in ["cookie", "forwarded", "x-forwarded-for", "host", "origin", "referer", "content-type"] {
        let Some(value) = lines.next() else { break };
        if let Ok(value) = HeaderValue::from_bytes(value)
            && !value.is_empty()
        {
            named |= name == "host";
            request = request.header(name, value);
        }
    }
    if !named {
        request = request.header("host", "localhost");
    }
    let Ok(request) = request.body(()) else { return };
    let body = lines.next().unwrap_or_default();
    let body = vec![bytes::Bytes::copy_from_slice(body)];
    let normal = portcullis::layers::arrival::framing::normal_path(request.uri().path());
    assert!(
        normal.starts_with('/') || request.uri().path() == "*" || request.uri().path().is_empty(),
        "{normal}"
    );
    let _ = message(&engine(which >> 1), request.into_parts().0, None, body, 0x40, b"<p>ok</p>");
}
