//! arrival: is this one well-formed message, of bearable size, from whom, for us, over HTTPS.

pub mod client;
pub mod framing;
pub mod host;
pub mod limits;
pub mod transport;
