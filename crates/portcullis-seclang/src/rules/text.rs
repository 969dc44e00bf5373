//! Texts with macros, compiled: names of `TX` variables are slots.

use crate::strings::StrId;
use crate::syntax::names::Variable;

/// A text to expand.
#[derive(Debug, Clone)]
pub(crate) enum Template {
    /// No macros.
    Constant(StrId),
    /// Pieces in order.
    Parts(Box<[Part]>),
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Constant(StrId),
    Macro(Macro),
}

/// A value to put in.
#[derive(Debug, Clone)]
pub(crate) enum Macro {
    /// `%{tx.name}`
    Tx(usize),
    /// Any other variable; of a collection, the first value of that name.
    Variable(Variable, Option<Box<[u8]>>),
}

/// The name of a variable to write.
#[derive(Debug, Clone)]
pub(crate) enum Name {
    /// A `TX` variable whose name has no macros.
    Slot(usize),
    /// A name of any other collection, or one that is known only when it is used.
    Text(Template),
}
