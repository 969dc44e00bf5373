//! What is evaluated as code, or calls what it is given by name.

use super::lexer::{Kind, Token};
use super::sinks::Call;
use crate::text::{before, begins, has_any};

const CODE: &str = "it has something evaluated as code";

/// What is evaluated as code, or calls what it is given by name.
pub(super) fn of_code(call: &Call<'_>) -> Option<&'static str> {
    let Call { name, text, reach, object, ref given, tokens, whole, alone, .. } = *call;
    match name {
        b"eval" | b"assert" | b"create_function" | b"exec" | b"loadstring" | b"evalfile" | b"eval_r"
            if alone =>
        {
            let given_code = given.given()
                || name == b"eval" && given.calls()
                || name == b"create_function" && given.constants().count() > 1;
            (given_code && (name != b"assert" || !compares(text, tokens))).then_some(CODE)
        }
        b"eval" => (given.given()
            && (matches!(object, b"kernel" | b"getenginebyname" | b"window" | b"global" | b"this")
                || reach.through(b"getenginebyname")))
        .then_some(CODE),
        b"execfile" | b"dofile" | b"loadfile" if alone => Some(CODE),
        b"instance_eval" | b"class_eval" | b"module_eval" | b"instance_exec" => {
            given.constant().map(|_| CODE)
        }
        b"send" | b"__send__" | b"public_send" | b"const_get" => {
            has_any(text, &[b":system", b":exec", b":eval", b":kernel", b"\"system", b"'system", b"(:io)"])
                .then_some(CODE)
        }
        b"function" | b"asyncfunction" if alone => given
            .constant()
            .filter(|code| begins(code, b"return ") || has_any(code, &[b"(", b"=", b"process"]))
            .map(|_| CODE),
        b"constructor" => given.given().then_some(CODE),
        b"settimeout" | b"setinterval" | b"setimmediate" if alone => {
            given.constant().filter(|code| memchr::memchr2(b'(', b'=', code).is_some()).map(|_| CODE)
        }
        b"compile" if alone => (given.constants().count() >= 2).then_some(CODE),
        b"call_user_func"
        | b"call_user_func_array"
        | b"array_map"
        | b"array_filter"
        | b"array_walk"
        | b"usort"
        | b"uasort"
        | b"uksort"
        | b"register_shutdown_function"
        | b"register_tick_function"
        | b"ob_start"
        | b"iterator_apply"
        | b"preg_replace_callback"
        | b"array_reduce"
        | b"reflectionfunction"
        | b"forward_static_call" => given.names_function().then_some(CODE),
        b"preg_replace" | b"mb_ereg_replace" => {
            given.constants().next().is_some_and(is_evaluating_pattern).then_some(CODE)
        }
        b"base64_decode" | b"gzinflate" | b"gzuncompress" | b"str_rot13" | b"hex2bin"
        | b"convert_uudecode"
            if alone =>
        {
            (given.requested() || whole && given.constant().is_some()).then_some(CODE)
        }
        b"unserialize" | b"extract" | b"parse_str" | b"import_request_variables" if alone => {
            given.requested().then_some(CODE)
        }
        b"print" | b"die" | b"echo" | b"exit" | b"var_dump" | b"print_r" | b"printf" | b"md5" | b"sha1"
            if alone =>
        {
            probes(text, name, tokens).then_some(CODE)
        }
        b"scriptenginemanager"
        | b"urlclassloader"
        | b"getenginebyname"
        | b"groovyshell"
        | b"groovyclassloader" => Some(CODE),
        b"load" | b"loadfrom" | b"loadfile" if object == b"assembly" => Some(CODE),
        b"createinstance" if object == b"activator" => (whole && given.given()).then_some(CODE),
        b"write" if object == b"response" => whole.then_some(CODE),
        b"sleep" | b"usleep" | b"time_nanosleep" | b"msleep" => (whole
            && given.is_number()
            && (alone
                || matches!(object, b"time" | b"thread" | b"kernel" | b"__import__")
                || reach.through(b"__import__")))
        .then_some("it makes the server wait"),
        b"filesystemxmlapplicationcontext" | b"classpathxmlapplicationcontext" => Some(CODE),
        b"fetch" | b"sendbeacon" | b"assign" | b"open" => {
            mentions_cookie(text, tokens).then_some("it sends away what the page knows")
        }
        _ => None,
    }
}

/// `print(md5(1337))`, `die(md5(1))`: proves that it was evaluated.
fn probes(text: &[u8], name: &[u8], tokens: &[Token]) -> bool {
    let digest = matches!(name, b"md5" | b"sha1");
    if digest {
        return false;
    }
    let first = tokens.first();
    let second = tokens.get(1).map(|token| token.kind);
    first.is_some_and(|token| {
        matches!(
            token.of(text).to_ascii_lowercase().as_slice(),
            b"md5" | b"sha1" | b"crc32" | b"phpversion" | b"getcwd" | b"php_uname"
        ) && second == Some(Kind::Open(b'('))
            || matches!(token.kind, Kind::Text(b'`'))
                && token.span.len() > 2
                && memchr::memmem::find(token.of(text), b"${").is_none()
                && name != b"printf"
    })
}

/// `/x/e`: a pattern whose replacement is evaluated.
fn is_evaluating_pattern(pattern: &[u8]) -> bool {
    pattern.first().is_some_and(u8::is_ascii_punctuation)
        && pattern.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).any(|&byte| byte == b'e')
        && pattern.len() < 40
}

fn compares(text: &[u8], tokens: &[Token]) -> bool {
    tokens.iter().any(|token| matches!(token.kind, Kind::Sign(b'=' | b'<' | b'>' | b'!' | b',')))
        || tokens.iter().any(|token| token.is(text, b"in") || token.is(text, b"is"))
        || tokens.first().is_some_and(|token| before(token.of(text), 1) == b"$") && tokens.len() == 1
}

fn mentions_cookie(text: &[u8], tokens: &[Token]) -> bool {
    tokens.windows(3).any(|window| {
        matches!(window, [object, dot, member] if object.is(text, b"document") && dot.kind == Kind::Member && member.is(text, b"cookie"))
    }) || tokens.iter().any(|token| token.is(text, b"localStorage") || token.is(text, b"sessionStorage"))
}
