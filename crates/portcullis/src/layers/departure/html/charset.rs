//! How the bytes of a page are characters (HTML section 13.2.3.2): a byte order mark, then the
//! `Content-Type`, then `<meta charset>`.

use encoding_rs::Encoding;

/// How a page is read.
pub(super) struct Charset {
    pub(super) encoding: &'static Encoding,
    /// Whether it was said before the first tag. Otherwise `<meta charset>` may still say so.
    pub(super) declared: bool,
}

/// ASCII bytes are not ASCII characters in this page: UTF-16, ISO-2022-JP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotAscii(pub(super) &'static str);

/// `first` is the first bytes of the page, three or all of them.
pub(super) fn choose(label: Option<&str>, first: &[u8]) -> Result<Charset, NotAscii> {
    let marked = Encoding::for_bom(first).map(|(encoding, _)| encoding);
    let labelled = || label.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    match marked.or_else(labelled) {
        Some(encoding) if encoding.is_ascii_compatible() => Ok(Charset { encoding, declared: true }),
        Some(encoding) => Err(NotAscii(encoding.name())),
        // Browsers guess by the visitor's language; whatever they guess is ASCII for markup.
        None => Ok(Charset { encoding: encoding_rs::UTF_8, declared: false }),
    }
}

/// Whether the first bytes could become a byte order mark with more of them.
pub(super) fn may_be_marked(first: &[u8]) -> bool {
    [&[0xef, 0xbb, 0xbf][..], &[0xfe, 0xff], &[0xff, 0xfe]]
        .iter()
        .any(|mark| first.len() < mark.len() && mark.starts_with(first))
}
