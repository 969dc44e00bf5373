use proptest::prelude::*;

use super::*;

const TYPE: &str = "multipart/form-data; boundary=b";

fn multipart(body: &str) -> Body<'_> {
    read(Processor::Multipart, TYPE, body)
}

/// A part with such a disposition, and a body of it.
fn with(disposition: &str) -> Body<'static> {
    let body = format!("--b\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--b--\r\n");
    let body: &'static str = body.leak();
    multipart(body)
}

#[test]
fn fields_files_and_headers_are_read_as_browsers_send_them() {
    let body = multipart(
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--b\r\nContent-disposition: form-data; name=\"f\"; filename=\"it's.txt\"\r\nContent-Type: text/plain\r\n\r\n--not\n\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"g\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n",
    );
    assert_eq!(body.error, None);
    expect(&body.args, &[("a", "1\r\n2"), ("g", "")]);
    assert_eq!(body.files.len(), 1);
    assert_eq!((&*body.files[0].name, &*body.files[0].filename), (&b"f"[..], &b"it's.txt"[..]));
    assert_eq!(body.files[0].content, b"--not\n\r\n");
    assert_eq!(pairs(&body.part_headers)[2], ("f".to_owned(), "Content-Type: text/plain".to_owned()));
    assert_eq!(body.part_headers.len(), 5);
    assert!(!body.multipart.strict_error() && !body.multipart.crlf_lf_lines());
    assert_eq!(body.multipart.unmatched_boundary, 2, "the line `--not` stands before a boundary");
}

#[test]
fn each_oddity_sets_its_flag() {
    let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nx";
    let whole = format!("--b\r\n{part}\r\n--b--\r\n");
    let of = |content_type: &str| read(Processor::Multipart, content_type, &*whole.clone().leak());
    assert!(!of(TYPE).multipart.strict_error());
    assert!(!of("Multipart/Form-Data; charset=utf-8; boundary=b; foo=\"bar\"").multipart.strict_error());
    assert!(of("multipart/form-data; boundary=\"b\"").multipart.boundary_quoted);
    assert!(of("multipart/form-data; boundary =b").multipart.boundary_whitespace);
    assert!(of("multipart/form-data; boundary= b").multipart.boundary_whitespace);
    assert!(of("multipart/form-data boundary=b").multipart.missing_semicolon);
    type Flag = fn(&MultipartFlags) -> bool;
    let cases: [(String, Flag); 12] = [
        (format!("x\r\n{whole}"), |flags| flags.data_before),
        (format!("{whole}x"), |flags| flags.data_after),
        (whole.replace("\r\n", "\n"), |flags| flags.lf_line && !flags.crlf_line),
        (whole.replace("x\r\n", "x\n"), |flags| flags.crlf_lf_lines()),
        (whole.replace("; name", ";\r\n name"), |flags| {
            flags.header_folding && !flags.invalid_header_folding
        }),
        (whole.replace("; name", ";\r\n\x0bname"), |flags| flags.invalid_header_folding),
        (whole.replace("\"a\"", "'a'"), |flags| flags.invalid_quoting),
        (whole.replace("\"a\"", "\"a\\\"b\""), |flags| flags.invalid_quoting),
        (whole.replace("; name=\"a\"", ""), |flags| flags.invalid_part),
        (whole.replace("x\r\n", "x --b y\r\n"), |flags| {
            flags.unmatched_boundary == 2 && !flags.strict_error()
        }),
        (whole.replace("x\r\n", "--other\r\n").replace("--b--\r\n", ""), |flags| {
            flags.unmatched_boundary == 1
        }),
        (whole.replace("\r\n--b--", "\r\n--bc\r\n--b--"), |flags| {
            flags.error && flags.unmatched_boundary == 2
        }),
    ];
    for (body, flag) in &cases {
        assert!(flag(&multipart(body).multipart), "{body:?}: {:?}", multipart(body).multipart);
    }
}

#[test]
fn what_readers_would_take_in_two_ways_is_a_fault() {
    for (disposition, why) in [
        ("form-data; name=\"a\"; name=\"b\"", "there twice"),
        ("form-data; name=\"a\"; filename=\"x\"; filename=\"y\"", "there twice"),
        ("form-data; name=\"a\"; filename=\"x.txt\"; filename*=UTF-8''x.php", "`filename*`"),
        ("attachment; name=\"a\"", "not `form-data`"),
        ("form-data; name=\"a\" x", "goes on"),
        ("form-data; name=\"a", "does not end"),
        ("form-data; Name=\"a\"", "unknown parameter"),
        ("form-data; name", "has no value"),
        ("form-data; name=\"\"", "has no name"),
        (
            "form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
            "header of a part is there twice",
        ),
        ("form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64", "encoded"),
        ("form-data; name=\"a\"\r\nContent-Type: multipart/mixed; boundary=c", "parts of its own"),
        ("form-data; name=\"a\"\r\nX : y", "not a name"),
        ("form-data; name=\"a\"\r\nno colon", "no colon"),
        ("form-data; name=\"a\rb\"", "carriage return"),
        ("form-data; name=\"a\0b\"", "NUL"),
    ] {
        let body = with(disposition);
        let error = body.error.clone().unwrap_or_else(|| panic!("{disposition}: no fault"));
        assert!(error.starts_with("multipart: ") && error.contains(why), "{disposition}: {error}");
        assert!(body.multipart.strict_error() && body.multipart.invalid_part, "{disposition}");
        let seen = pairs(&body.args).iter().any(|(_, value)| value.contains('x'))
            || body.files.iter().any(|file| file.content == b"x");
        assert!(seen, "{disposition}: the content is not seen");
    }
    let encoded = with("form-data; name=\"a\"; filename*=UTF-8''x%2ephp");
    assert_eq!(&*encoded.files[0].filename, b"x.php");
}

