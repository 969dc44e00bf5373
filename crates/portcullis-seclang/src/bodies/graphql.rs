//! GraphQL (the October 2021 specification, section 2): a query is a text within the text of the request, so
//! the values in it are fields too, beside those of the JSON that carries it.
//!
//! The value of an argument is named by the fields that lead to it, `graphql.user.posts.search`.

use std::borrow::Cow;

use super::json::{self, escape};
use super::{Body, Field, Limits};

/// What a query asks for, which tells what it may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GraphqlFacts {
    /// The queries in one request.
    pub operations: usize,
    /// The deepest nesting of selections.
    pub depth: usize,
    /// The names selected, fragments among them.
    pub selections: usize,
    /// The names given to fields that are selected.
    pub aliases: usize,
    /// Whether the schema is asked for (`__schema`, `__type`).
    pub introspection: bool,
}

/// Reads `body`: a query alone if `content_type` is `application/graphql`, else JSON with queries in it.
pub(super) fn parse<'a>(content_type: &[u8], body: &'a [u8], limits: &Limits) -> Body<'a> {
    let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(b"application/graphql") {
        let mut read = Body::default();
        query(body, limits, &mut 0, &mut read);
        return read;
    }
    let mut read = json::parse(body, limits);
    let queries: Vec<Cow<'a, [u8]>> =
        read.args.iter().filter(|field| is_query(&field.name)).map(|field| field.value.clone()).collect();
    if queries.is_empty() {
        read.fault("GraphQL: there is no query");
    }
    let mut names = 0;
    for text in queries {
        query(&text, limits, &mut names, &mut read);
    }
    read
}

/// `json.query`, or `json.0.query` where several are sent at once.
fn is_query(name: &[u8]) -> bool {
    name.strip_prefix(b"json.").and_then(|rest| rest.strip_suffix(b"query")).is_some_and(
        |index| match index {
            [] => true,
            [digits @ .., b'.'] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
            _ => false,
        },
    )
}

fn query(text: &[u8], limits: &Limits, names: &mut usize, read: &mut Body<'_>) {
    read.graphql.operations += 1;
    let mut reader = Reader {
        rest: text,
        limits,
        names,
        read,
        path: b"graphql".to_vec(),
        selections: Vec::new(),
        last: Vec::new(),
        argument: Vec::new(),
        nested: Vec::new(),
    };
    if let Err(why) = reader.text() {
        let at = text.len() - reader.rest.len();
        read.fault(format!("GraphQL: byte {at} of the query: {why}"));
    }
}

struct Reader<'t, 'l, 'r, 'a> {
    rest: &'t [u8],
    limits: &'l Limits,
    /// The length of the names of all values so far.
    names: &'r mut usize,
    read: &'r mut Body<'a>,
    /// The names that lead to this selection.
    path: Vec<u8>,
    /// The length of the path before each selection that is open.
    selections: Vec<usize>,
    /// The last name seen.
    last: Vec<u8>,
    /// The name before the last colon, between parentheses.
    argument: Vec<u8>,
    /// What is open of arguments, `(`, `[`, `{`; empty within a selection.
    nested: Vec<u8>,
}

