//! Where code ends and sentences begin, and what is called in it.
//!
//! Two names in a row are no code in any of these languages, unless one of them is a keyword: that is where a
//! sentence is told from a program.

use super::lexer::{Kind, Token};
use crate::text::cut;

/// Keywords after which a name or a string may stand, or before which a name may.
fn is_keyword(name: &[u8]) -> bool {
    matches!(
        name,
        b"new"
            | b"import"
            | b"from"
            | b"return"
            | b"echo"
            | b"print"
            | b"var"
            | b"let"
            | b"const"
            | b"def"
            | b"if"
            | b"else"
            | b"elif"
            | b"elsif"
            | b"unless"
            | b"for"
            | b"foreach"
            | b"in"
            | b"of"
            | b"not"
            | b"and"
            | b"or"
            | b"xor"
            | b"is"
            | b"lambda"
            | b"await"
            | b"async"
            | b"yield"
            | b"use"
            | b"require"
            | b"require_once"
            | b"include"
            | b"include_once"
            | b"println"
            | b"puts"
            | b"exec"
            | b"system"
            | b"while"
            | b"do"
            | b"as"
            | b"function"
            | b"fn"
            | b"throw"
            | b"raise"
            | b"try"
            | b"catch"
            | b"except"
            | b"finally"
            | b"with"
            | b"typeof"
            | b"instanceof"
            | b"void"
            | b"delete"
            | b"case"
            | b"default"
            | b"class"
            | b"static"
            | b"public"
            | b"private"
            | b"final"
            | b"my"
            | b"our"
            | b"local"
            | b"end"
            | b"then"
            | b"begin"
            | b"rescue"
            | b"eval"
            | b"die"
            | b"exit"
            | b"assert"
            | b"del"
            | b"global"
            | b"using"
            | b"package"
            | b"String"
            | b"int"
            | b"Object"
            | b"byte"
            | b"char"
            | b"bool"
            | b"boolean"
            | b"long"
            | b"double"
            | b"float"
            | b"Process"
            | b"Runtime"
    )
}

/// Whether the operand `token` may stand right behind `tokens`.
pub(super) fn follows(text: &[u8], tokens: &[Token], token: &Token) -> bool {
    let Some(last) = tokens.last() else { return true };
    let here = token.of(text);
    let behind_keyword = last.kind == Kind::Name && is_keyword(last.of(text));
    let keyword = token.kind == Kind::Name && is_keyword(here);
    match (last.kind, token.kind) {
        // `f"…"`, `b'…'`, and a string of which the name is the tag.
        (Kind::Name, Kind::Text(_)) => {
            behind_keyword
                || !token.spaced && last.of(text).len() <= 2
                || here.first() == Some(&b'`') && !token.spaced
        }
        (Kind::Name, _) => behind_keyword || keyword && token.spaced,
        (Kind::Number, Kind::Name) => keyword,
        // PHP and C put strings in a row together; a sentence has quotes too, with words around them.
        (Kind::Text(_), Kind::Name) => keyword || !token.spaced,
        (Kind::Text(_) | Kind::Number, _) => !token.spaced,
        (Kind::Close(b'}'), _) => true,
        (Kind::Close(_), _) => {
            keyword
                || last.mate.is_some_and(|open| {
                    let head = open.checked_sub(1).and_then(|head| tokens.get(head));
                    // `if (x) y`, and a cast: `(string) x`.
                    head.is_none_or(|head| {
                        !matches!(head.kind, Kind::Name | Kind::Close(_)) || is_keyword(head.of(text))
                    })
                })
        }
        _ => true,
    }
}

/// A call or the mention of a member: the names that lead to it, the last one last, and what it is given.
pub(super) struct Reach<'a> {
    /// At most six names, from the object to the member.
    pub(super) names: Vec<&'a [u8]>,
    /// The tokens of the arguments; none where it is not called.
    pub(super) arguments: Option<&'a [Token]>,
    /// The first token of the whole chain.
    pub(super) first: usize,
    /// The last token of the call.
    pub(super) last: usize,
}

impl<'a> Reach<'a> {
    /// What is reached by the name at `index`.
    pub(super) fn at(text: &'a [u8], tokens: &'a [Token], index: usize) -> Option<Self> {
        let name = tokens.get(index).filter(|token| token.kind == Kind::Name)?;
        let mut names = vec![cut(text, name.span.clone())];
        let mut first = index;
        // Backwards over `.name`, `(…).`, `[…].`.
        while names.len() < 6 && first >= 2 {
            let joined = tokens.get(first - 1).is_some_and(|token| {
                token.kind == Kind::Member || token.kind == Kind::Sign(b'@') && first >= 2
            });
            if !joined {
                break;
            }
            let mut object = first - 2;
            while let Some(Token { kind: Kind::Close(b')' | b']'), mate: Some(open), .. }) =
                tokens.get(object)
            {
                let Some(before) = open.checked_sub(1) else {
                    object = *open;
                    break;
                };
                let called = tokens.get(before).is_some_and(|token| {
                    matches!(token.kind, Kind::Name | Kind::Close(b')' | b']') | Kind::Text(_))
                });
                if !called {
                    object = *open;
                    break;
                }
                object = before;
            }
            match tokens.get(object) {
                Some(token) if token.kind == Kind::Name => {
                    names.push(cut(text, token.span.clone()));
                    first = object;
                }
                Some(token) if matches!(token.kind, Kind::Text(_) | Kind::Open(_)) => {
                    names.push(if token.kind == Kind::Open(b'[') { b"[" } else { b"\"" });
                    first = object;
                    break;
                }
                _ => break,
            }
        }
        names.reverse();
        let opening = tokens.get(index + 1).filter(|token| token.kind == Kind::Open(b'('));
        let close = opening.map(|token| token.mate.unwrap_or(tokens.len()));
        let arguments = close.and_then(|close| tokens.get(index + 2..close));
        Some(Self {
            names,
            arguments,
            first,
            last: close.unwrap_or(index).min(tokens.len().saturating_sub(1)),
        })
    }

    /// The name that is called or mentioned.
    pub(super) fn name(&self) -> &'a [u8] {
        self.names.last().copied().unwrap_or_default()
    }

    /// The name before it.
    pub(super) fn object(&self) -> &'a [u8] {
        self.names.len().checked_sub(2).and_then(|index| self.names.get(index)).copied().unwrap_or_default()
    }

    /// Whether any of the names before the last is `name`.
    pub(super) fn through(&self, name: &[u8]) -> bool {
        self.names.iter().rev().skip(1).any(|part| part.eq_ignore_ascii_case(name))
    }
}
