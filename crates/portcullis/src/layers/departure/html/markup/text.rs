//! Text up to an end tag: RCDATA, RAWTEXT and script data (HTML sections 13.2.5.9 to 13.2.5.31).

use super::name::Name;
use super::tag::is_space;

/// The text of which element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Raw {
    element: Name,
    escape: Escape,
}

/// How deep in `<!--` and `<script>` the text of a script is: there `</script>` may not be its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    Single,
    Double,
}

impl Raw {
    pub(super) fn of(element: Name) -> Self {
        Self { element, escape: Escape::None }
    }
}

/// What stands at a `<` or a dash.
enum Sight {
    /// Nothing that matters.
    Plain,
    /// The end tag of the element.
    End,
    /// So many bytes that change how what follows is read.
    Turn(usize, Escape),
    /// More bytes are needed.
    Incomplete,
}

/// Reads text; how many bytes are text, and how to go on behind them: `None` at the end tag.
pub(super) fn read(rest: &[u8], raw: Raw) -> (usize, Option<Raw>) {
    let mut raw = raw;
    let mut at = 0_usize;
    loop {
        let ahead = rest.get(at..).unwrap_or_default();
        let next = match raw.escape {
            Escape::None => memchr::memchr(b'<', ahead),
            Escape::Single | Escape::Double => memchr::memchr2(b'<', b'-', ahead),
        };
        let Some(next) = next else { return (rest.len(), Some(raw)) };
        at = at.saturating_add(next);
        match look(rest.get(at..).unwrap_or_default(), raw) {
            Sight::Plain => at = at.saturating_add(1),
            Sight::End => return (at, None),
            Sight::Incomplete => return (at, Some(raw)),
            Sight::Turn(length, escape) => {
                at = at.saturating_add(length);
                raw.escape = escape;
            }
        }
    }
}

fn look(ahead: &[u8], raw: Raw) -> Sight {
    let tag = |opening: &[u8]| begins(ahead, opening, raw.element);
    match (raw.escape, ahead.first()) {
        (Escape::Single | Escape::Double, Some(b'-')) => match prefix(ahead, b"-->") {
            Some(true) => Sight::Turn(3, Escape::None),
            Some(false) => Sight::Plain,
            None => Sight::Incomplete,
        },
        (Escape::Double, _) => match tag(b"</") {
            Some(true) => Sight::Turn(1, Escape::Single),
            Some(false) => Sight::Plain,
            None => Sight::Incomplete,
        },
        (Escape::Single, _) => match (tag(b"</"), tag(b"<")) {
            (Some(true), _) => Sight::End,
            (_, Some(true)) => Sight::Turn(1, Escape::Double),
            (Some(false), Some(false)) => Sight::Plain,
            (None, _) | (_, None) => Sight::Incomplete,
        },
        (Escape::None, _) => match tag(b"</") {
            Some(true) => Sight::End,
            None => Sight::Incomplete,
            Some(false) if raw.element == Name::Script => match prefix(ahead, b"<!--") {
                // Its dashes may be the first of `-->`.
                Some(true) => Sight::Turn(2, Escape::Single),
                Some(false) => Sight::Plain,
                None => Sight::Incomplete,
            },
            Some(false) => Sight::Plain,
        },
    }
}

/// Whether `ahead` begins with `word`; `None` when it is too short to tell.
fn prefix(ahead: &[u8], word: &[u8]) -> Option<bool> {
    if ahead.len() < word.len() {
        return if word.starts_with(ahead) { None } else { Some(false) };
    }
    Some(ahead.starts_with(word))
}

/// Whether `ahead` begins with `opening` and the element's name, and the name ends there; `None` when it is too
/// short to tell.
fn begins(ahead: &[u8], opening: &[u8], element: Name) -> Option<bool> {
    if !prefix(ahead, opening)? {
        return Some(false);
    }
    let behind = ahead.get(opening.len()..).unwrap_or_default();
    let name = element.as_str().as_bytes();
    let there = behind.get(..name.len().min(behind.len())).unwrap_or_default();
    if !name.get(..there.len()).is_some_and(|name| name.eq_ignore_ascii_case(there)) {
        return Some(false);
    }
    let end = behind.get(name.len())?;
    Some(is_space(*end) || matches!(end, b'/' | b'>'))
}
