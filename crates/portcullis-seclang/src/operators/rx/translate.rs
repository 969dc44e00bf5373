//! From what PCRE writes to what `regex` writes.

use std::fmt::Write as _;

/// The expression in the words of `regex`, bytes beyond ASCII as `\xHH`.
///
/// # Errors
/// Says what is not supported, and at which byte.
pub(super) fn translate(expression: &str) -> Result<String, String> {
    let mut reader = Reader {
        text: expression.as_bytes(),
        at: 0,
        groups: 0,
        out: String::with_capacity(expression.len()),
    };
    // What a quantifier may stand after, and a `+` then makes possessive.
    let mut quantified = false;
    while let Some(byte) = reader.next() {
        let was_quantified = std::mem::take(&mut quantified);
        match byte {
            b'\\' => reader.escape()?,
            b'[' => reader.class()?,
            b'(' => reader.group()?,
            b'*' | b'?' | b'+' if was_quantified => {
                if byte == b'+' {
                    return Err(reader.refuse(
                        1,
                        "possessive quantifiers are not supported; without the last `+` the expression means nearly the same, and this engine never backtracks",
                    ));
                }
                reader.out.push(char::from(byte));
            }
            b'*' | b'?' | b'+' => {
                reader.out.push(char::from(byte));
                quantified = true;
            }
            b'{' => match reader.counted() {
                Some(length) => {
                    reader.out.push('{');
                    for _ in 0..length {
                        reader.copy();
                    }
                    quantified = true;
                }
                // PCRE takes a brace that counts nothing for itself.
                None => reader.out.push_str("\\{"),
            },
            byte => reader.literal(byte),
        }
    }
    Ok(reader.out)
}

