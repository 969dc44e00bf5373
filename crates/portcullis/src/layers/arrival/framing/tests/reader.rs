use super::*;

const HEAD: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

fn small() -> ReaderLimits {
    ReaderLimits {
        request_line: 40,
        header_line: 30,
        head: 120,
        headers: 4,
        chunk_extensions: 8,
        trailers: 24,
        tolerant: false,
    }
}

/// What a reader that only observes lets pass of a head, or the first fault that no mode lets pass.
fn observed(head: &str) -> Result<String, &'static str> {
    let limits = ReaderLimits { tolerant: true, ..ReaderLimits::default() };
    let (told, _) = tell(limits, [head.as_bytes()]);
    match told.heads[0].readable() {
        true => Ok(String::from_utf8(told.passed).unwrap()),
        false => Err(told.heads[0].fatal().fault.code()),
    }
}

#[test]
fn what_leaves_one_reading_passes_where_the_layer_observes() {
    for (sent, passed) in [
        (
            "GET /<a>?b=\"<x>\" HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /%3Ca%3E?b=%22%3Cx%3E%22 HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        ("GET /\u{e9} HTTP/4.0\r\nHost: a\r\n\r\n", "GET /%C3%A9 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            "POST / HTTP/1.1\r\nContent-Length: 7\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        ),
    ] {
        assert_eq!(observed(sent).as_deref(), Ok(passed));
    }
    for (sent, fault) in [
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", "framing.version_invalid"),
        ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "framing.target_form"),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "framing.host_empty"),
        ("GET /< HTTP/1.1\r\nHost: a b\r\n\r\n", "framing.host_invalid"),
        ("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", "framing.target_fragment"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\n", "framing.length_list"),
    ] {
        assert_eq!(observed(sent), Err(fault));
    }
}

fn fault_within(limits: ReaderLimits, bytes: &str) -> Option<&'static str> {
    let whole = tell(limits, [bytes.as_bytes()]).0;
    let dripped = tell(limits, bytes.as_bytes().chunks(1)).0;
    assert_eq!(whole, dripped, "{bytes}");
    let in_heads = whole.heads.iter().find_map(|wire| wire.faults.first().map(|reason| reason.fault.code()));
    in_heads.or(whole.fault.map(|reason| reason.fault.code()))
}

#[test]
fn a_request_line_may_be_as_long_as_allowed_and_no_longer() {
    // "GET /" and " HTTP/1.1" are 14 bytes.
    let line = |letters: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(letters));
    assert_eq!(fault_within(small(), &line(26)), None);
    assert_eq!(fault_within(small(), &line(27)), Some("framing.request_line_long"));
    assert_eq!(fault_within(small(), &"a".repeat(500)), Some("framing.request_line_long"));
}

#[test]
fn a_header_line_may_be_as_long_as_allowed_and_no_longer() {
    let line = |letters: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(letters));
    assert_eq!(fault_within(small(), &line(27)), None);
    assert_eq!(fault_within(small(), &line(28)), Some("framing.header_line_long"));
}

#[test]
fn a_head_may_be_as_long_as_allowed_and_no_longer() {
    let head = |letters: usize| {
        let filler = "X: aaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(2);
        format!("GET / HTTP/1.1\r\nHost: a\r\n{filler}Y: {}\r\n\r\n", "a".repeat(letters))
    };
    let room = 120 - head(0).len();
    assert_eq!(fault_within(small(), &head(room)), None);
    assert_eq!(fault_within(small(), &head(room + 1)), Some("framing.head_long"));
}

#[test]
fn header_fields_are_counted() {
    let head = |many: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(many));
    assert_eq!(fault_within(small(), &head(3)), None);
    assert_eq!(fault_within(small(), &head(4)), Some("framing.headers_many"));
}

#[test]
fn chunk_extensions_are_counted_over_the_whole_body() {
    let body = |chunks: usize| format!("{HEAD}{}0\r\n\r\n", "1;ab\r\nx\r\n".repeat(chunks));
    let limits = ReaderLimits { header_line: 40, ..small() };
    assert_eq!(fault_within(limits, &body(2)), None);
    assert_eq!(fault_within(limits, &body(3)), Some("framing.chunk_extension_long"));
    let endless = format!("{HEAD}1;{}", "a".repeat(100));
    assert_eq!(fault_within(limits, &endless), Some("framing.chunk_extension_long"));
}

