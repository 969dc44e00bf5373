//! What an expression between the delimiters of a template would do.

use super::arithmetic::{arithmetic_only, calculates};
use super::reach::{names_an_engine, reaches};
use super::smarty::smarty_call;
use crate::text::{at, has, has_any, rest, stands};

/// Whose delimiters they are, as far as that changes what is ordinary inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// `{{ }}`
    Braces,
    /// `{% %}`
    Block,
    /// `${ }`: also a shell's variables and the template strings of JavaScript.
    Dollar,
    /// `${name:…}`
    LookUp,
    /// `#{ }`: also Ruby's strings.
    Hash,
    /// `%{ }`
    Percent,
    /// `<% %>`
    Percents,
    /// `<#assign … >`
    Directive,
    /// `@{[ … ]}`, `${\ … }`: strings of Perl.
    Perl,
    /// `{ }`: Smarty
    Single,
}

/// What an expression does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It reaches what only an attacker wants, or calculates to see whether anybody does.
    Acts,
    /// It calls something: fine in a template that is shown, and not in a value.
    Works,
    /// It prints a name.
    Names,
}

pub(super) fn weigh(inside: &[u8], engine: Engine) -> Weight {
    let body = inside.trim_ascii();
    if body.is_empty() {
        return Weight::Names;
    }
    if engine != Engine::Single && (reaches(body) || crate::code::acts_within(code_of(body))) {
        return Weight::Acts;
    }
    match engine {
        Engine::Single => {
            let tag = [&b"php}"[..], b"/php"].iter().any(|tag| stands(inside, 0, tag)) || inside == b"php";
            if tag
                || smarty_call(inside)
                || stands(inside, 0, b"$smarty.")
                || calculates(body) && at(inside, 0).is_ascii_digit() && arithmetic_only(body)
            {
                return Weight::Acts;
            }
            return Weight::Names;
        }
        Engine::Perl => return perl(body),
        Engine::Directive => {
            let assign = stands(inside, 0, b"assign") && (has(inside, b"?new") || has(inside, b"?api"));
            return if assign { Weight::Acts } else { Weight::Names };
        }
        Engine::Block => return block(body),
        Engine::Percents => return percents(inside),
        _ => {}
    }
    if calculates(body) {
        // Strings of JavaScript calculate with what they print; a probe has nothing but constants.
        let probe = engine != Engine::Dollar
            || arithmetic_only(body)
            || body.iter().all(|byte| !byte.is_ascii_alphabetic())
            || body.starts_with(b"\"")
            || body.starts_with(b"'");
        return if probe { Weight::Acts } else { Weight::Works };
    }
    if names_an_engine(body)
        && matches!(engine, Engine::Braces | Engine::Dollar | Engine::Hash | Engine::Percent)
    {
        return match engine {
            Engine::Braces => Weight::Acts,
            _ if body.len() > 4 => Weight::Works,
            _ => Weight::Names,
        };
    }
    match engine {
        Engine::Braces if calls(body) && !of_an_action(body) => Weight::Works,
        Engine::Braces if text_filter(body) || of_go(body) || body.iter().all(u8::is_ascii_digit) => {
            Weight::Works
        }
        Engine::Percent if calls(body) || has(body, b"#") => Weight::Works,
        Engine::Dollar | Engine::Hash if literal_call(body) => Weight::Acts,
        _ => Weight::Names,
    }
}

/// The code of an expression without the sign that says that it is printed.
fn code_of(body: &[u8]) -> &[u8] {
    let body = body.strip_prefix(b"-").unwrap_or(body);
    body.strip_prefix(b"=").or(body.strip_prefix(b"php ")).unwrap_or(body)
}

/// `{% … %}`: a block shown in a text is ordinary; one that imports, or includes by an address, is not.
fn block(body: &[u8]) -> Weight {
    let body = body.strip_prefix(b"-").unwrap_or(body).trim_ascii();
    let includes = (stands(body, 0, b"include")
        || stands(body, 0, b"extends")
        || stands(body, 0, b"import")
        || stands(body, 0, b"source"))
        && has_any(body, &[b"/etc/", b"://", b"..", b"/proc/"]);
    let assigns = stands(body, 0, b"set ") && calculates(skip_name(body));
    let prints = stands(body, 0, b"print") && (calculates(rest(body, 5)) || calls(rest(body, 5)));
    let condition = stands(body, 0, b"if ") && calculates(rest(body, 3));
    let condition = condition || arithmetic_only(body) && calculates(body);
    let debug = body == b"debug" || stands(body, 0, b"php ") || stands(body, 0, b"raise ");
    if includes || assigns || prints || condition || debug { Weight::Acts } else { Weight::Names }
}

fn skip_name(body: &[u8]) -> &[u8] {
    rest(body, memchr::memchr(b'=', body).map_or(0, |place| place + 1))
}

