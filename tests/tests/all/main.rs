//! The one integration test binary of the project.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it tests has failed")]

mod acme;
mod attacks;
mod crs_blocking;
mod crs_bytes;
mod crs_gateway;
mod crs_suite;
mod crs_walks;
mod doors_agree;
mod edge;
mod floods;
mod fuzz;
mod guessing;
mod http2;
mod http3;
mod identity;
mod mail;
mod operations;
mod people;
mod policies;
mod policy_reference;
mod rate;
mod remembered;
mod shape;
mod snippets;
