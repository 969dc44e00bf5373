//! STUB event

mod config;
mod decide;

pub use config::{Config, Raw};
pub use decide::*;