/// `<%= … %>`: ERB, EJS, JSP, ASP.
fn percents(inside: &[u8]) -> Weight {
    let prints = at(inside, 0) == b'=' || at(inside, 0) == b'-';
    let body = inside.strip_prefix(b"=").or(inside.strip_prefix(b"-")).unwrap_or(inside).trim_ascii();
    let acts = has_any(
        body,
        &[
            b"`",
            b"system(",
            b"system ",
            b"exec(",
            b"File.",
            b"IO.",
            b"Dir.",
            b"Kernel",
            b"eval(",
            b"require(",
            b"Runtime",
            b"request.getParameter",
            b"ProcessBuilder",
            b"eval request",
            b"execute request",
            b"CreateObject",
            b"Process.",
            b"global.",
            b"spawn",
            b"%x(",
            b"ENV",
            b"self.",
            b"Server.",
            b"Response.Write(",
            b"@page",
            b"@ page",
            b"@ include file=\"/",
            b"out.print",
        ],
    );
    if acts
        || prints && (calculates(body) || literal_call(body) || is_upcased(body))
        || calculates(body) && arithmetic_only(body)
    {
        Weight::Acts
    } else {
        Weight::Names
    }
}

/// `"a".upcase`: a method upon a constant, without brackets.
fn is_upcased(body: &[u8]) -> bool {
    let quote = at(body, 0);
    matches!(quote, b'"' | b'\'')
        && memchr::memchr(quote, rest(body, 1)).is_some_and(|end| {
            at(body, end + 2) == b'.'
                && rest(body, end + 3).iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        })
}

/// A string of Perl works out what stands in `@{[ … ]}`.
fn perl(body: &[u8]) -> Weight {
    let acts = [
        &b"system"[..],
        b"exec",
        b"open",
        b"require",
        b"`",
        b"getpw",
        b"%ENV",
        b"CORE::",
        b"qx",
        b"eval",
        b"crypt",
        b"unlink",
        b"keys %",
        b"print",
        b"\\system",
    ]
    .iter()
    .any(|name| has(body, name));
    if acts || calculates(body) { Weight::Acts } else { Weight::Names }
}

/// Whether a name is called: letters right before an opening bracket.
fn calls(body: &[u8]) -> bool {
    memchr::memchr_iter(b'(', body).any(|place| {
        place > 0
            && (at(body, place - 1).is_ascii_alphanumeric()
                || matches!(at(body, place - 1), b'_' | b'\'' | b'"' | b']'))
    })
}

/// A call upon a constant: `"".toString()`, `'a'.concat('b')`.
fn literal_call(body: &[u8]) -> bool {
    let quoted = matches!(at(body, 0), b'"' | b'\'');
    quoted && calls(body) && memchr::memchr(b'.', body).is_some() && !has(body, b"://")
        || stands(body, 0, b"new ") && calls(body) && has(body, b".")
        || [&b"exec("[..], b"eval(", b"require(", b"print(", b"include(", b"import("]
            .iter()
            .any(|name| stands(body, 0, name))
}

/// A filter upon a constant or a list: `{{ 'a'|upper }}`, `{{ ['id']|filter('system') }}`.
fn text_filter(body: &[u8]) -> bool {
    matches!(at(body, 0), b'\'' | b'"' | b'[' | b'(')
        && memchr::memchr(b'|', body).is_some_and(|bar| !shows(rest(body, bar + 1)))
        || body.starts_with(b"[]")
        || body.starts_with(b"{}")
}

/// A method or a function of Go's templates that is given a string: `{{ .System "id" }}`, `{{ html "x" }}`.
fn of_go(body: &[u8]) -> bool {
    let function = [&b"call "[..], b"html ", b"js ", b"printf ", b"print ", b"println "]
        .iter()
        .any(|name| body.starts_with(name));
    let method =
        at(body, 0) == b'.' && at(body, 1).is_ascii_uppercase() && memchr::memchr(b' ', body).is_some();
    (function || method) && memchr::memchr3(b'"', b'`', b'.', body).is_some()
}

/// Filters with which pages show a constant, such as the key of a translation.
fn shows(filter: &[u8]) -> bool {
    let filter = filter.trim_ascii();
    let name = filter.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').next().unwrap_or_default();
    matches!(
        name,
        b"translate"
            | b"trans"
            | b"t"
            | b"i18n"
            | b"date"
            | b"default"
            | b"asset_url"
            | b"url"
            | b"static"
            | b"money"
            | b"escape"
            | b"relative_url"
            | b"absolute_url"
            | b"img_url"
            | b"stylesheet_tag"
            | b"script_tag"
            | b"image_url"
            | b"localize"
    )
}

/// The expressions of workflow files and of charts, which call too.
fn of_an_action(body: &[u8]) -> bool {
    [
        &b"hashFiles("[..],
        b"contains(",
        b"startsWith(",
        b"endsWith(",
        b"format(",
        b"toJSON(",
        b"fromJSON(",
        b"always(",
        b"success(",
        b"failure(",
        b"cancelled(",
        b"join(",
    ]
    .iter()
    .any(|name| body.starts_with(name))
        || [
            &b"github."[..],
            b"secrets.",
            b"matrix.",
            b"env.",
            b"steps.",
            b"needs.",
            b"runner.",
            b"inputs.",
            b"$t(",
            b"t(",
            b"_(",
        ]
        .iter()
        .any(|name| body.starts_with(name))
}
