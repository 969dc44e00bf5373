//! The third word of a rule: actions, separated by commas, with values after `:`, perhaps in `'…'`.

/// An action as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The name as written.
    pub(crate) name: String,
    /// The value, without its quotes.
    pub(crate) value: Option<String>,
    /// Where the action begins in the word.
    pub(crate) at: usize,
}

/// Reads the list, or says what is wrong and at which offset.
pub(crate) fn parse(text: &str) -> Result<Vec<Written>, (usize, String)> {
    let bytes = text.as_bytes();
    let mut actions = Vec::new();
    let mut at = 0;
    loop {
        at = skip_blanks(bytes, at);
        if at >= bytes.len() {
            break;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| !matches!(byte, b':' | b',')) {
            at += 1;
        }
        let name = text.get(start..at).unwrap_or_default().trim().to_owned();
        if name.is_empty() {
            return Err((start, "an action is missing here".to_owned()));
        }
        let mut value = None;
        if bytes.get(at) == Some(&b':') {
            at += 1;
            let quoted = bytes.get(at) == Some(&b'\'');
            let (read, end) = if quoted { quoted_value(text, at)? } else { bare_value(text, at) };
            value = Some(read);
            at = skip_blanks(bytes, end);
            if quoted && at < bytes.len() && bytes.get(at) != Some(&b',') {
                return Err((at, format!("the value of `{name}` ends at its quote; a comma must follow")));
            }
        }
        actions.push(Written { name, value, at: start });
        match bytes.get(at) {
            None => break,
            _ => at += 1,
        }
    }
    Ok(actions)
}

fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// `'…'`, in which `\'` is a quote.
fn quoted_value(text: &str, open: usize) -> Result<(String, usize), (usize, String)> {
    let mut value = String::new();
    let mut chars = text.get(open + 1..).unwrap_or_default().char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            '\'' => return Ok((value, open + 1 + at + 1)),
            '\\' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                value.push('\'');
                chars.next();
            }
            _ => value.push(char),
        }
    }
    Err((open, "a quote opens here and is never closed".to_owned()))
}

fn bare_value(text: &str, start: usize) -> (String, usize) {
    let rest = text.get(start..).unwrap_or_default();
    // A value such as `setvar:tx.x='a,b'` is quoted in its middle.
    let mut quoted = false;
    let mut end = rest.len();
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'\'' if at > 0 && (quoted || rest.as_bytes().get(at - 1) == Some(&b'=')) => quoted = !quoted,
            b',' if !quoted => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    (rest.get(..end).unwrap_or_default().trim().to_owned(), start + end)
}
