//! Queries of document databases: does the value bring an operator, or code, where it should be a value
//! (CWE-943).
//!
//! A name such as `user[$ne]` becomes an object with an operator in PHP, Ruby and Node.js; a value such as
//! `{"$gt": ""}` does where the app parses it. A value that closes a string of a `$where` function and goes on
//! in JavaScript changes what the function decides. A query shown in a text (`db.users.find({…})`) begins
//! with what is no value, and is left alone.

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{Bytes, at, before, cut, has, has_any, is_word, rest, run, skip_space, words};

const MARKS: Bytes = Bytes::of(b"$'\"=(;%>");

/// Finds an operator or code in what should be a value of a query.
///
/// Costs time linear in the input.
#[must_use]
pub fn nosql(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) {
        return None;
    }
    judge(Language::Query, input, |text| {
        operator(text).or_else(|| script(text)).or_else(|| {
            // `{"\u0024ne": 1}`: a name of JSON may be written in escapes.
            let plain = crate::undo::script_escapes(text)?;
            operator(&plain).map(|hit| Hit { span: 0..text.len(), ..hit })
        })
    })
}

/// The operators with which a query, not a document, is made.
fn is_operator(name: &[u8]) -> bool {
    matches!(
        name,
        b"eq"
            | b"ne"
            | b"gt"
            | b"gte"
            | b"lt"
            | b"lte"
            | b"in"
            | b"nin"
            | b"regex"
            | b"where"
            | b"exists"
            | b"or"
            | b"and"
            | b"not"
            | b"nor"
            | b"expr"
            | b"function"
            | b"accumulator"
            | b"mod"
            | b"type"
            | b"all"
            | b"size"
            | b"elemMatch"
            | b"text"
            | b"jsonSchema"
            | b"options"
            | b"near"
            | b"geoWithin"
            | b"lookup"
            | b"out"
            | b"merge"
            | b"unionWith"
            | b"func"
            | b"reduce"
            | b"mapReduce"
            | b"cmp"
            | b"like"
            | b"between"
            | b"iLike"
            | b"notIn"
            | b"is"
            | b"regexMatch"
            | b"comment"
    )
}

fn operator(text: &[u8]) -> Option<Hit> {
    let trimmed = text.trim_ascii();
    for place in memchr::memchr_iter(b'$', text) {
        let end = run(text, place + 1, is_word);
        let name = cut(text, place + 1..end);
        if !is_operator(name) {
            continue;
        }
        let quote = at(text, place.wrapping_sub(1));
        let quoted = matches!(quote, b'"' | b'\'') && at(text, end) == quote;
        // `user[$ne]`, `user.$ne`: the name of a parameter or a path in JSON.
        let bracketed = quote == b'[' && at(text, end) == b']'
            || quote == b'.' && (end == text.len() || at(text, end) == b'.') && words(text, 3) == 1;
        let bracketed_name = bracketed && !text.iter().take(place).any(|byte| matches!(byte, b' ' | b'{'));
        let after = skip_space(text, if quoted { end + 1 } else { end });
        let keyed = at(text, after) == b':' || quoted && at(text, after) == b'=';
        let in_object = keyed && is_object_until(text, place);
        let exactly = trimmed.len() == name.len() + 1
            && trimmed.starts_with(b"$")
            && matches!(name, b"ne" | b"gt" | b"gte" | b"lt" | b"lte" | b"nin" | b"regex" | b"where");
        // `true, $where: '1 == 1'`
        let follows = keyed && !quoted && name == b"where" && !before(text, place).contains(&b'(');
        if bracketed_name || in_object || exactly && name.len() > 1 || follows {
            return Some(Hit::new(
                "a value of a query",
                place..end,
                format!(
                    "it brings the operator `${}` where a value should be",
                    String::from_utf8_lossy(name)
                ),
                "$ operator",
            ));
        }
    }
    None
}

