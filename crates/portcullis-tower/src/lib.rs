//! The tower door: the one HTTP adapter around the Portcullis engine.
//!
//! The gateway is this layer around a proxy; a Rust app puts the same layer around its own routes. The
//! door translates and acts, and never decides.
//!
//! ```text
//! Request<B> + Peer ─▶ receive ─▶ body through the inspector ─▶ admit ─▶ inner service
//! Response<Body>    ◀─ tail of the body ◀─ (held until it may go) ◀─ release ◀─┘
//! ```

mod body;
mod drain;
mod engines;
#[cfg(any(feature = "axum", test))]
pub mod extract;
mod inbound;
mod layer;
pub mod lend;
pub mod meters;
mod moment;
mod outbound;
mod own;
pub mod people;
mod service;
mod sink;
pub mod trace;

pub use body::{Body, BodyError};
pub use engines::Engines;
pub use inbound::BodyFault;
pub use layer::GateLayer;
pub use lend::Lender;
pub use moment::moment;
pub use people::Identity;
pub use service::{Answering, Facts, Gate};
pub use sink::EventSink;
