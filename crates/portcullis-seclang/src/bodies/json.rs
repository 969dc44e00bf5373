//! JSON (RFC 8259), value by value, without a tree.
//!
//! Each value is a field named by the path to it, `json.user.roles.0`; of repeated keys each is there. Strings
//! have their escapes undone, numbers and words are as written, `null` is empty. An empty object or list is an
//! empty field, so that its key is seen.

use std::borrow::Cow;

use super::{Body, Field, Limits};

/// Reads `body` as one JSON text.
pub(super) fn parse<'a>(body: &'a [u8], limits: &Limits) -> Body<'a> {
    let mut reader = Reader {
        rest: body,
        length: body.len(),
        limits,
        path: b"json".to_vec(),
        frames: Vec::new(),
        paths: 0,
        read: Body::default(),
    };
    if let Err(why) = reader.text() {
        let at = reader.at();
        reader.read.fault(format!("JSON: byte {at}: {why}"));
    }
    if let Err(error) = std::str::from_utf8(body) {
        reader.read.fault(format!("JSON: byte {}: not UTF-8", error.valid_up_to()));
    }
    reader.read
}

/// An object or list that is open, and the length of the path to it.
enum Frame {
    Object { path: usize },
    List { path: usize, index: usize },
}

struct Reader<'a, 'l> {
    rest: &'a [u8],
    length: usize,
    limits: &'l Limits,
    path: Vec<u8>,
    frames: Vec<Frame>,
    /// The length of all paths so far.
    paths: usize,
    read: Body<'a>,
}

impl<'a> Reader<'a, '_> {
    fn at(&self) -> usize {
        self.length - self.rest.len()
    }

    fn text(&mut self) -> Result<(), String> {
        loop {
            self.space();
            let mut complete = true;
            match self.rest {
                [b'{', after @ ..] => {
                    self.open(after, Frame::Object { path: self.path.len() })?;
                    if !self.closes(b'}')? {
                        self.key()?;
                        complete = false;
                    }
                }
                [b'[', after @ ..] => {
                    self.open(after, Frame::List { path: self.path.len(), index: 0 })?;
                    if !self.closes(b']')? {
                        self.index(0)?;
                        complete = false;
                    }
                }
                [b'"', ..] => {
                    let value = self.string()?;
                    self.emit(value)?;
                }
                _ => {
                    let value = self.word()?;
                    self.emit(value)?;
                }
            }
            while complete {
                self.space();
                match self.frames.last_mut() {
                    None => {
                        return if self.rest.is_empty() {
                            Ok(())
                        } else {
                            Err("more than one value".to_owned())
                        };
                    }
                    Some(Frame::Object { path }) => {
                        self.path.truncate(*path);
                        match self.rest {
                            [b',', after @ ..] => {
                                self.rest = after;
                                self.space();
                                self.key()?;
                                complete = false;
                            }
                            [b'}', after @ ..] => {
                                self.rest = after;
                                self.frames.pop();
                            }
                            _ => return Err("`,` or `}` is missing".to_owned()),
                        }
                    }
                    Some(Frame::List { path, index }) => {
                        self.path.truncate(*path);
                        *index += 1;
                        let index = *index;
                        match self.rest {
                            [b',', after @ ..] => {
                                self.rest = after;
                                self.index(index)?;
                                complete = false;
                            }
                            // The list itself, by its length: rules about names want to see it under its own.
                            [b']', after @ ..] => {
                                self.rest = after;
                                self.frames.pop();
                                self.emit(Cow::Owned(index.to_string().into_bytes()))?;
                            }
                            _ => return Err("`,` or `]` is missing".to_owned()),
                        }
                    }
                }
            }
        }
    }

    fn open(&mut self, after: &'a [u8], frame: Frame) -> Result<(), String> {
        if self.frames.len() >= self.limits.depth {
            return Err(format!("nested deeper than {}", self.limits.depth));
        }
        self.rest = after;
        self.frames.push(frame);
        self.space();
        Ok(())
    }

    /// Whether what was just opened is empty; then it is closed, and a field.
    fn closes(&mut self, end: u8) -> Result<bool, String> {
        let Some(after) = self.rest.strip_prefix(&[end]) else { return Ok(false) };
        self.rest = after;
        self.frames.pop();
        self.emit(Cow::Borrowed(b""))?;
        Ok(true)
    }

    fn key(&mut self) -> Result<(), String> {
        if self.rest.first() != Some(&b'"') {
            return Err("a key is missing".to_owned());
        }
        let key = self.string()?;
        self.path.push(b'.');
        self.path.extend_from_slice(&key);
        self.space();
        let Some(after) = self.rest.strip_prefix(b":") else { return Err("`:` is missing".to_owned()) };
        self.rest = after;
        self.check_path()
    }

    fn index(&mut self, index: usize) -> Result<(), String> {
        self.path.push(b'.');
        let mut digits = [0; 20];
        let mut rest = index;
        let mut first = digits.len();
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            first = place;
            if rest == 0 {
                break;
            }
        }
        self.path.extend_from_slice(digits.get(first..).unwrap_or_default());
        self.check_path()
    }

    fn check_path(&self) -> Result<(), String> {
        if self.path.len() > self.limits.path_bytes {
            return Err(format!("the path to a value is longer than {} bytes", self.limits.path_bytes));
        }
        Ok(())
    }

    fn emit(&mut self, value: Cow<'a, [u8]>) -> Result<(), String> {
        if self.read.args.len() >= self.limits.fields {
            return Err(format!("more than {} values", self.limits.fields));
        }
        self.paths += self.path.len();
        if self.paths > self.limits.paths_bytes {
            return Err(format!("the paths to all values are longer than {} bytes", self.limits.paths_bytes));
        }
        self.read.args.push(Field { name: Cow::Owned(self.path.clone()), value });
        Ok(())
    }

    fn space(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', after @ ..] = self.rest {
            self.rest = after;
        }
    }

    /// A number or one of the three words.
    fn word(&mut self) -> Result<Cow<'a, [u8]>, String> {
        let end = self.rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(byte)));
        let (word, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let value = match word {
            b"true" | b"false" => word,
            b"null" => b"",
            _ if is_number(word) => word,
            b"" if self.rest.is_empty() => return Err("it ends too early".to_owned()),
            _ => return Err("neither a value nor a key".to_owned()),
        };
        self.rest = after;
        Ok(Cow::Borrowed(value))
    }

    /// After which `"` stands.
    fn string(&mut self) -> Result<Cow<'a, [u8]>, String> {
        let inside = self.rest.get(1..).unwrap_or_default();
        let stop = |text: &[u8]| text.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
        let Some(end) = stop(inside) else { return Err("a string does not end".to_owned()) };
        let (plain, mut rest) = inside.split_at(end);
        if let Some(after) = rest.strip_prefix(b"\"") {
            self.rest = after;
            return Ok(Cow::Borrowed(plain));
        }
        let mut value = plain.to_vec();
        loop {
            rest = match rest {
                [b'"', after @ ..] => {
                    self.rest = after;
                    return Ok(Cow::Owned(value));
                }
                [b'\\', ..] => {
                    self.rest = rest;
                    escape(rest, &mut value)?
                }
                [_, ..] => {
                    self.rest = rest;
                    return Err("a control character in a string".to_owned());
                }
                [] => return Err("a string does not end".to_owned()),
            };
            let (plain, after) = rest.split_at(stop(rest).unwrap_or(rest.len()));
            value.extend_from_slice(plain);
            rest = after;
        }
    }
}

