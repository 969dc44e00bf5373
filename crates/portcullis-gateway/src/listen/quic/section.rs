//! HTTP/3: the order of a request's fields, which the library does not look at.
//!
//! **Attack.** Two `:path` fields, or one behind the headers: whoever reads the first and whoever reads the last see two
//! requests (RFC 9114 sections 4.3 and 10.3, CWE-444). The library keeps the last and tells nobody.
//!
//! **What is decided.** The names of a field section are read here before the library has it: each pseudo-header of
//! requests once, before all other fields, none in trailers, none of responses.

/// The pseudo-headers of requests, with their names in QPACK's Huffman code (RFC 9204 section 4.1.2).
const PSEUDO: [(&[u8], &[u8]); 4] = [
    (b":authority", b"\xb8\x3b\x53\x39\xec\x32\x7d\x7f"),
    (b":path", b"\xb9\x58\xd3\x3f"),
    (b":method", b"\xb9\x49\x53\x39\xe4"),
    (b":scheme", b"\xb8\x82\x4e\x5a\x4b"),
];

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// The pseudo-header at this place of [`PSEUDO`].
    Pseudo(usize),
    /// A pseudo-header that requests do not have.
    Foreign,
    Ordinary,
}

/// What is wrong with a section of fields; that it cannot be read, the library says itself.
pub(super) fn fault(section: &[u8], trailers: bool) -> Option<&'static str> {
    let mut rest = section;
    // Required Insert Count and Base (RFC 9204 section 4.5.1).
    integer(&mut rest, 8)?;
    integer(&mut rest, 7)?;
    let mut seen = [false; PSEUDO.len()];
    let mut ordinary = false;
    while !rest.is_empty() {
        match name(&mut rest)? {
            Name::Ordinary => ordinary = true,
            Name::Foreign => return Some("a pseudo-header that requests do not have"),
            Name::Pseudo(_) if trailers => return Some("a pseudo-header in trailers"),
            Name::Pseudo(_) if ordinary => return Some("a pseudo-header after other fields"),
            Name::Pseudo(which) => {
                let seen = seen.get_mut(which)?;
                if std::mem::replace(seen, true) {
                    return Some("a pseudo-header twice");
                }
            }
        }
    }
    None
}

/// Reads one field line and returns what its name is (RFC 9204 section 4.5).
fn name(rest: &mut &[u8]) -> Option<Name> {
    let first = *rest.first()?;
    match first {
        // Indexed, of the static table.
        0b1100_0000.. => Some(known(integer(rest, 6)?)),
        // Literal with the name of an entry of the static table.
        0b0101_0000..=0b0101_1111 | 0b0111_0000..=0b0111_1111 => {
            let name = known(integer(rest, 4)?);
            string(rest, 7)?;
            Some(name)
        }
        // Literal with a literal name.
        0b0010_0000..=0b0011_1111 => {
            let (huffman, bytes) = string(rest, 3)?;
            let name = literal(huffman, bytes);
            string(rest, 7)?;
            Some(name)
        }
        // Of a dynamic table, which there is not: the library refuses it.
        _ => None,
    }
}

/// The static table, as far as pseudo-headers go (RFC 9204 appendix A).
fn known(index: usize) -> Name {
    match index {
        0 => Name::Pseudo(0),
        1 => Name::Pseudo(1),
        15..=21 => Name::Pseudo(2),
        22..=23 => Name::Pseudo(3),
        24..=28 | 63..=71 => Name::Foreign,
        _ => Name::Ordinary,
    }
}

fn literal(huffman: bool, bytes: &[u8]) -> Name {
    let is_it = |(plain, coded): &(&[u8], &[u8])| bytes == if huffman { *coded } else { *plain };
    match PSEUDO.iter().position(is_it) {
        Some(which) => Name::Pseudo(which),
        // The code of a colon is seven bits: 1011100.
        None if huffman && bytes.first().is_some_and(|first| first >> 1 == 0b101_1100) => Name::Foreign,
        None if !huffman && bytes.first() == Some(&b':') => Name::Foreign,
        None => Name::Ordinary,
    }
}

/// A string whose length has a prefix of so many bits, after one that tells of Huffman's code.
fn string<'a>(rest: &mut &'a [u8], prefix: u32) -> Option<(bool, &'a [u8])> {
    let huffman = rest.first()?.checked_shr(prefix)? & 1 == 1;
    let length = integer(rest, prefix)?;
    let (bytes, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some((huffman, bytes))
}

/// RFC 7541 section 5.1.
fn integer(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    let (first, mut left) = rest.split_first()?;
    let most = 0xff_usize.checked_shr(8_u32.checked_sub(prefix)?)?;
    let mut value = usize::from(*first) & most;
    if value == most {
        let mut shift = 0;
        loop {
            let (byte, more) = left.split_first()?;
            left = more;
            value = value.checked_add(usize::from(byte & 0x7f).checked_shl(shift)?)?;
            shift = shift.checked_add(7).filter(|shift| *shift <= 28)?;
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    *rest = left;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &[u8] = &[0xc1];
    const GET: &[u8] = &[0xd1];
    /// `:path` by reference with a value, literal, and literal in Huffman's code.
    const PATH_REFERENCE: &[u8] = b"\x51\x02/a";
    const PATH_LITERAL: &[u8] = b"\x25:path\x02/a";
    const PATH_HUFFMAN: &[u8] = b"\x2c\xb9\x58\xd3\x3f\x02/a";
    /// `:status` likewise.
    const STATUS: &[u8] = &[0xd9];
    const STATUS_LITERAL: &[u8] = b"\x27\x00:status\x03200";
    /// `accept: */*` and `x-a: b`.
    const ACCEPT: &[u8] = &[0xdd];
    const OWN: &[u8] = b"\x23x-a\x01b";

    fn told(fields: &[&[u8]], trailers: bool) -> Option<&'static str> {
        fault(&[&[0, 0], fields.concat().as_slice()].concat(), trailers)
    }

    #[test]
    fn a_request_as_browsers_send_it_is_in_order() {
        for path in [PATH, PATH_REFERENCE, PATH_LITERAL, PATH_HUFFMAN] {
            assert_eq!(told(&[GET, path, ACCEPT, OWN, OWN], false), None);
        }
        assert_eq!(told(&[OWN, ACCEPT], true), None);
    }

    #[test]
    fn a_pseudo_header_is_told_in_each_form_in_which_it_can_be_written() {
        for path in [PATH, PATH_REFERENCE, PATH_LITERAL, PATH_HUFFMAN] {
            assert_eq!(told(&[PATH, GET, path], false), Some("a pseudo-header twice"));
            assert_eq!(told(&[GET, OWN, path], false), Some("a pseudo-header after other fields"));
            assert_eq!(told(&[ACCEPT, path], true), Some("a pseudo-header in trailers"));
        }
        for status in [STATUS, STATUS_LITERAL] {
            let foreign = Some("a pseudo-header that requests do not have");
            assert_eq!(told(&[GET, PATH, status], false), foreign);
        }
    }

    #[test]
    fn what_ends_in_the_middle_is_left_to_the_library() {
        let whole = [&[0, 0], GET, PATH_HUFFMAN, OWN].concat();
        for end in 0..whole.len() {
            assert_eq!(fault(&whole[..end], false), None);
        }
    }
}
