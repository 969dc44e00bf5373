//! Search filters of LDAP (RFC 4515): does the value close the filter that it stands in and add another
//! (CWE-90).
//!
//! A value stands as `(uid=VALUE)`. It changes the filter when it closes a bracket that it has not opened and
//! opens another filter, or ends the string there with a null byte. Brackets in prose and in code are
//! balanced, or what follows them is no filter.

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, cut, rest, run, skip_space};

const MARKS: Bytes = Bytes::of(b")(");

/// Finds a value that adds to the search filter in which it stands.
///
/// Costs time linear in the input.
#[must_use]
pub fn ldap(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) && !input.contains(&b'%') {
        return None;
    }
    judge(Language::Ldap, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    let hit = |start: usize, end: usize, why: &'static str, shape: &'static str| {
        Some(Hit::new("a value of a search filter", start..end, why, shape))
    };
    let mut depth = 0usize;
    let mut place = 0;
    while let Some(offset) = memchr::memchr2(b'(', b')', rest(text, place)) {
        place += offset;
        if at(text, place) == b'(' {
            depth += 1;
            place += 1;
            continue;
        }
        let closed = run(text, place, |byte| byte == b')');
        let start = place;
        place = closed;
        if closed - start <= depth {
            depth -= closed - start;
            continue;
        }
        depth = 0;
        let next = skip_space(text, closed);
        let spaced = next > closed;
        if at(text, next) == b'('
            && begins_filter(rest(text, next))
            && (!spaced || is_composed(rest(text, next)))
        {
            return hit(start, text.len(), "it closes the filter and adds another", ")(attribute=");
        }
        if at(text, next) == 0 && next < text.len() {
            return hit(start, text.len(), "it closes the filter and ends the string", ")NUL");
        }
        if matches!(at(text, next), b'&' | b'|')
            && at(text, next + 1) == b'('
            && begins_filter(rest(text, next + 1))
        {
            return hit(start, text.len(), "it closes the filter and adds another", ")&(attribute=");
        }
        if next == text.len() && text.starts_with(b"*)") && text.len() < 6 {
            return hit(0, text.len(), "it closes the filter after a wildcard", "*)");
        }
        place = next.max(closed);
    }
    // A filter as a whole, or the beginning of a composed one.
    let start = run(text, 0, |byte| matches!(byte, b'*' | b' '));
    // One that is shown whole asks for something; only one with a wildcard asks for everything.
    let filter = text.strip_prefix(b"|").or(text.strip_prefix(b"&")).unwrap_or(text);
    let present =
        at(filter, 0) == b'(' && begins_item(filter) && filter.ends_with(b"=*)") && filter.len() < 64;
    let whole =
        present || is_composed(rest(text, start)) && depth <= 2 && (text.contains(&b'*') || depth > 0);
    let unclosed = depth > 0
        && memchr::memchr(b'(', text).is_some_and(|open| {
            let tail = rest(text, open);
            open > 0
                && matches!(at(text, open - 1), b'*' | b'|' | b'&')
                && begins_filter(tail)
                && tail.contains(&b'*')
        });
    if whole || unclosed {
        return hit(0, text.len(), "it is a filter where a value should be", "(&(attribute=");
    }
    None
}

/// `(uid=…`, `(|(…`, `(&)`, `(!(…`
fn begins_filter(text: &[u8]) -> bool {
    let inside = skip_space(text, 1);
    match at(text, inside) {
        b'&' | b'|' => {
            let next = skip_space(text, inside + 1);
            matches!(at(text, next), b')' | 0) || at(text, next) == b'(' && begins_item(rest(text, next))
        }
        b'!' => at(text, skip_space(text, inside + 1)) == b'(',
        b'(' => {
            matches!(at(text, inside + 1), b'&' | b'|' | b'!') && at(text, inside + 2) == b'('
                || matches!(at(text, inside + 1), b'|' | b'&') && begins_item(rest(text, inside + 1))
        }
        _ => begins_item(text),
    }
}

/// `(attribute=`, with the other comparisons.
fn begins_item(text: &[u8]) -> bool {
    if matches!(at(text, skip_space(text, 1)), b'&' | b'|' | b'!') {
        return true;
    }
    let start = skip_space(text, 1);
    let end = run(text, start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b';' | b'.' | b':' | b'*')
    });
    let name = cut(text, start..end);
    let relation = rest(text, skip_space(text, end));
    end > start
        && name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'*' || *byte == b'1')
        && (relation.starts_with(b"=") && !relation.starts_with(b"==") && !relation.starts_with(b"=>")
            || relation.starts_with(b">=")
            || relation.starts_with(b"<=")
            || relation.starts_with(b"~="))
}

/// `(&(a=b)(c=d))`, `(|(a=*`, `(!(a=b))`
fn is_composed(text: &[u8]) -> bool {
    let inside = skip_space(text, 1);
    at(text, 0) == b'(' && matches!(at(text, inside), b'&' | b'|' | b'!') && {
        let next = skip_space(text, inside + 1);
        at(text, next) == b'(' && begins_item(rest(text, next))
    }
}

#[cfg(test)]
mod tests {
    use super::ldap;

    #[test]
    fn a_value_that_adds_a_filter_is_found() {
        let attacks = [
            "*)(uid=*))(|(uid=*",
            "admin)(&)",
            "*)(objectClass=*",
            "admin)(|(password=*)",
            "*))%00",
            "x)(cn=))\0",
            "*)(&(objectClass=*)",
            "admin*)((|userpassword=*)",
            "*(|(mail=*))",
            "(|(uid=*)(cn=*))",
            "a)(!(uid=1",
            "*)(uid=*))(|(uid=*",
            "%2a%29%28uid%3d%2a",
            "admin))(|(uid=*",
            "*)(userPassword:2.5.13.18:=",
            "*)",
            "foo)(sn>=a",
            "*)(|(&",
        ];
        let missed: Vec<_> = attacks.into_iter().filter(|value| ldap(value.as_bytes()).is_none()).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn brackets_are_left_alone() {
        let ordinary = [
            "f(x)(y=2)",
            ":) (: ",
            "see (a) and (b=c)",
            "a) first b) second",
            "(555) 123-4567",
            "(x + y) * (z = 3)",
            ":-) (x=5)",
            "foo)",
            "smile :)",
            "if (a) (b == c)",
            "1) (2)",
            "(e.g. a=b)",
            "*bold*(x)",
            "() => (a)",
            "(a & b)",
            "((1+2)*3)",
            "list: a) b) c)",
            "*)x",
            "(| a |)",
            "(!important)",
        ];
        let alarms: Vec<_> = ordinary.into_iter().filter(|value| ldap(value.as_bytes()).is_some()).collect();
        assert!(alarms.is_empty(), "{alarms:#?}");
    }
}