#[test]
fn a_boundary_that_readers_could_find_elsewhere_is_a_fault() {
    for (content_type, why) in [
        ("multipart/form-data", "gives no boundary"),
        ("multipart/mixed; boundary=b", "not `multipart/form-data`"),
        ("multipart/form-data; boundary=b; boundary=c", "more than one"),
        ("multipart/form-data; foo=\"boundary=c\"; boundary=b", "more than one"),
        ("multipart/form-data; Boundary=b", "lower case"),
        ("multipart/form-data; boundary=", "1 to 70"),
        ("multipart/form-data; boundary=b@c", "RFC 2046"),
        ("multipart/form-data; boundary=b,c=d e", "behind the boundary"),
        ("multipart/form-data; boundary=\"b", "malformed"),
        ("multipart/form-data; boundary=\"b\\\"c\"", "malformed"),
    ] {
        let body = read(Processor::Multipart, content_type, "--b\r\n");
        let error = body.error.unwrap_or_else(|| panic!("{content_type}: no fault"));
        assert!(error.contains(why), "{content_type}: {error}");
        assert!(body.multipart.strict_error());
    }
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    assert!(read(Processor::Multipart, &long, "").error.unwrap().contains("1 to 70"));
}

#[test]
fn what_is_cut_off_is_a_fault_and_seen() {
    let cut = multipart("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nunion select");
    assert_eq!(cut.error.as_deref(), Some("multipart: the last boundary is missing"));
    expect(&cut.args, &[("a", "union select")]);
    let headless = multipart("--b\r\nunion select\r\n--b--");
    expect(&headless.args, &[("", "union select")]);
    assert!(headless.multipart.invalid_part);
    assert!(multipart("union select").error.unwrap().contains("there is no boundary"));
    assert!(multipart("--b--\r\n--b\r\n").error.unwrap().contains("after the last one"));
}

#[test]
fn what_multipart_could_make_grow_has_bounds() {
    let one = "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n\r\n";
    let many = format!("{}--b--\r\n", one.repeat(20_000));
    let many = multipart(&many);
    assert!(many.multipart.file_limit_exceeded && many.multipart.strict_error());
    assert_eq!(many.files.len(), 10_000);
    let headers = format!("--b\r\n{}\r\n\r\n--b--\r\n", "a:b\r\n".repeat(100));
    assert!(multipart(&headers).error.unwrap().contains("too many or too long"));
    let header = format!("--b\r\na:{}\r\n\r\n\r\n--b--\r\n", "b".repeat(20_000));
    assert!(multipart(&header).error.unwrap().contains("too many or too long"));
}

proptest! {
    #[test]
    fn what_a_browser_sends_is_read_back(
        parts in prop::collection::vec(("[a-z\\[\\]é' ]{1,8}", prop::option::of("[a-z.' é]{1,8}"), prop::collection::vec(any::<u8>(), 0..40)), 1..6),
    ) {
        let boundary = "----WebKitFormBoundaryq7";
        let mut sent = Vec::new();
        for (name, filename, content) in &parts {
            sent.extend(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"").into_bytes());
            if let Some(filename) = filename {
                sent.extend(format!("; filename=\"{filename}\"\r\nContent-Type: application/octet-stream").into_bytes());
            }
            sent.extend(b"\r\n\r\n");
            sent.extend(content);
            sent.extend(b"\r\n");
        }
        sent.extend(format!("--{boundary}--\r\n").into_bytes());
        let body = read(Processor::Multipart, &format!("multipart/form-data; boundary={boundary}"), &sent);
        prop_assert_eq!(body.error, None);
        prop_assert!(!body.multipart.strict_error(), "{:?}", body.multipart);
        let fields: Vec<_> = parts.iter().filter(|part| part.1.is_none()).map(|part| (part.0.clone(), part.2.clone())).collect();
        let read: Vec<_> = body.args.iter().map(|field| (text(&field.name), field.value.to_vec())).collect();
        prop_assert_eq!(read, fields);
        let files: Vec<_> = parts.iter().filter_map(|part| Some((part.1.clone()?, part.2.clone()))).collect();
        let read: Vec<_> = body.files.iter().map(|file| (text(&file.filename), file.content.to_vec())).collect();
        prop_assert_eq!(read, files);
    }

    #[test]
    fn no_bytes_are_lost_whatever_is_sent(
        lines in prop::collection::vec(prop::sample::select(vec!["--b\r\n", "--b--\r\n", "--b\n", "--b ", "\r\n", "\n", "x", "Content-Disposition: form-data; name=\"a\"\r\n", " fold\r\n", "a:", "--", "\r"]), 0..14),
    ) {
        let sent = lines.concat();
        let body = multipart(&sent);
        let flags = body.multipart;
        // Either it is of the one form that all readers take in the same way, or it is told.
        let clean = body.error.is_none() && !flags.strict_error();
        let built = lines.first() == Some(&"--b\r\n") && lines.last() == Some(&"--b--\r\n")
            || sent == "--b--\r\n";
        prop_assert!(!clean || built, "{:?}", sent);
        let seen = body.args.iter().filter(|field| memchr::memchr(b'x', &field.value).is_some()).count()
            + body.part_headers.iter().filter(|field| memchr::memchr(b'x', &field.value).is_some()).count();
        prop_assert!(!sent.contains('x') || seen > 0 || flags.data_before || flags.data_after || flags.error, "{:?}", sent);
    }
}
