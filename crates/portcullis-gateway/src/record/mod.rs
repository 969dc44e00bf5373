//! What outlives a request: the data directory, the keys, the event log.

pub mod data_dir;
pub mod keys;
pub mod lessons;
pub mod log;
mod notice;
mod rules;
pub mod traces;

pub use data_dir::DataDir;
pub use log::EventLog;
pub use notice::Notice;
pub use rules::{RuleFiles, Storage};
pub use traces::TraceSettings;
