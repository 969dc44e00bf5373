//! What an expression between the delimiters of a template would do.

use crate::text::{at, before, cut, find, has, has_any, is_space, rest, run, stands};

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
    if engine != Engine::Single && reaches(body) {
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
        return Weight::Acts;
    }
    if names_an_engine(body)
        && matches!(engine, Engine::Braces | Engine::Dollar | Engine::Hash | Engine::Percent)
    {
        return if engine == Engine::Braces || body.len() > 4 { Weight::Acts } else { Weight::Names };
    }
    match engine {
        Engine::Braces if calls(body) && !of_an_action(body) => Weight::Works,
        Engine::Braces if text_filter(body) => Weight::Works,
        Engine::Percent if calls(body) || has(body, b"#") => Weight::Works,
        Engine::Dollar | Engine::Hash if literal_call(body) => Weight::Acts,
        _ => Weight::Names,
    }
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
            b"out.print",
        ],
    );
    if acts || prints && calculates(body) { Weight::Acts } else { Weight::Names }
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

/// Whether a constant is calculated with: `7*7`, `'7'*7`, `"a"+"b"`, `9 - 3`.
pub(super) fn calculates(body: &[u8]) -> bool {
    let only = arithmetic_only(body);
    let mut quote = 0u8;
    for (place, &byte) in body.iter().enumerate() {
        match byte {
            _ if quote != 0 => {
                if byte == quote {
                    quote = 0;
                }
                continue;
            }
            b'\'' | b'"' => {
                quote = byte;
                continue;
            }
            b'*' | b'+' | b'-' | b'/' | b'%' | b'~' => {}
            _ => continue,
        }
        let left = before(body, place).trim_ascii_end();
        let doubled = run(body, place, |byte| byte == at(body, place));
        let right = rest(body, doubled).trim_ascii_start();
        let left_constant = constant_ends(left);
        let right_constant =
            right.first().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'\'' | b'"' | b'('));
        // A date, a version and a range are calculations by their looks.
        let number_right = right.first().is_some_and(u8::is_ascii_digit);
        let dated = memchr::memchr_iter(b'-', body).count() > 1;
        let ordinary = at(body, place) == b'-'
            && number_right
            && left.last().is_some_and(u8::is_ascii_digit)
            && (dated || !only)
            || at(body, place) == b'/' && left.len() >= 2 && !only;
        if left_constant && right_constant && !ordinary {
            return true;
        }
    }
    false
}

/// A number by itself, a string, or a closed bracket after one ends here.
fn constant_ends(left: &[u8]) -> bool {
    match left.last() {
        Some(b'0'..=b'9') => {
            let digits = left.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
            let prior = at(left, left.len().wrapping_sub(digits + 1));
            digits < left.len() && !prior.is_ascii_alphanumeric() && prior != b'_' || digits == left.len()
        }
        Some(b'\'' | b'"') => true,
        Some(b')') => left.iter().rev().take(64).all(|byte| !byte.is_ascii_alphabetic()),
        _ => false,
    }
}

fn arithmetic_only(body: &[u8]) -> bool {
    body.iter().all(|byte| {
        byte.is_ascii_digit()
            || matches!(byte, b'*' | b'+' | b'-' | b'/' | b'(' | b')' | b' ' | b'.' | b'%' | b'\'' | b'"')
    })
}

