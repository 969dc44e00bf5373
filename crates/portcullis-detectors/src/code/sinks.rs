//! What acts when it is called: it reaches the operating system, files, the interpreter or the insides of
//! classes, or evaluates what it is given.

use super::grammar::Reach;
use super::lexer::{Kind, Token};
use crate::text::{before, begins, has, has_any};

/// What stands between the brackets of a call.
pub(super) struct Arguments<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
}

impl<'a> Arguments<'a> {
    pub(super) fn new(text: &'a [u8], tokens: &'a [Token]) -> Self {
        Self { text, tokens }
    }

    fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The first argument, if it is a constant string with something in it, or a list that begins with one.
    fn constant(&self) -> Option<&'a [u8]> {
        let tokens = match self.tokens.first().map(|token| token.kind) {
            Some(Kind::Open(b'[')) => self.tokens.get(1..)?,
            // `b'…'`, `array('…')`, `new String[]{"…"}`
            Some(Kind::Name) => self
                .tokens
                .get(self.tokens.iter().position(|token| matches!(token.kind, Kind::Text(_)))?..)?,
            _ => self.tokens,
        };
        let token = tokens.first().filter(|token| matches!(token.kind, Kind::Text(_)))?;
        Some(token.inside(self.text)).filter(|inside| inside.iter().any(u8::is_ascii_graphic))
    }

    fn constants(&self) -> impl Iterator<Item = &'a [u8]> {
        self.tokens
            .iter()
            .filter(|token| matches!(token.kind, Kind::Text(_)))
            .map(|token| token.inside(self.text))
    }

    fn is_number(&self) -> bool {
        self.tokens.first().is_some_and(|token| token.kind == Kind::Number)
    }

    /// What the request brings is among them.
    fn requested(&self) -> bool {
        self.tokens.iter().any(|token| {
            token.kind == Kind::Name
                && matches!(
                    token.of(self.text).to_ascii_lowercase().as_slice(),
                    b"$_get"
                        | b"$_post"
                        | b"$_request"
                        | b"$_cookie"
                        | b"$_server"
                        | b"$_files"
                        | b"$globals"
                        | b"request"
                        | b"req"
                        | b"params"
                        | b"getallheaders"
                        | b"get_defined_vars"
                        | b"query"
                )
        })
    }

    /// Something is worked out among them by a function that decodes or puts together.
    fn decoded(&self) -> bool {
        self.tokens.iter().any(|token| {
            token.kind == Kind::Name
                && has_any(
                    token.of(self.text),
                    &[
                        b"decode",
                        b"chr",
                        b"atob",
                        b"compile",
                        b"fromcharcode",
                        b"inflate",
                        b"rot13",
                        b"reverse",
                        b"strrev",
                        b"pack",
                        b"unescape",
                        b"location",
                    ],
                )
        })
    }

    /// A command or code comes in: a constant, the request, or something decoded.
    fn given(&self) -> bool {
        self.constant().is_some() || self.requested() || self.decoded()
    }

    /// A file that a program does not name as its own: an absolute path, one above, a stream, an address.
    fn foreign_file(&self) -> bool {
        self.requested()
            || self.decoded()
            || self.constants().any(|name| {
                matches!(name.first(), Some(b'/' | b'|'))
                    || name.starts_with(b"..")
                    || name == b"."
                    || memchr::memmem::find(name, b"://").is_some()
                    || memchr::memmem::find(name, b":\\").is_some()
            })
    }

    /// Something is called among them.
    fn calls(&self) -> bool {
        self.tokens.iter().any(|token| token.kind == Kind::Open(b'('))
    }

    /// The name of a command, without quotes: PHP takes a name that it does not know for a string.
    fn bare_command(&self) -> bool {
        matches!(self.tokens, [name] if name.kind == Kind::Name && crate::shell::is_command(name.of(self.text)))
    }

    /// The name of a function that runs something, as a string.
    fn names_function(&self) -> bool {
        self.requested() || self.constants().any(runs)
    }
}

/// Functions of PHP that run what they are given.
pub(super) fn runs(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_slice(),
        b"system"
            | b"exec"
            | b"passthru"
            | b"shell_exec"
            | b"popen"
            | b"proc_open"
            | b"pcntl_exec"
            | b"eval"
            | b"assert"
            | b"phpinfo"
            | b"call_user_func"
            | b"create_function"
            | b"file_get_contents"
            | b"readfile"
            | b"show_source"
            | b"highlight_file"
            | b"include"
            | b"unserialize"
            | b"base64_decode"
            | b"file_put_contents"
            | b"var_dump"
            | b"print_r"
            | b"die"
            | b"md5"
            | b"getenv"
            | b"scandir"
    )
}

