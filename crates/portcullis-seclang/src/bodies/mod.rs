//! Request bodies, read into the fields that rules look at.
