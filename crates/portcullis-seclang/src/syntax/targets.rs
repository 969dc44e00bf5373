//! The first word of a rule: variables, separated by `|`, with `&` to count and `!` to leave out.

use regex::bytes::{Regex, RegexBuilder};

use super::names::{REFUSED_VARIABLES, Variable};

/// Which values of a collection.
#[derive(Clone, Debug)]
pub(crate) enum Selector {
    /// All of them.
    All,
    /// Those of this name, in any case. Held in lower case.
    Name(Box<[u8]>),
    /// Those whose name the expression finds, in any case.
    Pattern(Box<Regex>),
}

/// One variable of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) variable: Variable,
    pub(crate) selector: Selector,
    /// `&`: how many values there are, not the values.
    pub(crate) count: bool,
    /// `!`: these are left out.
    pub(crate) exclude: bool,
}

impl Selector {
    /// Whether it takes values of this name.
    pub(crate) fn takes(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Name(wanted) => wanted.eq_ignore_ascii_case(name),
            Self::Pattern(pattern) => pattern.is_match(name),
        }
    }
}

/// The targets of `text`, or what is wrong and at which offset.
pub(crate) fn parse(text: &str) -> Result<Vec<Target>, (usize, String)> {
    let mut targets = Vec::new();
    for (start, piece) in split(text) {
        let trimmed = piece.trim_start();
        let start = start + piece.len() - trimmed.len();
        let trimmed = trimmed.trim_end();
        if trimmed.is_empty() {
            return Err((start, "a variable is missing here".to_owned()));
        }
        targets.push(parse_one(trimmed).map_err(|message| (start, message))?);
    }
    Ok(targets)
}

/// Cuts at `|` outside of `/…/` and `'…'` selectors. ModSecurity v2 also cuts at commas, outside of them.
fn split(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'|' | b',' => {
                pieces.push((start, text.get(start..at).unwrap_or_default()));
                start = at + 1;
            }
            b':' => {
                // `:/…/` or `:'/…/'`, whose expression may hold the separator.
                let rest = bytes.get(at + 1..).unwrap_or_default();
                let (skip, close): (usize, &[u8]) = match rest {
                    [b'\'', b'/', ..] => (2, b"/'"),
                    [b'/', b'*', ..] | [b'/', b'/', b'@', ..] => (0, b""),
                    [b'/', ..] => (1, b"/"),
                    [b'\'', ..] => (1, b"'"),
                    _ => (0, b""),
                };
                if skip > 0 {
                    at += skip;
                    while let Some(rest) = bytes.get(at + 1..).filter(|rest| !rest.is_empty()) {
                        if rest.starts_with(close) && bytes.get(at) != Some(&b'\\') {
                            at += close.len();
                            break;
                        }
                        at += 1;
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    pieces.push((start, text.get(start..).unwrap_or_default()));
    pieces
}

fn parse_one(text: &str) -> Result<Target, String> {
    let (exclude, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let (count, text) = text.strip_prefix('&').map_or((false, text), |rest| (true, rest));
    if exclude && count {
        return Err("a variable is either counted (`&`) or left out (`!`)".to_owned());
    }
    let (name, key) = text.split_once(':').map_or((text, None), |(name, key)| (name, Some(key)));
    let variable = find(name)?;
    let selector = match key {
        None => Selector::All,
        Some(_) if !variable.is_collection() => {
            return Err(format!("`{name}` is a single value and has no `:` selector"));
        }
        Some(key) => selector(variable, key)?,
    };
    if variable == Variable::Xml && matches!(selector, Selector::All) {
        return Err("`XML` needs a selector: `XML:/*` for text or `XML://@*` for attributes".to_owned());
    }
    Ok(Target { variable, selector, count, exclude })
}

/// The variable of that name, or why there is none.
pub(crate) fn find(name: &str) -> Result<Variable, String> {
    Variable::parse(name).ok_or_else(|| {
        REFUSED_VARIABLES.iter().find(|(refused, _)| refused.eq_ignore_ascii_case(name)).map_or_else(
            || format!("there is no variable `{name}`"),
            |(refused, why)| format!("`{refused}` is not supported: {why}"),
        )
    })
}

/// The selector that `key` writes.
pub(crate) fn selector(variable: Variable, key: &str) -> Result<Selector, String> {
    let key = key.strip_prefix('\'').and_then(|key| key.strip_suffix('\'')).unwrap_or(key);
    if variable == Variable::Xml {
        return match key {
            "/*" | "//@*" => Ok(Selector::Name(key.as_bytes().into())),
            _ => Err(format!(
                "`XML:{key}` is not supported: documents are read for their text (`XML:/*`) and their attributes \
                 (`XML://@*`), not by XPath"
            )),
        };
    }
    if key.is_empty() {
        return Err("the selector after `:` is empty".to_owned());
    }
    let Some(pattern) = key.strip_prefix('/').and_then(|key| key.strip_suffix('/')) else {
        return Ok(Selector::Name(key.to_ascii_lowercase().into_bytes().into()));
    };
    RegexBuilder::new(&pattern.replace("\\/", "/"))
        .unicode(false)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .build()
        .map(|regex| Selector::Pattern(Box::new(regex)))
        .map_err(|error| format!("the selector `/{pattern}/` is no regular expression: {error}"))
}
