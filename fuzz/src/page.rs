//! The HTML rewriter: but for tokens of ours nothing of a page changes, however it is cut on its way.

use http::Request;

use super::exchange::{engine, message};

/// A byte of choices, then a page.
pub fn run(bytes: &[u8]) {
    let Some((cut, page)) = bytes.split_first() else { return };
    let engine = engine(0);
    let get = || {
        let request = Request::get("/page").header("host", "localhost").body(()).expect("a request");
        request.into_parts().0
    };
    // HTML, with 200, in parts of some length.
    let choices = cut & 0x38;
    let Some((answer, broken)) = message(&engine, get(), None, Vec::new(), choices, page) else {
        unreachable!("an ordinary request passes")
    };
    if answer.status() != 200 || broken {
        return;
    }
    let tokens = without_tokens(answer.body());
    assert!(
        tokens == page || without_tokens(&tokens) == without_tokens(page),
        "more than tokens has changed: {:?}",
        String::from_utf8_lossy(answer.body())
    );
}

/// The page with our hidden fields taken out again.
fn without_tokens(page: &[u8]) -> Vec<u8> {
    const FIELD: &[u8] = b"<input type=\"hidden\" name=\"_portcullis_csrf\" value=\"";
    let mut out = Vec::with_capacity(page.len());
    let mut rest = page;
    while !rest.is_empty() {
        let taken = rest.strip_prefix(FIELD).and_then(|after| {
            let end = after.iter().position(|byte| *byte == b'>')?;
            after.get(end + 1..)
        });
        match taken {
            Some(after) => rest = after,
            None => {
                out.extend(rest.first());
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out
}
