//! Transformations: each does what a plain reading of its rule does, and never what it said it could not.

use portcullis_seclang::transforms::{ByteClasses, Transform};

/// A byte that chooses, then a value.
pub fn run(bytes: &[u8]) {
    let Some((choice, value)) = bytes.split_first() else { return };
    let all: Vec<Transform> = Transform::all().collect();
    let Some(transform) = all.get(usize::from(*choice) % all.len()) else { return };
    let out = transform.apply(value);
    assert!(
        *out == *value || transform.can_change(ByteClasses::of(value)),
        "{} said that it would change nothing",
        transform.name()
    );
    if let Some(expected) = plain(*transform, value) {
        assert_eq!(*out, *expected, "{} is not what its rule says", transform.name());
    }
    // A tower of escapes comes to an end, however it is built.
    let mut value = value.to_vec();
    for _ in 0..4 {
        let next = transform.apply(&value).into_owned();
        assert!(next.len() <= value.len().max(1) * 4 + 20, "{} blows up", transform.name());
        value = next;
    }
}

/// The same by the shortest way to write it down, for those that have one.
fn plain(transform: Transform, value: &[u8]) -> Option<Vec<u8>> {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    Some(match transform {
        Transform::None => value.to_vec(),
        Transform::Lowercase => value.to_ascii_lowercase(),
        Transform::Uppercase => value.to_ascii_uppercase(),
        Transform::Length => value.len().to_string().into_bytes(),
        Transform::RemoveNulls => value.iter().copied().filter(|byte| *byte != 0).collect(),
        Transform::ReplaceNulls => value.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect(),
        Transform::RemoveWhitespace => {
            value.iter().copied().filter(|byte| !space(byte) && *byte != 0xa0).collect()
        }
        Transform::CompressWhitespace => {
            let mut out: Vec<u8> = value.iter().map(|byte| if space(byte) { b' ' } else { *byte }).collect();
            out.dedup_by(|next, before| *next == b' ' && *before == b' ');
            out
        }
        Transform::HexEncode => value.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
        Transform::UrlDecode => {
            let spaced: Vec<u8> = value.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
            percent_encoding::percent_decode(&spaced).collect()
        }
        Transform::ReplaceComments => {
            let (mut out, mut at) = (Vec::new(), 0);
            while at < value.len() {
                if value[at..].starts_with(b"/*") {
                    let end = (at + 2..value.len()).find(|at| value[*at..].starts_with(b"*/"));
                    out.push(b' ');
                    at = end.map_or(value.len(), |end| end + 2);
                } else {
                    out.push(value[at]);
                    at += 1;
                }
            }
            out
        }
        Transform::Utf8ToUnicode if std::str::from_utf8(value).is_ok() => {
            let mut out = String::new();
            for character in std::str::from_utf8(value).ok()?.chars() {
                if character.is_ascii() {
                    out.push(character);
                } else {
                    out.push_str(&format!("%u{:04x}", u32::from(character)));
                }
            }
            out.into_bytes()
        }
        _ => return None,
    })
}
