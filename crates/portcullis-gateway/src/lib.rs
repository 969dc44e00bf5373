//! The `portcullis` program as a library: the gate in front of any web app.
//!
//! ```text
//! socket ─▶ TLS ─▶ strict reader ─▶ hyper ─▶ portcullis_tower::Gate ─▶ upstream::Proxy ─▶ the app
//! listen    tls    listen           listen    (the engine judges)      upstream
//! ```
//!
//! [`Gateway::start`] is the whole of it; [`commands`] are what a terminal sees.

pub mod admin;
pub mod commands;
pub mod demo;
mod doors;
mod gateway;
pub mod handover;
pub mod hashing;
pub mod listen;
mod otlp;
pub mod people;
mod policies;
pub mod record;
mod reload;
mod remembered;
pub mod run_as;
mod settings;
pub mod store;
#[cfg(test)]
mod testing;
pub mod tls;
pub mod upstream;

pub use gateway::{Gateway, Running, StartError};
pub use policies::PoliciesError;
pub use reload::Reloaded;
pub use settings::{Settings, SettingsError};
