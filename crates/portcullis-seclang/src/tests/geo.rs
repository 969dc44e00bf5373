//! `@geoLookup` over a database that is written here, by the description of the MaxMind DB format 2.0.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::{MemoryFiles, RuleSet, Source, Start, Transaction};

/// A value of the data section.
enum Data {
    Text(&'static str),
    Double(f64),
    Short(u16),
    Number(u32),
    Long(u64),
    Map(Vec<(&'static str, Data)>),
    List(Vec<Data>),
}

impl Data {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => {
                control(out, 2, text.len());
                out.extend(text.as_bytes());
            }
            Self::Double(number) => {
                control(out, 3, 8);
                out.extend(number.to_be_bytes());
            }
            Self::Short(number) => {
                control(out, 5, 2);
                out.extend(number.to_be_bytes());
            }
            Self::Long(number) => {
                control(out, 9, 8);
                out.extend(number.to_be_bytes());
            }
            Self::Number(number) => {
                control(out, 6, 4);
                out.extend(number.to_be_bytes());
            }
            Self::Map(entries) => {
                control(out, 7, entries.len());
                for (key, value) in entries {
                    Self::Text(key).write(out);
                    value.write(out);
                }
            }
            Self::List(values) => {
                control(out, 11, values.len());
                values.iter().for_each(|value| value.write(out));
            }
        }
    }
}

/// The control byte: the type in three bits, or 0 and a byte more, and the size in five.
fn control(out: &mut Vec<u8>, kind: u8, size: usize) {
    let size = u8::try_from(size).unwrap();
    assert!(size < 29, "longer sizes are not needed here");
    match kind {
        0..=7 => out.push(kind << 5 | size),
        _ => out.extend([size, kind - 7]),
    }
}

/// A database of IPv4 with these networks.
fn database(networks: &[([u8; 4], usize, Data)]) -> Vec<u8> {
    // Nodes of two records; 0 stands for what is not known, as the root is nobody's child.
    let mut nodes: Vec<[u32; 2]> = vec![[0, 0]];
    let mut data = Vec::new();
    let mut leaves = Vec::new();
    for (address, length, value) in networks {
        let bits = u32::from_be_bytes(*address);
        let offset = u32::try_from(data.len()).unwrap();
        value.write(&mut data);
        let mut node = 0;
        for depth in 0..*length {
            let side = (bits >> (31 - depth) & 1) as usize;
            if depth + 1 == *length {
                leaves.push((node, side, offset));
                break;
            }
            if nodes[node][side] == 0 {
                nodes.push([0, 0]);
                nodes[node][side] = u32::try_from(nodes.len() - 1).unwrap();
            }
            node = nodes[node][side] as usize;
        }
    }
    let count = u32::try_from(nodes.len()).unwrap();
    for node in &mut nodes {
        for record in node.iter_mut().filter(|record| **record == 0) {
            *record = count;
        }
    }
    for (node, side, offset) in leaves {
        nodes[node][side] = count + 16 + offset;
    }
    let mut out = Vec::new();
    for record in nodes.concat() {
        out.extend(&record.to_be_bytes()[1..]);
    }
    out.extend([0; 16]);
    out.extend(data);
    out.extend(b"\xab\xcd\xefMaxMind.com");
    let text = Data::Text;
    Data::Map(vec![
        ("node_count", Data::Number(count)),
        ("record_size", Data::Short(24)),
        ("ip_version", Data::Short(4)),
        ("database_type", text("Test-City")),
        ("languages", Data::List(vec![text("en")])),
        ("binary_format_major_version", Data::Short(2)),
        ("binary_format_minor_version", Data::Short(0)),
        ("build_epoch", Data::Long(1_700_000_000)),
        ("description", Data::Map(vec![("en", text("made by a test"))])),
    ])
    .write(&mut out);
    out
}

fn berlin() -> Data {
    let text = Data::Text;
    let named = |name| Data::Map(vec![("en", text(name))]);
    Data::Map(vec![
        ("country", Data::Map(vec![("iso_code", text("DE")), ("names", named("Germany"))])),
        ("continent", Data::Map(vec![("code", text("EU"))])),
        ("subdivisions", Data::List(vec![Data::Map(vec![("iso_code", text("BE"))])])),
        ("city", Data::Map(vec![("names", named("Berlin"))])),
        ("postal", Data::Map(vec![("code", text("10115"))])),
        ("location", Data::Map(vec![("latitude", Data::Double(52.5)), ("longitude", Data::Double(13.4))])),
    ])
}

const RULES: &str = "SecRuleEngine On\nSecGeoLookupDb geo.mmdb\n\
    SecRule REMOTE_ADDR \"@geoLookup\" \"id:1,phase:1,pass,log,\
msg:'%{geo.country_code} %{geo.country_name} %{geo.country_continent} %{geo.region} %{geo.city} %{geo.postal_code} \
%{geo.latitude} %{geo.longitude}'\"\n\
    SecRule GEO:COUNTRY_CODE \"@streq DE\" \"id:2,phase:1,deny,status:403,log,msg:'From there'\"\n\
    SecRule REMOTE_ADDR \"!@geoLookup\" \"id:3,phase:1,pass,log,msg:'Nobody knows'\"\n";

/// The status with which a request from there is stopped, and what was said.
fn asked(from: &str) -> (Option<u16>, Vec<String>) {
    let files = MemoryFiles::new().with("geo.mmdb", database(&[([192, 0, 2, 0], 24, berlin())]));
    let set = RuleSet::load(&[Source::text("own.conf", RULES.to_owned())], &files).unwrap();
    let mut transaction = Transaction::new(Arc::new(set), Start::default());
    let from: IpAddr = from.parse().unwrap();
    transaction.connection(SocketAddr::new(from, 4000), SocketAddr::from(([127, 0, 0, 1], 443)));
    transaction.request_line(b"GET", b"/", b"HTTP/1.1");
    let stopped = transaction.request_head_done();
    let said = transaction.matches().iter().map(|one| String::from_utf8(one.msg.clone()).unwrap()).collect();
    (stopped.map(|intervention| intervention.status), said)
}

#[test]
fn an_address_that_is_in_the_database_fills_geo() {
    let (status, said) = asked("192.0.2.77");
    assert_eq!(status, Some(403));
    assert_eq!(said, ["DE Germany EU BE Berlin 10115 52.5 13.4", "From there"]);
    // As a socket for both families tells an address of IPv4.
    assert_eq!(asked("::ffff:192.0.2.77").0, Some(403));
}

#[test]
fn an_address_that_is_not_matches_nothing_and_leaves_geo_empty() {
    for unknown in ["192.0.3.77", "198.51.100.1", "2001:db8::1"] {
        assert_eq!(asked(unknown), (None, vec!["Nobody knows".to_owned()]), "{unknown}");
    }
}
