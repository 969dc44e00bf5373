//! Properties: how bytes were cut makes no difference, and what passes is understood alike behind us.

use proptest::prelude::*;

use super::*;

/// Pieces of messages, good and bad, from which requests are put together.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "GET / HTTP/1.1\r\n",
        "POST /a?b=c HTTP/1.1\r\n",
        "GET http://a/ HTTP/1.1\r\n",
        "GET / HTTP/1.0\r\n",
        "Host: a\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: +5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: x\r\n",
        "Upgrade: websocket\r\n",
        "X: y\r\n",
        "X : y\r\n",
        "\r\n",
        "\n",
        "\r",
        " ",
        "\t",
        ":",
        "hello",
        "5\r\nhello\r\n",
        "5;a=b\r\nhello\r\n",
        "0\r\n\r\n",
        "0\r\nX: y\r\n\r\n",
        "\u{1}",
    ]);
    prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(fragment(), 0..14).prop_map(|fragments| fragments.concat())
}

/// A target, of the bytes that tell parsers apart.
fn target() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0x20_u8..=0x80, 0..12).prop_map(|mut rest| {
        rest.insert(0, b'/');
        rest
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_cut_tells_the_same(bytes in bytes(), cuts in prop::collection::vec(1_usize..20, 1..40)) {
        let limits = ReaderLimits { head: 120, header_line: 40, request_line: 50, headers: 5, ..ReaderLimits::default() };
        let mut pieces = Vec::new();
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let whole = tell_declining(limits, vec![bytes.as_slice()]);
        prop_assert_eq!(&whole, &tell_declining(limits, bytes.chunks(1).collect()));
        prop_assert_eq!(&whole, &tell_declining(limits, pieces));
        // What passes has come, in its order.
        prop_assert!(whole.passed.len() <= bytes.len());
    }

    #[test]
    fn what_passes_is_understood_alike_behind_us(
        target in target(),
        name in "[!-9;-~]{1,6}",
        value in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut raw = b"GET ".to_vec();
        raw.extend_from_slice(&target);
        raw.extend_from_slice(b" HTTP/1.1\r\nHost: a\r\n");
        raw.extend_from_slice(name.as_bytes());
        raw.extend_from_slice(b": ");
        raw.extend_from_slice(&value);
        raw.extend_from_slice(b"\r\n\r\n");
        let (told, _) = tell(ReaderLimits::default(), [raw.as_slice()]);
        let passed: Vec<_> = told.heads.iter().filter(|wire| wire.faults.is_empty()).collect();
        for wire in passed {
            // Panics where the library behind us does not take it.
            let head = understood(&wire.head);
            let uri = head.uri.to_string();
            prop_assert_eq!(uri.as_bytes(), target.as_slice());
            let told = head.headers.get_all(name.as_str()).iter().next_back().unwrap();
            prop_assert_eq!(told.as_bytes(), super::super::field::trimmed(&value));
        }
    }

    #[test]
    fn no_path_makes_it_panic(path in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let normal = normal_path(&format!("/{path}"));
        prop_assert!(normal.starts_with('/'));
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        let normal = normal_path(&format!("/{encoded}"));
        prop_assert!(normal.starts_with('/'));
        let climbs = normal.split('/').any(|segment| matches!(segment, "." | ".."));
        prop_assert!(!climbs);
    }
}

/// Like [`tell`], but every request to upgrade is declined at once, whatever pieces came.
fn tell_declining(limits: ReaderLimits, pieces: Vec<&[u8]>) -> Told {
    let mut pieces = pieces;
    // A last, empty piece lets what waited for the decision be read.
    pieces.extend([b"".as_slice(); 16]);
    tell(limits, pieces).0
}
