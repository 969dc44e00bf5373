//! Calls of what is no name: `('sys'.'tem')('id')`, `$_GET['a']($_GET['b'])`, `$f('id')`.

use super::lexer::{Kind, Token};
use super::sinks;
use crate::text::has_any;

/// A call of what is no name: `('sys'.'tem')('id')`, `"system"('id')`, `$_GET['a']($_GET['b'])`, `$f('id')`.
pub(super) fn dynamic(text: &[u8], tokens: &[Token], open: usize) -> Option<&'static str> {
    const WHY: &str = "it calls a function whose name is put together or sent";
    let callee = open.checked_sub(1)?;
    let token = tokens.get(callee)?;
    let found = match token.kind {
        Kind::Text(_) => sinks::runs(&constant(text, token)),
        Kind::Name if token.of(text).starts_with(b"$") && token.span.len() > 1 => {
            assigned_function(text, tokens, callee)
        }
        Kind::Close(_) => {
            let from = token.mate?;
            let group = tokens.get(from + 1..callee)?;
            let named = from.checked_sub(1).and_then(|before| tokens.get(before));
            let requested = |token: &Token| {
                token.kind == Kind::Name
                    && has_any(
                        token.of(text),
                        &[
                            b"$_get",
                            b"$_post",
                            b"$_request",
                            b"$_cookie",
                            b"$_server",
                            b"$_files",
                            b"$globals",
                            b"$_env",
                        ],
                    )
            };
            let of_request = named.is_some_and(|token| {
                requested(token)
                    || matches!(token.kind, Kind::Close(_)) && tokens.iter().take(from).any(requested)
            });
            let list = named.is_some_and(|token| matches!(token.kind, Kind::Close(b']' | b')')))
                && tokens.iter().take(from).any(|token| {
                    matches!(token.kind, Kind::Text(_) | Kind::Name) && sinks::runs(&constant(text, token))
                });
            let variable = group.len() == 1
                && group.iter().any(|token| token.of(text).starts_with(b"$"))
                && assigned_function(text, tokens, from + 1);
            let first = named.is_none_or(|token| !matches!(token.kind, Kind::Name | Kind::Close(_)));
            of_request || list || variable || first && puts_together(text, group)
        }
        _ => false,
    };
    found.then_some(WHY)
}

/// A constant with its escapes undone, or a name, as it is compared with those of functions.
fn constant<'a>(text: &'a [u8], token: &Token) -> std::borrow::Cow<'a, [u8]> {
    let inside = if let Kind::Text(_) = token.kind { token.inside(text) } else { token.of(text) };
    crate::undo::script_escapes(inside).map_or(inside.trim_ascii().into(), Into::into)
}

/// What stands in the group comes to the name of a function that runs something, or is turned bit by bit.
fn puts_together(text: &[u8], group: &[Token]) -> bool {
    let mut name = Vec::new();
    for token in group {
        match token.kind {
            Kind::Text(_) => name.extend_from_slice(&constant(text, token)),
            Kind::Name => name.extend_from_slice(token.of(text)),
            Kind::Sign(b'~' | b'^') => {
                return group.iter().any(|token| {
                    matches!(token.kind, Kind::Text(_)) || token.of(text).iter().any(|byte| *byte >= 0x80)
                }) || text.contains(&b'%');
            }
            Kind::Open(b'(') | Kind::Close(b')') | Kind::Member | Kind::Sign(b'+' | b',') => {}
            _ => return false,
        }
    }
    sinks::runs(&name)
}

/// `$a='sys'.'tem';$a('id')`: the variable was given the name of a function, or something decoded.
fn assigned_function(text: &[u8], tokens: &[Token], callee: usize) -> bool {
    let name = tokens.get(callee).map(|token| token.of(text)).unwrap_or_default();
    let given = tokens.windows(2).take(callee).position(
        |pair| matches!(pair, [variable, sign] if variable.of(text) == name && sign.kind == Kind::Sign(b'=')),
    );
    let Some(given) = given else { return false };
    let value: Vec<_> =
        tokens.iter().skip(given + 2).take_while(|token| token.kind != Kind::Sign(b';')).collect();
    let together: Vec<u8> = value
        .iter()
        .filter(|token| matches!(token.kind, Kind::Text(_)))
        .flat_map(|token| token.inside(text))
        .copied()
        .collect();
    sinks::runs(&together)
        || value.iter().any(|token| {
            token.kind == Kind::Name
                && has_any(
                    token.of(text),
                    &[
                        b"decode",
                        b"strrev",
                        b"chr",
                        b"rot13",
                        b"$_get",
                        b"$_post",
                        b"$_request",
                        b"$_cookie",
                        b"pack",
                        b"hex2bin",
                    ],
                )
        })
}
