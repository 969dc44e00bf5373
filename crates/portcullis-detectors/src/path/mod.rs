//! File paths: does the value, taken as the name of a file, leave the folder that it should stay in, or name
//! a file that nobody should get (CWE-22, CWE-23, CWE-36, CWE-98).
//!
//! The value as a whole is what a call such as `open` would get, so the whole of it is read as a path: a
//! sentence that mentions `/etc/passwd`, a Markdown link to `../faq.md`, an `import` of `../button` are none.
//! Folders are walked as Unix, Windows and Java servers walk them, through every spelling of a dot and of a
//! slash that one of them takes for these: percent-encoding once and more, overlong and full-width UTF-8,
//! `..;/`, `....//`, `..\/`.

mod files;

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge, plain};
use crate::text::{Bytes, at, before, begins, cut, find, has, is_space, rest};

const MARKS: Bytes = Bytes::of(b"/\\.:%\0\xc0\xe0\xef");

/// Finds a path that climbs out of its folder, names a secret file, or opens something other than a file.
///
/// Costs time linear in the input.
#[must_use]
pub fn path(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) || input.len() > 8192 {
        return None;
    }
    judge(Language::Path, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    let text = text.trim_ascii();
    if let Some(hit) = whole(text) {
        return Some(hit);
    }
    // `page=../../x`, `view.php?file=/etc/passwd`
    let token = !text.iter().any(|&byte| is_space(byte));
    let equals = memchr::memchr(b'=', text).filter(|_| token)?;
    text.split(|&byte| matches!(byte, b'=' | b'&' | b'?'))
        .skip(usize::from(equals > 0))
        .take(16)
        .find_map(whole)
        .map(|hit| Hit { span: 0..text.len(), ..hit })
}

fn whole(text: &[u8]) -> Option<Hit> {
    wrapper(text).or_else(|| walk(text)).or_else(|| {
        // `\.\.\/`: an app that takes backslashes out makes a path of it.
        memchr::memmem::find(text, b"\\.").or_else(|| memchr::memmem::find(text, b".\\/"))?;
        let bare: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'\\').collect();
        walk(&bare).map(|hit| Hit { span: 0..text.len(), ..hit })
    })
}

/// `php://filter/…`, `file:///etc/passwd`: a stream where a file should be.
fn wrapper(text: &[u8]) -> Option<Hit> {
    let colon = memchr::memchr(b':', before(text, 32))?;
    let scheme = before(text, colon).to_ascii_lowercase();
    let slashes = rest(text, colon).starts_with(b"://");
    let spaces = text.iter().filter(|&&byte| is_space(byte)).count();
    let found = match scheme.as_slice() {
        b"php" => {
            slashes
                && [&b"filter"[..], b"input", b"stdin", b"fd", b"memory", b"temp", b"output"]
                    .iter()
                    .any(|name| begins(rest(text, colon + 3), name))
        }
        b"expect" | b"phar" | b"zip" | b"rar" | b"ogg" | b"ssh2.exec" | b"ssh2.shell" | b"compress.zlib"
        | b"compress.bzip2" | b"zlib" | b"glob" | b"netdoc" | b"classpath" | b"local_file" => {
            slashes && spaces < 3 || scheme == b"netdoc" && spaces == 0
        }
        b"file" => rest(text, colon + 1).starts_with(b"/") && spaces == 0 && text.len() > 8,
        b"data" => {
            // An image is ordinary; code is not.
            let body = rest(text, colon + 1);
            let kind = begins(body, b"//")
                || begins(body, b"text/plain")
                || begins(body, b"application/x-httpd-php")
                || begins(body, b",")
                || begins(body, b";base64,");
            kind && (has(body, b"<?") || has(body, b"PD9") || has(body, b"PD8"))
        }
        b"jar" => begins(rest(text, colon + 1), b"file:") || begins(rest(text, colon + 1), b"http"),
        _ => false,
    };
    found.then(|| {
        Hit::new(
            "the name of a file",
            0..text.len(),
            "it opens a stream where a file should be",
            "scheme: //",
        )
    })
}

