//! The second word of a rule: `@name argument`, with `!` before to turn it around.

/// An operator as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The name as written, `rx` where there is none.
    pub(crate) name: String,
    /// The argument.
    pub(crate) argument: String,
    /// The offset of the argument in the word.
    pub(crate) argument_at: usize,
    /// `!`: matches where the operator does not.
    pub(crate) negated: bool,
}

/// Reads the word. Without `@` it is a regular expression.
pub(crate) fn parse(text: &str) -> Written {
    let trimmed = text.trim_start();
    let (negated, rest) = match trimmed.strip_prefix('!') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, trimmed),
    };
    let Some(after) = rest.strip_prefix('@') else {
        return Written {
            name: "rx".to_owned(),
            argument: rest.to_owned(),
            argument_at: text.len() - rest.len(),
            negated,
        };
    };
    let end = after.find(char::is_whitespace).unwrap_or(after.len());
    let (name, argument) = after.split_at_checked(end).unwrap_or((after, ""));
    // One blank ends the name; for `@rx` those that follow belong to the expression in no engine.
    let argument = argument.trim_start();
    Written {
        name: name.to_owned(),
        argument: argument.to_owned(),
        argument_at: text.len() - argument.len(),
        negated,
    }
}
