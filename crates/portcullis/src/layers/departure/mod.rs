//! departure: what leaves, hardened.

pub mod cookies;
pub mod headers;
pub mod html;
pub mod leak;
pub mod redirect;