const NO_BACKREFERENCES: &str =
    "backreferences are not supported, as they cannot be matched in time linear in the input";

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The groups opened so far that capture.
    groups: usize,
    out: String,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek(0)?;
        self.at += 1;
        Some(byte)
    }

    fn copy(&mut self) {
        if let Some(byte) = self.next() {
            self.literal(byte);
        }
    }

    fn starts_with(&self, text: &[u8]) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    /// The reason, with the place `back` bytes before here.
    fn refuse(&self, back: usize, reason: &str) -> String {
        format!("at byte {} of the regular expression: {reason}", self.at.saturating_sub(back))
    }

    fn literal(&mut self, byte: u8) {
        if byte.is_ascii() && byte != 0 { self.out.push(char::from(byte)) } else { self.byte(byte) }
    }

    fn byte(&mut self, byte: u8) {
        // Writing to a string cannot fail.
        let _ = write!(self.out, "\\x{byte:02x}");
    }

    /// A character that stands for itself, in a class or outside.
    fn plain(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'"' | b'\'' | b'/' | b'<' | b'>') {
            self.out.push(char::from(byte));
        } else {
            self.byte(byte);
        }
    }

    /// How many bytes `3}`, `3,}` or `3,5}` takes.
    fn counted(&self) -> Option<usize> {
        let digits = |from: usize| {
            (from..).take_while(|at| self.peek(*at).is_some_and(|b| b.is_ascii_digit())).count()
        };
        let mut length = digits(0);
        if length == 0 {
            return None;
        }
        if self.peek(length) == Some(b',') {
            length += 1;
            length += digits(length);
        }
        (self.peek(length) == Some(b'}')).then_some(length + 1)
    }

    /// After `(`.
    fn group(&mut self) -> Result<(), String> {
        if self.starts_with(b"*") {
            return Err(self.refuse(1, "verbs such as `(*UTF8)` are not supported"));
        }
        if !self.starts_with(b"?") {
            self.groups += 1;
            self.out.push('(');
            return Ok(());
        }
        if self.starts_with(b"?#") {
            let inside = self.text.get(self.at..).unwrap_or_default();
            let end =
                memchr::memchr(b')', inside).ok_or_else(|| self.refuse(1, "the comment does not end"))?;
            self.at += end + 1;
            return Ok(());
        }
        let unsupported = [
            (&b"?="[..], "look-ahead `(?=…)`"),
            (b"?!", "look-ahead `(?!…)`"),
            (b"?<=", "look-behind `(?<=…)`"),
            (b"?<!", "look-behind `(?<!…)`"),
            (b"?>", "atomic groups `(?>…)`"),
            (b"?|", "branch reset `(?|…)`"),
            (b"?(", "conditions `(?(…)…)`"),
            (b"?&", "recursion `(?&…)`"),
            (b"?R", "recursion `(?R)`"),
            (b"?P>", "recursion `(?P>…)`"),
            (b"?P=", "backreferences `(?P=…)`"),
            (b"?'", "names in quotes, `(?'name'…)`: write `(?<name>…)`; these"),
        ];
        let recursion = self.peek(1).is_some_and(|byte| byte.is_ascii_digit() || byte == b'+')
            || (self.peek(1) == Some(b'-') && self.peek(2).is_some_and(|byte| byte.is_ascii_digit()));
        if recursion {
            return Err(self.refuse(1, "recursion `(?1)` is not supported"));
        }
        if let Some((_, what)) = unsupported.iter().find(|(begins, _)| self.starts_with(begins)) {
            return Err(self.refuse(
                1,
                &format!("{what} are not supported, as they cannot be matched in time linear in the input"),
            ));
        }
        if self.starts_with(b"?<") || self.starts_with(b"?P<") {
            self.groups += 1;
        }
        self.out.push('(');
        Ok(())
    }

    /// After a backslash, outside a class.
    fn escape(&mut self) -> Result<(), String> {
        let Some(byte) = self.next() else { return Err(self.refuse(1, "it ends in a backslash")) };
        match byte {
            b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'b' | b'B' | b'A' | b'z' => {
                self.out.push('\\');
                self.out.push(char::from(byte));
            }
            // Before a line feed that ends the input, or at its end.
            b'Z' => self.out.push_str("(?:\\n?\\z)"),
            b'h' | b'H' | b'v' | b'V' | b'N' => {
                let (negated, set) = class_escape(byte);
                self.out.push_str(if negated { "[^" } else { "[" });
                self.out.push_str(set);
                self.out.push(']');
            }
            b'R' => self.out.push_str("(?:\\r\\n|[\\x0a-\\x0d\\x85])"),
            b'Q' => {
                while let Some(byte) = self.next() {
                    if byte == b'\\' && self.peek(0) == Some(b'E') {
                        self.at += 1;
                        break;
                    }
                    self.plain(byte);
                }
            }
            b'E' => {}
            b'g' | b'k' => return Err(self.refuse(2, NO_BACKREFERENCES)),
            // As PCRE tells them apart: octal if there is no group of that number.
            b'1'..=b'9' => {
                let more =
                    self.text.get(self.at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit());
                let number = more.fold(usize::from(byte - b'0'), |sum, digit| {
                    sum.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
                });
                if number < 10 || number <= self.groups || byte > b'7' {
                    return Err(self.refuse(2, NO_BACKREFERENCES));
                }
                let value = self.character(byte)?;
                self.plain(value);
            }
            _ => {
                let value = self.character(byte)?;
                self.plain(value);
            }
        }
        Ok(())
    }

    /// The byte that an escape stands for, in a class or outside.
    fn character(&mut self, byte: u8) -> Result<u8, String> {
        Ok(match byte {
            b'a' => 0x07,
            b'e' => 0x1b,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek(0) else { break };
                    value = value << 3 | u32::from(digit - b'0');
                    self.at += 1;
                }
                u8::try_from(value).map_err(|_| self.refuse(4, "an octal escape is beyond a byte"))?
            }
            b'c' => match self.next() {
                Some(letter) => letter.to_ascii_uppercase() ^ 0x40,
                None => return Err(self.refuse(2, "`\\c` needs a character")),
            },
            b'x' => self.hexadecimal()?,
            b'p' | b'P' | b'X' => {
                return Err(self.refuse(2, "Unicode classes are not supported: rules see bytes"));
            }
            b'C' | b'G' | b'K' | b'u' | b'U' | b'L' | b'l' => {
                return Err(self.refuse(2, &format!("`\\{}` is not supported", char::from(byte))));
            }
            byte => byte,
        })
    }

    /// After `\x`: up to two digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Result<u8, String> {
        let braces = self.peek(0) == Some(b'{');
        if braces {
            self.at += 1;
        }
        let (mut value, mut digits) = (0_u32, 0);
        while let Some(digit) = self.peek(0).and_then(|byte| char::from(byte).to_digit(16)) {
            if !braces && digits == 2 {
                break;
            }
            value = value.saturating_mul(16).saturating_add(digit);
            digits += 1;
            self.at += 1;
        }
        if braces && self.next() != Some(b'}') {
            return Err(self.refuse(1, "`\\x{` needs hexadecimal digits and `}`"));
        }
        u8::try_from(value).map_err(|_| self.refuse(1, "`\\x{…}` is beyond a byte: rules see bytes"))
    }

    /// After `[`.
    fn class(&mut self) -> Result<(), String> {
        let start = self.at;
        self.out.push('[');
        if self.peek(0) == Some(b'^') {
            self.copy();
        }
        let mut first = true;
        // A class in the class (`\w`, `[:alpha:]`) cannot begin a range: a dash after it is a dash.
        let mut after_set = false;
        loop {
            let Some(byte) = self.next() else {
                self.at = start;
                return Err(self.refuse(1, "the class `[` does not end"));
            };
            let was_set = std::mem::take(&mut after_set);
            match byte {
                b']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                b'[' if matches!(self.peek(0), Some(b':')) && self.posix() => after_set = true,
                b'[' if matches!(self.peek(0), Some(b'.' | b'=')) && self.closes_collation() => {
                    return Err(self.refuse(1, "collating elements are not supported"));
                }
                b'\\' => after_set = self.class_escape()?,
                b'-' if was_set || first || self.peek(0) == Some(b']') => self.out.push_str("\\-"),
                b'-' => {
                    // The end of a range that is itself a set makes the dash a dash.
                    let set = self.peek(0) == Some(b'\\')
                        && self.peek(1).is_some_and(|byte| {
                            matches!(
                                byte,
                                b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'h' | b'H' | b'v' | b'V'
                            )
                        });
                    let posix = self.starts_with(b"[:");
                    self.out.push_str(if set || posix { "\\-" } else { "-" });
                }
                byte => self.plain(byte),
            }
            first = false;
        }
    }

    /// `[:name:]`, copied; PCRE's and `regex`'s names are the same.
    fn posix(&mut self) -> bool {
        let inside = self.text.get(self.at + 1..).unwrap_or_default();
        let Some(end) = inside.iter().position(|byte| !(byte.is_ascii_alphabetic() || *byte == b'^')) else {
            return false;
        };
        if !inside.get(end..).is_some_and(|rest| rest.starts_with(b":]")) {
            return false;
        }
        self.out.push('[');
        for _ in 0..end + 3 {
            self.copy();
        }
        true
    }

    fn closes_collation(&self) -> bool {
        let Some(mark) = self.peek(0) else { return false };
        let inside = self.text.get(self.at + 1..).unwrap_or_default();
        inside.windows(2).take_while(|pair| !pair.starts_with(b"]")).any(|pair| pair == [mark, b']'])
    }

    /// After a backslash in a class; whether it was a set.
    fn class_escape(&mut self) -> Result<bool, String> {
        let Some(byte) = self.next() else { return Err(self.refuse(1, "it ends in a backslash")) };
        match byte {
            b'd' | b'D' | b'w' | b'W' | b's' | b'S' => {
                self.out.push('\\');
                self.out.push(char::from(byte));
                Ok(true)
            }
            b'h' | b'v' => {
                self.out.push_str(class_escape(byte).1);
                Ok(true)
            }
            b'H' | b'V' => {
                self.out.push_str("[^");
                self.out.push_str(class_escape(byte).1);
                self.out.push(']');
                Ok(true)
            }
            b'b' => {
                self.byte(0x08);
                Ok(false)
            }
            b'Q' | b'E' | b'N' | b'R' => {
                Err(self.refuse(2, &format!("`\\{}` is not supported in a class", char::from(byte))))
            }
            _ => {
                let value = self.character(byte)?;
                self.plain(value);
                Ok(false)
            }
        }
    }
}

/// Sets that PCRE has and `regex` has not: whether it is the others, and what it is.
fn class_escape(byte: u8) -> (bool, &'static str) {
    match byte {
        b'h' => (false, "\\t \\xa0"),
        b'H' => (true, "\\t \\xa0"),
        b'v' => (false, "\\x0a-\\x0d\\x85"),
        b'V' => (true, "\\x0a-\\x0d\\x85"),
        _ => (true, "\\n"),
    }
}