/// The text before the operator is the beginning of an object, or of what follows in one.
fn is_object_until(text: &[u8], place: usize) -> bool {
    let before = before(text, place).trim_ascii_start();
    match before.first() {
        Some(b'{' | b'[') => !before.starts_with(b"{{"),
        Some(b',' | b'\'' | b'"' | b'}') => !before.contains(&b'\n'),
        // `username={"$ne": 1}`, or a word and an object right after it.
        _ => memchr::memchr2(b'{', b'=', before).is_some_and(|brace| {
            brace < 40 && before.iter().take(brace).all(|&byte| is_word(byte) || matches!(byte, b'[' | b']'))
        }),
    }
}

/// `this.a == 'x'`, `this.b.length > 0`, `this.c.match(/x/)`: what a query asks, and no assignment of a program.
fn compares_with_constant(text: &[u8]) -> bool {
    let single = memchr::memmem::find(text, b" = ").is_none()
        && !text.contains(&b'\n')
        && !matches!(text.last(), Some(b',' | b'{' | b'?' | b'&' | b'|'));
    let compared = memchr::memchr3_iter(b'=', b'<', b'>', text).any(|place| {
        let operator = run(text, place, |byte| matches!(byte, b'=' | b'<' | b'>'));
        let doubled =
            operator > place + 1 || at(text, place) != b'=' || at(text, place.wrapping_sub(1)) == b'!';
        let constant = at(text, skip_space(text, operator));
        doubled
            && at(text, place.wrapping_sub(1)) != b'-'
            && (constant.is_ascii_digit() || matches!(constant, b'\'' | b'"' | b'/'))
    });
    single && (compared || has(text, b".match("))
}

/// A string is closed, and JavaScript goes on.
fn script(text: &[u8]) -> Option<Hit> {
    let trimmed = text.trim_ascii();
    let shown = has_any(trimmed, &[b"function ", b"const ", b"=>"])
        && !matches!(trimmed.first(), Some(b'\'' | b'"' | b';' | b'|'));
    if shown {
        return None;
    }
    let quotes = trimmed.iter().enumerate().filter(|(_, byte)| matches!(byte, b'\'' | b'"' | b'`'));
    let closes = quotes.map(|(place, _)| place + 1).any(|start| {
        let tail = cut(trimmed, start..start + TAIL).trim_ascii_start();
        let tail = tail.strip_prefix(b")").unwrap_or(tail).trim_ascii_start();
        is_lead(before(trimmed, start)) && goes_on(tail)
    });
    let number = run(trimmed, 0, |byte| byte.is_ascii_digit());
    let tail = cut(trimmed, number..number + TAIL).trim_ascii_start();
    let bare = matches!(tail.first(), Some(b'|' | b'&' | b';'))
        && has_code(tail)
        && (number > 0
            || words(trimmed, 8) < 8
                && has_any(tail, &[b"return true", b"this.", b"while(1", b"while(true", b"sleep("]));
    // `|| 1==1//`
    let bare = bare
        || match tail {
            [b'|', b'|', condition @ ..] | [b'&', b'&', condition @ ..] => {
                words(trimmed, 4) < 3
                    && condition
                        .trim_ascii_start()
                        .first()
                        .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'\'' | b'"'))
                    && goes_on(tail)
            }
            _ => false,
        };
    // A function without a name is no statement: it is the value of `$where`.
    let function = trimmed.strip_prefix(b"function").map(<[u8]>::trim_ascii_start).is_some_and(|body| {
        body.starts_with(b"()")
            && body.ends_with(b"}")
            && body.len() < 160
            && !body.contains(&b'\n')
            && has_any(body, &[b"return", b"sleep(", b"this.", b"emit("])
    });
    let condition = (trimmed.starts_with(b"this.") || trimmed.starts_with(b"return "))
        && has(trimmed, b"this.")
        && compares_with_constant(trimmed)
        && trimmed.len() < 160;
    let destroys = trimmed.starts_with(b"db.")
        && has_any(trimmed, &[b".drop(", b".injection.", b"dropDatabase", b".getCollectionNames"]);
    (closes || bare || condition || destroys || function).then(|| {
        let at = text.len() - text.trim_ascii_start().len();
        Hit::new(
            "a function of a query",
            at..at + trimmed.len(),
            "it closes the string and goes on in JavaScript",
            "' || script",
        )
    })
}

