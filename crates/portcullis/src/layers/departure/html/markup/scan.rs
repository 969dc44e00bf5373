//! Where comments, doctypes and CDATA end (HTML sections 13.2.5.42 to 13.2.5.71).

/// What was found of an end.
pub(super) enum Found {
    /// It is over behind so many bytes.
    Behind(usize),
    /// Not yet; so many of the last bytes may be the beginning of the end.
    Keep(usize),
}

/// What `<!` begins, and how long its opening is.
pub(super) enum Declaration {
    Comment(usize),
    /// A comment that is over already: `<!-->`, `<!--->`.
    Empty(usize),
    Cdata(usize),
    Bogus(usize),
    /// More bytes are needed.
    Incomplete,
}

const CDATA: &[u8] = b"<![CDATA[";

/// `rest` begins with `<!`. CDATA is only known in SVG and MathML.
pub(super) fn declaration(rest: &[u8], foreign: bool) -> Declaration {
    match (rest.get(2), rest.get(3), rest.get(4), rest.get(5)) {
        (None, ..) | (Some(b'-'), None, ..) => Declaration::Incomplete,
        (Some(b'-'), Some(b'-'), None, _) => Declaration::Incomplete,
        (Some(b'-'), Some(b'-'), Some(b'>'), _) => Declaration::Empty(5),
        (Some(b'-'), Some(b'-'), Some(b'-'), None) => Declaration::Incomplete,
        (Some(b'-'), Some(b'-'), Some(b'-'), Some(b'>')) => Declaration::Empty(6),
        (Some(b'-'), Some(b'-'), ..) => Declaration::Comment(4),
        _ if foreign && rest.starts_with(CDATA) => Declaration::Cdata(CDATA.len()),
        _ if foreign && CDATA.starts_with(rest) => Declaration::Incomplete,
        _ => Declaration::Bogus(2),
    }
}

/// `-->` or `--!>`, behind the opening of the comment.
pub(super) fn comment_end(rest: &[u8]) -> Found {
    for at in memchr::memchr_iter(b'>', rest) {
        let before = rest.get(..at).unwrap_or_default();
        if before.ends_with(b"--") || before.ends_with(b"--!") {
            return Found::Behind(at.saturating_add(1));
        }
    }
    Found::Keep(3)
}

pub(super) fn bogus_end(rest: &[u8]) -> Found {
    memchr::memchr(b'>', rest).map_or(Found::Keep(0), |at| Found::Behind(at.saturating_add(1)))
}

pub(super) fn cdata_end(rest: &[u8]) -> Found {
    for at in memchr::memchr_iter(b'>', rest) {
        if rest.get(..at).unwrap_or_default().ends_with(b"]]") {
            return Found::Behind(at.saturating_add(1));
        }
    }
    Found::Keep(2)
}
