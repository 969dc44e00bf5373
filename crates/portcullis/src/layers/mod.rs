//! The layers, one room each, in folders whose alphabetical order is the order of the path.

pub mod arrival;
pub mod caller;
pub mod content;
pub mod departure;
pub mod record;