/// Why the call or the mention acts. `whole` says that nothing else stands in the code.
pub(super) fn acts(text: &[u8], reach: &Reach<'_>, whole: bool) -> Option<&'static str> {
    const SYSTEM: &str = "it runs a command of the system";
    const FILES: &str = "it reaches a file";
    const CODE: &str = "it has something evaluated as code";
    const INSIDE: &str = "it reaches the insides of the interpreter";
    let name = reach.name().to_ascii_lowercase();
    let object = reach.object().to_ascii_lowercase();
    let (name, object) = (name.as_slice(), object.as_slice());
    let alone = reach.names.len() == 1;
    let Some(tokens) = reach.arguments else {
        return mentions(reach, name, object, whole).then_some(INSIDE);
    };
    let given = Arguments::new(text, tokens);
    let builtin = alone
        || matches!(
            object,
            b"kernel"
                | b"builtins"
                | b"__builtins__"
                | b"posix"
                | b"global"
                | b"globalthis"
                | b"window"
                | b"this"
        );
    let why = match name {
        b"system" | b"passthru" | b"shell_exec" | b"exec" | b"popen" | b"proc_open" | b"pcntl_exec"
        | b"spawn" | b"qx" | b"expect_popen"
            if builtin =>
        {
            (given.given() || given.bare_command()).then_some(SYSTEM)
        }
        b"system" | b"popen" | b"popen2" | b"popen3" | b"popen4" | b"spawnl" | b"spawnv" | b"spawnvp"
        | b"execl" | b"execv" | b"execve" | b"execvp" | b"execlp" | b"fork" | b"kill" | b"startfile"
        | b"posix_spawn"
            if matches!(object, b"os" | b"posix" | b"platform" | b"io" | b"nt")
                || reach.through(b"__import__") =>
        {
            Some(SYSTEM)
        }
        b"popen" | b"call" | b"run" | b"check_output" | b"check_call" | b"getoutput" | b"getstatusoutput"
            if matches!(object, b"subprocess" | b"commands") =>
        {
            Some(SYSTEM)
        }
        b"spawn" if object == b"pty" => Some(SYSTEM),
        b"execute" if object == b"os" => Some(SYSTEM),
        b"execute" if matches!(object, b"[" | b"\"") && given.is_empty() => Some(SYSTEM),
        b"exec" | b"execsync" | b"spawn" | b"spawnsync" | b"execfile" | b"execfilesync" | b"fork"
            if matches!(
                object,
                b"child_process"
                    | b"cp"
                    | b"childprocess"
                    | b"getruntime"
                    | b"runtime"
                    | b"require"
                    | b"process"
                    | b"kernel"
                    | b"import"
                    | b"_load"
            ) || name.ends_with(b"sync") =>
        {
            Some(SYSTEM)
        }
        b"getruntime" => Some(SYSTEM),
        b"processbuilder" => (!given.is_empty()).then_some(SYSTEM),
        b"start" if matches!(object, b"process" | b"processbuilder") => Some(SYSTEM),
        b"spawn" | b"command" | b"readtextfile" | b"readfile" | b"run"
            if matches!(object, b"deno" | b"bun") =>
        {
            Some(SYSTEM)
        }
        b"capture2" | b"capture3" | b"capture2e" | b"popen3" | b"pipeline" if object == b"open3" => {
            Some(SYSTEM)
        }
        b"popen" | b"sysopen" if object == b"io" => Some(SYSTEM),
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
            if matches!(object, b"process")
                || matches!(object, b"system" | b"sys" | b"runtime" | b"os") && whole =>
        {
            Some(INSIDE)
        }
        b"listdir" | b"getcwd" | b"remove" | b"unlink" | b"walk" | b"scandir"
            if object == b"os" || object == b"shutil" =>
        {
            whole.then_some(FILES)
        }
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
        b"__import__" | b"import_module" => given.given().then_some(INSIDE),
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
        b"include" | b"include_once" | b"require" | b"require_once" | b"virtual" if alone => {
            given.foreign_file().then_some(FILES)
        }
        b"file_get_contents"
        | b"readfile"
        | b"file"
        | b"fopen"
        | b"opendir"
        | b"simplexml_load_file"
        | b"splfileobject"
        | b"directoryiterator"
        | b"copy"
        | b"parse_ini_file"
        | b"readlink"
        | b"symlink"
        | b"glob"
            if alone =>
        {
            given.foreign_file().then_some(FILES)
        }
        b"scandir" | b"highlight_file" | b"show_source" | b"php_strip_whitespace" | b"file_put_contents"
            if alone =>
        {
            given.given().then_some(FILES)
        }
        b"move_uploaded_file" if alone => given.requested().then_some(FILES),
        b"unlink" | b"rmdir" | b"rename" | b"fwrite" if alone => {
            (given.foreign_file() && whole).then_some(FILES)
        }
        b"open" if alone || object == b"kernel" => {
            (given.foreign_file() || given.constants().any(|name| name.starts_with(b"|"))).then_some(FILES)
        }
        b"open" if object == b"io" || object == b"file" || object == b"builtins" => {
            given.foreign_file().then_some(FILES)
        }
        b"read" | b"readlines" | b"foreach" | b"binread" if matches!(object, b"file" | b"io") => {
            given.foreign_file().then_some(FILES)
        }
        b"entries" | b"children" | b"glob" if object == b"dir" => given.foreign_file().then_some(FILES),
        b"readfilesync" | b"readdirsync" | b"writefilesync" | b"unlinksync" | b"readfile" | b"readdir" => {
            (reach.through(b"require") || given.foreign_file()).then_some(FILES)
        }
        b"readalltext" | b"readallbytes" | b"readalllines" | b"writealltext" | b"getfiles"
            if matches!(object, b"file" | b"directory") =>
        {
            given.given().then_some(FILES)
        }
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
        b"mail" | b"mb_send_mail" if alone => given
            .constants()
            .any(|value| value.starts_with(b"-X") || value.starts_with(b"-O") || value.starts_with(b"-C"))
            .then_some(SYSTEM),
        b"curl_exec" | b"fsockopen" | b"pfsockopen" | b"stream_socket_client" | b"dl" if alone => {
            given.given().then_some(SYSTEM)
        }
        b"print" | b"die" | b"echo" | b"exit" | b"var_dump" | b"print_r" | b"printf" | b"md5" | b"sha1"
            if alone =>
        {
            probes(text, name, tokens).then_some(CODE)
        }
        b"getattr" | b"setattr" if alone => {
            given.constants().any(|value| value.starts_with(b"__") || runs(value)).then_some(INSIDE)
        }
        b"forname" => {
            (object == b"class" || reach.through(b"getclass") || reach.through(b"class")).then_some(INSIDE)
        }
        b"getclass" | b"getclassloader" | b"getdeclaredmethod" | b"getprotectiondomain" => {
            (reach.names.len() >= 2 && (object == b"\"" || object.is_empty() || whole)).then_some(INSIDE)
        }
        b"scriptenginemanager"
        | b"urlclassloader"
        | b"getenginebyname"
        | b"groovyshell"
        | b"groovyclassloader" => Some(CODE),
        b"activexobject" | b"createobject" => given.given().then_some(SYSTEM),
        b"downloadstring" | b"downloadfile" => Some(SYSTEM),
        b"load" | b"loadfrom" | b"loadfile" if object == b"assembly" => Some(CODE),
        b"createinstance" if object == b"activator" => (whole && given.given()).then_some(CODE),
        b"write" | b"end" if object == b"response" => whole.then_some(CODE),
        b"sleep" | b"usleep" | b"time_nanosleep" | b"msleep" => (whole
            && given.is_number()
            && (alone
                || matches!(object, b"time" | b"thread" | b"kernel" | b"__import__")
                || reach.through(b"__import__")))
        .then_some("it makes the server wait"),
        b"urlopen" | b"socket" | b"urlretrieve" => (whole && given.given()).then_some(SYSTEM),
        b"get" | b"post" if object == b"requests" => (whole && given.foreign_file()).then_some(SYSTEM),
        b"filesystemxmlapplicationcontext" | b"classpathxmlapplicationcontext" => Some(CODE),
        b"fetch" | b"sendbeacon" | b"assign" | b"open" => {
            mentions_cookie(text, tokens).then_some("it sends away what the page knows")
        }
        _ => None,
    };
    why.or_else(|| mentions(reach, name, object, whole).then_some(INSIDE))
}

/// Members that are no business of who sends a value.
fn mentions(reach: &Reach<'_>, name: &[u8], object: &[u8], whole: bool) -> bool {
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
                && !memchr::memmem::find(token.of(text), b"${").is_some()
                && name != b"printf"
    })
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
