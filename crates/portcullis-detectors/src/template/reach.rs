//! What an expression reaches: an object's class, the interpreter, the engine's own objects.

use crate::text::{at, before, cut, find, has_any, rest, run};

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
pub(super) fn names_an_engine(body: &[u8]) -> bool {
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
                | b"handler.settings"
                | b"handler.application"
                | b"config.SECRET_KEY"
        )
}