/// Whether it reaches an object's class, the interpreter, the system, or hides a name from who reads it.
pub(super) fn reaches(body: &[u8]) -> bool {
    const REACH: &[&[u8]] = &[
        b"__class__",
        b"__mro__",
        b"__globals__",
        b"__init__",
        b"__subclasses__",
        b"__builtins__",
        b"__import__",
        b"__base",
        b"__getattribute__",
        b"__dict__",
        b"__proto__",
        b"|attr(",
        b"| attr(",
        b"getClass()",
        b"getClassLoader",
        b"class.getResource",
        b".getAttribute(",
        b"class.module",
        b".class.forName",
        b"class.classLoader",
        b".classLoader",
        b"java.lang.",
        b"java.io.",
        b"java.util.Scanner",
        b"javax.",
        b"freemarker.",
        b"getRuntime",
        b"ProcessBuilder",
        b"T(java",
        b"T(org",
        b"T(com",
        b"#_memberAccess",
        b"@java",
        b"@org.apache",
        b"#context",
        b"#application",
        b"#request",
        b"#session",
        b"xwork",
        b"opensymphony",
        b"getEngine",
        b"registerUndefinedFilterCallback",
        b"|filter('system')",
        b"filter('exec",
        b"map('system",
        b"|map(\"system",
        b"|sort('system",
        b"filter('passthru",
        b"reduce('system",
        b"sort(\"system",
        b"|filter(\"system",
        b"constructor.constructor",
        b".constructor(",
        b"['constructor']",
        b"[\"constructor\"]",
        b"child_process",
        b"mainModule",
        b"process.env",
        b"Runtime.",
        b"lookupMethod",
        b"lookupGetter",
        b"popen(",
        b"os.system",
        b"subprocess",
        b"?new()",
        b"?api.",
        b"_self.",
        b"self.module",
        b"writeFile(",
        b"phpinfo(",
        b"file_get_contents",
        b"passthru(",
        b"shell_exec",
        b"lookup-method",
        b"string.sub \"constructor\"",
        b"lookup string.sub",
        b"with \"s\" as",
        b"request.application",
        b"request|attr",
        b"request.__",
        b"request.args",
        b"get_flashed_messages.",
        b"url_for.",
        b"cycler.",
        b"joiner.",
        b"lipsum.",
        b"config.items",
        b"config.from",
        b"config.__",
        b"settings.SECRET",
        b"app.request.",
        b"_context|",
        b"_charset",
        b"forms.",
        b"range.constructor",
        b"getProtocolStack",
        b"pageContext.",
        b"applicationScope",
        b"sessionScope",
        b"requestScope",
        b"facesContext",
        b"#this.",
        b"#root.",
        b"new java",
        b"''.class",
        b"\"\".class",
        b"\"\".getClass",
        b"''.getClass",
        b"%x(",
        b"Kernel.",
        b"IO.popen",
        b"File.open",
        b"File.read",
        b"Dir.entries",
        b"config.SECRET",
        b"SECRET_KEY",
        b"$on.constructor",
        b"$eval.constructor",
        b"toString().constructor",
        b"system(",
        b"import os",
        b"getattr(",
        b"os.popen",
        b"self.__",
        b"self._T",
        b"dump(app",
        b"app.session",
        b"console.log(this",
        b"this.constructor",
        b"String.fromCharCode",
        b".fromCharCode",
        b"Object.values(",
        b"__defineGetter__",
    ];
    has_any(body, REACH) && !body.starts_with(b"!--")
        || escapes_a_name(body)
        || find(body, b"T(").is_some_and(|place| {
            (place == 0 || !at(body, place - 1).is_ascii_alphanumeric())
                && at(body, place + 2).is_ascii_alphabetic()
                && memchr::memchr(b'.', cut(body, place..place + 40)).is_some()
        })
}

/// `['\x5f\x5fclass']`, `["__cla"+"ss__"]`, `['__cla''ss__']`.
fn escapes_a_name(body: &[u8]) -> bool {
    has_any(
        body,
        &[
            b"['\\x",
            b"[\"\\x",
            b"['__",
            b"[\"__",
            b"('__",
            b"(\"__",
            b"\\u005f",
            b"\\x5f\\x5f",
            b"~'__",
            b"'__'",
            b"\"__\"",
        ],
    )
}

