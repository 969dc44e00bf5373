//! Log lines in the form of ModSecurity v3, which every tool around it reads.

use std::fmt::Write as _;

use crate::record::{Disruption, Match};

/// What every line of an exchange says of it.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) client: Option<String>,
    pub(crate) hostname: &'a [u8],
    pub(crate) uri: &'a [u8],
    pub(crate) unique_id: &'a [u8],
}

/// Values longer than this are cut in log lines; records have them whole.
const MOST: usize = 512;

impl Place<'_> {
    /// `[client …] ModSecurity: Warning. Matched "Operator …" … [id "…"] …`
    pub(crate) fn line(&self, found: &Match) -> String {
        let mut line = String::with_capacity(512);
        if let Some(client) = &self.client {
            let _ = write!(line, "[client {client}] ");
        }
        line.push_str("ModSecurity: ");
        match found.disruptive {
            Disruption::Stopped => {
                let _ = write!(line, "Access denied (phase {}). ", found.phase.number());
            }
            Disruption::None | Disruption::WouldStop => line.push_str("Warning. "),
        }
        match found.values.last() {
            Some(value) => {
                let _ = write!(line, "Matched \"Operator `{}' with parameter `", found.operator);
                escape(&mut line, cut(found.argument.as_bytes()));
                line.push_str("' against variable `");
                escape(&mut line, cut(&value.full_name()));
                line.push_str("' (Value: `");
                escape(&mut line, cut(&value.value));
                line.push_str("' )\"");
            }
            None => line.push_str("Unconditional match in SecAction."),
        }
        self.details(&mut line, found);
        line
    }

    fn details(&self, line: &mut String, found: &Match) {
        let mut field = |name: &str, value: &[u8]| {
            let _ = write!(line, " [{name} \"");
            escape(line, value);
            line.push_str("\"]");
        };
        let number = |number: Option<u8>| number.map_or_else(|| "0".to_owned(), |number| number.to_string());
        field("file", found.at.file.as_bytes());
        field("line", found.at.line.to_string().as_bytes());
        field("id", found.id.to_string().as_bytes());
        field("rev", found.rev.as_deref().unwrap_or_default().as_bytes());
        field("msg", cut(&found.msg));
        field("data", cut(&found.data));
        field("severity", number(found.severity).as_bytes());
        field("ver", found.ver.as_deref().unwrap_or_default().as_bytes());
        field("maturity", number(found.maturity).as_bytes());
        field("accuracy", number(found.accuracy).as_bytes());
        for tag in &found.tags {
            field("tag", cut(tag));
        }
        field("hostname", cut(self.hostname));
        field("uri", cut(self.uri));
        field("unique_id", self.unique_id);
    }
}

fn cut(text: &[u8]) -> &[u8] {
    text.get(..MOST).unwrap_or(text)
}

/// Bytes that could end a field or a line, or that are not ASCII, as `\xHH`; quotes and backslashes escaped.
pub(crate) fn escape(out: &mut String, text: &[u8]) {
    for byte in text {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
}
