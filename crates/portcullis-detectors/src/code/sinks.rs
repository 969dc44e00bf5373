//! What acts when it is called: it reaches the operating system, files, the interpreter or the insides of
//! classes, or evaluates what it is given.

use super::arguments::Arguments;
use super::grammar::Reach;
use super::lexer::Token;
use super::{evaluating, inside};

const SYSTEM: &str = "it runs a command of the system";
const FILES: &str = "it reaches a file";

/// One call or mention, as those who judge it ask for it.
pub(super) struct Call<'a> {
    pub(super) text: &'a [u8],
    pub(super) reach: &'a Reach<'a>,
    /// The name and the one before it, in lower case.
    pub(super) name: &'a [u8],
    pub(super) object: &'a [u8],
    pub(super) given: Arguments<'a>,
    pub(super) tokens: &'a [Token],
    /// Nothing else stands in the code.
    pub(super) whole: bool,
    /// It is called by its name alone.
    pub(super) alone: bool,
}

/// Why the call or the mention acts. `whole` says that nothing else stands in the code.
pub(super) fn acts(text: &[u8], reach: &Reach<'_>, whole: bool) -> Option<&'static str> {
    let (name, object) = (reach.name().to_ascii_lowercase(), reach.object().to_ascii_lowercase());
    let called = reach.arguments.and_then(|tokens| {
        let call = Call {
            text,
            reach,
            name: &name,
            object: &object,
            given: Arguments::new(text, tokens),
            tokens,
            whole,
            alone: reach.names.len() == 1,
        };
        of_the_system(&call)
            .or_else(|| of_files(&call))
            .or_else(|| evaluating::of_code(&call))
            .or_else(|| inside::of_the_interpreter(&call))
    });
    called.or_else(|| inside::mentions(reach, &name, &object, whole).then_some(inside::INSIDE))
}

/// Commands of the system, and connections that a program of the server opens.
fn of_the_system(call: &Call<'_>) -> Option<&'static str> {
    let Call { name, reach, object, ref given, whole, alone, .. } = *call;
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
    match name {
        b"system" | b"passthru" | b"shell_exec" | b"exec" | b"popen" | b"proc_open" | b"pcntl_exec"
        | b"spawn" | b"qx" | b"expect_popen"
            if builtin =>
        {
            (given.given() || given.bare_command()).then_some(SYSTEM)
        }
        b"system" | b"popen" | b"popen2" | b"popen3" | b"popen4" | b"spawnl" | b"spawnv" | b"spawnvp"
        | b"execl" | b"execv" | b"execve" | b"execvp" | b"execlp" | b"fork" | b"kill" | b"startfile"
        | b"posix_spawn"
            if matches!(object, b"os" | b"posix" | b"io" | b"nt")
                || object == b"platform" && name == b"popen"
                || reach.through(b"__import__") =>
        {
            Some(SYSTEM)
        }
        b"popen" | b"call" | b"run" | b"check_output" | b"check_call" | b"getoutput" | b"getstatusoutput"
            if matches!(object, b"subprocess" | b"commands") =>
        {
            given.given().then_some(SYSTEM)
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
        b"mail" | b"mb_send_mail" if alone => given
            .constants()
            .any(|value| value.starts_with(b"-X") || value.starts_with(b"-O") || value.starts_with(b"-C"))
            .then_some(SYSTEM),
        b"curl_exec" | b"fsockopen" | b"pfsockopen" | b"stream_socket_client" | b"dl" if alone => {
            given.given().then_some(SYSTEM)
        }
        b"activexobject" | b"createobject" => given.given().then_some(SYSTEM),
        b"downloadstring" | b"downloadfile" => Some(SYSTEM),
        b"urlopen" | b"socket" | b"urlretrieve" => (whole && given.given()).then_some(SYSTEM),
        b"get" | b"post" if object == b"requests" => (whole && given.foreign_file()).then_some(SYSTEM),
        _ => None,
    }
}

/// Files that are no part of a program.
fn of_files(call: &Call<'_>) -> Option<&'static str> {
    let Call { name, reach, object, ref given, whole, alone, .. } = *call;
    match name {
        b"listdir" | b"getcwd" | b"remove" | b"unlink" | b"walk" | b"scandir"
            if object == b"os" || object == b"shutil" =>
        {
            whole.then_some(FILES)
        }
        b"include" | b"include_once" | b"require_once" | b"virtual" if alone => {
            given.foreign_file().then_some(FILES)
        }
        // Modules of Node.js are required by a relative path.
        b"require" if alone => given.outside().then_some(FILES),
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
        _ => None,
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