/// The path, walked folder by folder.
fn walk(text: &[u8]) -> Option<Hit> {
    let text = text.strip_suffix(b"|").unwrap_or(text);
    let (path, mut disguised) = normal(text);
    let path = strip_nuls(path, &mut disguised);
    let nul = memchr::memchr(0, &path);
    let path = before(&path, nul.unwrap_or(path.len()));
    if path.is_empty() || !is_path(path) {
        return None;
    }
    let mut depth = 0usize;
    let mut above = 0usize;
    let mut ups = 0usize;
    let mut joined = false;
    let mut landed: Vec<&[u8]> = Vec::new();
    for folder in path.split(|&byte| byte == b'/').filter(|folder| !folder.is_empty()) {
        // What follows `;` is a parameter to servers of Java, and no part of the name.
        let folder =
            before(folder, memchr::memchr(b';', folder).filter(|&place| place > 0).unwrap_or(folder.len()));
        match folder {
            b"." => {}
            b".." => {
                ups += 1;
                landed.pop();
                if depth == 0 {
                    above += 1;
                } else {
                    depth -= 1;
                }
            }
            // `assets../etc/passwd`: a server that puts a folder in its place comes out above it.
            _ if folder.len() > 2 && folder.ends_with(b"..") && !folder.ends_with(b"...") => {
                joined = true;
                landed.clear();
            }
            _ => {
                depth += 1;
                landed.push(folder);
            }
        }
    }
    let spaced = path.iter().any(|&byte| is_space(byte));
    let rooted = path.starts_with(b"/") || files::has_drive(path);
    let target = landed.join(&b'/');
    let windows = text.contains(&b'\\') && (begins(&target, b"windows/") || begins(&target, b"winnt/"));
    let secret =
        files::is_secret(&target, rooted || joined || windows || above > 0 || path.starts_with(b"~"));
    let why = if disguised && ups > 0 {
        "it climbs out of its folder by dots or slashes in disguise"
    } else if nul.is_some() && (ups > 0 || secret || files::has_extension(path)) {
        "it ends the name early with a null byte"
    } else if secret {
        "it names a file that must stay secret"
    } else if above > 0 && (files::is_system(&target) || path.starts_with(b"/") && !target.is_empty()) {
        "it climbs out of its folder to one of the system"
    } else if above > 0 && !spaced && files::is_program(&target) {
        "it climbs out of its folder to a program or its settings"
    } else if above >= 2
        && !files::is_asset(&target)
        && (above >= 3 || !spaced && (!target.is_empty() || path.ends_with(b"/")))
        || above >= 5
    {
        "it climbs out of its folder"
    } else if ups >= 3 && ups > depth && !files::is_asset(&target) {
        "it climbs up more folders than it goes down"
    } else {
        return None;
    };
    Some(Hit::new("the name of a file", 0..text.len(), why, format!("{} up", ups.min(9))))
}

/// The path without null bytes that stand before a folder or within dots, which some take out.
fn strip_nuls(path: Vec<u8>, disguised: &mut bool) -> Vec<u8> {
    let inner = [&b"\0.."[..], b".\0.", b"\0/"].iter().any(|form| find(&path, form).is_some())
        || path.starts_with(b"\0");
    if !inner {
        return path;
    }
    *disguised = true;
    let last = path.iter().rposition(|&byte| byte == b'/');
    path.iter()
        .enumerate()
        .filter(|(place, byte)| **byte != 0 || last.is_some_and(|last| *place > last))
        .map(|(_, &byte)| byte)
        .collect()
}

