//! caller: who asks, and how much that caller may ask for.

pub mod rate;