#[test]
fn an_endless_chunk_size_is_cut_short() {
    let endless = format!("{HEAD}{}", "0".repeat(1000));
    assert_eq!(fault_within(ReaderLimits::default(), &endless), Some("framing.chunk_size_huge"));
}

#[test]
fn trailers_are_bounded_in_size_and_number() {
    let body = |letters: usize| format!("{HEAD}0\r\nX: {}\r\n\r\n", "a".repeat(letters));
    let limits = ReaderLimits { header_line: 40, ..small() };
    assert_eq!(fault_within(limits, &body(19)), None);
    assert_eq!(fault_within(limits, &body(20)), Some("framing.trailers_long"));
    let many = format!("{HEAD}0\r\n{}\r\n", "X:1\r\n".repeat(33));
    assert_eq!(fault_within(ReaderLimits::default(), &many), Some("framing.trailers_many"));
}

#[test]
fn every_fault_of_a_head_is_collected() {
    let raw = b"GET /a#b HTTP/1.1\r\nHost: a\r\nX : 1\r\nContent-Length: x\r\nContent-Length: 1\r\n\r\n";
    let (told, phase) = tell(ReaderLimits::default(), [raw.as_slice()]);
    let codes: Vec<&str> = told.heads[0].faults.iter().map(|reason| reason.fault.code()).collect();
    let wanted = [
        "framing.target_fragment",
        "framing.space_before_colon",
        "framing.length_differs",
        "framing.length_invalid",
    ];
    assert_eq!(codes, wanted);
    assert_eq!(told.heads[0].head, raw.as_slice());
    assert_eq!(phase, Phase::Broken);
}

#[test]
fn the_number_of_faults_kept_is_bounded() {
    let raw = format!("GET / HTTP/1.1\r\n{}\r\n", "bad line\r\n".repeat(90));
    let (told, _) = tell(ReaderLimits::default(), [raw.as_bytes()]);
    assert_eq!(told.heads[0].faults.len(), 16);
}