/// Whether the whole of it can be one path: no sentence, no markup.
fn is_path(path: &[u8]) -> bool {
    if path.len() > 4096
        || path
            .iter()
            .any(|byte| matches!(byte, b'\n' | b'<' | b'>' | b'|' | b'"' | b'`' | b'(' | b'[' | b'{'))
    {
        return false;
    }
    let spaces = path.iter().filter(|&&byte| is_space(byte)).count();
    // Folders of Windows have spaces in their names, but the path begins before the first.
    spaces == 0
        || spaces <= 3
            && (path.starts_with(b"../") || path.starts_with(b"/etc/") || files::has_drive(path))
            && !has(path, b", ")
}

/// The path with `/` for every slash and `.` for every dot; whether any was in disguise.
fn normal(text: &[u8]) -> (Vec<u8>, bool) {
    let (mut path, mut disguised) = (Vec::with_capacity(text.len()), false);
    let mut index = 0;
    let mut escaped = 0usize;
    while let Some(&byte) = text.get(index) {
        let (letter, length) = match byte {
            b'\\' => (Some(b'/'), 1),
            // `0x2e0x2e0x2f`, as some filters decode.
            b'0' if at(text, index + 1) == b'x' => {
                let code = match cut(text, index + 2..index + 4) {
                    b"2e" | b"2E" => Some(b'.'),
                    b"2f" | b"2F" | b"5c" | b"5C" => Some(b'/'),
                    _ => None,
                };
                disguised |= code.is_some();
                (code, if code.is_some() { 4 } else { 1 })
            }
            // Overlong forms of ASCII, and full-width letters.
            0xc0 | 0xc1 => {
                let second = at(text, index + 1);
                // Old decoders took the low bits of whatever followed.
                let code = if second & 0xc0 == 0x80 { (byte & 0x1f) << 6 | second & 0x3f } else { second };
                disguised |= matches!(code, b'.' | b'/' | b'\\');
                (Some(slashed(code)), 2)
            }
            0xe0 if at(text, index + 1) & 0xe0 == 0x80 && at(text, index + 1) < 0xa0 => {
                let code = (at(text, index + 1) & 0x01) << 6 | at(text, index + 2) & 0x3f;
                disguised |= matches!(code, b'.' | b'/' | b'\\');
                (Some(slashed(code)), 3)
            }
            0xe2 | 0xe3 | 0xef => {
                let letter = std::str::from_utf8(cut(text, index..index + 3))
                    .ok()
                    .and_then(|letter| letter.chars().next());
                match letter.and_then(plain) {
                    Some(code @ (b'.' | b'/' | b'\\')) => {
                        disguised = true;
                        (Some(slashed(code)), 3)
                    }
                    _ => (None, 1),
                }
            }
            _ => (None, 1),
        };
        path.push(letter.unwrap_or(byte));
        escaped += usize::from(byte == b'%' && at(text, index + 1).is_ascii_hexdigit());
        index += length;
    }
    // `..;/` is a folder up to Tomcat; `....//` and `..././` are one to an app that takes `../` out once;
    // `.../` and `..\/` are one to old servers of Windows and to an app that takes backslashes out.
    if path.starts_with(b".../.../") {
        disguised = true;
        path = replaced(&path, b".../", b"../");
    }
    for disguise in
        [&b"..;/"[..], b"..\r/", b"..\n/", b"..\t/", b"....//", b"..././", b"...//", b"..%00/", b"..\0/"]
    {
        if find(&path, disguise).is_some() {
            disguised = true;
            path = replaced(&path, disguise, b"../");
        }
    }
    let mixed = [&b"..\\/"[..], b"../\\", b"..\\\\/", b".\\./", b"..//..//", b"..\\\\..\\\\"]
        .iter()
        .any(|form| find(text, form).is_some());
    disguised |= mixed && escaped == 0;
    (path, disguised)
}

fn slashed(byte: u8) -> u8 {
    if byte == b'\\' { b'/' } else { byte }
}

fn replaced(path: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(path.len());
    let mut index = 0;
    while index < path.len() {
        if rest(path, index).starts_with(from) {
            made.extend_from_slice(to);
            index += from.len();
        } else {
            made.push(at(path, index));
            index += 1;
        }
    }
    made
}

#[cfg(test)]
mod tests;
