//! Introductions as balancers write them, and as forgers do.

use std::net::SocketAddr;

use super::*;

fn source(bytes: &[u8]) -> Option<SocketAddr> {
    let read = parse(bytes).unwrap().expect("not whole");
    assert_eq!(read.length, bytes.len());
    read.source
}

fn v2(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([command, family]);
    bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes
}

#[test]
fn both_versions_tell_the_same_client() {
    let four = "203.0.113.7:56324".parse().ok();
    assert_eq!(source(b"PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n"), four);
    assert_eq!(source(&v2(0x21, 0x11, &[203, 0, 113, 7, 198, 51, 100, 1, 0xdc, 0x04, 1, 187])), four);
    let six = "[2001:db8::1]:56324".parse().ok();
    assert_eq!(source(b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"), six);
    let mut payload = [0; 36];
    payload[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
    payload[15] = 1;
    payload[32..34].copy_from_slice(&56324_u16.to_be_bytes());
    assert_eq!(source(&v2(0x21, 0x21, &payload)), six);
}

#[test]
fn who_speaks_for_itself_introduces_nobody() {
    assert_eq!(source(b"PROXY UNKNOWN\r\n"), None);
    assert_eq!(source(b"PROXY UNKNOWN ffff::1 ::1 1 2\r\n"), None);
    assert_eq!(source(&v2(0x20, 0x00, b"")), None);
    assert_eq!(source(&v2(0x20, 0x11, &[1; 12])), None);
    assert_eq!(source(&v2(0x21, 0x31, &[0; 216])), None);
}

#[test]
fn what_follows_the_addresses_is_skipped_and_what_follows_the_header_stays() {
    let mut bytes = v2(0x21, 0x11, &[127, 0, 0, 9, 127, 0, 0, 1, 0, 5, 0, 6, 0x04, 0, 2, 0, 0]);
    let length = bytes.len();
    bytes.extend(b"GET /");
    let read = parse(&bytes).unwrap().unwrap();
    assert_eq!(read, Introduction { length, source: "127.0.0.9:5".parse().ok() });
    let read = parse(b"PROXY TCP4 127.0.0.9 127.0.0.1 5 6\r\nPROXY TCP4 6.6.6.6 1.1.1.1 1 1\r\n").unwrap();
    assert_eq!(read.map(|read| (read.length, read.source)), Some((36, "127.0.0.9:5".parse().ok())));
}

#[test]
fn every_beginning_of_a_header_asks_for_more() {
    for whole in [
        b"PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n".to_vec(),
        v2(0x21, 0x11, &[1; 12]),
        v2(0x20, 0x00, b""),
    ] {
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), Ok(None), "{length}");
        }
    }
}

#[test]
fn what_is_not_as_specified_is_no_header() {
    for line in [
        "PROXY\r\n",
        "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\n",
        "PROXY TCP4 203.0.113.7 198.51.100.1 56324\r\n",
        "PROXY TCP4 203.0.113.7 198.51.100.1 56324 443 1\r\n",
        "PROXY TCP4 2001:db8::1 198.51.100.1 56324 443\r\n",
        "PROXY TCP4 203.0.113.7 198.51.100.1 +1 443\r\n",
        "PROXY TCP4 203.0.113.7 198.51.100.1 01 443\r\n",
        "PROXY TCP4 203.0.113.7 198.51.100.1 65536 443\r\n",
        "PROXY TCP4  203.0.113.7 198.51.100.1 1 443\r\n",
        "PROXY UDP4 203.0.113.7 198.51.100.1 1 443\r\n",
        "proxy TCP4 203.0.113.7 198.51.100.1 1 443\r\n",
        "GET / HTTP/1.1\r\n",
    ] {
        assert!(parse(line.as_bytes()).is_err(), "{line}");
    }
    assert_eq!(parse(&[b"PROXY TCP4 ".as_slice(), &[b'1'; 120]].concat()), Err(Fault::TooLong));
    assert_eq!(parse(&v2(0x11, 0x11, &[1; 12])), Err(Fault::Binary));
    assert_eq!(parse(&v2(0x22, 0x11, &[1; 12])), Err(Fault::Binary));
    assert_eq!(parse(&v2(0x21, 0x41, &[1; 12])), Err(Fault::Binary));
    assert_eq!(parse(&v2(0x21, 0x11, &[1; 11])), Err(Fault::Binary));
    assert_eq!(parse(&v2(0x21, 0x11, &[1; 5000])), Err(Fault::TooLong));
}

#[test]
fn only_named_networks_introduce() {
    let introducers = Introducers { networks: vec!["10.0.0.0/8".parse().unwrap()], unix: false };
    assert!(introducers.includes("10.1.2.3:4".parse().unwrap(), false));
    assert!(introducers.includes("[::ffff:10.1.2.3]:4".parse().unwrap(), false));
    assert!(!introducers.includes("11.1.2.3:4".parse().unwrap(), false));
    assert!(!introducers.includes(super::super::stream::LOCAL_PEER, true));
}
