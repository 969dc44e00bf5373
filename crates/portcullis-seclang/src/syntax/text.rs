//! Text with macros: `%{VARIABLE}` and `%{COLLECTION.name}`.

use super::names::Variable;
use super::targets;

/// Text to expand when it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) Vec<Part>);

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it stands.
    Literal(Box<[u8]>),
    /// The value of a variable; of a collection, of the first with this name in lower case.
    Macro(Variable, Option<Box<[u8]>>),
}

impl Text {
    /// Reads `text`, or says what is wrong and at which offset.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%{") {
            let at = text.len() - rest.len() + before.len();
            let Some((inside, next)) = after.split_once('}') else { break };
            literal.push_str(before);
            let (name, key) = inside.split_once(['.', ':']).map_or((inside, None), |(n, k)| (n, Some(k)));
            let variable = targets::find(name).map_err(|message| (at, message))?;
            if key.is_some() && !variable.is_collection() {
                return Err((at, format!("`{name}` is a single value: `%{{{inside}}}` names no part of it")));
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal).into_bytes().into()));
            }
            parts.push(Part::Macro(variable, key.map(|key| key.to_ascii_lowercase().into_bytes().into())));
            rest = next;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.into_bytes().into()));
        }
        Ok(Self(parts))
    }

    /// The text, if it has no macros.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(b""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
