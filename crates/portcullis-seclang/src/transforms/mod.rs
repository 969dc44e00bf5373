//! Transformations: what `t:` names, one file a name.
