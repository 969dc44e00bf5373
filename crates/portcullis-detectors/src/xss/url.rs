//! Addresses that are script: the schemes that a browser runs instead of fetching.

/// What following an address does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `javascript:` and its old relatives; what comes after the colon begins here.
    Script(usize),
    /// `data:` with a type that a browser renders as a document.
    Document,
    /// Anything else.
    Other,
}

/// The scheme of an address whose character references are decoded.
///
/// The URL standard strips controls and spaces at the front and drops tabs and line ends anywhere.
pub(super) fn scheme(address: &[u8]) -> Scheme {
    let mut name = [0_u8; 32];
    let mut length = 0;
    let mut begun = false;
    for (index, &byte) in address.iter().enumerate() {
        match byte {
            b'\t' | b'\n' | b'\r' | 0 | 1..=8 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f => {}
            // A space where a list shows a tab.
            b' ' => {}
            b':' => {
                let name = name.get(..length).unwrap_or_default();
                return match name {
                    b"javascript" | b"vbscript" | b"livescript" | b"mocha" | b"jscript" | b"vbs" => {
                        Scheme::Script(index + 1)
                    }
                    b"data" if is_document(address.get(index + 1..).unwrap_or_default()) => Scheme::Document,
                    // A scheme in front of the scheme: `feed:javascript:`, `view-source:`.
                    b"feed" | b"view-source" | b"jar" | b"pcast" => scheme_behind(address, index + 1),
                    _ => Scheme::Other,
                };
            }
            _ if byte.is_ascii_alphanumeric() || byte == b'-' => {
                begun = true;
                let Some(slot) = name.get_mut(length) else { return Scheme::Other };
                *slot = byte.to_ascii_lowercase();
                length += 1;
            }
            // U+00A0 and its like are stripped by old browsers; quotes by code that trims them.
            0xc2 | 0xa0 | b'\'' | b'"' | b'`' if !begun => {}
            _ => return Scheme::Other,
        }
    }
    Scheme::Other
}

fn scheme_behind(address: &[u8], from: usize) -> Scheme {
    match memchr::memmem::find(
        &address.get(from..from + 16).unwrap_or_default().to_ascii_lowercase(),
        b"script:",
    ) {
        Some(offset) => Scheme::Script(from + offset + 7),
        None => Scheme::Other,
    }
}

fn is_document(after: &[u8]) -> bool {
    const TYPES: &[&[u8]] = &[
        b"text/html",
        b"text/xml",
        b"application/xhtml",
        b"application/xml",
        b"image/svg",
        b"text/xsl",
        b"text/javascript",
        b"application/javascript",
        b"application/x-javascript",
        b"text/vbscript",
        b"text/x-scriptlet",
        b"text/css",
        b"multipart/",
        b"text/ecmascript",
    ];
    let head: Vec<u8> =
        after.iter().take(64).filter(|byte| **byte > 0x20).map(u8::to_ascii_lowercase).take(32).collect();
    let Some(kind) = TYPES.iter().find(|kind| head.starts_with(kind)) else { return false };
    head.get(kind.len()).is_some_and(|byte| matches!(byte, b',' | b';' | b'+' | b'/' | b'-'))
        || kind.ends_with(b"/")
}
