//! record: one event for each exchange that mattered.

pub mod event;