impl Reader<'_, '_, '_, '_> {
    fn text(&mut self) -> Result<(), String> {
        while let [byte, after @ ..] = self.rest {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b'!' | b'&' | b'|' | b'=' | b'@' | b'$' | b'.' => {
                    self.rest = after;
                }
                b'#' => {
                    let end = memchr::memchr2(b'\n', b'\r', after).unwrap_or(after.len());
                    self.rest = after.split_at(end).1;
                }
                b'"' => {
                    let value = self.string()?;
                    self.emit(value)?;
                }
                b'_' | b'A'..=b'Z' | b'a'..=b'z' => self.name()?,
                b'-' | b'0'..=b'9' => {
                    let end = after.iter().position(|b| !(b.is_ascii_alphanumeric() || b"+-.".contains(b)));
                    let (value, rest) = self.rest.split_at(end.map_or(self.rest.len(), |end| end + 1));
                    self.rest = rest;
                    self.emit(value.to_vec())?;
                }
                b':' => {
                    self.rest = after;
                    if self.nested.is_empty() {
                        self.read.graphql.aliases += usize::from(!self.selections.is_empty());
                    } else {
                        self.argument.clone_from(&self.last);
                    }
                }
                b'(' | b'[' | b'{' | b')' | b']' | b'}' => {
                    self.rest = after;
                    self.bracket(*byte)?;
                }
                b'\xef' if after.starts_with(b"\xbb\xbf") => self.rest = after.get(2..).unwrap_or_default(),
                _ => return Err("a character that GraphQL does not have".to_owned()),
            }
        }
        if self.selections.is_empty() && self.nested.is_empty() {
            Ok(())
        } else {
            Err("it ends too early".to_owned())
        }
    }

    fn bracket(&mut self, bracket: u8) -> Result<(), String> {
        if self.selections.len() + self.nested.len() >= self.limits.depth {
            return Err(format!("nested deeper than {}", self.limits.depth));
        }
        match bracket {
            b'{' if self.nested.is_empty() => {
                self.selections.push(self.path.len());
                self.read.graphql.depth = self.read.graphql.depth.max(self.selections.len());
                if self.selections.len() > 1 {
                    self.path.push(b'.');
                    self.path.extend_from_slice(&self.last);
                }
                if self.path.len() > self.limits.path_bytes {
                    return Err(format!(
                        "the path to a value is longer than {} bytes",
                        self.limits.path_bytes
                    ));
                }
            }
            b'}' if self.nested.is_empty() => match self.selections.pop() {
                Some(length) => self.path.truncate(length),
                None => return Err("`}` closes nothing".to_owned()),
            },
            b'(' if self.nested.is_empty() => {
                self.nested.push(b')');
                self.selections.push(self.path.len());
                self.path.push(b'.');
                self.path.extend_from_slice(&self.last);
            }
            b'(' => return Err("`(` within arguments".to_owned()),
            b'[' => self.nested.push(b']'),
            b'{' => self.nested.push(b'}'),
            close => {
                if self.nested.pop() != Some(close) {
                    return Err(format!("`{}` closes nothing", char::from(close)));
                }
                if close == b')'
                    && let Some(length) = self.selections.pop()
                {
                    // The selection that may follow is that of the field, not of its last argument.
                    self.last = self.path.get(length + 1..).unwrap_or_default().to_vec();
                    self.path.truncate(length);
                    self.argument.clear();
                }
            }
        }
        Ok(())
    }

    fn name(&mut self) -> Result<(), String> {
        let end = self.rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        self.last.clear();
        self.last.extend_from_slice(name);
        if self.nested.is_empty() {
            if !self.selections.is_empty() {
                self.read.graphql.selections += 1;
            }
            self.read.graphql.introspection |= matches!(name, b"__schema" | b"__type");
        }
        if self.last.len() > self.limits.path_bytes {
            return Err(format!("a name is longer than {} bytes", self.limits.path_bytes));
        }
        Ok(())
    }

    fn emit(&mut self, value: Vec<u8>) -> Result<(), String> {
        if self.read.args.len() >= self.limits.fields {
            return Err(format!("more than {} values", self.limits.fields));
        }
        let mut name = self.path.clone();
        if !self.argument.is_empty() {
            name.push(b'.');
            name.extend_from_slice(&self.argument);
        }
        *self.names += name.len();
        if *self.names > self.limits.paths_bytes {
            return Err(format!("the paths to all values are longer than {} bytes", self.limits.paths_bytes));
        }
        self.read.args.push(Field { name: Cow::Owned(name), value: Cow::Owned(value) });
        Ok(())
    }

    /// A string, or a block of text between triple quotes.
    fn string(&mut self) -> Result<Vec<u8>, String> {
        let mut value = Vec::new();
        if let Some(mut rest) = self.rest.strip_prefix(b"\"\"\"") {
            loop {
                rest = match rest {
                    [b'\\', b'"', b'"', b'"', after @ ..] => {
                        value.extend(b"\"\"\"");
                        after
                    }
                    [b'"', b'"', b'"', after @ ..] => {
                        self.rest = after;
                        return Ok(value);
                    }
                    [byte, after @ ..] => {
                        value.push(*byte);
                        after
                    }
                    [] => return Err("a block of text does not end".to_owned()),
                };
            }
        }
        let mut rest = self.rest.get(1..).unwrap_or_default();
        loop {
            rest = match rest {
                [b'"', after @ ..] => {
                    self.rest = after;
                    return Ok(value);
                }
                [b'\\', ..] => escape(rest, &mut value)?,
                [b'\n' | b'\r', ..] | [] => return Err("a string does not end".to_owned()),
                [byte, after @ ..] => {
                    value.push(*byte);
                    after
                }
            };
        }
    }
}
