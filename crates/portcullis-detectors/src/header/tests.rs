//! Which line ends begin a field, and which do not.

use super::header;

#[test]
fn a_field_after_a_line_end_is_found() {
    let attacks = [
        "en\r\nSet-Cookie: admin=1",
        "x\r\nLocation: http://evil.example/",
        "x\nSet-Cookie:a=b",
        "%0d%0aSet-Cookie:%20a=b",
        "x%0aContent-Length:%200",
        "\u{560a}\u{560d}Set-Cookie: x=y",
        "/home\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>",
        "a@example.com\r\nBcc: b@example.com",
        "bob\nBcc: everyone@example.com",
        "x\r\n\r\n<html><h1>hi",
        "x\r\nHTTP/1.1 200 OK\r\nContent-Length: 5",
        "a@b.example\nSubject: spam\n\nbuy",
        "x\rSet-Cookie: a=b",
        "x\r\nX-XSS-Protection: 0",
        "x HTTP/1.1\r\nHost: internal.example\r\n\r\nGET /admin HTTP/1.1",
        "\r\nTransfer-Encoding: chunked",
        "x\r\nRefresh: 0;url=http://evil.example",
    ];
    let missed: Vec<_> = attacks.into_iter().filter(|value| header(value.as_bytes()).is_none()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_text_of_several_lines_is_left_alone() {
    let ordinary = [
        "Hello,\r\nthis is my question: how?\r\nThanks",
        "From: Bob <bob@example.com>\r\nTo: alice@example.com\r\nSubject: hi\r\n\r\nHello",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=b",
        "GET / HTTP/1.1\r\nHost: example.com",
        "Place and time\nLocation: the big hall\nDate: Monday",
        "Server settings\nHost: mine\nStatus: ok",
        "My address\r\nTo: be decided",
        "I get this from the server, can anybody help me to understand it?\nContent-Type: text/html",
        "---------- Forwarded message ---------\nFrom: x@example.com\nSubject: y",
        "one\ntwo\nthree",
        "Note:\nLink: see below",
        "100%\nfree",
        "Item\nFrom: the shelf",
    ];
    let alarms: Vec<_> = ordinary.into_iter().filter(|value| header(value.as_bytes()).is_some()).collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
}
