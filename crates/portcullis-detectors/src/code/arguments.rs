//! What a call is given.

use super::lexer::{Kind, Token};
use super::sinks::runs;
use crate::text::{has, has_any};

/// What stands between the brackets of a call.
pub(super) struct Arguments<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
}

impl<'a> Arguments<'a> {
    pub(super) fn new(text: &'a [u8], tokens: &'a [Token]) -> Self {
        Self { text, tokens }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The first argument, if it is a constant string with something in it, or a list that begins with one.
    pub(super) fn constant(&self) -> Option<&'a [u8]> {
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

    pub(super) fn constants(&self) -> impl Iterator<Item = &'a [u8]> {
        self.tokens
            .iter()
            .filter(|token| matches!(token.kind, Kind::Text(_)))
            .map(|token| token.inside(self.text))
    }

    pub(super) fn is_number(&self) -> bool {
        self.tokens.first().is_some_and(|token| token.kind == Kind::Number)
    }

    /// What the request brings is among them.
    pub(super) fn requested(&self) -> bool {
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
                )
        })
    }

    /// Something is worked out among them by a function that decodes or puts together.
    pub(super) fn decoded(&self) -> bool {
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
    pub(super) fn given(&self) -> bool {
        self.constant().is_some() || self.requested() || self.decoded()
    }

    /// A file that a program does not name as its own: an absolute path, one above, a stream, an address.
    pub(super) fn foreign_file(&self) -> bool {
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
    pub(super) fn calls(&self) -> bool {
        self.tokens.iter().any(|token| token.kind == Kind::Open(b'('))
    }

    /// The name of a command, without quotes: PHP takes a name that it does not know for a string.
    pub(super) fn bare_command(&self) -> bool {
        matches!(self.tokens, [name] if name.kind == Kind::Name && crate::shell::is_command(name.of(self.text)))
    }

    /// A file at a root or an address, or a program of PHP.
    pub(super) fn outside(&self) -> bool {
        self.requested()
            || self.constants().any(|name| {
                name.starts_with(b"/")
                    || memchr::memmem::find(name, b"://").is_some()
                    || has(name, b"/etc/")
                    || name.ends_with(b".php")
            })
    }

    /// A module that reaches the system, or one of which something is called.
    pub(super) fn system_module(&self) -> bool {
        self.constant().is_some_and(|name| {
            let root = name.split(|&byte| byte == b'.').next().unwrap_or_default();
            matches!(
                root,
                b"os"
                    | b"subprocess"
                    | b"sys"
                    | b"pty"
                    | b"socket"
                    | b"builtins"
                    | b"__builtin__"
                    | b"posix"
                    | b"commands"
                    | b"importlib"
                    | b"pickle"
                    | b"ctypes"
                    | b"shutil"
                    | b"time"
                    | b"platform"
                    | b"urllib"
                    | b"requests"
                    | b"http"
                    | b"code"
            )
        }) || self.requested()
            || self.decoded()
    }

    /// The name of a function that runs something, as a string.
    pub(super) fn names_function(&self) -> bool {
        self.requested() || self.constants().any(runs)
    }
}
