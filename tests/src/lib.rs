//! The cases in `cases/` through every door: the same exchange must get the same verdict from the bare
//! engine, from the tower layer and from the gateway over a real socket.

pub mod case;
pub mod crs;
pub mod doors;
pub mod live;
pub mod outcome;
pub mod wire;
