//! The insides of the interpreter: its modules, classes and settings.

use super::grammar::Reach;
use super::sinks::{Call, runs};
use crate::text::{has, has_any};

pub(super) const INSIDE: &str = "it reaches the insides of the interpreter";

/// The insides of the interpreter: its modules, classes and settings.
pub(super) fn of_the_interpreter(call: &Call<'_>) -> Option<&'static str> {
    let Call { name, text, reach, object, ref given, whole, alone, .. } = *call;
    match name {
        b"phpinfo" | b"php_uname" | b"get_defined_vars" | b"get_current_user" | b"posix_getpwuid"
        | b"posix_getuid" | b"get_cfg_var"
            if alone =>
        {
            Some(INSIDE)
        }
        b"phpversion" | b"getcwd" | b"globals" | b"breakpoint" | b"sys_getloadavg" | b"locals"
        | b"getmypid"
            if whole && given.is_empty() =>
        {
            Some(INSIDE)
        }
        b"getenv" | b"getproperty" | b"getproperties" | b"putenv"
            if whole && (alone || matches!(object, b"system" | b"os")) =>
        {
            Some(INSIDE)
        }
        b"exit" | b"halt" | b"abort" | b"binding" | b"dlopen" | b"kill"
            if matches!(object, b"process") || matches!(reach.object(), b"System" | b"Runtime") && whole =>
        {
            Some(INSIDE)
        }
        b"__import__" | b"import_module" => given.system_module().then_some(INSIDE),
        b"require" | b"import" | b"_load" if given.constant().is_some_and(is_module_of_the_system) => {
            let module = given.constant().unwrap_or_default();
            let goes_on = reach.first > 0 || !whole;
            (has(module, b"child_process")
                || whole
                || goes_on
                    && has_any(
                        text,
                        &[
                            b").exec",
                            b").spawn",
                            b").read",
                            b").write",
                            b").connect",
                            b").get(",
                            b").fork",
                            b").unlink",
                            b").append",
                        ],
                    ))
            .then_some(INSIDE)
        }
        b"ini_set" | b"ini_alter" | b"ini_get" if alone => given
            .constants()
            .any(|setting| {
                has_any(
                    setting,
                    &[
                        b"allow_url",
                        b"auto_prepend",
                        b"auto_append",
                        b"open_basedir",
                        b"disable_",
                        b"safe_mode",
                        b"extension",
                    ],
                )
            })
            .then_some(INSIDE),
        b"getattr" | b"setattr" if alone => {
            given.constants().any(|value| value.starts_with(b"__") || runs(value)).then_some(INSIDE)
        }
        b"forname" => {
            (object == b"class" || reach.through(b"getclass") || reach.through(b"class")).then_some(INSIDE)
        }
        b"getclass" | b"getclassloader" | b"getdeclaredmethod" | b"getprotectiondomain" => {
            (reach.names.len() >= 2 && (object == b"\"" || object.is_empty() || whole)).then_some(INSIDE)
        }
        _ => None,
    }
}

/// Members that are no business of who sends a value.
pub(super) fn mentions(reach: &Reach<'_>, name: &[u8], object: &[u8], whole: bool) -> bool {
    let dunder = |part: &[u8]| {
        matches!(
            part,
            b"__class__"
                | b"__mro__"
                | b"__bases__"
                | b"__base__"
                | b"__subclasses__"
                | b"__globals__"
                | b"__builtins__"
                | b"__import__"
                | b"__getattribute__"
                | b"__code__"
                | b"__reduce__"
        )
    };
    match name {
        b"mainmodule" | b"binding" => object == b"process",
        b"process" => matches!(object, b"global" | b"globalthis" | b"window" | b"root" | b"self"),
        b"child_process" => reach.names.len() > 1,
        b"constructor" => object == b"constructor" || matches!(object, b"global" | b"\"" | b"["),
        b"to_h" | b"to_hash" | b"to_a" | b"inspect" => object == b"env" && whole,
        // `chr(115).chr(121)`: a name that is put together letter by letter.
        b"chr" => object == b"chr",
        b"env" | b"argv" | b"versions" | b"execpath" => whole && object == b"process",
        b"classloader" => matches!(object, b"class" | b"module" | b"protectiondomain"),
        b"runtime" | b"processbuilder" => object == b"lang" && reach.through(b"java"),
        _ if dunder(name) => {
            dunder(object)
                || matches!(object, b"\"" | b"[")
                || reach.names.iter().filter(|part| dunder(part)).count() > 1
                || matches!(object, b"func_globals" | b"__init__")
        }
        _ => false,
    }
}

/// Modules of Node.js that reach out of the interpreter.
fn is_module_of_the_system(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"node:").unwrap_or(name);
    matches!(
        name,
        b"child_process"
            | b"fs"
            | b"os"
            | b"net"
            | b"http"
            | b"https"
            | b"vm"
            | b"cluster"
            | b"fs/promises"
            | b"dgram"
            | b"tls"
            | b"repl"
    )
}
