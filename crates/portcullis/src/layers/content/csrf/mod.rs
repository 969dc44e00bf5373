//! STUB csrf

mod config;
mod decide;
mod reason;

pub use config::{Config, Raw};
pub use decide::*;
pub use reason::Reason;
