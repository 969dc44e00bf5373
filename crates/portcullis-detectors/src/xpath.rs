//! XPath expressions: does the value close the string or the predicate in which it stands, and go on as an
//! expression (CWE-643).
//!
//! A value stands as `//user[name='VALUE']`, or bare in a predicate. What follows the quote, or the bracket,
//! must be an expression that reaches nodes: an axis, a function of nodes, a path. A path by itself, as one
//! who reads pages by a program would send it, closes nothing. Comparisons of constants are found by the
//! detector of SQL, whose grammar they share.

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, cut, find_from, has, has_any, is_word, rest, skip_space, stands};

const MARKS: Bytes = Bytes::of(b"'\"[](%");

/// Finds a value that goes on as an XPath expression.
///
/// Costs time linear in the input.
#[must_use]
pub fn xpath(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) {
        return None;
    }
    judge(Language::XPath, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    let hit = |place: usize, why: &'static str| {
        Some(Hit::new("a string of an expression", place..text.len(), why, "' or node"))
    };
    // Bare: `1 or position()=1`, `1] | //user[1`
    let candidates = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, b'\'' | b'"' | b']'))
        .map(|(place, _)| place + 1);
    let number = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let starts =
        candidates.chain((number > 0 && is_separator(at(text, number))).then_some(number)).chain(Some(0));
    for start in starts {
        let mut place = skip_space(text, start);
        for _ in 0..8 {
            if matches!(at(text, place), b')' | b']') {
                place = skip_space(text, place + 1);
            }
        }
        let closed = at(text, start.wrapping_sub(1));
        let bracket = place > start && cut(text, start..place).contains(&b']') || closed == b']';
        if at(text, place) == b'|' && at(text, place + 1) != b'|' {
            let path = skip_space(text, place + 1);
            if at(text, path) == b'/' && (start > 0 || path > 0) && closed != 0 && is_path(rest(text, path)) {
                return hit(start, "it closes the string and adds another path");
            }
        }
        if bracket
            && !text.get(place.wrapping_sub(1)).is_some_and(u8::is_ascii_whitespace)
            && !matches!(at(text, place + 2), b' ' | b'/' | b'!')
            && matches!(rest(text, place), [b'/', b'/' | b'*' | b'@' | b'.', ..] | [b'/', b'p' | b'c', ..])
            && closed != b']'
            && start > 0
        {
            return hit(start, "it closes the predicate and goes on to other nodes");
        }
        // "[`Self::a`] and [`Self::b`]" is documentation.
        if closed == b']' && at(text, start.wrapping_sub(2)) == b'`' {
            continue;
        }
        let Some(after) = connective(text, place) else { continue };
        if start == 0 && place == 0 && number == 0 && !reaches(before(rest(text, after), 64)) {
            continue;
        }
        let tail = rest(text, after);
        let constant = matches!(closed, b'\'' | b'"') && has_any(before(tail, 32), &[b"true()", b"false()"]);
        if constant || reaches(tail) {
            return hit(start, "it closes the string and asks about nodes");
        }
    }
    // A predicate that asks letter by letter needs no quote to be closed.
    let blind = has_any(text, &[b"substring(", b"string-length(", b"count("])
        && has_any(text, &[b"parent::", b"child::", b"position()=", b"node()", b"/text()"])
        && memchr::memchr2(b'=', b'>', text).is_some()
        && !text.starts_with(b"/");
    if blind && !text.contains(&b'\n') {
        return hit(0, "it asks about nodes letter by letter");
    }
    None
}

fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b']'
}

/// `or`, `and`, with a boundary after it.
fn connective(text: &[u8], place: usize) -> Option<usize> {
    let length = if stands(text, place, b"or") {
        2
    } else if stands(text, place, b"and") {
        3
    } else {
        return None;
    };
    (!is_word(at(text, place + length))).then_some(place + length)
}

/// An axis, a function of nodes, or a path within the next terms.
fn reaches(tail: &[u8]) -> bool {
    let tail = cut(tail, 0..160);
    let tail = before(tail, memchr::memchr(b'\n', tail).unwrap_or(tail.len()));
    has_any(
        tail,
        &[
            b"parent::",
            b"child::",
            b"ancestor::",
            b"descendant::",
            b"following::",
            b"preceding::",
            b"self::",
            b"attribute::",
            b"following-sibling::",
            b"preceding-sibling::",
            b"position()",
            b"last()",
            b"name()",
            b"text()",
            b"node()",
            b"local-name(",
            b"doc(",
            b"document(",
            b"string-length(",
            b"starts-with(",
            b"doc-available(",
            b"count(/",
            b"substring(//",
            b"substring(name",
            b"contains(.",
            b"contains(name",
            b"contains(@",
            b"normalize-space(",
            b"string-to-codepoints(",
            b"unparsed-text(",
            b"system-property(",
            b"namespace-uri(",
        ],
    ) || find_from(tail, 0, b"//").is_some_and(|place| {
        is_path(rest(tail, place)) && at(tail, place.wrapping_sub(1)) != b':' && has(tail, b"[")
    }) || has(tail, b"count(") && has(tail, b"/")
        || has(tail, b"contains(") && memchr::memchr(b',', tail).is_some()
        || has(tail, b"not(") && has(tail, b"@")
}

/// `//user`, `//*`, `/users/x`, `//user[1]/name`
fn is_path(text: &[u8]) -> bool {
    let name = if text.starts_with(b"//") { 2 } else { 1 };
    let first = at(text, name);
    first.is_ascii_alphabetic() || matches!(first, b'*' | b'@' | b'.')
}

#[cfg(test)]
mod tests {
    use super::xpath;

    #[test]
    fn a_value_that_goes_on_as_an_expression_is_found() {
        let attacks = [
            "' or count(parent::*[position()=1])=0 or 'a'='b",
            "x' or name()='username' or 'x'='y",
            "'] | //user/*[contains(*,'",
            "' and string-length(//user[1]/name)=5 and '1'='1",
            "substring(//user[position()=1]/child::node()[position()=1],1,1)='a'",
            "') or contains(., 'x",
            "' or position()=2 or '",
            "1 or position()=1",
            "1] | //password[1",
            "'] | //* | //*['",
            "' or //*[1] or '",
            "' or starts-with(name(),'a') or '1'='2",
            "\" or count(/*)=1 or \"a\"=\"b",
            "'or doc('http://evil.example/x')or'",
            "') and count(/*)=1 and ('1'='1",
            "' and substring(name(/*[1]),1,1)='u",
            "a']/following-sibling::*[1]|//x['",
            "count(//user/child::node())=3",
            "' or 1=1 or text()='a",
        ];
        let missed: Vec<_> = attacks.into_iter().filter(|value| xpath(value.as_bytes()).is_none()).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn a_path_by_itself_and_prose_are_left_alone() {
        let ordinary = [
            "//div[@class='x']/a[contains(text(), 'y')]",
            "'yes' or 'no'",
            "she said \"and then count me in\"",
            "arr[0] or arr[1]",
            "a' and b",
            "rock 'n' roll and jazz",
            "the position() function",
            "x[1] | y[2]",
            "'a' or \"b\" // comment",
            "see 'http://example.com' or ask",
            "1 or 2",
            "5' 11\" and (tall)",
            "//img[1]",
            "'it' and 'last'",
            "list[0]//2",
            "[a] | [b]",
            "print('x') or count(y)",
        ];
        let alarms: Vec<_> = ordinary.into_iter().filter(|value| xpath(value.as_bytes()).is_some()).collect();
        assert!(alarms.is_empty(), "{alarms:#?}");
    }
}