#[test]
fn nothing_passes_after_a_fault() {
    let raw = format!("{HEAD}2\r\nhiX\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    let (told, phase) = tell(ReaderLimits::default(), [raw.as_bytes()]);
    assert_eq!(told.passed, format!("{HEAD}2\r\nhi").as_bytes());
    assert_eq!((told.heads.len(), told.ends, phase), (1, 0, Phase::Broken));
}

#[test]
fn after_a_request_to_upgrade_the_reader_waits_for_a_decision() {
    let mut reader = Reader::new(ReaderLimits::default());
    let asks = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut input = BytesMut::from(format!("{asks}\u{1}\u{2}no HTTP").as_bytes());
    assert!(matches!(reader.read(&mut input), Some(Event::Head(head)) if head.upgrade));
    assert_eq!(reader.read(&mut input), Some(Event::End));
    assert_eq!((reader.read(&mut input), reader.phase()), (None, Phase::Waiting));
    reader.go_transparent();
    assert_eq!(reader.read(&mut input), Some(Event::Body(Bytes::from_static(b"\x01\x02no HTTP"))));
    assert_eq!(reader.phase(), Phase::Transparent);
}

#[test]
fn a_request_to_upgrade_that_is_declined_is_followed_by_another_request() {
    let mut reader = Reader::new(ReaderLimits::default());
    let asks = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n";
    let mut input = BytesMut::from(format!("{asks}GET /two HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    assert!(matches!(reader.read(&mut input), Some(Event::Head(_))));
    assert_eq!(reader.read(&mut input), Some(Event::End));
    assert_eq!(reader.read(&mut input), None);
    reader.resume();
    assert!(
        matches!(reader.read(&mut input), Some(Event::Head(head)) if head.wire.head.starts_with(b"GET /two"))
    );
}

#[test]
fn nobody_goes_transparent_who_did_not_ask() {
    let mut reader = Reader::new(ReaderLimits::default());
    reader.go_transparent();
    let mut input = BytesMut::from(&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..]);
    assert!(matches!(reader.read(&mut input), Some(Event::Head(_))));
    reader.go_transparent();
    assert_eq!(reader.read(&mut input), Some(Event::End));
    assert_eq!(reader.phase(), Phase::Head);
}

#[test]
fn a_head_that_did_not_come_to_its_end_is_kept_as_evidence() {
    let mut reader = Reader::new(ReaderLimits::default());
    let mut input = BytesMut::from(&b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "[..]);
    assert_eq!(reader.read(&mut input), None);
    let wire = reader.give_up(&mut input, Fault::HeadSlow);
    assert_eq!(wire.fatal().fault, Fault::HeadSlow);
    assert!(wire.head.ends_with(b"X-Slow: "));
    assert_eq!(reader.phase(), Phase::Broken);
}

#[test]
fn codes_are_told_once_each_with_words() {
    use crate::verdict::Grounds;
    let all = ALL_FAULTS;
    let mut codes: Vec<&str> = all.iter().map(|fault| fault.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
    for fault in all {
        let reason = Reason::new(*fault, "somewhere", b"bytes\x01");
        assert!(reason.sentence().ends_with(r"`bytes\x01`"), "{}", reason.sentence());
        assert!(!reason.why().is_empty() && !reason.why().contains("  "));
        assert!(reason.status().is_client_error() || reason.status().is_server_error());
        assert!(reason.code().starts_with("framing."));
    }
}

const ALL_FAULTS: &[Fault] = &[
    Fault::LeadingBlankLines,
    Fault::LeadingWhitespace,
    Fault::TlsHandshake,
    Fault::RequestLineLong,
    Fault::RequestLineShape,
    Fault::RequestLineSpaces,
    Fault::MethodInvalid,
    Fault::MethodLong,
    Fault::ConnectMethod,
    Fault::VersionMissing,
    Fault::VersionInvalid,
    Fault::VersionUnsupported,
    Fault::TargetEightBit,
    Fault::TargetControl,
    Fault::TargetSpace,
    Fault::TargetByte,
    Fault::TargetFragment,
    Fault::TargetForm,
    Fault::TargetScheme,
    Fault::TargetUserinfo,
    Fault::TargetAuthority,
    Fault::TargetAsterisk,
    Fault::BareCarriageReturn,
    Fault::BareLineFeed,
    Fault::HeaderLineLong,
    Fault::HeadLong,
    Fault::HeadersMany,
    Fault::FoldedLine,
    Fault::ColonMissing,
    Fault::SpaceBeforeColon,
    Fault::NameEmpty,
    Fault::NameInvalid,
    Fault::NameDisguised,
    Fault::ValueControl,
    Fault::HostMissing,
    Fault::HostEmpty,
    Fault::HostRepeated,
    Fault::HostInvalid,
    Fault::HostDiffers,
    Fault::LengthWithCoding,
    Fault::LengthRepeated,
    Fault::LengthDiffers,
    Fault::LengthList,
    Fault::LengthEmpty,
    Fault::LengthSigned,
    Fault::LengthInvalid,
    Fault::LengthHuge,
    Fault::CodingInOldVersion,
    Fault::CodingRepeated,
    Fault::CodingEmpty,
    Fault::CodingIdentity,
    Fault::ChunkedRepeated,
    Fault::ChunkedNotFinal,
    Fault::ChunkedDisguised,
    Fault::CodingUnknown,
    Fault::ConnectionNamesField,
    Fault::ExpectUnknown,
    Fault::ConnectionFieldInHttp2,
    Fault::TeInHttp2,
    Fault::ChunkSizeEmpty,
    Fault::ChunkSizeInvalid,
    Fault::ChunkSizeSpace,
    Fault::ChunkSizeHuge,
    Fault::ChunkLineEnd,
    Fault::ChunkExtensionLong,
    Fault::ChunkExtensionInvalid,
    Fault::ChunkEnd,
    Fault::TrailersMany,
    Fault::TrailersLong,
    Fault::TrailerForbidden,
    Fault::PathDotSegment,
    Fault::PathDotSegmentEncoded,
    Fault::PathDotSegmentDoublyEncoded,
    Fault::PathEncodedSlash,
    Fault::PathBackslash,
    Fault::PathEncodedBackslash,
    Fault::PathNul,
    Fault::PathControl,
    Fault::PathPercentInvalid,
    Fault::PathOverlong,
    Fault::PathNotUtf8,
    Fault::HeadSlow,
    Fault::BodySlow,
];