/// How far a value is read after the quote that it closes.
const TAIL: usize = 256;

/// What stands before the quote that closes: at most a word, as the value of a field would be.
fn is_lead(lead: &[u8]) -> bool {
    lead.len() < 200
        && words(lead, 3) <= 1
        && !lead
            .iter()
            .any(|byte| matches!(byte, b'=' | b'(' | b'{' | b'[' | b'\n' | b'<' | b'/' | b'*' | b','))
}

fn goes_on(tail: &[u8]) -> bool {
    if memchr::memchr_iter(b'\n', tail).count() > 1 {
        return false;
    }
    match tail {
        [b'|', b'|', ..] | [b'&', b'&', ..] => has_code(tail) || compares(tail) && is_comparison(tail),
        [b';' | b'}', ..] => has_code(tail),
        _ => false,
    }
}

fn has_code(tail: &[u8]) -> bool {
    has_any(
        tail,
        &[
            b"this.",
            b"return ",
            b"return(",
            b"sleep(",
            b"while(",
            b"while (",
            b"new Date",
            b"Date(",
            b"db.",
            b"emit(",
            b"tojson(",
            b"print(",
            b"throw ",
            b"this[",
        ],
    )
}

fn compares(tail: &[u8]) -> bool {
    has_any(tail, &[b"==", b"!=", b"'||'", b"true"])
}

/// `|| '1'=='1`, `|| 1==1//`: both sides are constants.
fn is_comparison(tail: &[u8]) -> bool {
    let tail = rest(tail, 2).trim_ascii_start();
    tail.first().is_some_and(|byte| {
        matches!(byte, b'\'' | b'"' | b'(' | b'!')
            || byte.is_ascii_digit()
            || tail.starts_with(b"true")
            || byte.is_ascii_alphabetic()
    })
}

#[cfg(test)]
mod tests {
    use super::nosql;

    #[test]
    fn an_operator_or_code_where_a_value_should_be_is_found() {
        let attacks = [
            "{\"$gt\":\"\"}",
            "{\"$ne\": null}",
            "user[$ne]",
            "password[$regex]",
            "{\"username\":{\"$ne\":1},\"password\":{\"$gt\":\"\"}}",
            "json.user.$ne",
            "$where",
            "[$nin][]",
            "' || '1'=='1",
            "' || 1==1//",
            "'; return true; var x='",
            "' && this.password.match(/.*/)//",
            "';sleep(5000);'",
            "\"; while(1); var x=\"",
            "1; sleep(5000)//",
            "true, $where: '1 == 1'",
            "', $or: [ {}, { 'a':'a",
            "{\"$where\":\"sleep(1000)\"}",
            "{$gt: ''}",
            "' || this.role=='admin",
            "'; return this.a == 'x' || true; //",
            "this.a == 1 || true",
            "{\"$or\":[{\"a\":1},{\"b\":2}]}",
            "username={\"$ne\":1}",
            "admin' || 'a'=='a",
            "0;var date=new Date(); do{curDate = new Date();}while(curDate-date<10000)",
        ];
        let missed: Vec<_> = attacks.into_iter().filter(|value| nosql(value.as_bytes()).is_none()).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn a_dollar_and_a_quote_are_left_alone() {
        let ordinary = [
            "db.users.find({ age: { $gt: 18 } })",
            "$100",
            "it's $5",
            "{\"$schema\": \"http://x\"}",
            "{\"a\": \"$in\"}",
            "use the `$ne` operator for that",
            "{\"$ref\": \"#/x\"}",
            "const x = a || b;",
            "if (a == b) return true;",
            "$not sure",
            "O'Brien || Smith",
            "{\"$id\": 1}",
            "a[1]",
            "cost: $lt",
            "function f() { return this.x == 1; }",
            "'quoted' && \"more\"",
            "{\"price\": \"$5\"}",
            "items[$i]",
            "query.$limit",
        ];
        let alarms: Vec<_> = ordinary.into_iter().filter(|value| nosql(value.as_bytes()).is_some()).collect();
        assert!(alarms.is_empty(), "{alarms:#?}");
    }
}
