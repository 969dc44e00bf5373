//! Portcullis decides what may pass between a browser and a web app.
//!
//! This crate is the engine. It has no socket, clock, file, environment or global: a door hands it
//! heads, bytes, the time and randomness, and does what it says.
//!
//! ```text
//!            arrival            caller             content              departure            record
//! bytes ──▶ framing, limits, ─▶ rate         ─▶ csrf            ─▶ app ─▶ cookies, headers, ─▶ event
//!           client, host,                                               leak, redirect,
//!           transport                                                   html
//! ```
//!
//! Read [`engine`] first: it is the product, top to bottom.

pub mod advice;
pub mod body;
pub mod engine;
mod exchange;
pub mod explain;
mod gate;
pub mod keys;
pub mod layers;
pub mod origin;
pub mod own;
pub mod page;
pub mod policy;
mod reason;
pub mod request;
pub mod response;
pub mod seal;
pub mod tune;
pub mod verdict;

pub use engine::{Admitted, Engine, Identified, Received};
pub use exchange::ExchangeId;
pub use gate::{HangUp, Refusal};
pub use layers::record::event::Event;
pub use policy::{Policy, PolicyError};
pub use reason::Reason;
pub use request::{Listener, Moment, Peer, TlsFacts};
pub use response::{Cut, Departure, Held, Outstanding, Release, Tail};
pub use verdict::{Layer, Mode, Verdict};