/// Undoes the escape that `text` begins with; gives back what follows. Half of a surrogate pair becomes the
/// three bytes that UTF-8 forbids, for `@validateUtf8Encoding` to find.
pub(super) fn escape<'t>(text: &'t [u8], value: &mut Vec<u8>) -> Result<&'t [u8], String> {
    let unit = |digits: [u8; 4]| {
        let mut unit = 0_u32;
        for digit in digits {
            unit = unit << 4 | char::from(digit).to_digit(16)?;
        }
        Some(unit)
    };
    let (byte, after) = match text {
        [_, byte @ (b'"' | b'\\' | b'/'), after @ ..] => (*byte, after),
        [_, b'b', after @ ..] => (0x08, after),
        [_, b'f', after @ ..] => (0x0c, after),
        [_, b'n', after @ ..] => (b'\n', after),
        [_, b'r', after @ ..] => (b'\r', after),
        [_, b't', after @ ..] => (b'\t', after),
        [_, b'u', a, b, c, d, after @ ..] => {
            let high = unit([*a, *b, *c, *d]).ok_or("`\\u` needs four hexadecimal digits")?;
            if let (0xd800..=0xdbff, [b'\\', b'u', a, b, c, d, after @ ..]) = (high, after)
                && let Some(low @ 0xdc00..=0xdfff) = unit([*a, *b, *c, *d])
                && let Some(character) = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            {
                value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(after);
            }
            match char::from_u32(high) {
                Some(character) => value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                None => value.extend(
                    [0xe0 | high >> 12, 0x80 | high >> 6 & 0x3f, 0x80 | high & 0x3f]
                        .iter()
                        .filter_map(|byte| u8::try_from(*byte).ok()),
                ),
            }
            return Ok(after);
        }
        _ => return Err("an escape that JSON does not have".to_owned()),
    };
    value.push(byte);
    Ok(after)
}

/// RFC 8259, section 6.
fn is_number(word: &[u8]) -> bool {
    fn digits(text: &[u8]) -> Option<&[u8]> {
        let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        (end > 0).then(|| text.split_at(end).1)
    }
    let word = word.strip_prefix(b"-").unwrap_or(word);
    let whole = match word {
        [b'0', after @ ..] => Some(after),
        _ => digits(word),
    };
    let fraction = whole.and_then(|rest| match rest {
        [b'.', after @ ..] => digits(after),
        rest => Some(rest),
    });
    let exponent = fraction.and_then(|rest| match rest {
        [b'e' | b'E', b'+' | b'-', after @ ..] | [b'e' | b'E', after @ ..] => digits(after),
        rest => Some(rest),
    });
    exponent.is_some_and(<[u8]>::is_empty)
}
