//! Just enough of `multipart/form-data` (RFC 7578) to take one file.

/// A file that a form brought.
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: &'a [u8],
}

/// The first part that has a file name.
pub(super) fn first_file<'a>(content_type: &str, body: &'a [u8]) -> Option<File<'a>> {
    let (_, boundary) = content_type.split_once("boundary=")?;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    let delimiter = format!("--{boundary}");
    let mut rest = body;
    while let Some((_, after)) = split_at(rest, delimiter.as_bytes()) {
        let (head, content) = split_at(after, b"\r\n\r\n")?;
        let end = format!("\r\n{delimiter}");
        let (bytes, _) = split_at(content, end.as_bytes())?;
        let name = std::str::from_utf8(head)
            .ok()
            .and_then(|head| head.split_once("filename=\""))
            .and_then(|(_, name)| name.split_once('"'));
        if let Some((name, _)) = name {
            return Some(File { name, bytes });
        }
        rest = content;
    }
    None
}

fn split_at<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = bytes.windows(mark.len().max(1)).position(|window| window == mark)?;
    Some((bytes.get(..start)?, bytes.get(start.checked_add(mark.len())?..)?))
}