/// The engine's own objects by themselves: `{{ config }}`, `{{ self }}`.
fn names_an_engine(body: &[u8]) -> bool {
    let end = run(body, 0, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'));
    let (name, more) = (before(body, end), rest(body, end).trim_ascii());
    let alone = more.is_empty() || more.starts_with(b"|");
    alone
        && matches!(
            name,
            b"config"
                | b"self"
                | b"_self"
                | b"settings"
                | b"_context"
                | b"request"
                | b"_self.env"
                | b"app.request"
                | b"debug"
                | b"constructor"
                | b"_globals"
                | b"app"
                | b"cycler"
                | b"lipsum"
                | b"joiner"
                | b"namespace"
                | b"get_flashed_messages"
                | b"url_for"
                | b".vars"
                | b".data_model"
                | b".globals"
                | b"this.constructor"
                | b"_self.templateName"
                | b"request.environ"
                | b"config.SECRET_KEY"
        )
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
    matches!(at(body, 0), b'\'' | b'"' | b'[' | b'(') && memchr::memchr(b'|', body).is_some()
        || body.starts_with(b"[]")
        || body.starts_with(b"{}")
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

/// Whether a tag of Smarty begins here that can do harm, or a calculation.
pub(super) fn begins_smarty(inside: &[u8]) -> bool {
    at(inside, 0).is_ascii_digit()
        || stands(inside, 0, b"php}")
        || stands(inside, 0, b"$smarty.")
        || smarty_call(inside)
}

fn smarty_call(inside: &[u8]) -> bool {
    [
        &b"system("[..],
        b"exec(",
        b"passthru(",
        b"shell_exec(",
        b"phpinfo(",
        b"eval ",
        b"include_php",
        b"fetch file",
        b"include file=\"/",
        b"include file='/",
        b"math equation",
        b"self::",
        b"Smarty_Internal",
        b"if system(",
        b"if phpinfo(",
        b"function name=",
    ]
    .iter()
    .any(|name| stands(inside, 0, name))
}

/// Log4j's look-ups, nested ones too (CVE-2021-44228).
pub(super) fn look_up(inside: &[u8]) -> Weight {
    let name = flattened(inside);
    let jndi = find(&name, b"jndi:").is_some();
    let scheme =
        has_any(&name, &[b"ldap:", b"ldaps:", b"rmi:", b"dns:", b"iiop:", b"corba:", b"nis:", b"nds:"])
            && has(&name, b"//");
    let reads = [
        &b"env:"[..],
        b"sys:",
        b"java:",
        b"main:",
        b"ctx:",
        b"bundle:",
        b"docker:",
        b"k8s:",
        b"web:",
        b"log4j:",
        b"script:",
        b"url:utf",
        b"dns:",
        b"file:utf",
        b"const:",
        b"base64decoder:",
        b"base64:",
        b"lower:",
        b"upper:",
        b"date:",
        b"spring:",
    ]
    .iter()
    .any(|known| stands(&name, 0, known));
    let script = stands(&name, 0, b"script:") || stands(&name, 0, b"url:utf") || stands(&name, 0, b"dns:");
    let nested = memchr::memmem::find(inside, b"${").is_some();
    if jndi || scheme || script || nested && reads || inside.starts_with(b"::-") {
        Weight::Acts
    } else if reads && memchr::memmem::find(inside, b"//").is_none_or(|place| place <= 8) {
        Weight::Works
    } else {
        Weight::Names
    }
}

/// The text of nested look-ups as they come out: `${lower:J}` is `j`, `${::-n}` and `${env:X:-d}` are what
/// stands after `:-`.
fn flattened(inside: &[u8]) -> Vec<u8> {
    let mut stack: Vec<Vec<u8>> = vec![Vec::new()];
    let mut index = 0;
    while let Some(&byte) = inside.get(index) {
        if byte == b'$' && at(inside, index + 1) == b'{' && stack.len() < 32 {
            stack.push(Vec::new());
            index += 2;
            continue;
        }
        if byte == b'}' && stack.len() > 1 {
            if let Some(inner) = stack.pop() {
                let value = resolved(&inner);
                if let Some(outer) = stack.last_mut() {
                    outer.extend_from_slice(&value);
                }
            }
        } else if let Some(top) = stack.last_mut().filter(|_| !is_space(byte)) {
            top.push(byte.to_ascii_lowercase());
        }
        index += 1;
    }
    stack.concat()
}

fn resolved(inner: &[u8]) -> Vec<u8> {
    if let Some(place) = memchr::memmem::rfind(inner, b":-") {
        return rest(inner, place + 2).to_vec();
    }
    let after = |name: &[u8]| stands(inner, 0, name).then(|| rest(inner, name.len()).to_vec());
    after(b"lower:")
        .or_else(|| after(b"upper:"))
        .or_else(|| after(b"date:").map(|text| text.into_iter().filter(|byte| *byte != b'\'').collect()))
        .unwrap_or_else(|| inner.to_vec())
}
