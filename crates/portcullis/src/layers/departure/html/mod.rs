//! STUB html

mod config;
mod decide;
mod findings;

pub use config::{Config, Raw};
pub use decide::*;
pub use findings::{Findings, Hash, Listed, Sources};
