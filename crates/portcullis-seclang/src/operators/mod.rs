//! Operators: what `@` names, one file a name.
